"""Orders about a document that was sent: agreed, declined, early, late, double, contradicting, forged, foreign.

NĐ 30 Điều 18.4.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from congvan_core.errors import ConflictError, InputError, RefusedError
from congvan_core.ids import now
from congvan_core.journal.sealing import seal_all
from congvan_core.journal.verifying import verify_all
from congvan_core.storage.schema import entry
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.main import App
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.recall import receiving
from congvan_gateway.recall.asking import take_back
from congvan_gateway.recall.effects import destroy
from congvan_gateway.recall.schema import document_change
from congvan_gateway.recall.states import MOVES, Event, Kind, State, move
from congvan_gateway.storage.schema import message, outbox
from support_recall import (
    Pair,
    answers,
    business_packet,
    carry_all,
    changes,
    entry_of,
    followed,
    hand_over,
    identifier,
    message_states,
    request_13,
    row_of,
    signed_packet,
)
from support_station import A, B


def recalled_at_b(pair: Pair) -> None:
    """The end that every order of arrival must come to."""
    there = row_of(pair.b, pair.received)
    assert there.state == "recalled" and there.packet is None and there.search_text is None
    kept = entry_of(pair.b, pair.received)
    assert (kept.number_text, kept.state) == ("1", "active")
    assert kept.remark.startswith(("Đã thu hồi theo", "Đã lấy lại theo"))


def assign(app: App, document_id: str) -> None:
    with app.database.write() as connection:
        connection.execute(update(entry).where(entry.c.document_id == document_id).values(holder="Phòng Kinh tế"))


def test_taken_back_destroyed_and_told(pair: Pair) -> None:
    with pair.b.database.read() as connection:
        raw = connection.execute(
            select(message.c.raw_sha256).where(message.c.document_id == pair.received)
        ).scalar_one()
    main = row_of(pair.b, pair.received).main_sha256
    assert pair.b.blobs.exists(raw) and pair.b.blobs.exists(main)
    asked = take_back(pair.a, "12/QĐ-STNA", reason="gửi nhầm phụ lục", actor="Đỗ Văn Thư")
    assert asked["state"] == "recalling" and asked["recipients"][0]["asked"]
    with pytest.raises(RefusedError):
        resend(pair.a, pair.document, to=[], reason="bên nhận đề nghị", actor="x")
    (taken,) = carry_all(pair.root, pair.a, pair.b)
    assert taken["state"] == "ignored"
    recalled_at_b(pair)
    assert "yêu cầu lấy lại ngày" in entry_of(pair.b, pair.received).remark
    assert destroy(pair.b) == 1 and destroy(pair.b) == 0
    assert not pair.b.blobs.exists(raw) and not pair.b.blobs.exists(main)
    with pair.b.database.read() as connection:
        record = connection.execute(select(document_change.c.data)).scalar_one()
    assert record["destroyed_at"] and record["kept"] == [] and record["files"][0]["sha256"] == main
    assert answers(pair.b) == ["receipt_15"]
    carry_all(pair.root, pair.b, pair.a)
    assert followed(pair.a, pair.document).state == "recalled"
    assert row_of(pair.a, pair.document).state == "recalled" and changes(pair.a, "sender") == [("take_back", "done")]
    for app in (pair.a, pair.b):
        seal_all(app.database)
        with app.database.read() as connection:
            assert all(result.intact for result in verify_all(connection, now=now()))


def test_the_same_request_twice_is_one_act(pair: Pair) -> None:
    raw = signed_packet(pair.pki, "gateway-a", request_13(identifier(pair.a, pair.document)))
    hand_over(pair.root, pair.b, raw, sender=A.mail)
    hand_over(pair.root, pair.b, b"Received: from x by y; Mon, 23 Nov 2026 10:00:00 +0700\r\n" + raw, sender=A.mail)
    assert changes(pair.b) == [("take_back", "agreed")] and answers(pair.b) == ["receipt_15"]
    later = signed_packet(pair.pki, "gateway-a", business_packet(identifier(pair.a, pair.document), 1))
    hand_over(pair.root, pair.b, later, sender=A.mail)
    assert changes(pair.b) == [("take_back", "agreed"), ("recall", "agreed")], "asked again: agreed again"
    recalled_at_b(pair)
    assert entry_of(pair.b, pair.received).remark.count("Đã") == 1, "nothing happens twice"


@pytest.mark.parametrize("agree", [True, False])
def test_once_assigned_a_leader_decides(pair: Pair, agree: bool) -> None:
    assign(pair.b, pair.received)
    take_back(pair.a, pair.document, reason="gửi nhầm", actor="Đỗ Văn Thư")
    (taken,) = carry_all(pair.root, pair.a, pair.b)
    assert taken["state"] == "held" and row_of(pair.b, pair.received).state == "registered" and answers(pair.b) == []
    with pair.b.database.read() as connection:
        (waiting,) = receiving.waiting(connection)
    with pytest.raises(InputError):
        receiving.decide(pair.b, waiting.id, agree=agree, actor="Chủ tịch", reason=" ")
    receiving.decide(pair.b, waiting.id, agree=agree, actor="Chủ tịch", reason="đã trao đổi")
    with pytest.raises(ConflictError):
        receiving.decide(pair.b, waiting.id, agree=not agree, actor="Chủ tịch", reason="đổi ý")
    assert answers(pair.b) == ["receipt_15" if agree else "receipt_16"]
    carry_all(pair.root, pair.b, pair.a)
    if agree:
        recalled_at_b(pair)
        assert followed(pair.a, pair.document).state == "recalled"
    else:
        assert row_of(pair.b, pair.received).state == "registered"
        assert (
            followed(pair.a, pair.document).state == "received" and row_of(pair.a, pair.document).state == "recalling"
        )


def test_a_copy_that_comes_after_the_recall_takes_no_number(pair: Pair) -> None:
    hand_over(
        pair.root,
        pair.b,
        signed_packet(pair.pki, "gateway-a", business_packet(identifier(pair.a, pair.document), 1)),
        sender=A.mail,
    )
    destroy(pair.b)
    with pair.a.database.write() as connection:
        connection.execute(update(outbox).where(outbox.c.kind == "package").values(state="queued"))
    (taken,) = carry_all(pair.root, pair.a, pair.b)
    assert taken["state"] == "duplicate" and answers(pair.b) == ["receipt_15"], "no receipt of what is destroyed"
    assert destroy(pair.b) == 1
    main = row_of(pair.b, pair.received).main_sha256
    assert not pair.b.blobs.exists(main)
    recalled_at_b(pair)


def test_a_request_before_its_document_comes_out_the_same(pair: Pair) -> None:
    """B never had the document: the request waits for it, then the entry is made and the content destroyed."""
    _forget(pair)
    raw = signed_packet(pair.pki, "gateway-a", request_13(identifier(pair.a, pair.document)))
    assert hand_over(pair.root, pair.b, raw, sender=A.mail)["state"] == "ignored"
    assert changes(pair.b) == [("take_back", "early")] and answers(pair.b) == []
    with pair.a.database.write() as connection:
        connection.execute(update(outbox).where(outbox.c.kind == "package").values(state="queued"))
    (taken,) = carry_all(pair.root, pair.a, pair.b)
    assert taken["state"] == "registered"
    pair.received = taken["document_id"]
    there = row_of(pair.b, pair.received)
    assert there.state == "recalled" and entry_of(pair.b, pair.received).remark.startswith("Đã lấy lại theo")
    assert changes(pair.b) == [("take_back", "agreed")] and answers(pair.b) == ["receipt_15"]
    assert destroy(pair.b) == 1 and not pair.b.blobs.exists(there.main_sha256)


def _forget(pair: Pair) -> None:
    """B as if the document had never come."""
    from congvan_core.storage.schema import arrival, book, document, document_file

    with pair.b.database.write() as connection:
        for table in (arrival, entry, document_file, outbox, message, document, book):
            connection.execute(table.delete())


@pytest.mark.parametrize("key", [None, "stranger-gateway", "gateway-b"])
def test_forged_requests_do_nothing_and_are_not_answered(pair: Pair, key: str | None) -> None:
    raw = signed_packet(pair.pki, key, request_13(identifier(pair.a, pair.document)))
    taken = hand_over(pair.root, pair.b, raw, sender=A.mail)
    assert taken["state"] == "held" and row_of(pair.b, pair.received).state == "registered"
    assert changes(pair.b) == [("take_back", "void")] and answers(pair.b) == []
    assert "ORIGIN-ORDER-NOT-PROVED" in {f["code"] for f in taken["findings"]}


def last_mail_state(app: App) -> str:
    with app.database.read() as connection:
        return str(connection.execute(select(message.c.state).order_by(message.c.id.desc()).limit(1)).scalar_one())


def test_another_agency_cannot_recall_it_by_its_own_name_or_the_authors(pair: Pair) -> None:
    at = now()  # the forged request names the very moment of the first one
    found_agency(
        pair.b, code="H24.77", name="Sở Khác", address="tram@a.example.vn", own=False,
        certificate=pair.pki.cert("station-ec"),
    )  # fmt: skip
    own = signed_packet(
        pair.pki,
        "station-ec",
        request_13(identifier(pair.a, pair.document), reporter="H24.77", at=at),
        mail="tram@a.example.vn",
    )
    hand_over(pair.root, pair.b, own, sender="tram@a.example.vn")
    assert changes(pair.b) == [("take_back", "declined")] and answers(pair.b) == ["receipt_16"]
    named = signed_packet(
        pair.pki, "station-ec", request_13(identifier(pair.a, pair.document), at=at), mail="tram@a.example.vn"
    )
    hand_over(pair.root, pair.b, named, sender="tram@a.example.vn")
    # Signed by another agency's key in the author's name: it proves nothing, and a clerk sees it.
    assert changes(pair.b) == [("take_back", "declined"), ("take_back", "void")]
    assert last_mail_state(pair.b) == "held"
    assert row_of(pair.b, pair.received).state == "registered"


def test_what_is_recalled_is_not_updated(pair: Pair) -> None:
    known = identifier(pair.a, pair.document)
    hand_over(pair.root, pair.b, signed_packet(pair.pki, "gateway-a", business_packet(known, 1)), sender=A.mail)
    hand_over(pair.root, pair.b, signed_packet(pair.pki, "gateway-a", business_packet(known, 2)), sender=A.mail)
    assert changes(pair.b) == [("recall", "agreed"), ("update", "declined")]
    assert answers(pair.b) == ["receipt_15", "receipt_16"]
    recalled_at_b(pair)


def test_an_update_that_removes_us_recalls_it(pair: Pair) -> None:
    packet = business_packet(identifier(pair.a, pair.document), 2, receivers_changed=True, receivers=((B.code, 0),))
    hand_over(pair.root, pair.b, signed_packet(pair.pki, "gateway-a", packet), sender=A.mail)
    assert changes(pair.b) == [("recall", "agreed")]
    recalled_at_b(pair)


def test_answers_to_nothing_asked_are_a_persons(pair: Pair) -> None:
    from congvan_core.documents.model import DocumentLink, Party, StatusReport
    from congvan_gateway.intake.files import take_in_file
    from congvan_mailbox.package.edxml_write import write_status

    link = DocumentLink(A.code, "12/QĐ-STNA", identifier(pair.a, pair.document), None)
    raw = signed_packet(
        pair.pki, "gateway-b", write_status(StatusReport("15", Party(B.code, B.name), link)), mail=B.mail
    )
    path = pair.root / "15.eml"
    path.write_bytes(raw)
    taken = take_in_file(pair.a, path, sender=B.mail, recipients=[A.mail])
    assert taken["state"] == "held" and followed(pair.a, pair.document).state == "received"
    assert "REPORT-NOT-ASKED" in {f["code"] for f in taken["findings"]}


def test_who_was_not_asked_cannot_agree(pair: Pair) -> None:
    """Another recipient was asked: an answer of this one moves nothing, a person looks."""
    take_back(pair.a, pair.document, reason="gửi nhầm phụ lục", actor="Đỗ Văn Thư")
    with pair.a.database.write() as connection:
        connection.execute(update(document_change).values(data={"to": ["H24.77"]}))
    carry_all(pair.root, pair.a, pair.b)
    (answer,) = carry_all(pair.root, pair.b, pair.a)
    assert answer["state"] == "held"
    assert "REPORT-NOT-ASKED" in {f["code"] for f in answer["findings"]}
    assert followed(pair.a, pair.document).state == "received"
    assert row_of(pair.a, pair.document).state == "recalling"


def test_requests_need_reasons(pair: Pair) -> None:
    with pytest.raises(InputError):
        take_back(pair.a, pair.document, reason=" ", actor="x")
    assert changes(pair.a, "sender") == [] and "held" not in message_states(pair.a)


@given(st.sampled_from(State), st.lists(st.sampled_from(Event), max_size=6))
def test_the_table_ends_where_it_says(state: State, told: list[Event]) -> None:
    """What is agreed, declined, void or done stays so, whatever is told; nothing becomes new again."""
    final = {State.AGREED, State.DECLINED, State.VOID, State.DONE}
    seen = state
    for event in told:
        after = move(seen, event)
        assert seen not in final or after is seen
        assert after is not State.NEW or seen is State.NEW
        seen = after
    assert {target for _, target in MOVES.items()} & {State.NEW, State.ASKED} == set()
    assert [k for k in Kind if k.destroys] == [Kind.TAKE_BACK, Kind.RECALL]
