"""Documents for tests: the product's own sample printer with short names, scans, and pages as pictures."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from congvan_core.documents.sample_pdf import SampleDocument, SampleSpec, make, scan

DECISION = SampleSpec(
    author="Sở Thử nghiệm A",
    parent="Ủy ban nhân dân thành phố Thử Nghiệm",
    symbol="QĐ-STNA",
    number="12",
    issued_on=date(2026, 11, 22),
    subject="Về việc phê duyệt Kế hoạch chuyển đổi số năm 2027",
    receivers=("Như Điều 3", "UBND thành phố (để báo cáo)", "Lưu: VT, VP"),
)
LETTER = replace(
    DECISION,
    type_name="Công văn",
    symbol="STNA-VP",
    number="5",
    subject="rà soát biên chế công chức",
    addressees=("Ủy ban nhân dân phường Thử Nghiệm B",),
)


@lru_cache(maxsize=64)
def document(spec: SampleSpec = DECISION) -> SampleDocument:
    return make(spec)


def make_pdf(**changes: Any) -> bytes:
    """One decision as PDF bytes: ``make_pdf(number="7", symbol="QĐ-UBND", issued_on=date(…), pages=3)``."""
    return document(replace(DECISION, **changes)).pdf


def make_letter(**changes: Any) -> bytes:
    """One công văn as PDF bytes."""
    return document(replace(LETTER, **changes)).pdf


def make_blank(**changes: Any) -> SampleDocument:
    """A decision whose number and date are still blank, with their places."""
    return document(replace(DECISION, number=None, issued_on=None, **changes))


@lru_cache(maxsize=16)
def _scan(pdf: bytes, dpi: int) -> bytes:
    return scan(pdf, dpi=dpi)


def make_scan(dpi: int = 72, **changes: Any) -> bytes:
    """The same decision as pages of pictures only."""
    return _scan(make_pdf(**changes), dpi)


def render(pdf: bytes, folder: Path, name: str = "page", dpi: int = 80) -> list[Path]:
    """Pages as PNG by poppler, a second reader beside the program's own."""
    source = folder / f"{name}.pdf"
    source.write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", str(dpi), "-png", str(source), str(folder / name)], check=True, timeout=60)
    return sorted(folder.glob(f"{name}-*.png"))


@pytest.fixture(scope="session")
def decision_pdf() -> bytes:
    return make_pdf()
