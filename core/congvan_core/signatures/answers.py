"""Answers that were fetched (OCSP, CRLs, issuers' certificates), kept between documents, workers and processes.

What is kept is evidence and proves itself by its own signature each time, so that a damaged or planted file can at most
be no answer. An answer is asked for anew long before it runs out, and used to its end while the host is silent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp

#: Seconds after which an answer is asked for anew, at the latest, and how long a silent host is left in peace.
FRESH = 4 * 3600.0
ISSUER_FRESH = 7 * 86400.0
SILENT = 10.0
#: An answer that names no end (RFC 5280 5.1.2.5 wants one) is used for an hour.
NO_END = 3600.0
MAX_KEPT = 500
MAX_MEMORY = 64 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """``body`` None: the host gave no answer. ``fresh`` and ``end`` in seconds since 1970."""

    body: bytes | None
    fresh: float
    end: float


class Answers:
    """In memory, and in ``folder`` where one is given. Safe to share between threads and processes."""

    def __init__(self, folder: str | Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._folder = Path(folder) if folder is not None else None
        self._clock = clock
        self._memory: dict[str, Kept] = {}
        self._lock = threading.Lock()

    def get(self, url: str, request: bytes, ask: Callable[[], bytes | None], kind: str) -> bytes | None:
        """The kept answer, or what ``ask`` returns, which is then kept. ``kind``: ``ocsp``, ``crl`` or ``issuer``."""
        name = hashlib.sha256(url.encode() + b"\0" + request).hexdigest()
        now = self._clock()
        kept = self._memory.get(name)
        if kept is None or now >= kept.fresh:
            kept = self._read(name) or kept  # another process may have asked since
        if kept is not None and now < kept.fresh:
            self._remember(name, kept)
            return kept.body
        body = ask()
        if body is None and kept is not None and kept.body is not None and now < kept.end:
            kept = Kept(kept.body, min(now + SILENT, kept.end), kept.end)
        else:
            kept = self._dated(body, kind, now)
        self._remember(name, kept)
        self._write(name, kept)
        return kept.body

    @staticmethod
    def _dated(body: bytes | None, kind: str, now: float) -> Kept:
        if body is None:
            return Kept(None, now + SILENT, now + SILENT)
        if kind == "issuer":
            return Kept(body, now + ISSUER_FRESH, now + ISSUER_FRESH)
        try:
            end = until(body, kind)
        except ValueError:
            # A page of a proxy, an excuse: it says nothing, and is not asked for again at once.
            return Kept(body, now + SILENT, now + SILENT)
        if end is None:
            end = now + NO_END
        elif end <= now:
            # Already over when it came: the next document asks again.
            return Kept(body, now, now)
        return Kept(body, min(end, now + FRESH), end)

    def _remember(self, name: str, kept: Kept) -> None:
        if kept.body is None and self._folder is not None:
            return  # a silence is short and read from its file: what ends it is then known to all
        with self._lock:
            self._memory[name] = kept
            held = sum(len(k.body or b"") for k in self._memory.values())
            if len(self._memory) > MAX_KEPT or held > MAX_MEMORY:
                self._memory = {name: kept}

    def _read(self, name: str) -> Kept | None:
        if self._folder is None:
            return None
        try:
            head, _, body = (self._folder / name).read_bytes().partition(b"\n")
            said = json.loads(head)
            if hashlib.sha256(body).hexdigest() != said["sha256"]:
                return None
            return Kept(body if said["answered"] else None, float(said["fresh"]), float(said["end"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, name: str, kept: Kept) -> None:
        if self._folder is None:
            return
        body = kept.body or b""
        head = {
            "answered": kept.body is not None,
            "fresh": kept.fresh,
            "end": kept.end,
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
            part.write_bytes(json.dumps(head).encode() + b"\n" + body)
            part.replace(self._folder / name)
            self._prune()

    def _prune(self) -> None:
        """The oldest go where there are too many: a stranger's certificates name the addresses."""
        assert self._folder is not None
        with os.scandir(self._folder) as entries:
            listed = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
        for _, path in listed[: max(0, len(listed) - MAX_KEPT)]:
            with contextlib.suppress(OSError):
                os.unlink(path)


def until(body: bytes, kind: str) -> float | None:
    """When the answer runs out (nextUpdate), None where it names no end. Raises ValueError where it is none."""
    try:
        if kind == "crl":
            moments = [asn1_crl.CertificateList.load(body)["tbs_cert_list"]["next_update"].native]
        else:
            data = asn1_ocsp.OCSPResponse.load(body).basic_ocsp_response["tbs_response_data"]
            moments = [single["next_update"].native for single in data["responses"]]
        ends = [m.timestamp() for m in moments if isinstance(m, datetime)]
    except Exception as error:
        raise ValueError("no answer") from error
    return min(ends) if ends and len(ends) == len(moments) else None
