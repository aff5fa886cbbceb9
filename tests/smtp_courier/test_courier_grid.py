"""Every stage of the dialog with every kind of trouble: what may be tried again, what is over, what is unknown."""

from __future__ import annotations

import random
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from congvan_core.errors import NotFoundError, TemporaryError
from congvan_gateway.dispatch.courier_pool import PoolLimits
from congvan_gateway.dispatch.courier_smtp import Hop, SmtpCourier
from congvan_mailbox.smtp.client_options import ClientOptions, Credentials, Timeouts
from congvan_mailbox.smtp.outcome import Accepted, Deferred, DsnRequest, Outcome, OutgoingMail, Refused, Stage, Unknown
from congvan_mailbox.smtp.tls_policy import Tlsa, TlsMode, TlsPolicy
from support_smtp_server import CUT, HANG, RESET, Scripted

RAW = b"Subject: 1\r\n\r\n.one\r\n..two\r\n"
# 0.6 s where the RFC says 5 minutes; connecting and the TLS handshake get what a busy machine needs.
QUICK = replace(Timeouts().scaled(0.002), connect=5.0, tls=5.0)
PLAIN = TlsPolicy(TlsMode.NONE)


class Names:
    """A name server of ten lines: what it does not know does not exist."""

    def __init__(self, mx: dict[str, Any] | None = None, addresses: dict[str, Any] | None = None) -> None:
        self._mx, self._addresses = mx or {}, addresses or {}
        self.tlsa_records: list[Tlsa] = []

    @staticmethod
    def _answer(table: dict[str, Any], name: str) -> Any:
        if name not in table:
            raise NotFoundError(f"{name} does not exist")
        if isinstance(table[name], Exception):
            raise table[name]
        return table[name]

    async def mx(self, domain: str) -> Any:
        return self._answer(self._mx, domain)

    async def addresses(self, host: str) -> Any:
        return [host] if host[0].isdigit() else self._answer(self._addresses, host)

    async def tlsa(self, host: str, port: int) -> Any:
        return self.tlsa_records


def courier(server: Scripted, **changes: Any) -> SmtpCourier:
    options = ClientOptions(helo="us.test", **{"tls": PLAIN, "timeouts": QUICK, **changes})
    return SmtpCourier(lambda domain: Hop("127.0.0.1", server.port, options), resolver=Names(), deadline=20.0)


def mail(raw: bytes | Path = RAW, **changes: Any) -> OutgoingMail:
    return OutgoingMail(**{"sender": "a@us.test", "recipient": "b@them.test", "raw": raw, **changes})


async def deliver(script: dict[str, Any], one: OutgoingMail | None = None, **changes: Any) -> tuple[Outcome, Scripted]:
    async with Scripted(script).running() as server:
        sender = courier(server, **changes)
        outcome = await sender.deliver(one or mail())
        await sender.close()
        return outcome, server


_SESSION = {"greeting": Stage.GREETING, "ehlo": Stage.EHLO}
_MAIL = {"mail": Stage.MAIL, "rcpt": Stage.RCPT, "data": Stage.DATA, "final": Stage.FINAL}
_EHLO_PLAIN = "250-fake\r\n250 8BITMIME"


@pytest.fixture(params=["pipelined", "step by step"])
def ehlo(request: pytest.FixtureRequest) -> dict[str, str]:
    return {} if request.param == "pipelined" else {"ehlo": _EHLO_PLAIN}


async def test_accepted(ehlo: dict[str, str]) -> None:
    outcome, server = await deliver(ehlo)
    assert isinstance(outcome, Accepted)
    assert (outcome.code, outcome.enhanced, outcome.text, outcome.host) == (250, "2.0.0", "queued as 1", "127.0.0.1")
    assert server.mails == [b"Subject: 1\r\n\r\n..one\r\n...two\r\n"]


@pytest.mark.parametrize("stage", [*_SESSION, *_MAIL])
@pytest.mark.parametrize("code", ["450 4.2.0 later", "451 4.3.0 later", "421 4.3.2 closing"])
async def test_4yz_is_deferred_at_every_stage(stage: str, code: str, ehlo: dict[str, str]) -> None:
    outcome, _ = await deliver({**ehlo, stage: code})
    assert isinstance(outcome, Deferred)
    assert outcome.stage is {**_SESSION, **_MAIL}[stage]
    assert outcome.code == int(code[:3])


@pytest.mark.parametrize("stage", _MAIL)
@pytest.mark.parametrize("code", ["550 5.1.1 no", "552 5.2.2 full", "554 no", "500 5.5.1 what", "503 5.5.1 order"])
async def test_5yz_to_the_mail_is_refused(stage: str, code: str, ehlo: dict[str, str]) -> None:
    outcome, _ = await deliver({**ehlo, stage: code})
    assert isinstance(outcome, Refused)
    assert outcome.stage is _MAIL[stage]
    assert outcome.code == int(code[:3])


@pytest.mark.parametrize("stage", _SESSION)
@pytest.mark.parametrize("code", ["554 5.7.1 go away", "521 5.3.2 no mail here", "550 5.7.0 blocked"])
async def test_5yz_to_the_session_is_deferred_and_shown(stage: str, code: str) -> None:
    outcome, _ = await deliver({stage: code})
    assert isinstance(outcome, Deferred)
    assert outcome.operator
    assert outcome.stage is _SESSION[stage]


@pytest.mark.parametrize("how", [CUT, RESET, HANG, "rubbish", "250-never\r\n251 ends"])
@pytest.mark.parametrize("stage", [*_SESSION, "mail", "rcpt", "data"])
async def test_nothing_useful_before_the_message_is_deferred(stage: str, how: str, ehlo: dict[str, str]) -> None:
    outcome, _ = await deliver({**ehlo, stage: how})
    assert isinstance(outcome, Deferred)
    assert outcome.stage is {**_SESSION, **_MAIL}[stage]


@pytest.mark.parametrize("how", [CUT, RESET, HANG, "rubbish", "354 more?"])
async def test_no_reply_to_the_final_dot_is_unknown(how: str, ehlo: dict[str, str]) -> None:
    outcome, server = await deliver({**ehlo, "final": how})
    assert isinstance(outcome, Unknown)
    assert len(server.mails) == 1


async def test_the_deadline_after_the_final_dot_is_unknown() -> None:
    async with Scripted({"final": HANG}).running() as server:
        options = ClientOptions(tls=PLAIN)
        sender = SmtpCourier(lambda domain: Hop("127.0.0.1", server.port, options), resolver=Names(), deadline=0.3)
        assert isinstance(await sender.deliver(mail()), Unknown)
        await sender.close()


async def test_the_deadline_before_the_final_dot_is_deferred() -> None:
    async with Scripted({"rcpt": HANG}).running() as server:
        options = ClientOptions(tls=PLAIN)
        sender = SmtpCourier(lambda domain: Hop("127.0.0.1", server.port, options), resolver=Names(), deadline=0.3)
        assert isinstance(await sender.deliver(mail()), Deferred)
        await sender.close()


async def test_530_to_mail_is_a_fault_of_the_route() -> None:
    outcome, _ = await deliver({"mail": "530 5.7.0 STARTTLS first"})
    assert isinstance(outcome, Deferred)
    assert outcome.operator


async def test_a_server_that_takes_data_without_a_recipient_gets_no_message() -> None:
    outcome, server = await deliver({"rcpt": "550 5.1.1 no", "final": "554 5.5.1 nothing"})
    assert isinstance(outcome, Refused)
    assert outcome.stage is Stage.RCPT
    assert server.mails == [b""]


async def test_old_server_without_ehlo() -> None:
    outcome, server = await deliver({"ehlo": ["502 what", "250 fake"]})
    assert isinstance(outcome, Accepted)
    assert server.commands[:3] == ["EHLO us.test", "HELO us.test", "MAIL FROM:<a@us.test>"]


# --- DSN, SIZE, SMTPUTF8 ---------------------------------------------------------------------------------------------

_DSN = DsnRequest(ret="HDRS", envid="ab+c=1", notify="FAILURE,DELAY", orcpt="b@them.test")


async def test_dsn_parameters_where_offered() -> None:
    _, server = await deliver({}, mail(dsn=_DSN))
    size = len(RAW)
    assert f"MAIL FROM:<a@us.test> SIZE={size} RET=HDRS ENVID=ab+2Bc+3D1" in server.commands
    assert "RCPT TO:<b@them.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@them.test" in server.commands


async def test_no_dsn_parameters_where_not_offered() -> None:
    _, server = await deliver({"ehlo": _EHLO_PLAIN}, mail(dsn=_DSN))
    assert server.commands[1:3] == ["MAIL FROM:<a@us.test>", "RCPT TO:<b@them.test>"]


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
async def test_555_is_tried_once_without_dsn(stage: str, ehlo: dict[str, str]) -> None:
    script = {stage: ["555 5.5.4 what is RET", "250 2.0.0 fine"], "ehlo": "250-fake\r\n250 DSN" if ehlo else ""}
    if not ehlo:
        del script["ehlo"]
    outcome, server = await deliver({**script, "final": ["250 2.0.0 done"]}, mail(dsn=_DSN))
    assert isinstance(outcome, Accepted)
    assert server.connections == 1
    assert "RSET" in server.commands


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
async def test_555_twice_is_refused(stage: str) -> None:
    outcome, _ = await deliver({stage: "555 5.5.4 never"}, mail(dsn=_DSN))
    assert isinstance(outcome, Refused)
    assert outcome.code == 555


async def test_too_big_is_not_even_offered() -> None:
    outcome, server = await deliver({"ehlo": "250-fake\r\n250 SIZE 20"})
    assert isinstance(outcome, Refused)
    assert (outcome.stage, outcome.enhanced) == (Stage.LOCAL, "5.3.4")
    assert not any(line.startswith("MAIL") for line in server.commands)


async def test_smtputf8() -> None:
    one = mail(recipient="văn.thư@them.test")
    outcome, _ = await deliver({}, one)
    assert isinstance(outcome, Refused)
    assert outcome.enhanced == "5.6.7"
    outcome, server = await deliver({"ehlo": "250-fake\r\n250-SMTPUTF8\r\n250-8BITMIME\r\n250 DSN"}, one)
    assert isinstance(outcome, Accepted)
    assert server.commands[1:3] == ["MAIL FROM:<a@us.test> SMTPUTF8", "RCPT TO:<văn.thư@them.test>"]


@pytest.mark.parametrize("address", ["a b@them.test", "b@them.test> NOTIFY=NEVER", "b@them.test\r\nDATA", "nobody"])
async def test_an_address_cannot_carry_commands(address: str) -> None:
    outcome, server = await deliver({}, mail(recipient=address))
    assert isinstance(outcome, Refused)
    assert server.commands[1:] in ([], ["QUIT"])


async def test_null_sender() -> None:
    _, server = await deliver({"ehlo": _EHLO_PLAIN}, mail(sender=""))
    assert server.commands[1] == "MAIL FROM:<>"


# --- the message ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"a\nb\r\n", b"a\rb\r\n", b"a\r", b"x\r\n.\n"])
async def test_a_bare_line_end_never_leaves(raw: bytes) -> None:
    outcome, server = await deliver({}, mail(raw))
    assert isinstance(outcome, Refused)
    assert outcome.operator
    assert server.mails == []


async def test_a_file_streams_with_its_dots(tmp_path: Path) -> None:
    raw = b"Subject: big\r\n\r\n" + b".dot\r\n..\r\n" * 80_000
    path = tmp_path / "big.eml"
    path.write_bytes(raw)
    outcome, server = await deliver({}, mail(path))
    assert isinstance(outcome, Accepted)
    assert server.mails == [raw.replace(b"\r\n.", b"\r\n..")]


async def test_cut_within_the_message_is_deferred() -> None:
    """The server goes away after 354 without reading; megabytes cannot hide in socket buffers."""
    raw = b"x" * 70 + b"\r\n"
    async with Scripted({"data": ["354 go"]}).running() as server:

        async def talk(reader: Any, writer: Any) -> None:
            for reply in (b"220 x\r\n", b"250-x\r\n250 PIPELINING\r\n", b"250 x\r\n250 x\r\n354 x\r\n"):
                writer.write(reply)
                await reader.readline()
            await reader.read(1000)

        server._talk = talk  # type: ignore[method-assign]
        outcome = await courier(server).deliver(mail(raw * 600_000))
    assert isinstance(outcome, Deferred)
    assert outcome.stage is Stage.BODY


async def test_bdat() -> None:
    raw = b"a\rb\n\x00.\r\n"
    ehlo = {"ehlo": "250-fake\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-BINARYMIME\r\n250 CHUNKING"}
    outcome, server = await deliver(ehlo, mail(raw, body="BINARYMIME"))
    assert isinstance(outcome, Accepted)
    assert server.mails == [raw]
    outcome, server = await deliver(ehlo, mail(RAW * 40_000), prefer_bdat=True)
    assert isinstance(outcome, Accepted)
    assert server.mails == [RAW * 40_000]
    outcome, _ = await deliver({}, mail(raw, body="BINARYMIME"))
    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("how", [CUT, RESET, HANG])
async def test_bdat_without_an_answer_is_unknown(how: str) -> None:
    outcome, _ = await deliver({"ehlo": "250-fake\r\n250 CHUNKING", "final": how}, prefer_bdat=True)
    assert isinstance(outcome, Unknown)


# --- sessions kept ----------------------------------------------------------------------------------------------------


async def test_a_session_is_used_again() -> None:
    async with Scripted({"rcpt": ["250 ok", "550 5.1.1 no", "250 ok"]}).running() as server:
        sender = courier(server)
        kinds = [type(await sender.deliver(mail())) for _ in range(3)]
        await sender.close()
    assert kinds == [Accepted, Refused, Accepted]
    assert server.connections == 1
    assert server.commands.count("RSET") == 1
    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize("how", [CUT, RESET, "421 4.4.2 idle too long"])
async def test_a_kept_session_that_died_is_replaced_within_the_attempt(how: str) -> None:
    async with Scripted({"mail": ["250 ok", how, "250 ok"]}).running() as server:
        sender = courier(server)
        kinds = [type(await sender.deliver(mail())) for _ in range(2)]
        await sender.close()
    assert kinds == [Accepted, Accepted]
    assert server.connections == 2
    assert len(server.mails) == 2


async def test_mails_per_session_and_sweep() -> None:
    moments = [0.0]
    async with Scripted().running() as server:
        options = ClientOptions(tls=PLAIN, timeouts=QUICK)
        sender = SmtpCourier(
            lambda domain: Hop("127.0.0.1", server.port, options),
            resolver=Names(),
            limits=PoolLimits(mails=2, idle=5.0),
            clock=lambda: moments[0],
        )
        for _ in range(3):
            await sender.deliver(mail())
        assert server.connections == 2
        moments[0] = 10.0
        await sender.sweep()
        await sender.deliver(mail())
        assert server.connections == 3
        await sender.close()


# --- TLS and log-in ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mx.them.test").configure_cert(context)
    return context


_EHLO_TLS = "250-fake\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n250 STARTTLS"


async def over_tls(policy: TlsPolicy, context: ssl.SSLContext | None, script: Any = None, **changes: Any) -> Any:
    one = changes.pop("mail", mail())
    async with Scripted({"ehlo": _EHLO_TLS, **(script or {})}, tls_context=context).running() as server:
        sender = courier(server, **{"tls": policy, "timeouts": Timeouts().scaled(0.05), **changes})
        outcome = await sender.deliver(one)
        await sender.close()
        return outcome, server


async def test_tls_policies(authority: trustme.CA, server_tls: ssl.SSLContext) -> None:
    ca = authority.cert_pem.bytes().decode()
    outcome, _ = await over_tls(TlsPolicy(TlsMode.OPPORTUNISTIC), server_tls)
    assert isinstance(outcome, Accepted) and outcome.tls is not None and outcome.tls.version.startswith("TLSv1.")
    outcome, _ = await over_tls(TlsPolicy(TlsMode.REQUIRED), server_tls)
    assert isinstance(outcome, Accepted) and outcome.tls is not None
    outcome, _ = await over_tls(TlsPolicy(TlsMode.VERIFIED, ca_data=ca, name="mx.them.test"), server_tls)
    assert isinstance(outcome, Accepted)
    for wrong in (
        TlsPolicy(TlsMode.VERIFIED, name="mx.them.test"),
        TlsPolicy(TlsMode.VERIFIED, ca_data=ca, name="x.y"),
    ):
        outcome, server = await over_tls(wrong, server_tls)
        assert isinstance(outcome, Deferred) and outcome.operator and outcome.stage is Stage.TLS
        assert not any(line.startswith("MAIL") for line in server.commands)


async def test_pins_and_dane(authority: trustme.CA) -> None:
    import hashlib

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    leaf = authority.issue_cert("mx.them.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    whole = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    for pin in (whole, hashlib.sha256(spki).hexdigest()):
        outcome, _ = await over_tls(TlsPolicy(TlsMode.PINNED, pins=frozenset({pin})), context)
        assert isinstance(outcome, Accepted)
    outcome, _ = await over_tls(TlsPolicy(TlsMode.PINNED, pins=frozenset({"0" * 64})), context)
    assert isinstance(outcome, Deferred) and outcome.operator
    good = Tlsa(3, 1, 1, hashlib.sha256(spki).digest())
    outcome, _ = await over_tls(TlsPolicy(TlsMode.DANE, tlsa=(good,)), context)
    assert isinstance(outcome, Accepted)
    for bad in ((), (Tlsa(3, 1, 1, b"x" * 32),), (Tlsa(2, 1, 1, good.data),), (Tlsa(3, 9, 1, good.data),)):
        outcome, _ = await over_tls(TlsPolicy(TlsMode.DANE, tlsa=bad), context)
        assert isinstance(outcome, Deferred)


@pytest.mark.parametrize("reply", ["454 4.7.0 not now", "554 5.7.0 never", CUT])
async def test_starttls_that_fails_is_deferred_where_tls_is_due(reply: str, server_tls: ssl.SSLContext) -> None:
    outcome, server = await over_tls(TlsPolicy(TlsMode.REQUIRED), server_tls, {"starttls": reply})
    assert isinstance(outcome, Deferred)
    assert outcome.stage is Stage.STARTTLS
    assert server.mails == []


async def test_a_server_without_tls_waits_where_tls_is_due() -> None:
    outcome, server = await deliver({}, tls=TlsPolicy(TlsMode.REQUIRED))
    assert isinstance(outcome, Deferred) and outcome.operator
    assert server.mails == []
    outcome, _ = await deliver({}, mail(require_tls=True))
    assert isinstance(outcome, Deferred) and outcome.operator


async def test_a_broken_handshake_falls_back_only_where_it_may() -> None:
    broken = {"starttls": "220 2.0.0 go\r\nrubbish"}  # also: plain text behind the reply
    outcome, server = await over_tls(TlsPolicy(TlsMode.REQUIRED), None, broken)
    assert isinstance(outcome, Deferred)
    assert server.mails == []
    expired = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # no certificate: every handshake fails
    outcome, server = await over_tls(TlsPolicy(TlsMode.OPPORTUNISTIC), expired)
    assert isinstance(outcome, Accepted) and outcome.tls is None
    outcome, server = await over_tls(TlsPolicy(TlsMode.REQUIRED), expired)
    assert isinstance(outcome, Deferred) and server.mails == []


async def _secret() -> str:
    return "mật-khẩu"


@pytest.mark.parametrize("mechanism", [None, "PLAIN", "LOGIN", "XOAUTH2"])
async def test_log_in(mechanism: str | None, server_tls: ssl.SSLContext) -> None:
    import base64

    login = Credentials("van-thu", _secret, mechanism)
    script: dict[str, Any] = {}
    if mechanism == "LOGIN":
        script["auth"] = "334 VXNlcm5hbWU6"
    outcome, server = await over_tls(TlsPolicy(TlsMode.REQUIRED), server_tls, script, credentials=login)
    said = next(line for line in server.commands if line.startswith("AUTH")).split()
    if mechanism == "LOGIN":
        assert said == ["AUTH", "LOGIN"]
        return
    assert isinstance(outcome, Accepted)
    decoded = base64.b64decode(said[2]).decode()
    assert said[1] == mechanism or (mechanism is None and said[1] == "PLAIN")
    assert decoded == (
        "user=van-thu\x01auth=Bearer mật-khẩu\x01\x01" if mechanism == "XOAUTH2" else "\0van-thu\0mật-khẩu"
    )


@pytest.mark.parametrize("reply", ["535 5.7.8 wrong", "454 4.7.0 later", CUT, HANG])
async def test_a_failed_log_in_is_deferred(reply: str, server_tls: ssl.SSLContext) -> None:
    outcome, server = await over_tls(
        TlsPolicy(TlsMode.REQUIRED), server_tls, {"auth": reply}, credentials=Credentials("u", _secret)
    )
    assert isinstance(outcome, Deferred)
    assert outcome.stage is Stage.AUTH
    assert outcome.operator is reply.startswith("5")
    assert server.mails == []


async def test_no_password_in_plain_text() -> None:
    outcome, server = await deliver(
        {"ehlo": "250-fake\r\n250 AUTH PLAIN"}, credentials=Credentials("u", _secret), tls=TlsPolicy()
    )
    assert isinstance(outcome, Deferred) and outcome.operator
    assert not any(line.startswith("AUTH") for line in server.commands)


# --- names ------------------------------------------------------------------------------------------------------------


async def by_mx(names: Names, port: int, one: OutgoingMail | None = None) -> Outcome:
    options = ClientOptions(tls=PLAIN, timeouts=QUICK)
    sender = SmtpCourier(lambda domain: Hop(None, port, options), resolver=names, deadline=10.0, rng=random.Random(1))
    outcome = await sender.deliver(one or mail())
    await sender.close()
    return outcome


async def test_null_mx_is_refused() -> None:
    outcome = await by_mx(Names({"them.test": [(0, ".")]}), 1)
    assert isinstance(outcome, Refused)
    assert outcome.enhanced == "5.1.10"


@pytest.mark.parametrize("names", [Names(), Names({"them.test": TemporaryError("DNS is away")})])
async def test_dns_trouble_is_deferred(names: Names) -> None:
    outcome = await by_mx(names, 1)
    assert isinstance(outcome, Deferred)
    assert outcome.stage is Stage.RESOLVE


async def test_the_next_mx_is_tried_and_no_mx_means_the_domain() -> None:
    async with Scripted().running() as server:
        names = Names(
            {"them.test": [(20, "good.test."), (10, "dead.test."), (5, "gone.test.")], "plain.test": []},
            {"dead.test": ["127.0.0.9"], "good.test": ["127.0.0.1"], "plain.test": ["127.0.0.1"]},
        )
        outcome = await by_mx(names, server.port)
        assert isinstance(outcome, Accepted) and outcome.host == "good.test"
        outcome = await by_mx(names, server.port, mail(recipient="b@plain.test"))
        assert isinstance(outcome, Accepted) and outcome.host == "plain.test"


async def test_nobody_listens() -> None:
    async with Scripted().running() as server:
        port = server.port
    outcome = await by_mx(Names({"them.test": [(1, "x.test")]}, {"x.test": ["127.0.0.1"]}), port)
    assert isinstance(outcome, Deferred)
    assert outcome.stage is Stage.CONNECT
