"""Join and split before a number is given: which files are one document, which mails belong together (khoản 3 Điều 17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from congvan_core.documents.model import FileRole
from congvan_core.errors import ConflictError, InputError
from congvan_gateway.judgement.acting import act, tell
from congvan_gateway.judgement.looking import look
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.verdict import judge
from congvan_gateway.main import App
from congvan_gateway.quarantine import joined, sealing
from congvan_gateway.quarantine.acts import OPEN, Outcome, claimed, outcome_of, still_ours
from congvan_gateway.quarantine.arrangement import Arrangement, followers, load, save
from congvan_gateway.quarantine.correcting import put
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.queue import find_item
from congvan_gateway.storage.schema import message

_DOCUMENTS = 30
_MAILS = 20
_BESIDE = (FileRole.METADATA, FileRole.SIGNATURE)


def split(
    app: App, item: str, groups: Sequence[Sequence[str]], person: Person, *, version: int | None = None
) -> Outcome:
    """Group the files of one mail: each group (SHA-256 of the files, main file first) is a document with a number of
    its own. One group of all files makes the mail one document; files in no group stay with the first.

    ``acts.release`` then registers each. Raises InputError for files that the mail does not have, ConflictError.
    """
    wanted = tuple(tuple(digest.strip().lower() for digest in group) for group in groups if group)
    if not wanted or len(wanted) > _DOCUMENTS:
        raise InputError(f"Hãy chia tệp của thư thành 1 đến {_DOCUMENTS} văn bản")
    every = [digest for group in wanted for digest in group]
    if len(set(every)) != len(every):
        raise InputError("Một tệp chỉ thuộc một văn bản")
    with claimed(app, item, version=version) as row:
        seen = look(app, row)
        state = _arrange(app, row, seen, wanted, person, "message.split")
    if state == "sealed":
        sealing.shred(app, row, [a.sha256 for a in seen.attachments])
    return outcome_of(app, row.id)


def join(app: App, items: Sequence[str], person: Person, *, version: int | None = None) -> Outcome:
    """Several mails of one sender are one document: the first leads, the files of the others are its enclosures, and
    the others leave the queue with it. A single item: all files of that mail are one document.

    Raises InputError where they are not of one sender and one receiving agency, ConflictError where one is taken.
    """
    if not items or len(items) > _MAILS:
        raise InputError(f"Hãy chọn 1 đến {_MAILS} thư để gộp")
    with app.database.read() as connection:
        rows = [find_item(connection, i) for i in dict.fromkeys(items)]
    if len(rows) == 1:
        return _whole(app, rows[0], person, version)
    with claimed(app, rows[0].id, version=version) as head:
        with app.database.write() as connection:
            still_ours(connection, head)
            for other in rows[1:]:
                _follow(connection, app, head, other, person)
        seen = look(app, head)
        with app.database.write() as connection:
            still_ours(connection, head)
            state = act(connection, app, head, judge(connection, app, head, seen), None)
    if state == "sealed":
        sealing.shred(app, head, [a.sha256 for a in seen.attachments])
    return outcome_of(app, head.id)


def separate(app: App, item: str, person: Person) -> Outcome:
    """Undo: mails that were joined to this one are mails of their own again, the files are grouped as they were read.

    What was corrected of the first document stays.
    """
    with claimed(app, item) as row:
        with app.database.write() as connection:
            still_ours(connection, row)
            freed = joined.free(connection, app, row, actor=person.name)
            made = load(connection, row.id)
            kept = tuple(c for c in made.corrections if int(c.get("part", 0)) == 0)
            save(connection, row.id, Arrangement(kept), by=person.name, at=app.clock())
        seen = look(app, row)
        with app.database.write() as connection:
            still_ours(connection, row)
            data = {"mails": freed}
            tell(connection, row, "message.separated", data, app.clock(), actor=person.name)
            act(connection, app, row, judge(connection, app, row, seen), None)
    return outcome_of(app, row.id)


def _whole(app: App, known: Row[Any], person: Person, version: int | None) -> Outcome:
    with claimed(app, known.id, version=version) as row:
        seen = look(app, row)
        files = [a for a in seen.attachments if a.role not in _BESIDE]
        if not files:
            raise InputError("Thư này không có tệp văn bản")
        files.sort(key=lambda a: a.role is not FileRole.MAIN)
        groups = (tuple(dict.fromkeys(a.sha256 for a in files)),)
        state = _arrange(app, row, seen, groups, person, "message.joined_files")
    if state == "sealed":
        sealing.shred(app, row, [a.sha256 for a in seen.attachments])
    return outcome_of(app, row.id)


def _arrange(
    app: App, row: Row[Any], seen: Inspection, groups: tuple[tuple[str, ...], ...], person: Person, kind: str
) -> str:
    known = {a.sha256: a for a in seen.attachments if a.role not in _BESIDE}
    for digest in (digest for group in groups for digest in group):
        if digest not in known:
            raise InputError(f"Thư này không có tệp {digest[:16]}…")
    with app.database.write() as connection:
        still_ours(connection, row)
        made = load(connection, row.id)
        # Corrections of the first document stay with it; those of later ones spoke of other groups.
        kept = tuple(c for c in made.corrections if int(c.get("part", 0)) == 0)
        same = bool(made.groups) and made.groups[0][:1] == groups[0][:1]
        main = seen.main
        first = main is not None and groups[0][0] == main.sha256
        made = replace(made, groups=groups, corrections=kept if same or (first and not made.groups) else ())
        return put(connection, app, row, seen, made, person, kind, {"documents": len(groups)})


def _follow(connection: Connection, app: App, head: Row[Any], known: Row[Any], person: Person) -> None:
    other = connection.execute(select(message).where(message.c.id == known.id).with_for_update()).one()
    if other.agency_id != head.agency_id or (other.from_address or "").lower() != (head.from_address or "").lower():
        raise InputError("Chỉ gộp được các thư của cùng một nơi gửi, cùng một nơi nhận")
    if other.state not in OPEN or other.kind not in ("package", "document"):
        raise ConflictError(f"Thư {other.id[:12]}… không còn chờ kiểm tra hoặc không có tệp văn bản để gộp")
    if followers(connection, other.id):
        raise ConflictError(f"Thư {other.id[:12]}… đã có thư khác gộp vào; hãy tách ra trước")
    at = app.clock()
    moved = connection.execute(
        update(message)
        .where(message.c.id == other.id, message.c.state.in_(OPEN), message.c.version == other.version)
        .where((message.c.lease_until.is_(None)) | (message.c.lease_until < at))
        .values(state="joined", next_try_at=None, lease_token=None, lease_until=None, version=message.c.version + 1)
    ).rowcount
    if not moved:
        raise ConflictError(f"Thư {other.id[:12]}… đang được người khác hoặc hệ thống xử lý")
    save(connection, other.id, Arrangement(joined_to=head.id), by=person.name, at=at)
    tell(connection, other, "message.joined", {"to": head.id}, at, actor=person.name)
