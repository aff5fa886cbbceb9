"""NĐ 30/2020 Phụ lục VI, "phong tỏa": while an order holds, no act changes or destroys a document, and each names the order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from congvan_core.documents.model import FileRole, LegalValue
from congvan_core.documents.store import set_legal_value, set_registered_in_qlvbdh
from congvan_core.dossiers import keeping, rights
from congvan_core.dossiers.schema import dossier_document
from congvan_core.errors import RefusedError
from congvan_core.ids import now
from congvan_core.registers.entries import keep, strike
from congvan_core.storage.schema import arrival, document, document_file, entry
from congvan_core.workflow import handling
from congvan_core.workflow.numbering_and_seal import keep_archive_copy
from congvan_core.workflow.organisation import Actor
from congvan_core.workflow.publishing import publish
from congvan_core.workflow.schema import handling as handling_table
from congvan_core.workflow.schema import opinion, publication
from congvan_gateway.dispatch.request import OutgoingFile, SendRequest
from congvan_gateway.dispatch.resending import resend
from congvan_gateway.drafting.digitising import digitise
from congvan_gateway.main import App
from congvan_gateway.operations.destroying import destroy_contents
from congvan_gateway.recall import receiving
from congvan_gateway.recall.asking import take_back
from congvan_gateway.recall.effects import destroy
from congvan_gateway.recall.ordering import issue_order
from congvan_gateway.recall.schema import document_change
from congvan_gateway.recall.states import Kind
from congvan_gateway.storage.schema import recipient
from support_recall import Pair, answers, carry_all, entry_of, followed, hand_over, row_of

ORDER = "Lệnh 01/CQĐT ngày 20/11/2026"
#: What a frozen document consists of.
TABLES = (
    document,
    document_file,
    entry,
    recipient,
    arrival,
    handling_table,
    opinion,
    publication,
    dossier_document,
    document_change,
)


def somebody(agency_id: str) -> Actor:
    """A person who may do everything."""
    return Actor("x", agency_id, "Người Thử", frozenset({"clerk", "leader", "unit_head"}), (("VĂN THƯ", None),))


def order(pair: Pair, kind: Kind) -> None:
    main = OutgoingFile("13-QD-STNA_22112026_Thu-hoi.pdf", b"%PDF-1.7 thu hoi", FileRole.MAIN)
    request = SendRequest(
        files=(main,), to=(), number="13", symbol="QĐ-STNA", issued_on=date(2026, 11, 22), subject="thu hồi", actor="x"
    )
    issue_order(pair.a, request, kind, [pair.document], reason="gửi nhầm")


#: Every act on what was issued, and every act on what arrived.
SENT: dict[str, Callable[[Pair], object]] = {
    "lấy lại": lambda p: take_back(p.a, p.document, reason="gửi nhầm", actor="x"),
    "thu hồi": lambda p: order(p, Kind.RECALL),
    "thay thế": lambda p: order(p, Kind.REPLACE),
    "cập nhật": lambda p: order(p, Kind.UPDATE),
    "gửi lại": lambda p: resend(p.a, p.document, to=["H24.16"], reason="đề nghị", actor="x"),
    "hủy nội dung": lambda p: destroy_contents(p.a, [p.document], "QĐ 1", actor="x"),
}
ROWS: dict[str, Callable[..., object]] = {
    "hủy số": lambda c, d, e, a: strike(c, e, reason="nhầm", actor="x", at=now()),
    "ghi cột của sổ": lambda c, d, e, a: keep(c, e, actor="x", at=now(), holder="Phòng Kinh tế"),
    "ghi bản lưu": lambda c, d, e, a: keep_archive_copy(c, d, "Văn thư", actor="x", at=now()),
    "đăng tải": lambda c, d, e, a: publish(c, d, "https://cong.example.vn/1", date(2020, 1, 1), by="x", at=now()),
    "giá trị pháp lý": lambda c, d, e, a: set_legal_value(c, d, LegalValue.UNDECIDED, "xem lại", actor="x", at=now()),
    "vào QLVBĐH": lambda c, d, e, a: set_registered_in_qlvbdh(c, d, qlvbdh_number="9", registered_at=now(), actor="x"),
    "trình": lambda c, d, e, a: handling.present(c, d, a, by=a, at=now()),
    "phân công": lambda c, d, e, a: handling.assign(c, d, handling.Assignment("u"), by=a, at=now()),
    "chuyển tiếp": lambda c, d, e, a: handling.forward(c, d, to_unit_id="u", to_person_id=None, by=a, at=now()),
    "ý kiến": lambda c, d, e, a: handling.give_opinion(c, d, "đồng ý", by=a, at=now()),
    "hoàn thành": lambda c, d, e, a: handling.finish(c, d, "xong", by=a, at=now()),
}  # fmt: skip


def rows(app: App) -> list[object]:
    with app.database.read() as connection:
        return [[tuple(row) for row in connection.execute(select(table))] for table in TABLES]


def freeze(app: App, document_id: str) -> None:
    with app.database.write() as connection:
        rights.freeze(connection, f"document:{document_id}", ORDER, actor="x", at=now())


def lift(app: App, document_id: str) -> None:
    with app.database.write() as connection:
        rights.lift(connection, f"document:{document_id}", "Lệnh 02/CQĐT", actor="x", at=now())


def test_no_act_touches_what_is_frozen(pair: Pair) -> None:
    """One exchange for the whole table: none of the acts leaves a trace, and each says by which order."""
    freeze(pair.a, pair.document)
    freeze(pair.b, pair.received)
    before = rows(pair.a), rows(pair.b)
    for name, act in SENT.items():
        with pytest.raises(RefusedError, match="Lệnh 01/CQĐT"):
            act(pair)
        assert (rows(pair.a), rows(pair.b)) == before, name
    for app, document_id in ((pair.a, pair.document), (pair.b, pair.received)):
        me, line = somebody(row_of(app, document_id).agency_id), entry_of(app, document_id).id
        for name, change in ROWS.items():
            with pytest.raises(RefusedError, match="Lệnh 01/CQĐT"), app.database.write() as connection:
                change(connection, document_id, line, me)
            assert (rows(pair.a), rows(pair.b)) == before, name
    with pytest.raises(RefusedError, match="Lệnh 01/CQĐT"):
        digitise(
            pair.b, pair.received, somebody(row_of(pair.b, pair.received).agency_id), pair.pki.signing_key("gateway-b")
        )
    assert (rows(pair.a), rows(pair.b)) == before


def test_the_dossiers_of_a_frozen_document(pair: Pair) -> None:
    """It is neither put elsewhere nor taken out, handed over or destroyed with its dossier; the dossier's own order too."""
    app, agency = pair.b, row_of(pair.b, pair.received).agency_id
    year, long = now().year, now() + timedelta(days=6 * 366)
    with app.database.write() as connection:
        one, other = (
            keeping.list_dossier(
                connection, agency, year, "TCCB", title, keeper="A", retention_years=5, actor="x", at=now()
            )
            for title in ("Một", "Hai")
        )
        keeping.put_in(connection, one, pair.received, actor="x", at=now())
    freeze(app, pair.received)
    before = rows(app)
    for act in (
        lambda c: keeping.put_in(c, other, pair.received, actor="x", at=now()),
        lambda c: keeping.take_out(c, one, pair.received, "nhầm", actor="x", at=now()),
    ):
        with pytest.raises(RefusedError, match="Lệnh 01/CQĐT"), app.database.write() as connection:
            act(connection)
    with app.database.write() as connection:
        keeping.close(connection, one, actor="x", at=now())  # the work may end; what is in it stays
    for act in (
        lambda c: keeping.hand_over(c, one, "Lưu trữ", actor="x", at=now()),
        lambda c: keeping.destroy(c, one, "QĐ", ["B", "C"], actor="x", at=long),
    ):
        with pytest.raises(RefusedError, match="Lệnh 01/CQĐT"), app.database.write() as connection:
            act(connection)
    assert rows(app) == before
    lift(app, pair.received)
    with app.database.write() as connection:
        rights.freeze(connection, f"dossier:{one}", ORDER, actor="x", at=now())
    me = somebody(agency)
    for act in (
        lambda c: keeping.extend(c, one, now().date() + timedelta(days=400), "VB 1", actor="x", at=now()),
        lambda c: handling.give_opinion(c, pair.received, "ý kiến", by=me, at=now()),
        lambda c: rights.freeze(c, f"dossier:{one}", "Lệnh khác", actor="x", at=now()),
    ):
        with pytest.raises(Exception, match="phong tỏa"), app.database.write() as connection:
            act(connection)


def test_an_order_to_destroy_waits_for_the_freeze_to_be_lifted(pair: Pair) -> None:
    """The author recalls what the receiver holds under an order: a leader is asked, may decline, and agrees only after."""
    freeze(pair.b, pair.received)
    take_back(pair.a, pair.document, reason="gửi nhầm", actor="x")
    (taken,) = carry_all(pair.root, pair.a, pair.b)
    assert taken["state"] == "held" and row_of(pair.b, pair.received).state == "registered" and answers(pair.b) == []
    with pair.b.database.read() as connection:
        (waiting,) = receiving.waiting(connection)
    assert "phong tỏa" in waiting.decision_reason
    with pytest.raises(RefusedError, match="Lệnh 01/CQĐT"):
        receiving.decide(pair.b, waiting.id, agree=True, actor="Chủ tịch", reason="đồng ý")
    assert destroy(pair.b) == 0 and row_of(pair.b, pair.received).packet is not None
    lift(pair.b, pair.received)
    receiving.decide(pair.b, waiting.id, agree=True, actor="Chủ tịch", reason="đã gỡ phong tỏa")
    main = row_of(pair.b, pair.received).main_sha256
    freeze(pair.b, pair.received)  # between the decision and the destruction of the bytes
    assert destroy(pair.b) == 0 and pair.b.blobs.exists(main)
    lift(pair.b, pair.received)
    assert destroy(pair.b) == 1 and not pair.b.blobs.exists(main)


def test_what_others_say_of_it_is_still_kept(pair: Pair) -> None:
    """A further copy is one more arrival, a receipt moves its recipient; the document itself stays as it was."""
    freeze(pair.b, pair.received)
    freeze(pair.a, pair.document)
    there, sent = row_of(pair.b, pair.received), followed(pair.a, pair.document)
    with pair.a.database.read() as connection:
        from congvan_gateway.storage.schema import outbox

        mail = connection.execute(select(outbox).where(outbox.c.kind == "package")).one()
    raw = b"Received: from x by y; Mon, 23 Nov 2026 10:00:00 +0700\r\n" + mail.headers.encode("ascii")
    taken = hand_over(pair.root, pair.b, raw + pair.a.blobs.read(mail.body_sha256), sender=mail.mail_from)
    assert taken["state"] == "duplicate" and row_of(pair.b, pair.received) == there
    with pair.b.database.read() as connection:
        assert len(connection.execute(select(arrival).where(arrival.c.document_id == pair.received)).all()) == 2
    carry_all(pair.root, pair.b, pair.a)
    assert followed(pair.a, pair.document).state == "received" == sent.state
