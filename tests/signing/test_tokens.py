"""PKCS#11 tokens: signing, the PIN, the token pulled out (Điều 7.3; situations of the clerk's desk)."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from pkcs11 import Mechanism, TokenFlag
from pkcs11 import exceptions as pe

from congvan_core.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    RefusedError,
    TemporaryError,
)
from congvan_core.signatures import tokens
from congvan_core.signatures.signing import sign_cms_detached, sign_pdf
from congvan_core.signatures.tokens import TokenKey, list_tokens, open_token
from support_hsm import Hsm
from support_pdf import make_pdf
from support_pki import LivePki
from support_verdicts import verdicts

pytestmark = pytest.mark.real("softhsm")


def test_a_token_signs_a_pdf_that_two_verifiers_accept(hsm: Hsm, pki: LivePki) -> None:
    with open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as key:
        assert key.chain[0].subject == pki.cert("state-ca").subject
        first = sign_pdf(make_pdf(), key, kind="agency")
        second = sign_pdf(make_pdf(number="13"), key, kind="agency")  # several documents, one PIN entry
    for pdf in (first, second):
        assert verdicts(pdf, pki) == [("CoQuan", True, True)]


def test_an_ec_key_on_a_token_signs(hsm: Hsm, pki: LivePki) -> None:
    with open_token(hsm.module, hsm.label, hsm.pin, key_label="agency-ec", cert_label="agency-ec") as key:
        pki.cert("agency-ec").public_key().verify(key.sign(b"abc"), b"abc", ec.ECDSA(hashes.SHA256()))
        assert verdicts(sign_pdf(make_pdf(), key, kind="agency"), pki) == [("CoQuan", True, True)]
        assert sign_cms_detached(b"abc", key)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_token_without_combined_mechanisms_signs_the_digest_info(hsm: Hsm, pki: LivePki, digest: str) -> None:
    with open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as key:
        real = key._key

        class Bare:
            """A device that knows bare RSA only."""

            def sign(self, data: bytes, mechanism: Any) -> bytes:
                if mechanism != Mechanism.RSA_PKCS:
                    raise pe.MechanismInvalid
                return bytes(real.sign(data, mechanism=mechanism))

        key._key = Bare()
        signature = key.sign(b"abc", digest)
    algorithm = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[digest]
    pki.cert("agency-a").public_key().verify(signature, b"abc", padding.PKCS1v15(), algorithm)


def test_a_wrong_pin_is_tried_once_and_reported(hsm: Hsm) -> None:
    with pytest.raises(RefusedError, match="Mã PIN") as caught:
        open_token(hsm.module, hsm.label, "000000", cert_label="agency-a")
    assert caught.value.details["pin"] in ("ok", "low", "final")
    with open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as key:
        assert key.sign(b"x")


def test_the_same_token_twice_in_one_program_is_a_conflict(hsm: Hsm) -> None:
    with (
        open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a"),
        pytest.raises(ConflictError, match="phiên khác"),
    ):
        open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a")


def test_a_token_pulled_out_is_temporary_and_ends_the_session(hsm: Hsm) -> None:
    key = open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a")
    with hsm.pulled_out():
        with pytest.raises(TemporaryError, match="token"):
            sign_pdf(make_pdf(), key)
        with pytest.raises(TemporaryError, match="đã đóng"):
            key.sign(b"x")
    key.close()
    with open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as again:
        assert again.sign(b"x")


def test_what_is_missing_is_named(hsm: Hsm, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=hsm.label):
        open_token(hsm.module, "khong-co", hsm.pin)
    with pytest.raises(NotFoundError, match="chứng thư số"):
        open_token(hsm.module, hsm.label, hsm.pin, cert_label="nobody")
    with pytest.raises(ConfigurationError, match=r"agency-a.*agency-ec|agency-ec.*agency-a"):
        open_token(hsm.module, hsm.label, hsm.pin)
    with pytest.raises(ConfigurationError, match="thư viện"):
        open_token(tmp_path / "none.so", hsm.label, hsm.pin)
    junk = tmp_path / "junk.so"
    junk.write_bytes(b"not a library")
    with pytest.raises(ConfigurationError, match="nạp"):
        open_token(junk, hsm.label, hsm.pin)


def test_tokens_are_listed_with_their_state(hsm: Hsm) -> None:
    found = {t.label: t for t in list_tokens(hsm.module)}
    assert found[hsm.label].pin in ("ok", "low")
    assert found[hsm.label].manufacturer


class _Slot:
    def __init__(self, token: Any) -> None:
        self.token = token

    def get_token(self) -> Any:
        return self.token


class _Token:
    """A device of ten lines: its flags are what it tells, and it counts the PINs tried."""

    label, serial, manufacturer_id, model = "gia", b"01", "thu", "thu"

    def __init__(self, flags: TokenFlag, error: type[Exception] = pe.PinIncorrect) -> None:
        self.flags = flags | TokenFlag.TOKEN_INITIALIZED
        self.error = error
        self.tried: list[Any] = []
        self.slot = _Slot(self)

    def open(self, user_pin: Any) -> Any:
        self.tried.append(user_pin)
        raise self.error


def _plug(monkeypatch: pytest.MonkeyPatch, token: _Token) -> None:
    loaded = SimpleNamespace(get_slots=lambda token_present: [token.slot])
    monkeypatch.setattr(tokens, "_library", lambda module: tokens._Library(loaded))


def test_the_last_try_is_left_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    token = _Token(TokenFlag.USER_PIN_FINAL_TRY)
    _plug(monkeypatch, token)
    with pytest.raises(RefusedError, match="MỘT lần") as caught:
        open_token("x", None, "1234")
    assert caught.value.details["tries_left"] == 1
    assert token.tried == []
    with pytest.raises(RefusedError, match="không đúng"):
        open_token("x", None, "1234", last_try=True)
    assert token.tried == ["1234"]


def test_a_locked_pin_is_never_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    token = _Token(TokenFlag.USER_PIN_LOCKED)
    _plug(monkeypatch, token)
    with pytest.raises(RefusedError, match="khóa") as caught:
        open_token("x", None, "1234", last_try=True)
    assert caught.value.details == {"pin": "locked", "tries_left": 0, "label": "gia"}
    assert token.tried == []


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (pe.DeviceRemoved, TemporaryError),
        (pe.TokenNotPresent, TemporaryError),
        (pe.DeviceError, TemporaryError),
        (pe.FunctionRejected, RefusedError),
    ],
)
def test_errors_of_the_device_while_opening(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], ours: type[Exception]
) -> None:
    token = _Token(TokenFlag(0), error)
    _plug(monkeypatch, token)
    with pytest.raises(ours):
        open_token("x", "gia", "1234")
    assert token.tried == ["1234"]  # once, and never again by itself


def test_signing_from_several_threads_is_in_turn(hsm: Hsm, pki: LivePki) -> None:
    out: list[bytes] = []
    with open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as key:
        threads = [threading.Thread(target=lambda: out.append(key.sign(b"abc"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(out) == 8
    assert set(out) == {pki.signing_key("agency-a").sign(b"abc")}


def test_the_key_says_whose_it_is(hsm: Hsm) -> None:
    with open_token(hsm.module, hsm.label, hsm.pin, cert_label="agency-a") as key:
        assert isinstance(key, TokenKey)
        assert "THỬ NGHIỆM A" in repr(key)
