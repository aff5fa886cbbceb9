"""Macros, ClamAV by its daemon, archives that bite: named, and never taken for clean."""

from __future__ import annotations

import io
import zipfile

import pytest

from congvan_gateway.judgement.harmful import instream
from support.clamd import EICAR, MARKER, ClamdInstance
from support.process import free_port
from support_judgement import NAME, Bench, genuine, mail, page
from support_pki import LivePki


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


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
    """No false alarm. That a real VBA or Excel 4 project is found has no test yet."""
    from congvan_gateway.judgement.harmful import macros

    assert macros(b"khong phai tep van phong", "a.doc") is None
    rtf = b"{\\rtf1 binh thuong}"
    assert "CONTENT-MACRO" not in judge(mail(("a.rtf", rtf))).codes
