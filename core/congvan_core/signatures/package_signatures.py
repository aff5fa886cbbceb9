"""Signatures inside packages (.docx, .xlsx, .pptx, .odt) and XML files: XML-DSig, and what they cover."""

from __future__ import annotations

import io
import urllib.parse
import zipfile
from dataclasses import replace
from typing import Any

from congvan_core.errors import UnreadableError
from congvan_core.findings import Finding, Severity
from congvan_core.signatures import xmldsig
from congvan_core.signatures.facts import ChangedAfter, FileFacts, SignatureFacts
from congvan_core.signatures.path_check import Setting
from congvan_core.signatures.pdf_revision import Prefix

MAX_PARTS = 5000
MAX_UNPACKED = 400 << 20
MAX_SIGNATURES = 20
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/RelationshipTransform"
_DATA_BINDING = b"dataBinding"
_REL = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_OVERRIDE = "{http://schemas.openxmlformats.org/package/2006/content-types}Override"
_MDSSI = "{http://schemas.openxmlformats.org/package/2006/digital-signature}"


class _Package:
    """A ZIP read within limits: names once each, sizes bounded before anything is unpacked."""

    def __init__(self, data: Any, size: int) -> None:
        try:
            self.archive = zipfile.ZipFile(io.BufferedReader(Prefix(data, size)))
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise UnreadableError("Gói tệp bị hỏng.") from error
        entries = self.archive.infolist()
        names = [e.filename for e in entries]
        if len(entries) > MAX_PARTS or sum(e.file_size for e in entries) > MAX_UNPACKED:
            raise UnreadableError("Gói tệp quá lớn.")
        if len(set(names)) != len(names):
            raise UnreadableError("Gói tệp có hai phần cùng tên.")
        self.names = {n for n in names if not n.endswith("/")}

    def part(self, name: str) -> bytes | None:
        if name not in self.names:
            return None
        try:
            return self.archive.read(name)
        except Exception as error:
            raise UnreadableError("Gói tệp bị hỏng.") from error


def verify_package(data: Any, size: int, setting: Setting, base: FileFacts) -> FileFacts:
    """Every signature of an Office Open XML (ECMA-376-2 part 2, 13) or OpenDocument (1.2 part 3, 5) package.

    Raises UnreadableError for a damaged or oversized package.
    """
    package = _Package(data, size)
    office = base.format in ("docx", "xlsx", "pptx")
    if office:
        sources = sorted(n for n in package.names if n.startswith("_xmlsignatures/") and n.endswith(".xml"))
    else:
        sources = [n for n in package.names if n == "META-INF/documentsignatures.xml"]
    found: list[SignatureFacts] = []
    for source in sources[:MAX_SIGNATURES]:
        root = xmldsig.parse(package.part(source) or b"")
        elements = [root] if root.tag == f"{xmldsig.DS}Signature" else list(root.iterfind(f"{xmldsig.DS}Signature"))
        for index, element in enumerate(elements[:MAX_SIGNATURES], start=1):
            name = source.rsplit("/", 1)[-1].removesuffix(".xml") + (f"-{index}" if len(elements) > 1 else "")
            facts, covered = xmldsig.judge_signature(
                element, root, lambda uri, transforms: _resolve(package, uri, transforms, office), setting, name
            )
            found.append(_coverage(facts, covered, package, office))
    return replace(base, signatures=tuple(found))


def _resolve(package: _Package, uri: str, transforms: list[Any], office: bool) -> list[bytes] | None:
    name = urllib.parse.unquote(uri.split("?", 1)[0] if office else uri).lstrip("/")
    content = package.part(name)
    if content is None:
        return None
    roots: list[Any] = []
    for transform in transforms:
        kind = transform.get("Algorithm", "")
        if kind == _RELATIONSHIPS and office:
            roots = _relationships(xmldsig.parse(content), transform)
        elif roots or kind in xmldsig.C14N:
            return [xmldsig.canonical(root, kind) for root in roots or (xmldsig.parse(content),)]
        else:
            raise xmldsig.XmlFault("unknown_transform")
    return [xmldsig.canonical(root) for root in roots] or [content]


def _relationships(root: Any, transform: Any) -> list[Any]:
    """ECMA-376-2 13.2.4.24: only the named relationships, sorted, with TargetMode written out.

    Beside it the form of the library that LibreOffice signs with (xmlsec up to 1.2 at least): it writes an empty
    element for each blank between the relationships. What the signature covers is the same.
    """
    from lxml import etree

    ids = {n.get("SourceId") for n in transform.iterfind(f"{_MDSSI}RelationshipReference")}
    types = {n.get("SourceType") for n in transform.iterfind(f"{_MDSSI}RelationshipsGroupReference")}
    kept = [r for r in root.iterfind(_REL) if r.get("Id") in ids or r.get("Type") in types]
    blanks = sum(1 for text in (root.text, *(child.tail for child in root)) if text and not text.strip())
    forms = []
    for count in (0, blanks) if blanks else (0,):
        out = etree.Element(root.tag, nsmap=root.nsmap)
        for _ in range(count):
            etree.SubElement(out, root.tag.replace("Relationships", "text"))
        for relation in sorted(kept, key=lambda r: r.get("Id") or ""):
            copy = etree.SubElement(out, relation.tag)
            for key in ("Id", "Type", "Target", "TargetMode"):
                value = relation.get(key) or ("Internal" if key == "TargetMode" else None)
                if value is not None:
                    copy.set(key, value)
        forms.append(out)
    return forms


def _coverage(facts: SignatureFacts, covered: list[str], package: _Package, office: bool) -> SignatureFacts:
    """What the signature leaves out, beyond what the formats themselves leave out."""
    names = {urllib.parse.unquote(u.split("?", 1)[0] if office else u).lstrip("/") for u in covered}
    if office:
        # Office signs neither document properties nor its own signature parts; the content types follow the parts.
        open_parts = {
            n
            for n in package.names
            if n == "[Content_Types].xml"
            or n.startswith(("_xmlsignatures/", "docProps/", "customXml/"))
            or n == "_rels/.rels"
        }
    else:
        open_parts = {n for n in package.names if n.startswith("META-INF/") and n.endswith("signatures.xml")}
    left = sorted(package.names - names - open_parts) + (_other_types(covered, package) if office else [])
    if facts.intact and office:
        facts = _bound_data(facts, names, package)
    if not facts.intact or not left:
        return replace(facts, covers_whole_file=facts.intact)
    finding = Finding("SIG-PARTIAL-COVER", {"field": facts.field, "parts": ", ".join(left[:10])})
    return replace(facts, changed_after=ChangedAfter.FORBIDDEN, findings=(*facts.findings, finding))


def _other_types(covered: list[str], package: _Package) -> list[str]:
    """Parts that the package now declares to be of another type than was signed (ECMA-376-2 13.2.4.3)."""
    signed = {
        "/" + urllib.parse.unquote(uri.split("?", 1)[0]).lstrip("/"): urllib.parse.unquote(
            uri.split("?ContentType=", 1)[1]
        )
        for uri in covered
        if "?ContentType=" in uri
    }
    listed = xmldsig.parse(package.part("[Content_Types].xml") or b"<Types/>").iterfind(_OVERRIDE)
    declared = {str(one.get("PartName")).lower(): str(one.get("ContentType")) for one in listed}
    return sorted(
        f"[Content_Types].xml ({name})"
        for name, kind in signed.items()
        if declared.get(name.lower(), kind).casefold() != kind.casefold()
    )


def _bound_data(facts: SignatureFacts, names: set[str], package: _Package) -> SignatureFacts:
    """Office programs leave ``customXml`` unsigned. Where the text is bound to it (ECMA-376-1 17.5.2.6), a reader shows
    what stands there: that is said, and nothing is called forged for it.
    """
    data = sorted(n for n in package.names - names if n.startswith("customXml/item") and "/_rels/" not in n)
    if not data or not any(_DATA_BINDING in (package.part(n) or b"") for n in names if n.startswith("word/")):
        return facts
    finding = Finding("SIG-PARTIAL-COVER", {"field": facts.field, "parts": ", ".join(data[:10])})
    return replace(facts, findings=(*facts.findings, replace(finding, severity_override=Severity.WARNING)))


def verify_xml(data: bytes, setting: Setting, base: FileFacts) -> FileFacts:
    """Enveloped signatures of an XML file; one that does not cover the whole document covers nothing.

    Raises UnreadableError where it is no well-formed XML.
    """
    root = xmldsig.parse(data)
    found = []
    for index, element in enumerate(list(root.iter(f"{xmldsig.DS}Signature"))[:MAX_SIGNATURES], start=1):
        facts, covered = xmldsig.judge_signature(
            element, root, lambda uri, transforms: None, setting, f"Signature{index}"
        )
        if facts.intact and "" not in covered:
            left = Finding("SIG-PARTIAL-COVER", {"field": facts.field, "parts": root.tag.rsplit("}", 1)[-1]})
            facts = replace(facts, changed_after=ChangedAfter.FORBIDDEN, findings=(*facts.findings, left))
        found.append(replace(facts, covers_whole_file=facts.intact and "" in covered))
    return replace(base, signatures=tuple(found))
