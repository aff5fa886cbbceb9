"""Validation data and archive time stamps added later (Điều 20.3.b)."""

from __future__ import annotations

import io

import pikepdf
import pytest

from congvan_core.errors import CongvanError, NotFoundError, RefusedError, TemporaryError, UnreadableError
from congvan_core.signatures.sign_renewal import add_archive_timestamp, add_validation_info, archive_timestamps
from congvan_core.signatures.signing import HttpTimeStamper, RevocationSource, sign_pdf, source
from support_pdf import make_pdf
from support_pki import LivePki
from support_verdicts import statuses, verdicts


@pytest.fixture(scope="module")
def revocation(pki: LivePki) -> RevocationSource:
    return source([pki.cert("root")], [pki.cert("state-ca")], [pki.crl("root"), pki.crl("state-ca")])


@pytest.fixture(scope="module")
def received(pki: LivePki) -> bytes:
    """A document of person and agency with time stamps, as it arrives."""
    stamper = HttpTimeStamper(pki.tsa_url)
    once = sign_pdf(make_pdf(), pki.signing_key("leader"), timestamper=stamper)
    return sign_pdf(once, pki.signing_key("agency-a"), kind="agency", timestamper=stamper)


def test_validation_data_then_a_chain_of_stamps(pki: LivePki, received: bytes, revocation: RevocationSource) -> None:
    stamper = HttpTimeStamper(pki.tsa_url)
    lasting = add_validation_info(received, revocation)
    assert lasting.startswith(received)
    assert len(lasting) > len(received)
    first = add_archive_timestamp(lasting, stamper, revocation)
    second = add_archive_timestamp(first, stamper, revocation)
    assert second.startswith(first)
    assert first.startswith(lasting)
    times = archive_timestamps(second)
    assert len(times) == 2
    assert times == sorted(times)
    assert verdicts(second, pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]
    assert all(s.modification_level.name in ("LTA_UPDATES", "FORM_FILLING") for s in statuses(second, pki))
    with pikepdf.open(io.BytesIO(second)) as pdf:
        assert len(pdf.Root.DSS.CRLs) >= 2


def test_nothing_is_written_twice(received: bytes, revocation: RevocationSource) -> None:
    once = add_validation_info(received, revocation)
    assert add_validation_info(once, revocation) == once


def test_one_signature_only(received: bytes, revocation: RevocationSource) -> None:
    only = add_validation_info(received, revocation, field_name="NguoiKy")
    assert received != only != add_validation_info(only, revocation)
    with pytest.raises(NotFoundError):
        add_validation_info(received, revocation, field_name="X")


def test_a_signature_that_does_not_verify_gets_nothing(
    pki: LivePki, received: bytes, revocation: RevocationSource
) -> None:
    at = received.index(b"stream") + 40
    broken = received[:at] + bytes([received[at] ^ 1]) + received[at + 1 :]
    with pytest.raises(RefusedError):
        add_validation_info(broken, revocation)
    with pytest.raises(RefusedError):
        add_validation_info(sign_pdf(make_pdf(), pki.signing_key("revoked")), revocation)
    with pytest.raises(NotFoundError):
        add_validation_info(make_pdf(), revocation)
    with pytest.raises(UnreadableError):
        add_validation_info(b"%PDF-", revocation)


def test_without_lists_or_without_a_stamper(pki: LivePki, received: bytes, revocation: RevocationSource) -> None:
    with pytest.raises(RefusedError):
        add_validation_info(received, source([pki.cert("root")], [pki.cert("state-ca")]))
    with pytest.raises(CongvanError, match="chứng thư gốc"):
        add_validation_info(received, source([]))
    with pytest.raises(CongvanError, match="CRL"):
        add_validation_info(received, source([pki.cert("root")], (), [b"junk"]))
    pki.down = True
    try:
        with pytest.raises(TemporaryError):
            add_archive_timestamp(received, HttpTimeStamper(pki.tsa_url), revocation)
    finally:
        pki.down = False
