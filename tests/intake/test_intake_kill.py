"""kill -9 of the door in full flow: every mail that was answered with 250 is there afterwards, whole and once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import sys
from pathlib import Path

import pytest

from congvan_gateway.intake.folder import records
from congvan_gateway.intake.recovery import recover
from support_door import Wire

_ROUNDS, _CLIENTS = 4, 6


async def client(port: int, number: int, answered: dict[str, int], rng: random.Random) -> None:
    """Sends mails without end, of all sizes, and notes the digest of each that was answered."""
    with contextlib.suppress(OSError, AssertionError, asyncio.IncompleteReadError):
        async with Wire.to(port) as wire:
            assert (await wire.reply()).startswith("220")
            assert (await wire.say("EHLO there.test")).startswith("250")
            while True:
                size = rng.choice([10, 1000, 20_000, 150_000, 600_000])
                body = b"Subject: %d\r\n\r\n" % number + os.urandom(size // 2).hex().encode() + b"\r\n"
                await wire.send(b"MAIL FROM:<a@there.test>\r\nRCPT TO:<b@ours.test>\r\nDATA\r\n")
                for _ in range(3):
                    assert await wire.reply()
                await wire.send(body + b".\r\n")
                if (await wire.reply()).startswith("250"):
                    digest = hashlib.sha256(body).hexdigest()
                    answered[digest] = answered.get(digest, 0) + 1


@pytest.mark.parametrize("kind", ["files", "journal"])
async def test_every_answered_mail_survives(kind: str, tmp_path: Path) -> None:
    answered: dict[str, int] = {}
    rng = random.Random(11)
    script = Path(__file__).parent.parent / "support_door_process.py"
    for _ in range(_ROUNDS):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), str(tmp_path), kind, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        before = len(answered)
        clients = [asyncio.create_task(client(port, number, answered, rng)) for number in range(_CLIENTS)]
        while len(answered) < before + 20:  # in full flow …
            await asyncio.sleep(0.01)
        await asyncio.sleep(rng.random() * 0.1)  # … at any moment
        process.kill()
        await process.wait()
        await asyncio.gather(*clients)
    recovery = recover(str(tmp_path))
    assert recovery.damaged == {}
    kept: dict[str, int] = {}
    for record in records(str(tmp_path)):
        assert hashlib.sha256(record.read()).hexdigest() == record.sha256
        kept[record.sha256] = kept.get(record.sha256, 0) + 1
    assert len(answered) >= 20 * _ROUNDS
    assert answered.items() <= kept.items()
    # What is kept beyond it was durable when the process died on the way to its 250: at most one per client and round.
    assert sum(kept.values()) - sum(answered.values()) <= _CLIENTS * _ROUNDS
