"""What a person wrote is understood as far as it is certain; several documents become several entries by one act."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document as new_word
from sqlalchemy import select

from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.errors import InputError
from congvan_core.storage.schema import entry
from congvan_gateway.intake.files import take_in_file
from congvan_gateway.judgement.human_mail import parts_of
from congvan_gateway.judgement.inspection import Context, inspect_mail
from congvan_gateway.main import open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.quarantine.person import Person
from congvan_gateway.quarantine.splitting import release_each
from congvan_gateway.settings import Settings, Verification
from congvan_gateway.storage.schema import message

_AUTHOR = "Sở Đường Cong"


def document(number: str, author: str = _AUTHOR) -> bytes:
    spec = SampleSpec(
        author=author, symbol="SĐC-VP", number=number, issued_on=date(2026, 11, 20), subject="rà soát hộp thư"
    )
    return make(spec).pdf


def letter(subject: str, body: str, files: list[tuple[str, bytes]]) -> bytes:
    out = EmailMessage()
    out["From"], out["To"], out["Subject"] = "vt@c.example.vn", "vanthu@b.example.vn", subject
    out["Message-ID"] = "<x@c.example.vn>"
    out.set_content(body)
    for name, data in files:
        kind = ("application", "pdf") if name.endswith(".pdf") else ("text", "csv")
        out.add_attachment(data, maintype=kind[0], subtype=kind[1], filename=name)
    return out.as_bytes(policy=SMTP)


def inspect(raw: bytes) -> Any:
    return inspect_mail(raw, Context(ocr=False))


def best(proposal: dict[str, Any], key: str) -> tuple[str, str]:
    first = proposal["values"][key][0]
    return first["value"], first["source"]


def test_human_names_are_read_from_the_page_with_source_and_confidence() -> None:
    seen = inspect(
        letter("gửi CV", "Kính gửi công văn số 67/SĐC-VP ngày 20/11/2026.", [
            ("1. CV rs bien che (ban cuoi) (2).signed.pdf", document("67")), ("phu luc.csv", b"a,b\n"),
        ])
    )  # fmt: skip
    (proposal,) = seen.proposals
    assert best(proposal, "number") == ("67/SĐC-VP", "page") and best(proposal, "date") == ("2026-11-20", "page")
    sources = {(v["source"], v["value"]) for v in proposal["values"]["number"]}
    assert ("body", "67/SĐC-VP") in sources
    assert all(0 < v["confidence"] <= 1 for values in proposal["values"].values() for v in values)
    assert len(proposal["enclosures"]) == 1 and parts_of(seen) == [seen]
    assert (seen.metadata.number, seen.metadata.symbol) == ("67", "SĐC-VP")


def test_two_numbers_in_a_body_say_nothing_and_rubbish_harms_nothing() -> None:
    scan = [("scan.pdf", b"%PDF-1.4\n%%EOF\n")]
    seen = inspect(letter("van ban", "Kính gửi 67/SĐC-VP và 68/SĐC-VP, ngày 99/99/9999", scan))
    assert [p["values"].get("number") for p in seen.proposals] == [None]
    only = inspect(letter("van ban", "Kính gửi 67/SĐC-VP ngày 20 tháng 11 năm 2026", scan))
    assert best(only.proposals[0], "number") == ("67/SĐC-VP", "body")
    assert best(only.proposals[0], "date") == ("2026-11-20", "body")
    assert not only.metadata.number  # a person's words alone register nothing


#: A scan whose page no reader can read: what is left is its name and what the person wrote.
_SCAN = b"%PDF-1.4\n%%EOF\n"


@pytest.mark.parametrize(
    ("subject", "body", "name", "wanted"),
    [
        ("V/v gửi Công văn số 67/SĐC-VP ngày 20/11/2026", "", "scan0001.pdf", ("67/SĐC-VP subject", "2026-11-20 subject", None)),
        ("gui cv so 67/SNV-CCVC ngay 20/11/2026 ve viec ra soat bien che", "", "scan0002.pdf",
         ("67/SNV-CCVC subject", "2026-11-20 subject", "ra soat bien che subject")),
        ("van ban", "Kinh gui cv so 67/SNV-CCVC ngay 20/11/26 v/v ra soat bien che. Tran trong", "Scan_2026.pdf",
         ("67/SNV-CCVC body", "2026-11-20 body", "ra soat bien che body")),
        ("gửi văn bản", "Em gửi ạ", "CV 67 SNV-CCVC ngay 20.11.2026.pdf", ("67/SNV-CCVC file_name", "2026-11-20 file_name", None)),
        ("gửi", "", "12-QĐ-UBND_20112026_Phê duyệt kế hoạch.pdf", ("12/QĐ-UBND file_name", "2026-11-20 file_name", None)),
        ("gửi", "", "20261120_67_SNV-CCVC.signed.pdf", ("67/SNV-CCVC file_name", "2026-11-20 file_name", None)),
        ("gửi", "", "01_PHU_LUC IMG_20261120.pdf", (None, None, None)),
        ("gửi CV", "Thực hiện Nghị định số 30/2020/NĐ-CP ngày 05/3/2020, gửi CV số 67/SNV-CCVC ngày 20/11/2026.", "scan.pdf",
         ("67/SNV-CCVC body", "2026-11-20 body", None)),
        ("Re: 15/SMT-VP: đề nghị báo cáo", "Kính gửi báo cáo theo Công văn số 15/SMT-VP ngày 01/11/2026.", "28-BC-UBND.pdf",
         ("28/BC-UBND file_name", None, None)),
        ("gửi văn bản", "Số, ký hiệu: 67/SNV-CCVC\nNgày ban hành: 20/11/2026\nTrích yếu: rà soát biên chế\n", "scan.pdf",
         ("67/SNV-CCVC body", "2026-11-20 body", "rà soát biên chế body")),
    ],
)  # fmt: skip
def test_what_a_scan_without_text_is_told_of(
    subject: str, body: str, name: str, wanted: tuple[str | None, ...]
) -> None:
    seen = inspect(letter(subject, body, [(name, _SCAN)]))
    (proposal,) = seen.proposals
    values = proposal["values"]
    assert [" ".join(best(proposal, key)) if key in values else None for key in ("number", "date")] == list(wanted[:2])
    if wanted[2]:
        assert " ".join(best(proposal, "subject")) == wanted[2]
    assert all(v["confidence"] < 0.75 for given in values.values() for v in given)  # a hint for the form, never a fact


def test_annexes_and_the_editable_twin_are_no_documents_of_their_own() -> None:
    """The page has marks where the names have none; both say one number."""
    page = document("67")
    names = [
        "67-SDC-VP_20112026_Phu-luc-1.pdf",
        "Phu luc 2.pdf",
        "67-SDC-VP_20112026_Ra-soat.docx",
        "67-SDC-VP_20112026_Ra-soat.pdf",
    ]
    editable = BytesIO()
    new_word().save(editable)
    files = list(zip(names, (_SCAN, _SCAN, editable.getvalue(), page), strict=True))
    seen = inspect(letter("gửi CV 67", "", files))
    (proposal,) = seen.proposals
    assert (proposal["file"], len(proposal["enclosures"])) == (names[-1], 3)
    assert "CONTENT-SEVERAL-DOCUMENTS" not in {f.code for f in seen.findings}
    # A subject that lists two names none as the mail's own; an annex goes where its name says.
    two = [("a.pdf", page), ("b.pdf", document("68")), ("PL CV 68.pdf", _SCAN)]
    parts = parts_of(inspect(letter("Gửi 67/SĐC-VP, 68/SĐC-VP", "", two)))
    assert [[a.filename for a in p.attachments] for p in parts] == [["a.pdf"], ["b.pdf", "PL CV 68.pdf"]]


def test_several_documents_are_parted_with_their_enclosures() -> None:
    files = [
        ("67 cong van.pdf", document("67")),
        ("68 cong van.pdf", document("68")),
        ("68 phu luc.csv", b"a\n"),
        ("bang.csv", b"b\n"),
    ]
    seen = inspect(letter("gửi 2 văn bản", "Kính gửi.", files))
    assert "CONTENT-SEVERAL-DOCUMENTS" in {f.code for f in seen.findings}
    parts = parts_of(seen)
    assert [str(p.metadata.number) for p in parts] == ["67", "68"]
    assert [[a.filename for a in p.attachments] for p in parts] == [
        ["67 cong van.pdf", "bang.csv"], ["68 cong van.pdf", "68 phu luc.csv"]
    ]  # fmt: skip
    # Where the subject names one, or another body issued the other, the rest are its enclosures.
    assert len(inspect(letter("67/SĐC-VP ngày 20/11/2026: V/v rà soát", "", files[:2])).proposals) == 1
    others = [("67 cong van.pdf", document("67")), ("quyet dinh.pdf", document("99", "Bộ Mẫu Thử Nghiệm Khác"))]
    assert len(inspect(letter("gửi", "", others)).proposals) == 1


def test_a_clerk_registers_each_with_a_number_of_its_own(tmp_path: Path) -> None:
    app = open_app(Settings(verification=Verification(workers=0), base=tmp_path))
    try:
        found_agency(app, code="H24.91.07", name="Phường B", address="vanthu@b.example.vn", actor="test")
        found_agency(
            app, code="H24.92", name=_AUTHOR, address="vt@c.example.vn", own=False, gateway=False, actor="test"
        )
        several, single = tmp_path / "hai.eml", tmp_path / "mot.eml"
        several.write_bytes(letter("gửi", "", [("67 a.pdf", document("67")), ("68 b.pdf", document("68"))]))
        single.write_bytes(letter("gửi", "", [("69 a.pdf", document("69"))]))
        held = take_in_file(app, several, sender=None, recipients=["vanthu@b.example.vn"])
        assert held["state"] == "held"
        done = release_each(app, held["message"], Person("Lê Sổ"), reason="đã đối chiếu")
        assert [one.register_number for one in done] == ["1", "2"]
        assert release_each(app, held["message"], Person("Lê Sổ"))[0].state == "registered"
        with app.database.read() as connection:
            assert len(connection.execute(select(entry)).all()) == 2
            row = connection.execute(select(message).where(message.c.id == held["message"])).one()
        assert row.state == "registered" and len(row.report["proposals"]) == 2
        one = take_in_file(app, single, sender=None, recipients=["vanthu@b.example.vn"])
        with pytest.raises(InputError):
            release_each(app, one["message"], Person("Lê Sổ"))
    finally:
        app.close()
