"""Reading CMS: the signers of a SignedData, each with its certificate, and what came along with it (RFC 5652)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, x509

from congvan_core.documents.sniff_asn1 import smime_body
from congvan_core.errors import UnreadableError
from congvan_core.signatures.certificates import read_certificate
from congvan_core.signatures.revocation import Sources

MAX_SIGNERS = 50
MAX_CERTIFICATES = 200
_REVOCATION_ARCHIVAL = "1.2.840.113583.1.1.8"
_PEM = re.compile(rb"-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----(.*?)(?:-----END|\Z)", re.S)


@dataclass(slots=True)
class SignedMessage:
    """A parsed SignedData. ``content`` is the enveloped content, None when it is detached."""

    signers: list[cms.SignerInfo]
    certificates: list[x509.Certificate]
    content: bytes | None
    content_type: str
    sources: Sources = field(default_factory=Sources)


def decode(data: bytes) -> bytes:
    """DER or BER out of what may be PEM, bare base64, or the headers and base64 of an S/MIME text (RFC 8551 3.2).

    Of a beginning as much as it reaches; the bytes themselves where they are none of these.
    """
    stripped = data.strip()
    if match := _PEM.search(stripped):
        return _base64(match.group(1), strict=False) or data  # RFC 1421 let header fields stand inside
    at = smime_body(stripped)
    if at is not None or (stripped[:1] == b"M" and re.fullmatch(rb"[A-Za-z0-9+/=\s]+", stripped[:4096])):
        return _base64(stripped[at or 0 :], strict=True) or data
    return data


def _base64(text: bytes, *, strict: bool) -> bytes | None:
    body = text.translate(None, b" \t\r\n\f\v")  # no list of lines: a text may be of 200 MB
    if len(body) % 4 == 1:
        body = body[:-1]  # cut within a group
    try:
        return base64.b64decode(body + b"=" * (-len(body) % 4), validate=strict)
    except ValueError:
        return None


def read(data: bytes) -> SignedMessage:
    """Parse a ContentInfo of type signedData, DER or BER (indefinite length); trailing padding is ignored.

    Raises UnreadableError, whatever the library raised.
    """
    try:
        info = cms.ContentInfo.load(data)
        if info["content_type"].native != "signed_data":
            raise UnreadableError("Không phải dữ liệu ký CMS (SignedData).", type=str(info["content_type"].native))
        signed = info["content"]
        inner = signed["encap_content_info"]
        content = inner["content"]
        message = SignedMessage(
            signers=list(signed["signer_infos"])[:MAX_SIGNERS],
            certificates=_certificates(signed),
            content=_content_bytes(content),
            content_type=str(inner["content_type"].native),
        )
        _collect(signed, message)
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError("Không đọc được cấu trúc chữ ký CMS.", cause=type(error).__name__) from error
    return message


def _content_bytes(content: Any) -> bytes | None:
    """The octets, joined where BER split them; for content that is no OCTET STRING, the value's own bytes."""
    if content is None or type(content).__name__ in ("Void", "NoValue"):
        return None
    inner = getattr(content, "native", None)
    if isinstance(inner, bytes):
        return inner
    raw = getattr(content, "__bytes__", None)
    return bytes(content) if raw is not None else bytes(content.contents)


def _certificates(signed: cms.SignedData) -> list[x509.Certificate]:
    found = []
    for choice in list(signed["certificates"] or ())[:MAX_CERTIFICATES]:
        if choice.name == "certificate":
            found.append(read_certificate(choice.chosen.dump()))
    return found


def _collect(signed: cms.SignedData, message: SignedMessage) -> None:
    """Revocation data inside: the crls field, RFC 5940 OCSP answers, Adobe's attribute (ISO 32000-2 12.8.3.3)."""
    for choice in list(signed["crls"] or ())[:MAX_CERTIFICATES]:
        try:
            if choice.name == "certificate_list":
                message.sources.add_crl(choice.chosen.dump(), "embedded")
            elif choice.name == "other":
                message.sources.add_ocsp(choice.chosen["other_rev_info"].dump(), "embedded")
        except Exception:  # noqa: S112 - unreadable evidence is no evidence
            continue
    for signer in message.signers:
        for name in ("signed_attrs", "unsigned_attrs"):
            for attribute in signer[name] or ():
                if attribute["type"].dotted != _REVOCATION_ARCHIVAL:
                    continue
                try:
                    archive = attribute["values"][0]
                    for crl in archive["crl"] or ():
                        message.sources.add_crl(crl.dump(), "embedded")
                    for answer in archive["ocsp"] or ():
                        message.sources.add_ocsp(answer.dump(), "embedded")
                except Exception:  # noqa: S112 - unreadable evidence is no evidence
                    continue


def attribute_values(signer: cms.SignerInfo, name: str, *, signed: bool = True) -> list[Any]:
    """All values of an attribute by asn1crypto's name or dotted identifier."""
    found: list[Any] = []
    for attribute in signer["signed_attrs" if signed else "unsigned_attrs"] or ():
        if attribute["type"].native == name or attribute["type"].dotted == name:
            found.extend(attribute["values"])
    return found


def signing_time(signer: cms.SignerInfo) -> datetime | None:
    """The claimed time, exactly as written (aware)."""
    for value in attribute_values(signer, "signing_time"):
        try:
            moment = value.native
        except Exception:
            return None
        if isinstance(moment, datetime):
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def signer_certificate(signer: cms.SignerInfo, certificates: list[x509.Certificate]) -> x509.Certificate | None:
    """The certificate that the SignerInfo names, by issuer and serial or by key identifier."""
    sid = signer["sid"]
    for cert in certificates:
        try:
            if sid.name == "issuer_and_serial_number":
                if cert.serial_number == sid.chosen["serial_number"].native and (
                    cert.issuer.dump() == sid.chosen["issuer"].dump() or cert.issuer == sid.chosen["issuer"]
                ):
                    return cert
            elif cert.key_identifier == sid.chosen.native:
                return cert
        except Exception:  # noqa: S112 - an unreadable certificate is not the signer's
            continue
    return None
