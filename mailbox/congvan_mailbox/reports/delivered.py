"""The delivery report of a server: "it has arrived", for who asked with NOTIFY=SUCCESS (RFC 3461 4.1, RFC 3464)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from congvan_core.errors import InputError
from congvan_mailbox.message import Address, headers, write
from congvan_mailbox.package import spoken
from congvan_mailbox.package.pack import outer_headers, protected_lines
from congvan_mailbox.reports.addresses import decode_xtext


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the report says. ``envid`` and ``orcpt`` as they were given (xtext); ``recipient`` is the mailbox of ours."""

    sender: Address
    to: Address
    date: datetime
    arrived: datetime
    reporter: str
    recipient: str
    subject: str = ""
    envid: str | None = None
    orcpt: str | None = None
    message_id: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "from": {"name": self.sender.name, "addr": self.sender.addr},
            "to": {"name": self.to.name, "addr": self.to.addr},
            "date": self.date.isoformat(),
            "arrived": self.arrived.isoformat(),
            "reporter": self.reporter,
            "recipient": self.recipient,
            "subject": self.subject,
            "envid": self.envid,
            "orcpt": self.orcpt,
            "message_id": self.message_id,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Delivered:
        given = dict(data)
        sender, to = Address(**given.pop("from")), Address(**given.pop("to"))
        date, arrived = (datetime.fromisoformat(given.pop(name)) for name in ("date", "arrived"))
        return cls(sender, to, date, arrived, **given)

    def body(self) -> bytes:
        """``multipart/report``: words for people, fields for machines; no content is returned (RET=HDRS at most).

        Raises InputError where an address cannot stand in the fields.
        """
        words = (
            f"Thư gửi {self.recipient} đã đến hộp thư lúc {spoken.moment(self.arrived, seconds=True)} (giờ Việt Nam).\n"
            f"Tiêu đề: {self.subject[:200]}\n\nĐây là báo cáo chuyển thư tự động; việc tiếp nhận văn bản được thông báo riêng.\n"
        )
        about_mail = [("Reporting-MTA", f"dns; {self.reporter}")]
        if self.envid:
            about_mail.append(("Original-Envelope-Id", decode_xtext(self.envid)))
        about_mail.append(("Arrival-Date", headers.date_line("Date", self.arrived).decode("ascii")[6:].strip()))
        about_recipient = []
        if self.orcpt and ";" in self.orcpt:
            kind, _, address = self.orcpt.partition(";")
            about_recipient.append(("Original-Recipient", f"{kind}; {decode_xtext(address)}"))
        about_recipient += [
            ("Final-Recipient", f"rfc822; {self.recipient}"), ("Action", "delivered"), ("Status", "2.1.5"),
        ]  # fmt: skip
        fields = _group(about_mail) + b"\r\n" + _group(about_recipient)
        parts = [write.text_part(words), write.fields_part("message/delivery-status", fields)]
        return write.multipart("report", parts, {"report-type": "delivery-status"})

    def headers(self, body: bytes, message_id: str) -> bytes:
        """The outer headers; marked as an automatic answer (RFC 3834 5)."""
        answered = [self.message_id] if self.message_id else []
        return outer_headers(
            body,
            to=[self.to],
            message_id=message_id,
            sending=0,
            auto_submitted="auto-replied",
            in_reply_to=self.message_id,
            references=answered,
            protected=protected_lines(self.sender, self.date, "Báo cáo chuyển thư: đã đến"),
        )


def _group(fields: list[tuple[str, str]]) -> bytes:
    out = b""
    for name, value in fields:
        clean = "".join(c for c in value if " " <= c <= "~")
        if clean != value:
            raise InputError(f"Địa chỉ không ghi được trong báo cáo chuyển thư: {value[:80]!r}")
        line = f"{name}: {value}"
        if len(line) > 76:
            line = f"{name}:\r\n {value}"
        if max(map(len, line.split("\r\n"))) > 76:
            if name.startswith("Original-"):
                continue  # what was given is longer than a line may be; the report stands without it
            raise InputError(f"Địa chỉ quá dài cho báo cáo chuyển thư: {value[:80]}…")
        out += line.encode("ascii") + b"\r\n"
    return out
