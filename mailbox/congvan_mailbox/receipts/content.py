"""A receipt frozen: everything it will say, JSON-able, kept in the transaction that registers and sealed later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from congvan_core.documents.model import DocumentLink, Party, StatusReport
from congvan_core.ids import VIETNAM
from congvan_mailbox.message import Address
from congvan_mailbox.receipts.wording import Letter

_MOMENTS = ("at", "arrived_at", "registered_at", "clock_starts_at")


@dataclass(frozen=True, slots=True)
class ReceiptContent:
    """What a receipt says, final: rendering the same content always gives the same bytes.

    ``sender`` is our mailbox, ``to`` the directory's mailbox of whoever sent the document. ``original_message_id`` is
    that of the mail answered; ``final_recipient`` the address of ours that took it, ``original_recipient`` the one it
    was first sent to (ORCPT), where known. ``error`` is the reason of a refusal, for the disposition notification.
    """

    status: StatusReport
    letter: Letter
    sender: Address
    to: Address
    date: datetime
    final_recipient: str
    original_message_id: str = ""
    original_recipient: str = ""
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        status = asdict(self.status)
        for name in _MOMENTS:
            status[name] = _iso(getattr(self.status, name))
        issued = self.status.document.issued_on
        status["document"]["issued_on"] = issued.isoformat() if issued else None
        return {
            "version": 1,
            "status": status,
            "subject": self.letter.subject,
            "paragraphs": [list(p) for p in self.letter.paragraphs],
            "from": {"name": self.sender.name, "addr": self.sender.addr},
            "to": {"name": self.to.name, "addr": self.to.addr},
            "date": _iso(self.date),
            "final_recipient": self.final_recipient,
            "original_message_id": self.original_message_id,
            "original_recipient": self.original_recipient,
            "error": self.error,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ReceiptContent:
        given = dict(data["status"])
        for name in _MOMENTS:
            given[name] = _moment(given.get(name))
        link = dict(given["document"])
        link["issued_on"] = date.fromisoformat(link["issued_on"]) if link.get("issued_on") else None
        link["organ_ids"] = tuple(link.get("organ_ids") or ())
        given["document"] = DocumentLink(**link)
        given["reporter"] = Party(**given["reporter"])
        given["to"] = Party(**given.get("to") or {})
        given["digests"] = tuple((str(n), str(d)) for n, d in given.get("digests") or ())
        known = {f.name for f in fields(StatusReport)}
        status = StatusReport(**{k: v for k, v in given.items() if k in known})
        moment = _moment(data["date"])
        assert moment is not None
        return cls(
            status=status,
            letter=Letter(str(data["subject"]), tuple(tuple(map(str, p)) for p in data["paragraphs"])),
            sender=Address(**data["from"]),
            to=Address(**data["to"]),
            date=moment,
            final_recipient=str(data["final_recipient"]),
            original_message_id=str(data.get("original_message_id") or ""),
            original_recipient=str(data.get("original_recipient") or ""),
            error=str(data.get("error") or ""),
        )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(VIETNAM).isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if not text else datetime.fromisoformat(text).astimezone(VIETNAM)
