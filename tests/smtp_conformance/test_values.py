"""What a value may be: parameters of MAIL and RCPT one by one, chunks in every shape, whole and octet by octet."""

from __future__ import annotations

import pytest

from congvan_mailbox.smtp.door import DoorServer
from support_door import RemembersEverything, Wire

Door = tuple[DoorServer, RemembersEverything]
OURS = "<vanthu@own.example.vn>"

#: RFC section, what is good, what is not.
OF_MAIL: list[tuple[str, str, str]] = [
    ("RFC 1870 4", "SIZE=0 SIZE=99999", "SIZE SIZE= SIZE=-1 SIZE=1.5 SIZE=+1"),
    ("RFC 6152 2, RFC 3030 3", "BODY=7BIT body=8bitmime BODY=BinaryMime", "BODY BODY= BODY=8BIT"),
    ("RFC 3461 4.3", "RET=FULL ret=hdrs", "RET RET= RET=BODY"),
    ("RFC 3461 4.4", "ENVID=a+3Db ENVID=" + "x" * 100, "ENVID ENVID= ENVID=a+ ENVID=a+3 ENVID=a+ZZ ENVID=" + "x" * 101),
    ("RFC 6531 3.4", "SMTPUTF8", "SMTPUTF8=1 SMTPUTF8="),
    ("RFC 6710 4.1", "MT-PRIORITY=0 MT-PRIORITY=-9 MT-PRIORITY=9",
     "MT-PRIORITY MT-PRIORITY= MT-PRIORITY=-0 MT-PRIORITY=+3 MT-PRIORITY=03 MT-PRIORITY=10"),
    ("RFC 2852 4", "BY=+120;NT BY=-5;N BY=0;n BY=120;r",
     "BY BY= BY=;R BY=120 BY=120; BY=120;X BY=0;R BY=-1;R BY=1234567890;N BY=120;RTT BY=120;R;T"),
    ("RFC 4865 4", "HOLDFOR=1 HOLDFOR=604800 HOLDUNTIL=2026-11-24T00:00:00Z HOLDUNTIL=2026-11-24T07:00:00.5+07:00",
     "HOLDFOR HOLDFOR= HOLDFOR=0 HOLDFOR=01 HOLDFOR=-1 HOLDFOR=604801 HOLDUNTIL= HOLDUNTIL=2026-11-24 "
     "HOLDUNTIL=2026-11-24T00:00:00 HOLDUNTIL=2026-13-01T00:00:00Z HOLDUNTIL=2999-12-01T00:00:00Z"),
]  # fmt: skip
OF_RCPT: list[tuple[str, str, str]] = [
    ("RFC 3461 4.1", "NOTIFY=NEVER notify=success,Delay NOTIFY=FAILURE",
     "NOTIFY NOTIFY= NOTIFY=SUCCESS, NOTIFY=,SUCCESS NOTIFY=FOO NOTIFY=NEVER,NEVER NOTIFY=NEVER,DELAY"),
    ("RFC 3461 4.2", "ORCPT=RFC822;a+2Bb@c.test ORCPT=x-thu;1",
     "ORCPT ORCPT= ORCPT=;a ORCPT=rfc822; ORCPT=a@b.test ORCPT=rfc822;a+2 ORCPT=rfc822;a+GG@b.test"),
    ("RFC 6533 3", "ORCPT=utf-8;v\\x{103}n@b.test", "ORCPT=utf-8;văn@b.test ORCPT=rfc822;văn@b.test"),
]  # fmt: skip


async def answers(wire: Wire, before: str, line: str, values: str, accepted: bool) -> None:
    for value in values.split(" "):
        assert (await wire.say("RSET")).startswith("250")
        for one in filter(None, before.split("|")):
            assert (await wire.say(one)).startswith("250")
        reply = await wire.say(f"{line} {value}")
        assert reply.startswith("250" if accepted else "501 5.5.4"), (value, reply)


@pytest.mark.parametrize(("section", "good", "bad"), OF_MAIL, ids=lambda text: str(text).split(" ")[0])
async def test_parameters_of_mail(section: str, good: str, bad: str, door: Door) -> None:
    async with Wire.to(door[0].port) as wire:
        await wire.reply()
        await wire.say("EHLO there.test")
        await answers(wire, "", "MAIL FROM:<a@there.test>", good, True)
        await answers(wire, "", "MAIL FROM:<a@there.test>", bad, False)
        word = good.partition("=")[0].split(" ")[0]
        await wire.say("RSET")
        await wire.say("MAIL FROM:<a@there.test>")
        reply = await wire.say(f"RCPT TO:{OURS} {word}=1")
        assert reply.startswith("555 5.5.4"), "no parameter of RCPT (RFC 5321 4.1.1.11)"


@pytest.mark.parametrize(("section", "good", "bad"), OF_RCPT, ids=lambda text: str(text).split("=")[0])
async def test_parameters_of_rcpt(section: str, good: str, bad: str, door: Door) -> None:
    async with Wire.to(door[0].port) as wire:
        await wire.reply()
        await wire.say("EHLO there.test")
        before = "MAIL FROM:<a@there.test>"
        await answers(wire, before, f"RCPT TO:{OURS}", good, True)
        await answers(wire, before, f"RCPT TO:{OURS}", bad, False)
        await wire.say("RSET")
        assert (await wire.say("MAIL FROM:<a@there.test> NOTIFY=NEVER")).startswith("555 5.5.4")


async def test_an_original_recipient_beyond_ascii_needs_smtputf8(door: Door) -> None:
    async with Wire.to(door[0].port) as wire:
        await wire.reply()
        await wire.say("EHLO there.test")
        await answers(wire, "MAIL FROM:<a@there.test> SMTPUTF8", f"RCPT TO:{OURS}", "ORCPT=utf-8;văn@b.test", True)


async def test_the_postmaster_is_always_somebody(door: Door) -> None:
    """RFC 5321 4.5.1; a domain that is not ours has no postmaster here; quotes that say nothing are none (4.1.2)."""
    async with Wire.to(door[0].port) as wire:
        await wire.reply()
        await wire.say("EHLO there.test")
        await wire.say("MAIL FROM:<a@there.test>")
        for path, code in (
            ("<postmaster>", "250"), ("<Postmaster@own.example.vn>", "250"), ("<postmaster@ward.example.vn>", "550"),
            ("<postmaster@own.example.com>", "550"), ('<"vanthu"@own.example.vn>', "250"), ('<"van thu"@own.example.vn>', "550"),
        ):  # fmt: skip
            assert (await wire.say(f"RCPT TO:{path}")).startswith(code), path


#: What follows MAIL and RCPT, the codes that answer it, the mails that are kept (RFC 3030 2, 3).
CHUNKS: dict[str, tuple[bytes, str, list[bytes]]] = {
    "nothing and last": (b"BDAT 0 LAST\r\nNOOP\r\n", "250 250", [b""]),
    "nothing, then something": (b"BDAT 0\r\nBDAT 3 LAST\r\na\r\n", "250 250", [b"a\r\n"]),
    "small letters": (b"bdat 3 last\r\na\r\n", "250", [b"a\r\n"]),
    "no line end at the end": (b"BDAT 1 LAST\r\naNOOP\r\n", "250 250", [b"a"]),
    "a line end in two chunks": (b"BDAT 2\r\na\rBDAT 1 LAST\r\n\n", "250 250", [b"a\r\n"]),
    "a chunk that looks like commands": (b"BDAT 12 LAST\r\nQUIT\r\nRSET\r\n", "250", [b"QUIT\r\nRSET\r\n"]),
    "five hundred": (b"BDAT 1\r\nx" * 500 + b"BDAT 0 LAST\r\n", " ".join(["250"] * 501), [b"x" * 500]),
    "other commands between": (b"BDAT 1\r\nxNOOP\r\nVRFY a\r\nBDAT 1 LAST\r\ny", "250 250 252 250", [b"xy"]),
    "mail between": (b"BDAT 1\r\nxMAIL FROM:<b@there.test>\r\nBDAT 1 LAST\r\ny", "250 503 250", [b"xy"]),
    "rset between": (b"BDAT 1\r\nxRSET\r\nBDAT 1 LAST\r\nyNOOP\r\n", "250 250 503 250", []),
    "ehlo between": (b"BDAT 1\r\nxHELO there.test\r\nBDAT 1 LAST\r\nyNOOP\r\n", "250 250 503 250", []),
    "quit between": (b"BDAT 1\r\nxQUIT\r\n", "250 221 -", []),
    "after DATA": (b"DATA\r\na\r\n.\r\nBDAT 1 LAST\r\nxNOOP\r\n", "354 250 503 250", [b"a\r\n"]),
    "bare LF, then more": (b"BDAT 2\r\na\nBDAT 1\r\nbBDAT 1 LAST\r\ncNOOP\r\n", "550 503 503 250", []),
    "bare CR at the end": (b"BDAT 2 LAST\r\na\rNOOP\r\n", "550 250", []),
    "bare LF at the beginning": (b"BDAT 2 LAST\r\n\naNOOP\r\n", "550 250", []),
    "a wrong last word": (b"BDAT 6 LASTLY\r\nNOOP\r\nBDAT 0 LAST\r\nNOOP\r\n", "501 503 250", []),
    "no size": (b"BDAT LAST\r\nNOOP\r\n", "501 -", []),
    "nothing at all": (b"BDAT\r\nNOOP\r\n", "501 -", []),
    "less than nothing": (b"BDAT -1 LAST\r\nNOOP\r\n", "501 -", []),
    "a size that nobody waits for": (b"BDAT 99999999999999 LAST\r\n", "552 -", []),
    "a size beyond all numbers": (b"BDAT 99999999999999999999999 LAST\r\n", "552 -", []),
}  # fmt: skip


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "octet by octet"])
@pytest.mark.parametrize("name", CHUNKS)
async def test_chunks(name: str, at_once: bool, door: Door) -> None:
    server, store = door
    octets, codes, kept = CHUNKS[name]
    async with Wire.to(server.port) as wire:
        await wire.begin("vanthu@own.example.vn")
        for piece in (
            [octets] if at_once else [octets[i : i + 1] for i in range(min(len(octets), 200))] + [octets[200:]]
        ):
            await wire.send(piece)
        said = [(await wire.reply())[:3] or "-" for _ in codes.split(" ")]
    assert " ".join(said) == codes
    assert [body for _, body in store.mails] == kept
