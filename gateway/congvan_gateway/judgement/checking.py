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
    """Where anchors, intermediates and CRLs lie, and whether answers may be fetched (from which hosts).

    ``answers``: the folder that keeps what was fetched; None keeps it in this process only.
    """

    paths: tuple[str, ...] = ()
    online: bool = False
    hosts: tuple[str, ...] = ()
    answers: str | None = None

    def load(self) -> TrustStore:
        return kept.trust_store(self.paths)


def answers_beside(blobs: str | Path | None) -> str | None:
    """The folder of fetched answers of an installation, beside its blob store."""
    return str(Path(blobs).parent / "answers") if blobs is not None else None


def check_file(
    data: bytes | Path,
    name: str,
    source: TrustSource,
    *,
    at: datetime | None = None,
    signature: bytes | None = None,
    sha256: str | None = None,
) -> dict[str, Any]:
    """The report of ``congvan verify --json`` on one file; a path is read from its disk and not held in memory.

    ``sha256``: the digest of ``data`` where the caller computed it.
    """
    from congvan_core.signatures.verify import verify_file

    fetch = None
    if source.online:
        from congvan_core.signatures.fetch import GuardedFetcher

        fetch = GuardedFetcher(source.hosts, answers=kept.answers(source.answers))
    report = verify_file(data, name=name, trust=source.load(), at=at, signature=signature, fetch=fetch, sha256=sha256)
    return report.to_json()
