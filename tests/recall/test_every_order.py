"""The same mails in every order: the document, its recall, the recall again, a forged one, a foreign one, a late copy.

What comes out is the same: one entry with its number, content destroyed, one agreed answer for the author, nothing for
whoever forged.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from congvan_core.ids import now
from congvan_core.storage.schema import document, entry
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.recall.asking import take_back
from congvan_gateway.recall.effects import destroy
from congvan_gateway.recall.schema import document_change
from congvan_gateway.storage.schema import outbox
from support_exchange import Exchange, exchange
from support_pki import LivePki
from support_recall import (
    Pair,
    answers,
    carry_all,
    followed,
    forget,
    hand_over,
    identifier,
    request_13,
    row_of,
    signed_packet,
)
from support_station import A

NAMES = ("document", "recall", "recall again", "forged", "foreign", "copy")
SOME = [
    NAMES, NAMES[::-1],
    ("recall", "document", "foreign", "copy", "recall again", "forged"),
    ("forged", "foreign", "recall again", "copy", "document", "recall"),
    ("copy", "forged", "recall", "foreign", "recall again", "document"),
]  # fmt: skip


def the_mails(pair: Pair) -> dict[str, tuple[bytes, str]]:
    """Signed once, handed over in any order."""
    known, at = identifier(pair.a, pair.document), now()
    recall = signed_packet(pair.pki, "gateway-a", request_13(known, at=at))
    with pair.a.database.read() as connection:
        row = connection.execute(select(outbox).where(outbox.c.kind == "package")).one()
    raw = row.headers.encode("ascii") + pair.a.blobs.read(row.body_sha256)
    hop = b"Received: from x by y; Mon, 23 Nov 2026 10:00:00 +0700\r\n"
    own = request_13(known, reporter="H24.77", at=at)
    return {
        "document": (raw, A.mail),
        "copy": (hop + raw, A.mail),
        "recall": (recall, A.mail),
        "recall again": (hop + recall, A.mail),
        "forged": (signed_packet(pair.pki, None, request_13(known, at=at)), A.mail),
        "foreign": (signed_packet(pair.pki, "station-ec", own, mail="tram@a.example.vn"), "tram@a.example.vn"),
    }


@pytest.fixture(scope="module")
def pair_of_all(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Iterator[Pair]:
    root = tmp_path_factory.mktemp("orders")
    made: Exchange = exchange(root, pki)
    with made.a.app() as a, made.b.app() as b:
        found_agency(
            b, code="H24.77", name="Sở Khác", address="tram@a.example.vn", own=False,
            certificate=pki.cert("station-ec"),
        )  # fmt: skip
        yield Pair(a, b, root, pki, made.sent.document_id, made.received_id)


@pytest.fixture(scope="module")
def mails(pair_of_all: Pair) -> dict[str, tuple[bytes, str]]:
    return the_mails(pair_of_all)


def comes_out(pair: Pair, mails: dict[str, tuple[bytes, str]], order: tuple[str, ...]) -> None:
    forget(pair.b)
    for name in order:
        raw, sender = mails[name]
        hand_over(pair.root, pair.b, raw, sender=sender)
        destroy(pair.b)
    destroy(pair.b)
    with pair.b.database.read() as connection:
        (there,) = connection.execute(select(document)).all()
        (line,) = connection.execute(select(entry)).all()
        acts = connection.execute(select(document_change)).all()
        told = sorted(connection.execute(select(outbox.c.kind).where(outbox.c.kind.like("receipt_1%"))).scalars())
    assert (there.state, there.packet, line.number_text, line.state) == ("recalled", None, "1", "active"), order
    assert line.remark.startswith("Đã lấy lại theo") and line.remark.count("Đã ") == 1, order
    assert not pair.b.blobs.exists(there.main_sha256), order
    agreed = [one for one in acts if one.kind == "take_back" and one.state == "agreed"]
    foreign = [one.state for one in acts if one.author_code == "H24.77"]
    assert len(agreed) == 1 and foreign == ["declined"], order
    assert told == ["receipt_15", "receipt_16"], (order, told)


@pytest.mark.parametrize("order", SOME, ids=lambda order: "-".join(word[0] for word in order))
def test_some_orders(pair_of_all: Pair, mails: dict[str, tuple[bytes, str]], order: tuple[str, ...]) -> None:
    comes_out(pair_of_all, mails, order)


@pytest.mark.soak
def test_every_order(pair_of_all: Pair, mails: dict[str, tuple[bytes, str]]) -> None:
    for order in itertools.permutations(NAMES):
        comes_out(pair_of_all, mails, order)


@pytest.mark.real("postgresql")
def test_the_whole_of_it_on_postgresql(tmp_path: Path, pki: LivePki, request: pytest.FixtureRequest) -> None:
    cluster = request.getfixturevalue("postgres_cluster")
    urls = cluster.empty_database(), cluster.empty_database()
    made = exchange(tmp_path, pki, urls)
    with made.a.app() as a, made.b.app() as b:
        pair = Pair(a, b, tmp_path, pki, made.sent.document_id, made.received_id)
        for app in (a, b):
            with app.database.write() as connection:
                connection.execute(
                    update(outbox).where(outbox.c.state == "queued").values(state="accepted", attempts=1)
                )
        take_back(a, pair.document, reason="gửi nhầm", actor="Đỗ Văn Thư")
        carry_all(tmp_path, a, b)
        assert row_of(b, pair.received).state == "recalled" and destroy(b) == 1 and answers(b) == ["receipt_15"]
        carry_all(tmp_path, b, a)
        assert followed(a, pair.document).state == "recalled" and row_of(a, pair.document).state == "recalled"
