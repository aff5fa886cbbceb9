"""The signatures of a PDF as they stand in its bytes: dictionary, byte range, gap, revision end.

Every published wrapping and universal forgery works by making this reading ambiguous, so it is strict: a byte range
that leaves out anything but the hexadecimal /Contents of that very dictionary is a fault (ISO 32000-2 12.8.1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pikepdf

from congvan_core.signatures.pdf_objects import Dictionary, Name, PdfSyntaxError, Ref, Text, header, parse
from congvan_core.signatures.pdf_xref import Xref

MAX_FIELDS = 20_000
MAX_SIGNATURES = 100
_DATE = re.compile(r"^D?:?(\d{14})(?:Z|([+-])(\d{2})'?(\d{2})?)?")


@dataclass(slots=True)
class FieldNode:
    """A form field: fully qualified name, object numbers of itself and its widgets, and what it holds."""

    name: str
    kind: str
    obj: Any
    numbers: set[int] = field(default_factory=set)
    widgets: list[Any] = field(default_factory=list)

    @property
    def value(self) -> Any:
        return self.obj.get("/V")


@dataclass(slots=True)
class FoundSignature:
    """``fault`` is None where the structure is sound. ``end``: the revision's length that the signature claims."""

    field: str
    subfilter: str
    timestamp: bool = False
    contents: bytes = b""
    byte_range: tuple[int, int, int, int] = (0, 0, 0, 0)
    end: int = 0
    fault: str | None = None
    docmdp: int | None = None
    certified: bool = False
    fieldmdp: tuple[str, frozenset[str]] | None = None
    certificate: bytes | None = None
    number: int = 0
    stated: datetime | None = None

    @property
    def gap(self) -> tuple[int, int]:
        return self.byte_range[1], self.byte_range[2]


def form_fields(pdf: pikepdf.Pdf) -> dict[str, FieldNode]:
    """Every terminal field by its full name; hostile trees (circles, depth, number) are cut off."""
    found: dict[str, FieldNode] = {}
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, pikepdf.Dictionary):
        return found
    stack: list[tuple[Any, str, str, int]] = []
    roots = form.get("/Fields")
    if isinstance(roots, pikepdf.Array):
        stack = [(r, "", "", 0) for r in reversed(list(roots)[:MAX_FIELDS])]
    seen: set[int] = set()
    while stack and len(found) < MAX_FIELDS:
        node, prefix, kind, depth = stack.pop()
        if not isinstance(node, pikepdf.Dictionary) or depth > 30:
            continue
        number = node.objgen[0]
        if number and number in seen:
            continue
        seen.add(number)
        partial = node.get("/T")
        name = (
            f"{prefix}.{partial}" if prefix and partial is not None else str(partial) if partial is not None else prefix
        )
        kind = str(node.get("/FT") or kind)
        kids = node.get("/Kids")
        children = list(kids) if isinstance(kids, pikepdf.Array) else []
        sub_fields = [k for k in children if isinstance(k, pikepdf.Dictionary) and "/T" in k]
        if sub_fields:
            stack += [(k, name, kind, depth + 1) for k in reversed(children)]
            continue
        entry = FieldNode(name, kind, node)
        for widget in [node, *children]:
            if isinstance(widget, pikepdf.Dictionary):
                entry.numbers.add(widget.objgen[0])
                if "/Rect" in widget:
                    entry.widgets.append(widget)
        key = name
        while key in found:
            key += "′"
        found[key] = entry
    return found


def find(data: Any, size: int, pdf: pikepdf.Pdf, xref: Xref, base: int) -> list[FoundSignature]:
    """Every signature that a form field holds, in the order of what they cover."""
    found: list[FoundSignature] = []
    perms = pdf.Root.get("/Perms")
    certifying = perms.get("/DocMDP") if isinstance(perms, pikepdf.Dictionary) else None
    for name, node in form_fields(pdf).items():
        if node.kind != "/Sig" or "/V" not in node.obj or len(found) >= MAX_SIGNATURES:
            continue
        value = node.value
        signature = FoundSignature(name, "?")
        found.append(signature)
        if not isinstance(value, pikepdf.Dictionary):
            signature.fault = "value_is_no_dictionary"
            continue
        number = value.objgen[0] or node.obj.objgen[0]
        signature.number = number
        signature.certified = isinstance(certifying, pikepdf.Dictionary) and certifying.objgen == value.objgen != (0, 0)
        try:
            _read(signature, _raw(data, number, xref, base, direct=not value.objgen[0]), data, size, xref, base)
        except (PdfSyntaxError, IndexError, ValueError, KeyError):
            signature.fault = signature.fault or "malformed_dictionary"
        _references(signature, value, node)
    _collisions(found)
    found.sort(key=lambda s: (s.end, s.byte_range[1]))
    return found


def _raw(data: Any, number: int, xref: Xref, base: int, *, direct: bool) -> tuple[Dictionary, int]:
    """The dictionary as written, and where its object begins. Signatures may not hide in object streams."""
    entry = xref.entries.get(number)
    if entry is None or entry[0] != "n":
        raise PdfSyntaxError("not a plain object")
    for offset in (entry[1], entry[1] + base):
        head = header(data, offset)
        if head is not None and head[0] == number:
            value, _ = parse(data, head[2])
            if direct and isinstance(value, Dictionary):
                value = value.get("V")
            if isinstance(value, Dictionary):
                return value, offset
    raise PdfSyntaxError("no object where the table says")


def _read(signature: FoundSignature, raw: tuple[Dictionary, int], data: Any, size: int, xref: Xref, base: int) -> None:
    dictionary, start = raw
    signature.subfilter = str(dictionary.get("SubFilter") or "?")
    signature.timestamp = signature.subfilter == "ETSI.RFC3161" or dictionary.get("Type") == "DocTimeStamp"
    if dictionary.duplicates & {"ByteRange", "Contents", "SubFilter", "Type"}:
        signature.fault = "ambiguous_dictionary"
        return
    contents = dictionary.get("Contents")
    if isinstance(contents, Ref):
        signature.fault = "indirect_contents"
        return
    if not isinstance(contents, Text) or not contents.value.strip(b"\0"):
        signature.fault = "no_contents"
        return
    cert = dictionary.get("Cert")
    if isinstance(cert, Text):
        signature.certificate = cert.value
    ranges = dictionary.get("ByteRange")
    if isinstance(ranges, Ref):
        ranges = _indirect_array(data, ranges, xref, base)
    if not isinstance(ranges, list) or len(ranges) != 4 or not all(type(v) is int for v in ranges):
        signature.fault = "no_byte_range"
        return
    a, b, c, d = ranges
    if a != 0 or b <= 0 or c <= b or d <= 0 or c + d > size:
        signature.fault = "byte_range_outside"
        return
    signature.contents = contents.value
    signature.byte_range = (a, b, c, d)
    signature.end = c + d
    if not contents.hexadecimal:
        signature.fault = "literal_contents"
    elif not (start < b and c <= dictionary.end):
        signature.fault = "gap_elsewhere"
    elif (b, c) != (contents.start, contents.end) and (b, c) != (contents.start + 1, contents.end - 1):
        signature.fault = "gap_not_contents"


def _indirect_array(data: Any, ref: Ref, xref: Xref, base: int) -> Any:
    entry = xref.entries.get(ref.number)
    if entry is None or entry[0] != "n":
        return None
    for offset in (entry[1], entry[1] + base):
        head = header(data, offset)
        if head is not None and head[0] == ref.number:
            return parse(data, head[2])[0]
    return None


def _references(signature: FoundSignature, value: Any, node: FieldNode) -> None:
    """DocMDP and FieldMDP (ISO 32000-2 12.8.2), from the signature and from the field's lock."""
    signature.stated = stated_time(str(value.get("/M") or ""))
    references = value.get("/Reference")
    for reference in list(references)[:10] if isinstance(references, pikepdf.Array) else []:
        if not isinstance(reference, pikepdf.Dictionary):
            continue
        method = str(reference.get("/TransformMethod"))
        parameters = reference.get("/TransformParams")
        parameters = parameters if isinstance(parameters, pikepdf.Dictionary) else pikepdf.Dictionary()
        if method == "/DocMDP":
            level: Any = parameters.get("/P", 2)
            level = int(level) if isinstance(level, int) and 1 <= level <= 3 else 1
            signature.docmdp = level if signature.docmdp is None else min(level, signature.docmdp)
        elif method == "/FieldMDP":
            signature.fieldmdp = _lock(parameters)
    lock = node.obj.get("/Lock")
    if isinstance(lock, pikepdf.Dictionary):
        if signature.fieldmdp is None:
            signature.fieldmdp = _lock(lock)
        limit: Any = lock.get("/P")
        if isinstance(limit, int) and signature.docmdp is None and 1 <= limit <= 3:
            signature.docmdp = limit


def stated_time(text: str) -> datetime | None:
    """The date of ``/M`` (ISO 32000-2 7.9.4), aware; without an offset it is taken as UTC. None where it is none."""
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        moment = datetime.strptime(match.group(1), "%Y%m%d%H%M%S")
        hours, minutes = int(match.group(3) or 0), int(match.group(4) or 0)
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if match.group(2) == "-" else 1)
        return moment.replace(tzinfo=timezone(offset))
    except ValueError:
        return None


def _lock(parameters: Any) -> tuple[str, frozenset[str]] | None:
    action = str(parameters.get("/Action"))
    names = parameters.get("/Fields")
    listed = frozenset(str(n) for n in names) if isinstance(names, pikepdf.Array) else frozenset()
    return (action.lstrip("/"), listed) if action in ("/All", "/Include", "/Exclude") else None


def locked(lock: tuple[str, frozenset[str]] | None, name: str) -> bool:
    """Does FieldMDP forbid changing the field ``name``?"""
    if lock is None:
        return False
    action, names = lock
    if action == "All":
        return True
    listed = any(name == n or name.startswith(f"{n}.") for n in names)
    return listed if action == "Include" else not listed


def _collisions(found: list[FoundSignature]) -> None:
    """Two signatures cannot leave out the same bytes, nor end at the same byte: one of them is a copy."""
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            if one.fault or other.fault:
                continue
            if one.gap == other.gap or one.end == other.end or one.contents == other.contents:
                one.fault = other.fault = "shared_range"


__all__ = ["FieldNode", "FoundSignature", "Name", "find", "form_fields", "locked"]
