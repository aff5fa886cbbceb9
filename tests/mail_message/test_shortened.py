"""A mail without the bulk of its attachments reads as the same form."""

from __future__ import annotations

import base64
import os

from congvan_mailbox.message import parse_message
from congvan_mailbox.message.shortened import KEPT, LONG, shortened
from congvan_mailbox.reports.classify import classify

HEAD = b"From: a@b.vn\r\nTo: c@d.vn\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"


def mail(size: int) -> bytes:
    body = base64.encodebytes(os.urandom(size)).replace(b"\n", b"\r\n")
    part = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return HEAD + b"--b\r\n\r\nxin gui\r\n--b\r\n" + part + body + b"--b\r\n\r\nhet\r\n--b--\r\ncuoi\r\n"


def test_only_long_bodies_are_cut() -> None:
    short, long = mail(1000), mail(2 * LONG)
    assert shortened(parse_message(short)) == short
    cut = shortened(parse_message(long))
    assert len(cut) < 2 * KEPT
    assert cut.startswith(long[: KEPT // 2])
    assert cut.endswith(b"--b\r\n\r\nhet\r\n--b--\r\ncuoi\r\n")
    parts = [(p.media_type, p.filename) for p in parse_message(long).leaves()]
    assert [(p.media_type, p.filename) for p in parse_message(cut).leaves()] == parts
    assert classify(cut).to_json() == classify(long).to_json()
