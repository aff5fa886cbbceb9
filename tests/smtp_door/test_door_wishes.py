"""Parameters of MAIL that few speak: offered where they are kept, refused where not, carried to the envelope."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from congvan_mailbox.smtp.policy import DoorPolicy
from congvan_mailbox.smtp.wishes import carried, expired, offered, refusal
from support_door import RemembersEverything, Wire, open_door

AT = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
ALL: dict[str, Any] = {
    "priority": True, "deliver_by": True, "hold_longest": 3600, "require_tls_promise": True, "limits": True,
}  # fmt: skip
EVERY = DoorPolicy(**ALL)


def test_what_is_offered_to_whom() -> None:
    ours = offered(EVERY, tls=True, trusted=True, at=AT)
    assert ours == [
        "MT-PRIORITY", "DELIVERBY", "FUTURERELEASE 3600 2026-11-23T03:30:00Z", "REQUIRETLS", "LIMITS RCPTMAX=1000",
    ]  # fmt: skip
    assert offered(EVERY, tls=False, trusted=False, at=AT) == ["MT-PRIORITY", "DELIVERBY", "LIMITS RCPTMAX=1000"]
    assert offered(DoorPolicy(), tls=True, trusted=True, at=AT) == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MT-PRIORITY": "4"}, None), ({"MT-PRIORITY": "-9"}, None), ({"MT-PRIORITY": "10"}, "501"),
        ({"MT-PRIORITY": ""}, "501"), ({"MT-PRIORITY": "+1"}, "501"),
        ({"BY": "120;R"}, None), ({"BY": "-30;N"}, None), ({"BY": "0;R"}, "501"), ({"BY": "-1;r"}, "501"),
        ({"BY": "99999999999;N"}, "501"), ({"BY": "120"}, "501"), ({"BY": "120;NT"}, None), ({"BY": "120;X"}, "501"),
        ({"HOLDFOR": "3600"}, None), ({"HOLDFOR": "3601"}, "501"), ({"HOLDFOR": "-1"}, "501"),
        ({"HOLDUNTIL": "2026-11-23T03:00:00Z"}, None), ({"HOLDUNTIL": "2026-11-23T10:00:00+07:00"}, None),
        ({"HOLDUNTIL": "2026-11-24T03:00:00Z"}, "501"), ({"HOLDUNTIL": "2026-13-23T03:00:00Z"}, "501"),
        ({"HOLDFOR": "1", "HOLDUNTIL": "2026-11-23T03:00:00Z"}, "501"),
        ({"REQUIRETLS": ""}, None), ({"REQUIRETLS": "1"}, "501"),
    ],
)  # fmt: skip
def test_values(params: dict[str, str], code: str | None) -> None:
    reply = refusal(params, EVERY, tls=True, trusted=True, at=AT)
    assert (reply is None) == (code is None) and (code is None or str(reply).startswith(code)), reply
    switched_off = refusal(params, DoorPolicy(), tls=True, trusted=True, at=AT)
    assert switched_off is not None and switched_off.startswith("555")


def test_encryption_onward_is_promised_under_tls_only() -> None:
    reply = refusal({"REQUIRETLS": ""}, EVERY, tls=False, trusted=True, at=AT)
    assert reply is not None and reply.startswith("530 5.7.10")


def test_a_stranger_may_not_hold_and_his_priority_is_none() -> None:
    assert refusal({"HOLDFOR": "5"}, EVERY, tls=False, trusted=False, at=AT) == "555 5.5.4 HOLDFOR not supported"
    params = {"MT-PRIORITY": "6", "BY": "60;n"}
    assert carried(params, AT, trusted=False) == {"deliver_by": "60;N"}
    assert carried({**params, "HOLDFOR": "60"}, AT, trusted=True) == {
        "priority": "6", "deliver_by": "60;N", "hold_until": "2026-11-23T02:31:00+00:00",
    }  # fmt: skip


def test_only_a_mail_that_is_to_be_returned_is_late() -> None:
    after = AT + timedelta(seconds=61)
    assert expired({"BY": "60;R"}, AT, after) and not expired({"BY": "60;R"}, AT, AT)
    assert not expired({"BY": "60;N"}, AT, after) and not expired({}, AT, after)


async def test_the_wishes_reach_the_envelope_over_the_wire() -> None:
    store = RemembersEverything()
    async with open_door(store, **ALL, chunking=True) as server, Wire.to(server.port) as wire:
        await wire.reply()
        assert "FUTURERELEASE 3600" in await wire.say("EHLO there.test")
        said = "MAIL FROM:<a@there.test> MT-PRIORITY=4 BY=600;R HOLDFOR=30"
        assert await wire.say(said) == "250 2.1.0 Sender ok"
        assert (await wire.say("RCPT TO:<b@ours.test>")).startswith("250")
        await wire.send(b"BDAT 14 LAST\r\nSubject: a\r\n\r\n")
        assert (await wire.reply()).startswith("250 2.0.0 Ok")
        assert (await wire.say("MAIL FROM:<a@there.test> REQUIRETLS")).startswith("530 5.7.10")
    (mail,) = store.mails
    assert set(mail[0].extra) == {"priority", "deliver_by", "hold_until"}


async def test_a_stranger_hears_that_his_priority_was_changed() -> None:
    async with open_door(exempt_networks=(), **ALL) as server, Wire.to(server.port) as wire:
        await wire.reply()
        assert "FUTURERELEASE" not in await wire.say("EHLO there.test")
        assert await wire.say("MAIL FROM:<a@there.test> MT-PRIORITY=9") == "250 2.3.6 0 is the new priority"


async def test_what_comes_too_late_is_returned_where_that_was_asked() -> None:
    now = [AT]
    store = RemembersEverything()
    async with open_door(store, **ALL) as server, Wire.to(server.port) as wire:
        server.service.clock = lambda: now[0]
        await wire.reply()
        await wire.say("EHLO there.test")
        for mode, code in (("R", "554 5.4.7"), ("N", "250")):
            await wire.say(f"MAIL FROM:<a@there.test> BY=60;{mode}")
            await wire.say("RCPT TO:<b@ours.test>")
            await wire.say("DATA")
            now[0] += timedelta(seconds=90)
            assert (await wire.say("Subject: a\r\n\r\n.")).startswith(code)
    assert len(store.mails) == 1
