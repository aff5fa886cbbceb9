"""The few calls by which the intake touches the disk, in one place, so that tests can make each of them fail."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Sequence

from congvan_core.errors import TemporaryError, os_reason

#: Linux takes at most so many buffers in one writev.
_IOV_MAX = 1024


class Disk:
    """The real disk. A subclass in the tests fails or counts."""

    def create(self, path: str) -> int:
        """Open a new file for writing; it must not exist. The lock says that its writer lives (``is_held``)."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return fd

    def write(self, fd: int, parts: Sequence[bytes]) -> int:
        """Append all parts, however the system splits them; how many octets."""
        total = 0
        for start in range(0, len(parts), _IOV_MAX):
            some = parts[start : start + _IOV_MAX]
            size = sum(map(len, some))
            written = os.writev(fd, some)
            total += written
            if written < size:
                rest = b"".join(some)[written:]
                while rest:
                    count = os.write(fd, rest)
                    total += count
                    rest = rest[count:]
        return total

    def pwrite(self, fd: int, data: bytes, offset: int) -> None:
        """Overwrite at an offset."""
        while data:
            count = os.pwrite(fd, data, offset)
            data, offset = data[count:], offset + count

    def sync(self, fd: int) -> None:
        """File data and metadata to the medium."""
        os.fsync(fd)

    def sync_data(self, fd: int) -> None:
        """File data, and of the metadata what is needed to read it back."""
        os.fdatasync(fd)

    def sync_folder(self, path: str) -> None:
        """Without this a new name may be gone after a power cut although its file was synced (fsync(2))."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, old: str, new: str) -> None:
        """Give a file its final name."""
        os.rename(old, new)

    def truncate(self, path: str, size: int) -> None:
        """Cut a file and sync it."""
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(fd, size)
            os.fsync(fd)
        finally:
            os.close(fd)

    def remove(self, path: str) -> None:
        """Remove a file; one that is gone already is no error."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def close(self, fd: int) -> None:
        """Close a descriptor."""
        os.close(fd)


def arrival_name() -> str:
    """A new file name that sorts by time of making (nanoseconds, so that one process never gets two out of order)."""
    return f"{time.time_ns():016x}-{os.urandom(4).hex()}"


def is_held(path: str) -> bool:
    """Whether a living process still writes this file; the lock goes with the process, however it ends."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def as_temporary(error: OSError, what: str) -> TemporaryError:
    """Say in words what the disk said; the door answers 451 and the sender keeps the mail."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TemporaryError(
            f"Ổ đĩa của thư mục tiếp nhận đã đầy khi {what}; hãy giải phóng chỗ trống.", errno=error.errno
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return TemporaryError(f"Thư mục tiếp nhận không ghi được khi {what}: {os_reason(error)}.", errno=error.errno)
    return TemporaryError(f"Lỗi ổ đĩa khi {what}: {error.strerror or error}.", errno=error.errno)
