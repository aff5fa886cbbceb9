"""The keys that people use at this station: a token that is plugged in, a PKCS#12 file; opened once for several documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from congvan_core.errors import ConfigurationError, CongvanError, NotFoundError, RefusedError
from congvan_core.signatures.sign_keys import SigningKey, expiry, load_pkcs12
from congvan_core.signatures.tokens import list_tokens, open_token
from congvan_gateway.main import App

_MOST = 200


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """A key that may be chosen. ``id`` names it in forms; ``warning`` is what a token says of its PIN."""

    id: str
    words: str
    warning: str = ""


def key_choices(app: App) -> list[KeyChoice]:
    """Tokens plugged in now and PKCS#12 files of the station. Empty where signing is done elsewhere."""
    signing, found = app.settings.signing, []
    if signing.pkcs11:
        try:
            tokens = list_tokens(app.settings.path(signing.pkcs11))
        except CongvanError as error:
            return [KeyChoice("", "token", error.message)]
        warnings = {
            "low": "đã có lần nhập sai mã PIN", "final": "chỉ còn một lần thử mã PIN", "locked": "mã PIN đã bị khóa",
        }  # fmt: skip
        found += [KeyChoice(f"token:{t.label}", f"Token {t.label}", warnings.get(t.pin, "")) for t in tokens]
    found += [KeyChoice(f"file:{path.name}", f"Tệp khóa {path.stem}") for path in _files(app)]
    return found


def _files(app: App) -> list[Path]:
    if not app.settings.signing.keys_folder:
        return []
    folder = app.settings.path(app.settings.signing.keys_folder)
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".p12", ".pfx"))[:_MOST]


@contextmanager
def opened(app: App, key_id: str, secret: str) -> Iterator[SigningKey]:
    """The key after one entry of the PIN or password, which is tried exactly once; closed at the end.

    Raises RefusedError (wrong or locked PIN, wrong password), NotFoundError (not plugged in, no such file), TemporaryError,
    ConfigurationError.
    """
    kind, _, name = key_id.partition(":")
    if kind == "token" and app.settings.signing.pkcs11:
        try:
            token = open_token(app.settings.path(app.settings.signing.pkcs11), name, secret or None)
        except ConfigurationError as error:
            raise RefusedError(error.message) from None
        with token:
            yield token
        return
    path = next((one for one in _files(app) if one.name == name), None) if kind == "file" else None
    if path is None:
        raise NotFoundError("Không thấy khóa đã chọn; hãy cắm token hoặc chọn lại.")
    try:
        key = load_pkcs12(path, secret)
    except ConfigurationError as error:
        raise RefusedError(error.message) from None
    yield key


def expiry_words(key: SigningKey, app: App) -> str:
    """The warning 60, 30 and 7 days before the certificate ends; empty while there is nothing to say."""
    left = expiry(key.certificate, app.clock())
    if left.warn is None:
        return ""
    if left.warn == 0:
        return "Chứng thư số đã hết hạn."
    return f"Chứng thư số còn hiệu lực {left.days} ngày; hãy đề nghị gia hạn."
