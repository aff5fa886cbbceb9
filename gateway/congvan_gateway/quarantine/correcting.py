"""A clerk corrects what was read of a waiting mail: kept with who and when, and judged again with the correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row

from congvan_core.agencies.lookup import by_code
from congvan_core.errors import InputError
from congvan_core.ids import VIETNAM, iso_vn
from congvan_gateway.judgement import by_hand
from congvan_gateway.judgement.acting import act, tell
from congvan_gateway.judgement.looking import look
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.verdict import judge
from congvan_gateway.main import App
from congvan_gateway.quarantine import sealing
from congvan_gateway.quarantine.acts import OPEN, Outcome, claimed, outcome_of, still_ours
from congvan_gateway.quarantine.arrangement import Arrangement, load, save
from congvan_gateway.quarantine.person import Person

#: Words of people kept per mail.
_MOST = 200


def correct(
    app: App, item: str, changes: Mapping[str, str], person: Person, *, part: int = 0, version: int | None = None
) -> Outcome:
    """Set fields of ``judgement.by_hand.FIELDS`` (an empty value empties the field); the mail's state after it.

    ``part`` is the document of a mail that was split, from 0. ``version``: the row's version that the person saw.
    Raises InputError for a field or value that cannot be, ConflictError where another was quicker, TemporaryError.
    """
    values = by_hand.checked(changes)
    if not values:
        raise InputError("Chưa sửa mục nào")
    with claimed(app, item, version=version) as row:
        seen = look(app, row)
        with app.database.write() as connection:
            still_ours(connection, row)
            _known_author(connection, app, values)
            made = load(connection, row.id)
            if part and part >= len(made.groups):
                raise InputError(f"Thư này không có văn bản thứ {part + 1}")
            at = iso_vn(app.clock())
            was = _stood(row, made, part)
            words = tuple(
                {"part": part, "field": k, "value": v, "was": was.get(k, ""), "by": person.name, "at": at}
                for k, v in values.items()
                if v != was.get(k, "")
            )
            if len(made.corrections) + len(words) > _MOST:
                raise InputError(f"Thư này đã được sửa quá {_MOST} lần; hãy từ chối hoặc nhập tay")
            made = replace(made, corrections=made.corrections + words)
            state = put(connection, app, row, seen, made, person, "message.corrected", {"fields": sorted(values)})
        if state == "sealed":
            sealing.shred(app, row, [a.sha256 for a in seen.attachments])
    return outcome_of(app, row.id)


def put(
    connection: Connection,
    app: App,
    row: Row[Any],
    seen: Inspection,
    made: Arrangement,
    person: Person,
    kind: str,
    data: dict[str, Any],
) -> str:
    """Keep the arrangement, say in the journal who made it (its values are no journal's: a seal must be able to take
    them away), and judge the mail again with it; the mail's state."""
    save(connection, row.id, made, by=person.name, at=app.clock())
    tell(connection, row, kind, data, app.clock(), actor=person.name)
    judged = judge(connection, app, row, seen)
    if not judged.decision.sealed and seen.kind not in ("package", "document"):
        raise InputError("Thư này không có văn bản để sửa thông tin")
    return act(connection, app, row, judged, None)


def history(connection: Connection, item: str) -> list[dict[str, Any]]:
    """Every correction of a mail, oldest first: part, field, value, was, by, at."""
    return [dict(c) for c in load(connection, item).corrections]


def _known_author(connection: Connection, app: App, values: dict[str, str]) -> None:
    """A code names an agency of the directory; its name comes with it."""
    code = values.get("author_code")
    if not code:
        return
    found = by_code(connection, code, app.clock().astimezone(VIETNAM).date())
    if found is None:
        raise InputError(f"Danh bạ không có cơ quan mang mã “{code}”")
    values["author_code"] = found.body.raw_code if found.body else found.contact_point.raw_code
    values["author"] = found.name


def _stood(row: Row[Any], made: Arrangement, part: int) -> dict[str, str]:
    """What stood in each field before, as far as the last report knows it."""
    if part == 0:
        meta = (row.report or {}).get("metadata") or {}
        signer, author = meta.get("signer") or {}, meta.get("from") or {}
        known = {key: meta.get(key) for key in ("number", "symbol", "date", "type", "subject", "urgency", "due_date")}
        known |= {"pages": str(meta["pages"]) if meta.get("pages") else "", "signer": signer.get("full_name"),
                  "signer_position": signer.get("position"), "author": author.get("name"),
                  "author_code": author.get("code")}  # fmt: skip
        before = {key: str(value) for key, value in known.items() if value}
    else:
        before = {}
    return before | made.values(part)


__all__ = ["OPEN", "correct", "history", "put"]
