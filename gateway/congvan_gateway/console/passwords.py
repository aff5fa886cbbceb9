"""Passwords and second factors: argon2id (RFC 9106) and time-based one-time codes (RFC 6238)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from congvan_core.errors import InputError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

#: The shortest password (length counts more than kinds of characters: NIST SP 800-63B 5.1.1).
SHORTEST = 10
_STEP = 30  # seconds, RFC 6238 5.2
_LONGEST = 256


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """The argon2id hash to keep. Raises InputError for a password that is too short or too common."""
    if len(password) < SHORTEST:
        raise InputError(f"Mật khẩu phải có ít nhất {SHORTEST} ký tự")
    if len(password) > _LONGEST:
        raise InputError(f"Mật khẩu dài quá {_LONGEST} ký tự")
    if len(set(password)) < 5 or password.casefold() in {"1234567890", "matkhau123", "password123", "congvan123"}:
        raise InputError("Mật khẩu này quá dễ đoán; hãy dùng một câu ngắn gồm vài từ")
    return _hasher().hash(password)


def check_password(kept: str | None, password: str) -> bool:
    """Whether the password is right. An account without one takes the same time as any other."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept or _nobody(), password[:_LONGEST]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_hex(16))


def random_password() -> str:
    """Twenty characters that a person can copy from a screen: no 0/O, 1/l."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def new_totp_secret() -> str:
    """160 random bits in base32, as authenticators take them (RFC 4226 4)."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def totp(secret: str, step: int) -> str:
    """The six digits of one time step (RFC 4226 5.3)."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def check_totp(secret: str, code: str, at: float, last: int | None) -> int | None:
    """The time step that the code belongs to, one step of drift allowed either way; None where it is wrong or used.

    ``at`` in seconds since 1970; ``last`` the step used before: a code counts once (RFC 6238 5.2).
    """
    now = int(at) // _STEP
    given = "".join(code.split())
    for step in (now, now - 1, now + 1):
        if (last is None or step > last) and hmac.compare_digest(totp(secret, step).encode(), given.encode()):
            return step
    return None


def totp_address(secret: str, login: str, issuer: str = "Cong Van") -> str:
    """The ``otpauth`` address that an authenticator reads."""
    return f"otpauth://totp/{quote(issuer)}:{quote(login)}?secret={secret}&issuer={quote(issuer)}"
