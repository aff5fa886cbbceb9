"""The certificates and revocation lists that an administrator gave, and what each is good for."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import x509

from congvan_core.errors import ConfigurationError
from congvan_core.signatures.certificates import common_name, fingerprint, is_ca, is_self_signed, read_certificate
from congvan_core.signatures.official_ca import BY_FINGERPRINT
from congvan_core.signatures.revocation_list import RevocationList

MAX_FILES = 2000
MAX_FILE_SIZE = 64 << 20
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.S)
_SUFFIXES = {".pem", ".crt", ".cer", ".der", ".crl", ".p7b", ".p7c"}
ANY_PURPOSE = frozenset({"any"})


@dataclass(frozen=True, slots=True)
class TrustedCertificate:
    """``role``: anchor, or intermediate (which never makes trust by itself), or other (kept, without effect)."""

    certificate: x509.Certificate
    sha256: str
    name: str
    role: str
    purposes: frozenset[str]
    known_as: str | None = None


@dataclass(slots=True)
class TrustStore:
    """Anchors, intermediates and CRLs. An empty store trusts nothing: the operating system's list is never asked."""

    anchors: dict[str, TrustedCertificate] = field(default_factory=dict)
    intermediates: dict[str, TrustedCertificate] = field(default_factory=dict)
    others: dict[str, TrustedCertificate] = field(default_factory=dict)
    crls: list[asn1_crl.CertificateList] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, paths: Iterable[str | Path], *, purposes: frozenset[str] | None = None) -> TrustStore:
        """PEM, DER and CRL files, or folders of them (read one level deep, other files in them left alone).

        Raises ConfigurationError for a path that does not exist or a named file that holds nothing of use.
        """
        store = cls()
        for given in paths:
            path = Path(given)
            if path.is_dir():
                for child in sorted(path.iterdir())[:MAX_FILES]:
                    if child.is_file() and child.suffix.lower() in _SUFFIXES and child.stat().st_size <= MAX_FILE_SIZE:
                        store.add_bytes(child.read_bytes(), purposes=purposes)
                continue
            try:
                if path.stat().st_size > MAX_FILE_SIZE:
                    raise ConfigurationError(f"Tệp chứng thư quá lớn: {path}")
                data = path.read_bytes()
            except OSError as error:
                raise ConfigurationError(f"Không đọc được chứng thư tin cậy {path}: {error.strerror}") from error
            if not store.add_bytes(data, purposes=purposes):
                raise ConfigurationError(f"Không có chứng thư hoặc danh sách thu hồi (PEM, DER, CRL) nào trong {path}")
        return store

    def add_bytes(self, data: bytes, *, purposes: frozenset[str] | None = None) -> int:
        """Everything of use in one file's bytes; returns how many items were taken."""
        blocks: list[bytes] = []
        for match in _PEM.finditer(data):
            body = match.group(2).split(b"\n\n", 1)[-1] if b":" in match.group(2) else match.group(2)
            try:
                blocks.append(base64.b64decode(b"".join(body.split()), validate=True))
            except ValueError:
                continue
        if not blocks:
            blocks = [data]
        return sum(self._add_der(block, purposes) for block in blocks)

    def _add_der(self, der: bytes, purposes: frozenset[str] | None) -> int:
        certificate = _certificate(der)
        if certificate is not None:
            self.add_certificate(certificate, purposes=purposes)
            return 1
        bundle = _bundle(der)
        if bundle:
            for item in bundle:
                self.add_certificate(item, purposes=purposes)
            return len(bundle)
        try:
            crl = RevocationList.load(der, strict=True)
            _ = crl["tbs_cert_list"]["this_update"].native, crl.issuer.dump()
        except Exception:
            return 0
        self.crls.append(crl)
        return 1

    def add_certificate(self, cert: x509.Certificate, *, purposes: frozenset[str] | None = None) -> TrustedCertificate:
        """A self-signed CA is an anchor; another CA an intermediate; anything else has no effect on trust."""
        sha256 = fingerprint(cert)
        known = BY_FINGERPRINT.get(sha256)
        role = "other"
        if is_ca(cert):
            role = "anchor" if is_self_signed(cert) else "intermediate"
        wanted = purposes or (known.purposes if known else ANY_PURPOSE)
        entry = TrustedCertificate(cert, sha256, common_name(cert.subject), role, wanted, known.name if known else None)
        {"anchor": self.anchors, "intermediate": self.intermediates, "other": self.others}[role][sha256] = entry
        return entry

    def add_crl(self, der: bytes) -> None:
        self.crls.append(RevocationList.load(der))

    def entries(self) -> Sequence[TrustedCertificate]:
        return [*self.anchors.values(), *self.intermediates.values(), *self.others.values()]


def _certificate(der: bytes) -> x509.Certificate | None:
    try:
        cert = x509.Certificate.load(der, strict=True)
        _ = cert.subject.dump(), cert.issuer.dump(), cert.public_key.dump(), cert.not_valid_after
    except Exception:
        return None
    return read_certificate(der)


def _bundle(der: bytes) -> list[x509.Certificate]:
    """The certificates of a PKCS #7 bundle (.p7b)."""
    try:
        from asn1crypto import cms

        info = cms.ContentInfo.load(der)
        if info["content_type"].native != "signed_data":
            return []
        return [c.chosen for c in info["content"]["certificates"] or () if isinstance(c.chosen, x509.Certificate)][:200]
    except Exception:
        return []
