"""SPF, DKIM, DMARC and ARC of real signed mails against a name service that we hold in hand."""

from __future__ import annotations

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_mailbox.authentication import authenticate
from congvan_mailbox.authentication.authenticate import Limits
from congvan_mailbox.authentication.domains import aligned, organisational
from mail_authentication.support_authentication import MAIL, Zone, key, signed, zone

IP = "192.0.2.7"
SENDER = "vanthu@so.haiphong.gov.vn"


def codes(results: object) -> set[str]:
    return {f.code for f in results.findings}  # type: ignore[attr-defined]


def test_everything_passes() -> None:
    got = authenticate(signed(), client_ip=IP, helo="mx.so.haiphong.gov.vn", mail_from=SENDER, dns=zone())
    assert (got.spf.result, got.dkim_result, got.dmarc.result, got.arc.result) == ("pass", "pass", "pass", "none")
    assert got.aligned and got.aligned_by == ("dkim", "spf")
    assert got.dmarc.policy == "quarantine" and got.dmarc.record_domain == "haiphong.gov.vn"
    assert got.from_domain == "so.haiphong.gov.vn" and codes(got) == {"ORIGIN-ALIGNED"}
    assert got.to_json()["dkim"] == "pass"


def test_a_changed_body_fails_and_names_the_policy() -> None:
    got = authenticate(
        signed().replace(b"Kinh gui", b"Kinh gvi"),
        client_ip="203.0.113.9",
        helo="x.example",
        mail_from=SENDER,
        dns=zone(),
    )
    assert (got.spf.result, got.dkim_result, got.dmarc.result) == ("fail", "fail", "fail")
    assert not got.aligned
    assert {"ORIGIN-SPF-FAIL", "ORIGIN-DKIM-FAIL", "ORIGIN-DMARC-FAIL"} <= codes(got)


def test_another_domains_signature_is_not_aligned() -> None:
    names = zone()
    names.records["s1._domainkey.bulk.example", "TXT"] = [key()[1]]
    got = authenticate(
        signed(domain="bulk.example"), client_ip="203.0.113.9", helo="x", mail_from="a@bulk.example", dns=names
    )
    assert got.dkim_result == "pass" and not got.aligned and got.dmarc.result == "fail"


def test_a_partial_signature_proves_nothing() -> None:
    got = authenticate(signed(length=True) + b"added by anybody\r\n", client_ip=None, dns=zone())
    assert got.dkim_result == "pass" and got.dkim[0].partial and not got.aligned
    assert "ORIGIN-DKIM-PARTIAL" in codes(got)


def test_a_silent_name_service_is_temporary() -> None:
    names = zone()
    names.broken = {"s1._domainkey.so.haiphong.gov.vn", "so.haiphong.gov.vn", "_dmarc.so.haiphong.gov.vn"}
    got = authenticate(signed(), client_ip=IP, helo="x.example", mail_from=SENDER, dns=names)
    assert (got.spf.result, got.dkim_result, got.dmarc.result) == ("temperror", "temperror", "temperror")
    assert "ORIGIN-CHECK-INCOMPLETE" in codes(got) and not got.aligned


def test_questions_are_limited() -> None:
    names = zone()
    authenticate(signed(), client_ip=IP, helo="x.example", mail_from=SENDER, dns=names, limits=Limits(questions=2))
    assert len(names.asked) == 2


def test_a_mail_from_a_mailbox_has_no_spf() -> None:
    got = authenticate(signed(), client_ip=None, dns=zone())
    assert got.spf.result == "none" and got.aligned_by == ("dkim",)


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"From: a@so.haiphong.gov.vn\r\n", "ORIGIN-FROM-MULTIPLE"),
        (b"", "ORIGIN-FROM-SEVERAL"),
    ],
)
def test_more_than_one_sender_is_none(head: bytes, code: str) -> None:
    mail = (
        MAIL if head else MAIL.replace(b"<vanthu@so.haiphong.gov.vn>", b"<vanthu@so.haiphong.gov.vn>, x@evil.example")
    )
    got = authenticate(head + signed(mail), client_ip=IP, helo="x", mail_from=SENDER, dns=zone())
    assert code in codes(got) and got.from_domain is None and not got.aligned and got.dmarc.result == "permerror"


def test_an_address_in_the_display_name_is_not_the_sender() -> None:
    mail = MAIL.replace(
        b"From: Van thu <vanthu@so.haiphong.gov.vn>", b'From: "vanthu@so.haiphong.gov.vn" <x@evil.example>'
    )
    got = authenticate(mail, client_ip=IP, helo="x", mail_from=SENDER, dns=zone())
    assert got.from_domain == "evil.example" and not got.aligned


def test_several_policies_are_an_error_and_no_policy_is_none() -> None:
    names = zone()
    names.records["_dmarc.haiphong.gov.vn", "TXT"] = ["v=DMARC1; p=none", "v=DMARC1; p=reject"]
    assert authenticate(signed(), client_ip=IP, helo="x.vn", mail_from=SENDER, dns=names).dmarc.result == "permerror"
    names.records["_dmarc.haiphong.gov.vn", "TXT"] = []
    got = authenticate(signed(), client_ip=IP, helo="x.vn", mail_from=SENDER, dns=names)
    assert got.dmarc.result == "none" and got.aligned


def test_strict_alignment() -> None:
    names = zone()
    names.records["_dmarc.so.haiphong.gov.vn", "TXT"] = ["v=DMARC1; p=reject; adkim=s; aspf=s"]
    names.records["s1._domainkey.haiphong.gov.vn", "TXT"] = [key()[1]]
    got = authenticate(
        signed(domain="haiphong.gov.vn"), client_ip=IP, helo="x.vn", mail_from="a@mail.so.haiphong.gov.vn", dns=names
    )
    assert got.dkim_result == "pass" and got.dmarc.result == "fail" and not got.aligned


def test_the_null_sender_is_judged_by_helo() -> None:
    names = zone()
    names.records["mx.so.haiphong.gov.vn", "TXT"] = ["v=spf1 a -all"]
    names.records["mx.so.haiphong.gov.vn", "A"] = [IP]
    got = authenticate(MAIL, client_ip=IP, helo="mx.so.haiphong.gov.vn", mail_from="<>", dns=names)
    assert (got.spf.result, got.spf.scope, got.aligned) == ("pass", "helo", True)


def test_spf_limits_are_permanent_errors() -> None:
    names = Zone({(f"h{n}.example", "TXT"): [f"v=spf1 include:h{n + 1}.example -all"] for n in range(15)})
    assert authenticate(MAIL, client_ip=IP, helo="x.vn", mail_from="a@h0.example", dns=names).spf.result == "permerror"
    void = Zone({("v.example", "TXT"): ["v=spf1 a:a.example a:b.example a:c.example a:d.example -all"]})
    assert authenticate(MAIL, client_ip=IP, helo="x.vn", mail_from="a@v.example", dns=void).spf.result == "permerror"


def test_spf_by_mx_and_include() -> None:
    names = Zone(
        {
            ("m.example", "TXT"): ["v=spf1 include:i.example -all"],
            ("i.example", "TXT"): ["v=spf1 mx -all"],
            ("i.example", "MX"): ["10 mail.i.example"],
            ("mail.i.example", "A"): [IP],
        }
    )
    assert authenticate(MAIL, client_ip=IP, helo="x.vn", mail_from="a@m.example", dns=names).spf.result == "pass"


def test_arc_chain() -> None:
    results = b"Authentication-Results: list.example; dkim=pass header.d=so.haiphong.gov.vn\r\n"
    names = zone()
    names.records["s1._domainkey.list.example", "TXT"] = [key()[1]]
    mail = signed()
    seals = dkim.arc_sign(results + mail, b"s1", b"list.example", key()[0], b"list.example")
    sealed = b"".join(seals) + results + mail
    got = authenticate(sealed, client_ip=None, dns=names)
    assert got.arc.result == "pass" and got.arc.sealers == ("list.example",)
    broken = authenticate(sealed.replace(b"Kinh gui", b"Kinh gvi"), client_ip=None, dns=names)
    assert broken.arc.result == "fail" and "ORIGIN-ARC-FAIL" in codes(broken)


def test_an_expired_signature_is_not_accepted() -> None:
    mail = signed()
    got = authenticate(mail.replace(b"v=1;", b"v=1; x=1000;", 1), client_ip=None, dns=zone())
    assert got.dkim_result == "policy" and not got.aligned


@given(st.binary(max_size=2000))
def test_any_bytes_are_judged(raw: bytes) -> None:
    got = authenticate(b"DKIM-Signature: " + raw, client_ip=IP, helo="x", mail_from="a@b", dns=Zone())
    assert not got.aligned


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("mail.so.haiphong.gov.vn", "haiphong.gov.vn"),
        ("haiphong.gov.vn", "haiphong.gov.vn"),
        ("a.b.example.com.vn", "example.com.vn"),
        ("mail.example.vn", "example.vn"),
        ("truong.haiphong.edu.vn", "haiphong.edu.vn"),
        ("x.y.co.uk", "y.co.uk"),
        ("a.example.com", "example.com"),
        ("t1.onmicrosoft.com", "t1.onmicrosoft.com"),
        ("localhost", "localhost"),
    ],
)
def test_organisational_domain(domain: str, owner: str) -> None:
    assert organisational(domain) == owner


def test_alignment_never_joins_two_provinces() -> None:
    assert not aligned("haiphong.gov.vn", "hanoi.gov.vn")
    assert not aligned("a.com.vn", "b.com.vn")
    assert aligned("So.HaiPhong.gov.vn.", "haiphong.gov.vn")
