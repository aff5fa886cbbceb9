"""A front server's results count by their place; forged copies are found and removed, every other byte stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from congvan_mailbox.authentication import from_trusted_front, strip_forged
from mail_authentication.support_authentication import MAIL

GOOD = (
    b"Authentication-Results: mx.gw.example.vn 1;\r\n\tspf=pass smtp.mailfrom=vanthu@so.haiphong.gov.vn;\r\n"
    b"\tdkim=pass header.d=so.haiphong.gov.vn header.s=s1;\r\n"
    b"\tdmarc=pass (p=reject) header.from=so.haiphong.gov.vn\r\n"
)
FRONT = b"Received: from out.so.haiphong.gov.vn by mx.gw.example.vn; Sun, 22 Nov 2026 10:00:00 +0700\r\n"
INNER = b"Received: from mx.gw.example.vn by box.gw.example.vn; Sun, 22 Nov 2026 10:00:01 +0700\r\n"
IDS = ["MX.gw.example.vn"]


def codes(raw: bytes, **more: object) -> set[str]:
    return {f.code for f in from_trusted_front(raw, IDS, **more).findings}  # type: ignore[arg-type]


def test_results_on_top_count() -> None:
    got = from_trusted_front(GOOD + FRONT + MAIL, IDS)
    assert (got.spf.result, got.dkim_result, got.dmarc.result) == ("pass", "pass", "pass")
    assert got.aligned and got.source == "front:mx.gw.example.vn"


def test_results_between_our_own_hops_count() -> None:
    assert from_trusted_front(INNER + GOOD + FRONT + MAIL, IDS, hops=2).aligned
    assert not from_trusted_front(INNER + GOOD + FRONT + MAIL, IDS, hops=1).aligned


def test_a_forged_copy_below_counts_for_nothing() -> None:
    got = from_trusted_front(FRONT + GOOD + MAIL, IDS)
    assert not got.aligned and got.dkim_result == "none"
    assert "ORIGIN-RESULTS-FORGED" in {f.code for f in got.findings}


def test_a_forged_copy_does_not_overrule() -> None:
    bad = GOOD.replace(b"=pass", b"=fail")
    got = from_trusted_front(bad + FRONT + GOOD + MAIL, IDS)
    assert got.dmarc.result == "fail" and not got.aligned
    assert {"ORIGIN-RESULTS-FORGED", "ORIGIN-DMARC-FAIL"} <= codes(bad + FRONT + GOOD + MAIL)


def test_a_provider_that_writes_below_its_received() -> None:
    raw = FRONT + b"Received-SPF: pass\r\n" + GOOD + MAIL
    assert from_trusted_front(raw, IDS, below=True).aligned
    assert not from_trusted_front(raw, IDS).aligned


def test_a_stranger_without_trace_is_not_trusted() -> None:
    assert not from_trusted_front(GOOD + MAIL, IDS).aligned


def test_other_ids_are_nothing_to_us() -> None:
    got = from_trusted_front(GOOD.replace(b"mx.gw", b"mx.evil") + FRONT + MAIL, IDS)
    assert not got.aligned and got.source == "front"


def test_results_about_another_from_do_not_count() -> None:
    raw = GOOD.replace(b"header.from=so.haiphong.gov.vn", b"header.from=evil.example").replace(
        b"haiphong.gov.vn", b"x.example", 2
    )
    assert not from_trusted_front(raw + FRONT + MAIL, IDS).aligned


def test_unparsable_results_say_nothing() -> None:
    got = from_trusted_front(b"Authentication-Results: mx.gw.example.vn; dkim==;;=pass\r\n" + FRONT + MAIL, IDS)
    assert got.dkim_result == "none" and not got.aligned


def test_strip_removes_only_the_forged_field() -> None:
    raw = b"X-A: 1\r\n" + GOOD + b"X-B: 2\r\n" + MAIL
    assert strip_forged(raw, IDS) == b"X-A: 1\r\nX-B: 2\r\n" + MAIL
    assert strip_forged(GOOD + FRONT + GOOD + MAIL, IDS, hops=1) == GOOD + FRONT + MAIL
    assert strip_forged(raw, ["other.example"]) is raw
    assert strip_forged(raw) == b"X-A: 1\r\nX-B: 2\r\n" + MAIL


def test_strip_of_the_last_field_keeps_the_body() -> None:
    assert strip_forged(b"X-A: 1\r\n" + GOOD + b"\r\nbody\r\n", IDS) == b"X-A: 1\r\n\r\nbody\r\n"
    assert strip_forged(b"X-A: 1\n" + GOOD.replace(b"\r\n", b"\n") + b"\nbody\n", IDS) == b"X-A: 1\n\nbody\n"


@given(st.binary(max_size=500), st.binary(max_size=300))
def test_strip_never_loses_a_byte_of_the_body(head: bytes, body: bytes) -> None:
    raw = b"A: b\r\n" + GOOD + b"C: d\r\n\r\n" + body
    assert strip_forged(raw, IDS) == b"A: b\r\nC: d\r\n\r\n" + body
    from_trusted_front(head, IDS)
    assert isinstance(strip_forged(head, IDS), bytes)
