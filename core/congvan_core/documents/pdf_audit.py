"""What a PDF can do beside being read: scripts, launch actions, embedded files, active media (ISO 32000-2 12.6)."""

from __future__ import annotations

import re
from typing import Any

from congvan_core.findings import Finding

MAX_OBJECTS = 20_000
_TRIGGER = re.compile(
    rb"/(?:J(?:S|avaScript)|Launch|EmbeddedFiles?|SubmitForm|ImportData|RichMedia|XFA|OpenAction|AA|FileAttachment"
    rb"|Movie|Sound|3D|GoToE|Rendition|AF)(?![A-Za-z])"
)
_SCRIPT = {"/JavaScript", "/Rendition"}
_LAUNCH = {"/Launch", "/SubmitForm", "/ImportData"}
_MEDIA = {"/RichMedia", "/Movie", "/Sound", "/3D", "/Screen"}


def audit_pdf(data: Any, size: int) -> list[Finding]:
    """Findings on active content; nothing is run. Files that cannot be opened give none (others say so).

    A byte scan first: only files that name an action anywhere, or hide names in compressed objects, are walked.
    """
    import pikepdf

    from congvan_core.signatures.pdf_revision import Prefix

    escaped = data.find(b"#") >= 0 and re.search(rb"/[A-Za-z#0-9]*#[46-7][0-9A-Fa-f]", memoryview(data)[: min(size, 1 << 20)])
    compressed = data.find(b"/ObjStm") >= 0
    if not compressed and not escaped and not _TRIGGER.search(data, 0, size):
        return []
    found: dict[str, set[str]] = {}
    try:
        with pikepdf.open(Prefix(data, size), suppress_warnings=True) as pdf:
            _walk(pdf, found)
    except Exception:
        return []
    codes = (
        ("script", "CONTENT-PDF-SCRIPT", "detail"), ("launch", "CONTENT-PDF-LAUNCH", "detail"),
        ("file", "CONTENT-PDF-EMBEDDED-FILE", "names"), ("media", "CONTENT-PDF-RICH-MEDIA", "detail"),
        ("xfa", "CONTENT-PDF-XFA", "detail"),
    )
    return [Finding(code, {key: ", ".join(sorted(found[kind])[:20])}) for kind, code, key in codes if kind in found]


def _walk(pdf: Any, found: dict[str, set[str]]) -> None:
    import pikepdf

    form = pdf.Root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary) and "/XFA" in form:
        found.setdefault("xfa", set()).add("XFA")
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/JavaScript" in names:
        found.setdefault("script", set()).add("Names")
    for count, obj in enumerate(pdf.objects):
        if count > MAX_OBJECTS:
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
