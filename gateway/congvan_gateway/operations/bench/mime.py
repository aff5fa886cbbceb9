"""Building and parsing mail beside the standard library's ``email`` (G12), 5 MB and 20 MB attachments."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial

from congvan_gateway.operations.bench.table import Row, Setting, alternate, median, ratio, seconds
from congvan_mailbox.message import parse_message, write


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of G12."""
    for size in (5_000_000,) if setting.quick else (5_000_000, 20_000_000):
        data = os.urandom(size * 3 // 4)
        raw = _theirs_built(data)
        mega = len(raw) / 1e6
        took = alternate(
            setting.rounds,
            {
                "theirs build": partial(seconds, partial(_theirs_built, data)),
                "build": partial(seconds, partial(_ours_built, data)),
                "theirs parse": partial(seconds, partial(_theirs_parsed, raw)),
                "parse": partial(seconds, partial(_ours_parsed, raw)),
            },
        )
        for job, goal, bound in (("build", ">= 4.0", "copies"), ("parse", ">= 6.0", "SHA-256 and base64")):
            ours, theirs = took[job], took[f"theirs {job}"]
            yield Row("G12", f"{job} a mail of {size // 1_000_000} MB", f"email {mega / median(theirs):.0f} MB/s",
                      f"{mega / median(ours):.0f} MB/s", ratio(theirs, ours), goal, bound)  # fmt: skip
        rate = mega / median(took["parse"])
        yield Row("G12", f"parse and hash, {size // 1_000_000} MB", "300 MB/s", f"{rate:.0f} MB/s", rate / 300, ">= 1.0",
                  "SHA-256")  # fmt: skip


def _theirs_built(data: bytes) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = "a@somauthu.test", "b@thidiem.test", "V/v thu"
    message.set_content("Kèm theo văn bản.")
    message.add_attachment(data, maintype="application", subtype="pdf", filename="quyet-dinh.pdf")
    return message.as_bytes()


def _ours_built(data: bytes) -> bytes:
    parts = [write.text_part("Kèm theo văn bản."), write.file_part(data, "application/pdf", "quyet-dinh.pdf")]
    return b"From: a@somauthu.test\r\nTo: b@thidiem.test\r\n" + write.multipart("mixed", parts)


def _theirs_parsed(raw: bytes) -> str:
    message = message_from_bytes(raw, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    (part,) = message.iter_attachments()
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return hashlib.sha256(content).hexdigest()


def _ours_parsed(raw: bytes) -> str:
    (part,) = parse_message(raw).attachments()
    return part.digest()[0]
