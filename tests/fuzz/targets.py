"""What is fuzzed: per target a function of bytes that must never raise, and what its answer may never say.

A target is made by a function without arguments, so that what it imports is instrumented first. Beside "no exception"
each holds an oracle: a signature is never found valid over bytes that were not signed, and no answer hides a
programming error of ours behind "unreadable".
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Target = Callable[[bytes], None]

#: Folder with the certificates that the seeds' signers chain to, and folder of the seeds themselves.
TRUST = "CONGVAN_FUZZ_TRUST"
SEEDS = "CONGVAN_FUZZ_SEEDS"
#: What the enveloping and detached seeds of ``cms`` are over.
CONTENT = "Quyết định phê duyệt kinh phí 1.000.000 đồng\n".encode()
_OURS = {"AttributeError", "AssertionError", "IndexError", "KeyError", "NameError", "TypeError", "UnboundLocalError"}
_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
_BLANK = re.compile(rb"(?:[\x00\t\n\x0c\r ]+|%[^\r\n]*)*")


class Wrong(AssertionError):
    """The program answered what it may never answer."""


@dataclass(frozen=True)
class Signed:
    """A genuine signed file: its bytes, and where /Contents stand, the only bytes that may differ."""

    data: bytes
    gaps: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, data: bytes) -> Signed:
        found = ((int(m[1]), int(m[2])) for m in _RANGE.finditer(data))
        return cls(data, tuple(sorted(found)))

    def masked(self, data: bytes) -> bytes:
        parts, last = [], 0
        for start, end in self.gaps:
            parts.append(data[last:start])
            last = end
        return b"\0".join([*parts, data[last : len(self.data)]])

    def continued_by(self, data: bytes) -> bool:
        """Is ``data`` this file with nothing but blanks and comments after it?"""
        if len(data) < len(self.data) or self.masked(data) != self.masked(self.data):
            return False
        rest = data[len(self.data) :]
        blank = _BLANK.match(rest)
        return blank is not None and blank.end() == len(rest)


def _trust() -> Any:
    from congvan_core.signatures.trust_store import TrustStore

    folder = os.environ.get(TRUST)
    return TrustStore.load([folder]) if folder else TrustStore()


def _sane(report: dict[str, Any]) -> None:
    json.dumps(report, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if report["outcome"] == "valid" and (report["integrity"], report["trust"]) != ("intact", "trusted"):
        raise Wrong(f"valid, but {report['integrity']} and {report['trust']}")
    for finding in report["findings"]:
        if finding["code"] == "INTEGRITY-UNREADABLE" and finding["evidence"].get("reason") in _OURS:
            raise Wrong(f"unreadable by our own fault: {finding['evidence']}")


def pdf() -> Target:
    """PDF: objects, tables, signatures, later revisions."""
    from congvan_core.signatures.verify import verify_file

    trust = _trust()
    folder = os.environ.get(SEEDS)
    genuine = [Signed.of(p.read_bytes()) for p in sorted(Path(folder).iterdir())] if folder else []

    def run(data: bytes) -> None:
        report = verify_file(data, name="a.pdf", trust=trust).to_json()
        _sane(report)
        if genuine and report["outcome"] == "valid" and not any(one.continued_by(data) for one in genuine):
            raise Wrong("valid over bytes that nobody signed")

    return run


def cms() -> Target:
    """CMS: enveloping, and detached over :data:`CONTENT`."""
    from congvan_core.signatures.cms_reading import decode, read
    from congvan_core.signatures.verify import verify_file

    trust = _trust()

    def run(data: bytes) -> None:
        _sane(verify_file(CONTENT, name="a.txt", trust=trust, signature=data).to_json())
        report = verify_file(data, name="a.p7m", trust=trust).to_json()
        _sane(report)
        if report["outcome"] == "valid" and read(decode(data)).content != CONTENT:
            raise Wrong("valid over content that nobody signed")

    return run


def xml() -> Target:
    """XML signatures: enveloped, detached inside a package (the input is the package's signature part)."""
    import io
    import zipfile

    from congvan_core.signatures.verify import verify_file

    trust = _trust()

    def run(data: bytes) -> None:
        _sane(verify_file(data, name="a.xml", trust=trust).to_json())
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("[Content_Types].xml", b"<Types/>")
            archive.writestr("word/document.xml", CONTENT)
            archive.writestr("_xmlsignatures/sig1.xml", data)
        report = verify_file(out.getvalue(), name="a.docx", trust=trust).to_json()
        _sane(report)
        if report["outcome"] == "valid":
            raise Wrong("a package that nobody signed is valid")

    return run


def mime() -> Target:
    """MIME: both readers, every part decoded, headers in every encoding."""
    from congvan_mailbox.message import parse_message
    from congvan_mailbox.message.compare import compare_readers

    def run(data: bytes) -> None:
        message = parse_message(data)
        compare_readers(data, message)
        for part in message.leaves():
            part.digest()
            part.filename.encode()
        message.body_text(4096)
        for name in ("From", "To", "Cc"):
            message.headers.addresses(name)
        message.headers.text("Subject")
        message.headers.date()
        message.headers.message_ids("References")

    return run


def packet() -> Target:
    """edXML packets of documents and states."""
    from congvan_core.errors import UnreadableError
    from congvan_mailbox.package.edxml_read import read_packet

    def run(data: bytes) -> None:
        try:
            read_packet(data)
        except UnreadableError:
            return

    return run


def reports() -> Target:
    """Delivery and disposition reports, bounces of every kind, receipts, answers of people."""
    from congvan_mailbox.message import parse_message
    from congvan_mailbox.receipts.read import read_receipt
    from congvan_mailbox.reports.answers.meaning import understand_reply
    from congvan_mailbox.reports.classify import classify

    def run(data: bytes) -> None:
        reading = classify(data)
        reading.to_json()
        for result in reading.report.recipients if reading.report is not None else ():
            if not result.address:
                raise Wrong("a recipient without an address")
        message = parse_message(data)
        read_receipt(message)
        understand_reply(message.body_text(4096), message.headers.text("Subject"))

    return run


def mail() -> Target:
    """A whole mail, as ``congvan inspect`` judges it: every reader above, one inside the other."""
    from congvan_gateway.judgement.inspection import Context, inspect_mail
    from congvan_gateway.judgement.policy import Policy, decide

    folder = os.environ.get(TRUST)
    context = Context(trust=(folder,) if folder else (), ocr=False)

    def run(data: bytes) -> None:
        seen = inspect_mail(data, context)
        decide(Policy(), seen.findings, kind=seen.kind)
        out = seen.to_json()
        json.dumps(out, ensure_ascii=False).encode()
        for one in out["verification"]:
            if one["outcome"] not in ("valid", "invalid", "indeterminate", "unsigned"):
                raise Wrong(f"outcome {one['outcome']}")

    return run


TARGETS: dict[str, Callable[[], Target]] = {f.__name__: f for f in (pdf, cms, xml, mime, packet, reports, mail)}
