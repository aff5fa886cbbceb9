"""Whose certificate it is: a person's or an agency's (Điều 3.4-3.5), told from the subject name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from asn1crypto import x509

from congvan_core.signatures.certificates import common_name, fingerprint, name_values
from congvan_core.signatures.facts import SignerFacts, SignerKind

_ORGANIZATION_WORDS = (
    "ủy ban",
    "uỷ ban",
    "ubnd",
    "hđnd",
    "hội đồng",
    "sở ",
    "phòng ",
    "văn phòng",
    "cục ",
    "chi cục",
    "tổng cục",
    "bộ ",
    "ban ",
    "trung tâm",
    "trường ",
    "bệnh viện",
    "công ty",
    "tổng công ty",
    "đảng ủy",
    "thành ủy",
    "tỉnh ủy",
    "cổng ",
    "viện ",
    "tòa án",
    "kho bạc",
    "thanh tra",
    "chính phủ",
    "đoàn ",
    "hội ",
    "liên đoàn",
    "xã ",
    "phường ",
    "đài ",
    "ngân hàng",
    "quỹ ",
    "báo ",
    "đặc khu",
    "công an",
    "trạm ",
    "thư viện",
    "bảo tàng",
    "học viện",
    "đại học",
)
_SURNAMES = frozenset(
    [
        "nguyễn",
        "trần",
        "lê",
        "phạm",
        "hoàng",
        "huỳnh",
        "phan",
        "vũ",
        "võ",
        "đặng",
        "bùi",
        "đỗ",
        "hồ",
        "ngô",
        "dương",
        "lý",
        "đào",
        "đoàn",
        "vương",
        "trịnh",
        "trương",
        "đinh",
        "lâm",
        "mai",
        "tô",
        "tạ",
        "hà",
        "cao",
        "thái",
        "lưu",
        "châu",
        "phùng",
        "tăng",
        "quách",
        "tống",
        "kiều",
        "la",
        "từ",
        "chu",
        "đàm",
        "nghiêm",
        "thân",
        "mạc",
        "quan",
        "triệu",
        "doãn",
        "khuất",
        "giáp",
        "bạch",
        "lương",
        "thạch",
        "kim",
        "văn",
        "an",
        "âu",
        "bế",
        "cù",
        "cung",
        "diệp",
        "đồng",
        "hứa",
        "khổng",
        "lại",
        "lã",
        "lục",
        "mạch",
        "nông",
        "ninh",
        "ông",
        "phí",
        "sầm",
        "thi",
        "tiêu",
        "viên",
    ]
)
_PORTAL = re.compile(
    r"(?:cổng|trang)\s+(?:thông\s+tin\s+điện\s+tử|ttđt|dịch\s+vụ\s+công)\b|cong thong tin dien tu\b", re.IGNORECASE
)
_UID = re.compile(r"^(MST|MNS|CCCD|CMND|HC|BHXH)\s*:", re.I)


def kind_of(cert: x509.Certificate, overrides: Mapping[str, str] | None = None) -> SignerKind:
    """``overrides`` maps a certificate's SHA-256 or its common name to ``person`` or ``organization``."""
    name = common_name(cert.subject)
    for key in (fingerprint(cert), name):
        if overrides and key in overrides:
            return SignerKind(overrides[key])
    prefixes = {m.group(1).upper() for v in name_values(cert.subject, "user_id") if (m := _UID.match(v.strip()))}
    if prefixes & {"CCCD", "CMND", "HC"}:
        return SignerKind.PERSON
    if prefixes & {"MST", "MNS"}:
        return SignerKind.ORGANIZATION
    cn = _plain(name)
    organizations = [
        _plain(v) for k in ("organization_name", "organizational_unit_name") for v in name_values(cert.subject, k)
    ]
    if any(cn.startswith(w) or f" {w}" in f" {cn} " for w in _ORGANIZATION_WORDS[:5]):
        return SignerKind.ORGANIZATION
    if any(cn.startswith(w) for w in _ORGANIZATION_WORDS):
        words = cn.split()
        if not (2 <= len(words) <= 5 and words[0] in _SURNAMES and cn not in organizations):
            return SignerKind.ORGANIZATION
    if cn and cn in organizations:
        return SignerKind.ORGANIZATION
    words = cn.split()
    if 2 <= len(words) <= 6 and words[0] in _SURNAMES and all(w.replace(".", "").isalpha() for w in words):
        return SignerKind.PERSON
    return SignerKind.UNKNOWN


def is_portal(name: str) -> bool:
    """Whether a signer is a portal: its signature is that of a published copy, of no competent person and no author."""
    return bool(_PORTAL.match(_plain(name)))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def describe(cert: x509.Certificate | None, overrides: Mapping[str, str] | None = None) -> SignerFacts:
    """The signer as a report shows it; empty where there is no certificate."""
    if cert is None:
        return SignerFacts()
    subject = cert.subject
    try:
        human = str(subject.human_friendly)
    except Exception:
        human = common_name(subject)
    organizations = name_values(subject, "organization_name")
    mails = name_values(subject, "email_address")
    return SignerFacts(
        name=common_name(subject),
        organization=organizations[0] if organizations else "",
        serial=f"{cert.serial_number:x}",
        issuer=common_name(cert.issuer),
        kind=kind_of(cert, overrides),
        subject=human,
        email=mails[0] if mails else "",
        identifiers=tuple(name_values(subject, "user_id")),
        sha256=fingerprint(cert),
        not_before=cert.not_valid_before,
        not_after=cert.not_valid_after,
    )
