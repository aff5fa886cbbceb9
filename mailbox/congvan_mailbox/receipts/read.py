"""A receipt of a gateway read: the status packet, the notification beside it, and who signed them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from congvan_core.documents.model import StatusReport
from congvan_core.errors import UnreadableError
from congvan_core.findings import Finding
from congvan_mailbox.message.part import Message, Part
from congvan_mailbox.package.edxml_read import read_packet
from congvan_mailbox.package.read import is_packet
from congvan_mailbox.receipts.disposition import MEDIA_TYPES, Disposition, read_fields
from congvan_mailbox.smime.locate import find_signed
from congvan_mailbox.smime.report import SmimeReport, SmimeTrust


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came back about one document.

    ``in_signed_part`` says whether the packet stands under the mail's signature; ``smime`` is the verdict on it. What
    it proves is the caller's to judge: only a valid signature by the addressee's own or an entitled key does.
    """

    status: StatusReport
    disposition: Disposition
    smime: SmimeReport
    in_signed_part: bool
    message_id: str = ""
    original_message_id: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by file name, as the signed packet states them (those of the notification where it states none)."""
        return dict(self.status.digests or self.disposition.digests)

    def covers(self, sent: Iterable[str]) -> bool:
        """Whether every digest that was sent (lower-case hex) is named as received."""
        named = set(self.digests.values())
        return all(digest in named for digest in sent)


def read_receipt(message: Message, trust: SmimeTrust | None = None, smime: SmimeReport | None = None) -> Receipt | None:
    """The receipt in a mail; None where the mail holds no readable status packet. Never raises on its content.

    ``smime`` is the mail's verdict where the caller has it already. Parts outside the signature are not looked at
    when there is one.
    """
    signed = find_signed(message.root)
    inside = signed.children[0] if signed is not None else message.root
    leaves = _own_leaves(inside)
    status, findings = _status(leaves)
    if status is None:
        return None
    if smime is None:
        from congvan_mailbox.smime.verify import verify

        smime = verify(message, trust)
    notice = next((p for p in leaves if p.media_type in MEDIA_TYPES), None)
    disposition = read_fields(notice) if notice is not None else Disposition()
    if notice is not None:
        findings.extend(_disagreements(status, disposition))
    answered = message.headers.message_ids("In-Reply-To")
    return Receipt(
        status=status,
        disposition=disposition,
        smime=smime,
        in_signed_part=signed is not None or smime.signed,
        message_id=message.message_id,
        original_message_id=disposition.original_message_id or (answered[0] if answered else ""),
        findings=tuple(findings),
    )


def _own_leaves(root: Part) -> list[Part]:
    """Leaves of this mail, not those of a mail attached to it (an original receipt sent along)."""
    out: list[Part] = []
    stack = [root]
    while stack:
        part = stack.pop()
        if part.is_multipart:
            stack.extend(reversed(part.children))
        elif not part.is_message:
            out.append(part)
    return out


def _status(leaves: list[Part]) -> tuple[StatusReport | None, list[Finding]]:
    found: list[StatusReport] = []
    findings: list[Finding] = []
    for part in leaves:
        if not is_packet(part):
            continue
        try:
            packet = read_packet(part.decode())
        except UnreadableError as error:
            findings.append(Finding("MIME-PACKET-UNREADABLE", {"reason": error.message}, part.filename or None))
            continue
        if packet.status is not None:
            found.append(packet.status)
            findings.extend(packet.findings)
    if len(found) > 1:
        findings.append(Finding("MIME-PACKET-SEVERAL", {"count": len(found)}))
    return (found[0] if found else None), findings


def _disagreements(status: StatusReport, disposition: Disposition) -> list[Finding]:
    """Packet and notification must tell the same story; the packet decides, the difference is shown."""
    out: list[Finding] = []
    refusal = status.code in ("02", "16")
    if disposition.type and disposition.failed != refusal:
        shown = "/".join((disposition.type, *disposition.modifiers))
        out.append(Finding("MIME-RECEIPT-DISAGREES", {"packet": status.code, "notification": shown}))
    elif status.digests and disposition.digests and dict(status.digests) != dict(disposition.digests):
        out.append(Finding("MIME-RECEIPT-DISAGREES", {"packet": status.code, "notification": "SHA-256"}))
    return out
