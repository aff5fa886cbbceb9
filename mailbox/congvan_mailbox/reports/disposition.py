"""Disposition notifications: RFC 8098, what is left of RFC 2298, and the read receipts that follow neither."""
# Long patterns stay on one line each: wrapped regular expressions are where typing errors hide.

from __future__ import annotations

import re

from congvan_mailbox.reports import original
from congvan_mailbox.reports.addresses import addresses_in, typed_address
from congvan_mailbox.reports.fields import groups, without_comments
from congvan_mailbox.reports.letter import Part
from congvan_mailbox.reports.model import Disposition, Report
from congvan_mailbox.reports.phrases import fold

NOTICE_TYPES = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
TYPES = ("displayed", "processed", "deleted", "dispatched", "failed", "denied")
_ALIASES = {
    "read": "displayed",
    "display": "displayed",
    "opened": "displayed",
    "delete": "deleted",
    "dispatch": "dispatched",
    "process": "processed",
    "error": "failed",
    "failure": "failed",
    "refused": "denied",
}
_DISPOSITION = re.compile(r"(?im)^[> \t]*disposition[ \t]*:")
_DIGEST = re.compile(r"^\s*([0-9A-Fa-f]{64})\s*;\s*(.+)$")

#: Words of receipts that have no notification part. Each says of a mail of ours that somebody opened or removed it.
_READ = re.compile(
    r"(your (message|mail|e-?mail)\b.{0,400}?\b(was|has been) (read|opened|displayed|viewed) (on|at|by)\b)|"
    r"(has been displayed\.? (this is no|there is no) guarantee)|(return receipt.{0,80}(only )?acknowledges that the message was displayed)|"
    r"(the message (you )?sent (on|to)\b.{0,400}?(was|has been) (read|opened|displayed))|(your (document|message)\b.{0,200}? was received by ?:)|(your .{0,300}?document: .{0,10}was .{0,200}?received .{0,10}?by: )|"
    r"(the message( \".{0,200}?\")?( sent to .{0,120}?)? (was|has been) (opened|read)\b)|"
    r"((thu|tin nhan|email|e-mail) (cua (ban|quy vi|anh/chi|anh chi|quy co quan)|ban da gui|ma ban (da )?gui)\b.{0,400}?(da )?duoc (nguoi nhan )?(doc|mo|hien thi|xem) (vao|luc|ngay|boi))|"
    r"(this is a (read|return) receipt)|(day la (thong bao|bien nhan|xac nhan) (da )?(doc|mo))|"
    r"(votre message\b.{0,400}?a ete lu le)|(ihre nachricht\b.{0,400}?wurde (am .{0,40})?gelesen)|(su mensaje\b.{0,400}?se ha leido)"
)
_UNREAD = re.compile(
    r"(your (message|mail|e-?mail)\b.{0,400}?\b(was|has been) deleted (without being read|unread))|((was|is) deleted without being read)|"
    r"((thu|tin nhan|email|e-mail)\b.{0,400}?(da )?bi xoa (ma|khi) (khong|chua) (duoc )?(doc|mo))|(da bi xoa ma khong doc)"
)
_SUBJECT = re.compile(
    r"^\s*(read|da doc|doc|read receipt|return receipt|receipt|displayed|disposition notification|bien nhan|xac nhan da doc|thong bao da doc|"
    r"not read|khong doc|chua doc|lu|gelesen|leido|opened|return receipt \(displayed\)|message disposition notification|message status|da xem|da mo)\b.{0,20}?([:\-(]|$)"
)


def read_disposition(letter: Part, prose: str) -> Report | None:
    """The disposition that a letter notifies, or None. A missing field is None, never an error."""
    text = next((p.text() for p in letter.own() if p.media_type in NOTICE_TYPES), None)
    kind = letter.params.get("report-type", "").lower()
    if (
        text is None
        and _DISPOSITION.search(prose)
        and (
            "disposition" in kind
            or re.search(r"(?im)^[> \t]*(final-recipient|reporting-ua|original-message-id)[ \t]*:", prose)
        )
    ):
        text = prose
    if text is None:
        return _in_words(letter, prose)
    return _from_fields(letter, text, prose)


def _from_fields(letter: Part, text: str, prose: str) -> Report:
    report = Report("disposition", source="rfc8098")
    disposition = Disposition("")
    for group in groups(text, fresh=()):
        value = group.get("Disposition")
        if value and not disposition.type:
            disposition.mode, disposition.type, disposition.modifiers = parse_disposition(value)
        disposition.final_recipient = disposition.final_recipient or typed_address(group.get("Final-Recipient"))
        disposition.original_recipient = disposition.original_recipient or typed_address(
            group.get("Original-Recipient"), xtext=True
        )
        report.original_message_id = report.original_message_id or original.first_id(group.get("Original-Message-ID"))
        report.original_envelope_id = report.original_envelope_id or group.get("Original-Envelope-Id")
        report.reporting_host = report.reporting_host or group.get("Reporting-UA", "MDN-Gateway")
        disposition.errors.extend(f"{n.lower()}: {v}" for n in ("Error", "Failure") if (v := group.get(n)))
    for line in text.split("\n"):
        if line.lower().startswith("x-congvan-sha256:") and (match := _DIGEST.match(line.split(":", 1)[1])):
            disposition.digests.append((match.group(1).lower(), match.group(2).strip()))
    if not disposition.type:
        # The notification lacks its one mandatory field: its words may still tell, else nothing is claimed.
        worded = _in_words(letter, prose)
        disposition.type = worded.disposition.type if worded and worded.disposition else "unknown"
    if report.original_message_id is None:
        report.original_message_id = original.of_report(letter, prose).message_id
    report.disposition = disposition
    return report


def parse_disposition(value: str) -> tuple[str | None, str, list[str]]:
    """``manual-action/MDN-sent-manually; displayed/error`` as (mode, type, modifiers), RFC 8098 3.2.6; lower case but for "MDN".

    A type without its mode, blanks, and RFC 2298's further modifiers (warning, superseded, expired, mailbox-terminated) are read.
    """
    text = without_comments(value).strip().lower()
    mode, separator, rest = text.partition(";")
    if not separator:
        # The mode is missing, or the semicolon is: the last known word is the type.
        words = [w for w in re.split(r"[\s/,]+", text) if w]
        kind = next(
            (_ALIASES.get(w, w) for w in words if _ALIASES.get(w, w) in TYPES), words[-1] if words else "unknown"
        )
        return (
            None,
            kind,
            [
                w
                for w in words
                if w in ("error", "warning", "superseded", "expired", "mailbox-terminated") and w != kind
            ],
        )
    pieces = [p.strip() for p in re.split(r"[/,]", rest) if p.strip()]
    kind = pieces[0].split()[0] if pieces else "unknown"
    mode = re.sub(r"\s+", "", mode).replace("mdn-sent", "MDN-sent")  # the spelling of the RFC
    return mode or None, _ALIASES.get(kind, kind), pieces[1:]


_REJECTED = re.compile(r"your (message|mail) to <?[^\s<>]+@[^\s<>]+>? was (automatically )?(rejected|refused|returned)")


def is_rejection(prose: str) -> bool:
    """Some delivery agents (Dovecot's) announce a failed delivery in a notification's dress: "automatically rejected: Quota exceeded"."""
    return bool(_REJECTED.search(fold(prose[:2000])))


def _in_words(letter: Part, prose: str) -> Report | None:
    """A receipt in words only: its subject or form says so and its text says what happened."""
    folded = fold(prose[:3000])
    unread, read = _UNREAD.search(folded), _READ.search(folded)
    if not (unread or read):
        return None
    subject = fold(letter.get("Subject"))
    formal = letter.media_type == "multipart/report" or "disposition" in letter.params.get("report-type", "").lower()
    start = min(m.start() for m in (read, unread) if m)
    if not (formal or _SUBJECT.match(subject) or (len(folded) < 700 and start < 80)):
        return None
    if re.match(r"\s*(re|tl|tra loi|fw|fwd|chuyen tiep)\s*:", subject):
        return None
    sender = addresses_in(letter.get("From"))
    disposition = Disposition("deleted" if unread else "displayed", final_recipient=sender[0] if sender else None)
    return Report("disposition", original.of_report(letter, prose).message_id, disposition=disposition, source="words")
