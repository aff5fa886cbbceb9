"""SPF, DKIM and DMARC of what comes by SMTP, asked by the worker of a real name server, to the entry in the register."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dkim
import pytest
from sqlalchemy import update

from congvan_core.ids import new_id
from congvan_gateway.intake.recording import insert_rows
from congvan_gateway.judgement.judging import Judge
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message
from congvan_mailbox.smtp.envelope import Envelope, Recipient
from support.dns import DnsServer
from support_held import RECEIVER, SENDER, row_of
from support_judgement import mail, page, signed
from support_pki import LivePki
from support_station import A, B, make_station

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mail_authentication"))

OURS, THEIRS, STRANGE = "mx.b.example.vn", "192.0.2.7", "198.51.100.9"
_numbers = itertools.count(701)


@pytest.fixture(scope="module")
def names() -> Iterator[DnsServer]:
    from support_authentication import key

    with DnsServer() as dns:
        dns.add("a.example.vn", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
        dns.add("s1._domainkey.a.example.vn", "TXT", key()[1])
        dns.add("_dmarc.a.example.vn", "TXT", "v=DMARC1; p=reject")
        yield dns


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, pki: LivePki, names: DnsServer) -> Iterator[App]:
    origin = {"evaluate": True, "resolvers": [f"127.0.0.1:{names.port}"], "trusted_authserv": [OURS]}
    folder = tmp_path_factory.mktemp("xac-thuc")
    with make_station(folder, B, A, pki, relay_port=9, own_sections={"origin": origin}).app() as opened:
        yield opened


def letter(pki: LivePki, sender: str = f"Van thu <{SENDER}>") -> bytes:
    number = str(next(_numbers))
    raw = mail((f"{number}.pdf", signed(pki, page(number=number))), sender=sender)
    return raw.replace(b"<thu-1@", f"<thu-{number}@".encode())


def sealed(raw: bytes, domain: str = "a.example.vn") -> bytes:
    from support_authentication import key

    head: bytes = dkim.sign(raw, b"s1", domain.encode(), key()[0], include_headers=[b"from", b"subject", b"date"])
    return head + raw


def delivered(app: App, raw: bytes, peer: str, sender: str = SENDER) -> Any:
    """The mail as the SMTP door recorded it from this client, judged."""
    blob = app.blobs.put_bytes(raw)
    envelope = Envelope(
        id=new_id(), sender=sender, recipients=(Recipient(RECEIVER),), received=app.clock(), peer_ip=peer,
        helo="mail.a.example.vn",
    )  # fmt: skip
    (item,) = insert_rows(app, envelope, f"test:{envelope.id}", 0, blob.sha256, len(raw))
    assert Judge(app).step_one(item) == 1
    return row_of(app, item)


def codes(row: Any) -> set[str]:
    return {f["code"] for f in row.report["findings"]}


def test_an_aligned_signature_proves_the_sender(app: App, pki: LivePki) -> None:
    row = delivered(app, sealed(letter(pki)), STRANGE)  # forwarded: SPF fails, the signature holds
    assert row.report["authentication"] == {"spf": "fail", "dkim": "pass", "dmarc": "pass", "arc": "none"}
    assert (row.state, row.report["origin"]["proved"]) == ("registered", True)


def test_spf_alone_proves_it_too(app: App, pki: LivePki) -> None:
    row = delivered(app, letter(pki), THEIRS)
    assert (row.report["authentication"]["spf"], row.report["authentication"]["dmarc"]) == ("pass", "pass")
    assert row.state == "registered"


def test_a_stranger_s_letter_in_the_agency_s_name_waits(app: App, pki: LivePki) -> None:
    row = delivered(app, letter(pki), STRANGE)
    assert (row.state, row.report["origin"]["proved"]) == ("held", False)
    assert {"ORIGIN-SPF-FAIL", "ORIGIN-DMARC-FAIL"} <= codes(row)
    changed = sealed(letter(pki)).replace(b"Subject: ", b"Subject: sua ")
    row = delivered(app, changed, STRANGE)
    assert row.report["authentication"]["dkim"] == "fail"
    assert row.state == "held"


def test_another_domain_s_good_signature_is_not_aligned(app: App, pki: LivePki, names: DnsServer) -> None:
    from support_authentication import key

    names.add("s1._domainkey.la.example.org", "TXT", key()[1])
    row = delivered(app, sealed(letter(pki), "la.example.org"), STRANGE, sender="x@la.example.org")
    assert (row.report["authentication"]["dkim"], row.report["authentication"]["dmarc"]) == ("pass", "fail")
    assert (row.state, row.report["origin"]["proved"]) == ("held", False)


def test_a_name_server_in_trouble_decides_nothing_and_is_asked_again(app: App, pki: LivePki, names: DnsServer) -> None:
    failing = ("a.example.vn", "s1._domainkey.a.example.vn", "_dmarc.a.example.vn")
    for name in failing:
        names.fail(name)
    try:
        row = delivered(app, sealed(letter(pki)), THEIRS)
    finally:
        for name in failing:
            names.mend(name)
    assert row.state == "held"
    assert "ORIGIN-CHECK-INCOMPLETE" in codes(row)
    assert not {"ORIGIN-DMARC-FAIL", "ORIGIN-SPF-FAIL"} & codes(row), "no answer is not a no"
    assert row.next_try_at is not None
    with app.database.write() as connection:
        connection.execute(update(message).where(message.c.id == row.id).values(next_try_at=row.received_at))
    assert Judge(app).step_one(row.id) == 1
    assert row_of(app, row.id).state == "registered"


def test_a_record_that_cannot_be_is_an_error_and_proves_nothing(app: App, pki: LivePki, names: DnsServer) -> None:
    names.remove("a.example.vn", "TXT")
    names.add("a.example.vn", "TXT", "v=spf1 include:a.example.vn -all")
    try:
        row = delivered(app, letter(pki), THEIRS)
    finally:
        names.remove("a.example.vn", "TXT")
        names.add("a.example.vn", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
    assert row.report["authentication"]["spf"] == "permerror"
    assert (row.state, row.report["origin"]["proved"]) == ("held", False)


def test_results_that_the_client_wrote_himself_are_nobody_s_word(app: App, pki: LivePki) -> None:
    said = f"Authentication-Results: {OURS}; dkim=pass header.d=a.example.vn; dmarc=pass header.from=a.example.vn\r\n"
    trace = f"Received: from mail.a.example.vn by {OURS}; Wed, 05 Aug 2026 10:00:00 +0700\r\n"
    row = delivered(app, (said + trace).encode() + letter(pki), STRANGE)
    assert row.report["authentication"]["dmarc"] == "fail", "our own evaluation, not his"
    assert (row.state, row.report["origin"]["proved"]) == ("held", False)
