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

    def read(self, sha256: str) -> bytes:
        """The body. Raises NotFoundError, UnreadableError as the store does."""
        with self._lock:
            found = self._kept.get(sha256)
            if found is not None:
                self._kept.move_to_end(sha256)
                return found
        body = self._blobs.read(sha256)
        with self._lock:
            if sha256 not in self._kept:
                self._kept[sha256] = body
                self._size += len(body)
            while self._size > _KEPT and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone)
        return body
