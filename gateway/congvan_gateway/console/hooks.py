"""Webhooks: events of the journal told to other programs, signed, at least once, tried again for a day.

``Congvan-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">``. The body names the event and its subject, never content.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from congvan_core.ids import iso_vn, new_id
from congvan_core.storage.schema import event
from congvan_gateway.console.schema import webhook, webhook_delivery
from congvan_gateway.main import App

#: Seconds until the next try; after the last one the event is given up.
PAUSES = (5, 30, 120, 600, 3600, 4 * 3600, 12 * 3600)
_LEASE = timedelta(seconds=60)

#: Sends (url, headers, body) and gives the status; raises OSError where there is no answer.
Sender = Callable[[str, dict[str, str], bytes], int]


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    """One request: ten seconds, no redirects."""
    import httpx

    try:
        return httpx.post(url, headers=headers, content=body, timeout=10, follow_redirects=False).status_code
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def sign(secret: str, at: int, body: bytes) -> str:
    mark = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mark}"


def step(app: App, send: Sender = post, *, limit: int = 20) -> int:
    """Queue new events for every hook, then send what is due. Returns how much was done."""
    with app.database.write() as connection:
        done = sum(
            _queue(connection, app, hook) for hook in connection.execute(select(webhook).where(webhook.c.active)).all()
        )
        due = connection.execute(
            select(webhook_delivery.c.id)
            .where(webhook_delivery.c.state == "queued", webhook_delivery.c.next_at <= app.clock())
            .order_by(webhook_delivery.c.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars().all()  # fmt: skip
        # Taken for a minute: another node does not send the same at the same time.
        connection.execute(
            update(webhook_delivery).where(webhook_delivery.c.id.in_(due)).values(next_at=app.clock() + _LEASE)
        )
    for delivery in due:
        _send(app, delivery, send)
    return done + len(due)


def _queue(connection: Connection, app: App, hook: Any) -> int:
    rows = connection.execute(
        select(event.c.id, event.c.kind, event.c.agency_id)
        .where(event.c.id > hook.last_event)
        .order_by(event.c.id)
        .limit(500)
    ).all()
    if not rows:
        return 0
    wanted = [
        row for row in rows
        if (hook.kinds is None or row.kind in hook.kinds) and (hook.agencies is None or row.agency_id in hook.agencies)
    ]  # fmt: skip
    if wanted:
        at = app.clock()
        connection.execute(
            insert(webhook_delivery),
            [{"id": new_id(), "webhook_id": hook.id, "event_id": r.id, "state": "queued", "next_at": at, "created_at": at}
             for r in wanted],
        )  # fmt: skip
    connection.execute(update(webhook).where(webhook.c.id == hook.id).values(last_event=rows[-1].id))
    return len(wanted)


def _send(app: App, delivery_id: str, send: Sender) -> None:
    with app.database.read() as connection:
        row = connection.execute(
            select(webhook_delivery, webhook.c.url, webhook.c.secret, event.c.kind, event.c.subject, event.c.at,
                   event.c.actor)
            .join(webhook, webhook.c.id == webhook_delivery.c.webhook_id)
            .join(event, event.c.id == webhook_delivery.c.event_id)
            .where(webhook_delivery.c.id == delivery_id)
        ).one_or_none()  # fmt: skip
    if row is None:
        return
    body = json.dumps(
        {"id": delivery_id, "event": row.kind, "subject": row.subject, "at": iso_vn(row.at), "actor": row.actor},
        ensure_ascii=False,
    ).encode()
    at = int(app.clock().timestamp())
    headers = {"Content-Type": "application/json", "Congvan-Signature": sign(row.secret, at, body)}
    status, text = None, ""
    try:
        status = send(row.url, headers, body)
    except OSError as error:
        text = str(error)[:300]
    tries = row.attempts + 1
    values: dict[str, Any] = {"attempts": tries, "last_status": status, "last_text": text}
    if status is not None and 200 <= status < 300:
        values["state"] = "done"
    elif tries > len(PAUSES):
        values["state"] = "failed"
    else:
        values["next_at"] = app.clock() + timedelta(seconds=PAUSES[tries - 1])
    with app.database.write() as connection:
        connection.execute(update(webhook_delivery).where(webhook_delivery.c.id == delivery_id).values(**values))
