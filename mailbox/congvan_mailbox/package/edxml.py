"""The edXML packet: its names, its namespaces, and what reading one gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from congvan_core.documents.model import DocumentMetadata, StatusReport
from congvan_core.findings import Finding

#: QCVN 102:2016/BTTTT: bound both as default and as the literal prefix ``edXML:``, which .NET receivers insist on.
NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
#: Our own additions, ignored by readers that do not know them.
CV_NAMESPACE = "urn:congvan:packet:1"
MEDIA_TYPE = "application/xml"
EXTENSION = ".edxml"

#: Code and Vietnamese name of every status of the packets (values of the national axis).
STATUS_NAMES: dict[str, str] = {
    "01": "Đã đến",
    "02": "Từ chối tiếp nhận",
    "03": "Đã tiếp nhận",
    "04": "Phân công xử lý",
    "05": "Đang xử lý",
    "06": "Hoàn thành",
    "13": "Yêu cầu lấy lại",
    "15": "Đồng ý cập nhật, lấy lại, thu hồi",
    "16": "Từ chối cập nhật, lấy lại, thu hồi",
}


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file that a vendor's packet carries inside itself (``AttachmentEncoded``), decoded and unzipped."""

    content_id: str
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet that was read: ``metadata`` of a document packet or ``status`` of a status packet, never both.

    ``texts`` keeps, by element name, what stood in a field that could not be understood (an impossible date).
    """

    metadata: DocumentMetadata | None = None
    status: StatusReport | None = None
    embedded: tuple[EmbeddedFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """``edoc`` or ``status``, the axis's names of message types."""
        return "status" if self.status is not None else "edoc"
