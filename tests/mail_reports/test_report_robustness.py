"""Whatever the bytes: an answer, no exception, no recipient out of thin air, the same for other line ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_mailbox.reports import Action, MailKind, classify
from congvan_mailbox.reports.addresses import clean_address, decode_xtext, typed_address
from congvan_mailbox.reports.letter import decode_text, read_letter
from congvan_mailbox.reports.prose import html_to_text
from congvan_mailbox.reports.status import choose, normalise

CASES = sorted((Path(__file__).parent / "cases").glob("*.eml"))
RAW = [p.read_bytes() for p in CASES]


@given(st.binary(max_size=3000))
def test_any_bytes_have_a_kind(raw: bytes) -> None:
    reading = classify(raw)
    assert reading.kind in MailKind
    reading.to_json()


@settings(max_examples=150)
@given(st.sampled_from(RAW), st.data())
def test_a_damaged_report_is_still_answered(raw: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(raw)))
    junk = data.draw(st.binary(max_size=20))
    reading = classify(raw[:cut] + junk + raw[cut + data.draw(st.integers(0, 40)) :])
    if reading.report is not None:
        for result in reading.report.recipients:
            assert result.address and result.reason
            assert result.status is None or normalise(result.status) == result.status
        reading.to_json()


@pytest.mark.parametrize("raw", RAW, ids=[p.stem for p in CASES])
def test_line_ends_do_not_matter(raw: bytes) -> None:
    if b"base64" in raw:
        return
    assert classify(raw.replace(b"\r\n", b"\n")).to_json() == classify(raw).to_json()


@pytest.mark.parametrize("raw", RAW, ids=[p.stem for p in CASES])
def test_a_mailbox_line_before_the_letter_is_skipped(raw: bytes) -> None:
    assert (
        classify(b"From MAILER-DAEMON Mon Nov 23 08:00:00 2026\r\n" + raw).to_json()["report"]
        == classify(raw).to_json()["report"]
    )


def test_nesting_ends() -> None:
    raw = b"From: a@b.vn\r\nContent-Type: text/plain\r\n\r\nx"
    for _ in range(300):
        raw = b"From: MAILER-DAEMON@x.vn\r\nContent-Type: message/rfc822\r\n\r\n" + raw
    assert classify(raw).kind in MailKind


def test_many_recipients_are_all_kept() -> None:
    groups = b"\r\n".join(
        b"Final-Recipient: rfc822; u%d@x.vn\r\nAction: failed\r\nStatus: 5.1.1\r\n" % n for n in range(1500)
    )
    raw = (
        b'From: MAILER-DAEMON@x.vn\r\nContent-Type: multipart/report; boundary="b"\r\n\r\n--b\r\n'
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n" + groups + b"\r\n--b--\r\n"
    )
    report = classify(raw).report
    assert report is not None and len({r.address for r in report.recipients}) == 1500


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("rfc822; lan@x.vn", "lan@x.vn"),
        ("RFC822;<lan@X.vn>", "lan@x.vn"),
        ("rfc822; lan@x.vn (Lan)", "lan@x.vn"),
        ("lan@x.vn", "lan@x.vn"),
        ("rfc822;@hop.vn:lan@x.vn", "lan@x.vn"),
        ("utf-8; v\\x{103}nth\\x{1B0}@x.vn", "vănthư@x.vn"),
        ("rfc822; lan@[192.0.2.1]", "lan@[192.0.2.1]"),
        ('rfc822; "van thu"@x.vn', '"van thu"@x.vn'),
        ("rfc822; SMTP:lan@x.vn", "lan@x.vn"),
        ("", None),
        (None, None),
    ],
)
def test_typed_addresses(value: str | None, address: str | None) -> None:
    assert typed_address(value) == address


def test_coded_original_recipients() -> None:
    assert typed_address("rfc822;lan+2Bvt@x.vn", xtext=True) == "lan+vt@x.vn"
    assert typed_address("rfc822;lan+vt@x.vn", xtext=True) == "lan+vt@x.vn"
    assert decode_xtext("V+C4+83n") == "Văn"


@given(st.text(max_size=200))
def test_addresses_of_any_text(text: str) -> None:
    found = clean_address(text)
    assert found is None or ("@" in found and " " not in found.rpartition("@")[2])


@given(st.text(max_size=400))
def test_any_markup_becomes_text(text: str) -> None:
    assert isinstance(html_to_text(text), str)


@given(
    st.binary(max_size=200),
    st.sampled_from(["utf-8", "us-ascii", "windows-1258", "gb2312", "x-nonsense", "utf-16", "", "utf-7"]),
)
def test_any_charset_decodes(data: bytes, charset: str) -> None:
    assert isinstance(decode_text(data, charset), str)


def test_a_report_without_its_boundary_parameter_is_read() -> None:
    raw = (
        b"From: MAILER-DAEMON@x.vn\r\nContent-Type: multipart/report; report-type=delivery-status\r\n\r\n"
        b"--abcdef\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; lan@x.vn\r\nAction: failed\r\nStatus: 5.1.1\r\n--abcdef--\r\n"
    )
    report = classify(raw).report
    assert report is not None and [r.address for r in report.recipients] == ["lan@x.vn"]
    assert len(read_letter(raw).children) == 1


@given(
    st.one_of(st.none(), st.sampled_from(["5.1.1", "4.4.7", "5.0.0", "2.0.0", "junk", "5.2"])),
    st.one_of(st.none(), st.text(max_size=60), st.just("550 5.7.1 no")),
    st.text(max_size=60),
    st.sampled_from(list(Action)),
)
def test_a_choice_fits_its_action(status: str | None, diagnostic: str | None, prose: str, action: Action) -> None:
    code, reason, _ = choose(status, diagnostic, prose, action)
    assert reason
    if action in (Action.DELIVERED, Action.RELAYED, Action.EXPANDED):
        assert code is not None and code[0] == "2"
    elif action is Action.FAILED:
        assert code is not None
