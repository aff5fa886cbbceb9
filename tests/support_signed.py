"""Signed files for the tests of verification, what a receiver trusts, and short words for a verdict."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageDraw

from congvan_core.signatures.trust_store import TrustStore
from congvan_core.signatures.verify import verify_file
from support_pki import LivePki

PERSON_RECT = (370.0, 220.0, 490.0, 320.0)
SEAL_RECT = (310.0, 222.0, 408.0, 318.0)


def picture(kind: str) -> bytes:
    """A seal in red or a signature in blue, transparent PNG."""
    image = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    if kind == "seal":
        draw.ellipse((10, 10, 290, 290), outline=(210, 0, 0, 255), width=12)
        draw.polygon([(150, 60), (190, 180), (60, 110), (240, 110), (110, 180)], fill=(210, 0, 0, 255))
    else:
        draw.line([(20, 200), (80, 60), (120, 240), (180, 80), (220, 220), (280, 120)], fill=(0, 0, 200, 255), width=8)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def store(pki: LivePki, *, crls: bool = True, intermediate: bool = True, root: bool = True) -> TrustStore:
    """What an administrator would have given."""
    trust = TrustStore()
    if root:
        trust.add_bytes(pki.der("root"))
    if intermediate:
        trust.add_bytes(pki.der("state-ca"))
    if crls:
        trust.add_bytes(pki.crl("root"))
        trust.add_bytes(pki.crl("state-ca"))
    return trust


def page_pdf(extra: tuple[str, ...] = (), pages: int = 1) -> bytes:
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=(595, 842), invariant=1)
    for index in range(pages):
        paper.setFont("Times-Roman", 13)
        paper.drawString(60, 790, "UY BAN NHAN DAN PHUONG THU NGHIEM")
        paper.drawString(60, 760, "So:          /QD-UBND")
        paper.drawString(330, 760, "ngay          thang          nam 2026")
        paper.drawString(60, 700, f"Dieu 1. Phe duyet kinh phi 1.000.000 dong, trang {index + 1}")
        for line, text in enumerate(extra):
            paper.drawString(60, 670 - 20 * line, text)
        paper.drawString(380, 330, "CHU TICH")
        paper.drawString(380, 200, "Nguyen Van Anh")
        paper.showPage()
    paper.save()
    return out.getvalue()


def seal(
    pki: LivePki, pdf: bytes, rect: tuple[float, float, float, float] = SEAL_RECT, name: str = "agency-a"
) -> bytes:
    from congvan_core.signatures.appearance import agency_appearance
    from congvan_core.signatures.signing import sign_pdf

    return sign_pdf(
        pdf, pki.signing_key(name), kind="agency", appearance=agency_appearance(picture("seal")), page=0, rect=rect
    )


def verdict(pdf: bytes, trust: TrustStore, **options: Any) -> dict[str, Any]:
    return verify_file(pdf, name="x.pdf", trust=trust, **options).to_json()


def codes(report: dict[str, Any]) -> set[str]:
    return {f["code"] for f in report["findings"]}
