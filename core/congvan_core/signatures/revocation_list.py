"""A revocation list (RFC 5280 section 5) of an authority, read once: every certificate of a document asks it again."""

from __future__ import annotations

import threading
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import x509
from asn1crypto.core import Void

from congvan_core.signatures.certificates import UnfitKeyError, as_kept, public_key, verify_raw

#: Critical extensions that do not change what the list says, or that are looked at.
_KNOWN = {"crl_number", "authority_key_identifier", "issuing_distribution_point", "freshest_crl", "issuer_alt_name"}


class RevocationList(asn1_crl.CertificateList):  # type: ignore[misc]
    """A list, never changed here, so that what is asked of it again and again is kept."""

    def dump(self, force: bool = False) -> bytes:
        return bytes(super().dump(True)) if force else self._encoded

    @cached_property
    def _encoded(self) -> bytes:
        return bytes(super().dump())

    @cached_property
    def issuer_der(self) -> bytes:
        return bytes(self.issuer.dump())

    @cached_property
    def understood(self) -> bool:
        """A whole list, without a critical extension that nobody here knows."""
        for extension in self["tbs_cert_list"]["crl_extensions"] or ():
            kind = extension["extn_id"].native
            if kind == "delta_crl_indicator" or (extension["critical"].native and kind not in _KNOWN):
                return False
        return True

    @cached_property
    def moments(self) -> tuple[datetime, datetime | None]:
        """thisUpdate and nextUpdate."""
        listed = self["tbs_cert_list"]
        return listed["this_update"].native, listed["next_update"].native

    @cached_property
    def _signed_part(self) -> bytes:
        return bytes(self["tbs_cert_list"].dump())

    @cached_property
    def entries(self) -> dict[int, bytes]:
        return entries(self._signed_part)

    @cached_property
    def _asked(self) -> dict[bytes, bool]:
        return {}

    def signed_by(self, signer: x509.Certificate) -> bool:
        """By this certificate's key, which may sign lists. False for unfit keys, whatever the reason."""
        key = as_kept(signer).dump()
        if key not in self._asked:
            self._asked[key] = self._signed_by(signer)
        return self._asked[key]

    def _signed_by(self, signer: x509.Certificate) -> bool:
        usage = signer.key_usage_value
        if usage is not None and "crl_sign" not in usage.native:
            return False
        try:
            algorithm: Any = self["signature_algorithm"]
            return verify_raw(public_key(signer), self["signature"].native, self._signed_part, algorithm)
        except UnfitKeyError:
            return False


class _Kept(threading.local):
    """The lists that this thread has read; as with certificates, two threads must not read in one at once."""

    def __init__(self) -> None:
        self.read = lru_cache(maxsize=8)(RevocationList.load)


_KEPT = _Kept()
#: Larger ones are read and not kept: eight of these, with what is read of them, are what a worker can spare.
_LARGEST_KEPT = 2 << 20


def read_list(der: bytes) -> RevocationList:
    """The list, read lazily as the library does. Raises ValueError for what is not even an element of ASN.1."""
    read: RevocationList = _KEPT.read(der) if len(der) <= _LARGEST_KEPT else RevocationList.load(der)
    return read


def entries(signed_part: bytes) -> dict[int, bytes]:
    """The entries of a list by serial number: a public authority's holds a hundred thousand."""
    revoked = asn1_crl.TbsCertList.load(signed_part)["revoked_certificates"]
    body = b"" if isinstance(revoked, Void) else bytes(revoked.contents or b"")
    found: dict[int, bytes] = {}
    pos = 0
    while pos < len(body):
        start, end = _content(body, pos)
        serial, stop = _content(body, start)
        found.setdefault(int.from_bytes(body[serial:stop], "big", signed=True), body[pos:end])
        pos = end
    return found


def _content(data: bytes, pos: int) -> tuple[int, int]:
    """Where the content of the DER element at ``pos`` begins and ends. Raises ValueError, IndexError."""
    length = data[pos + 1]
    start = pos + 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[pos + 2 : start], "big")
    if start + length > len(data):
        raise ValueError("an element beyond its list")
    return start, start + length
