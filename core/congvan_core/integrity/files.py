"""The structure of the data (Điều 15.2.d): the files that a packet names against those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from congvan_core.documents.model import FileRef, FileRole
from congvan_core.documents.text import nfc
from congvan_core.findings import Finding


@dataclass(frozen=True, slots=True)
class ActualFile:
    """A file at hand. ``size`` in bytes, ``sha256`` lower-case hex."""

    name: str
    sha256: str
    size: int
    content_id: str = ""


def compare_files(named: Sequence[FileRef], actual: Sequence[ActualFile]) -> tuple[Finding, ...]:
    """Every missing, extra or differing file. Matched by Content-ID, then digest, then name; each file once."""
    left = list(actual)
    findings: list[Finding] = []
    unmatched: list[FileRef] = []
    for reference in named:
        if reference.role is FileRole.METADATA:
            continue
        found = _match(reference, left)
        if found is None:
            unmatched.append(reference)
            continue
        left.remove(found)
        findings.extend(_differences(reference, found))
    findings.extend(Finding("INTEGRITY-FILE-MISSING", {}, r.name) for r in unmatched)
    findings.extend(Finding("INTEGRITY-FILE-EXTRA", {}, f.name) for f in left if named)
    return tuple(findings)


def _match(reference: FileRef, left: Sequence[ActualFile]) -> ActualFile | None:
    def cid(value: str) -> str:
        return value.removeprefix("cid:").strip("<> ")

    tests = (
        lambda f: bool(cid(reference.content_id)) and cid(f.content_id) == cid(reference.content_id),
        lambda f: reference.sha256 is not None and f.sha256 == reference.sha256.lower(),
        lambda f: nfc(f.name) == nfc(reference.name),
        lambda f: nfc(f.name).casefold() == nfc(reference.name).casefold(),
    )
    return next((f for test in tests for f in left if test(f)), None)


def _differences(reference: FileRef, found: ActualFile) -> list[Finding]:
    if reference.sha256 is not None and reference.sha256.lower() != found.sha256:
        return [Finding("INTEGRITY-FILE-DIFFERS", {"stated": reference.sha256, "found": found.sha256}, found.name)]
    if reference.size is not None and reference.size != found.size:
        return [Finding("INTEGRITY-FILE-DIFFERS", {"stated": reference.size, "found": found.size}, found.name)]
    return []
