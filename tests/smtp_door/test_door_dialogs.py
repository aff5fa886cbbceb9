"""The dialogs of tests/smtp_door/dialogs, each a conversation as a text file.

# comment                     policy: KEY=VALUE … (JSON values), also lmtp, tls, fail (begin|write|commit)
c -> TEXT                     the client sends TEXT and CRLF;  \\r \\n \\xNN \\\\ are escapes
c => TEXT                     the client sends TEXT exactly
c *N TEXT                     the client sends TEXT N times, exactly
c <- TEXT                     the reply is TEXT (lines of one reply joined by " | ")
c <~ REGEX                    the reply matches (from its beginning)
c <~N REGEX                   N replies, each matching
c closed                      the server has closed
tls                           the client does its TLS handshake
mails N                       N mails are stored
body N TEXT                   mail N (from 0) is exactly TEXT
from N TEXT                   sender of mail N;  to N A,B  its recipients;  envelope N KEY=VALUE  any fact of it
"""

from __future__ import annotations

import json
import re
import ssl
from pathlib import Path

import pytest
import trustme

from support_door import RemembersEverything, Wire, open_door

_DIALOGS = sorted((Path(__file__).parent / "dialogs").glob("*.dialog"))
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([rnt0\\]))")
_NAMED = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def octets(text: str) -> bytes:
    out, position = bytearray(), 0
    for match in _ESCAPE.finditer(text):
        out += text[position : match.start()].encode()
        out += bytes([int(match[1], 16)]) if match[1] else _NAMED[match[2]].encode()
        position = match.end()
    return bytes(out + text[position:].encode())


@pytest.fixture(scope="module")
def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mx.ours.test").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


def test_there_are_dialogs() -> None:
    assert len(_DIALOGS) >= 15


@pytest.mark.parametrize("path", _DIALOGS, ids=lambda path: path.stem)
async def test_dialog(path: Path, certificates: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    options: dict[str, object] = {}
    for line in lines:
        if line.startswith("policy:"):
            for word in line[7:].split():
                key, _, value = word.partition("=")
                options[key] = json.loads(value)
    store = RemembersEverything(fail_at=options.pop("fail", None))  # type: ignore[arg-type]
    if options.pop("tls", False):
        options["tls_context"] = certificates[0]
    async with open_door(store, **options) as server, Wire.to(server.port) as wire:
        for number, line in enumerate(lines, 1):
            where = f"{path.name}:{number}: {line}"
            if not line.strip() or line.startswith(("#", "policy:")):
                continue
            if line.startswith("c -> "):
                await wire.send(octets(line[5:]) + b"\r\n")
            elif line == "c ->":
                await wire.send(b"\r\n")
            elif line.startswith("c => "):
                await wire.send(octets(line[5:]))
            elif line.startswith("c *"):
                count, _, text = line[3:].partition(" ")
                await wire.send(octets(text) * int(count))
            elif line.startswith("c <- "):
                assert (await wire.reply()).replace("\n", " | ") == line[5:], where
            elif line.startswith("c <~"):
                count, _, pattern = line[4:].partition(" ")
                for _ in range(int(count or 1)):
                    reply = (await wire.reply()).replace("\n", " | ")
                    assert re.match(pattern, reply), f"{where}\ngot: {reply}"
            elif line == "c closed":
                assert await wire.reply() == "", where
            elif line == "tls":
                await wire.writer.start_tls(certificates[1], server_hostname="mx.ours.test")
            elif line.startswith("mails "):
                assert len(store.mails) == int(line[6:]), where
            else:
                what, index, text = [*line.split(" ", 2), ""][:3]
                envelope, body = store.mails[int(index)]
                if what == "body":
                    assert body == octets(text), where
                elif what == "from":
                    assert envelope.sender == text, where
                elif what == "to":
                    assert [one.address for one in envelope.recipients] == text.split(","), where
                elif what == "envelope":
                    key, _, value = text.partition("=")
                    assert str(json.loads(envelope.to_json())[key]) == value, where
                else:
                    raise AssertionError(f"cannot read {where}")
