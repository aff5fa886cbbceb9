"""Formats by content, against name and declared type.

Quy chế Điều 8.2.
"""

import base64
import io
import struct
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents import formats, legacy_text
from congvan_core.documents.format_table import FORMATS
from congvan_core.documents.formats import Kind
from congvan_core.findings import Severity
from support_documents import compound_file

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20 + b"\0\0\0\0IEND\xaeB`\x82"
JPG = b"\xff\xd8\xff\xe0\0\x10JFIF" + b"\0" * 40 + b"\xff\xd9"


def zipped(*members: tuple[str, bytes], stored: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def ooxml(folder: str, main: str, *more: tuple[str, bytes]) -> bytes:
    return zipped(("[Content_Types].xml", b"<Types/>"), (f"{folder}/{main}", b"<x/>"), *more)


def cms(oid_last: int, *, content: bool) -> bytes:
    def tlv(tag: int, body: bytes) -> bytes:
        length = len(body)
        return bytes([tag]) + (bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")) + body

    pkcs7 = bytes.fromhex("2a864886f70d0107")
    encap = tlv(0x06, pkcs7 + b"\x01") + (tlv(0xA0, tlv(0x04, b"noi dung")) if content else b"")
    signed = tlv(0x02, b"\x01") + tlv(0x31, b"") + tlv(0x30, encap) + tlv(0x31, b"\0" * 200)
    return tlv(0x30, tlv(0x06, pkcs7 + bytes([oid_last])) + tlv(0xA0, tlv(0x30, signed)))


EML = b"Return-Path: <a@example.vn>\r\nFrom: a@example.vn\r\nSubject: thu\r\nDate: x\r\n\r\nnoi dung\r\n"
OOXML_ENCRYPTED_NAME = "EncryptedPackage"

SAMPLES: list[tuple[str, bytes, str, bool]] = [
    ("a.pdf", PDF, "pdf", True),
    ("b.pdf", b"\r\n  junk before" + PDF, "pdf", True),
    ("a.docx", ooxml("word", "document.xml"), "docx", True),
    ("a.xlsx", ooxml("xl", "workbook.xml"), "xlsx", True),
    ("a.pptx", ooxml("ppt", "presentation.xml"), "pptx", True),
    ("a.docm", ooxml("word", "document.xml", ("word/vbaProject.bin", b"x")), "docm", False),
    ("a.xlsb", ooxml("xl", "workbook.bin"), "xlsb", False),
    ("a.odt", zipped(("mimetype", b"application/vnd.oasis.opendocument.text"), stored=True), "odt", True),
    ("a.ods", zipped(("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), stored=True), "ods", False),
    ("a.zip", zipped(("12-QD.pdf", PDF)), "zip", False),
    ("a.jar", zipped(("META-INF/MANIFEST.MF", b""), ("A.class", b"")), "jar", False),
    ("a.rtf", b"{\\rtf1\\ansi Cong van}", "rtf", True),
    ("a.jpg", JPG, "jpg", True),
    ("a.gif", b"GIF89a" + b"\0" * 20 + b"\x3b", "gif", True),
    ("a.bmp", b"BM" + struct.pack("<IHHI", 100, 0, 0, 54) + struct.pack("<I", 40) + b"\0" * 82, "bmp", True),
    ("a.png", PNG, "png", True),
    ("a.txt", "Công văn số 12/QĐ-UBND\n".encode(), "txt", True),
    ("a.p7s", cms(2, content=False), "p7s", False),
    ("a.p7m", cms(2, content=True), "p7m", False),
    ("smime.p7m", cms(3, content=True), "p7m", False),
    ("c.p7s", base64.encodebytes(cms(2, content=False)), "p7s", False),
    ("d.p7s", b"-----BEGIN PKCS7-----\n" + base64.encodebytes(cms(2, content=False)) + b"-----END PKCS7-----\n", "p7s",
     False),
    ("a.eml", EML, "eml", False),
    ("a.html", b"<!DOCTYPE html><html><body>x</body></html>", "html", False),
    ("a.svg", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "svg", False),
    ("a.xml", b"<?xml version='1.0'?><a/>", "xml", False),
    ("a.edxml", b"<?xml version='1.0'?>\n<!-- x --><edXML xmlns='urn:x'/>", "edxml", False),
    ("a.exe", b"MZ\x90\0" + b"\0" * 60, "exe", False),
    ("a.js", b"var a = 1;\nfunction f(x) { return eval('x'); }\nnew ActiveXObject('WScript.Shell')", "js", False),
    ("a.sh", b"#!/bin/sh\necho\n", "script", False),
    ("a.rar", b"Rar!\x1a\x07\x01\x00" + b"\0" * 20, "rar", False),
    ("a.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 30, "7z", False),
    ("winmail.dat", b"\x78\x9f\x3e\x22\x01\x00" + b"\0" * 10, "tnef", False),
    ("a.tif", b"II*\x00" + b"\0" * 20, "tiff", False),
    ("a.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "ics", False),
    ("a.bin", bytes(range(256)) * 4, "unknown", False),
    ("a.pdf", b"", "empty", False),
]  # fmt: skip


NAMES = [f"{name}-{expected}" for name, _, expected, _ in SAMPLES]


@pytest.mark.parametrize(("name", "data", "expected", "allowed"), SAMPLES, ids=NAMES)
def test_content_decides(name: str, data: bytes, expected: str, allowed: bool, tmp_path: Path) -> None:
    found = formats.sniff(data)
    assert (found.name, found.allowed, found.encrypted, found.damaged) == (expected, allowed, False, False)
    path = tmp_path / "f"
    path.write_bytes(data)
    assert formats.sniff(path) == found and formats.sniff(str(path)) == found


@pytest.mark.parametrize(("name", "data", "expected", "allowed"), SAMPLES, ids=NAMES)
def test_right_names_are_not_complained_of(name: str, data: bytes, expected: str, allowed: bool) -> None:
    codes = {f.code for f in formats.check(data, name).findings}
    assert codes.isdisjoint({"FORMAT-EXTENSION-DIFFERS", "FORMAT-DAMAGED", "FORMAT-DOUBLE-EXTENSION"})
    if allowed or FORMATS[expected].kind in (Kind.SIGNATURE, Kind.METADATA):
        assert codes == set()


@pytest.mark.parametrize("name", ["a.rar", "a.7z", "winmail.dat", "a.zip"])
def test_packed_files_are_notes(name: str) -> None:
    data = next(d for n, d, *_ in SAMPLES if n == name)
    assert [(f.code, f.severity) for f in formats.check(data, name).findings] == [("FORMAT-NOT-LISTED", Severity.INFO)]


@pytest.mark.parametrize(
    ("name", "data", "declared", "code"),
    [
        ("12-QD.pdf", b"MZ\x90\0" + b"\0" * 60, "application/pdf", "FORMAT-DISGUISED"),
        ("12-QD.pdf.exe", b"MZ\x90\0" + b"\0" * 60, "", "FORMAT-DISGUISED"),
        ("setup.exe", b"MZ\x90\0" + b"\0" * 60, "", "FORMAT-PROGRAM"),
        ("a.vbs", b"Xin chao", "", "FORMAT-PROGRAM"),
        ("a.pdf", ooxml("word", "document.xml"), "", "FORMAT-EXTENSION-DIFFERS"),
        ("a.docx", ooxml("xl", "workbook.xml"), "", "FORMAT-EXTENSION-DIFFERS"),
        ("a.docx", zipped(("b.pdf", PDF)), "", "FORMAT-EXTENSION-DIFFERS"),
        ("a", PDF, "", "FORMAT-EXTENSION-MISSING"),
        ("a.docx.pdf", PDF, "", "FORMAT-DOUBLE-EXTENSION"),
        ("a.pdf", PDF, "image/png", "FORMAT-TYPE-DIFFERS"),
        ("a.pdf", b"", "", "FORMAT-EMPTY"),
        ("a.pdf", PDF[:40], "", "FORMAT-DAMAGED"),
        ("a.png", PNG[:20], "", "FORMAT-DAMAGED"),
        ("a.jpg", JPG[:30], "", "FORMAT-DAMAGED"),
        ("a.docx", ooxml("word", "document.xml")[:-30], "", "FORMAT-DAMAGED"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "", "FORMAT-DAMAGED"),
        ("a.html", b"<html><script>x</script></html>", "", "FORMAT-NOT-LISTED"),
        ("a.bin", bytes(range(256)), "", "FORMAT-UNKNOWN"),
    ],
)
def test_what_is_said(name: str, data: bytes, declared: str, code: str) -> None:
    found = formats.check(data, name, declared)
    assert code in [f.code for f in found.findings]
    for finding in found.findings:
        assert finding.message() and "…" not in finding.message()


@pytest.mark.parametrize(
    ("name", "declared"),
    [("a.signed.pdf", "application/octet-stream"), ("12.QD.UBND.pdf", "application/pdf; name=x"), ("a.PDF", "")],
)
def test_ordinary_names_of_a_pdf(name: str, declared: str) -> None:
    assert formats.check(PDF, name, declared).findings == ()


def test_a_signature_may_carry_the_name_of_what_it_signs() -> None:
    assert formats.check(cms(2, content=False), "12-QD.pdf.p7s", "application/pkcs7-signature").findings == ()
    assert formats.check(cms(2, content=True), "12-QD.docx.p7m").findings == ()


def test_a_password_on_a_pdf(tmp_path: Path) -> None:
    import pikepdf

    for user, expected in (("mat khau", "FORMAT-ENCRYPTED"), ("", "FORMAT-RESTRICTED")):
        out = io.BytesIO()
        with pikepdf.new() as made:
            made.add_blank_page()
            made.save(out, encryption=pikepdf.Encryption(user=user, owner="chu"))
        checked = formats.check(out.getvalue(), "a.pdf")
        assert [f.code for f in checked.findings] == [expected]
        assert checked.format.encrypted is bool(user)


def test_a_password_on_a_zip() -> None:
    data = bytearray(zipped(("a.pdf", PDF)))
    data[6] |= 1  # local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # directory
    assert "FORMAT-ARCHIVE-ENCRYPTED" in [f.code for f in formats.check(bytes(data), "a.zip").findings]


def test_a_password_on_an_odt() -> None:
    manifest = ("META-INF/manifest.xml", b"<manifest:encryption-data/>")
    assert formats.sniff(zipped(("mimetype", b"application/vnd.oasis.opendocument.text"), manifest)).encrypted


@pytest.mark.parametrize(
    ("streams", "name", "encrypted"),
    [
        ({"WordDocument": b"\xec\xa5" + b"\0" * 30}, "doc", False),
        ({"WordDocument": b"\xec\xa5" + b"\0" * 9 + b"\x01" + b"\0" * 20}, "doc", True),
        ({"Workbook": struct.pack("<HH", 0x0809, 4) + b"\0" * 4}, "xls", False),
        ({"Workbook": struct.pack("<HHIHH", 0x0809, 4, 0, 0x002F, 2) + b"\0" * 2}, "xls", True),
        ({"PowerPoint Document": b"x"}, "ppt", False),
        ({"PowerPoint Document": b"x", "EncryptedSummary": b"x"}, "ppt", True),
        ({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}, "office", True),
        ({"__properties_version1.0": b"x"}, "msg", False),
        ({"Other": b"x"}, "ole", False),
    ],
)
def test_older_office_files(streams: dict[str, bytes], name: str, encrypted: bool, tmp_path: Path) -> None:
    data = compound_file(streams)
    found = formats.sniff(data)
    assert (found.name, found.encrypted, found.damaged) == (name, encrypted, False)
    extension = "docx" if name == "office" else name
    codes = [f.code for f in formats.check(data, f"a.{extension}").findings]
    assert ("FORMAT-ENCRYPTED" in codes) is encrypted and "FORMAT-EXTENSION-DIFFERS" not in codes


def test_filepass_of_xls() -> None:
    from congvan_core.documents.sniff_containers import _has_filepass

    bof = struct.pack("<HH", 0x0809, 16) + b"\0" * 16
    assert _has_filepass(bof + struct.pack("<HH", 0x002F, 6) + b"\0" * 6)
    assert not _has_filepass(bof + struct.pack("<HH", 0x0042, 2) + b"\0\0")
    assert not _has_filepass(b"\x01")


@pytest.mark.parametrize(
    ("encoding", "data", "noted"),
    [
        ("utf-8", "Công văn".encode(), False),
        ("utf-8", b"\xef\xbb\xbf" + "Công văn".encode(), False),
        ("utf-16-le", "\ufeffCông văn số 12".encode("utf-16-le"), False),
        ("utf-16-be", "Cong van so 12 ngay 05".encode("utf-16-be"), False),
        ("cp1258", unicodedata.normalize("NFD", "Kính gửi").encode("cp1258", "ignore"), True),
        ("tcvn3", "C«ng v¨n sè 123 vÒ viÖc ®iÒu chØnh quy ho¹ch".encode("cp1252"), True),
    ],
)
def test_encodings_of_text(encoding: str, data: bytes, noted: bool) -> None:
    found = formats.sniff(data)
    assert (found.name, found.encoding) == ("txt", encoding)
    assert ("FORMAT-TEXT-ENCODING" in [f.code for f in formats.check(data, "a.txt").findings]) is noted


def test_a_long_text_cut_inside_a_letter_is_still_text(tmp_path: Path) -> None:
    data = b"a" + "ệ".encode() * 30_000
    assert formats.sniff(data).encoding == "utf-8"
    assert formats.sniff(b"van ban " * 10_000 + b"\0\0\0\0").name == "unknown"


def test_tcvn3_and_vni() -> None:
    assert legacy_text.from_tcvn3("C«ng v¨n sè 123 vÒ viÖc ®iÒu chØnh quy ho¹ch sö dông ®Êt") == (
        "Công văn số 123 về việc điều chỉnh quy hoạch sử dụng đất"
    )
    assert legacy_text.from_vni("Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam") == "Cộng hòa xã hội chủ nghĩa Việt Nam"
    assert legacy_text.from_vni("ñöôøng, vaên baûn, thöù, ngaøy, yù kieán, ÑAËNG") == (
        "đường, văn bản, thứ, ngày, ý kiến, ĐẶNG"
    )
    assert legacy_text.convert("céng hßa", "tcvn3-capitals") == "CỘNG HÒA"
    assert legacy_text.convert("cộng hòa", None) == "cộng hòa"


@pytest.mark.parametrize(
    ("font", "encoding"),
    [(".VnTime", "tcvn3"), (".VnTimeH", "tcvn3-capitals"), ("ABCDEF+.VnArial", "tcvn3"), ("VNI-Times", "vni"),
     ("Times New Roman", None), ("Vneu", None)],
)  # fmt: skip
def test_encoding_by_font(font: str, encoding: str | None) -> None:
    assert legacy_text.font_encoding(font) == encoding


@given(st.text(alphabet="aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạấầẩẫậếềểễệíìỉĩịốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ ", max_size=80))
def test_tcvn3_round_trip(text: str) -> None:
    assert legacy_text.from_tcvn3(legacy_text.to_tcvn3(text)) == unicodedata.normalize("NFC", text)


@given(st.binary(max_size=4000), st.sampled_from(["a.pdf", "a.docx", "a", "x.exe", "a.txt", ""]))
def test_any_bytes_are_answered(data: bytes, name: str) -> None:
    for finding in formats.check(data, name, "application/pdf").findings:
        assert finding.message()


@given(st.sampled_from([d for _, d, *_ in SAMPLES if d]), st.data())
def test_damaged_files_are_answered(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = data[:at] + draw.draw(st.binary(min_size=1, max_size=8)) + data[at + 1 :]
    formats.check(changed, "a.pdf")
    formats.check(data[:at], "a.pdf")
