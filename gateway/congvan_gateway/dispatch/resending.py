"""Sending again on purpose: a technical fault, or the receiver asks. The same document, identity and signed body."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from congvan_core.agencies.recipients import resolve_recipient
from congvan_core.documents.agency_code import canonical
from congvan_core.documents.finding_again import resolve_document
from congvan_core.documents.model import Urgency
from congvan_core.dossiers.rights import require_unfrozen
from congvan_core.errors import InputError, NotFoundError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.journal.writing import append
from congvan_core.storage.schema import document
from congvan_gateway.dispatch.following import recipients_of
from congvan_gateway.dispatch.issuing import Sent, add_recipient
from congvan_gateway.dispatch.sealing import plain_body
from congvan_gateway.dispatch.states import CLOSED, State
from congvan_gateway.dispatch.tracking import cancel_pending
from congvan_gateway.main import App


def resend(app: App, reference: str, *, to: Sequence[str], reason: str, actor: str) -> Sent:
    """A new sending (N+1) to the named recipients, or to all that have not confirmed.

    Raises NotFoundError, InputError without a reason, RefusedError where nobody is left to send to.
    """
    if not reason.strip():
        raise InputError("Gửi lại phải nêu lý do (điểm c khoản 2 Điều 20)")
    at = app.clock()
    on = at.astimezone(VIETNAM).date()
    with app.database.write() as connection:
        row = resolve_document(connection, reference, direction="outgoing")
        if row.state in ("recalling", "recalled"):
            raise RefusedError("Văn bản đã được lấy lại, thu hồi; không gửi lại được")
        require_unfrozen(connection, f"document:{row.id}")
        # Two clerks at once: the second sees the first one's sending.
        connection.execute(select(document.c.id).where(document.c.id == row.id).with_for_update())
        known = recipients_of(connection, row.id)
        if to:
            wanted = []
            for item in to:
                found = [r for r in known if _named(item, r.code, r.address)]
                if not found:
                    raise NotFoundError(
                        f"'{item}' không phải nơi nhận của văn bản này; để gửi cho nơi mới hãy dùng send"
                    )
                wanted.extend(found)
        else:
            wanted = [r for r in known if State(r.state) not in CLOSED]
        if not wanted:
            raise RefusedError("Mọi nơi nhận đã xác nhận; nêu --to nếu bên nhận đề nghị gửi lại")
        body = plain_body(connection, row.id)
        made = []
        for target in wanted:
            # The earlier sending's attempts end here: one open mail per recipient, whatever happens to it.
            cancel_pending(connection, target.id, at)
            addressee = resolve_recipient(connection, target.code or target.address, on)
            made.append(
                add_recipient(
                    connection,
                    app,
                    agency_id=row.agency_id,
                    document_id=row.id,
                    to=addressee,
                    urgency=Urgency(row.urgency),
                    at=at,
                    sending=target.sending + 1,
                    resend_reason=reason,
                    body_sha256=body,
                )
            )
        append(
            connection,
            agency_id=row.agency_id,
            actor=actor,
            kind="document.resent",
            subject=f"document:{row.id}",
            data={"reason": reason, "to": [m["code"] or m["address"] for m in made]},
            at=at,
        )
    return Sent(row.id, row.number or "", row.symbol or "", made)


def _named(given: str, code: str | None, address: str) -> bool:
    if "@" in given:
        return given.strip().lower() == address.lower()
    return code is not None and canonical(given) == canonical(code)
