"""What a worker keeps from one mail to the next: fetched answers, and, while their files are unchanged, the trust store
and the agency's key.

Reading and checking a PKCS #12 file costs more than verifying a signature, and a trust folder seldom changes. Any file
added, replaced or removed is noticed at the next mail.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from congvan_core.signatures.trust_store import TrustStore

if TYPE_CHECKING:
    from congvan_core.signatures.answers import Answers
    from congvan_core.signatures.sign_keys import MemoryKey

#: Name, size, time of change and inode of every file.
Stamp = tuple[tuple[str, int, int, int], ...]

_stores: dict[tuple[str, ...], tuple[Stamp, TrustStore]] = {}
_keys: dict[tuple[str, str | None, str | None], tuple[Stamp, MemoryKey]] = {}
_MOST = 8


def trust_store(paths: Sequence[str]) -> TrustStore:
    """The store of these files and folders; those that do not exist are left out. Raises as ``TrustStore.load``."""
    there = tuple(path for path in paths if os.path.exists(path))
    stamp = _stamp(there)
    known = _stores.get(there)
    if known is None or known[0] != stamp:
        if len(_stores) >= _MOST:
            _stores.clear()
        known = _stores[there] = (stamp, TrustStore.load(there))
    return known[1]


def gateway_key(path: str, certificate: str | None, password: str | None) -> MemoryKey:
    """The key in a PKCS #12 file, or in a PEM file with its certificate beside it. Raises ConfigurationError."""
    from congvan_core.signatures.sign_keys import load_pem, load_pkcs12

    name = (path, certificate, password)
    stamp = _stamp([p for p in (path, certificate) if p is not None])
    known = _keys.get(name)
    if known is None or known[0] != stamp:
        if len(_keys) >= _MOST:
            _keys.clear()
        key = load_pem(path, certificate, password=password) if certificate else load_pkcs12(path, password)
        known = _keys[name] = (stamp, key)
    return known[1]


@cache
def answers(folder: str | None) -> Answers:
    """What was fetched about certificates, for every mail of this worker and, in ``folder``, of every process."""
    from congvan_core.signatures.answers import Answers

    return Answers(folder)


def _stamp(paths: Sequence[str]) -> Stamp:
    found: list[tuple[str, int, int, int]] = []
    for path in paths:
        try:
            with os.scandir(path) as entries:
                names = sorted(entry.path for entry in entries)
        except OSError:
            names = []
        for name in (path, *names):
            try:
                stat = os.stat(name)
            except OSError:
                continue
            found.append((name, stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return tuple(found)
