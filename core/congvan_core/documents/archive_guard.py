"""Opening archives within limits: total, ratio, entries, overlap, paths, nesting, passwords (zip, rar, 7z)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from congvan_core.documents import formats
from congvan_core.documents.format_table import Format, Kind
from congvan_core.findings import Finding


@dataclass(frozen=True, slots=True)
class Limits:
    """What a stranger's archive may cost. Sizes in bytes, ``seconds`` over all levels of nesting.

    ``ratio`` is unpacked over packed size and counts only once ``ratio_floor`` bytes are unpacked, so that an
    ordinary text that packs well passes.
    """

    entries: int = 2_000
    total: int = 512 * 1024 * 1024
    single: int = 256 * 1024 * 1024
    ratio: float = 120.0
    ratio_floor: int = 16 * 1024 * 1024
    depth: int = 3
    seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that an archive lists. ``name`` has forward slashes; ``unsafe`` says why it is not to be opened."""

    name: str
    size: int
    packed: int
    encrypted: bool = False
    unsafe: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One file taken out. ``path`` names the archives around it and then the file: ``("a.zip", "b.zip", "c.pdf")``."""

    path: tuple[str, ...]
    data: bytes
    format: Format

    @property
    def name(self) -> str:
        """The file's own name, without folders."""
        return self.path[-1].rsplit("/", 1)[-1]


@dataclass(slots=True)
class Opening:
    """One walk through an archive: what it has cost so far, and what was found."""

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    findings: list[Finding] = field(default_factory=list)
    listed: list[tuple[str, ...]] = field(default_factory=list)
    unpacked: int = 0
    entries: int = 0
    stopped: bool = False
    started: float = 0.0

    def __post_init__(self) -> None:
        self.started = self.clock()

    def note(self, code: str, file: str, **evidence: object) -> None:
        """Adds a finding once per file and code."""
        if not any(f.code == code and f.file == file for f in self.findings):
            self.findings.append(Finding(code, evidence, file[:300]))

    def stop(self, file: str, limit: str) -> None:
        """Ends the walk: a limit is reached."""
        self.note("FORMAT-ARCHIVE-LIMIT", file, limit=limit)
        self.stopped = True

    def room(self, file: str, packed: int) -> int:
        """Bytes that the next member may unpack to; 0 after the walk was stopped."""
        if self.clock() - self.started > self.limits.seconds:
            self.stop(file, f"thời gian {self.limits.seconds:g} giây")
        if self.stopped:
            return 0
        by_ratio = max(self.limits.ratio_floor, int(packed * self.limits.ratio))
        return max(0, min(self.limits.single, self.limits.total - self.unpacked, by_ratio))

    def count(self, file: str) -> bool:
        """Counts one entry; False when there are too many."""
        self.entries += 1
        if self.entries > self.limits.entries:
            self.stop(file, f"{self.limits.entries} tệp")
        return not self.stopped


def unsafe_name(name: str) -> str:
    """Why a member's name must not be used as a path; empty where it is harmless."""
    plain = name.replace("\\", "/")
    if plain.startswith("/") or (len(plain) > 1 and plain[1] == ":"):
        return "đường dẫn tuyệt đối"
    if ".." in plain.split("/"):
        return "đường dẫn thoát ra ngoài thư mục"
    if "\x00" in plain or len(plain) > 1000:
        return "tên tệp không hợp lệ"
    return ""


def walk(
    data: bytes, name: str, limits: Limits | None = None, *, clock: Callable[[], float] = time.monotonic
) -> tuple[Iterator[Member], Opening]:
    """Every file in an archive, nested archives opened on the way; and the account of it, complete when exhausted.

    Nothing is written to disk. What cannot be opened is a finding in ``Opening.findings``; its own findings cite the
    innermost archive's name. Bytes that are no archive yield nothing and no finding.
    """
    opening = Opening(limits or Limits(), clock)
    return _walk(data, (name,), opening), opening


def _walk(data: bytes, path: tuple[str, ...], opening: Opening) -> Iterator[Member]:
    found = formats.sniff(data)
    if found.kind is not Kind.ARCHIVE:
        return
    file = path[-1]
    if len(path) > opening.limits.depth:
        opening.note("FORMAT-ARCHIVE-LIMIT", file, limit=f"{opening.limits.depth} lớp nén lồng nhau")
        return
    for entry, content in _read(found, data, path, opening):
        inner = formats.sniff(content)
        if inner.kind is Kind.ARCHIVE:
            yield Member((*path, entry.name), content, inner)
            yield from _walk(content, (*path, entry.name), opening)
        else:
            yield Member((*path, entry.name), content, inner)
        if opening.stopped:
            return


def _read(found: Format, data: bytes, path: tuple[str, ...], opening: Opening) -> Iterator[tuple[Entry, bytes]]:
    file = path[-1]
    if found.name == "zip":
        from congvan_core.documents.archive_zip import read_zip

        yield from read_zip(data, path, opening)
    elif found.name == "7z":
        from congvan_core.documents.archive_other import read_7z

        yield from read_7z(data, path, opening)
    elif found.name == "rar":
        from congvan_core.documents.archive_other import read_rar

        yield from read_rar(data, path, opening)
    else:
        opening.note("FORMAT-ARCHIVE-UNOPENED", file, format=found.name, reason="chưa hỗ trợ loại tệp nén này")
