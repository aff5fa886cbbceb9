"""What a PDF can do beside being read: scripts, launch actions, embedded files, active media (ISO 32000-2 12.6)."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from congvan_core.findings import Finding

if TYPE_CHECKING:
    from congvan_core.signatures.pdf_xref import XrefReader

MAX_OBJECTS = 20_000
MAX_STREAM_BYTES = 64 << 20
MAX_SECONDS = 1.5
_ESCAPED = re.compile(rb"/[A-Za-z]{0,12}#[46][0-9A-Fa-f][A-Za-z#0-9]{0,20}[\\s/<\\[(]")
_TRIGGER = re.compile(
    rb"/(?:J(?:S|avaScript)|Launch|EmbeddedFiles?|SubmitForm|ImportData|RichMedia|XFA|OpenAction|AA|FileAttachment"
    rb"|Movie|Sound|3D|GoToE|Rendition|AF)(?![A-Za-z])"
)
_SCRIPT = {"/JavaScript", "/Rendition"}
_LAUNCH = {"/Launch", "/SubmitForm", "/ImportData"}
_MEDIA = {"/RichMedia", "/Movie", "/Sound", "/3D", "/Screen"}


def audit_pdf(data: Any, size: int, pdf: Any, reader: XrefReader | None = None) -> list[Finding]:
    """Findings on active content of ``pdf``, a pikepdf.Pdf over the first ``size`` bytes of ``data``; nothing is run.
    ``reader`` saves reading the tables again where the caller has them.

    A byte scan first, also inside compressed objects: only files that name an action anywhere are walked.
    """
    found: dict[str, set[str]] = {}
    try:
        if not _named(data, size, pdf, reader):
            return []
        _walk(pdf, found)
    except Exception:
        # A damaged object ends the walk; what was found until then stands.
        found = dict(found)
    codes = (
        ("script", "CONTENT-PDF-SCRIPT", "detail"),
        ("launch", "CONTENT-PDF-LAUNCH", "detail"),
        ("file", "CONTENT-PDF-EMBEDDED-FILE", "names"),
        ("media", "CONTENT-PDF-RICH-MEDIA", "detail"),
        ("xfa", "CONTENT-PDF-XFA", "detail"),
    )
    return [Finding(code, {key: ", ".join(sorted(found[kind])[:20])}) for kind, code, key in codes if kind in found]


def _named(data: Any, size: int, pdf: Any, reader: XrefReader | None) -> bool:
    """Does any plain or compressed object name an action, or write names with escapes that could hide one?"""
    if _TRIGGER.search(data, 0, size) or _ESCAPED.search(data, 0, size):
        return True
    from congvan_core.signatures.pdf_xref import XrefError, XrefReader

    if data.find(b"/ObjStm") < 0:
        return False
    try:
        entries = (reader or XrefReader(data)).revision(size).entries
    except (XrefError, RecursionError):
        return True
    total = 0
    for number in sorted({e[1] for e in entries.values() if e[0] == "c"}):
        body = pdf.get_object(number, 0).read_bytes()
        total += len(body)
        if total > MAX_STREAM_BYTES or _TRIGGER.search(body) or _ESCAPED.search(body):
            return True
    return False


def _walk(pdf: Any, found: dict[str, set[str]]) -> None:
    import pikepdf

    form = pdf.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary) and "/XFA" in form:
        found.setdefault("xfa", set()).add("XFA")
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/JavaScript" in names:
        found.setdefault("script", set()).add("Names")
    until = time.monotonic() + MAX_SECONDS
    for count, obj in enumerate(pdf.objects):
        if count > MAX_OBJECTS or time.monotonic() > until:
            return
        _inspect(obj, found, 0)


def _inspect(obj: Any, found: dict[str, set[str]], depth: int) -> None:
    import pikepdf

    if isinstance(obj, pikepdf.Array) and depth < 4:
        for item in list(obj)[:200]:
            if isinstance(item, pikepdf.Object) and not item.is_indirect:
                _inspect(item, found, depth + 1)
        return
    if not isinstance(obj, (pikepdf.Dictionary, pikepdf.Stream)):
        return
    action, subtype, kind = str(obj.get("/S")), str(obj.get("/Subtype")), str(obj.get("/Type"))
    if action in _SCRIPT or "/JS" in obj:
        found.setdefault("script", set()).add(action.lstrip("/") if action in _SCRIPT else "JS")
    if action in _LAUNCH:
        found.setdefault("launch", set()).add(action.lstrip("/"))
    if action == "/GoToE" or subtype == "/FileAttachment":
        found.setdefault("file", set()).add(subtype.lstrip("/") if subtype == "/FileAttachment" else "GoToE")
    if subtype in _MEDIA or action in _MEDIA:
        found.setdefault("media", set()).add((subtype if subtype in _MEDIA else action).lstrip("/"))
    if "/EF" in obj and (kind in ("/Filespec", "/F", "None")):
        found.setdefault("file", set()).add(str(obj.get("/UF") or obj.get("/F") or "?")[:120])
    if depth < 6:
        for key in list(obj.keys())[:200]:
            child = obj.get(key)
            if isinstance(child, pikepdf.Object) and not child.is_indirect:
                _inspect(child, found, depth + 1)
