"""What a PDF does beside being read, found in a document, in an enclosure and in an archive; locked files held."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String

from support_judgement import NAME, Bench, genuine, mail, page
from support_macros import zipped
from support_pki import LivePki


def changed(change: Callable[[Pdf], Any], **save: Any) -> bytes:
    out = io.BytesIO()
    with Pdf.open(io.BytesIO(page())) as pdf:
        change(pdf)
        pdf.save(out, **save)
    return out.getvalue()


def action(**values: Any) -> Callable[[Pdf], Any]:
    def put(pdf: Pdf) -> None:
        pdf.Root.OpenAction = Dictionary(**values)

    return put


def embedded(pdf: Pdf) -> None:
    pdf.attachments["mau.exe"] = pikepdf.AttachedFileSpec(pdf, b"MZ", filename="mau.exe")


def media(pdf: Pdf) -> None:
    note = Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([0, 0, 9, 9]))
    pdf.pages[0].Annots = Array([pdf.make_indirect(note)])


ACTS = {
    "CONTENT-PDF-SCRIPT": action(S=Name.JavaScript, JS=String("app.alert(1)")),
    "CONTENT-PDF-LAUNCH": action(S=Name.Launch, F=String("cmd.exe")),
    "CONTENT-PDF-EMBEDDED-FILE": embedded,
    "CONTENT-PDF-RICH-MEDIA": media,
}


@pytest.mark.parametrize("code", sorted(ACTS))
def test_what_a_pdf_does_is_told_wherever_it_hangs(judge: Bench, pki: LivePki, code: str) -> None:
    data = changed(ACTS[code], object_stream_mode=pikepdf.ObjectStreamMode.generate)
    beside = (NAME, genuine(pki))
    for files in ([(NAME, data)], [beside, ("phu luc.pdf", data)], [beside, ("a.zip", zipped({"b.pdf": data}))]):
        found = judge(mail(*files))
        assert code in found.codes, [n for n, _ in files]
        (finding,) = [f for f in found["findings"] if f["code"] == code]
        assert finding["evidence"]["file"].endswith(".pdf")
        if finding["severity"] == "error":
            assert found["decision"] == "quarantine"


def test_a_form_that_sends_data_out_is_one_that_launches(judge: Bench) -> None:
    data = changed(action(S=Name.SubmitForm, F=Dictionary(FS=Name.URL, F=String("http://198.51.100.7/"))))
    assert "CONTENT-PDF-LAUNCH" in judge(mail((NAME, data))).codes
    link = changed(action(S=Name.URI, URI=String("https://haiphong.gov.vn")))
    assert "CONTENT-PDF-LAUNCH" not in judge(mail((NAME, link))).codes


def test_a_locked_pdf_is_held_and_one_that_only_forbids_printing_is_read(judge: Bench) -> None:
    locked = changed(lambda pdf: None, encryption=pikepdf.Encryption(owner="x", user="bi mat", R=6))
    found = judge(mail((NAME, locked)))
    assert "FORMAT-ENCRYPTED" in found.codes
    assert found["decision"] == "quarantine"
    open_one = changed(lambda pdf: None, encryption=pikepdf.Encryption(owner="x", user="", R=6))
    found = judge(mail((NAME, open_one)))
    assert "FORMAT-ENCRYPTED" not in found.codes
    assert found["metadata"]["number"] == "67"
