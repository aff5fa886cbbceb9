"""Verify one file, whatever it is: the door to everything in this folder that judges."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import mmap
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from congvan_core.documents.sniff_asn1 import smime_body
from congvan_core.findings import Finding
from congvan_core.ids import now as default_now
from congvan_core.signatures.enveloped import MAX_ENVELOPES, inner_name
from congvan_core.signatures.facts import FileFacts, SignatureFacts
from congvan_core.signatures.path_check import Fetcher, Setting
from congvan_core.signatures.report import VerificationReport
from congvan_core.signatures.signer_kind import is_portal
from congvan_core.signatures.trust_store import TrustStore

#: Anchors that count for signers on documents (Điều 3.4; public authorities for organisations and citizens, Điều 2.2).
PURPOSES = frozenset({"official", "public"})
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"{\\rtf", "rtf"),
    (_OLE, "ole"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)


def verify_file(
    source: str | Path | bytes,
    *,
    name: str | None = None,
    trust: TrustStore | None = None,
    at: datetime | None = None,
    signature: bytes | None = None,
    fetch: Fetcher | None = None,
    now: datetime | None = None,
    purposes: frozenset[str] = PURPOSES,
    kinds: Mapping[str, str] | None = None,
    sha256: str | None = None,
) -> VerificationReport:
    """Judge one file. ``signature`` is a detached .p7s over it; ``at`` the moment to judge at where no trusted time
    stamp says otherwise; ``fetch`` asks allow-listed hosts for revocation answers (None: no network).
    ``sha256`` is the file's digest where the caller has just computed it.

    Never raises for what a file holds. A missing file raises OSError.
    """
    with _opened(source) as (data, size):
        label = name if name is not None else (Path(source).name if not isinstance(source, bytes) else "")
        base = FileFacts(label, sha256 or _sha256(data, size), size, detect(data, size, label))
        setting = Setting(
            trust or TrustStore(),
            now=now or default_now(),
            at=at,
            fetch=fetch,
            purposes=purposes,
            kinds=kinds or {},
        )
        try:
            facts = _verify(data, size, signature, setting, base)
        except (MemoryError, RecursionError) as error:
            facts = replace(
                base, readable=False, findings=(Finding("INTEGRITY-TOO-HARD", {"reason": type(error).__name__}),)
            )
        except Exception as error:
            # Whatever a library raised on a stranger's bytes: the file is set aside, never a traceback.
            facts = replace(
                base, readable=False, findings=(Finding("INTEGRITY-UNREADABLE", {"reason": type(error).__name__}),)
            )
    return VerificationReport.of(_with_file_findings(facts), purposes)


def _verify(
    data: Any, size: int, signature: bytes | None, setting: Setting, base: FileFacts, depth: int = 0
) -> FileFacts:
    from congvan_core.signatures.detached import verify_detached, verify_enveloping

    facts = base
    if size == 0:
        return replace(base, readable=False, findings=(Finding("INTEGRITY-UNREADABLE", {"reason": "empty"}),))
    if base.format == "pdf":
        from congvan_core.signatures.pdf_verify import verify_pdf

        facts = verify_pdf(data, size, setting, base)
    elif base.format == "p7m":
        facts, inner = verify_enveloping(data, size, setting, base)
        if inner:
            facts = _with_inner(facts, inner, setting, depth + 1)
    elif base.format in ("docx", "xlsx", "pptx", "odt", "ods", "odp"):
        from congvan_core.signatures.package_signatures import verify_package

        facts = verify_package(data, size, setting, base)
    elif base.format in ("xml", "edxml"):
        from congvan_core.signatures.package_signatures import verify_xml

        facts = verify_xml(bytes(data[:size]), setting, base)
    elif base.format == "unknown" and signature is None:
        return replace(base, readable=False, findings=(Finding("INTEGRITY-UNREADABLE", {"reason": "unknown format"}),))
    if signature is not None:
        facts = replace(verify_detached(data, size, signature, setting, facts), readable=True)
    return facts


def _with_inner(facts: FileFacts, inner: bytes, setting: Setting, depth: int) -> FileFacts:
    """What is enveloped has signatures and pages of its own: a forged file does not become genuine by an envelope."""
    name = inner_name(facts.file)
    kind = detect(inner, len(inner), name)
    if kind in ("unknown", "txt"):
        return facts
    if depth > MAX_ENVELOPES:
        unread = Finding("CONTENT-NOT-READ", {"limit": f"{MAX_ENVELOPES} lớp"}, facts.file or None)
        return replace(facts, findings=(*facts.findings, unread))
    try:
        within = _verify(inner, len(inner), None, setting, FileFacts(name, facts.sha256, len(inner), kind), depth)
    except Exception as error:
        unreadable = Finding("INTEGRITY-UNREADABLE", {"reason": type(error).__name__})
        return replace(facts, findings=(*facts.findings, unreadable))
    return replace(
        facts,
        pages=within.pages,
        scanned=within.scanned,
        altered=facts.altered or within.altered,
        signatures=(*facts.signatures, *within.signatures),
        document_timestamps=(*facts.document_timestamps, *within.document_timestamps),
        findings=(*facts.findings, *within.findings),
    )


def _with_file_findings(facts: FileFacts) -> FileFacts:
    extra: list[Finding] = []
    if facts.readable and not facts.signatures and not facts.altered:
        extra.append(Finding("SIG-NONE", {"file": facts.file}))
    proved = [s for s in facts.signatures if s.reference_source == "timestamp" and s.reference_time is not None]
    if _out_of_order(proved):
        extra.append(Finding("SIG-TIME-ORDER", {"fields": ", ".join(s.field for s in proved)}))
    for portal in dict.fromkeys(s.signer.name for s in facts.signatures if s.intact and is_portal(s.signer.name)):
        extra.append(Finding("CONTENT-PUBLISHED-COPY", {"portal": portal}))
    return replace(facts, findings=(*facts.findings, *extra)) if extra else facts


def _out_of_order(signatures: list[SignatureFacts]) -> bool:
    """A later signature in the file with an earlier proved time: odd, and a warning only."""
    pairs = itertools.pairwise(signatures)
    return any(
        a.end < b.end
        and a.reference_time
        and b.reference_time
        and (a.reference_time - b.reference_time).total_seconds() > 60
        for a, b in pairs
    )


def detect(data: Any, size: int, name: str = "") -> str:
    """The format by content; the name decides only between plain text and nothing known, and whether a PDF that begins
    a little later in the file (ISO 32000-1 Annex H) is what a reader will open or lies in an envelope or an archive.
    """
    head = bytes(data[: min(size, 1024)])
    named = name.lower().endswith(".pdf")
    if b"%PDF-" in head and (named or head.lstrip(b"\xef\xbb\xbf\x00\t\n\x0c\r ").startswith(b"%PDF-")):
        return "pdf"
    for magic, kind in _HEADS:
        if head.startswith(magic):
            return _zip_kind(data, size) if kind == "zip" else _ole_kind(name) if kind == "ole" else kind
    if head[:1] == b"0" and b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" in head[:40]:
        return "p7m"
    if head.lstrip().startswith((b"-----BEGIN PKCS7", b"-----BEGIN CMS")) or smime_body(head.lstrip()) is not None:
        return "p7m"
    if b"%PDF-" in head:
        return "pdf"
    suffix = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if suffix in ("p7m", "p7s"):
        return "p7m"
    if suffix == "pdf":
        return "pdf"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<?xml") or (text.startswith(b"<") and suffix in ("xml", "edxml")):
        return "edxml" if suffix == "edxml" else "xml"
    if head and b"\0" not in head and (suffix in ("txt", "csv", "eml", "") or _is_text(head)):
        return "txt" if _is_text(head) else "unknown"
    return "unknown"


def _is_text(head: bytes) -> bool:
    try:
        head[: max(0, len(head) - 4)].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _ole_kind(name: str) -> str:
    suffix = name.rsplit(".", 1)[-1].lower()
    return suffix if suffix in ("doc", "xls", "ppt") else "ole"


def _zip_kind(data: Any, size: int) -> str:
    import io
    import zipfile

    from congvan_core.signatures.pdf_revision import Prefix

    try:
        with zipfile.ZipFile(io.BufferedReader(Prefix(data, size))) as archive:
            names = set(archive.namelist()[:5000])
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                kind = archive.read("mimetype").decode("ascii", "replace").rsplit(".", 1)[-1]
                return {"text": "odt", "spreadsheet": "ods", "presentation": "odp"}.get(kind, "zip")
    except Exception:
        return "zip"
    for part, kind in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
        if "[Content_Types].xml" in names and any(n.startswith(part) for n in names):
            return kind
    return "zip"


def _sha256(data: Any, size: int) -> str:
    hasher = hashlib.sha256()
    with memoryview(data) as view:
        hasher.update(view[:size])
    return hasher.hexdigest()


@contextlib.contextmanager
def _opened(source: str | Path | bytes) -> Iterator[tuple[Any, int]]:
    """Bytes as they are; a file as a read-only memory map, so that its size does not count against memory."""
    if isinstance(source, bytes):
        yield source, len(source)
        return
    from congvan_core.signatures.pdf_revision import Mapped

    with open(source, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            yield b"", 0
            return
        mapped = Mapped(file.fileno(), 0, access=mmap.ACCESS_READ)
        if os.path.isdir("/proc/self/fd"):
            mapped.path = f"/proc/self/fd/{file.fileno()}"
        try:
            yield mapped, size
        finally:
            # An open revision may still hold a view of it; the map then goes with the last of them.
            with contextlib.suppress(BufferError):
                mapped.close()


def unfinished_report(path: str | Path, reason: str, *, name: str | None = None) -> VerificationReport:
    """The honest answer where the limited child did not finish: unreadable, with the reason (time, memory, died)."""
    label = name or Path(path).name
    finding = Finding("INTEGRITY-TOO-HARD", {"reason": reason, "at": int(time.time())})
    digest, size, kind = "", 0, "unknown"
    with contextlib.suppress(OSError), open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = os.fstat(file.fileno()).st_size
        file.seek(0)
        head = file.read(1024)
        kind = "pdf" if b"%PDF-" in head else "unknown"
    return VerificationReport.of(FileFacts(label, digest, size, kind, readable=False, findings=(finding,)), PURPOSES)
