"""The judge's work: claim a stored mail, inspect it in a limited worker, conclude in one transaction."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, case, or_, select, true, update
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from congvan_core.errors import ConfigurationError, CongvanError, TemporaryError
from congvan_core.findings import Finding
from congvan_core.journal.writing import clean
from congvan_core.storage.database import database_time
from congvan_core.storage.types import Instant
from congvan_gateway.judgement.acting import act, tell
from congvan_gateway.judgement.looking import look
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.registration import Standing
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.judgement.verdict import judge
from congvan_gateway.main import App
from congvan_gateway.quarantine import sealing
from congvan_gateway.storage.schema import message

log = structlog.get_logger("congvan")
JUDGED = Counter("congvan_judged_total", "Mails judged", ["state"])

#: A mail that cannot be read within its limits so often is set aside for a person, not tried for ever.
MAX_TRIES = 3
_RETRY = timedelta(seconds=10)


def _due(*which: ColumnElement[bool], ready: ColumnElement[bool]) -> Select[tuple[str]]:
    at = bindparam("moment", type_=Instant())
    return (
        select(message.c.id)
        .where(
            *which,
            or_(
                and_(message.c.state == "stored", ready),
                and_(message.c.state == "judging", message.c.lease_until < at),
                # Undecided: what was missing may be there by now.
                and_(
                    message.c.state == "held",
                    message.c.next_try_at <= at,
                    or_(message.c.lease_until.is_(None), message.c.lease_until < at),
                ),
            ),
        )
        .order_by(message.c.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


# Built once: what every mail asks.
_NEXT = _due(ready=message.c.next_try_at <= bindparam("moment", type_=Instant()))
_THIS = _due(message.c.id == bindparam("wanted"), ready=true())
_LEASE = (
    update(message)
    .where(message.c.id == bindparam("found"))
    .values(state="judging", tries=case((message.c.state == "held", 1), else_=message.c.tries + 1))
    .returning(*message.c)
)
_HELD = select(message.c.lease_token).where(message.c.id == bindparam("wanted")).with_for_update()


def _is_ours(error: Exception) -> bool:
    """A fault of this installation, not of the mail: it may never end on the shelf of unreadable mail for it."""
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout)):
        return True
    return isinstance(error, (OSError, TemporaryError, ConfigurationError))


def _reason(error: Exception) -> str:
    if isinstance(error, SandboxError):
        return f"{error.message} ({error.reason})"
    return error.message if isinstance(error, CongvanError) else f"{type(error).__name__}: {error}"


class Judge:
    """Judges one mail at a time; any number of judges may run in any number of processes."""

    def __init__(self, app: App) -> None:
        self._app = app
        limits = app.settings.verification
        if limits.seconds >= limits.lease_seconds:
            raise ConfigurationError("verification.seconds phải ngắn hơn verification.lease_seconds")
        self._lease = timedelta(seconds=limits.lease_seconds)

    def step(self) -> int:
        """Judge the next mail that is due; 0 where none is."""
        return self._judge(self._claim())

    def step_one(self, row_id: str) -> int:
        """Judge this mail now, due or not; 0 where another judge has it."""
        return self._judge(self._claim(row_id))

    def _judge(self, row: Row[Any] | None) -> int:
        if row is None:
            return 0
        try:
            seen = self._inspect(row)
            state = self.conclude(row, seen)
            JUDGED.labels(state).inc()
        except Exception as error:
            reason = _reason(error)
            log.error("judge.fault", message=row.id, error=reason)
            if _is_ours(error):
                # The database is away, the disk full: nothing was done, no try is counted, the mail is judged again.
                self._release(row, reason)
                if isinstance(error, SQLAlchemyError):
                    raise
            else:
                self._set_aside(row, reason)
        return 1

    def _claim(self, row_id: str | None = None) -> Row[Any] | None:
        with self._app.database.write() as connection:
            at = database_time(connection)
            due, wanted = (_NEXT, {}) if row_id is None else (_THIS, {"wanted": row_id})
            found = connection.execute(due, {"moment": at, **wanted}).scalar_one_or_none()
            if found is None:
                return None
            token = secrets.token_hex(16)
            return connection.execute(
                _LEASE, {"found": found, "lease_token": token, "lease_until": at + self._lease}
            ).one()

    def _inspect(self, row: Row[Any]) -> Inspection:
        if row.tries > MAX_TRIES:
            raise CongvanError(f"Đã thử {row.tries - 1} lần mà không kiểm tra xong thư này")
        return look(self._app, row)

    def conclude(self, row: Row[Any], seen: Inspection, *, standing: Standing | None = None) -> str:
        """Act on an inspected mail in one transaction; the state it ends in. ``standing``: a person releases it."""
        with self._app.database.write() as connection:
            if not self._still_ours(connection, row):
                return "lost"
            judged = judge(connection, self._app, row, seen)
            state = act(connection, self._app, row, judged, standing)
        if state == "sealed":
            sealing.shred(self._app, row, [a.sha256 for a in seen.attachments])
        return state

    def _still_ours(self, connection: Connection, row: Row[Any]) -> bool:
        token = connection.execute(_HELD, {"wanted": row.id}).scalar_one_or_none()
        return bool(token == row.lease_token)

    def _release(self, row: Row[Any], error: str) -> None:
        try:
            with self._app.database.write() as connection:
                at = database_time(connection)
                connection.execute(
                    update(message)
                    .where(message.c.id == row.id, message.c.lease_token == row.lease_token)
                    .values(
                        state="stored",
                        lease_token=None,
                        lease_until=None,
                        next_try_at=at + _RETRY,
                        tries=message.c.tries - 1,
                        last_error=clean(error, 1000),
                    )
                )
        except Exception as fault:
            log.error("judge.release", message=row.id, error=str(fault))  # the lease runs out by itself

    def _set_aside(self, row: Row[Any], error: str) -> None:
        """Tried again a few times; then the shelf of unreadable mail, which a person sees."""
        last = row.tries >= MAX_TRIES
        with self._app.database.write() as connection:
            at = database_time(connection)
            values: dict[str, Any] = {
                "state": "unreadable" if last else "stored",
                "lease_token": None,
                "lease_until": None,
                "next_try_at": at + _RETRY,
                "last_error": clean(error, 1000),
            }
            if last:
                finding = Finding("MIME-NOT-COMPLETED", {"reason": error[:300]})
                values |= {
                    "kind": "unreadable",
                    "recommended": "quarantine",
                    "codes": [finding.code],
                    "report": {"kind": "unreadable", "decision": "quarantine", "findings": [finding.to_json()]},
                }
            moved = connection.execute(
                update(message).where(message.c.id == row.id, message.c.lease_token == row.lease_token).values(**values)
            ).rowcount
            if moved and last:
                JUDGED.labels("unreadable").inc()
                tell(connection, row, "message.unreadable", {"error": error[:500]}, at)
