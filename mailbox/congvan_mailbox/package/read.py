"""A package read: the packet, the files it names, and every difference between the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from congvan_core.documents.model import DocumentMetadata, FileRef, StatusReport
from congvan_core.errors import UnreadableError
from congvan_core.findings import Finding
from congvan_mailbox.message.part import Message, Part, is_attachment
from congvan_mailbox.package.edxml import EXTENSION, EmbeddedFile, Packet
from congvan_mailbox.package.edxml_read import read_packet
from congvan_mailbox.smime.locate import SIGNATURE_TYPES, find_signed

#: The content with this SHA-256, where it has come by another way than in the mail.
Beside = Callable[[str], bytes | None]
_XML_TYPES = ("application/xml", "text/xml", "application/edxml", "application/edxml+xml", "application/vnd.edxml")


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of the document: what the packet says of it (``ref``), and its bytes (a ``part``, or ``embedded``)."""

    ref: FileRef
    sha256: str
    size: int
    part: Part | None = None
    embedded: EmbeddedFile | None = None

    def content(self) -> bytes:
        if self.part is not None:
            return self.part.decode()
        return self.embedded.content if self.embedded else b""


@dataclass(frozen=True, slots=True)
class PackageContents:
    """What a mail carries by its packet. ``packet_sha256`` is the digest of the packet file itself; ``awaited`` are
    files that come by another way and are not here yet."""

    packet: Packet
    packet_part: Part
    packet_sha256: str
    files: tuple[PackageFile, ...]
    findings: tuple[Finding, ...]
    awaited: tuple[FileRef, ...] = ()

    @property
    def metadata(self) -> DocumentMetadata | None:
        return self.packet.metadata

    @property
    def status(self) -> StatusReport | None:
        return self.packet.status


def is_packet(part: Part) -> bool:
    """Whether a leaf is an edXML packet by its name, or by its type and first bytes."""
    if not part.is_leaf:
        return False
    if part.filename.lower().endswith(EXTENSION):
        return True
    if part.media_type not in _XML_TYPES:
        return False
    return b"edXML" in part.decode()[:2_000]


def read_package(message: Message, root: Part | None = None, *, beside: Beside | None = None) -> PackageContents | None:
    """The package in a mail; None where it holds no packet. Never raises on its content.

    Where the mail is signed, only the packet inside the signature counts; files outside it are named in a finding.
    The packet decides; ``Congvan-*`` headers are hints that must agree with it. ``root`` limits the search. ``beside``
    gives the content of a file that the packet says to come by another way, by its digest; None while it is not here.
    """
    top = root or message.root
    signed = find_signed(top)
    inside = signed.children[0] if signed is not None else top
    packets = [p for p in _own_leaves(inside) if is_packet(p)]
    if not packets:
        return None
    findings: list[Finding] = []
    if len(packets) > 1:
        findings.append(Finding("MIME-PACKET-SEVERAL", {"count": len(packets)}))
    part = packets[0]
    data = part.decode()
    try:
        packet = read_packet(data)
    except UnreadableError as error:
        findings.append(Finding("MIME-PACKET-UNREADABLE", {"reason": error.message}, part.filename or None))
        return PackageContents(Packet(), part, part.digest()[0], (), tuple(findings))
    findings.extend(packet.findings)
    files: list[PackageFile] = []
    awaited: list[FileRef] = []
    meta = packet.metadata
    if meta is not None:
        packet = _gathered(packet, beside, awaited)
        files = _match(packet, [p for p in _own_leaves(inside) if is_attachment(p) and p not in packets], findings)
        if signed is not None:
            _outside(top, inside, findings)
        _hints(message, meta, inside, findings)
    findings.extend(Finding("MIME-PART-AWAITED", {"name": ref.name, "way": _way(ref)}, ref.name) for ref in awaited)
    return PackageContents(packet, part, part.digest()[0], tuple(files), tuple(findings), tuple(awaited))


def _way(ref: FileRef) -> str:
    if ref.apart is None or ref.apart.mail is None:
        return "liên kết"
    return f"thư số {ref.apart.mail}"


def _gathered(packet: Packet, beside: Beside | None, awaited: list[FileRef]) -> Packet:
    """The packet with the files that came by another way as if they lay inside it."""
    assert packet.metadata is not None
    found = list(packet.embedded)
    inside = {e.content_id for e in found} | {e.name for e in found}
    for ref in packet.metadata.files:
        if ref.apart is None or not ref.sha256 or {ref.content_id, ref.name} & inside:
            continue
        content = beside(ref.sha256) if beside is not None else None
        if content is None:
            awaited.append(ref)
        else:
            found.append(EmbeddedFile(ref.content_id, ref.name, ref.media_type, content))
    return replace(packet, embedded=tuple(found))


def _own_leaves(root: Part) -> list[Part]:
    """Leaves of this mail, not those of mails attached to it; files taken out of old wrappings included."""
    out: list[Part] = []
    stack = [root]
    while stack:
        part = stack.pop()
        if part.is_multipart:
            stack.extend(reversed(part.children))
        elif part.media_type not in SIGNATURE_TYPES:
            out.append(part)
            out.extend(part.extracted)
    return out


def _match(packet: Packet, parts: list[Part], findings: list[Finding]) -> list[PackageFile]:
    assert packet.metadata is not None
    left = list(parts)
    embedded = {e.content_id: e for e in packet.embedded} | {e.name: e for e in packet.embedded}
    out: list[PackageFile] = []
    for ref in packet.metadata.files:
        inner = embedded.get(ref.content_id) or embedded.get(ref.name)
        part = _part_of(ref, left)
        if part is not None:
            left.remove(part)
            digest, size = part.digest()
        elif inner is not None:
            import hashlib

            digest, size = hashlib.sha256(inner.content).hexdigest(), len(inner.content)
        elif ref.apart is not None and ref.sha256:
            continue  # awaited
        else:
            findings.append(Finding("MIME-PART-MISSING", {"name": ref.name}, ref.name or None))
            continue
        if part is not None and inner is not None and part.decode() != inner.content:
            findings.append(Finding("MIME-PART-DIFFERS", {"name": ref.name, "where": "AttachmentEncoded"}, ref.name))
        if ref.sha256 not in (None, digest) or ref.size not in (None, size):
            findings.append(
                Finding(
                    "MIME-PART-DIFFERS",
                    {
                        "name": ref.name,
                        "packet": ref.sha256 or "",
                        "found": digest,
                        "packet_size": ref.size,
                        "size": size,
                    },
                    ref.name or None,
                )
            )
        out.append(PackageFile(ref, digest, size, part, inner))
    for part in left:
        name = part.filename or part.path
        findings.append(Finding("MIME-PART-EXTRA", {"name": name}, name))
    return out


def _part_of(ref: FileRef, parts: list[Part]) -> Part | None:
    """By Content-ID; where the sender has none, by name."""
    if ref.content_id:
        for part in parts:
            if part.content_id == ref.content_id:
                return part
    for part in parts:
        if ref.name and part.filename == ref.name and not (ref.content_id and part.content_id):
            return part
    return None


def _outside(top: Part, inside: Part, findings: list[Finding]) -> None:
    covered = set(map(id, inside.walk()))
    for part in _own_leaves(top):
        if id(part) not in covered and is_attachment(part):
            findings.append(Finding("MIME-PART-UNSIGNED", {"name": part.filename or part.path}, part.filename or None))


def _hints(message: Message, meta: DocumentMetadata, inside: Part, findings: list[Finding]) -> None:
    hint = message.headers.text("Congvan-Document-ID")
    if hint and unquote(hint) != meta.document_id:
        findings.append(Finding("MIME-HINT-DIFFERS", {"header": "Congvan-Document-ID", "outer": hint[:200]}))
    findings.extend(protected_differences(message, inside))


def protected_differences(message: Message, inside: Part) -> list[Finding]:
    """Outer From, Date, Subject that say other than the protected ones (RFC 9788); empty where none are protected."""
    if "hp" not in inside.params.params:
        return []
    out: list[Finding] = []
    outer, inner = message.headers, inside.headers
    hidden = inside.params.params.get("hp", "").lower() == "cipher"
    for name in ("From", "Date", "Subject"):
        if not inner.count(name) or (hidden and name == "Subject"):
            continue  # encrypted mail shows no subject outside
        if name == "From":
            same = [a.key for a in outer.addresses(name).addresses] == [a.key for a in inner.addresses(name).addresses]
        elif name == "Date":
            same = outer.date(name) == inner.date(name)
        else:
            same = " ".join(outer.text(name).split()) == " ".join(inner.text(name).split())
        if not same:
            out.append(
                Finding(
                    "MIME-HINT-DIFFERS",
                    {"header": name, "outer": outer.text(name)[:200], "inner": inner.text(name)[:200]},
                )
            )
    return out
