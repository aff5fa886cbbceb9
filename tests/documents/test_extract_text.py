"""Text of Office files, RTF and plain text, with older fonts turned into Unicode; bounded whatever the file says."""

import io
import struct
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import extract_office, extract_text
from congvan_core.documents.extract_text import ExtractedText, extract
from congvan_core.documents.formats import FORMATS
from support_documents import compound_file

TCVN3 = "C«ng v¨n sè 123 vÒ viÖc ®iÒu chØnh"
UNICODE = "Công văn số 123 về việc điều chỉnh"


def docx_file(*paragraphs: tuple[str, str]) -> bytes:
    document = docx.Document()
    for font, text in paragraphs:
        run = document.add_paragraph().add_run(text)
        if font:
            run.font.name = font
    document.sections[0].header.paragraphs[0].text = "TỐI MẬT"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_docx_with_header_and_older_fonts(tmp_path: Path) -> None:
    data = docx_file(("", "Kính gửi: Sở Nội vụ"), (".VnTime", TCVN3), (".VnTimeH", "céng hßa"))
    extracted = extract(data, name="a.docx")
    assert "TỐI MẬT" in extracted.text and "Kính gửi: Sở Nội vụ" in extracted.text
    assert UNICODE in extracted.text and "CỘNG HÒA" in extracted.text
    assert [f.code for f in extracted.findings] == ["FORMAT-LEGACY-FONT"] and extracted.complete
    path = tmp_path / "a"
    path.write_bytes(data)
    assert extract(path).text == extracted.text


def test_xlsx_pptx_and_odt() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B2"] = "Danh sách", "phường Thí Điểm"
    out = io.BytesIO()
    book.save(out)
    assert "Danh sách" in extract(out.getvalue()).text and "phường Thí Điểm" in extract(out.getvalue()).text
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/main"
    slide = f'<p xmlns:a="{drawing}"><a:p><a:r><a:t>Trình bày</a:t></a:r></a:p></p>'.encode()
    assert "Trình bày" in extract(_zip({"[Content_Types].xml": b"<T/>", "ppt/presentation.xml": b"<x/>",
                                       "ppt/slides/slide1.xml": slide})).text  # fmt: skip
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    style = "urn:oasis:names:tc:opendocument:xmlns:style:1.0 x"
    content = (f'<o xmlns:t="{text}" xmlns:s="{style.split()[0]}"><t:p>Số: 12/QĐ-UBND<t:s/><t:span>MẬT</t:span> cuối'
               "</t:p><t:h>Điều 1</t:h></o>").encode()  # fmt: skip
    odt = _zip({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": content})
    assert extract(odt).text == "\nSố: 12/QĐ-UBND MẬT cuối\nĐiều 1"


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


RTF = (
    rb"{\rtf1\ansi\ansicpg1252\uc1{\fonttbl{\f0\fcharset0 Times New Roman;}{\f1\fcharset0 .VnTime;}"
    rb"{\f2\fcharset163 Arial;}}{\stylesheet{\s0 Normal;}}{\info{\author giau kin}}"
    rb"\f0 K\u237?nh g\u7917?i\par\f1 C\'abng v\'a8n\par\f2 Vi\'ea\'f2t\par {\*\generator x}het\page}"
)


def test_rtf() -> None:
    extracted = extract(RTF, name="a.rtf")
    assert [line for line in extracted.text.replace("\f", "\n").split("\n") if line] == [
        "Kính gửi", "Công văn", "Việt", "het",
    ]  # fmt: skip
    assert extracted.legacy_fonts == (".VnTime",) and extracted.complete
    assert not extract(RTF[:-1]).complete


@pytest.mark.parametrize(
    "data",
    [UNICODE.encode(), UNICODE.encode("utf-16"), TCVN3.encode("cp1252"), b"\xef\xbb\xbf" + UNICODE.encode()],
)
def test_plain_text(data: bytes) -> None:
    assert extract(data).text == UNICODE


def _word97(text: str, *, wide: bool) -> bytes:
    body = text.encode("utf-16-le") if wide else text.encode("cp1252")
    main = bytearray(0x400)
    struct.pack_into("<H", main, 0, 0xA5EC)
    position = 0x400 if wide else (0x400 * 2) | 0x40000000
    plc = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, position, 0)
    clx = b"\x02" + struct.pack("<I", len(plc)) + plc
    struct.pack_into("<II", main, 0x01A2, 0, len(clx))
    return compound_file({"WordDocument": bytes(main) + body, "0Table": clx})


def test_word_97() -> None:
    assert extract(_word97("Kính gửi: Sở Nội vụ\rMẬT\r", wide=True)).text == "Kính gửi: Sở Nội vụ\nMẬT\n"
    assert extract(_word97("Cong van \x13 HYPERLINK x \x14thu\x15\r", wide=False)).text == "Cong van thu\n"
    older = extract(_word97(f"{TCVN3} {TCVN3}\r", wide=False))
    assert older.text == f"{UNICODE} {UNICODE}\n" and older.legacy_fonts == (".VnTime",)


def test_bounds_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract_text, "MAX_CHARACTERS", 100)
    assert not extract(b"a" * 1000).complete and len(extract(b"a" * 1000).text) <= 100
    monkeypatch.setattr(extract_office, "MAX_PART", 100)
    assert not extract(docx_file(("", "x"))).complete


def test_documents_with_an_entity_are_not_read() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><w>&a;</w>'
    extracted = extract(_zip({"[Content_Types].xml": b"<T/>", "word/document.xml": bomb}))
    assert extracted.text == "" and not extracted.complete


def test_what_has_no_text() -> None:
    assert extract(b"PK\x05\x06" + b"\0" * 18).pages == ()
    assert extract(b"x", FORMATS["pdf"].but(encrypted=True)) == ExtractedText(complete=False)
    assert not extract(b"%PDF-1.7 startxref", FORMATS["pdf"]).complete


WHOLE = [docx_file(("", "Kính gửi")), RTF, _word97("Cong van", wide=True), UNICODE.encode()]


@given(st.sampled_from(range(len(WHOLE))), st.integers(0, 40_000), st.binary(min_size=1, max_size=8))
def test_any_damage_is_answered(which: int, at: int, change: bytes) -> None:
    data = WHOLE[which]
    at %= len(data)
    for broken in (data[:at] + change + data[at + 1 :], data[:at]):
        assert isinstance(extract(broken).complete, bool)
