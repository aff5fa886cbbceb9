"""`congvan init` for a station and `congvan doctor`: servers found, faults named with their cure, a probe sent and seen.

Quy chế Điều 22.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from congvan_gateway.operations.doctor import local_checks
from congvan_gateway.operations.doctor_mail import dns_checks
from congvan_gateway.operations.mail_servers import MailServer, find_imap, find_submission
from support.authority import TlsAuthority
from support.dovecot import DovecotInstance
from support.postfix import ProviderPostfix
from support_mailbox import arrivals, mail, mailbox_app, reading, until

pytestmark = [pytest.mark.xdist_group("imap")]


FILE = b"""<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="z.vn">
<incomingServer type="pop3"><hostname>pop.z.vn</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>bare.z.vn</hostname><port>143</port><socketType>plain</socketType></incomingServer>
<incomingServer type="imap"><hostname>bad host</hostname><port>993</port><socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>thu.%EMAILDOMAIN%</hostname><port>1993</port><socketType>SSL</socketType></incomingServer>
<outgoingServer type="smtp"><hostname>gui.nha-cung-cap.vn</hostname><port>587</port><socketType>STARTTLS</socketType></outgoingServer>
</emailProvider></clientConfig>"""


class Names:
    """Knows what it was told, nothing else."""

    def __init__(self, **records: Sequence[str]) -> None:
        self.records = {tuple(key.split("|")): value for key, value in records.items()}

    def lookup(self, name: str, kind: str, timeout: float) -> Sequence[str]:
        return self.records.get((kind, name), [])


def test_servers_are_found_by_records_then_by_usual_names() -> None:
    names = Names(
        **{"SRV|_imaps._tcp.x.vn": ["20 1 993 b.x.vn.", "10 1 1993 a.x.vn."], "MX|x.vn": ["10 aspmx.l.google.com"]}
    )
    assert find_imap("v@x.vn", names, lambda host, port: True) == MailServer("a.x.vn", 1993, "implicit")
    assert find_imap("v@x.vn", names, lambda host, port: host == "b.x.vn") == MailServer("b.x.vn", 993, "implicit")
    google = find_submission("v@x.vn", names, lambda host, port: port == 587)
    assert google == MailServer("smtp.gmail.com", 587, "verify")
    usual = find_imap("v@y.vn", Names(), lambda host, port: (host, port) == ("mail.y.vn", 143))
    assert usual == MailServer("mail.y.vn", 143, "starttls")
    assert find_imap("v@y.vn", Names(**{"SRV|_imaps._tcp.y.vn": ["0 0 0 ."]}), lambda host, port: False) is None


def test_servers_are_found_by_a_published_file_and_never_in_the_clear() -> None:
    asked: list[str] = []

    def ask(url: str) -> bytes | None:
        asked.append(url)
        return FILE if "well-known" in url else None

    def listens(host: str, port: int) -> bool:
        return True

    assert find_imap("v@z.vn", Names(), listens, ask) == MailServer("thu.z.vn", 1993, "implicit")
    assert find_submission("v@z.vn", Names(), listens, ask) == MailServer("gui.nha-cung-cap.vn", 587, "verify")
    assert all((url.startswith("https://") and ".z.vn/" in url) or "//z.vn/" in url for url in asked)
    for broken in (b"", b"<x", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', b"\xff" * 100):
        assert find_imap("v@z.vn", Names(), lambda host, port: False, lambda url, data=broken: data) is None


@pytest.mark.real("dovecot")
def test_local_and_dns_faults_say_how_to_mend(dovecot_server: DovecotInstance, tmp_path: Path) -> None:
    app = mailbox_app(tmp_path / "a", dovecot_server, "khong@b.example.vn")
    try:
        checks = {c.area: c for c in local_checks(app)}
        assert checks["database"].state == checks["disk"].state == checks["clock"].state == "ok"
        assert checks["keys"].state == "fault" and "congvan init" in checks["keys"].mend
        assert checks["trust"].state == "fault" and checks["trust"].mend
        told = list(dns_checks(app, Names()))
        assert [c.state for c in told] == ["fault", "warning", "warning"] and all(c.mend for c in told)
        good = Names(**{
            "MX|b.example.vn": ["10 mx.b.example.vn"], "TXT|b.example.vn": ["v=spf1 -all"],
            "TXT|_dmarc.b.example.vn": ["v=DMARC1; p=reject"],
        })  # fmt: skip
        assert [c.state for c in dns_checks(app, good)] == ["ok"]
    finally:
        app.close()


def congvan(*arguments: str, code: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "congvan_gateway.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, (done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


@pytest.mark.real("dovecot", "postfix")
def test_a_station_is_made_and_proved_by_a_probe(
    dovecot_server: DovecotInstance, tls_authority: TlsAuthority, tmp_path: Path
) -> None:
    user = "tram@d.example.vn"
    dovecot_server.add_user(user)
    (tmp_path / "pass").write_text("mat-khau\n")
    folder = tmp_path / "tram"
    routes = {"d.example.vn": f"lmtp:inet:127.0.0.1:{dovecot_server.lmtp_port}"}
    with ProviderPostfix(authority=tls_authority, sasl=dovecot_server.sasl_socket, routes=routes) as postfix:
        congvan(
            "init", str(folder), "--agency", "H24.95", "--name", "Phường D", "--address", user,
            "--imap", f"localhost:{dovecot_server.imaps_port}", "--submission", f"localhost:{postfix.port}",
            "--mail-password-file", str(tmp_path / "pass"), code=0,
        )  # fmt: skip
        config = folder / "congvan.toml"
        assert (folder / "keys" / "mailbox.pass").stat().st_mode & 0o077 == 0
        assert "mat-khau" not in config.read_text()

        def doctor(*more: str) -> dict[str, Any]:
            return dict(json.loads(congvan("doctor", "--config", str(config), "--json", *more, code=1)))

        broken = {c["area"]: c for c in doctor()["checks"]}
        assert broken["mailbox"]["state"] == broken["delivery"]["state"] == "fault"  # the authority is not known yet
        text = config.read_text().replace('# tls_ca = ""', f'tls_ca = "{tls_authority.ca_file}"', 1)
        text += f'tls_ca = "{tls_authority.ca_file}"\n'
        config.write_text(text)
        checks = doctor("--probe")["checks"]
        states = {c["area"]: c["state"] for c in checks}
        assert states["mailbox"] == states["delivery"] == states["probe"] == "ok", checks
        assert dovecot_server.uids(user) == []  # the probe is gone


@pytest.mark.real("dovecot")
async def test_a_mailbox_is_taken_over(dovecot_server: DovecotInstance, tmp_path: Path) -> None:
    from congvan_core.errors import RefusedError
    from congvan_gateway.operations.mailbox_adoption import adopt

    user = "tiep-quan@b.example.vn"
    dovecot_server.add_user(user)
    old = mailbox_app(tmp_path / "a", dovecot_server, user)
    new = mailbox_app(tmp_path / "b", dovecot_server, user)
    try:
        dovecot_server.deliver(user, mail(1))
        async with reading(old):
            await until(lambda: len(arrivals(old)) == 1, "the first mail")
        assert await adopt(new, user) == 1
        await asyncio.to_thread(dovecot_server.deliver, user, mail(2))
        async with reading(new):
            await until(lambda: len(arrivals(new)) == 1, "only what came later")
            with pytest.raises(RefusedError):
                await adopt(new, user)
    finally:
        old.close()
        new.close()
