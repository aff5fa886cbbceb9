"""How long the desk's pages take with a hundred thousand documents, as a browser asks for them: log-in, lists, searches.

The whole answer is measured, template and all, over the application itself without a socket; a page should answer
within 200 ms. ``python -m congvan_gateway.operations.bench.pages [COUNT]`` also prints the plans of what is slower.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from congvan_core.agencies.editing import add_contact_point, add_mailbox
from congvan_core.ids import now
from congvan_core.storage import schema
from congvan_core.storage.database import Database
from congvan_gateway.console.accounts import add_account
from congvan_gateway.console.serving import make_application
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.bench.growth import _fill, _plans, _start
from congvan_gateway.operations.bench.peer_postgres import postgresql
from congvan_gateway.operations.bench.table import Row, Setting, median, seconds
from congvan_gateway.settings import load
from congvan_gateway.storage.schema import message, recipient

_PASSWORD = "bốn mùa hoa phượng đỏ"  # noqa: S105  of a database that lives for a minute
#: What a page may take (seconds).
GOAL = 0.2
_SENDINGS, _HELD = 3, 200
#: A line of text for each document: PostgreSQL takes minutes to index a hundred thousand whole pages.
_TEXT = "Các cơ quan, đơn vị rà soát kết quả thực hiện nhiệm vụ được giao, báo cáo trước ngày 15 hằng tháng."


def measure(setting: Setting) -> Iterator[Row]:
    """Ten thousand documents (quick) or thirty thousand, on both databases; a hundred thousand take longer to fill than
    the whole bench may last: ``python -m congvan_gateway.operations.bench.pages 100000``."""
    size = 10_000 if setting.quick else 30_000
    yield from _on(setting, f"sqlite:///{setting.folder}/pages.db", "SQLite", size)
    with postgresql(setting, "pages") as url:
        if url is None:
            yield Row("pages", "PostgreSQL", "not measured: PostgreSQL is not installed", "")
            return
        yield from _on(setting, url, "PostgreSQL", size)


def _on(setting: Setting, url: str, name: str, size: int, tell: bool = False) -> Iterator[Row]:
    app = _filled(setting.folder / f"pages-{name}", url, size)
    try:
        visitor = _Visitor(app)
        for what, path in _pages(app, size).items():
            visitor.get(path)
            took = median([seconds(lambda path=path: visitor.get(path)) for _ in range(setting.rounds)])  # type: ignore[misc]
            yield Row("pages", f"{name}, {size} documents: {what}", f"wanted {1e3 * GOAL:.0f} ms", f"{1e3 * took:.0f} ms",
                      took / GOAL, "<= 1")  # fmt: skip
            if tell and took > GOAL / 2:
                plans = _plans(app.database, lambda path=path: visitor.get(path))  # type: ignore[misc]
                sys.stdout.write(f"--- {name}: {what}, {1e3 * took:.0f} ms\n" + "\n".join(plans) + "\n")
    finally:
        app.close()


def _pages(app: App, size: int) -> dict[str, str]:
    with app.database.read() as connection:
        document = connection.execute(
            select(schema.document.c.id).where(schema.document.c.direction == "incoming").limit(1)
        ).scalar_one()
        item = connection.execute(select(message.c.id).where(message.c.state == "held").limit(1)).scalar_one()
    middle = (now() - timedelta(minutes=50_000)).isoformat().replace("+", "%2B")
    return {
        "overview": "/",
        "what waits": "/cho-kiem-tra",
        "review card": f"/cho-kiem-tra/{item}",
        "incoming register": "/van-ban-den",
        "incoming register, page in the middle": f"/van-ban-den?sau={middle}_zzzz",
        "search of a common word": "/van-ban-den?tim=hop+thu",
        "search of one document": f"/van-ban-den?tim=so{size - 309}x",
        "search of an old document's inner part": "/van-ban-den?tim=o309x",
        "search of nothing": "/van-ban-den?tim=khongcotunay",
        "outgoing register": "/van-ban-di",
        "document": f"/van-ban/{document}",
        "tracking": "/theo-doi",
        "tracking, everything": "/theo-doi?loc=all",
        "tracking, overdue": "/theo-doi?loc=overdue",
        "search in tracking": "/theo-doi?loc=all&tim=so309x",
        "search of a recipient in tracking": "/theo-doi?loc=all&tim=co+quan+so+2",
        "search of nothing in tracking": "/theo-doi?loc=all&tim=khongcotunay",
        "sending form": "/gui",
        "drafts": "/du-thao",
        "handling": "/giai-quyet",
        "search page": f"/tim-kiem?tim=so{size - 309}x",
        "dossiers": "/ho-so",
        "warnings": "/nhac-han",
        "statistics": "/thong-ke",
        "queues": "/quan-tri/hang-doi",
        "directory": "/quan-tri/danh-ba",
        "route": "/quan-tri/tuyen",
        "journal": "/quan-tri/nhat-ky",
    }


class _Visitor:
    """A clerk's browser over the application itself."""

    def __init__(self, app: App) -> None:
        import httpx

        self._loop = asyncio.new_event_loop()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=make_application(app)), base_url="http://desk.test",
            headers={"Sec-Fetch-Site": "same-origin"}, timeout=60,
        )  # fmt: skip
        answer = self._loop.run_until_complete(
            self._client.post("/dang-nhap", data={"login": "bench", "password": _PASSWORD, "target": "/"})
        )
        assert answer.status_code == 303, answer.text[:300]

    def get(self, path: str) -> None:
        answer = self._loop.run_until_complete(self._client.get(path))
        assert answer.status_code == 200, f"{path}: {answer.status_code}"


def _filled(folder: Path, url: str, size: int) -> App:
    database = Database(url)
    agency = _start(database)
    _fill(database, 0, size, _TEXT)
    with database.write() as connection:
        # Every document has a word of its own beside those that all share, and its index knows it ("so309x").
        connection.execute(
            text(
                "UPDATE document SET subject = 'V/v rà soát hộp thư công vụ số ' || ltrim(id, '0'), author_name = 'Sở Mẫu Thử'"
            )
        )
        _people(connection, agency)
        _sent(connection, agency, size // 2)
        _held(connection, agency)
    with database.write() as connection:
        connection.execute(text("ANALYZE"))
    database.close()
    folder.mkdir()
    (folder / "congvan.toml").write_text(
        f'[storage]\ndatabase = "{url}"\nblobs = "blobs"\nspool = "spool"\nsealed = "sealed"\n', encoding="utf-8"
    )
    return open_app(load(folder / "congvan.toml"))


def _people(connection: Connection, agency: str) -> None:
    add_account(connection, login="bench", name="Văn thư", password=_PASSWORD, roles=("clerk", "administrator", "leader"), position="Văn thư",
                telephone="0225", actor="bench", at=now(), must_change=False)  # fmt: skip
    add_mailbox(connection, agency, "vanthu@bench.example.vn", actor="bench")
    for number in range(400):
        point = add_contact_point(connection, f"H24.{100 + number}", f"Cơ quan số {number}", actor="bench")
        add_mailbox(connection, point.id, f"vanthu@co-quan-{number}.example.vn", actor="bench")


def _sent(connection: Connection, agency: str, documents: int) -> None:
    """Half of the documents were sent: each to a few recipients, nearly all confirmed."""
    copies = select(schema.document.c.id).where(schema.document.c.number_key.like("k%"))
    wanted = copies.order_by(schema.document.c.id).limit(documents)
    connection.execute(update(schema.document).where(schema.document.c.id.in_(wanted)).values(direction="outgoing"))
    ids = connection.execute(
        select(schema.document.c.id, schema.document.c.created_at).where(schema.document.c.direction == "outgoing")
    ).all()
    rows = []
    for place, (document, at) in enumerate(ids):
        for one in range(_SENDINGS):
            state = "accepted" if place % 50 == 0 else "received"
            rows.append(
                {"id": f"{place:016x}{one:016x}", "agency_id": agency, "document_id": document, "name": f"Cơ quan số {one}",
                 "address": f"vanthu@co-quan-{one}.test", "sending": 1, "message_id": f"{place}.{one}@bench.test",
                 "envid": f"{place}.{one}", "state": state, "since": at, "warn_at": at + timedelta(hours=4),
                 "created_at": at, "urgency": 0}
            )  # fmt: skip
    for start in range(0, len(rows), 5000):
        connection.execute(insert(recipient), rows[start : start + 5000])
    # Their entries stand in a book of outgoing documents.
    book: Any = connection.execute(select(schema.book)).first()
    values = {**book._mapping, "id": "f" * 32, "direction": "outgoing"}
    connection.execute(insert(schema.book).values(**values))
    connection.execute(
        text(
            "UPDATE entry SET book_id = :book WHERE document_id IN (SELECT id FROM document WHERE direction = 'outgoing')"
        ),
        {"book": "f" * 32},
    )


def _held(connection: Connection, agency: str) -> None:
    """A bad morning: two hundred mails wait, and a hundred times as many are done."""
    at = now()
    report = {
        "kind": "document",
        "findings": [],
        "attachments": [],
        "metadata": {},
        "verification": [],
        "proposals": [],
    }
    connection.execute(
        insert(message),
        [
            {"id": f"{n:032x}", "agency_id": agency, "journal": "bench", "journal_offset": n, "door": "smtp",
             "received_at": at - timedelta(minutes=n), "arrived_at": at - timedelta(minutes=n), "mail_from": "a@co-quan.test",
             "rcpt_to": "vanthu@bench.example.vn", "envelope": {}, "raw_sha256": f"{n:064x}", "size": 1000,
             "state": "held" if n < _HELD else "registered", "kind": "document", "report": report,
             "recommended": "quarantine", "codes": ["ORIGIN-AUTOMATIC-OFF"], "from_address": f"vanthu@co-quan-{n % 40}.test",
             "subject": f"V/v việc số {n}", "number": str(n), "symbol": "SMT-VP", "urgency": 0}
            for n in range(_HELD * 100)
        ],
    )  # fmt: skip


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        setting = Setting(3, folder)
        for row in _on(setting, f"sqlite:///{folder}/pages.db", "SQLite", size, tell=True):
            _print(row)
        if "--sqlite" in sys.argv:
            return
        with postgresql(setting, "pages") as url:
            for row in _on(setting, url, "PostgreSQL", size, tell=True) if url is not None else ():
                _print(row)


def _print(row: Row) -> None:
    sys.stdout.write(f"{row.what}: {row.ours}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
