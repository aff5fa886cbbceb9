"""A station with a mailbox at a provider, a hub beside it, and a correspondent who has nothing but a mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from congvan_core.ids import VIETNAM, now
from congvan_gateway.operations.founding import found_agency
from support.authority import TlsAuthority
from support.dovecot import DovecotInstance
from support.link import Link
from support.postfix import ProviderPostfix
from support_pki import LivePki
from support_postfix import free_port
from support_station import A_CODE, A_MAIL, B_CODE, B_MAIL, A, B, Station, issue_document, make_station, wait_until

pytestmark = [pytest.mark.real("postfix", "dovecot"), pytest.mark.xdist_group("station")]

C_CODE, C_NAME, C_MAIL = "H24.92", "Sở Đường Cong", "vanthu@c.example.vn"
_PROVIDER = b"Authentication-Results: mx.provider.test; dkim=pass header.d=%s; dmarc=pass header.from=%s\r\n"
_TRACE = b"Received: from x (x [192.0.2.7]) by mx.provider.test; Mon, 23 Nov 2026 08:00:00 +0700\r\n"


@dataclass
class Town:
    """The provider (Postfix and Dovecot), the station A, the hub B; the station's link to its mailbox can be cut."""

    provider: DovecotInstance
    postfix: ProviderPostfix
    link: Link
    a: Station
    b: Station
    hub_port: int

    def inbox(self, user: str, folder: str = "INBOX") -> list[bytes]:
        return [self.provider.raw(user, uid, folder) for uid in self.provider.uids(user, folder)]

    def from_c(self, mail: EmailMessage) -> None:
        """As the provider delivers a mail of C: with its findings on top."""
        domain = C_MAIL.rpartition("@")[2].encode()
        self.provider.deliver(A_MAIL, _PROVIDER % (domain, domain) + _TRACE + mail.as_bytes(policy=SMTP))


@pytest.fixture
def town(dovecot_own: DovecotInstance, tls_authority: TlsAuthority, tmp_path: Path, pki: LivePki) -> Iterator[Town]:
    for user in (A_MAIL, B_MAIL, C_MAIL):
        dovecot_own.add_user(user)
    hub_port = free_port()
    boxes = f"lmtp:inet:127.0.0.1:{dovecot_own.lmtp_port}"
    postfix = ProviderPostfix(
        hostname="mx.provider.test",
        authority=tls_authority,
        sasl=dovecot_own.sasl_socket,
        routes={"a.example.vn": boxes, "c.example.vn": boxes, "b.example.vn": f"smtp:[127.0.0.1]:{hub_port}"},
    )
    with Link(dovecot_own.imaps_port) as link, postfix:
        a = _station(tmp_path, pki, A, B, postfix, tls_authority, smtp={"enabled": False}, imap={"boxes": [{
            "enabled": True, "host": "localhost", "port": link.port, "tls": "implicit", "tls_ca": str(tls_authority.ca_file),
            "username": A_MAIL, "password_file": "mail.pass", "address": A_MAIL, "done_folder": "Đã vào sổ",
            "held_folder": "Chờ kiểm tra", "sent_folder": "Sent", "poll_seconds": 5.0,
        }]})  # fmt: skip
        b = _station(tmp_path, pki, B, A, postfix, tls_authority, smtp={"port": hub_port})
        try:
            yield Town(dovecot_own, postfix, link, a, b, hub_port)
        finally:
            a.kill()
            b.kill()


def _station(
    root: Path, pki: LivePki, side: Any, other: Any, postfix: ProviderPostfix, tls: TlsAuthority, **sections: Any
) -> Station:
    station = make_station(
        root, side, other, pki, relay_port=postfix.port, own_sections={
            "delivery": {"host": "localhost", "tls": "verify", "tls_ca": str(tls.ca_file), "username": side.mail,
                         "password_file": "mail.pass", "retry_base_seconds": 2.0, "retry_max_seconds": 5.0,
                         "unknown_wait_seconds": 5.0, "attempt_seconds": 20.0, "lease_seconds": 25.0},
            "origin": {"trusted_authserv": ["mx.provider.test"]},
        } | sections,
    )  # fmt: skip
    (station.folder / "mail.pass").write_text("mat-khau\n")
    with station.app() as app:
        found_agency(
            app, code=C_CODE, name=C_NAME, address=C_MAIL, own=False, gateway=False,
            document_certificate=pki.cert("agency-ec"), telephone="0225 3111 111", actor="test",
        )  # fmt: skip
    return station


def item(station: Station, document: str, code: str) -> dict[str, Any]:
    found = station.cli("track", document, "--json")
    return next(dict(r) for r in found["recipients"] if r["code"] == code)


def incoming(station: Station) -> list[str]:
    return [r["number_symbol"] for r in station.cli("register", "list", "--book", "incoming", "--json")]


def test_documents_go_both_ways_over_cut_links_and_a_killed_station(town: Town, tmp_path: Path, pki: LivePki) -> None:
    document = issue_document(pki, tmp_path / "van-ban")
    town.a.start()
    town.b.start()
    arguments = ("--symbol", "12/QĐ-STNA", "--subject", "Phê duyệt Kế hoạch số hóa", "--json")
    sent = town.a.cli("send", str(document), "--to", B_CODE, "--to", C_CODE, *arguments)
    town.link.drop()
    done = wait_until(
        lambda: (i := item(town.a, sent["document_id"], B_CODE))["state"] == "received" and i, "the hub's receipt"
    )
    assert done["confirmation"] == "proved" and done["proof"]["register_number"] == "1"

    # Back to the station: the mail comes while its link is cut and the program is killed.
    town.link.cut()
    back = town.b.cli(
        "send", str(document), "--to", A_CODE, "--number", "3", "--symbol", "QĐ-UBND", "--date", f"{now().astimezone(VIETNAM):%Y-%m-%d}",
        "--subject", "Thử chiều về", "--accept-undecided", "thử", "--json", check=None,
    )  # fmt: skip
    wait_until(lambda: len(town.provider.uids(A_MAIL)) >= 1, "mail in the station's mailbox")
    town.a.kill()
    town.link.restore()
    town.a.start()
    document_id = back["document_id"]
    arrived = wait_until(
        lambda: (i := item(town.b, document_id, A_CODE))["state"] in ("received", "arrived") and i,
        "the station's answer",
    )
    assert arrived["confirmation"] == "proved"
    town.a.kill()
    town.a.start()
    rows = town.a.cli("quarantine", "list", "--json")
    assert len(incoming(town.a)) + len(rows) == 1

    # What the station sent stands in Sent; the hub's answers are put away.
    wait_until(lambda: len(town.inbox(A_MAIL, "Sent")) == 3, "the copies in Sent")
    wait_until(lambda: len(town.provider.uids(A_MAIL, "Đã vào sổ")) >= 1, "the receipts to be put away")
    town.a.cli("audit", "verify")


def test_a_plain_correspondent_confirms_by_a_reply_and_sends_a_document(
    town: Town, tmp_path: Path, pki: LivePki
) -> None:
    document = issue_document(pki, tmp_path / "van-ban")
    town.a.start()
    sent = town.a.cli(
        "send",
        str(document),
        "--to",
        C_CODE,
        "--symbol",
        "12/QĐ-STNA",
        "--subject",
        "Phê duyệt Kế hoạch số hóa",
        "--json",
    )
    (cover,) = wait_until(lambda: town.inbox(C_MAIL), "the cover mail")
    assert "xác nhận" in _text(cover) and document.name.encode() in cover.replace(b"\r\n ", b"")
    message_id = sent["recipients"][0]["message_id"]

    def answer(text: str, **more: str) -> None:
        reply = EmailMessage()
        reply["From"], reply["To"], reply["Subject"] = f"Van thu <{C_MAIL}>", A_MAIL, "Re: 12/QĐ-STNA"
        reply["In-Reply-To"] = message_id
        reply["Message-ID"] = f"<{abs(hash(text))}@c.example.vn>"
        for name, value in more.items():
            reply[name.replace("_", "-")] = value
        reply.set_content(text)
        town.from_c(reply)

    answer("Tôi đi công tác, sẽ trả lời sau.", Auto_Submitted="auto-replied")
    answer("Đã nhận nhưng file lỗi, không mở được. Đề nghị gửi lại.")
    wait_until(
        lambda: len(town.a.cli("quarantine", "list", "--json")) == 1, "the complaint before a clerk", seconds=240
    )
    assert item(town.a, sent["document_id"], C_CODE)["state"] in ("accepted", "delivered")
    answer("Đã nhận, số đến 15\n\nVăn thư Sở Đường Cong")
    done = wait_until(
        lambda: (i := item(town.a, sent["document_id"], C_CODE))["state"] == "received" and i, "the confirmation"
    )
    assert done["confirmation"] == "confirmed" and done["proof"]["register_number"] == "15"

    # A person's own mail with a signed file of a human name, and an enclosure.
    own = EmailMessage()
    own["From"], own["To"], own["Subject"] = f"Van thu <{C_MAIL}>", A_MAIL, "Gửi công văn 67/SĐC-VP ngày hôm nay"
    own["Message-ID"] = "<cua-nguoi@c.example.vn>"
    own.set_content("Kính gửi quý Sở công văn số 67/SĐC-VP và phụ lục kèm theo.")
    own.add_attachment(
        _signed_by_c(pki), maintype="application", subtype="pdf", filename="1. CV rs (ban cuoi) (2).signed.pdf"
    )
    own.add_attachment("Mục,Số\n1,2\n".encode(), maintype="text", subtype="csv", filename="phu luc.csv")
    town.from_c(own)
    wait_until(lambda: incoming(town.a) == ["67/SĐC-VP"], f"the registration ({_why(town.a)})")
    wait_until(lambda: len(town.inbox(C_MAIL)) == 2, "the readable answer")
    assert "67/SĐC-VP" in _text(town.inbox(C_MAIL)[1])


def _why(station: Station) -> str:
    return str([(r["subject"], r["codes"]) for r in station.cli("quarantine", "list", "--json")])


def _text(mail: bytes) -> str:
    from email import message_from_bytes
    from email.policy import default

    parsed = message_from_bytes(mail, policy=default)
    return str(parsed["Subject"]) + "".join(
        p.get_content() for p in parsed.walk() if p.get_content_type() == "text/plain"
    )


def _signed_by_c(pki: LivePki) -> bytes:
    from congvan_core.documents.sample_pdf import SampleSpec, make
    from congvan_core.signatures.sign_timestamp import HttpTimeStamper
    from congvan_core.signatures.signing import sign_pdf

    today = now().astimezone(VIETNAM).date()
    sample = make(
        SampleSpec(author=C_NAME, symbol="SĐC-VP", number="67", issued_on=today, subject="rà soát hộp thư công vụ")
    )
    stamper = HttpTimeStamper(pki.tsa_url)
    return sign_pdf(
        sample.pdf, pki.signing_key("agency-ec"), kind="agency", timestamper=stamper, rect=(60, 60, 160, 160), page=0
    )
