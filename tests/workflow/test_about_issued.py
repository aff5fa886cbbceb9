"""NĐ 30/2020 Điều 18.3, 18.4: đính chính, thay thế, thu hồi begin with what is known, and the old document says so afterwards.

NĐ 30 Điều 18.3.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
from typing import Any

import pytest
from docx import Document
from sqlalchemy import select
from test_desk_drafts import AGENCY_KEY, LEADER_KEY, begin, do, row, said, signed_up

from congvan_core.documents.store import get_document
from congvan_core.dossiers import rights
from congvan_core.ids import now
from congvan_core.registers.entries import entries_of
from congvan_core.storage.schema import document
from congvan_core.workflow.follow_on import Concern, follow_on, letter_text
from congvan_core.workflow.schema import draft as draft_table
from congvan_gateway.cli import main
from congvan_gateway.recall.schema import document_change
from support_desk import token_of
from support_office import SUBJECT, StaffedDesk, draft_pdf
from support_pdf import make_scan
from support_station import B_CODE

STEPS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("anh", "sign", LEADER_KEY), ("thu", "number", {}), ("thu", "seal", AGENCY_KEY), ("thu", "issue", {}),
)  # fmt: skip


@pytest.fixture
def issued(office_desk: StaffedDesk) -> str:
    """A decision that was issued to another agency."""
    with office_desk.enter("soan") as client:
        made = begin(office_desk, client, name="a.pdf", data=draft_pdf())
    return finish(office_desk, made)


def finish(desk: StaffedDesk, draft_id: str) -> str:
    """From Trình to Phát hành; the document's id."""
    signed_up(desk, draft_id)
    for login, act, more in STEPS:
        answer = do(desk, login, draft_id, act, **more)
        assert answer.status_code == 303, (act, said(answer))
    return str(row(desk, draft_id).document_id)


def prefilled(page: str) -> dict[str, Any]:
    """What the form of a new draft holds before anybody types."""
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and ('type="checkbox"' not in tag or " checked" in tag):
            found[name[1]] = html.unescape(value[1])
    for name, options in re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option value="([^"]*)"[^>]*selected', options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return found


@pytest.mark.parametrize(
    ("asked", "concern", "type_name", "symbol", "state", "kinds"),
    [
        ("dinh-chinh", "correct", "Công văn", "STNA-VP", "issued", []),
        ("thay-the", "replace", "Quyết định", "QĐ-STNA", "replaced", ["replace"]),
        ("thu-hoi", "recall", "Công văn", "STNA-VP", "recalling", ["recall"]),
    ],
)
def test_from_the_prefilled_form_to_the_old_documents_line(
    office_desk: StaffedDesk,
    issued: str,
    asked: str,
    concern: str,
    type_name: str,
    symbol: str,
    state: str,
    kinds: list[str],
) -> None:
    desk = office_desk
    with desk.enter("thu") as client:
        links = client.get(f"/van-ban/{issued}/viec").text
        assert f"/du-thao/moi?ve={issued}&amp;viec={asked}" in links
    with desk.enter("soan") as client:
        page = client.get(f"/du-thao/moi?ve={issued}&viec={asked}")
        assert page.status_code == 200, said(page)
        form = prefilled(page.text)
        assert (form["type"], form["symbol"], form["to"]) == (type_name, symbol, B_CODE)
        assert form["signer1"] == desk.actor("anh").id, "who signed the first signs this one"
        assert SUBJECT in form["subject"] or "số 1/QĐ-STNA" in form["subject"]
        keep = ("type", "symbol", "subject", "to", "signer1", "concerns", "concerns_id", "body", "unit")
        data = draft_pdf(symbol=symbol, subject=form["subject"], type_name=type_name)
        made = begin(desk, client, name="b.pdf", data=data, **{key: form[key] for key in keep})
        word = client.get(f"/du-thao/{made}/mau").content
    text = "\n".join(p.text for p in Document(io.BytesIO(word)).paragraphs)
    assert (
        "số 1/QĐ-STNA" in text
        and {"correct": "đính chính như sau", "replace": "thay thế", "recall": "hủy bỏ văn bản điện tử"}[concern]
        in text
    )
    order = finish(desk, made)
    with desk.app.database.read() as connection:
        old = get_document(connection, issued)
        line = entries_of(connection, issued)[0]
        changes = connection.execute(select(document_change.c.kind, document_change.c.order_id)).all()
        packet = connection.execute(select(document.c.packet).where(document.c.id == order)).scalar_one()
    assert old.state == state
    number = f"{row(desk, made).number}/{symbol}"
    assert line.remark == old.remark == f"{Concern(concern).vi} bằng văn bản số {number}"
    assert [(one.kind, one.order_id) for one in changes] == [(kind, order) for kind in kinds]
    told = json.dumps(packet, ensure_ascii=False)
    assert (old.identifier in told) is bool(kinds), "receiving systems are told by the packet"


def test_what_may_not_be_changed_is_refused_before_anything_is_issued(office_desk: StaffedDesk, issued: str) -> None:
    desk = office_desk
    with desk.app.database.read() as connection:
        made = follow_on(connection, issued, Concern.RECALL, agency_id=desk.agency_id)
    with desk.enter("soan") as client:
        draft = begin(desk, client, name="b.pdf", data=draft_pdf(symbol="STNA", subject=made.subject, type_name="Công văn"),
                      type="Công văn", symbol="STNA", subject=made.subject, concerns="recall", concerns_id=issued)  # fmt: skip
    signed_up(desk, draft)
    for login, act, more in STEPS[:-1]:
        assert do(desk, login, draft, act, **more).status_code == 303
    with desk.app.database.write() as connection:
        rights.freeze(connection, f"document:{issued}", "Lệnh 01/CQĐT", actor="x", at=now())
    answer = do(desk, "thu", draft, "issue")
    assert answer.status_code == 422 and "Lệnh 01/CQĐT" in said(answer)
    assert row(desk, draft).document_id is None
    with desk.app.database.read() as connection:
        assert len(connection.execute(select(document.c.id).where(document.c.direction == "outgoing")).all()) == 1
    with desk.enter("soan") as client:
        for query in (f"ve={issued}&viec=dinh-chinh", f"ve={issued}&viec=khac", "ve=khong-co&viec=dinh-chinh"):
            assert client.get(f"/du-thao/moi?{query}").status_code in (400, 404, 422), query
        bad = client.post("/du-thao/moi", data={"token": token_of(client), "concerns": "khac", "concerns_id": issued})
        assert bad.status_code in (400, 422)
    with desk.app.database.write() as connection:
        rights.lift(connection, f"document:{issued}", "Lệnh 02", actor="x", at=now())
    assert do(desk, "thu", draft, "issue").status_code == 303


def test_at_the_command_line(office_desk: StaffedDesk, issued: str, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(office_desk.folder / "congvan.toml")]
    office_desk.actor("soan")
    ask = ["draft", "new", "--corrects", issued, "--signer", "anh", "--by", "soan", "--json", *config]
    assert main(ask) == 0, capsys.readouterr().err
    made = json.loads(capsys.readouterr().out)
    assert (
        made["type"] == "Công văn"
        and made["recipients"] == [B_CODE]
        and "đính chính Quyết định số 1/QĐ-STNA" in made["subject"]
    )
    assert (
        main(["draft", "new", "--corrects", issued, "--recalls", issued, "--signer", "anh", "--by", "soan", *config])
        == 2
    )
    assert main(["draft", "new", "--signer", "anh", "--by", "soan", *config]) == 2
    assert "tên loại, ký hiệu, trích yếu, nơi nhận" in capsys.readouterr().err


@pytest.mark.parametrize("concern", list(Concern))
def test_the_letter_cites_the_clause_and_ends_as_letters_do(concern: Concern) -> None:
    text = letter_text(
        concern, "Quyết định số 12/QĐ-UBND ngày 05 tháng 8 năm 2026", "V/v phê duyệt", "Ủy ban nhân dân phường Thí Điểm"
    )
    assert "12/QĐ-UBND" in text and text.endswith("./.") and "…" in text
    assert (concern is Concern.REPLACE) or "Điều 18 Nghị định số 30/2020/NĐ-CP" in text


def test_after_issuing_at_the_command_line(
    office_desk: StaffedDesk, issued: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bản lưu (điểm b khoản 1 Điều 20), đăng tải and the very bytes (khoản 3 Điều 13), a copy with its number and corner."""
    desk, config = office_desk, ["--config", str(office_desk.folder / "congvan.toml"), "--json"]

    def issued_command(*more: str, fails: int = 0) -> Any:
        capsys.readouterr()
        assert main(["issued", *more, "--by", "thu", *config]) == fails
        said_ = capsys.readouterr()
        return said_.err if fails else json.loads(said_.out)

    target, address = tmp_path / "ph.pdf", "https://cong.example.vn/van-ban/1"
    main_file = issued_command("file", issued, "-o", str(target))
    assert hashlib.sha256(target.read_bytes()).hexdigest() == main_file["sha256"]
    assert issued_command("keep", issued, "--holder", "Văn thư")["archive_copy"] == "Văn thư"
    (one,) = issued_command("publish", issued, "--address", address)["published"]
    assert (one["address"], one["sha256"], one["withdrawn_at"]) == (address, main_file["sha256"], None)
    assert "ngày" in issued_command("publish", issued, "--address", address, "--on", "hom-nay", fails=2)
    assert issued_command("withdraw", issued, "--address", address)["published"][0]["withdrawn_at"]
    assert "đã gỡ" in issued_command("withdraw", issued, "--address", address, fails=1)
    scan = tmp_path / "quet.pdf"
    scan.write_bytes(make_scan())
    ask = (
        "copy",
        issued,
        str(scan),
        "--form",
        "sao-y",
        "--short",
        "STNA",
        "--to",
        B_CODE,
        "--allowed-by",
        "Nguyễn Văn Ánh",
    )
    made = issued_command(*ask)["draft"]
    for act, more in (("number", {}), ("seal", AGENCY_KEY), ("issue", {"accept_undecided": "bản sao"})):
        answer = do(desk, "thu", made, act, **more)
        assert answer.status_code == 303, (act, said(answer))
    copy = row(desk, made)
    assert (copy.number, copy.symbol, copy.copied_id, copy.state) == (1, "SY-STNA", issued, "issued")
    across, up = corner_of(desk.app.blobs.read(copy.file_sha256))
    assert across > 0.5 and up > 0.75, "ô số 14: the top right corner of the first page"
    (tmp_path / "khong.pdf").write_bytes(b"khong phai pdf")
    assert "200 dpi" in issued_command("copy", issued, str(tmp_path / "khong.pdf"), *ask[3:], fails=2)


def test_an_issued_draft_is_as_closed_as_its_document(
    office_desk: StaffedDesk, issued: str, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    """NĐ 30/2020 Phụ lục VI: the limit of the document holds for the draft's page, file and slip, at the desk and here."""
    desk, config = office_desk, ["--config", str(office_desk.folder / "congvan.toml")]
    with desk.app.database.write() as connection:
        draft = connection.execute(select(draft_table.c.id).where(draft_table.c.document_id == issued)).scalar_one()
        rights.limit_access(connection, f"document:{issued}", ["anh"], "QĐ 1", actor="t", at=now())
    target = tmp_path / "x.pdf"
    for person, sees in (("soan", False), ("anh", True)):
        capsys.readouterr()
        assert main(["draft", "list", "--by", person, *config]) == 0
        assert (draft in capsys.readouterr().out) is sees
        for command in (["show", draft], ["file", draft, "-o", str(target)], ["slip", draft, "-o", str(target)]):
            target.unlink(missing_ok=True)
            assert main(["draft", *command, "--by", person, *config]) == (0 if sees else 1), command
            assert SUBJECT not in capsys.readouterr().out or sees
            assert sees or not target.exists()
        with desk.enter(person) as client:
            assert client.get(f"/du-thao/{draft}").status_code == (200 if sees else 422)


def corner_of(pdf: bytes) -> tuple[float, float]:
    """Where the agency's signature begins on the first page, as shares of its width and height."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        page = opened.pages[0]
        left, bottom = (float(page.mediabox[n]) for n in (2, 3))
        rect = [float(n) for n in page.Annots[0].Rect]  # type: ignore[attr-defined]
    return rect[0] / left, rect[1] / bottom
