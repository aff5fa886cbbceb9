"""Results that end together share a commit; one that cannot be written harms no other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from congvan_gateway.dispatch.shared_commit import SharedCommit


class Ledger:
    """Remembers every transaction; refuses some items, and then the whole transaction."""

    def __init__(self, refused: Sequence[int] = ()) -> None:
        self.refused = set(refused)
        self.commits: list[list[int]] = []
        self.open = threading.Event()

    def write(self, items: Sequence[int]) -> None:
        self.open.wait(10)
        if self.refused & set(items):
            raise ValueError("refused")
        self.commits.append(list(items))


async def _put_all(shared: SharedCommit[int], ledger: Ledger, count: int) -> list[BaseException | None]:
    tasks = [asyncio.create_task(shared.put(number)) for number in range(count)]
    await asyncio.sleep(0)
    ledger.open.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_waits_shares_a_commit() -> None:
    ledger = Ledger()
    found = asyncio.run(_put_all(SharedCommit(ledger.write), ledger, 120))
    assert found == [None] * 120
    assert sorted(one for commit in ledger.commits for one in commit) == list(range(120))
    assert len(ledger.commits) == 3  # fifty, fifty, twenty


def test_a_bad_item_is_told_and_the_others_are_written() -> None:
    ledger = Ledger(refused=[3])
    found = asyncio.run(_put_all(SharedCommit(ledger.write), ledger, 6))
    assert [type(one) for one in found] == [type(None)] * 3 + [ValueError] + [type(None)] * 2
    assert sorted(one for commit in ledger.commits for one in commit) == [0, 1, 2, 4, 5]


def test_it_can_be_used_again_after_a_failure() -> None:
    ledger = Ledger(refused=[0])
    ledger.open.set()

    async def twice() -> None:
        shared = SharedCommit(ledger.write)
        with pytest.raises(ValueError, match="refused"):
            await shared.put(0)
        await shared.put(1)

    asyncio.run(twice())
    assert ledger.commits == [[1]]
