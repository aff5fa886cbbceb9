"""What a clerk need not type: read from the packet, else from the file name; what is then missing is asked for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from congvan_core.documents.model import DocumentMetadata, FileRole, Party, Urgency
from congvan_core.errors import InputError
from congvan_gateway.dispatch.request import OutgoingFile, SendRequest, complete, read_files
from congvan_mailbox.package.edxml_write import write_packet


def request(name: str, **more: object) -> SendRequest:
    return SendRequest(files=(OutgoingFile(name, b"x", FileRole.MAIN),), to=("H24.91",), **more)  # type: ignore[arg-type]


def test_everything_may_come_from_the_file_name() -> None:
    done = complete(request("67-SNV-CCVC_08072025_Ra-soat-bien-che-cong-chuc.pdf"))
    assert (done.number, done.symbol, done.issued_on) == ("67", "SNV-CCVC", date(2025, 7, 8))
    assert done.type_name == "Công văn" and done.subject


@pytest.mark.parametrize("symbol", ["12/QĐ-UBND", "QĐ-UBND"])
def test_the_symbol_may_be_the_whole_or_the_notation(symbol: str) -> None:
    number = None if "/" in symbol else "12"
    done = complete(request("van-ban.pdf", symbol=symbol, number=number, issued_on=date(2026, 1, 2), subject="x"))
    assert (done.number, done.symbol, done.type_name) == ("12", "QĐ-UBND", "Quyết định")


def test_the_packet_beside_the_files_is_read_and_not_sent(tmp_path: Path) -> None:
    meta = DocumentMetadata(
        number="8", symbol="GM-VP", issued_on=date(2026, 9, 4), subject="Họp đánh giá", type_name="Giấy mời",
        urgency=Urgency.URGENT, author=Party("H24.90", "Sở Mẫu"), recipients=(Party("H24.91"),),
    )  # fmt: skip
    (tmp_path / "giay-moi.pdf").write_bytes(b"%PDF-")
    (tmp_path / "goi.edxml").write_bytes(write_packet(meta))
    files, packet = read_files(tmp_path / "giay-moi.pdf", [tmp_path / "goi.edxml"])
    assert [f.name for f in files] == ["giay-moi.pdf"]
    done = complete(SendRequest(files=files, to=("H24.91",), packet=packet))
    assert (done.number, done.symbol, done.urgency, done.subject) == ("8", "GM-VP", Urgency.URGENT, "Họp đánh giá")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InputError) as raised:
        complete(request("scan0001.pdf", symbol="QĐ-UBND", number="3"))
    assert "--date" in raised.value.message and "--subject" in raised.value.message


def test_files_that_cannot_go_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "rong.pdf").write_bytes(b"")
    for name in ("rong.pdf", "khong-co.pdf"):
        with pytest.raises(InputError, match=name):
            read_files(tmp_path / name, [])


def test_the_final_draft_keeps_its_role(tmp_path: Path) -> None:
    for name in ("28-BC-UBND_05012026_Bao-cao.pdf", "28-BC-UBND du thao cuoi.docx", "Phu luc 1.xlsx"):
        (tmp_path / name).write_bytes(b"x")
    files, _ = read_files(
        tmp_path / "28-BC-UBND_05012026_Bao-cao.pdf",
        [tmp_path / "28-BC-UBND du thao cuoi.docx", tmp_path / "Phu luc 1.xlsx"],
    )
    assert [f.role for f in files] == [FileRole.MAIN, FileRole.FINAL_DRAFT, FileRole.ENCLOSURE]


def test_the_page_gives_back_the_accents_of_the_symbol() -> None:
    from congvan_core.documents.number import parse
    from congvan_gateway.dispatch.request import printed_number
    from support_pdf import make_pdf

    printed = printed_number(make_pdf(number="12", symbol="QĐ-STNA"))
    assert str(printed) == "12/QĐ-STNA"
    done = complete(request("12-QD-STNA_22112026_Phe-duyet.pdf"), printed)
    assert (done.number, done.symbol) == ("12", "QĐ-STNA")
    other = complete(request("13-QD-STNA_22112026_Phe-duyet.pdf"), parse("12/QĐ-STNA"))
    assert (other.number, other.symbol) == ("13", "QD-STNA")
