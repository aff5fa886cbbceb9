"""The certificates of the official-service CA, known by fingerprint so that they can be asked for by name.

The certificate files themselves come from the administrator. Re-derive a fingerprint from the CA's own publication
before relying on it; here they only put names to certificates.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """``purposes``: official (chuyên dùng công vụ), public, timestamp."""

    sha256: str
    name: str
    role: str
    purposes: frozenset[str]
    file: str


_OFFICIAL = frozenset({"official", "timestamp"})
_KNOWN = (
    KnownCertificate(
        "f04ba4b459a7c9a1b971ad9b1cb833e695a80c79aea63b174b66a70edfe2fdb8",
        "RootCA chuyên dùng Chính phủ G2",
        "root",
        _OFFICIAL,
        "rootcag2.crt",
    ),
    KnownCertificate(
        "d8cab7a4aef92e6bb2509d7c61cee7b44f3731b2d21074963530277b366fae4b",
        "CA phục vụ các cơ quan Nhà nước G2",
        "intermediate",
        _OFFICIAL,
        "cpg2.crt",
    ),
    KnownCertificate(
        "e4b402e3cb4cacc0a20d21fa49bce76beb4eb47ba7ffb7a8f71c554dbe561a81",
        "CA phục vụ các cơ quan Đảng G2",
        "intermediate",
        _OFFICIAL,
        "dcscag2.crt",
    ),
    KnownCertificate(
        "f7bc89054cec7f12730d7b8cd3eb7955b163835087e5eb873edfb584763b3f90",
        "Co quan chung thuc so chuyen dung Chinh phu (RootCA)",
        "root",
        _OFFICIAL,
        "rootca.crt",
    ),
    KnownCertificate(
        "75e969c07ba35c29c72bbc1bfb880f20f3891a619b00b77eb02ca6160736a1fe",
        "Co quan chung thuc so Chinh phu",
        "intermediate",
        _OFFICIAL,
        "cp.crt",
    ),
)
BY_FINGERPRINT: dict[str, KnownCertificate] = {k.sha256: k for k in _KNOWN}
BY_NAME: dict[str, KnownCertificate] = {k.name: k for k in _KNOWN}
