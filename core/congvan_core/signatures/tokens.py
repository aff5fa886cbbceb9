"""Signing tokens by PKCS#11 (v2.40): one PIN entry, never a second try by the program, clear words when pulled out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

from congvan_core.errors import ConfigurationError, ConflictError, NotFoundError, RefusedError, TemporaryError
from congvan_core.signatures.sign_keys import common_name, hash_named, order_chain, spki

PinState = Literal["ok", "low", "final", "locked"]

#: DigestInfo prefixes (RFC 8017 9.2, note 1) for tokens that only do bare RSA.
_DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
_PIN_WORDS = {
    "ok": "",
    "low": " Token cho biết đã có lần nhập sai: số lần thử còn lại ít.",
    "final": " Chỉ còn MỘT lần thử cuối cùng trước khi token bị khóa.",
    "locked": " Mã PIN đã bị khóa: cần cơ quan cấp chứng thư số mở khóa.",
}


@dataclass(frozen=True, slots=True)
class TokenState:
    """What a token says of itself. ``tries_left`` is 0 or 1 where it tells, None where it does not (PKCS#11 knows only
    "few", "last" and "locked")."""

    label: str
    serial: str
    manufacturer: str
    model: str
    pin: PinState
    tries_left: int | None
    pin_pad: bool


class TokenKey:
    """A key that stays on its token. Made by ``open_token``; ``close`` (or ``with``) logs out.

    A failure of the device ends the session for good: later calls raise TemporaryError until it is opened anew, with
    the PIN entered by a person.
    """

    def __init__(
        self,
        session: Any,
        key: Any,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate] = (),
        library: _Library | None = None,
    ) -> None:
        self.certificate = certificate
        self.chain = tuple(chain)
        self._session = session
        self._key = key
        self._library = library
        self._lock = threading.Lock()  # a PKCS#11 session does one operation at a time

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        import pkcs11

        algorithm = hash_named(digest)
        with self._lock:
            if self._session is None:
                raise TemporaryError("Phiên làm việc với token đã đóng: cắm lại token và nhập mã PIN để ký tiếp.")
            try:
                with _device("ký số"):
                    if isinstance(self.certificate.public_key(), rsa.RSAPublicKey):
                        return self._rsa(pkcs11.Mechanism, data, algorithm)
                    raw = bytes(self._key.sign(_hash(data, algorithm), mechanism=pkcs11.Mechanism.ECDSA))
                    half = len(raw) // 2
                    return utils.encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
            except TemporaryError:
                self._drop(failed=True)
                raise

    def _rsa(self, mechanism: Any, data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
        import pkcs11

        combined = {"sha256": "SHA256_RSA_PKCS", "sha384": "SHA384_RSA_PKCS", "sha512": "SHA512_RSA_PKCS"}
        try:
            return bytes(self._key.sign(data, mechanism=mechanism[combined[algorithm.name]]))
        except (pkcs11.exceptions.MechanismInvalid, pkcs11.exceptions.FunctionNotSupported):
            info = _DIGEST_INFO[algorithm.name] + _hash(data, algorithm)
            return bytes(self._key.sign(info, mechanism=mechanism.RSA_PKCS))

    def _drop(self, *, failed: bool = False) -> None:
        session, self._session = self._session, None
        if session is not None:
            import pkcs11

            if self._library is not None:
                self._library.ended(failed=failed)
            try:
                session.close()
            except pkcs11.exceptions.PKCS11Error:
                return  # the device is gone, and the session with it

    def close(self) -> None:
        with self._lock:
            self._drop()

    def __enter__(self) -> TokenKey:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TokenKey({common_name(self.certificate)!r})"


def _hash(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


@contextmanager
def _device(act: str) -> Iterator[None]:
    """Errors of the device become ours. What may pass by plugging in again is temporary."""
    from pkcs11 import exceptions as e

    gone = (
        e.DeviceRemoved, e.TokenNotPresent, e.SessionHandleInvalid, e.SessionClosed, e.KeyHandleInvalid,
        e.ObjectHandleInvalid, e.UserNotLoggedIn, e.TokenNotRecognised, e.SlotIDInvalid,
    )  # fmt: skip
    try:
        yield
    except gone as error:
        name = type(error).__name__
        raise TemporaryError(
            f"Không {act} được vì token đã bị rút ra hoặc mất kết nối ({name}). "
            "Cắm lại token và nhập mã PIN để tiếp tục."
        ) from error
    except (e.DeviceError, e.DeviceMemory, e.HostMemory, e.GeneralError, e.FunctionFailed, e.SessionCount) as error:
        raise TemporaryError(f"Không {act} được: token báo lỗi {type(error).__name__}. Hãy thử lại.") from error
    except e.PKCS11Error as error:
        raise RefusedError(f"Không {act} được: token từ chối ({type(error).__name__}).") from error


class _Library:
    """A loaded PKCS#11 module of this process, and how many of our sessions live in it."""

    def __init__(self, loaded: Any) -> None:
        self.loaded = loaded
        self._live = 0
        self._stale = False

    def began(self) -> None:
        self._live += 1

    def ended(self, *, failed: bool) -> None:
        self._live -= 1
        self._stale |= failed

    def refresh(self) -> None:
        """After a device went away most middleware must be started anew to see it again."""
        if self._stale and self._live == 0:
            self.loaded.reinitialize()
            self._stale = False


@cache
def _load(path: str) -> _Library:
    import pkcs11

    return _Library(pkcs11.lib(path))


def _library(module: str | Path) -> _Library:
    import pkcs11

    path = Path(module)
    if not path.is_absolute() or not path.is_file():
        raise ConfigurationError(f"Không thấy thư viện PKCS#11 {module}: cần đường dẫn đầy đủ tới tệp có thật.")
    try:
        return _load(str(path))
    except (RuntimeError, pkcs11.exceptions.PKCS11Error) as e:
        raise ConfigurationError(f"Không nạp được thư viện PKCS#11 {path.name}: {e or type(e).__name__}.") from e


def list_tokens(module: str | Path) -> list[TokenState]:
    """The tokens now plugged in. Raises ConfigurationError where the library does not load, TemporaryError."""
    library = _library(module)
    with _device("đọc danh sách token"):
        library.refresh()
        return [_state(each) for each in _tokens(library.loaded)]


def _tokens(library: Any) -> list[Any]:
    from pkcs11 import exceptions as e

    found = []
    for slot in library.get_slots(token_present=True):
        try:
            token = slot.get_token()
        except (e.TokenNotPresent, e.TokenNotRecognised):
            continue  # pulled out between two calls
        from pkcs11 import TokenFlag

        if token.flags & TokenFlag.TOKEN_INITIALIZED:
            found.append(token)
    return found


def _text(value: Any) -> str:
    raw = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return raw.strip("\0 ")


def _state(token: Any) -> TokenState:
    from pkcs11 import TokenFlag as Flag

    flags = token.flags
    pin: PinState = "ok"
    left: int | None = None
    if flags & Flag.USER_PIN_LOCKED:
        pin, left = "locked", 0
    elif flags & Flag.USER_PIN_FINAL_TRY:
        pin, left = "final", 1
    elif flags & Flag.USER_PIN_COUNT_LOW:
        pin = "low"
    pad = bool(flags & Flag.PROTECTED_AUTHENTICATION_PATH)
    maker = _text(token.manufacturer_id)
    return TokenState(_text(token.label), _text(token.serial), maker, _text(token.model), pin, left, pad)


def open_token(
    module: str | Path,
    label: str | None,
    pin: str | None,
    *,
    cert_label: str | None = None,
    key_label: str | None = None,
    last_try: bool = False,
) -> TokenKey:
    """Log in once and give the key that belongs to the certificate, with whatever CA certificates lie beside it.

    ``label`` None takes the only token present. ``pin`` None is for tokens with their own key pad. ``cert_label`` and
    ``key_label`` None take the only certificate that has a private key. The PIN is tried exactly once; where the token
    says that the next try is the last, nothing is tried unless ``last_try`` (a person decided so).

    Raises NotFoundError (no such token, certificate, key), RefusedError (wrong or locked PIN; ``details["pin"]`` and
    ``details["tries_left"]`` tell what the token says), ConflictError (already logged in elsewhere in this program),
    TemporaryError (pulled out), ConfigurationError.
    """
    import pkcs11
    from pkcs11 import exceptions as e

    library = _library(module)
    with _device("mở token"):
        library.refresh()
        present = _tokens(library.loaded)
        chosen = [t for t in present if label is None or _text(t.label) == label]
    if not chosen:
        seen = ", ".join(_text(t.label) for t in present) or "không có token nào"
        raise NotFoundError(f"Không thấy token {label or ''} (đang cắm: {seen}). Hãy cắm token và thử lại.")
    if len(chosen) > 1:
        raise ConfigurationError("Có nhiều token đang cắm: cần chỉ rõ nhãn của token.")
    token = chosen[0]
    state = _state(token)
    if state.pin == "locked" or (state.pin == "final" and not last_try):
        raise RefusedError(f"Không thử mã PIN của token “{state.label}”.{_PIN_WORDS[state.pin]}", **_told(state))
    secret: Any = pkcs11.PROTECTED_AUTH if pin is None else pin
    try:
        session = token.open(user_pin=secret)
    except (e.PinIncorrect, e.PinLenRange, e.PinInvalid, e.PinLocked, e.PinExpired, e.ArgumentsBad) as error:
        after = _state(token.slot.get_token())
        word = "đã bị khóa" if isinstance(error, e.PinLocked) else "không đúng"
        raise RefusedError(f"Mã PIN của token “{state.label}” {word}.{_PIN_WORDS[after.pin]}", **_told(after)) from None
    except (e.UserAlreadyLoggedIn, e.AnotherUserAlreadyLoggedIn):
        raise ConflictError(f"Token “{state.label}” đang được dùng ở một phiên khác của chương trình.") from None
    except e.PKCS11Error as error:
        with _device("mở token"):
            raise error
        raise AssertionError("unreachable") from error
    try:
        with _device("đọc token"):
            key, certificate, chain = _find(session, cert_label, key_label)
    except BaseException:
        session.close()
        raise
    library.began()
    return TokenKey(session, key, certificate, chain, library)


def _told(state: TokenState) -> dict[str, Any]:
    return {"pin": state.pin, "tries_left": state.tries_left, "label": state.label}


def _find(session: Any, cert_label: str | None, key_label: str | None) -> tuple[Any, x509.Certificate, Any]:
    from pkcs11 import Attribute, ObjectClass

    certificates: list[tuple[str, bytes, x509.Certificate]] = []
    for item in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        try:
            parsed = x509.load_der_x509_certificate(bytes(item[Attribute.VALUE]))
        except ValueError:
            continue  # an attribute certificate or a damaged one is not what we sign with
        certificates.append((_attribute(item, Attribute.LABEL), _attribute_bytes(item, Attribute.ID), parsed))
    keys = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    pairs = []
    for name, ident, certificate in certificates:
        for key in keys:
            same = _attribute_bytes(key, Attribute.ID) == ident if key_label is None else True
            wanted = key_label is None or _attribute(key, Attribute.LABEL) == key_label
            if same and wanted and (cert_label is None or name == cert_label) and _fits(key, certificate):
                pairs.append((name, key, certificate))
    if not pairs:
        raise NotFoundError("Trên token không có chứng thư số nào kèm khóa riêng như yêu cầu.")
    if len(pairs) > 1:
        labels = ", ".join(f"{name} ({common_name(c)})" for name, _, c in pairs)
        raise ConfigurationError(f"Trên token có nhiều chứng thư số ký được, cần chỉ rõ nhãn: {labels}.")
    _, key, certificate = pairs[0]
    return key, certificate, order_chain(certificate, (c for _, _, c in certificates))


def _fits(key: Any, certificate: x509.Certificate) -> bool:
    """RSA: the key's modulus is the certificate's. EC: the token shows no public point; the identifier must do."""
    from pkcs11 import Attribute

    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        modulus = _attribute_bytes(key, Attribute.MODULUS)
        return not modulus or int.from_bytes(modulus) == public.public_numbers().n
    return isinstance(public, ec.EllipticCurvePublicKey) and bool(spki(public))


def _attribute_bytes(item: Any, attribute: Any) -> bytes:
    from pkcs11 import exceptions as e

    try:
        value = item[attribute]
    except (e.AttributeTypeInvalid, e.AttributeSensitive, KeyError):
        return b""
    return bytes(value) if value is not None else b""


def _attribute(item: Any, attribute: Any) -> str:
    from pkcs11 import exceptions as e

    try:
        return _text(item[attribute])
    except (e.AttributeTypeInvalid, e.AttributeSensitive, KeyError):
        return ""
