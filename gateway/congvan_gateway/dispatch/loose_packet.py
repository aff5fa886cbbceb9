"""A mail of ours as other wires carry it, and back: the packet with its files inside, or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

import pybase64

from congvan_core.errors import InputError, UnreadableError
from congvan_mailbox.message import Address, headers, parse_message, write
from congvan_mailbox.package.edxml import EXTENSION, MEDIA_TYPE, Packet
from congvan_mailbox.package.edxml_read import read_packet
from congvan_mailbox.package.read import PackageContents, read_package


@dataclass(frozen=True, slots=True)
class LoosePacket:
    """What a sealed mail says without its mail: ``kind`` is ``edoc`` or ``status``; codes as the packet writes them."""

    kind: str
    sender: str
    receiver: str
    document: str
    data: bytes
    files: tuple[tuple[str, bytes], ...]


def loosen(raw: bytes, recipient: str) -> LoosePacket:
    """The packet of a sealed mail and the files it names. Raises UnreadableError where the mail shows none (a letter,
    or one encrypted for its receiver: such a mail travels only as a mail).
    """
    found: PackageContents | None = read_package(parse_message(raw))
    if found is None or (found.metadata is None and found.status is None):
        raise UnreadableError("Thư này không có gói dữ liệu edXML đọc được; chỉ đi được bằng thư điện tử")
    data = found.packet_part.decode()
    if found.status is not None:
        status = found.status
        to = status.to.code or status.document.organ_id
        return LoosePacket("status", status.reporter.code, to, status.document.document_id, data, ())
    meta = found.metadata
    assert meta is not None
    receiver = next((p.code for p in meta.recipients if p.email.lower() == recipient.lower()), "")
    if not receiver and len(meta.recipients) == 1:
        receiver = meta.recipients[0].code
    files = tuple((file.ref.name, file.content()) for file in found.files)
    return LoosePacket("edoc", meta.author.code, receiver, meta.document_id, data, files)


def with_files_inside(packet: LoosePacket) -> bytes:
    """The packet with ``AttachmentEncoded`` (QCVN 102:2016/BTTTT), as an interconnection axis takes it.

    The packet's own bytes stay as they are; files follow in the order of its references.
    """
    if packet.kind == "status":
        return packet.data
    end = packet.data.rfind(b"</edXML>")
    if end < 0:
        raise InputError("Gói dữ liệu không kết thúc bằng </edXML>")
    meta = read_packet(packet.data).metadata
    assert meta is not None
    contents = dict(packet.files)
    out = [packet.data[:end], b"<AttachmentEncoded>\n"]
    for ref in meta.files:
        if ref.name not in contents:
            raise InputError(f"Gói dữ liệu nêu tệp không có trong thư: {ref.name}")
        named = "".join(
            f"<{tag}>{escape(value)}</{tag}>\n"
            for tag, value in (
                ("ContentId", f"cid:{ref.content_id}"),
                ("AttachmentName", ref.name),
                ("Description", ref.description),
                ("ContentType", ref.media_type),
            )
        )
        out += [b"<Attachment>\n", named.encode(), b"<ContentTransferEncoded>", pybase64.b64encode(contents[ref.name])]
        out.append(b"</ContentTransferEncoded>\n</Attachment>\n")
    return b"".join([*out, b"</AttachmentEncoded>\n", packet.data[end:]])


def as_mail(
    data: bytes,
    files: Sequence[tuple[str, str, bytes]],
    *,
    sender: Address,
    to: Address,
    message_id: str,
    date: datetime,
    way: str,
) -> bytes:
    """A packet that came by another way, dressed as a mail so that the one judgement reads it. ``files``: name, media
    type, bytes of what lay beside it. It is not signed: what it proves is what the way vouches for.

    Raises UnreadableError where it is no packet.
    """
    packet: Packet = read_packet(data)
    if packet.status is not None:
        subject = f"Trạng thái {packet.status.code}: {packet.status.document.code}"
    else:
        assert packet.metadata is not None
        subject = f"{packet.metadata.number_symbol}: {packet.metadata.subject}"[:500]
    parts = [
        write.text_part(f"Gói dữ liệu edXML nhận qua {way}.\n"),
        write.file_part(data, MEDIA_TYPE, f"goi{EXTENSION}"),
        *(write.file_part(content, media_type, name) for name, media_type, content in files),
    ]
    out = headers.address_line("From", [sender]) + headers.address_line("To", [to])
    out += headers.date_line("Date", date) + headers.text_line("Subject", subject)
    out += headers.raw_line("Message-ID", message_id) + headers.text_line("Congvan-Way", way)
    return out + headers.raw_line("MIME-Version", "1.0") + write.multipart("mixed", parts)
