"""What a letter is, for everything that mail brings back: the one entry point of this folder.

Precedence, first match wins (a letter has one kind, and a document must never be lost behind another reading):

1. ``unreadable``: no header field can be read.
2. ``package``: an edXML packet of a document hangs on the letter itself.
3. ``receipt``: a disposition notification (RFC 8098), or a status packet, or a read receipt in words.
4. ``bounce``: a delivery-status part with at least one recipient group (RFC 3464), whatever its actions.
5. ``plain``: a feedback report or an aggregate report: automatic, and about no mail's delivery.
6. ``document``: a document file hangs on the letter, and no mail system sent it.
7. ``auto_reply`` where a header or the subject says so for certain, before words like "address does not exist" in a
   vacation note can be taken for a failure.
8. ``bounce``: a free-form report.
9. ``auto_reply`` by weaker signs; challenges that ask the writer to prove himself.
10. ``document``, now also from a mail system.
11. ``reply``: In-Reply-To or References, or a reply prefix in the subject, and no mailing list.
12. ``plain``.

What is enclosed as ``message/rfc822`` (a forwarded bounce, a returned original) never makes the kind.
A letter whose body is opaque S/MIME is judged as it stands; open it first and classify what was inside.
"""

from __future__ import annotations

import re

from congvan_core.findings import Finding
from congvan_mailbox.reports import attachments, automatic, original
from congvan_mailbox.reports.delivery import read_delivery
from congvan_mailbox.reports.disposition import TYPES, is_rejection, read_disposition
from congvan_mailbox.reports.letter import Part, read_letter
from congvan_mailbox.reports.model import Action, MailKind, Reading, Report
from congvan_mailbox.reports.phrases import fold
from congvan_mailbox.reports.prose import prose_of

_REPLY = re.compile(r"^\s*(\[[^\]]{1,40}\]\s*)?(re|tl|tra loi|aw|sv|rv|phan hoi|antw|odp)(\[\d+\]|\(\d+\))?\s*[:：]")
_FORWARD = re.compile(r"^\s*(fwd?|wg|ct|chuyen tiep|tr)\s*[:：]")


def classify(raw: bytes) -> Reading:
    """Kind and report of a raw message. Never raises; what it cannot understand is ``plain`` or ``unreadable``."""
    try:
        return _classify(raw)
    except RecursionError:
        return Reading(MailKind.UNREADABLE, because="nesting")


def _classify(raw: bytes) -> Reading:
    letter = read_letter(raw)
    if not letter.headers:
        return Reading(MailKind.UNREADABLE, because="no header field")
    prose = prose_of(letter)
    reading = _kind(letter, prose, raw)
    reading.message_id = original.first_id(letter.get("Message-ID"))
    reading.in_reply_to = original.first_id(letter.get("In-Reply-To"))
    reading.references = original.all_ids(letter.get("References"))
    reading.automatic = automatic.is_automatic(letter) or reading.kind in (MailKind.BOUNCE, MailKind.AUTO_REPLY)
    if reading.report is not None:
        reading.findings.extend(_findings(reading.report))
    return reading


def _kind(letter: Part, prose: str, raw: bytes) -> Reading:
    metadata = attachments.metadata_kind(letter)
    if metadata == "packet":
        return Reading(MailKind.PACKAGE, because="edXML packet")
    delivery = read_delivery(letter, prose)
    notice = read_disposition(letter, prose) if delivery is None or metadata == "status" else None
    if notice is not None and metadata is None and is_rejection(prose) and (bounce := _free_form(letter, prose, raw)):
        bounce.disposition = notice.disposition
        bounce.original_message_id = bounce.original_message_id or notice.original_message_id
        return Reading(MailKind.BOUNCE, bounce, because="rejection in a notification's dress")
    if notice is not None or metadata == "status":
        return Reading(MailKind.RECEIPT, notice, because="disposition" if notice else "status packet")
    if delivery is not None and delivery.recipients:
        return Reading(MailKind.BOUNCE, _linked(delivery, letter, prose), because="delivery status")
    if attachments.is_feedback(letter):
        return Reading(MailKind.PLAIN, because="feedback report", findings=[Finding("REPORT-FEEDBACK")])
    document = attachments.has_document(letter)
    if document and not _from_system(letter):
        return Reading(MailKind.DOCUMENT, because="document file")
    vacation = automatic.vacation_sign(letter)
    if vacation and letter.raw("X-Failed-Recipients") is None:
        return Reading(MailKind.AUTO_REPLY, because=vacation)
    bounce = _free_form(letter, prose, raw)
    if bounce is not None:
        if delivery is not None:
            bounce.original_envelope_id = delivery.original_envelope_id
            bounce.reporting_host = delivery.reporting_host
        return Reading(MailKind.BOUNCE, _linked(bounce, letter, prose), because=bounce.source)
    if delivery is not None:
        return Reading(MailKind.BOUNCE, _linked(delivery, letter, prose), because="delivery status without recipients")
    weaker = automatic.answer_sign(letter, prose)
    if weaker:
        return Reading(MailKind.AUTO_REPLY, because=weaker)
    if document:
        return Reading(MailKind.DOCUMENT, because="document file")
    return _person(letter)


def _free_form(letter: Part, prose: str, raw: bytes) -> Report | None:
    from congvan_mailbox.reports.bounces.reader import read_bounce  # late: its tables take a tenth of a second to load

    return read_bounce(letter, prose, raw)


def _from_system(letter: Part) -> bool:
    from congvan_mailbox.reports.bounces.signs import sent_by_mail_system

    return sent_by_mail_system(letter)


def _person(letter: Part) -> Reading:
    subject = fold(letter.get("Subject"))
    listed = letter.raw("List-Id") is not None or letter.get("Precedence").strip().lower() in ("list", "bulk", "junk")
    answered = bool(original.first_id(letter.get("In-Reply-To")) or original.all_ids(letter.get("References")))
    if not listed and not _FORWARD.match(subject) and (answered or _REPLY.match(subject)):
        return Reading(MailKind.REPLY, because="In-Reply-To" if answered else "Subject")
    return Reading(MailKind.PLAIN, because="nothing else")


def _linked(report: Report, letter: Part, prose: str) -> Report:
    """The report with the identity of the mail that it speaks of."""
    bare = [r for r in report.recipients if "@" not in r.address]
    if report.original_message_id is not None and not bare:
        return report
    returned = original.of_report(letter, prose)
    report.original_message_id = report.original_message_id or returned.message_id
    for result in bare:
        # A local user name: the mail was sent to one address with this local part.
        matches = [a for a in returned.recipients if a.rpartition("@")[0].casefold() == result.address.casefold()]
        if len(matches) == 1:
            result.address = matches[0]
    return report


def _findings(report: Report) -> list[Finding]:
    out: list[Finding] = []
    if report.disposition is not None:
        kind = report.disposition.type
        if kind not in TYPES:
            out.append(Finding("REPORT-DISPOSITION-UNKNOWN", {"type": kind}))
        elif report.disposition.is_error:
            out.append(
                Finding(
                    "REPORT-DISPOSITION-ERROR",
                    {"type": kind, "modifiers": report.disposition.modifiers, "errors": report.disposition.errors},
                )
            )
        elif kind == "deleted":
            out.append(Finding("REPORT-DISPOSITION-DELETED", {}))
    for result in report.recipients:
        evidence = {"address": result.address, "status": result.status, "reason": result.reason}
        if result.action is Action.FAILED:
            out.append(Finding("REPORT-FAILED", evidence))
        elif result.action is Action.DELAYED:
            out.append(Finding("REPORT-DELAYED", evidence))
        if result.guessed:
            out.append(Finding("REPORT-RECIPIENT-GUESSED", {"address": result.address}))
    if report.kind == "delivery" and not report.recipients:
        out.append(Finding("REPORT-RECIPIENT-UNKNOWN"))
    if report.original_message_id is None and report.original_envelope_id is None:
        out.append(Finding("REPORT-ORIGINAL-UNKNOWN"))
    return out
