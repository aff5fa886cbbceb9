"""Two-step signing: the hash goes out, the signature comes back."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.errors import InputError, RefusedError, TemporaryError
from congvan_core.signatures.sign_remote import PendingSignature, finish_remote, start_remote
from congvan_core.signatures.signing import HttpTimeStamper, sign_pdf
from support_pdf import make_pdf
from support_pki import LivePki
from support_verdicts import statuses, verdicts


@pytest.mark.parametrize("name", ["leader", "agency-ec"])
def test_the_signature_comes_back_after_storage(pki: LivePki, name: str) -> None:
    pdf = sign_pdf(make_pdf(), pki.signing_key("clerk"))
    pending = start_remote(pdf, pki.cert(name), pki.chain(name), kind="agency")
    assert pending.document.startswith(pdf)
    stored = PendingSignature.from_json(pending.to_json(), pending.document)
    assert stored == pending
    signature = pki.signing_key(name).sign(stored.to_sign)  # on the signer's machine
    signed = finish_remote(stored, signature, timestamper=HttpTimeStamper(pki.tsa_url))
    assert verdicts(signed, pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]
    assert statuses(signed, pki)[1].timestamp_validity.trusted


def test_a_device_that_takes_the_digest_only(pki: LivePki) -> None:
    pending = start_remote(make_pdf(), pki.cert("leader"), pki.chain("leader"))
    digest = utils.Prehashed(hashes.SHA256())
    signature = pki.key("leader").sign(pending.digest_value, padding.PKCS1v15(), digest)
    assert verdicts(finish_remote(pending, signature), pki) == [("NguoiKy", True, True)]


def test_the_bytes_to_be_signed_are_those_of_the_file(pki: LivePki) -> None:
    pending = start_remote(make_pdf(), pki.cert("leader"))
    start, end = pending.region
    signed = pending.document[:start] + pending.document[end:]
    assert hashlib.sha256(signed).digest() == pending.document_digest
    assert pending.document_digest in pending.to_sign


def test_another_key_or_another_file_is_refused(pki: LivePki) -> None:
    pending = start_remote(make_pdf(), pki.cert("leader"))
    other = start_remote(make_pdf(number="13"), pki.cert("leader"))
    for wrong in (
        pki.signing_key("clerk").sign(pending.to_sign),
        pki.signing_key("leader").sign(other.to_sign),
        b"\0" * 256,
    ):
        with pytest.raises(RefusedError, match="Nguyễn Văn Ánh"):
            finish_remote(pending, wrong)
    for bad in (b"", b"\1" * 5000):
        with pytest.raises(InputError):
            finish_remote(pending, bad)
    with pytest.raises(InputError, match="không còn là tệp"):
        PendingSignature.from_json(pending.to_json(), other.document)


def test_a_time_stamp_that_fails_leaves_the_signature_usable(pki: LivePki) -> None:
    pending = start_remote(make_pdf(), pki.cert("leader"), pki.chain("leader"))
    signature = pki.signing_key("leader").sign(pending.to_sign)
    pki.down = True
    try:
        with pytest.raises(TemporaryError):
            finish_remote(pending, signature, timestamper=HttpTimeStamper(pki.tsa_url))
    finally:
        pki.down = False
    signed = finish_remote(pending, signature, timestamper=HttpTimeStamper(pki.tsa_url))
    assert verdicts(signed, pki) == [("NguoiKy", True, True)]


def test_a_stamp_belongs_to_the_second_step(pki: LivePki) -> None:
    with pytest.raises(InputError, match="bước hai"):
        start_remote(make_pdf(), pki.cert("leader"), timestamper=HttpTimeStamper(pki.tsa_url))


@given(text=st.text(max_size=60) | st.just("{}") | st.just('{"certificates": [], "region": []}'))
def test_damaged_storage_is_input_error(text: str) -> None:
    with pytest.raises(InputError):
        PendingSignature.from_json(text, b"")
