"""Rows of another agency do not exist for whoever is limited to one: every page and act that names a row, tried."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from congvan_core.documents.model import DocumentMetadata, Party
from congvan_core.dossiers.schema import dossier
from congvan_core.ids import new_id, now
from congvan_core.registers.other_channels import register_by_hand
from congvan_core.storage.schema import book, entry, event
from congvan_core.workflow.schema import draft, person, unit
from congvan_gateway.console.rendering import environment
from congvan_gateway.console.routes import page_routes
from congvan_gateway.console.schema import account, api_token
from congvan_gateway.console.sessions import digest
from congvan_gateway.storage.schema import message, recipient
from support_admin import OWN, Office, office
from support_desk import token_of

WORDS = "V/v việc riêng của phường Thí Điểm"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("rows") / "desk") as made:
        yield made


def _rows(there: Office) -> dict[str, str]:
    """One row of each kind, all of the first agency."""
    agency, at, made = there.ids[OWN[0][0]], now(), {"item": new_id(), "recipient": new_id(), "dossier": new_id()}
    meta = DocumentMetadata(
        number="12", symbol="SMT-VP", issued_on=date(2026, 11, 20), subject=WORDS, author=Party(name="Sở")
    )
    with there.app.database.write() as connection:
        received = register_by_hand(connection, agency_id=agency, body_code=OWN[0][0], channel="paper", metadata=meta,
                                    arrived_at=at, actor="t")  # fmt: skip
        made["document"] = received.document_id
        row = connection.execute(
            select(entry.c.id, entry.c.book_id).where(entry.c.document_id == received.document_id)
        ).one()
        made |= {"entry": row.id, "book": row.book_id}
        connection.execute(insert(message).values(
            id=made["item"], agency_id=agency, journal="t", journal_offset=1, door="file", received_at=at, arrived_at=at,
            mail_from="", rcpt_to="a@example.vn", envelope={}, raw_sha256="0" * 64, size=1, state="held", subject=WORDS,
        ))  # fmt: skip
        connection.execute(insert(recipient).values(
            id=made["recipient"], agency_id=agency, document_id=received.document_id, address="x@example.vn", sending=1,
            message_id="m", envid="e", state="accepted", since=at, created_at=at,
        ))  # fmt: skip
        connection.execute(insert(dossier).values(id=made["dossier"], agency_id=agency, year=2026, notation="01.A",
                                                  title=WORDS, keeper="t", state="open"))  # fmt: skip
        connection.execute(update(account).where(account.c.login.in_(("vanthu", "lanhdao", "kiemtra"))).values(
            agencies=[there.ids[OWN[1][0]]]))  # fmt: skip
    return made


def _counts(there: Office) -> dict[str, Any]:
    with there.app.database.read() as connection:
        return {
            "message": connection.execute(select(message.c.state, message.c.version)).all(),
            "recipient": connection.execute(select(recipient.c.state)).all(),
            "entry": connection.execute(select(entry.c.state, entry.c.number_text)).all(),
            "book": connection.execute(select(book.c.authority, book.c.last_number)).all(),
            "told": connection.execute(select(event.c.kind).where(event.c.kind.not_like("session.%"))).all(),
        }  # fmt: skip


def test_no_row_of_another_agency_is_shown_or_changed(there: Office) -> None:
    rows, acts = (
        _rows(there),
        ("release", "refuse", "discard", "resend", "strike", "number", "call", "close", "save", "assign"),
    )
    before, wrong, tried = _counts(there), [], 0
    from congvan_gateway.console.desk import Desk as Wiring
    from congvan_gateway.console.pages import dossiers

    acts = (*acts, *dossiers._ACTS)
    routes = page_routes(Wiring(there.app, environment(), None))  # type: ignore[arg-type]
    for login in ("vanthu", "lanhdao", "kiemtra"):
        with there.enter(login) as client:
            token = token_of(client)
            for route in routes:
                names = re.findall(r"\{(\w+)", route.path)
                if route.path.startswith(("/api/", "/quan-tri/")) or not set(names) & set(rows):
                    continue
                path = re.sub(
                    r"\{(\w+)(?::int)?\}", lambda m: rows.get(m[1], "pdf" if m[1] == "form" else "1"), route.path
                )
                for method in sorted((route.methods or set()) - {"HEAD"}):
                    for act in acts if method == "POST" else ("",):
                        data = {"token": token, "act": act, "version": "1", "reason": "x", "number": "99"}
                        answer = client.get(path) if method == "GET" else client.post(path, data=data)
                        tried += 1
                        unknown = answer.status_code == 400 and "Không rõ việc cần làm" in answer.text
                        if (answer.status_code not in (403, 404) and not unknown) or WORDS in answer.text:
                            wrong.append(f"{login} {method} {route.path} {act}: {answer.status_code}")
            for page in (
                "/",
                "/cho-kiem-tra",
                "/van-ban-den",
                "/van-ban-di",
                "/theo-doi",
                "/tim-kiem",
                "/ho-so",
                "/giai-quyet",
            ):
                shown = client.get(page)
                if WORDS in shown.text or any(one in shown.text for one in rows.values()):
                    wrong.append(f"{login} {page}: shows it")
    assert wrong == []
    assert tried > 100
    assert {k: v for k, v in _counts(there).items() if k != "told"} == {k: v for k, v in before.items() if k != "told"}


def _draft(there: Office, draft_id: str) -> None:
    """A draft of the first agency."""
    agency, at, person_id, unit_id = there.ids[OWN[0][0]], now(), new_id(), new_id()
    with there.app.database.write() as connection:
        connection.execute(insert(unit).values(id=unit_id, agency_id=agency, code="VP", name="Văn phòng"))
        connection.execute(insert(person).values(id=person_id, agency_id=agency, full_name="Người soạn", active=True))
        connection.execute(insert(draft).values(
            id=draft_id, agency_id=agency, body_code=OWN[0][0], unit_id=unit_id, drafter_id=person_id, state="draft", type_name="Công văn",
            symbol="VP", subject=WORDS, recipients=["x"], urgency=0, version=0, created_at=at, updated_at=at,
        ))  # fmt: skip


def test_no_row_of_another_agency_is_told_to_a_program(there: Office) -> None:
    import httpx

    from congvan_gateway.console.api.routes import _TABLE

    with there.app.database.read() as connection:
        ids = {"document": connection.execute(select(entry.c.document_id)).scalars().first(),
               "item": connection.execute(select(message.c.id)).scalars().first(), "file": "1",
               "dossier": connection.execute(select(dossier.c.id)).scalars().first(), "draft": new_id()}  # fmt: skip
        agency = there.ids[OWN[1][0]]
    value = f"cv_{new_id()}"
    _draft(there, ids["draft"])
    with there.app.database.write() as connection:
        connection.execute(insert(api_token).values(id=new_id(), name="t", digest=digest(value), created_by="t", agencies=[agency],
                                                    scopes=["read", "send", "decide", "draft", "audit"], created_at=now()))  # fmt: skip
    body = {"by": "An", "act": "release", "reason": "x", "said": "x", "number": "7", "fields": {"subject": "x"}, "groups": [["a"]],
            "document": ids["document"]}  # fmt: skip
    with httpx.Client(
        base_url=f"{there.base}/api/v1", headers={"Authorization": f"Bearer {value}"}, timeout=60
    ) as client:
        for path, method, *_ in _TABLE:
            filled = re.sub(r"\{(\w+)\}", lambda m: str(ids[m[1]]), path)
            more: dict[str, Any] = {"json": body} if method == "POST" else {}
            answer = client.request(method, filled, **more)
            if "{" in path:
                assert answer.status_code == 404, (method, path, answer.text)
            assert WORDS not in answer.text, path
