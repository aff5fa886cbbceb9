"""Whose word on SPF, DKIM and DMARC counts, and where it has to stand."""

from __future__ import annotations

import pytest

from congvan_gateway.judgement.authenticity import front_speaks
from congvan_gateway.judgement.inspection import Context, inspect_mail

_RESULT = b"Authentication-Results: mx.nha-cung-cap.vn; dkim=pass header.d=a.example.vn; dmarc=pass header.from=a.example.vn\r\n"
_TRACE = b"Received: from x (x [192.0.2.1]) by mx.nha-cung-cap.vn; Mon, 23 Nov 2026 08:00:00 +0700\r\n"
_REST = b"From: Van thu <vanthu@a.example.vn>\r\nTo: b@b.example.vn\r\nSubject: x\r\n\r\nKinh gui\r\n"
_FRONT = Context(front=("mx.nha-cung-cap.vn",), ocr=False)


def test_result_above_the_trace_proves_alignment() -> None:
    seen = inspect_mail(_RESULT + _TRACE + _REST, _FRONT)
    told = seen.authentication
    assert (told["trusted"], told["aligned"], told["dkim"], told["dmarc"]) == (True, True, "pass", "pass")
    assert seen.to_json()["authentication"]["dkim"] == "pass"


def test_result_below_the_trace_is_a_strangers() -> None:
    seen = inspect_mail(_TRACE + _RESULT + _REST, _FRONT)
    assert not seen.authentication["trusted"] and not seen.authentication["aligned"]
    assert "ORIGIN-RESULTS-FORGED" in {f.code for f in seen.findings}


def test_nobody_is_trusted_unless_named() -> None:
    assert inspect_mail(_RESULT + _TRACE + _REST, Context(ocr=False)).authentication == {}
    other = inspect_mail(_RESULT + _TRACE + _REST, Context(front=("mx.khac.vn",), ocr=False))
    assert not other.authentication["trusted"]


@pytest.mark.parametrize(
    ("door", "peer", "peers", "speaks"),
    [
        ("imap", None, [], True),
        ("file", None, [], True),
        ("lmtp", None, [], True),
        ("smtp", None, [], False),
        ("smtp", "127.0.0.1", [], True),
        ("smtp", "::1", [], True),
        ("smtp", "203.0.113.9", [], False),
        ("smtp", "203.0.113.9", ["203.0.113.0/24"], True),
        ("smtp", "203.0.113.9", ["sai"], False),
        ("smtp", "nonsense", ["203.0.113.0/24"], False),
    ],
)
def test_a_front_stands_only_before_some_doors(door: str, peer: str | None, peers: list[str], speaks: bool) -> None:
    assert front_speaks(door, {"peer_ip": peer}, peers) is speaks
