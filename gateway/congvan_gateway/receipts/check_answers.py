"""The check mailbox (hộp thư kiểm tra): a known sender is told in plain words what the check found; nothing is registered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from congvan_core.agencies.lookup import main_mailbox, own_mailbox
from congvan_core.agencies.model import ContactPoint, Mailbox
from congvan_core.documents.store import jsonable
from congvan_core.findings import Finding, Severity
from congvan_core.ids import VIETNAM
from congvan_gateway.dispatch.outbox import enqueue_once
from congvan_gateway.main import App
from congvan_mailbox.message import Address
from congvan_mailbox.package.pack import new_message_id
from congvan_mailbox.receipts.letters import LetterContent
from congvan_mailbox.receipts.wording import Letter

if TYPE_CHECKING:
    from congvan_gateway.judgement.verdict import Judged

_VERDICTS = {
    "accept": "Kết quả: ĐẠT. Gửi chính thức với đúng các tệp này thì văn bản được tiếp nhận.",
    "quarantine": "Kết quả: CẦN VĂN THƯ XEM. Gửi chính thức thì văn bản chờ văn thư kiểm tra, vì các điểm nêu dưới đây.",
    "refuse": "Kết quả: CHƯA ĐẠT. Gửi chính thức thì văn bản có thể bị từ chối tiếp nhận, vì các điểm nêu dưới đây.",
    "ignore": "Kết quả: không thấy văn bản nào trong thư.",
}
#: What speaks of our own settings or of the way the mail went tells the sender nothing about the document.
_OURS = frozenset({"ORIGIN-AUTOMATIC-OFF", "ORIGIN-NOT-ADDRESSED"})
_MOST = 40


def check_mailbox(connection: Connection, app: App, row: Row[Any]) -> tuple[Mailbox, ContactPoint] | None:
    """The check mailbox that this mail was sent to; None for an ordinary one."""
    found = own_mailbox(connection, row.rcpt_to, app.clock().astimezone(VIETNAM).date())
    return found if found is not None and found[0].role == "check" else None


def answer(connection: Connection, app: App, row: Row[Any], judged: Judged, box: Mailbox, agency: ContactPoint) -> bool:
    """Queue the judgement as a letter. Only to the mailbox that the directory holds, and only where origin is proved:
    whoever forges a sender gets nothing sent anywhere. False where nobody is answered.
    """
    to, seen = judged.origin.answer_to, judged.seen
    if not (judged.origin.proved and to) or seen.kind not in ("package", "document", "plain") or seen.secret:
        return False
    at = app.clock()
    main = main_mailbox(connection, agency.id, at.astimezone(VIETNAM).date())
    sender = judged.origin.sender.name if judged.origin.sender else ""
    content = LetterContent(
        letter=letter(judged, agency, main.address if main else "", sender),
        sender=Address(agency.name, box.address),
        to=Address(sender, to),
        date=at.astimezone(VIETNAM).replace(microsecond=0),
        in_reply_to=seen.message_id or "",
    )
    return enqueue_once(
        connection,
        agency_id=agency.id,
        kind="notice",
        message_row_id=row.id,
        dedupe=f"check:{row.id}",
        mail_from="",
        rcpt_to=to,
        message_id=new_message_id(box.address.rpartition("@")[2]).strip("<>"),
        content=jsonable(content.to_json()),
        state="to_seal",
        urgency=0,
        give_up_at=at + timedelta(hours=app.settings.delivery.give_up_hours),
        created_at=at,
    )


def letter(judged: Judged, agency: ContactPoint, main: str, sender: str) -> Letter:
    """The words: the verdict, what the document is taken for, each finding with what would mend it."""
    seen = judged.seen
    named = seen.metadata.number_symbol if seen.metadata and seen.metadata.number_symbol else seen.subject[:80]
    facts = [
        f"Tệp: {a.filename}"
        for a in seen.attachments
        if a.role is not None and a.role.value not in ("metadata", "signature")
    ][:20]
    if seen.metadata is not None:
        meta = seen.metadata
        facts += [
            f"{label}: {value}"
            for label, value in (
                ("Số, ký hiệu", meta.number_symbol),
                ("Ngày ban hành", f"{meta.issued_on:%d/%m/%Y}" if meta.issued_on else ""),
                ("Cơ quan ban hành", meta.author.name),
                ("Trích yếu", meta.subject),
            )
            if value
        ]
    told = sorted(
        {(f.code, f.file or ""): f for f in judged.findings if f.code not in _OURS}.values(),
        key=lambda f: -f.severity.rank,
    )
    notes = [_line(f) for f in told if f.severity.rank > Severity.INFO.rank][:_MOST]
    return Letter(
        f"Kết quả kiểm tra: {named or 'thư không có văn bản'}",
        (
            (f"Kính gửi: {sender or 'Quý cơ quan'}.",),
            (_VERDICTS[judged.decision.recommended],),
            *((("Văn bản được hiểu như sau:", *(f"- {fact}" for fact in facts)),) if facts else ()),
            *((("Các điểm cần lưu ý:", *notes),) if notes else ()),
            (
                "Hộp thư này chỉ để kiểm tra: không tiếp nhận, không vào sổ, không báo cho ai khác."
                + (f" Văn bản chính thức xin gửi tới {main}." if main else ""),
            ),
            (f"Trân trọng./.\n{agency.name}",),
        ),
    )


def _line(finding: Finding) -> str:
    words = finding.message()
    advice = finding.advice()
    clause = f" ({finding.definition.clause})" if finding.definition.clause else ""
    return f"- {words}{clause}" + (f" Cách sửa: {advice}" if advice else "")
