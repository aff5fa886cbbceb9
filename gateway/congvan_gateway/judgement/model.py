"""What was measured on one mail: plain values that a limited worker hands back and the database can keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole, StatusReport, Urgency
from congvan_core.findings import Finding
from congvan_core.ids import iso_vn
from congvan_mailbox.package.piece import Piece


@dataclass(slots=True)
class Attachment:
    """One file of the mail. ``size`` in bytes; ``format`` as its content says; ``allowed`` by khoản 2 Điều 8."""

    filename: str
    media_type: str
    size: int
    sha256: str
    format: str
    allowed: bool
    role: FileRole
    path: str = ""
    content_id: str = ""
    source: str = "mime"
    description: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "filename": self.filename,
            "media_type": self.media_type,
            "size": self.size,
            "sha256": self.sha256,
            "format": self.format,
            "allowed": self.allowed,
            "role": self.role.value,
        }


@dataclass(slots=True)
class MailSignature:
    """The S/MIME signature of the mail itself. ``fingerprint`` is the signer certificate's SHA-256."""

    signed: bool = False
    covers: str | None = None
    outcome: str | None = None
    intact: bool = False
    signer: dict[str, Any] = field(default_factory=dict)
    signer_matches_from: bool | None = None
    encrypted: bool = False
    fingerprint: str | None = None
    certificate: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "signed": self.signed,
            "covers": self.covers,
            "outcome": self.outcome,
            "signer": self.signer,
            "signer_matches_from": self.signer_matches_from,
            "encrypted": self.encrypted,
        }


@dataclass(slots=True)
class Inspection:
    """Everything that the bytes of one mail prove or claim; no directory and no database were asked."""

    kind: str = "unreadable"
    sha256: str = ""
    size: int = 0
    message_id: str | None = None
    in_reply_to: str | None = None
    references: list[str] = field(default_factory=list)
    from_addresses: list[str] = field(default_factory=list)
    from_count: int = 0
    from_name: str = ""
    to: list[str] = field(default_factory=list)
    date: datetime | None = None
    subject: str = ""
    automatic: bool = False
    attachments: list[Attachment] = field(default_factory=list)
    metadata: DocumentMetadata | None = None
    from_packet: bool = False
    sources: dict[str, str] = field(default_factory=dict)
    status: StatusReport | None = None
    receipt_signed_whole: bool = False
    smime: MailSignature = field(default_factory=MailSignature)
    report: dict[str, Any] | None = None
    authentication: dict[str, Any] = field(default_factory=dict)
    verification: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    body_text: str = ""
    reply: dict[str, Any] | None = None
    proposals: list[dict[str, Any]] = field(default_factory=list)
    by_hand: bool = False  # a clerk corrected or grouped it
    groups: list[list[str]] = field(default_factory=list)  # the files of each document, as a clerk grouped them
    corrections: dict[int, dict[str, str]] = field(default_factory=dict)
    urgency: Urgency = Urgency.NORMAL
    secret: bool = False
    #: Files that travel apart: the list of a further mail; what is not here yet; (digest, name) of what came by itself.
    piece: Piece | None = None
    awaited: list[FileRef] = field(default_factory=list)
    gathered: list[tuple[str, str]] = field(default_factory=list)
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    malware_scan: str = ""
    seconds: float = 0.0

    @property
    def from_address(self) -> str | None:
        return self.from_addresses[0] if len(self.from_addresses) == 1 and self.from_count <= 1 else None

    @property
    def main(self) -> Attachment | None:
        return next((a for a in self.attachments if a.role is FileRole.MAIN), None)

    def report_of(self, sha256: str) -> dict[str, Any] | None:
        """The verification report of an attachment."""
        return next((v["report"] for v in self.verification if v["sha256"] == sha256), None)

    def metadata_json(self) -> dict[str, Any] | None:
        """The public ``metadata`` of ``inspect --json``; ``status`` carries a status packet."""
        if self.metadata is None and self.status is None:
            return None
        meta = self.metadata or DocumentMetadata()
        out: dict[str, Any] = {
            "document_id": meta.document_id or None,
            "number": meta.number or None,
            "symbol": meta.symbol or None,
            "date": meta.issued_on.isoformat() if meta.issued_on else None,
            "type": meta.type_name or None,
            "subject": meta.subject or None,
            "urgency": meta.urgency.vi,
            "pages": meta.pages,
            "signer": {
                "competence": meta.signer.competence or None,
                "position": meta.signer.position or None,
                "full_name": meta.signer.full_name or None,
            },
            "from": {"code": meta.author.code or None, "name": meta.author.name or None},
            "to": [{"code": p.code or None, "name": p.name or None} for p in meta.recipients],
            "due_date": meta.due_on.isoformat() if meta.due_on else None,
            "files": [{"name": f.name, "sha256": f.sha256} for f in meta.files],
            "business": {"type": meta.business.type, "reason": meta.business.reason or None},
            "status": None,
            "sources": dict(self.sources),
        }
        if self.status is not None:
            status = self.status
            out["document_id"] = status.document.document_id or None
            out["from"] = {"code": status.reporter.code or None, "name": status.reporter.name or None}
            out["to"] = [{"code": status.to.code or None, "name": status.to.name or None}] if status.to.code else []
            out["status"] = {
                "code": status.code,
                "document_id": status.document.document_id or None,
                "register_number": status.register_number or None,
                "register_time": iso_vn(status.registered_at),
                "description": status.description or None,
            }
        return out

    def to_json(self, lang: str = "vi") -> dict[str, Any]:
        """The public shape of ``inspect --json`` but ``decision``, which the policy gives."""
        return {
            "kind": self.kind,
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "from": self.from_addresses[0] if self.from_addresses else None,
            "to": self.to,
            "date": iso_vn(self.date),
            "subject": self.subject,
            "attachments": [a.to_json() for a in self.attachments],
            "metadata": self.metadata_json(),
            "smime": self.smime.to_json(),
            "report": self.report,
            "authentication": {k: self.authentication.get(k) for k in ("spf", "dkim", "dmarc", "arc")},
            "verification": [{"attachment": v["attachment"], "outcome": v["outcome"]} for v in self.verification],
            "findings": [f.to_json(lang) for f in self.findings],
        }
