"""The bodies of mails under way: read and checked once for all recipients that they go to."""

from __future__ import annotations

import threading
from collections import OrderedDict

from congvan_core.storage.blobs import Blobs

#: Octets of bodies kept in memory, the last used; a larger body is kept only while it is alone.
_KEPT = 64 << 20


class Bodies:
    """Reads sealed bodies for couriers. One document to a hundred places is one body: its digest is checked as it is
    read from the disk, and what has been checked is handed out again as long as there is room. Any thread may ask.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}

    def kept(self, sha256: str) -> bytes | None:
        """The body where it is in memory, without a look at the disk."""
        with self._lock:
            found = self._kept.get(sha256)
            if found is not None:
                self._kept.move_to_end(sha256)
            return found

    def read(self, sha256: str) -> bytes:
        """The body. Raises NotFoundError, UnreadableError as the store does."""
        found = self.kept(sha256)
        if found is not None:
            return found
        with self._lock:
            reading = self._reading.setdefault(sha256, threading.Lock())
        try:
            with reading:  # who comes while another reads takes what that one has read
                return self.kept(sha256) or self._keep(sha256, self._blobs.read(sha256))
        finally:
            with self._lock:
                self._reading.pop(sha256, None)

    def _keep(self, sha256: str, body: bytes) -> bytes:
        with self._lock:
            if sha256 not in self._kept:
                self._kept[sha256] = body
                self._size += len(body)
            while self._size > _KEPT and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone)
        return body
