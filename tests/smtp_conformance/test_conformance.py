"""The gateway's own door probed from outside: raw octets by a table of dialogs, each named by the RFC section it holds.

A dialog is a list of (octets sent, patterns of the replies that must follow). The door is the one that ``serve`` opens,
so that what is advertised here is what is advertised there; every advertised keyword has its probe.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
from dataclasses import dataclass

import pytest
import trustme

from congvan_mailbox.smtp.door import DoorServer
from support_door import RemembersEverything, Wire

OURS = b"<vanthu@own.example.vn>"
EHLO = (b"EHLO there.test\r\n", [r"250-"])
MAIL = (b"MAIL FROM:<a@there.test>\r\n", ["250 2.1.0"])
RCPT = (b"RCPT TO:" + OURS + b"\r\n", ["250 2.1.5"])
DATA = (b"DATA\r\n", ["354 "])
BODY = b"Subject: a\r\n\r\nb\r\n"
QUIT = (b"QUIT\r\n", ["221 2.0.0"])
CLOSED = (b"", [""])

Step = tuple[bytes, list[str]]


@dataclass(frozen=True)
class Dialog:
    """``mails``: how many the door may have taken in the end, and their octets."""

    section: str
    steps: tuple[Step, ...]
    mails: tuple[bytes, ...] = ()
    tls: bool = False


def smuggled(end: bytes) -> Dialog:
    """What looks like an end of data to some programs and is none: one mail with a fault, never two."""
    hidden = b"MAIL FROM:<x@there.test>\r\nRCPT TO:" + OURS + b"\r\nDATA\r\nsecond\r\n.\r\n"
    data = b"first" + end + hidden
    replies = ["550 5.5.2"] if b".\r\n" in data else []
    return Dialog("RFC 5321 2.3.8, 4.1.1.4", (EHLO, MAIL, RCPT, DATA, (data, replies)))


DIALOGS: dict[str, Dialog] = {
    # --- the order of things ---------------------------------------------------------------------------------------
    "one mail": Dialog("RFC 5321 3.3", (EHLO, MAIL, RCPT, DATA, (BODY + b".\r\n", ["250 2.0.0"]), QUIT, CLOSED), (BODY,)),
    "helo": Dialog("RFC 5321 3.2", ((b"HELO there.test\r\n", ["250 (?!-)"]), MAIL, RCPT)),
    "helo takes no parameters": Dialog(
        "RFC 5321 4.1.1.2", ((b"HELO t.test\r\n", ["250 "]), (b"MAIL FROM:<a@t.test> SIZE=1\r\n", ["501 5.5.4"]))
    ),
    "before helo": Dialog("RFC 5321 4.1.4", ((b"MAIL FROM:<a@there.test>\r\n", ["503 5.5.1"]),)),
    "rcpt before mail": Dialog("RFC 5321 4.1.4", (EHLO, (b"RCPT TO:<a@b.c>\r\n", ["503 5.5.1"]))),
    "data before rcpt": Dialog("RFC 5321 4.1.1.4", (EHLO, MAIL, (b"DATA\r\n", ["554 5.5.1"]))),
    "nested mail": Dialog("RFC 5321 4.1.4", (EHLO, MAIL, (b"MAIL FROM:<b@there.test>\r\n", ["503 5.5.1"]))),
    "rset": Dialog("RFC 5321 4.1.1.5", (EHLO, MAIL, RCPT, (b"RSET\r\n", ["250 "]), (b"DATA\r\n", ["503"]))),
    "rset takes nothing": Dialog("RFC 5321 4.1.1.5", (EHLO, (b"RSET x\r\n", ["501 5.5.4"]))),
    "ehlo resets": Dialog("RFC 5321 4.1.4", (EHLO, MAIL, RCPT, EHLO, (b"DATA\r\n", ["503 5.5.1"]))),
    "verbs in any case": Dialog("RFC 5321 2.4", ((b"ehlo x.test\r\n", ["250-"]), (b"nOoP\r\n", ["250 2.0.0"]))),
    "noop with words": Dialog("RFC 5321 4.1.1.9", ((b"NOOP some words\r\n", ["250 2.0.0"]),)),
    "vrfy tells nothing": Dialog("RFC 5321 3.5.3, 7.3", (EHLO, (b"VRFY vanthu\r\n", ["252 2.5.2"]))),
    "expn": Dialog("RFC 5321 7.3", (EHLO, (b"EXPN all\r\n", ["502 5.5.1"]))),
    "help": Dialog("RFC 5321 4.1.1.8", ((b"HELP\r\n", ["214 "]),)),
    "unknown verb": Dialog("RFC 5321 4.2.4", ((b"XYZZY\r\n", ["500 5.5.1"]), (b"NOOP\r\n", ["250"]))),
    "null sender": Dialog("RFC 5321 4.5.5", (EHLO, (b"MAIL FROM:<>\r\n", ["250 2.1.0"]), RCPT)),
    "null recipient": Dialog("RFC 5321 4.1.1.3", (EHLO, MAIL, (b"RCPT TO:<>\r\n", ["501 5.1.3"]))),
    "source route": Dialog("RFC 5321 F.2", (EHLO, MAIL, (b"RCPT TO:<@x.test:vanthu@own.example.vn>\r\n", ["250"]))),
    "no relay": Dialog("RFC 5321 3.6.2", (EHLO, MAIL, (b"RCPT TO:<a@elsewhere.test>\r\n", ["550 5.1.1"]))),
    "percent hack": Dialog("RFC 5321 3.6.2", (EHLO, MAIL, (b"RCPT TO:<a%b.test@own.example.vn>\r\n", ["550 5.1.1"]))),
    "malformed paths": Dialog(
        "RFC 5321 4.1.2",
        (EHLO, (b"MAIL FROM:a@b.test\r\n", ["501"]), (b"MAIL FROM:<a@b@c>\r\n", ["501"]), (b"MAIL <a@b>\r\n", ["501"])),
    ),
    "unknown parameter": Dialog("RFC 5321 4.1.1.11", (EHLO, (b"MAIL FROM:<a@b.test> FOO=1\r\n", ["555 5.5.4"]))),
    "long line": Dialog("RFC 5321 4.5.3.1.4", (EHLO, (b"NOOP " + b"x" * 9000 + b"\r\n", ["500 5.5.2"]))),
    "dots": Dialog(
        "RFC 5321 4.5.2", (EHLO, MAIL, RCPT, DATA, (b"..\r\n...a\r\n.\r\n", ["250 2.0.0"])), (b".\r\n..a\r\n",)
    ),
    "empty mail": Dialog("RFC 5321 4.1.1.4", (EHLO, MAIL, RCPT, DATA, (b".\r\n", ["250 2.0.0"])), (b"",)),
    "two mails": Dialog(
        "RFC 5321 4.1.4",
        (EHLO, *(MAIL, RCPT, DATA, (BODY + b".\r\n", ["250 2.0.0"])) * 2),
        (BODY, BODY),
    ),
    # --- smuggling -------------------------------------------------------------------------------------------------
    "LF . LF": smuggled(b"\n.\n"),
    "LF . CRLF": smuggled(b"\n.\r\n"),
    "CRLF . LF": smuggled(b"\r\n.\n"),
    "CR . CR": smuggled(b"\r.\r"),
    "CR . CRLF": smuggled(b"\r.\r\n"),
    "CRLF . CR": smuggled(b"\r\n.\r"),
    "CRLF NUL . CRLF": Dialog(
        "RFC 5321 2.3.8", (EHLO, MAIL, RCPT, DATA, (b"a\r\n\0.\r\nb\r\n.\r\n", ["250 2.0.0"])), (b"a\r\n\0.\r\nb\r\n",)
    ),
    "bare LF in a command": Dialog("RFC 5321 2.3.8", (EHLO, (b"NOOP\nRSET\r\n", ["500 5.5.2"]), CLOSED)),
    "bare CR in a command": Dialog("RFC 5321 2.3.8", (EHLO, (b"NOOP\rRSET\r\n", ["500 5.5.2"]), CLOSED)),
    # --- extensions ------------------------------------------------------------------------------------------------
    "PIPELINING": Dialog(
        "RFC 2920 3.1",
        (
            EHLO,
            (MAIL[0] + b"RCPT TO:<no@own.example.vn>\r\n" + RCPT[0] + DATA[0], ["250", "550 5.1.1", "250", "354"]),
            (BODY + b".\r\nQUIT\r\n", ["250 2.0.0", "221"]),
        ),
        (BODY,),
    ),
    "PIPELINING, nobody": Dialog(
        "RFC 2920 3.1", (EHLO, (MAIL[0] + b"RCPT TO:<no@own.example.vn>\r\n" + DATA[0], ["250", "550", "554 5.5.1"]))
    ),
    "SIZE": Dialog(
        "RFC 1870 6.1",
        (EHLO, (b"MAIL FROM:<a@b.test> SIZE=99999999999\r\n", ["552 5.3.4"]), (b"MAIL FROM:<a@b.test> SIZE=x\r\n", ["501"])),
    ),
    "8BITMIME": Dialog(
        "RFC 6152 3",
        (EHLO, (b"MAIL FROM:<a@b.test> BODY=8BITMIME\r\n", ["250"]), RCPT, DATA, ("đ\r\n.\r\n".encode(), ["250"])),
        ("đ\r\n".encode(),),
    ),
    "BODY of another kind": Dialog("RFC 6152 2", (EHLO, (b"MAIL FROM:<a@b.test> BODY=9BIT\r\n", ["501 5.5.4"]))),
    "ENHANCEDSTATUSCODES": Dialog("RFC 2034 4", (EHLO, (b"MAIL FROM:<\r\n", [r"501 5\.1\.7 "]))),
    "SMTPUTF8": Dialog(
        "RFC 6531 3.4",
        (
            EHLO,
            ("MAIL FROM:<vănthư@b.test>\r\n".encode(), ["553 5.6.7"]),
            ("MAIL FROM:<vănthư@b.test> SMTPUTF8\r\n".encode(), ["250"]),
            RCPT,
            DATA,
            (BODY + b".\r\n", ["250"]),
        ),
        (BODY,),
    ),
    "SMTPUTF8 takes no value": Dialog("RFC 6531 3.4", (EHLO, (b"MAIL FROM:<a@b.test> SMTPUTF8=1\r\n", ["501 5.5.4"]))),
    "not UTF-8": Dialog("RFC 6531 3.3", (EHLO, (b"MAIL FROM:<\xff\xfe@b.test> SMTPUTF8\r\n", ["501 5.1.7"]))),
    "DSN": Dialog(
        "RFC 3461 4",
        (
            EHLO,
            (b"MAIL FROM:<a@b.test> RET=HDRS ENVID=q+2B1\r\n", ["250"]),
            (b"RCPT TO:" + OURS + b" NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;x@y.test\r\n", ["250"]),
            (b"RCPT TO:" + OURS + b" NOTIFY=NEVER,SUCCESS\r\n", ["501 5.5.4"]),
            (b"RCPT TO:" + OURS + b" ORCPT=x\r\n", ["501 5.5.4"]),
        ),
    ),
    "DSN, RET": Dialog("RFC 3461 4.3", (EHLO, (b"MAIL FROM:<a@b.test> RET=SOME\r\n", ["501 5.5.4"]))),
    "CHUNKING": Dialog(
        "RFC 3030 2",
        (EHLO, (MAIL[0] + RCPT[0] + b"BDAT 4\r\na\r\n.BDAT 3 LAST\r\n\r\n.", ["250", "250", "250 2", "250 2.0.0 Ok"])),
        (b"a\r\n.\r\n.",),
    ),
    "CHUNKING, a dot is a dot": Dialog(
        "RFC 3030 2",
        (EHLO, (MAIL[0] + RCPT[0] + b"BDAT 3\r\n.\r\nBDAT 0 LAST\r\n", ["250", "250", "250 2.0.0", "250 2.0.0 Ok"])),
        (b".\r\n",),
    ),
    "CHUNKING, not mixed": Dialog(
        "RFC 3030 2", (EHLO, MAIL, RCPT, (b"BDAT 2\r\n\r\nDATA\r\n", ["250", "503 5.5.1"]))
    ),
    "CHUNKING, aborted": Dialog(
        "RFC 3030 4.2", (EHLO, MAIL, RCPT, (b"BDAT 2\r\n\r\nRSET\r\nNOOP\r\n", ["250", "250", "250"]))
    ),
    "CHUNKING, no mail": Dialog("RFC 3030 2", (EHLO, (b"BDAT 3 LAST\r\nabcNOOP\r\n", ["503 5.5.1", "250"]))),
    "BINARYMIME": Dialog(
        "RFC 3030 3",
        (
            EHLO,
            (b"MAIL FROM:<a@b.test> BODY=BINARYMIME\r\n", ["250"]),
            RCPT,
            (b"DATA\r\n", ["503 5.5.1"]),
            (b"BDAT 7 LAST\r\na\rb\nc\0\n", ["250 2.0.0 Ok"]),
        ),
        (b"a\rb\nc\0\n",),
    ),
    "bare CR under BDAT without BINARYMIME": Dialog(
        "RFC 3030 3, RFC 5321 2.3.8", (EHLO, MAIL, RCPT, (b"BDAT 4 LAST\r\na\rb\n", ["550 5.5.2"]))
    ),
    "MT-PRIORITY": Dialog(
        "RFC 6710",
        (EHLO, (b"MAIL FROM:<a@b.test> MT-PRIORITY=7\r\n", ["250 2.1.0"]), (b"RSET\r\n", ["250"]),
         (b"MAIL FROM:<a@b.test> MT-PRIORITY=12\r\n", ["501 5.5.4"])),
    ),
    "DELIVERBY": Dialog(
        "RFC 2852 4",
        (EHLO, (b"MAIL FROM:<a@b.test> BY=120;R\r\n", ["250"]), (b"RSET\r\n", ["250"]),
         (b"MAIL FROM:<a@b.test> BY=-1;R\r\n", ["501 5.5.4"]), (b"MAIL FROM:<a@b.test> BY=soon\r\n", ["501 5.5.4"])),
    ),
    "FUTURERELEASE": Dialog(
        "RFC 4865 4",
        (EHLO, (b"MAIL FROM:<a@b.test> HOLDFOR=60\r\n", ["250"]), (b"RSET\r\n", ["250"]),
         (b"MAIL FROM:<a@b.test> HOLDFOR=999999999\r\n", ["501 5.5.4"])),
    ),
    "LIMITS": Dialog("RFC 9422 3", ((b"EHLO x.test\r\n", [r"(?s).*LIMITS RCPTMAX=100\b"]),)),
    "STARTTLS": Dialog("RFC 3207 4", (EHLO, MAIL, (b"RCPT TO:<no@own.example.vn>\r\n", ["550"])), tls=True),
    "STARTTLS twice": Dialog("RFC 3207 4.2", (EHLO, (b"STARTTLS\r\n", ["503 5.5.1"])), tls=True),
    "after STARTTLS all is new": Dialog("RFC 3207 4.2", ((b"MAIL FROM:<a@b.test>\r\n", ["503 5.5.1"]),), tls=True),
    "REQUIRETLS": Dialog(
        "RFC 8689 2, 4", ((b"EHLO x.test\r\n", [r"(?s).*REQUIRETLS"]), (b"MAIL FROM:<a@b.test> REQUIRETLS\r\n", ["250"])),
        tls=True,
    ),
    "REQUIRETLS in plain text": Dialog(
        "RFC 8689 2", ((b"EHLO x.test\r\n", [r"(?s)(?!.*REQUIRETLS)"]), (b"MAIL FROM:<a@b.test> REQUIRETLS\r\n", ["530"]))
    ),
    "a web browser": Dialog("RFC 5321 7.8", ((b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", ["500 5.5.1"]), CLOSED)),
}  # fmt: skip


async def starttls(wire: Wire, authority: trustme.CA) -> None:
    await wire.say("EHLO there.test")
    assert (await wire.say("STARTTLS")).startswith("220")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    await wire.writer.start_tls(context, server_hostname="mx.own.example.vn")


@pytest.mark.parametrize("name", DIALOGS)
async def test_dialog(name: str, door: tuple[DoorServer, RemembersEverything], authority: trustme.CA) -> None:
    server, store = door
    dialog = DIALOGS[name]
    async with Wire.to(server.port) as wire:
        assert re.match(r"220 mx\.own\.example\.vn ESMTP$", await wire.reply()), "no program, no version (RFC 5321 7.5)"
        if dialog.tls:
            await starttls(wire, authority)
        for octets, expected in dialog.steps:
            await wire.send(octets)
            for pattern in expected:
                reply = await wire.reply()
                assert re.match(pattern, reply) and bool(reply) == bool(pattern), (dialog.section, octets[:60], reply)
    assert tuple(body for _, body in store.mails) == dialog.mails


async def test_every_keyword_that_is_advertised_is_probed(
    door: tuple[DoorServer, RemembersEverything], authority: trustme.CA
) -> None:
    server, _ = door
    said: set[str] = set()
    async with Wire.to(server.port) as wire:
        await wire.reply()
        said |= {line[4:].split(" ")[0] for line in (await wire.say("EHLO there.test")).split("\n")[1:]}
        await starttls(wire, authority)
        said |= {line[4:].split(" ")[0] for line in (await wire.say("EHLO there.test")).split("\n")[1:]}
    assert said == {
        "PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "DSN", "CHUNKING", "BINARYMIME", "STARTTLS",
        "MT-PRIORITY", "DELIVERBY", "FUTURERELEASE", "REQUIRETLS", "LIMITS",
    }  # fmt: skip
    assert said <= DIALOGS.keys()


@pytest.mark.real("swaks")
@pytest.mark.parametrize(
    ("arguments", "code", "mails"),
    [
        (["--pipeline"], 0, 1),
        (["--body", "..\n.mot\n."], 0, 1),
        (["--protocol", "SMTP"], 0, 1),
        (["--quit-after", "RCPT"], 0, 0),
        (["--to", "khong-co@own.example.vn"], 24, 0),
    ],
)
async def test_swaks(arguments: list[str], code: int, mails: int, door: tuple[DoorServer, RemembersEverything]) -> None:
    server, store = door
    command = [
        "swaks", "--server", "127.0.0.1", "--port", str(server.port), "--from", "a@there.test", "--hide-all",
        "--to", "vanthu@own.example.vn", "--timeout", "20", *arguments,
    ]  # fmt: skip
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, len(store.mails)) == (code, mails), done.stderr[-500:]


def test_the_table_cites_its_sections() -> None:
    assert all(re.match(r"RFC \d{4}", dialog.section) for dialog in DIALOGS.values()) and len(DIALOGS) >= 60
