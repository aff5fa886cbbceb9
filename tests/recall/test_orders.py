"""Documents that order something of earlier ones, in whatever order they arrive; work states told forward only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from congvan_core.errors import InputError, RefusedError
from congvan_gateway import cli
from congvan_gateway.dispatch.issuing import send
from congvan_gateway.dispatch.request import SendRequest, read_files
from congvan_gateway.recall.asking import take_back
from congvan_gateway.recall.effects import destroy
from congvan_gateway.recall.ordering import issue_order
from congvan_gateway.recall.states import Kind
from congvan_gateway.receipts.working import tell_work
from support_recall import Pair, answers, carry_all, changes, entry_of, followed, row_of
from support_station import B_CODE, issue_document


def order(pair: Pair, kind: Kind, number: str) -> str:
    path = issue_document(pair.pki, pair.root / number, number=number, subject="văn bản sau")
    files, packet = read_files(path, [])
    request = SendRequest(files=files, to=(), actor="Đỗ Văn Thư", packet=packet)
    return issue_order(pair.a, request, kind, ["12/QĐ-STNA"], reason="có sai sót").document_id


def test_a_recall_by_document_takes_its_own_number_and_destroys_the_other(pair: Pair) -> None:
    order(pair, Kind.RECALL, "14")
    assert row_of(pair.a, pair.document).state == "recalling"
    (taken,) = carry_all(pair.root, pair.a, pair.b)
    assert (taken["state"], taken["register_number"]) == ("registered", "2")
    assert row_of(pair.b, pair.received).state == "recalled"
    assert entry_of(pair.b, pair.received).remark.startswith("Đã thu hồi theo văn bản số 14/QĐ-STNA ngày")
    assert destroy(pair.b) == 1
    assert answers(pair.b) == ["receipt_15"]
    carry_all(pair.root, pair.b, pair.a)
    assert followed(pair.a, pair.document).state == "recalled" and row_of(pair.a, pair.document).state == "recalled"


def test_a_replacement_links_and_keeps(pair: Pair) -> None:
    order(pair, Kind.REPLACE, "15")
    (taken,) = carry_all(pair.root, pair.a, pair.b)
    assert taken["register_number"] == "2"
    there = row_of(pair.b, pair.received)
    assert there.state == "replaced" and there.packet is not None
    assert entry_of(pair.b, pair.received).remark.startswith("Đã được thay thế bởi văn bản số 15/QĐ-STNA")
    assert row_of(pair.b, taken["document_id"]).state == "registered"
    assert changes(pair.b) == [("replace", "agreed")] and destroy(pair.b) == 0
    assert row_of(pair.a, pair.document).state == "replaced"
    carry_all(pair.root, pair.b, pair.a)
    assert followed(pair.a, pair.document).state == "received", "replaced is not recalled"


@pytest.mark.parametrize("first", ["document", "order"])
def test_replacement_and_document_come_out_the_same_in_any_order(pair: Pair, first: str) -> None:
    """A second document (16) and its replacement (17): carried in one order or the other."""
    path = issue_document(pair.pki, pair.root / "16", number="16", subject="văn bản đầu")
    files, packet = read_files(path, [])
    sent = send(pair.a, SendRequest(files=files, to=(B_CODE,), actor="x", packet=packet))
    waiting = [] if first == "order" else carry_all(pair.root, pair.a, pair.b)
    if first == "order":
        from sqlalchemy import update

        from congvan_gateway.dispatch.sealing import seal_packages
        from congvan_gateway.storage.schema import outbox

        seal_packages(pair.a)
        with pair.a.database.write() as connection:  # on its way, slowly
            connection.execute(
                update(outbox).where(outbox.c.document_id == sent.document_id).values(state="sending", attempts=1)
            )
    later = issue_document(pair.pki, pair.root / "17", number="17", subject="văn bản thay")
    files, packet = read_files(later, [])
    issue_order(
        pair.a, SendRequest(files=files, to=(), actor="x", packet=packet), Kind.REPLACE, ["16/QĐ-STNA"], reason="sai"
    )
    carry_all(pair.root, pair.a, pair.b)
    if first == "order":
        assert changes(pair.b) == [("replace", "early")]
        with pair.a.database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.document_id == sent.document_id).values(state="queued"))
        waiting = carry_all(pair.root, pair.a, pair.b)
    (old,) = waiting
    assert changes(pair.b) == [("replace", "agreed")] and answers(pair.b) == ["receipt_15"]
    assert row_of(pair.b, old["document_id"]).state == "replaced"
    assert "Đã được thay thế bởi văn bản số 17/QĐ-STNA" in entry_of(pair.b, old["document_id"]).remark


def test_orders_need_a_reason_and_one_target(pair: Pair) -> None:
    for kind, references, reason in (
        (Kind.TAKE_BACK, ["12/QĐ-STNA"], "x"),
        (Kind.RECALL, ["12/QĐ-STNA"], ""),
        (Kind.RECALL, ["12/QĐ-STNA", "12/QĐ-STNA"], "x"),
    ):
        with pytest.raises(InputError):
            issue_order(pair.a, SendRequest(files=(), to=()), kind, references, reason=reason)


def test_what_has_not_left_never_leaves(pair: Pair) -> None:
    path = issue_document(pair.pki, pair.root / "18", number="18", subject="gửi nhầm")
    files, packet = read_files(path, [])
    sent = send(pair.a, SendRequest(files=files, to=(B_CODE,), actor="x", packet=packet))
    result = take_back(pair.a, sent.document_id, reason="gửi nhầm", actor="Đỗ Văn Thư")
    assert (result["state"], result["recipients"][0]["asked"]) == ("recalled", False)
    assert carry_all(pair.root, pair.a, pair.b) == []
    item = followed(pair.a, sent.document_id)
    assert (item.state, item.confirmation) == ("recalled", "recorded")


def test_work_states_go_forward_once_each_as_signed_evidence(pair: Pair) -> None:
    assert tell_work(pair.b, "12/QĐ-STNA", "04", actor="Chủ tịch", note="giao Phòng Kinh tế")
    assert not tell_work(pair.b, "12/QĐ-STNA", "04", actor="Chủ tịch")
    assert tell_work(pair.b, "12/QĐ-STNA", "06", actor="Chuyên viên", note="trả lời bằng văn bản số 30/UBND")
    with pytest.raises(RefusedError, match="không đi lùi"):
        tell_work(pair.b, "12/QĐ-STNA", "05", actor="x")
    with pytest.raises(InputError):
        tell_work(pair.b, "12/QĐ-STNA", "07", actor="x")
    assert answers(pair.b) == ["receipt_04", "receipt_06"]
    taken = carry_all(pair.root, pair.b, pair.a)
    assert [t["state"] for t in taken] == ["ignored", "ignored"]
    item = followed(pair.a, pair.document)
    assert (item.state, item.work_state, item.confirmation, item.register_number) == ("received", "06", "proved", "1")
    # What is worked on is no longer taken back without a leader.
    take_back(pair.a, pair.document, reason="gửi nhầm", actor="x")
    (asked,) = carry_all(pair.root, pair.a, pair.b)
    assert asked["state"] == "held" and changes(pair.b) == [("take_back", "waiting")]


def test_the_command_line_of_recall_and_status(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    def run(app_folder: Path, *arguments: str, code: int = 0) -> str:
        assert cli.main([*arguments, "--config", str(app_folder / "congvan.toml")]) == code
        return capsys.readouterr().out

    a, b = pair.a.settings.base, pair.b.settings.base
    assert json.loads(run(b, "status", "12/QĐ-STNA", "05", "--json")) == {"told": True, "status": "05"}
    run(a, "recall", "12/QĐ-STNA", code=2)
    asked = json.loads(run(a, "recall", "12/QĐ-STNA", "--reason", "gửi nhầm", "--by", "Đỗ Văn Thư", "--json"))
    assert asked["state"] == "recalling"
    carry_all(pair.root, pair.a, pair.b)
    (waiting,) = json.loads(run(b, "recall", "--waiting", "--json"))
    agreed = json.loads(
        run(b, "recall", "--agree", waiting["id"], "--reason", "đã trao đổi", "--by", "Chủ tịch", "--json")
    )
    assert agreed["state"] == "agreed" and row_of(pair.b, pair.received).state == "recalled"
    assert json.loads(run(b, "recall", "--waiting", "--json")) == []
    run(b, "recall", "--decline", waiting["id"], "--reason", "đổi ý", code=1)
