"""Small files that are large to read: an answer that says so, within the limits of one worker."""

from __future__ import annotations

import io
from pathlib import Path

import hostile
import pikepdf
import pytest
from asn1crypto import cms, x509

from congvan_core.signatures.limited import Job, LimitedVerifier
from congvan_core.signatures.pdf_objects import skip
from congvan_core.signatures.sign_cms import sign_cms_detached
from congvan_core.signatures.signing import sign_pdf
from congvan_core.signatures.trust_store import TrustStore
from congvan_core.signatures.verify import verify_file
from support_pki import LivePki
from support_signed import page_pdf, seal


@pytest.fixture(scope="module")
def worker() -> object:
    with LimitedVerifier(workers=1) as made:
        yield made


def answered(worker: LimitedVerifier, path: Path) -> dict[str, object]:
    report, code = worker.verify(Job(str(path)))
    assert report["outcome"] in ("invalid", "indeterminate", "unsigned")
    assert code in (1, 3, 4)
    assert report["findings"]
    return report


@pytest.mark.parametrize("name", list(hostile.FILES))
def test_every_bomb_is_answered(name: str, worker: LimitedVerifier, tmp_path: Path) -> None:
    kind, make = hostile.FILES[name]
    path = tmp_path / f"{name}.{kind}"
    path.write_bytes(make())
    report = answered(worker, path)
    assert report["integrity"] in ("broken", "unreadable", "unsigned")
    # The worker was not the worse for it: it answered itself, or another stands ready.
    path.write_bytes(page_pdf())
    assert worker.verify(Job(str(path)))[0]["outcome"] == "unsigned"


@pytest.mark.parametrize("bomb", ["content", "picture"])
def test_a_bomb_on_the_page_of_a_second_signature(
    bomb: str, pki: LivePki, pki_folder: Path, worker: LimitedVerifier, tmp_path: Path
) -> None:
    """It must be drawn to be compared. What cannot be drawn is not completed, and never valid."""
    with pikepdf.open(io.BytesIO(page_pdf())) as pdf:
        page = pdf.pages[0].obj
        if bomb == "content":
            squeezed = pikepdf.Stream(pdf, b"")
            squeezed.write(_squeeze(b"0 0 1 1 re f\n" * 20_000_000), filter=pikepdf.Name.FlateDecode)
            page.Contents = pdf.make_indirect(squeezed)
        else:
            picture = pikepdf.Stream(pdf, b"")
            picture.write(_squeeze(bytes(10 << 20)), filter=pikepdf.Name.FlateDecode)
            picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
            picture.Width = picture.Height = 60_000
            picture.ColorSpace, picture.BitsPerComponent = pikepdf.Name.DeviceGray, 8
            page.Resources.XObject = pikepdf.Dictionary(I=pdf.make_indirect(picture))
            pdf.pages[0].contents_add(b"q 200 0 0 200 20 400 cm /I Do Q")
        out = io.BytesIO()
        pdf.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    signed = seal(pki, sign_pdf(out.getvalue(), pki.signing_key("leader"), certify=False))
    path = tmp_path / "bomb.pdf"
    path.write_bytes(signed)
    report, code = worker.verify(Job(str(path), trust=(str(pki_folder / "trust"),)))
    assert code in (0, 1, 3, 4)
    if report["outcome"] == "valid":
        assert bomb == "picture"  # the renderer leaves such a picture out, in both revisions
    else:
        assert {f["code"] for f in report["findings"]} & {"INTEGRITY-TOO-HARD", "INTEGRITY-NOT-COMPLETED"}


def _squeeze(data: bytes) -> bytes:
    import zlib

    return zlib.compress(data, 1)


def test_ten_thousand_certificates(pki: LivePki) -> None:
    data = b"noi dung"
    info = cms.ContentInfo.load(sign_cms_detached(data, pki.signing_key("agency-a")))
    signed = info["content"]
    other = pki.der("stranger")
    serial = x509.Certificate.load(other)["tbs_certificate"]["serial_number"].contents
    many = [c.dump() for c in signed["certificates"]]
    for number in range(10_000):
        many.append(other.replace(serial, number.to_bytes(len(serial), "big"), 1))
    content = b"".join(many)
    signed["certificates"] = cms.CertificateSet.load(b"\x31\x84" + len(content).to_bytes(4, "big") + content)
    trust = TrustStore()
    trust.add_bytes(pki.der("root"))
    report = verify_file(data, name="a.txt", trust=trust, signature=info.dump()).to_json()
    assert (report["integrity"], report["outcome"]) == ("intact", "indeterminate"), report["findings"]


def test_comments_without_end_take_no_memory() -> None:
    import tracemalloc

    data = b"%\n" * 1_000_000
    tracemalloc.start()
    assert skip(data, 0) == len(data)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
