"""`congvan draft` and `congvan handle`: the same chain from the command line; a token by PKCS#11; the words of errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_desk_drafts import file

from congvan_core.ids import now
from congvan_core.workflow.draft_template import FIELDS, fields_of, fill_template, standard_template
from congvan_core.workflow.number_places import find_numbering_places
from congvan_core.workflow.office_to_pdf import office_to_pdf
from congvan_gateway.cli import main
from support_databases import add_document
from support_hsm import Hsm, hsm
from support_office import StaffedDesk, draft_docx, draft_pdf
from support_pki import PASSWORD, LivePki
from support_station import B_CODE

__all__ = ["hsm"]


def told(capsys: pytest.CaptureFixture[str], desk: StaffedDesk, *words: str) -> tuple[int, Any]:
    """One command with JSON; (exit code, what it printed)."""
    code = main([*words, "--json", "--config", str(desk.folder / "congvan.toml")])
    out = capsys.readouterr()
    return code, json.loads(out.out) if out.out.startswith(("{", "[")) else out.out + out.err


def new(capsys: pytest.CaptureFixture[str], desk: StaffedDesk, path: Path, subject: str = "Phê duyệt Kế hoạch") -> str:
    code, made = told(
        capsys, desk, "draft", "new", str(path), "--type", "Quyết định", "--symbol", "QĐ-STNA", "--subject", subject, "--to",
        B_CODE, "--signer", "Nguyễn Văn Ánh", "--by", "soan",
    )  # fmt: skip
    assert code == 0, made
    return str(made["draft"])


def test_the_chain_from_the_command_line(
    office_desk: StaffedDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk, source, pin = office_desk, tmp_path / "du-thao.pdf", tmp_path / "pin"
    source.write_bytes(draft_pdf())
    pin.write_text(PASSWORD + "\n")
    made = new(capsys, desk, source)
    for words in (
        ("submit", made, "--text", "Kính trình", "--by", "soan"), ("approve", made, "--by", "phong"),
        ("sign", made, "--key", "file:leader.p12", "--pin-file", str(pin), "--by", "anh"), ("number", made, "--by", "thu"),
        ("seal", made, "--key", "file:agency-a.p12", "--pin-file", str(pin), "--by", "thu"), ("issue", made, "--by", "thu"),
    ):  # fmt: skip
        code, said = told(capsys, desk, "draft", *words)
        assert code == 0, (words, said)
    assert said["state"] == "issued" and said["number"] == 1 and said["document_id"]
    assert [one["act"] for one in said["acts"]][-3:] == ["fill", "seal", "issue"]
    code, listed = told(capsys, desk, "draft", "list", "--state", "issued")
    assert [one["draft"] for one in listed] == [made]
    for act, begins in (("file", b"%PDF-"), ("template", b"PK"), ("slip", b"%PDF-")):
        out = tmp_path / f"{act}.out"
        assert told(capsys, desk, "draft", act, made, "-o", str(out))[0] == 0
        assert out.read_bytes().startswith(begins)
    for words, exit_code, sentence in (
        (("approve", made, "--by", "phong"), 1, "không làm được việc này"),
        (("submit", "khong-co", "--by", "soan"), 1, "Không có dự thảo"),
        (("submit", made, "--by", "khong-ai"), 1, "Không có người"),
        (
            ("sign", made, "--key", "file:leader.p12", "--pin-file", str(tmp_path / "khong"), "--by", "anh"),
            4,
            "Không đọc được",
        ),
    ):
        code, said = told(capsys, desk, "draft", *words)
        assert sentence in str(said) and code in (exit_code, 1, 2, 4), (words, code, said)


def test_handling_from_the_command_line(
    office_desk: StaffedDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = office_desk
    asked = add_document(desk.app.database, desk.agency_id)
    for login in ("anh", "soan"):
        desk.actor(login)
    for words, state in (
        (("present", asked, "--leader", "anh", "--by", "thu"), "presented"),
        (
            (
                "assign",
                asked,
                "--unit",
                "VP",
                "--person",
                "soan",
                "--due",
                "2099-01-05T17:00",
                "--text",
                "Trả lời",
                "--by",
                "anh",
            ),
            "assigned",
        ),
        (("opinion", asked, "--text", "Đang làm", "--by", "soan"), "in_progress"),
        (("finish", asked, "--text", "Đã trả lời", "--by", "soan"), "done"),
    ):
        code, said = told(capsys, desk, "handle", *words)
        assert code == 0 and said["state"] == state, said
    assert any("hồ sơ" in one for one in said["warnings"])
    code, said = told(capsys, desk, "handle", "assign", asked, "--unit", "XX", "--by", "anh")
    assert code != 0 and "Không có đơn vị mã XX" in said
    out = tmp_path / "phieu.pdf"
    assert told(capsys, desk, "handle", "sheet", asked, "-o", str(out))[0] == 0
    assert out.read_bytes().startswith(b"%PDF-")


@pytest.mark.real("softhsm")
def test_the_agency_signs_with_its_token(office_desk: StaffedDesk, pki: LivePki, hsm: Hsm) -> None:
    """PKCS#11: one PIN entry, a wrong PIN is told once, a token pulled out leaves the number with the document."""
    from test_desk_drafts import LEADER_KEY, begin, do, row, signed_up

    from congvan_core.errors import CongvanError, RefusedError
    from congvan_gateway.drafting import acts
    from congvan_gateway.drafting.keys import key_choices, opened
    from support_verdicts import verdicts

    desk = office_desk
    desk.app.settings = desk.app.settings.model_copy(
        update={"signing": desk.app.settings.signing.model_copy(update={"pkcs11": hsm.module})}
    )
    with desk.enter("soan") as client:
        made = begin(desk, client, name="a.pdf", data=draft_pdf())
    signed_up(desk, made)
    assert do(desk, "anh", made, "sign", **LEADER_KEY).status_code == 303
    clerk = desk.actor("thu")
    assert acts.number_draft(desk.app, made, clerk) == 1
    wanted = f"token:{hsm.label}"
    assert wanted in [one.id for one in key_choices(desk.app)]
    with pytest.raises(RefusedError, match="không đúng"), opened(desk.app, wanted, "000000"):
        raise AssertionError("opened with a wrong PIN")
    from congvan_core.signatures.tokens import open_token

    with open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as key:
        with hsm.pulled_out(), pytest.raises(CongvanError):
            acts.seal_draft(desk.app, made, clerk, key)
        assert row(desk, made).state == "numbered" and row(desk, made).number == 1
    with open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as key:
        acts.seal_draft(desk.app, made, clerk, key)
    assert verdicts(file(desk, made), pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]


def test_a_template_of_the_agency(tmp_path: Path) -> None:
    """Fields that Word split over several runs are found; an unknown one is named; nothing in it is executed."""
    import io

    from docx import Document

    from congvan_core.errors import InputError, UnreadableError

    made = Document()
    paragraph = made.add_paragraph()
    for part in ("Số: /{{ky_", "hieu", "}} và {{trich_yeu}}"):
        paragraph.add_run(part)
    out = io.BytesIO()
    made.save(out)
    filled = Document(io.BytesIO(fill_template(out.getvalue(), {"ky_hieu": "QĐ-UBND", "trich_yeu": "{{ky_hieu}} <b>"})))
    assert filled.paragraphs[0].text == "Số: /QĐ-UBND và { {ky_hieu}} <b>"
    assert set(fields_of(standard_template(letter=True))) <= set(FIELDS)
    made.add_paragraph("{{khong_co}}")
    out = io.BytesIO()
    made.save(out)
    with pytest.raises(InputError, match="khong_co"):
        fill_template(out.getvalue(), {})
    with pytest.raises(UnreadableError):
        fill_template(b"khong phai docx", {})


@pytest.mark.real("libreoffice")
def test_the_converter_is_shut_in() -> None:
    """A document that refers to the network and to a local file is converted without either, within its time."""
    from congvan_core.errors import TemporaryError

    pdf = office_to_pdf(draft_docx(trich_yeu="Kế hoạch"), "a.docx")
    places = find_numbering_places(pdf)
    assert set(places.fields) == {"so", "ngay_so", "thang_so"} and places.year == now().year
    linked = rb'{\rtf1 {\field{\*\fldinst INCLUDETEXT "/etc/passwd"}{\fldrslt x}} {\field{\*\fldinst INCLUDEPICTURE "http://127.0.0.1:9/a.png"}{\fldrslt }} chu}'
    assert b"root:" not in office_to_pdf(linked, "a.rtf")
    with pytest.raises(TemporaryError, match="quá"):
        office_to_pdf(draft_docx(), "a.docx", seconds=0.01)
