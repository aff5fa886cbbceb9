"""The sealed store: mails that may hold state secrets, encrypted, outside the blob store, read by nothing else.

Each is ``ID.sealed`` (AES-256-GCM, ``CVSEAL1``, nonce, ciphertext, tag) beside ``ID.key``: its content key, encrypted
(CMS) to the named persons one inside the other, so that neither opens it alone. Where no persons are named the key is
encrypted to the agency's gateway key, which has a password and a place of its own: then the two persons' act opens it,
not their tokens. Only an installation without any key makes one beside the store (mode 0600), and is told so.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding

from congvan_core.documents.text import squeeze
from congvan_core.errors import ConfigurationError, NotFoundError, UnreadableError
from congvan_core.ids import now
from congvan_mailbox.smime.decrypt import Recipient, decrypt
from congvan_mailbox.smime.encrypt import encrypt

_MARK = b"CVSEAL1\n"
_CHUNK = 1 << 20
_OWN = "store"


class SealedStore:
    """``folder`` is made on first use, mode 0700. ``persons`` are certificate files (PEM) of the named persons,
    ``agency`` the gateway's key, which stands in where none are named."""

    def __init__(self, folder: Path, persons: Sequence[Path] = (), agency: Recipient | None = None) -> None:
        self.folder = folder
        self.persons = tuple(persons)
        self.agency = agency

    def put(self, item: str, chunks: Iterable[bytes]) -> None:
        """Encrypt and keep; durable on return. Sealing an item again changes nothing."""
        if self.holds(item):
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key, nonce = os.urandom(32), os.urandom(12)
        wrapped = key
        for certificate in self._certificates():
            wrapped = _body(encrypt(wrapped, [certificate]))
        self._write(item, "key", [wrapped])
        encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()

        def sealed() -> Iterator[bytes]:
            yield _MARK + nonce
            for chunk in chunks:
                yield encryptor.update(chunk)
            yield encryptor.finalize() + encryptor.tag

        self._write(item, "sealed", sealed())

    def holds(self, item: str) -> bool:
        return self._path(item, "sealed").is_file()

    def open(self, item: str, keys: Sequence[Recipient] = ()) -> Iterator[bytes]:
        """The mail's bytes, the whole of it checked before the first is given. ``keys``: the named persons', any order.

        Raises NotFoundError, and UnreadableError where a key is missing or the file was changed.
        """
        path = self._path(item, "sealed")
        if not path.is_file():
            raise NotFoundError(f"Không có thư niêm phong {item}")
        wrapped = self._path(item, "key").read_bytes()
        held = [*keys, *self._own_recipient()]
        for _ in range(max(1, len(self.persons))):
            wrapped = decrypt(wrapped, held)
        if len(wrapped) != 32:
            raise UnreadableError("Chưa đủ khóa của hai người được giao để mở niêm phong")
        for _ in self._read(path, wrapped):
            pass
        return self._read(path, wrapped)

    def _read(self, path: Path, key: bytes) -> Iterator[bytes]:
        with path.open("rb") as file:
            head = file.read(len(_MARK) + 12)
            left = path.stat().st_size - len(head) - 16
            file.seek(-16, os.SEEK_END)
            decryptor = Cipher(algorithms.AES(key), modes.GCM(head[len(_MARK) :], file.read(16))).decryptor()
            file.seek(len(head))
            try:
                while left > 0:
                    chunk = file.read(min(_CHUNK, left))
                    left -= len(chunk)
                    yield decryptor.update(chunk)
                decryptor.finalize()
            except InvalidTag:
                raise UnreadableError("Thư niêm phong đã bị thay đổi, không mở được") from None

    def destroy(self, item: str) -> bool:
        """Remove the key first, then the content: without its key nothing of it can be read, on any copy of the disk."""
        found = self.holds(item)
        for suffix in ("key", "sealed"):
            path = self._path(item, suffix)
            if path.exists():
                if suffix == "key":
                    size = path.stat().st_size
                    with path.open("r+b") as file:
                        file.write(os.urandom(size))
                        file.flush()
                        os.fsync(file.fileno())
                path.unlink()
        return found

    def _path(self, item: str, suffix: str) -> Path:
        if not item.isalnum():
            raise NotFoundError(f"Không có thư niêm phong {squeeze(item)[:40]!r}")
        return self.folder / f"{item}.{suffix}"

    def _write(self, item: str, suffix: str, chunks: Iterable[bytes]) -> None:
        path = self._path(item, suffix)
        fresh = path.with_suffix(f".{suffix}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def _certificates(self) -> list[bytes]:
        if not self.persons:
            return [self.agency.certificate if self.agency is not None else self._own()[0]]
        if len(self.persons) != 2:
            raise ConfigurationError("Mục keys.sealed_to phải nêu chứng thư của đúng hai người được giao")
        return [x509.load_pem_x509_certificate(p.read_bytes()).public_bytes(Encoding.DER) for p in self.persons]

    def _own_recipient(self) -> list[Recipient]:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        if self.persons:
            return []
        held = [self.agency] if self.agency is not None else []
        if self._path(_OWN, "pem").exists():
            certificate, private = self._own()
            held.append(Recipient(certificate, load_pem_private_key(private, None)))
        return held

    def _own(self) -> tuple[bytes, bytes]:
        """The store's own certificate (DER) and key (PEM), made on first use."""
        path = self._path(_OWN, "pem")
        if not path.exists():
            self._write(_OWN, "pem", [_own_key()])
        data = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
        return certificate, data[: data.index(b"-----BEGIN CERTIFICATE")]


def _own_key() -> bytes:
    from datetime import timedelta

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Kho niêm phong")])
    begin = now()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
    certificate = builder.not_valid_after(begin + timedelta(days=36500)).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _body(entity: bytes) -> bytes:
    """The CMS inside the mail part that ``encrypt`` makes."""
    return base64.b64decode(entity.partition(b"\r\n\r\n")[2])
