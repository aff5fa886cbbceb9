"""A mail with its long base64 bodies folded into one line each, for a reader that looks at every line by itself."""

from __future__ import annotations

import re
import secrets

#: Sixteen lines or more of nothing but base64 digits.
_RUN = re.compile(rb"(?<=\n)(?:[A-Za-z0-9+/]{40,76}\r\n){16,}")


class Folded:
    """``skeleton`` leads the standard library's parser to the same parts as the whole mail does.

    Why: to its parser a line is a header field (it has a colon), a continuation (it begins with a blank), a boundary
    (it begins with "--"), an empty line, or nothing of these. All lines of a run are of the last sort, and so is the
    one line that stands for them: wherever the run would end a block of headers or continue a body, that line does.
    The line cannot be guessed by a sender.
    """

    def __init__(self, raw: bytes) -> None:
        self._runs: list[bytes] = []
        self._word = secrets.token_hex(16).encode()
        self._mark = re.compile(self._word.decode() + r"-([0-9]{1,9})-")
        self.skeleton = _RUN.sub(self._fold, raw)

    def _fold(self, match: re.Match[bytes]) -> bytes:
        self._runs.append(match.group()[:-2])  # the last line's end stays: it may belong to a boundary behind it
        return b"%b-%d-\r\n" % (self._word, len(self._runs) - 1)

    def unfold(self, text: str) -> str:
        """The text of one part with its lines back in place."""
        if not self._runs:
            return text
        return self._mark.sub(lambda found: self._runs[int(found.group(1))].decode("ascii"), text)
