"""Files that lie ready for their receivers: encrypted with a key of their own, which only the signed mail holds.

A file is a nonce of 12 octets, the ciphertext, and the tag of 16 octets (AES-256-GCM, NIST SP 800-38D).
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from congvan_core.errors import InputError, UnreadableError

NONCE, TAG = 12, 16
_BLOCK = 1 << 20


def new_token() -> str:
    """256 random bits as they stand in an address."""
    return secrets.token_urlsafe(32)


def read_key(text: str) -> bytes:
    """A key as the mail writes it. Raises InputError."""
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise InputError("Khóa của tệp không hợp lệ") from error
    if len(key) != 32:
        raise InputError("Khóa của tệp không hợp lệ")
    return key


def lock(chunks: Iterable[bytes], path: Path) -> str:
    """Write the content encrypted, durably, whole or not at all; the key as text."""
    key, nonce = secrets.token_bytes(32), secrets.token_bytes(NONCE)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_suffix(".part")
    with open(os.open(work, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(nonce)
        for chunk in chunks:
            file.write(encryptor.update(chunk))
        file.write(encryptor.finalize() + encryptor.tag)
        file.flush()
        os.fsync(file.fileno())
    work.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def unlock(path: Path, key: bytes) -> Iterator[bytes]:
    """The content in pieces, none before the tag was found right. Raises UnreadableError."""
    for _ in _decrypted(path, key):
        pass
    return _decrypted(path, key)


def _decrypted(path: Path, key: bytes) -> Iterator[bytes]:
    size = path.stat().st_size
    if size < NONCE + TAG:
        raise UnreadableError("Tệp mã hóa không nguyên vẹn")
    with path.open("rb") as file:
        nonce = file.read(NONCE)
        file.seek(size - TAG)
        tag = file.read(TAG)
        file.seek(NONCE)
        decryptor = Cipher(algorithms.AES(key), modes.GCM(nonce, tag)).decryptor()
        left = size - NONCE - TAG
        while left:
            block = file.read(min(left, _BLOCK))
            if not block:
                raise UnreadableError("Tệp mã hóa không nguyên vẹn")
            left -= len(block)
            yield decryptor.update(block)
        try:
            decryptor.finalize()
        except InvalidTag as error:
            raise UnreadableError("Tệp mã hóa không nguyên vẹn hoặc sai khóa") from error
