"""A mail with its long base64 bodies folded into one line each, for a reader that looks at every line by itself."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SHORTEST, _LONGEST, _FEWEST = 40, 76, 16
#: Sixteen lines or more of nothing but base64 digits.
_RUN = re.compile(rb"(?<=\n)(?:[A-Za-z0-9+/]{40,76}\r\n){16,}")
#: What may follow such lines so that every decoder reads the same: the last, shorter line with its padding.
_MARK = re.compile(r"([0-9a-f]{32})-([0-9]{1,9})-")
_TAIL = re.compile(rb"([A-Za-z0-9+/]*)(={0,2})")


class Folded:
    """``skeleton`` leads the standard library's parser to the same parts as the whole mail does.

    Why: to its parser a line is a header field (it has a colon), a continuation (it begins with a blank), a boundary
    (it begins with "--"), an empty line, or nothing of these. All lines of a run are of the last sort, and so is the
    one line that stands for them: wherever the run would end a block of headers or continue a body, that line does.
    The line cannot be guessed by a sender.

    ``where``: from which offsets to which such bodies are likely, so that they need not be searched for. Only what is
    found to be such lines there is folded.
    """

    def __init__(self, raw: bytes, where: Iterable[tuple[int, int]] = ()) -> None:
        self._raw = raw
        #: Where a run begins in the mail (-1: not told), and its octets without the last line's end.
        self._runs: list[tuple[int, bytes]] = []
        self._word = secrets.token_hex(16)
        pieces, done = [], 0
        for start, end in sorted(where):
            stop = _lines(raw, start, end) if start >= done else 0
            if stop:
                pieces += [raw[done:start], self._keep(start, raw[start : stop - 2])]
                done = stop
        pieces.append(raw[done:])
        self.skeleton = _RUN.sub(lambda match: self._keep(-1, match.group()[:-2]), b"".join(pieces))

    def _keep(self, start: int, run: bytes) -> bytes:
        self._runs.append((start, run))
        # The line's end stays: it may belong to a boundary behind it.
        return b"%b-%d-\r\n" % (self._word.encode(), len(self._runs) - 1)

    def unfold(self, text: str) -> str:
        """The text of one part with its lines back in place."""
        if not self._runs:
            return text
        return _MARK.sub(self._lines_of, text)

    def _lines_of(self, mark: re.Match[str]) -> str:
        return self._runs[int(mark.group(2))][1].decode("ascii") if mark.group(1) == self._word else mark.group()

    def is_base64(self, text: str, start: int, end: int) -> bool:
        """Whether the part ``text`` of the skeleton is the mail's octets from ``start`` to ``end``, but for line ends at its
        end, and base64 that no two decoders read differently: digits, then padding, four by four.
        """
        match = _MARK.match(text)
        if match is None or match.group(1) != self._word or self._runs[int(match.group(2))][0] != start:
            return False
        run = self._runs[int(match.group(2))][1]
        try:
            tail = text[match.end() :].encode("ascii").rstrip(b"\r\n")
        except UnicodeEncodeError:
            return False
        if self._raw[start + len(run) : end].rstrip(b"\r\n") != tail:
            return False
        last = _TAIL.fullmatch(tail.removeprefix(b"\r\n"))
        return last is not None and (_digits(run) + len(last.group(0))) % 4 == 0


def _digits(run: bytes) -> int:
    return len(run) - 2 * run.count(b"\r\n")


def _lines(raw: bytes, start: int, end: int) -> int:
    """Where the lines of base64 digits, all of the first one's length, that fill a body end; 0 where it is no such body."""
    length = raw.find(b"\r\n", start, min(end, start + _LONGEST + 2)) - start
    if length < _SHORTEST or (start and raw[start - 1] != 0x0A):
        return 0
    count = (end - start) // (length + 2)
    block = raw[start : start + count * (length + 2)]
    # Nothing but digits and the line ends, as many of these as there are lines, and each at the end of its line.
    if count < _FEWEST or block.translate(None, _DIGITS) != b"\r\n" * count:
        return 0
    if block[length :: length + 2] != b"\r" * count or block[length + 1 :: length + 2] != b"\n" * count:
        return 0
    return start + len(block)
