"""MTA-STS: what a domain demands over HTTPS is kept, also when somebody blocks the question."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from test_courier_grid import Names, mail

from congvan_core.errors import NotFoundError, TemporaryError, UnreadableError
from congvan_gateway.dispatch.courier_smtp import Hop, SmtpCourier
from congvan_gateway.dispatch.sts_fetching import StsShelf
from congvan_gateway.main import open_app
from congvan_gateway.settings import Settings
from congvan_mailbox.smtp.client_options import ClientOptions, Timeouts
from congvan_mailbox.smtp.mta_sts import KnownPolicy, StsPolicies, parse_policy, policy_id
from congvan_mailbox.smtp.outcome import Accepted, Deferred, Stage
from congvan_mailbox.smtp.tls_policy import TlsMode, TlsPolicy
from support_smtp_server import Scripted

TEXT = "version: STSv1\r\nmode: enforce\r\nmx: mx.them.test\r\nmx: *.mail.them.test\r\nmax_age: 86400\r\nnew: x\r\n"


def test_policies_are_read() -> None:
    policy = parse_policy(TEXT)
    assert (policy.mode, policy.max_age) == ("enforce", 86400)
    assert policy.allows("MX.them.test.") and policy.allows("a.mail.them.test")
    assert not any(map(policy.allows, ("them.test", "a.b.mail.them.test", "mail.them.test", "evil.test")))
    assert parse_policy("version: STSv1\nmode: none\nmax_age: 99999999999"[:-1]).max_age == 31_557_600


@given(st.text(max_size=200) | st.lists(st.sampled_from(TEXT.split("\r\n"))).map("\n".join))
def test_any_text_is_a_policy_or_unreadable(text: str) -> None:
    try:
        policy = parse_policy(text)
    except UnreadableError:
        return
    assert policy.mode in ("enforce", "testing", "none")


def test_ids() -> None:
    assert policy_id(["v=STSv1; id=20261122T08;"]) == "20261122T08"
    assert policy_id(["spf", "v=STSv1;id=1"]) == "1"
    for wrong in ([], ["v=STSv1; id=1", "v=STSv1; id=2"], ["v=STSv1;"], ["v=STSv1; id=a-b;"]):
        assert policy_id(wrong) is None


class World:
    """A domain's DNS and HTTPS, as good or bad as the test says."""

    def __init__(self, memory: StsShelf | None = None) -> None:
        self.records: Any = ["v=STSv1; id=1;"]
        self.text: Any = TEXT
        self.fetches = 0
        self.now = 0.0
        self.memory = memory
        self.policies = StsPolicies(self.txt, self.fetch, lambda: self.now, memory)

    async def txt(self, name: str) -> Any:
        assert name == "_mta-sts.them.test"
        if isinstance(self.records, Exception):
            raise self.records
        return self.records

    async def fetch(self, domain: str) -> Any:
        self.fetches += 1
        if isinstance(self.text, Exception):
            raise self.text
        return self.text


async def test_what_is_known_stays_in_force() -> None:
    world = World()
    for _ in range(3):
        policy = await world.policies.policy("them.test")
        assert policy is not None and policy.mode == "enforce"
    assert world.fetches == 1
    for trouble in (NotFoundError("gone"), TemporaryError("away"), []):
        world.records = trouble
        assert await world.policies.policy("them.test") == policy
    world.records, world.text = ["v=STSv1; id=2;"], "rubbish"
    assert await world.policies.policy("them.test") == policy
    world.text = TEXT.replace("enforce", "none")
    fetches = world.fetches
    assert await world.policies.policy("them.test") == policy and world.fetches == fetches, "not asked again at once"
    world.now += 301.0  # RFC 8461 3.3
    changed = await world.policies.policy("them.test")
    assert changed is not None and changed.mode == "none"
    world.now, world.records = 86_801.0, []
    assert await world.policies.policy("them.test") is None


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """Who cuts DNS and HTTPS off and waits for a restart gets no mail in plain text (RFC 8461 10.2)."""
    app = open_app(Settings(base=tmp_path))
    try:
        before = World(StsShelf(app.database))
        policy = await before.policies.policy("them.test")
        assert policy is not None and policy.mode == "enforce"
        for trouble in (TemporaryError("away"), NotFoundError("gone")):
            after = World(StsShelf(app.database))
            after.records = trouble
            assert await after.policies.policy("them.test") == policy and after.fetches == 0
        late = World(StsShelf(app.database))
        late.now, late.records = 86_401.0, TemporaryError("away")
        assert await late.policies.policy("them.test") is None, "its age is over"
        late.records, late.text = ["v=STSv1; id=1;"], TEXT.replace("86400", "10")
        renewed = await late.policies.policy("them.test")
        assert renewed is not None and renewed.max_age == 10, "the same id is fetched again when its age is over"
        assert StsShelf(app.database).load("them.test") == KnownPolicy("1", renewed, 86_411.0)
    finally:
        app.close()


async def test_nothing_known_demands_nothing() -> None:
    world = World()
    world.text = TemporaryError("away")
    assert await world.policies.policy("them.test") is None


@pytest.mark.parametrize(("host", "trusted", "kind"), [
    ("mx.them.test", True, Accepted),
    ("mx.them.test", False, Deferred),
    ("evil.test", True, Deferred),
])  # fmt: skip
async def test_the_courier_obeys(host: str, trusted: bool, kind: type) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    tls = TlsPolicy(TlsMode.OPPORTUNISTIC, ca_data=authority.cert_pem.bytes().decode() if trusted else None)
    options = ClientOptions(tls=tls, timeouts=Timeouts().scaled(0.02))
    names = Names({"them.test": [(1, host)]}, {host: ["127.0.0.1"]})
    ehlo = {"ehlo": "250-fake\r\n250-PIPELINING\r\n250 STARTTLS"}
    async with Scripted(ehlo, tls_context=context).running() as server:
        sender = SmtpCourier(
            lambda domain: Hop(None, server.port, options), resolver=names, sts=World().policies, deadline=10.0
        )
        outcome = await sender.deliver(mail())
        await sender.close()
    assert type(outcome) is kind
    if kind is Deferred:
        assert outcome.stage is Stage.TLS and outcome.operator
        assert server.mails == []
