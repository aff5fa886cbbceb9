"""Bodies under way: read once for all recipients, checked when read, bounded in memory."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from congvan_core.errors import UnreadableError
from congvan_core.storage.blobs import BlobStore
from congvan_gateway.dispatch import bodies as module
from congvan_gateway.dispatch.bodies import Bodies


class Counting(BlobStore):
    reads = 0

    def read(self, sha256: str) -> bytes:
        self.reads += 1
        return super().read(sha256)


def test_one_body_to_many_is_read_once_and_old_ones_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 250)
    store = Counting(tmp_path)
    one, two, large = (
        store.put_bytes(letter * size).sha256 for letter, size in ((b"a", 100), (b"b", 100), (b"c", 300))
    )
    bodies = Bodies(store)
    for _ in range(5):
        assert bodies.read(one) == b"a" * 100
        assert bodies.read(two) == b"b" * 100
    assert store.reads == 2
    assert bodies.read(large) == b"c" * 300
    assert bodies.read(large) == b"c" * 300
    assert store.reads == 3
    bodies.read(one)
    assert store.reads == 4  # it had to make room


def test_who_comes_while_a_body_is_read_waits_for_it(tmp_path: Path) -> None:
    together = threading.Barrier(6)

    class Slow(Counting):
        def read(self, sha256: str) -> bytes:
            time.sleep(0.05)
            return super().read(sha256)

    store = Slow(tmp_path)
    digest = store.put_bytes(b"body").sha256
    bodies = Bodies(store)

    def ask(_: int) -> bytes:
        together.wait(10)
        return bodies.read(digest)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(ask, range(6))) == [b"body"] * 6
    assert store.reads == 1


def test_a_damaged_body_does_not_leave(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = store.put_bytes(b"body").sha256
    path = store.path(digest)
    path.chmod(0o600)
    path.write_bytes(b"b0dy")
    with pytest.raises(UnreadableError):
        Bodies(store).read(digest)
