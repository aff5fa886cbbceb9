"""What is done once a day or a little at a time: the journal's head proved, every stored byte read again.

``step`` is one round of the loop; it does a bounded amount of work and says how much.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from congvan_core.errors import NotFoundError, TemporaryError, UnreadableError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_core.journal.sealing import head, keep_proof, seal_all, sign_head_apart
from congvan_core.journal.writing import append
from congvan_core.storage.schema import blob, event, journal_head
from congvan_gateway.main import App
from congvan_gateway.operations.deadlines import warn
from congvan_gateway.operations.fixity import keep_record
from congvan_gateway.operations.head_proof import sign_with_key
from congvan_gateway.operations.preserving import step as preserve
from congvan_gateway.operations.remembering import recall, remember
from congvan_gateway.quarantine.sealing import finish_shredding

#: How many blobs one step reads; how long after a finished round the next begins (điểm h khoản 1 Điều 24).
FIXITY_BATCH = 200
FIXITY_PAUSE = timedelta(days=7)
#: A time-stamp service that did not answer is asked again after this.
_STAMP_PAUSE = timedelta(hours=1)


def step(app: App) -> int:
    """Prove today's heads where that is still to do, read some blobs, renew proofs, warn of deadlines, and finish what a
    crash left of a sealed mail.

    How much was done; 0 means rest.
    """
    return prove_heads(app) + check_some(app) + finish_shredding(app) + preserve(app) + warn(app)


def prove_heads(app: App) -> int:
    """Sign and, where a service is configured, time-stamp every journal's head once a day; how many proofs were made.

    A head that stands where it was proved last is not proved again: nothing happened since.
    """
    at = app.clock()
    midnight = at.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    with app.database.read() as connection:
        agencies = sorted(connection.execute(select(event.c.agency_id).distinct()).scalars())
        due = [
            (agency, kind) for agency in agencies for kind in _kinds(app) if _is_due(connection, agency, kind, midnight)
        ]
    if not due:
        return 0
    seal_all(app.database)
    done = 0
    for agency, kind in due:
        if kind == "signature":
            sign_head_apart(app.database, agency, lambda text: sign_with_key(app, text), at=at)
            done += 1
        else:
            done += _stamp(app, agency, at)
    return done


def _kinds(app: App) -> list[str]:
    kinds = ["signature"] if app.has_key else []
    return [*kinds, "timestamp"] if app.settings.operations.timestamp_url else kinds


def _is_due(connection: Connection, agency_id: str, kind: str, midnight: datetime) -> bool:
    last = connection.execute(
        select(func.max(journal_head.c.at), func.max(journal_head.c.chain_index)).where(
            journal_head.c.agency_id == agency_id, journal_head.c.kind == kind
        )
    ).one()
    proved_today = last[0] is not None and _moment(last[0]) >= midnight
    waiting = connection.execute(
        select(event.c.id).where(event.c.agency_id == agency_id, event.c.chain_index.is_(None)).limit(1)
    ).first()
    return not proved_today and (waiting is not None or head(connection, agency_id).index > (last[1] or 0))


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value).replace("Z", "+00:00"))


def _stamp(app: App, agency_id: str, at: datetime) -> int:
    """The service may take two minutes: the token is fetched outside of any transaction, for the head as it was."""
    with app.database.read() as connection:
        if not _stamp_may_be_asked(connection, at):
            return 0
        present = head(connection, agency_id)
    try:
        token = fetch_stamp(str(app.settings.operations.timestamp_url), present.text.encode("ascii"))
    except TemporaryError as error:
        with app.database.write() as connection:
            remember(connection, "journal.stamp_failed", {"at": iso_vn(at), "reason": error.message}, at)
        return 0
    with app.database.write() as connection:
        keep_proof(connection, present, token, at=at, kind="timestamp")
    return 1


def _stamp_may_be_asked(connection: Connection, at: datetime) -> bool:
    failed = recall(connection, "journal.stamp_failed")
    return not failed or at - datetime.fromisoformat(failed["at"]) >= _STAMP_PAUSE


def fetch_stamp(url: str, text: bytes) -> bytes:
    """An RFC 3161 token over ``text``, DER. Raises TemporaryError where none comes."""
    from congvan_core.signatures.sign_signer import our_errors, run
    from congvan_core.signatures.sign_timestamp import HttpTimeStamper

    with our_errors("lấy dấu thời gian cho nhật ký"):
        token: Any = run(HttpTimeStamper(url).async_timestamp(hashlib.sha256(text).digest(), "sha256"))
        out: bytes = token.dump()
        return out


def check_some(app: App, *, batch: int = FIXITY_BATCH) -> int:
    """Read the next blobs of this round again and compare; damage and the end of a round go into the journal.

    The journal is signed daily, so that the record of every round is a signed one.
    """
    at = app.clock()
    with app.database.read() as connection:
        state = recall(connection, "fixity")
        if state.get("finished_at") and at - datetime.fromisoformat(state["finished_at"]) < FIXITY_PAUSE:
            return 0
        if state.get("finished_at") or not state:
            state = {"after": "", "started_at": iso_vn(at), "checked": 0, "bytes": 0, "faults": []}
        rows = connection.execute(
            select(blob.c.sha256, blob.c.size)
            .where(blob.c.sha256 > state["after"])
            .order_by(blob.c.sha256)
            .limit(batch)
        ).all()
    faults = [(row.sha256, fault) for row in rows if (fault := _fault(app, row.sha256))]
    state["checked"] += len(rows)
    state["bytes"] += sum(row.size for row in rows)
    state["faults"] = [*state["faults"], *(sha256 for sha256, _ in faults)][:1000]
    if rows:
        state["after"] = rows[-1].sha256
    finished = len(rows) < batch
    if finished:
        state["finished_at"] = iso_vn(at)
    with app.database.write() as connection:
        for sha256, fault in faults:
            data = {"fault": fault}
            append(
                connection,
                agency_id="",
                actor="congvan",
                kind="blob.damaged",
                subject=f"blob:{sha256}",
                at=at,
                data=data,
            )
        if finished:
            told = {key: state[key] for key in ("started_at", "finished_at", "checked", "bytes", "faults")}
            append(
                connection,
                agency_id="",
                actor="congvan",
                kind="fixity.finished",
                subject="installation",
                at=at,
                data=told,
            )
        remember(connection, "fixity", state, at)
    if finished:
        keep_record(app, state)
    return len(rows)


def check_all(app: App) -> dict[str, Any]:
    """A whole new round at once, for who wants to know today; as :func:`last_fixity`."""
    at = app.clock()
    with app.database.write() as connection:
        remember(connection, "fixity", {}, at)
    while True:
        check_some(app)
        with app.database.read() as connection:
            done = last_fixity(connection)
        if done["finished_at"]:
            return done


def last_fixity(connection: Connection) -> dict[str, Any]:
    """The present or last round: started_at, finished_at (None while it runs), checked, bytes, faults."""
    state = recall(connection, "fixity")
    return {key: state.get(key) for key in ("started_at", "finished_at", "checked", "bytes", "faults")}


def _fault(app: App, sha256: str) -> str | None:
    try:
        with app.blobs.open(sha256):
            return None
    except NotFoundError:
        return "missing"
    except UnreadableError:
        return "changed"
