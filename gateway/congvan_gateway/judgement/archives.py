"""Archives that hang on a mail: listed and opened within limits, what they hold examined like other files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from congvan_core.documents.archive_guard import Limits, Member, walk
from congvan_core.documents.format_table import Kind
from congvan_core.documents.formats import check
from congvan_core.findings import Finding
from congvan_gateway.judgement.mail_files import DocumentFile
from congvan_gateway.judgement.model import Inspection

_ARCHIVES = ("zip", "rar", "7z", "gz", "bz2", "xz", "tar", "cab", "iso")
#: One mail's archives together cost no more than this.
LIMITS = Limits(entries=1_000, total=160 * 1024 * 1024, single=96 * 1024 * 1024, seconds=4.0)
_SHOWN = 50
#: Members kept in memory to be read and verified.
_DOCUMENTS = 20
#: Archives that are opened for one mail.
_OPENED = 10


@dataclass
class Opened:
    """One archive after its walk. ``documents`` are the members that can be official documents."""

    archive: DocumentFile
    names: list[str] = field(default_factory=list)
    documents: list[Member] = field(default_factory=list)


def open_archives(seen: Inspection, documents: Sequence[DocumentFile]) -> list[Opened]:
    """Walk through every archive; members are listed as a finding, harmful ones are named."""
    out: list[Opened] = []
    for file in documents:
        name = file.attachment.filename
        if file.attachment.format not in _ARCHIVES:
            continue
        if len(out) >= _OPENED:
            seen.findings.append(Finding("FORMAT-ARCHIVE-LIMIT", {"limit": f"{_OPENED} tệp nén"}, name))
            continue
        members, opening = walk(file.data, name, LIMITS)
        one, unread = Opened(file), False
        for member in members:
            one.names.append("/".join(member.path[1:]))
            verdict = check(member.data, member.name, found=member.format)
            seen.findings.extend(f for f in verdict.findings if f.code in ("FORMAT-PROGRAM", "FORMAT-DISGUISED"))
            if member.format.kind not in (Kind.DOCUMENT, Kind.IMAGE, Kind.TEXT) and member.format.name != "p7m":
                continue
            if len(one.documents) < _DOCUMENTS:
                one.documents.append(member)
            else:
                unread = True
        seen.findings.extend(opening.findings)
        if unread:
            seen.findings.append(Finding("CONTENT-NOT-READ", {"limit": f"{_DOCUMENTS} tệp"}, name))
        for path in opening.listed:
            listed = "/".join(path[1:])
            if listed not in one.names:
                one.names.append(listed)
        if one.names:
            shown = one.names[:_SHOWN]
            seen.findings.append(Finding("CONTENT-ARCHIVE-LISTED", {"count": len(one.names), "names": shown}, name))
        out.append(one)
    return out
