"""A mail that has been here before is recognised by our own traces, an ordinary one is let through."""

from __future__ import annotations

from congvan_mailbox.reports.loops import loop_sign

OWN = b"Received: from a by MX.gw.example.vn. with ESMTP; Mon, 23 Nov 2026 08:00:00 +0700\r\n"
OTHER = b"Received: from a by mx.so.example.vn; Mon, 23 Nov 2026 08:00:00 +0700\r\n"
MAIL = b"From: a@b.vn\r\nSubject: x\r\n\r\nReceived: by mx.gw.example.vn\r\n"


def test_ordinary_mail() -> None:
    assert loop_sign(OWN * 2 + OTHER * 10 + MAIL, ["mx.gw.example.vn"], ["vt@gw.example.vn"]) is None


def test_loops() -> None:
    assert loop_sign(OWN * 5 + MAIL, ["mx.gw.example.vn"]) == "own_hops"
    assert loop_sign(OTHER * 61 + MAIL, ["mx.gw.example.vn"]) == "hops"
    assert loop_sign(b"Delivered-To: VT@gw.example.vn\r\n" + MAIL, [], ["vt@gw.example.vn"]) == "delivered_before"
    assert loop_sign(b"", ["x"], ["y@z"]) is None
