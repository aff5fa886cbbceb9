"""Quản trị: settings with their documentation, policy with its dry run, journal with its verification."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from starlette.responses import Response

from congvan_core.documents.text import fold
from congvan_core.errors import ConfigurationError, InputError
from congvan_core.findings import CATALOGUE, Finding
from congvan_core.journal.verifying import verify_all
from congvan_core.storage.schema import contact_point, event
from congvan_gateway.console.desk import Ask
from congvan_gateway.console.rights import Right, rows_of
from congvan_gateway.judgement.actions import DEFAULT_ACTIONS
from congvan_gateway.judgement.policy import Policy
from congvan_gateway.judgement.rehearsal import rehearse
from congvan_gateway.operations.head_proof import check_proof
from congvan_gateway.settings import masked
from congvan_gateway.settings_sections import settings_sections
from congvan_gateway.storage.policies import save_policy

ACTIONS = {"note": "Ghi nhận", "ignore": "Loại", "hold": "Giữ lại", "refuse": "Đề nghị từ chối", "seal": "Niêm phong"}
_DRY = 500


def first(ask: Ask) -> Response:
    """The first page of the administration that this person may open."""
    return ask.go("/quan-tri/danh-ba" if ask.account.may(Right.ADMINISTER) else
                  "/quan-tri/nhat-ky" if ask.account.may(Right.JOURNAL) else "/quan-tri/hang-doi")  # fmt: skip


def settings(ask: Ask) -> Response:
    """The effective values with what each means; they are changed in congvan.toml."""
    values = masked(ask.app.settings)
    sections = []
    for name, kind, several in settings_sections():
        given = values.get(name) or {}
        for one in given if several else [given]:
            sections.append((f"[[{name}]]" if several else f"[{name}]", _fields(kind, one)))
    return ask.render("admin_settings.html", sections=sections, base=str(ask.app.settings.base))


def _fields(kind: type[BaseModel], given: dict[str, Any]) -> list[tuple[str, str, Any, bool]]:
    """(name, what it means, value, whether it was set) of a section."""
    return [
        (key, item.description or "", given.get(key), given.get(key) != item.get_default(call_default_factory=True))
        for key, item in kind.model_fields.items()
    ]


def policy(ask: Ask, *, actions: dict[str, str] | None = None, dry: Any = None) -> Response:
    table = Policy.from_json(actions).table() if actions is not None else ask.app.policy.table()
    rows = [
        (code, CATALOGUE[code], Finding(code).message(ask.lang), action, action != ask.app.policy.table()[code],
         DEFAULT_ACTIONS[code].value)
        for code, action in table.items()
    ]  # fmt: skip
    words = fold(ask.query("tim"))
    shown = [r for r in rows if words in fold(f"{r[0]} {r[2]} {r[1].clause or ''}")]
    return ask.render("admin_policy.html", rows=shown, actions=ACTIONS, dry=dry, version=ask.app.policy.version,
                      words_asked=ask.query("tim"))  # fmt: skip


def change_policy(ask: Ask) -> Response:
    """Judge past mail by the new table first; put it in force when told to, with a reason."""
    default = {code: action.value for code, action in DEFAULT_ACTIONS.items()}
    given = {code: ask.form.text(code, 10) or ask.app.policy.table()[code] for code in default}
    changed = {code: action for code, action in given.items() if action != default[code]}
    try:
        wanted = Policy.from_json(changed)
    except ConfigurationError as error:
        raise InputError(error.message) from error
    if ask.form.text("act", 10) == "save":
        ask.app.policy = save_policy(ask.app.database, changed, actor=ask.account.signature, at=ask.now)
        return ask.go(
            "/quan-tri/chinh-sach",
            "Bảng chính sách mới có hiệu lực với thư đến sau (các tiến trình khác: khi khởi động lại)",
        )
    with ask.app.database.read() as connection:
        count, changes = rehearse(connection, wanted, limit=_DRY)
    moves = Counter((c.before, c.after) for c in changes)
    return policy(ask, actions=changed, dry={"mails": count, "moves": sorted(moves.items()), "changes": changes[:30]})


def journal(ask: Ask, *, results: Any = None) -> Response:
    mine = ask.account.agencies
    kind, actor, offset = ask.query("viec", 60), ask.query("nguoi", 200), ask.query_number("tu", 0, 10_000_000)
    statement = select(event)
    if mine is not None:
        statement = statement.where(rows_of(mine, event.c.agency_id))
    if kind:
        statement = statement.where(event.c.kind.startswith(kind, autoescape=True))
    if actor:
        statement = statement.where(event.c.actor.contains(actor, autoescape=True))
    with ask.app.database.read() as connection:
        rows = connection.execute(statement.order_by(event.c.id.desc()).limit(201).offset(offset)).all()
        names = {row.id: row.name for row in connection.execute(select(contact_point.c.id, contact_point.c.name))}
    shown = [(row, json.loads(row.data)) for row in rows[:200]]
    return ask.render("admin_journal.html", rows=shown, more=len(rows) > 200, offset=offset, kind=kind, actor=actor,
                      results=results, names=names)  # fmt: skip


def verify_journal(ask: Ask) -> Response:
    with ask.app.database.read() as connection:
        results = [
            r for r in verify_all(connection, now=ask.now, check_proof=check_proof)
            if ask.account.agencies is None or r.agency_id in ask.account.agencies
        ]  # fmt: skip
    return journal(ask, results=results)
