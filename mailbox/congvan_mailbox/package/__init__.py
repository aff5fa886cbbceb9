"""A document as a mail, and back; the edXML packet (QCVN 102:2016/BTTTT) that says what the mail carries."""

from congvan_mailbox.package.cover import Cover
from congvan_mailbox.package.edxml import Packet
from congvan_mailbox.package.edxml_read import read_packet
from congvan_mailbox.package.edxml_write import write_packet, write_status
from congvan_mailbox.package.pack import SignedBody, build_package, conceal, new_message_id, outer_headers
from congvan_mailbox.package.read import PackageContents, PackageFile, read_package

__all__ = [
    "Cover",
    "PackageContents",
    "PackageFile",
    "Packet",
    "SignedBody",
    "build_package",
    "conceal",
    "new_message_id",
    "outer_headers",
    "read_package",
    "read_packet",
    "write_packet",
    "write_status",
]
