"""Mails for the tests of judgement: documents as agencies make them, packages, plain mails, what a receiver trusts."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole, Party
from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.signatures.signing import sign_pdf
from congvan_gateway.commands.inspect import judge_file
from congvan_gateway.judgement.inspection import Context
from congvan_mailbox.message.addresses import Address
from congvan_mailbox.package.cover import Cover
from congvan_mailbox.package.pack import build_package, new_message_id, outer_headers
from congvan_mailbox.smime import KeySigner
from support_pki import AGENCY_A, LivePki

DAY = date(2026, 8, 5)
MOMENT = datetime(2026, 8, 5, 10, 0, tzinfo=UTC)
NAME = "67-STNA-VP_05082026_Ra-soat-hop-thu-cong-vu.pdf"
A_PARTY = Party("H24.90", "Sở Thử Nghiệm A", "vanthu@a.example.vn")
B_PARTY = Party("H24.91.07", "Ủy ban nhân dân phường Thử Nghiệm B", "vanthu@b.example.vn")


def page(**changes: Any) -> bytes:
    """One page of 67/STNA-VP of Sở Thử Nghiệm A, unsigned."""
    said: dict[str, Any] = {
        "author": AGENCY_A, "symbol": "STNA-VP", "number": "67", "issued_on": DAY, "type_name": "Công văn",
        "subject": "rà soát hộp thư công vụ", "addressees": (B_PARTY.name,),
    }  # fmt: skip
    return make(SampleSpec(**(said | changes))).pdf


def signed(pki: LivePki, pdf: bytes, *names: str) -> bytes:
    """``pdf`` signed by these, the leader and the agency of A by default; no picture, no time stamp."""
    for name in names or ("leader", "agency-a"):
        kind = "agency" if name.startswith("agency") else "person"
        pdf = sign_pdf(pdf, pki.signing_key(name), kind=kind)
    return pdf


@cache
def genuine(pki: LivePki) -> bytes:
    """The document 67/STNA-VP, signed by leader and agency."""
    return signed(pki, page())


def metadata(**changes: Any) -> DocumentMetadata:
    said: dict[str, Any] = {
        "number": "67", "symbol": "STNA-VP", "issued_on": DAY, "type_name": "Công văn", "type_code": 2,
        "subject": "rà soát hộp thư công vụ", "pages": 1, "author": A_PARTY, "recipients": (B_PARTY,),
    }  # fmt: skip
    return DocumentMetadata(**(said | changes))


def package(
    pki: LivePki,
    files: Sequence[tuple[str, bytes, FileRole]],
    *,
    key: Any = None,
    meta: DocumentMetadata | None = None,
    from_mail: str = "vanthu@a.example.vn",
) -> bytes:
    """A mail with our packet, signed by ``key`` (gateway-a)."""
    refs = [(FileRef(name, "application/pdf" if name.endswith("pdf") else "application/octet-stream", role), data)
            for name, data, role in files]  # fmt: skip
    sender = Address("Sở Thử Nghiệm A", from_mail)
    body = build_package(
        meta or metadata(), refs, signer=KeySigner(key or pki.signing_key("gateway-a")), cover=Cover("Sở Thử Nghiệm A"), from_addr=sender,
        date=MOMENT,
    )  # fmt: skip
    head = outer_headers(
        body.data, to=[Address(B_PARTY.name, B_PARTY.email)], message_id=new_message_id("a.example.vn"),
        document=body.metadata.document_id,
    )  # fmt: skip
    return head + body.data


def mail(
    *files: tuple[str, bytes],
    subject: str = "Gửi văn bản",
    body: str = "Kính gửi quý cơ quan văn bản kèm theo.",
    sender: str = "Văn thư Sở <vanthu@a.example.vn>",
    types: dict[str, str] | None = None,
    extra: dict[str, str] | None = None,
    nested: Sequence[bytes] = (),
) -> bytes:
    """An ordinary person's mail with attachments, CRLF."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "vanthu@b.example.vn"
    message["Subject"] = subject
    message["Date"] = "Wed, 05 Aug 2026 10:00:00 +0700"
    message["Message-ID"] = "<thu-1@a.example.vn>"
    for name, value in (extra or {}).items():
        message[name] = value
    message.set_content(body)
    for name, data in files:
        kind = (types or {}).get(name) or ("application/pdf" if name.endswith(".pdf") else "application/octet-stream")
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    for raw in nested:
        from email import message_from_bytes, policy

        message.add_attachment(message_from_bytes(raw, policy=policy.default))
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def trust_folder(pki: LivePki, folder: Path, *, crls: bool = True, chain: bool = True) -> Path:
    """What an administrator has given: the root, the state CA, both CRLs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "root.pem").write_bytes(pki.pem("root"))
    if chain:
        (folder / "state-ca.pem").write_bytes(pki.pem("state-ca"))
    if crls:
        for issuer in ("root", "state-ca"):
            (folder / f"{issuer}.crl").write_bytes(pki.crl(issuer))
    return folder


@dataclass
class Bench:
    """Judges mails as ``congvan inspect`` does, in this process. ``trust`` is a folder, None trusts nothing."""

    folder: Path
    trust: Path | None

    def __call__(self, raw: bytes, *, trust: bool = True, ocr: bool = False, **context: Any) -> Judged:
        path = self.folder / "mail.eml"
        path.write_bytes(raw)
        given = (str(self.trust),) if trust and self.trust else ()
        report, code = judge_file(str(path), Context(trust=given, ocr=ocr, **context), "vi")
        json.dumps(report, ensure_ascii=False)
        return Judged(report, code)


@dataclass
class Judged:
    """One answer, with short words for what tests ask."""

    report: dict[str, Any]
    code: int

    def __getitem__(self, key: str) -> Any:
        return self.report[key]

    @property
    def codes(self) -> set[str]:
        return {f["code"] for f in self.report["findings"]}

    @property
    def said(self) -> tuple[str, str, int]:
        """Kind, decision and exit code."""
        return self.report["kind"], self.report["decision"], self.code


def bounce(original: str = "<thu-1@b.example.vn>") -> bytes:
    """A standard delivery report (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@mx.a.example.vn\r\nTo: vanthu@b.example.vn\r\nSubject: Undelivered Mail\r\n"
        "Message-ID: <dsn-1@mx.a.example.vn>\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nKhong gui duoc.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.a.example.vn\r\n\r\n"
        "Final-Recipient: rfc822; khongco@a.example.vn\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822-headers\r\n\r\nMessage-ID: {original}\r\nFrom: vanthu@b.example.vn\r\n\r\n--b--\r\n"
    ).encode()


def self_signed(name: str = "Kẻ mạo danh", mail_address: str = "", days: int = 365) -> Any:
    """A key that certifies itself, as a small gateway or an impostor makes it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    from congvan_core.signatures.sign_keys import MemoryKey

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=days))
    if mail_address:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(mail_address)]), critical=False)
    return MemoryKey(key, builder.sign(key, hashes.SHA256()))


def tampered(raw: bytes) -> bytes:
    """The mail with one byte of an attachment's base64 changed."""
    at = raw.index(base64.b64encode(b"%PDF-1.")[:8])
    spot = at + 400
    return raw[:spot] + (b"B" if raw[spot : spot + 1] != b"B" else b"C") + raw[spot + 1 :]
