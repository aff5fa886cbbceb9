"""A folder of a hundred thousand mails: listed and caught up without recursion, in flat memory (a long run)."""

from __future__ import annotations

import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from congvan_gateway.operations.bench import imap as bench
from congvan_mailbox.imap import Account, Client, connect

pytestmark = [pytest.mark.soak, pytest.mark.real("dovecot")]

COUNT = int(os.environ.get("CONGVAN_BIG_MAILBOX", "100000"))
_WINDOW, _BATCH = 500, 200


@pytest.fixture
def port() -> Iterator[int]:
    with tempfile.TemporaryDirectory(prefix="congvan-big-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # Dovecot reads the mails as another user
        with bench._dovecot(folder) as (found, mail):
            (mail / "big").mkdir(parents=True)
            bench._fill(mail / "big", 300, COUNT)
            yield found


async def caught_up(client: Client, uids: list[int]) -> int:
    """As the reader does: facts of a window, bodies in groups, the next group asked for ahead."""
    octets = 0
    for start in range(0, len(uids), _WINDOW):
        window = [one.uid for one in await client.facts(uids[start : start + _WINDOW])]
        groups = [window[place : place + _BATCH] for place in range(0, len(window), _BATCH)]
        ahead = await client.ask_bodies(groups[0])
        for index in range(len(groups)):
            asked = ahead
            if index + 1 < len(groups):
                ahead = await client.ask_bodies(groups[index + 1])
            octets += sum(len(one.body or b"") for one in await client.asked_bodies(asked))
    return octets


async def test_a_folder_of_a_hundred_thousand_mails(port: int) -> None:
    client = await connect(Account("127.0.0.1", port, "none", "big", lambda: bench._WORD, timeout=600.0))
    begun = time.monotonic()
    await client.select("INBOX")
    uids = await client.uids_after(0)
    listed = time.monotonic()
    assert len(uids) == COUNT
    peaks: list[int] = []
    spent: list[float] = []
    tracemalloc.start()
    try:
        for part in (uids[: COUNT // 5], uids):
            tracemalloc.reset_peak()
            before, start = tracemalloc.get_traced_memory()[0], time.monotonic()
            assert await caught_up(client, part) > 300 * len(part)
            spent.append(time.monotonic() - start)
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    await client.leave()
    print(
        f"{COUNT} mails: listed in {listed - begun:.1f} s; a fifth caught up in {spent[0]:.1f} s, all in {spent[1]:.1f} s; "
        f"peak {peaks[0] / 1e6:.1f} and {peaks[1] / 1e6:.1f} MB"
    )
    assert peaks[1] < 2 * peaks[0] + 1_000_000, peaks
