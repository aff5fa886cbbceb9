"""Mail addresses: checked and in the one form that is compared."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from congvan_core.errors import InputError


@dataclass(frozen=True, slots=True)
class Address:
    """``text``: local part as given, domain in lower-case A-labels (RFC 5890). ``key``: what look-ups compare."""

    text: str
    key: str

    @property
    def domain(self) -> str:
        return self.text.rpartition("@")[2]


def parse_address(text: str, *, test_environment: bool = False) -> Address:
    """A checked address; international domains become A-labels (RFC 5891), nothing is asked of the network.

    ``test_environment`` lets the reserved domain ``.test`` through (RFC 6761). Raises InputError.
    """
    from email_validator import EmailNotValidError, validate_email

    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > 320:
        raise InputError(f"Địa chỉ thư dài quá 320 ký tự: {text[:60]}…")
    try:
        found = validate_email(text, check_deliverability=False, test_environment=test_environment)
    except EmailNotValidError as error:
        raise InputError(f"Địa chỉ thư không hợp lệ: {text[:120]} ({error})", address=text[:320]) from error
    whole = f"{found.local_part}@{found.ascii_domain.lower()}"
    return Address(whole, whole.lower())


def address_key(text: str) -> str:
    """What look-ups compare, for addresses as they stand in mail: never fails, an odd address just matches nothing.

    RFC 5321 2.4 lets local parts differ by case; no official mailbox does, and mail programs change it.
    """
    text = unicodedata.normalize("NFC", text).strip().strip("<>").strip()
    local, at, domain = text.rpartition("@")
    if not at:
        return text.lower()[:320]
    if not domain.isascii():
        try:
            import idna

            domain = idna.encode(domain, uts46=True).decode("ascii")
        except Exception:  # a stranger's domain that is no domain: it equals nothing in the directory
            domain = domain.encode("ascii", "replace").decode("ascii")
    return f"{local}@{domain.rstrip('.')}".lower()[:320]
