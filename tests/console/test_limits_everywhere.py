"""NĐ 30/2020 Phụ lục VI: who is not named in a limit sees nothing of a document, on no page, in no file, by no program.

The series of a register shows no gap: the line stands there with its number and day, and nothing else. Figures count all.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from congvan_core.calendar.schema import deadline_notice
from congvan_core.documents.model import DocumentMetadata, FileRole, Party
from congvan_core.documents.store import StoredFile, add_files
from congvan_core.dossiers import keeping, rights
from congvan_core.ids import new_id, now
from congvan_core.registers.other_channels import register_by_hand
from congvan_core.registers.registering import register
from congvan_core.storage.blobs import record
from congvan_core.storage.schema import document, document_file, entry, event
from congvan_gateway.console.api.routes import _TABLE
from congvan_gateway.console.desk import Desk as Wiring
from congvan_gateway.console.rendering import environment
from congvan_gateway.console.routes import page_routes
from congvan_gateway.console.schema import api_token
from congvan_gateway.console.sessions import digest
from congvan_gateway.operations.indexing import catch_up
from congvan_gateway.recall.schema import document_change
from congvan_gateway.storage.schema import message, recipient
from support_admin import OWN, Office, office
from support_databases import insert_row
from support_desk import token_of

#: Each is said by one of the closed rows; none may leave.
WORDS = ("hồ sơ kỷ luật kín", "danh sách thanh tra kín", "tên hồ sơ kín")
LISTS = ("/", "/cho-kiem-tra", "/van-ban-den", "/van-ban-den?tim=kín", "/van-ban-di", "/van-ban-di?loc=urgent", "/theo-doi?loc=all",
         "/tim-kiem?tim=kín", "/tim-kiem/xuat/csv?tim=kín", "/ho-so", "/nhac-han", "/giai-quyet?loc=all", "/thong-ke",
         "/bao-cao/theo-doi/csv", "/bao-cao/qua-han/csv", "/bao-cao/van-ban-di/csv")  # fmt: skip


@dataclass
class Closed:
    """One arrival, one issued document and one dossier that only ``lanhdao`` may open; ``rows`` by the routes' names."""

    office: Office
    rows: dict[str, str]
    sent: str
    year: int


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    with office(tmp_path_factory.mktemp("limits") / "desk") as made:
        yield _closed(made)


def _closed(there: Office) -> Closed:
    agency, at = there.ids[OWN[0][0]], now()
    rows = {"item": new_id(), "recipient": new_id(), "agency": agency}
    stored = there.app.blobs.put_bytes(f"%PDF-1.7 {WORDS[0]}".encode())
    main = StoredFile("1.pdf", stored.sha256, stored.size, FileRole.MAIN, "application/pdf", "pdf")
    with there.app.database.write() as connection:
        record(connection, stored.sha256, stored.size, at)
        meta = DocumentMetadata(
            number="12", symbol="SMT-VP", issued_on=date(2026, 11, 20), subject=WORDS[0], author=Party(name="Sở")
        )
        received = register_by_hand(connection, agency_id=agency, body_code=OWN[0][0], channel="paper", metadata=meta,
                                    arrived_at=at, actor="t")  # fmt: skip
        rows["document"], rows["sha"] = received.document_id, stored.sha256
        add_files(connection, received.document_id, [main], at=at)
        rows["file"] = connection.execute(select(document_file.c.id)).scalar_one()
        row = connection.execute(
            select(entry.c.id, entry.c.book_id).where(entry.c.document_id == received.document_id)
        ).one()
        rows |= {"entry": row.id, "book": row.book_id}
        sent = insert_row(connection, agency, "outgoing", subject=WORDS[1], number="7", symbol="QĐ-UBND", state="issued",
                          search_text=WORDS[1], urgency=1)  # fmt: skip
        register(
            connection,
            agency_id=agency,
            body_code=OWN[0][0],
            direction="outgoing",
            document_id=sent,
            arrived_at=at,
            actor="t",
        )
        connection.execute(insert(message).values(
            id=rows["item"], agency_id=agency, journal="t", journal_offset=1, door="file", received_at=at, arrived_at=at,
            mail_from="", rcpt_to="a@example.vn", envelope={}, raw_sha256="0" * 64, size=1, state="registered", subject=WORDS[0],
            document_id=received.document_id, report={"attachments": [{"sha256": stored.sha256, "role": "main"}]},
        ))  # fmt: skip
        connection.execute(insert(recipient).values(
            id=rows["recipient"], agency_id=agency, document_id=sent, address="x@example.vn", sending=1, message_id="m",
            envid="e", state="accepted", since=at, created_at=at, warn_at=at - timedelta(days=1),
        ))  # fmt: skip
        connection.execute(insert(document_change).values(
            id=new_id(), agency_id=agency, side="receiver", kind="recall", identifier="x", document_id=received.document_id,
            state="waiting", reason=WORDS[0], asked_at=at, dedupe="x",
        ))  # fmt: skip
        rows["dossier"] = keeping.list_dossier(connection, agency, at.year, "TCCB", WORDS[2], keeper="t", retention_years=5,
                                               actor="t", at=at)  # fmt: skip
        keeping.put_in(connection, rows["dossier"], sent, actor="t", at=at)
        for subject in (f"document:{received.document_id}", f"dossier:{rows['dossier']}"):
            rights.limit_access(connection, subject, ["lanhdao"], "QĐ 1", actor="t", at=at)
            connection.execute(insert(deadline_notice).values(
                id=new_id(), agency_id=agency, subject=subject, level="soon", due_at=at, told=[], at=at))  # fmt: skip
    catch_up(there.app)
    return Closed(there, rows, sent, at.year)


def says(answer: httpx.Response) -> str:
    """What an answer says, a zipped one unpacked."""
    if not answer.content.startswith(b"PK"):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return " ".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def filled(path: str, rows: dict[str, str]) -> str:
    """A route's path with the rows' ids in it."""
    return re.sub(r"\{(\w+)(?::int)?\}", lambda m: rows.get(m[1], "csv" if m[1] == "form" else "1"), path)


def leaks(answer: httpx.Response, closed: Closed) -> list[str]:
    """Words of closed rows in an answer, and their addresses where the question did not name them."""
    text, asked = says(answer), str(answer.request.url)
    ids = (closed.rows["document"], closed.sent, closed.rows["dossier"])
    return [one for one in WORDS if one in text] + [one for one in ids if one in text and one not in asked]


def test_no_page_and_no_file_shows_what_is_closed(closed: Closed) -> None:
    """Every address that names a row, and every list, for a clerk and an auditor who are not named in the limit."""
    routes = page_routes(Wiring(closed.office.app, environment(), None))  # type: ignore[arg-type]
    wrong, tried = [], 0
    for name in (closed.rows["document"], closed.sent):
        rows = closed.rows | {"document": name, "year": str(closed.year)}
        for login in ("vanthu", "kiemtra"):
            with closed.office.enter(login) as client:
                token = token_of(client)
                for route in routes:
                    names = set(re.findall(r"\{(\w+)", route.path))
                    if route.path.startswith(("/api/", "/quan-tri/")) or not names & set(rows):
                        continue
                    path = filled(route.path, rows)
                    open_to_all = names & {"book", "agency"}  # a register, the yearly list: lines without content
                    for method in sorted((route.methods or set()) - {"HEAD"}):
                        data = {"token": token, "act": "strike", "reason": "x", "version": "1"}
                        answer = client.get(path) if method == "GET" else client.post(path, data=data)
                        tried += 1
                        if leaks(answer, closed) or (answer.status_code < 400 and not open_to_all):
                            wrong.append(f"{login} {method} {path}: {answer.status_code} {leaks(answer, closed)}")
                for page in LISTS:
                    answer = client.get(page)
                    tried += 1
                    told = leaks(answer, closed)
                    if page == "/ho-so":  # a change of rights is named there until somebody confirms it
                        told = [one for one in told if one in WORDS]
                    if answer.status_code not in (200, 403) or told:
                        wrong.append(f"{login} {page}: {answer.status_code} {leaks(answer, closed)}")
    assert wrong == [] and tried > 100
    with closed.office.app.database.read() as connection:
        struck = connection.execute(select(entry.c.id).where(entry.c.state == "struck")).all()
        seen = connection.execute(
            select(event.c.kind).where(event.c.kind.in_(("document.viewed", "dossier.viewed")))
        ).all()
    assert struck == [] and seen == []


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_the_register_keeps_number_and_day_of_a_closed_line(closed: Closed, form: str) -> None:
    with closed.office.enter("vanthu") as client:
        shown = client.get("/van-ban-den")
        print_ = client.get(f"/so/{closed.rows['book']}/{form}")
    assert "Văn bản hạn chế xem" in shown.text and "<strong>1</strong>" in shown.text
    assert print_.status_code == 200 and print_.content
    if form == "csv":
        (line,) = [one for one in print_.content.decode("utf-8-sig").splitlines() if "Văn bản hạn chế xem" in one]
        assert "SMT-VP" not in line and re.search(r"(^|[;,\t])1([;,\t])", line)


def test_who_is_named_sees_it_and_the_view_is_kept(closed: Closed) -> None:
    with closed.office.enter("lanhdao") as client:
        for path, words in (
            (f"/van-ban/{closed.rows['document']}", WORDS[0]), (f"/van-ban/{closed.sent}", WORDS[1]),
            (f"/ho-so/{closed.rows['dossier']}", WORDS[2]), ("/van-ban-den", WORDS[0]), ("/van-ban-di", WORDS[1]),
            ("/theo-doi?loc=all", WORDS[1]), ("/tim-kiem?tim=kín", WORDS[0]), ("/ho-so", WORDS[2]),
            (f"/so/{closed.rows['book']}/csv", WORDS[0]), ("/bao-cao/theo-doi/csv", WORDS[0]), ("/bao-cao/van-ban-di/csv", WORDS[1]),
            (f"/ho-so/{closed.rows['dossier']}/muc-luc/csv", WORDS[1]), ("/nhac-han", WORDS[0]),
        ):  # fmt: skip
            answer = client.get(path)
            assert answer.status_code == 200 and words in says(answer), path
        data = client.get(f"/van-ban/{closed.rows['document']}/tep/{closed.rows['file']}")
        assert data.status_code == 200 and WORDS[0] in data.content.decode()
    with closed.office.app.database.read() as connection:
        kinds = connection.execute(
            select(event.c.kind).where(event.c.subject == f"document:{closed.rows['document']}", event.c.actor.contains("lanhdao"))
        ).scalars().all()  # fmt: skip
    assert {"document.viewed", "document.downloaded"} <= set(kinds)


def test_a_program_sees_what_its_name_is_listed_for(closed: Closed) -> None:
    value = f"cv_{new_id()}"
    with closed.office.app.database.write() as connection:
        connection.execute(insert(api_token).values(id=new_id(), name="liên thông", digest=digest(value), created_by="t",
                                                    scopes=["read", "send", "decide", "audit"], created_at=now()))  # fmt: skip
    body = {"by": "An", "act": "discard", "reason": "x", "said": "x", "number": "7", "fields": {"subject": "x"},
            "groups": [["a"]], "document": closed.rows["document"]}  # fmt: skip
    head = {"Authorization": f"Bearer {value}"}
    with httpx.Client(base_url=f"{closed.office.base}/api/v1", headers=head, timeout=60) as client:
        for path, method, *_ in _TABLE:
            for name in (closed.rows["document"], closed.sent):
                rows = closed.rows | {"document": name}
                address = filled(path, rows)
                more: dict[str, Any] = {"json": body} if method == "POST" else {}
                for query in (
                    ("?direction=outgoing&book=outgoing", "?direction=incoming&book=incoming&q=kín")
                    if "{" not in path
                    else ("",)
                ):
                    answer = client.request(method, address + query, **more)
                    assert not leaks(answer, closed), (method, address)
                    if "{document}" in path or "{item}" in path:
                        assert answer.status_code in (404, 422), (method, address, answer.text)
        assert [one["arrival_number"] for one in client.get("/registers?book=incoming").json()] == ["1"]
        with closed.office.app.database.write() as connection:
            people = ["lanhdao", "api:liên thông"]
            rights.limit_access(connection, f"document:{closed.rows['document']}", people, "QĐ 2", actor="t", at=now())
        seen = client.get(f"/documents/{closed.rows['document']}").json()
        assert seen["subject"] == WORDS[0]
        assert client.get(f"/documents/{closed.rows['document']}/files/{closed.rows['file']}").status_code == 200
    with closed.office.app.database.read() as connection:
        views = connection.execute(select(event.c.kind).where(event.c.actor == "liên thông (API)")).scalars().all()
    assert {"document.viewed", "document.downloaded"} <= set(views)


def test_one_dossier_that_is_open_opens_the_document(closed: Closed) -> None:
    """The set-wise conditions of lists say what the question about one document says."""
    with closed.office.app.database.write() as connection:
        agency = closed.rows["agency"]
        other = keeping.list_dossier(
            connection, agency, closed.year, "VP", "mở", keeper="t", retention_years=5, actor="t", at=now()
        )
        free = insert_row(connection, agency, "outgoing", subject="thường")
        for step in ("closed", "opened", "own"):
            if step == "opened":
                keeping.put_in(connection, other, closed.sent, actor="t", at=now())
            if step == "own":
                rights.limit_access(connection, f"document:{closed.sent}", ["vanthu"], "QĐ 3", actor="t", at=now())
            for login in ("vanthu", "lanhdao", "kiemtra"):
                one_by_one = {
                    one
                    for one in (closed.sent, closed.rows["document"], free)
                    if not rights.may_open(connection, "document", one, login)
                }
                assert rights.hidden_from(connection, login) == one_by_one, (step, login)
                shown = set(
                    connection.execute(select(document.c.id).where(rights.visible_to(connection, login))).scalars()
                )
                assert not shown & one_by_one and free in shown, (step, login)
        rights.limit_access(connection, f"document:{closed.sent}", [], "QĐ 4", actor="t", at=now())
        keeping.take_out(connection, other, closed.sent, "thử", actor="t", at=now())
