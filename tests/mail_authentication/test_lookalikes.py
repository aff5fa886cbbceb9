"""Domains and names that imitate a known agency are named; known ones and plain strangers are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_mailbox.authentication import similar_domain, suspicious_name

KNOWN = ["haiphong.gov.vn", "thidiem.example.vn", "hanam.gov.vn"]
AGENCIES = {"Ủy ban nhân dân phường Thí Điểm": ["thidiem.example.vn"], "Sở Mẫu Thử": ["haiphong.gov.vn"]}


@pytest.mark.parametrize(
    ("domain", "how"),
    [
        ("haiph0ng.gov.vn", "confusable"),
        ("haiphοng.gov.vn", "confusable"),
        ("xn--haiphng-2we.gov.vn", "letters"),
        ("hai-phong.gov.vn", "confusable"),
        ("haiphongg.gov.vn", "letters"),
        ("haipong.gov.vn", "letters"),
        ("ahiphong.gov.vn", "letters"),
        ("haiphong.gov.vn.mail-x.com", "embedded"),
        ("haiphong-gov-vn.com", "embedded"),
        ("haiphonggovvn.net", "embedded"),
        ("haiphong.com.vn", "ending"),
        ("thidierm.example.vn", None),
        ("thidlem.example.vn", None),
    ],
)
def test_imitations(domain: str, how: str | None) -> None:
    finding = similar_domain(domain, KNOWN)
    if how is None:
        assert finding is None  # below a name of another owner nothing is imitated: example.vn decides
        return
    assert finding is not None and finding.code == "ORIGIN-LOOKALIKE-DOMAIN"
    assert finding.message() and finding.evidence["known"] == "haiphong.gov.vn"


@pytest.mark.parametrize(
    "domain",
    [
        "haiphong.gov.vn",
        "so.haiphong.gov.vn",
        "gov.vn",
        "hanoi.gov.vn",
        "haiduong.gov.vn",
        "gmail.com",
        "quangninh.gov.vn",
        "chinhphu.vn",
        "",
    ],
)
def test_the_innocent(domain: str) -> None:
    assert similar_domain(domain, KNOWN) is None


@pytest.mark.parametrize(
    ("name", "address", "code"),
    [
        ("vanthu@haiphong.gov.vn", "x@evil.example", "ORIGIN-NAME-HOLDS-ADDRESS"),
        ("Văn thư <vanthu@haiphong.gov.vn>", "x@evil.example", "ORIGIN-NAME-HOLDS-ADDRESS"),
        ("UBND phường Thí Điểm", "x@gmail.com", "ORIGIN-NAME-BORROWED"),
        ("Văn thư - UBND phường Thí Điểm", "x@gmail.com", "ORIGIN-NAME-BORROWED"),
        ("So Mau Thu", "x@evil.example", "ORIGIN-NAME-BORROWED"),
        ("Sở Mẫu\u202e Thử", "x@evil.example", "ORIGIN-NAME-HIDDEN"),
        ("UBND phường Thí Điểm", "vt@thidiem.example.vn", None),
        ("Sở Mẫu Thử", "vt@so.haiphong.gov.vn", None),
        ("Nguyễn Thị Lan", "lan@gmail.com", None),
        ("vanthu@haiphong.gov.vn", "vanthu@haiphong.gov.vn", None),
    ],
)
def test_names(name: str, address: str, code: str | None) -> None:
    finding = suspicious_name(name, address, AGENCIES)
    assert (finding.code if finding else None) == code


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_answered(domain: str, name: str) -> None:
    similar_domain(domain, KNOWN)
    suspicious_name(name, f"a@{domain}", AGENCIES)
