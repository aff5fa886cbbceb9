"""A stranger's XML made safe to walk: no DOCTYPE, no entities, no network, bounded; prefix- and order-blind."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from congvan_core.documents.text import nfc
from congvan_core.errors import UnreadableError
from congvan_core.findings import Finding
from congvan_mailbox.package.edxml import CV_NAMESPACE

#: Bytes of a packet without embedded files, of one with them, elements, depth, characters of one field.
MAX_PLAIN = 5 * 1024 * 1024
MAX_PACKET = 150 * 1024 * 1024
MAX_ELEMENTS = 100_000
MAX_DEPTH = 64
MAX_TEXT = 10_000
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def load(data: bytes) -> Node:
    """The root of a packet. Raises UnreadableError where it is no well-formed XML, too big, or has a DOCTYPE."""
    from lxml import etree

    if len(data) > MAX_PACKET:
        raise UnreadableError("Gói dữ liệu quá lớn")
    data = _utf8(data)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        # no packet needs one, and entities are how XML readers are attacked
        raise UnreadableError("Gói dữ liệu có khai báo DOCTYPE, không được phép")
    if data.count(b"<") > 2 * MAX_ELEMENTS:
        raise UnreadableError("Gói dữ liệu có quá nhiều phần tử")
    problems: list[Finding] = []
    huge = len(data) > MAX_PLAIN
    options: dict[str, Any] = {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "huge_tree": huge,
        "remove_comments": True,
        "remove_pis": True,
    }
    try:
        parser = etree.XMLParser(recover=False, **options)
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        # The parser's own log: the one of the exception may hold what another parse left in this thread.
        log: Any = parser.error_log
        domains = {entry.domain_name for entry in log}
        if domains != {"NAMESPACE"}:
            raise UnreadableError(f"Gói dữ liệu không phải XML đúng quy cách (dòng {error.lineno})") from error
        # a prefix without declaration: some vendors write edXML: and never bind it
        root = etree.fromstring(data, etree.XMLParser(recover=True, **options))
        problems.append(Finding("MIME-PACKET-FIELD", {"field": "xmlns", "value": "edXML"}))
    except (ValueError, LookupError) as error:
        raise UnreadableError("Gói dữ liệu không đọc được") from error
    info: Any = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise UnreadableError("Gói dữ liệu có khai báo DOCTYPE, không được phép")
    _bound(root)
    return Node(root, problems)


def _utf8(data: bytes) -> bytes:
    """UTF-8 bytes of a packet that may come in UTF-16 (then its declaration is dropped, which would lie)."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return _DECLARATION.sub("", data.decode("utf-16")).encode("utf-8")
        if data[:4] in (b"<\x00?\x00", b"<\x00e\x00"):
            return _DECLARATION.sub("", data.decode("utf-16-le")).encode("utf-8")
        if data[:4] in (b"\x00<\x00?", b"\x00<\x00e"):
            return _DECLARATION.sub("", data.decode("utf-16-be")).encode("utf-8")
    except UnicodeError as error:
        raise UnreadableError("Gói dữ liệu có bảng mã không đọc được") from error
    if b"\x00" in data[:200]:
        raise UnreadableError("Gói dữ liệu có bảng mã không đọc được")
    head = data[:200].lower()
    if b"utf-7" in head or b"utf7" in head:
        raise UnreadableError("Gói dữ liệu có bảng mã không được phép")
    return data.removeprefix(codecs.BOM_UTF8).lstrip()


def _bound(root: Any) -> None:
    level = [root]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise UnreadableError("Gói dữ liệu lồng quá sâu")
        level = [child for element in level for child in element]


class Node:
    """An element seen by its local name only; what is given twice or too long is noted in ``problems``."""

    __slots__ = ("element", "problems")

    def __init__(self, element: Any, problems: list[Finding]) -> None:
        self.element = element
        self.problems = problems

    @property
    def name(self) -> str:
        """The local name; elements of our own namespace begin with ``cv:``."""
        tag = self.element.tag
        if not isinstance(tag, str):
            return ""
        if tag.startswith("{"):
            uri, _, local = tag[1:].partition("}")
            return f"cv:{local}" if uri == CV_NAMESPACE else local
        return tag.rpartition(":")[2]

    def __iter__(self) -> Iterator[Node]:
        return (Node(child, self.problems) for child in self.element if isinstance(child.tag, str))

    def all(self, name: str, limit: int = 5_000) -> list[Node]:
        """Children of that name; beyond ``limit`` the packet is refused."""
        wanted = name.lower()
        found = [child for child in self if child.name.lower() == wanted]
        if len(found) > limit:
            raise UnreadableError(f"Gói dữ liệu có quá nhiều phần tử {name}")
        return found

    def one(self, name: str) -> Node | None:
        """The first child of that name; a second one is a problem, since readers differ on which counts."""
        found = self.all(name)
        if len(found) > 1 and any(f.text != found[0].text for f in found[1:]):
            self.problems.append(Finding("MIME-PACKET-FIELD-TWICE", {"field": name}))
        return found[0] if found else None

    def find(self, name: str) -> Node | None:
        """The first descendant of that name in document order."""
        wanted = name.lower()
        for element in self.element.iter():
            node = Node(element, self.problems)
            if isinstance(element.tag, str) and node.name.lower() == wanted:
                return node
        return None

    @property
    def text(self) -> str:
        """All text inside, NFC, without blanks at the ends, cut at ten thousand characters."""
        return nfc("".join(self.element.itertext())).strip()

    def get(self, name: str) -> str:
        """Text of the child of that name; empty where there is none."""
        child = self.one(name)
        if child is None:
            return ""
        text = child.text
        if len(text) > MAX_TEXT:
            self.problems.append(Finding("MIME-PACKET-FIELD", {"field": name, "value": text[:80]}))
            text = text[:MAX_TEXT]
        return text

    def attribute(self, local: str) -> str:
        """An attribute of our namespace, or without any."""
        value = self.element.get(f"{{{CV_NAMESPACE}}}{local}") or self.element.get(local) or ""
        return nfc(str(value)).strip()
