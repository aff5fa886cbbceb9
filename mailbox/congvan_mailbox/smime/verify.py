"""The signature over a mail verified on its raw bytes, whole or part; a mail inside an envelope taken out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from congvan_core.errors import UnreadableError
from congvan_core.findings import Finding
from congvan_core.ids import now
from congvan_core.signatures.cms_reading import SignedMessage, decode, read
from congvan_core.signatures.facts import SignerFacts
from congvan_mailbox.message import parse_message
from congvan_mailbox.message.limits import DEFAULT_LIMITS, Limits
from congvan_mailbox.message.part import Message, Part
from congvan_mailbox.smime.decrypt import Recipient, decrypt
from congvan_mailbox.smime.judge import judge_signer, readable
from congvan_mailbox.smime.locate import envelope_kind, find_envelope, find_signed, is_signature
from congvan_mailbox.smime.report import SmimeReport, SmimeSigner, SmimeTrust

_LAYERS = 4
_PIECE = 4 << 20
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """A mail without its envelopes: ``message`` holds readable parts, ``report`` says what the envelopes proved."""

    message: Message
    report: SmimeReport


def verify(raw: bytes | Message, trust: SmimeTrust | None = None) -> SmimeReport:
    """Judge the S/MIME layer of a mail; never raises on its content."""
    return open_mail(raw, trust).report


def open_mail(
    raw: bytes | Message,
    trust: SmimeTrust | None = None,
    keys: Sequence[Recipient] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> OpenedMail:
    """Take a mail out of its envelopes: decrypt with ``keys``, open opaque signatures, verify, at most four layers.

    The message that comes back keeps the outer headers; its parts are those inside. Where an envelope cannot be
    opened the message is returned as it came, with a finding.
    """
    message = parse_message(raw, limits) if isinstance(raw, bytes) else raw
    trust = trust or SmimeTrust()
    outer = message.headers
    report = SmimeReport()
    whole = True
    for _ in range(_LAYERS):
        signed = find_signed(message.root)
        if signed is not None:
            layer = _detached(message, signed, trust)
            covers = "whole" if whole and signed is message.root and len(signed.children) == 2 else "part"
            report = _merge(report, layer, covers)
            inner = _only_envelope(signed.children[0])
            if inner is None:
                break
            envelope: Part | None = inner
        else:
            envelope = find_envelope(message.root)
        if envelope is None:
            break
        whole = whole and (envelope is message.root or signed is not None)
        opened, report = _open(envelope, report, trust, keys, whole, outer_message=message)
        if opened is None:
            break
        inner_message = parse_message(opened, limits)
        message = Message(opened, inner_message.root, (*message.findings, *inner_message.findings), outer)
    return OpenedMail(message, _finish(message, report))


def _only_envelope(part: Part) -> Part | None:
    """Triple wrapping (RFC 2634): the signed part is itself an envelope."""
    return part if find_envelope(part) is part else None


def _open(
    envelope: Part,
    report: SmimeReport,
    trust: SmimeTrust,
    keys: Sequence[Recipient],
    whole: bool,
    *,
    outer_message: Message,
) -> tuple[bytes | None, SmimeReport]:
    data = decode(envelope.decode())
    kind = envelope_kind(data)
    if kind in ("enveloped-data", "authenveloped-data"):
        report = replace(report, encrypted=True, findings=(*report.findings, Finding("MIME-ENCRYPTED")))
        try:
            return decrypt(data, keys), report
        except UnreadableError as error:
            finding = Finding("MIME-NOT-DECRYPTED", {"reason": error.message})
            return None, replace(report, findings=(*report.findings, finding))
    if kind != "signed-data":
        return None, report
    try:
        signed = read(data)
    except UnreadableError as error:
        return None, _merge(report, _unreadable(error.message), "whole" if whole else "part")
    if signed.content is None:
        if envelope is outer_message.root:
            return None, _merge(report, _unreadable("chữ ký tách rời không kèm nội dung"), "whole")
        return None, report
    content = signed.content
    layer = _judge(signed, lambda name: hashlib.new(name, content).digest(), content, trust)
    return content, _merge(report, layer, "whole" if whole else "part")


def _detached(message: Message, signed: Part, trust: SmimeTrust) -> SmimeReport:
    """A multipart/signed: the first part is cut from the raw bytes, the signature is the part that is one."""
    if len(signed.children) < 2:
        return _unreadable("thiếu phần chữ ký")
    part = signed.children[0]
    signature = next((c for c in signed.children[1:] if is_signature(c)), signed.children[1])
    try:
        cms_message = read(decode(signature.decode()))
    except UnreadableError as error:
        return _unreadable(error.message)
    if not cms_message.signers:
        return _unreadable("không có người ký")
    view = memoryview(part.buffer)[part.start : part.end]
    report = _judge(cms_message, lambda name: hashlib.new(name, view).digest(), None, trust, part)
    if not _digest_broken(report):
        return report
    # some gateways deliver line ends of their own; the signature is over CRLF (RFC 8551 3.1.1)
    pairs = part.buffer.count(b"\r\n", part.start, part.end)
    if pairs == part.buffer.count(b"\n", part.start, part.end) == part.buffer.count(b"\r", part.start, part.end):
        return report
    again = _judge(cms_message, lambda name: _canonical_digest(name, view), None, trust, part)
    if _digest_broken(again):
        return report
    return replace(again, findings=(*again.findings, Finding("MIME-SIGNATURE-CANONICAL")))


def _canonical_digest(name: str, view: memoryview) -> bytes:
    """Over the part with CRLF for every line end, piece by piece: a large mail is not copied whole."""
    hasher = hashlib.new(name)
    start = 0
    while start < len(view):
        stop = min(start + _PIECE, len(view))
        if stop < len(view) and view[stop - 1] == 0x0D and view[stop] == 0x0A:
            stop += 1
        hasher.update(_LINE_END.sub(b"\r\n", bytes(view[start:stop])))
        start = stop
    return hasher.digest()


def _digest_broken(report: SmimeReport) -> bool:
    return any(f.code == "MIME-SIGNATURE-BROKEN" for s in report.signers for f in s.findings)


def _judge(
    message: SignedMessage,
    digest: Callable[[str], bytes],
    content: bytes | None,
    trust: SmimeTrust,
    part: Part | None = None,
) -> SmimeReport:
    at: datetime = trust.at or now()
    memo: dict[str, bytes] = {}

    def once(name: str) -> bytes:
        if name not in memo:
            memo[name] = digest(name)
        return memo[name]

    message.certificates[:] = [c for c in message.certificates if readable(c)]
    signers: list[SmimeSigner] = []
    for info in message.signers:
        attributes = info["signed_attrs"]
        plain = content
        if plain is None and part is not None and (attributes is None or not len(attributes)):
            plain = part.raw  # without signed attributes the signature is over the content itself
        try:
            signers.append(judge_signer(info, message, once, plain, trust, at))
        except Exception as error:  # libraries raise their own on a stranger's damaged structures
            reason = f"cấu trúc chữ ký hỏng ({type(error).__name__})"
            finding = Finding("MIME-SIGNATURE-UNREADABLE", {"reason": reason})
            signers.append(SmimeSigner(SignerFacts(), "indeterminate", findings=(finding,)))
    if not signers:
        return _unreadable("không có người ký")
    return SmimeReport(signed=True, signers=tuple(signers))


def _unreadable(reason: str) -> SmimeReport:
    return SmimeReport(
        signed=True, outcome="indeterminate", findings=(Finding("MIME-SIGNATURE-UNREADABLE", {"reason": reason}),)
    )


def _merge(before: SmimeReport, layer: SmimeReport, covers: str) -> SmimeReport:
    """Layers add up: the innermost signature names the signer, no layer may be broken."""
    outcome = layer.outcome
    if before.signed and before.outcome == "invalid":
        outcome = "invalid"
    return replace(
        layer,
        covers=covers if not before.signed else before.covers,
        encrypted=before.encrypted,
        outcome=outcome,
        signers=(*before.signers, *layer.signers),
        findings=(*before.findings, *layer.findings),
    )


def _finish(message: Message, report: SmimeReport) -> SmimeReport:
    """Choose the signer to name, and hold him against the From header."""
    if not report.signed:
        return report
    findings = list(report.findings)
    for one in report.signers:
        findings.extend(one.findings)
    if report.covers == "part":
        findings.append(Finding("MIME-SIGNATURE-PARTIAL"))
    if not report.signers:
        return replace(report, findings=tuple(findings))
    sender = message.headers.addresses("From").addresses
    single = sender[0].key if len(sender) == 1 and message.headers.count("From") == 1 else ""
    order = ("valid", "indeterminate", "invalid")
    chosen = min(report.signers, key=lambda s: (single not in s.emails, order.index(s.outcome)))
    outcome = chosen.outcome
    if any(f.code == "MIME-SIGNATURE-BROKEN" for s in report.signers for f in s.findings):
        outcome = "invalid"
    matches = bool(single) and single in chosen.emails
    if not matches:
        shown = ", ".join(a.addr for a in sender) or "?"
        signer = (chosen.emails or (chosen.signer.name,))[0]
        findings.append(Finding("MIME-SIGNER-NOT-FROM", {"signer": signer, "sender": shown}))
    return replace(
        report,
        outcome=outcome,
        signer=chosen.signer,
        fingerprint=chosen.signer.sha256 or None,
        signer_matches_from=matches,
        pinned=chosen.pinned,
        signed_at=chosen.signed_at,
        findings=tuple(findings),
        certificate=chosen.certificate,
    )
