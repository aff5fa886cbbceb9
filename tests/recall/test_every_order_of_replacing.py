"""A document, its replacement, the replacement again, a request to give the first back: in every order the same.

NĐ 30/2020 Điều 18.4; QCVN 102 with its amendment of 2022, business types and status 13.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from congvan_core.ids import now
from congvan_core.storage.schema import document, entry
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.dispatch.sealing import seal_packages
from congvan_gateway.recall.effects import destroy
from congvan_gateway.recall.ordering import issue_order
from congvan_gateway.recall.schema import document_change
from congvan_gateway.recall.states import Kind
from congvan_gateway.storage.schema import outbox
from support_exchange import exchange
from support_pki import LivePki
from support_recall import Pair, forget, hand_over, identifier, request_13, signed_packet
from support_station import B_CODE, A, issue_document

NAMES = ("document", "replacement", "again", "recall")
SOME = [NAMES, ("recall", "replacement", "again", "document"), ("document", "recall", "replacement", "again")]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Iterator[Pair]:
    root = tmp_path_factory.mktemp("replacing")
    made = exchange(root, pki)
    with made.a.app() as a, made.b.app() as b:
        yield Pair(a, b, root, pki, made.sent.document_id, made.received_id)


@pytest.fixture(scope="module")
def mails(both: Pair) -> dict[str, bytes]:
    """Signed once, handed over in any order."""
    first = send(both.a, request(both, "16", to=(B_CODE,))).document_id
    seal_packages(both.a)
    second = issue_order(both.a, request(both, "17"), Kind.REPLACE, ["16/QĐ-STNA"], reason="sai").document_id
    seal_packages(both.a)
    hop = b"Received: from x by y; Mon, 23 Nov 2026 10:00:00 +0700\r\n"
    recall = signed_packet(both.pki, "gateway-a", request_13(identifier(both.a, first), at=now()))
    replacement = package(both, second)
    return {"document": package(both, first), "replacement": replacement, "again": hop + replacement, "recall": recall}


def request(pair: Pair, number: str, to: tuple[str, ...] = ()) -> SendRequest:
    path = issue_document(pair.pki, pair.root / number, number=number, subject=f"văn bản {number}")
    files, packet = read_files(path, [])
    return SendRequest(files=files, to=to, actor="Đỗ Văn Thư", packet=packet)


def package(pair: Pair, document_id: str) -> bytes:
    with pair.a.database.read() as connection:
        found = select(outbox).where(outbox.c.document_id == document_id, outbox.c.kind == "package")
        row = connection.execute(found).one()
    return bytes(row.headers.encode("ascii") + pair.a.blobs.read(row.body_sha256))


def comes_out(pair: Pair, mails: dict[str, bytes], order: tuple[str, ...]) -> None:
    forget(pair.b)
    for name in order:
        hand_over(pair.root, pair.b, mails[name], sender=A.mail)
        destroy(pair.b)
    with pair.b.database.read() as connection:
        lines: Any = connection.execute(
            select(document.c.number, document.c.state, document.c.packet, entry.c.remark, entry.c.state.label("line"))
            .join(entry, entry.c.document_id == document.c.id)
            .order_by(document.c.number)
        ).all()
        acts = sorted((one.kind, one.state) for one in connection.execute(select(document_change)))
        told = sorted(connection.execute(select(outbox.c.kind)).scalars())
    old, new = lines
    assert (old.number, old.state, old.packet, old.line) == ("16", "recalled", None, "active"), order
    assert (new.number, new.state, new.remark) == ("17", "registered", None), order
    assert {one.split(" ngày")[0] for one in old.remark.split("; ")} == {
        "Đã được thay thế bởi văn bản số 17/QĐ-STNA", "Đã lấy lại theo yêu cầu lấy lại",
    }, order  # fmt: skip
    assert acts == [("replace", "agreed"), ("take_back", "agreed")], order
    assert told == ["duplicate", "receipt_03", "receipt_03", "receipt_15", "receipt_15"], order


@pytest.mark.parametrize("order", SOME, ids="-".join)
def test_some_orders(both: Pair, mails: dict[str, bytes], order: tuple[str, ...]) -> None:
    comes_out(both, mails, order)


@pytest.mark.soak
def test_every_order(both: Pair, mails: dict[str, bytes]) -> None:
    for order in itertools.permutations(NAMES):
        comes_out(both, mails, order)
