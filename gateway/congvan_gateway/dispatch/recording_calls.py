"""A confirmation by telephone or on paper, recorded by a clerk: who said it, to whom, when (điểm b khoản 2 Điều 20)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from congvan_core.errors import InputError
from congvan_gateway.dispatch.following import recipients_of
from congvan_gateway.dispatch.states import Event, Strength
from congvan_gateway.dispatch.tracking import Evidence, apply
from congvan_gateway.main import App


def record_call(
    app: App,
    document_id: str,
    to: str | None,
    *,
    said: str,
    register_number: str | None,
    actor: str,
    kind: str = "phone",
    at: datetime | None = None,
    received: bool = True,
    data: Mapping[str, str] | None = None,
) -> str:
    """Close the follow-up of one recipient with strength ``recorded``; its new state. The same call twice is one.

    ``at``: when they spoke, by default now; ``received`` False: it has arrived, no more. Raises InputError.
    """
    if not said.strip():
        raise InputError("Phải ghi ai xác nhận, lúc nào, số điện thoại đã gọi")
    now, at = app.clock(), at or app.clock()
    with app.database.write() as connection:
        found = [
            r
            for r in recipients_of(connection, document_id)
            if to is None or to.lower() in ((r.code or "").lower(), r.address.lower())
        ]
        if len(found) != 1:
            raise InputError("Nêu --to: đúng một nơi nhận của văn bản này")
        digest = hashlib.sha256(f"{found[0].id}|{at.isoformat()}|{said}".encode()).hexdigest()
        evidence = Evidence(
            Event.RECEIVED if received else Event.ARRIVED, kind, now, digest, strength=Strength.RECORDED, actor=actor,
            reason=said[:500], received_at=at, register_number=register_number, data={"said": said[:500], **(data or {})},
        )  # fmt: skip
        return apply(connection, found[0].id, evidence).new.value
