"""The seam to pyHanko: our keys as its signers, its coroutines as plain calls, its errors as ours.

pyHanko's own ``SimpleSigner`` loads and checks the private key at every signature (40 ms of 45); here the key stays
loaded. The sizes of signatures are computed, so that no dry run is made.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    PathBuildingError,
    PathError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.registry import SimpleCertificateStore

from congvan_core.errors import CongvanError, RefusedError, TemporaryError, UnreadableError

if TYPE_CHECKING:
    from congvan_core.signatures.sign_keys import SigningKey

T = TypeVar("T")


@lru_cache(maxsize=256)
def to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


class KeySigner(signers.Signer):
    """A SigningKey in pyHanko's dress. The root is not embedded: a receiver has it, or should not trust it."""

    def __init__(self, key: SigningKey) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple([to_asn1(c) for c in key.chain])
        super().__init__(signing_cert=to_asn1(key.certificate), cert_registry=store, embed_roots=False)
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(raw_size(self._key.certificate))
        return self._key.sign(data, digest_algorithm)


class TimedPdfSigner(signers.PdfSigner):
    """A PdfSigner whose claimed time is given, not read from the machine's clock."""

    signing_time: datetime | None = None

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
        session = super().init_signing_session(pdf_out, existing_fields_only=existing_fields_only)
        if self.signing_time is not None:
            session.system_time = self.signing_time
        return session


def raw_size(certificate: x509.Certificate) -> int:
    """Bytes of a raw signature: the RSA modulus, or an upper bound of a DER ECDSA pair."""
    size = getattr(certificate.public_key(), "key_size", 4096)
    return int(size + 7) // 8 * (1 if isinstance(size, int) and size >= 1024 else 2) + 16


def reserve(key: SigningKey, *, timestamp: bool) -> int:
    """Hexadecimal digits to reserve for the CMS in the file (pyHanko's ``bytes_reserved``), without a dry run.

    A time-stamp token with its certificates takes 4 to 7 kB.
    """
    encoded = sum(len(to_asn1(c).dump()) for c in (key.certificate, *key.chain))
    return 2 * (encoded + raw_size(key.certificate) + 2048 + (10240 if timestamp else 0))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end, from any thread; where a loop already runs here, in a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _alone(coroutine)
    box: list[T] = []
    error: list[BaseException] = []

    def work() -> None:
        try:
            box.append(_alone(coroutine))
        except BaseException as e:  # carried over to the caller's thread
            error.append(e)

    thread = threading.Thread(target=work, name="signing")
    thread.start()
    thread.join()
    if error:
        raise error[0]
    return box[0]


def _alone(coroutine: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run, without its signal handler: restoring that makes CPython print the result (40 ms/MB)."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@contextmanager
def our_errors(what: str) -> Iterator[None]:
    """Foreign exceptions become ours. ``what`` names the act: “ký số văn bản”."""
    try:
        yield
    except CongvanError:
        raise
    except TimestampRequestError as e:
        raise TemporaryError(f"Không {what} được: dịch vụ dấu thời gian chưa trả lời ({e}). Hãy thử lại sau.") from e
    except (PathError, ValidationError) as e:
        raise RefusedError(f"Không {what} được: {_chain_words(e)}.") from e
    except SigningError as e:
        if isinstance(e.__cause__, (PathError, ValidationError)):
            raise RefusedError(f"Không {what} được: {_chain_words(e.__cause__)}.") from e
        raise RefusedError(f"Không {what} được: {e}.") from e
    except SignatureValidationError as e:
        raise RefusedError(f"Không {what} được: một chữ ký hoặc dấu thời gian trong tệp không hợp lệ ({e}).") from e
    except PdfError as e:
        raise UnreadableError(f"Không {what} được: tệp PDF hỏng, được mã hóa hoặc không đúng chuẩn ({e}).") from e
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, AssertionError) as e:
        raise UnreadableError(f"Không {what} được: không đọc được cấu trúc của tệp ({type(e).__name__}: {e}).") from e


def _chain_words(error: Exception) -> str:
    """What is wrong with a certificate, in a clerk's words, with the library's beside it."""
    if isinstance(error, RevokedError):
        return f"chứng thư số đã bị thu hồi ({error})"
    if isinstance(error, ExpiredError):
        return f"chứng thư số đã hết hạn ({error})"
    if isinstance(error, InsufficientRevinfoError):
        return f"chưa có câu trả lời về tình trạng thu hồi của chứng thư số ({error})"
    if isinstance(error, PathBuildingError):
        return f"chứng thư số không dẫn tới một chứng thư gốc được tin cậy ({error})"
    return f"chứng thư số không qua được kiểm tra ({error})"
