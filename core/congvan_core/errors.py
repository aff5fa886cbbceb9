"""The errors of the program, one tree.

    CongvanError                    anything this program raises on purpose
    ├── InputError                  what a person or a stranger gave cannot be used (exit 2, or 4 where it is a file)
    │   └── UnreadableError         bytes that cannot be read as what they claim to be (exit 4)
    ├── ConfigurationError          settings, keys or folders that do not work (exit 2)
    ├── NotFoundError               no such document, agency, message (exit 1)
    ├── RefusedError                the answer is no, by a rule that is named (exit 1)
    │   └── ConflictError           it would contradict what is already recorded
    └── TemporaryError              may succeed later unchanged: network, disk, a busy token (exit 3)
        └── ClockError              the clock stands behind the last entry; numbering has stopped

A message says what happened, to what, and what to do, in Vietnamese where a clerk can meet it.
"""

from __future__ import annotations

import errno


class CongvanError(Exception):
    """Anything this program raises on purpose; ``exit_code`` is what the command line ends with."""

    exit_code = 2

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InputError(CongvanError):
    """What a person or a stranger gave cannot be used."""


class UnreadableError(InputError):
    """Bytes that cannot be read as what they claim to be."""

    exit_code = 4


class ConfigurationError(CongvanError):
    """Settings, keys or folders that do not work."""


class NotFoundError(CongvanError):
    """No such document, agency, message."""

    exit_code = 1


class RefusedError(CongvanError):
    """The answer is no, by a rule that the message names."""

    exit_code = 1


class ConflictError(RefusedError):
    """It would contradict what is already recorded."""


class TemporaryError(CongvanError):
    """May succeed later unchanged."""

    exit_code = 3


class ClockError(TemporaryError):
    """The clock stands behind the last entry by more than five minutes; numbering has stopped."""


_REASONS = {
    errno.ENOENT: "không có tệp hoặc thư mục này",
    errno.EACCES: "không có quyền",
    errno.EPERM: "không có quyền",
    errno.ENOSPC: "hết chỗ trên đĩa",
    errno.EDQUOT: "hết hạn mức đĩa",
    errno.EROFS: "ổ đĩa chỉ cho đọc",
    errno.EISDIR: "đây là thư mục, không phải tệp",
    errno.ENOTDIR: "đường dẫn đi qua một tệp, không phải thư mục",
    errno.EEXIST: "đã có",
    errno.EADDRINUSE: "cổng đang được chương trình khác dùng",
    errno.EADDRNOTAVAIL: "địa chỉ này không phải của máy",
    errno.ECONNREFUSED: "máy chủ không nhận kết nối",
    errno.ETIMEDOUT: "quá thời gian chờ",
    errno.EHOSTUNREACH: "không tới được máy chủ",
    errno.ENAMETOOLONG: "tên quá dài",
    errno.EIO: "lỗi thiết bị khi đọc hoặc ghi",
}


def os_reason(error: OSError) -> str:
    """Why the operating system said no, in Vietnamese; its own words where we have none."""
    return _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__
