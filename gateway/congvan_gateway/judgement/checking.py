"""Verifying one file in a limited worker: the same code for what arrives, what is sent, and `congvan verify`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from congvan_core.signatures.trust_store import TrustStore
from congvan_gateway.judgement import kept


@dataclass(frozen=True, slots=True)
class TrustSource:
    """Where anchors, intermediates and CRLs lie, and whether answers may be fetched (from which hosts)."""

    paths: tuple[str, ...] = ()
    online: bool = False
    hosts: tuple[str, ...] = ()

    def load(self) -> TrustStore:
        return kept.trust_store(self.paths)


def check_file(
    data: bytes | Path, name: str, source: TrustSource, *, at: datetime | None = None, signature: bytes | None = None
) -> dict[str, Any]:
    """The report of ``congvan verify --json`` on one file; a path is read from its disk and not held in memory."""
    from congvan_core.signatures.verify import verify_file

    fetch = None
    if source.online:
        from congvan_core.signatures.fetch import GuardedFetcher

        fetch = GuardedFetcher(source.hosts)
    report = verify_file(data, name=name, trust=source.load(), at=at, signature=signature, fetch=fetch)
    return report.to_json()
