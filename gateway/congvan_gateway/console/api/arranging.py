"""Acts of the API on a mail before it gets a number: corrected, split, joined, attached, registered document by document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from congvan_core.dossiers.rights import require_open
from congvan_core.errors import InputError
from congvan_gateway.console import registry
from congvan_gateway.console.api.door import Answer, Call
from congvan_gateway.console.rights import require_row
from congvan_gateway.quarantine.attaching import attach
from congvan_gateway.quarantine.correcting import correct
from congvan_gateway.quarantine.grouping import join, separate, split
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.queue import find_item
from congvan_gateway.quarantine.splitting import release_each


def item_of(call: Call, reference: str) -> Row[Any]:
    """A mail of the token's agencies. Raises NotFoundError, RefusedError where its document is closed to the program."""
    with call.app.database.read() as connection:
        row = find_item(connection, reference)
        if row.document_id is not None:  # the mail says what its document says
            require_open(connection, "document", row.document_id, call.login)
    require_row(call.agencies, row.agency_id, "thư")
    return row


def person_of(call: Call) -> Person:
    """In whose name the program acts: a person, always (khoản 5 Điều 4)."""
    name = call.text("by", 150, required=True) + f" ({call.name})"
    return Person(name, call.text("position", 200), call.text("telephone", 50))


def corrected(call: Call) -> Answer:
    """Fields of the document as a clerk reads them; judged again, not registered."""
    row, changes = item_of(call, call.path("item")), call.body.get("fields")
    if not isinstance(changes, dict) or not all(isinstance(v, str) for v in changes.values()) or len(changes) > 30:
        raise InputError("fields phải là đối tượng {tên mục: giá trị chuỗi}")
    part = call.body.get("part", 0)
    if not isinstance(part, int) or isinstance(part, bool) or not 0 <= part < 50:
        raise InputError("part phải là số nguyên từ 0 đến 49")
    clean = {str(k)[:40]: v.replace("\x00", "").encode("utf-8", "replace").decode()[:1000] for k, v in changes.items()}
    return 200, correct(call.app, row.id, clean, person_of(call), part=part).to_json()


def divided(call: Call) -> Answer:
    """The files grouped into documents: ``groups`` of SHA-256, the main file first."""
    row, groups = item_of(call, call.path("item")), call.body.get("groups")
    good = isinstance(groups, list) and len(groups) <= 50 and all(
        isinstance(g, list) and len(g) <= 50 and all(isinstance(d, str) for d in g) for g in groups
    )  # fmt: skip
    if not good or not isinstance(groups, list):
        raise InputError("groups phải là danh sách các danh sách SHA-256")
    return 200, split(call.app, row.id, groups, person_of(call)).to_json()


def joined(call: Call) -> Answer:
    """Other mails of the same sender become enclosures of this one; without ``with`` all its files are one document."""
    row = item_of(call, call.path("item"))
    others = [item_of(call, one).id for one in call.texts("with", 20)]
    return 200, join(call.app, [row.id, *others], person_of(call)).to_json()


def separated(call: Call) -> Answer:
    row = item_of(call, call.path("item"))
    return 200, separate(call.app, row.id, person_of(call)).to_json()


def attached(call: Call) -> Answer:
    """The mail is another arrival of a document that is registered already."""
    row = item_of(call, call.path("item"))
    with call.app.database.read() as connection:
        there = registry.document_row(connection, call.agencies, call.text("document", 64, required=True), call.login)
    reason = call.text("reason", 1000) or None
    return 200, attach(call.app, row.id, person_of(call), there.id, reason=reason).to_json()


def registered_each(call: Call) -> Answer:
    """Every document of the mail gets a number of its own."""
    row = item_of(call, call.path("item"))
    done = release_each(call.app, row.id, person_of(call), reason=call.text("reason", 1000) or None)
    return 200, [one.to_json() for one in done]
