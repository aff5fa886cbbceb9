"""Detached CMS: the fast path and CAdES, checked by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms

from congvan_core.errors import InputError
from congvan_core.signatures.signing import HttpTimeStamper, sign_cms_detached
from support_pki import LivePki

DATA = b"From line\r\nVietnamese: \xc4\x90\xe1\xbb\x99c l\xe1\xba\xadp\nbare\n" * 50


def _openssl(der: bytes, data: bytes, pki_folder: Path, tmp_path: Path) -> bool:
    (tmp_path / "s.der").write_bytes(der)
    (tmp_path / "d").write_bytes(data)
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(tmp_path / "s.der"),
         "-content", str(tmp_path / "d"), "-CAfile", str(pki_folder / "root.pem"), "-purpose", "any", "-out",
         str(tmp_path / "out")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode == 0 and (tmp_path / "out").read_bytes() == data


@pytest.mark.parametrize("name", ["gateway-a", "station-ec", "agency-a"])
@pytest.mark.parametrize("options", [{}, {"cades": True}, {"digest": "sha512"}])
def test_openssl_accepts_exactly_the_bytes(
    pki: LivePki, pki_folder: Path, tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    der = sign_cms_detached(DATA, pki.signing_key(name), **options)  # type: ignore[arg-type]
    assert _openssl(der, DATA, pki_folder, tmp_path)
    assert not _openssl(der, DATA[:-1], pki_folder, tmp_path)


def test_the_root_is_not_sent_and_the_state_ca_is(pki: LivePki) -> None:
    for options in ({}, {"cades": True}):
        content = cms.ContentInfo.load(sign_cms_detached(DATA, pki.signing_key("gateway-a"), **options))
        subjects = {c.chosen.subject.native["common_name"] for c in content["content"]["certificates"]}
        assert subjects == {"Hệ thống gửi nhận A", "CA phục vụ các cơ quan Nhà nước Thử nghiệm"}


def test_cades_t_carries_a_token(pki: LivePki, pki_folder: Path, tmp_path: Path) -> None:
    der = sign_cms_detached(DATA, pki.signing_key("agency-a"), cades=True, timestamper=HttpTimeStamper(pki.tsa_url))
    signer = cms.ContentInfo.load(der)["content"]["signer_infos"][0]
    assert [a["type"].native for a in signer["unsigned_attrs"]] == ["signature_time_stamp_token"]
    assert "signing_certificate_v2" in [a["type"].native for a in signer["signed_attrs"]]
    assert _openssl(der, DATA, pki_folder, tmp_path)


def test_a_digest_that_is_too_weak_is_refused(pki: LivePki) -> None:
    for options in ({}, {"cades": True}):
        with pytest.raises(InputError, match="sha1"):
            sign_cms_detached(DATA, pki.signing_key("gateway-a"), digest="sha1", **options)
