"""The body of DATA and BDAT as it comes in pieces: where it ends, what it says, whether its lines are lines."""

from __future__ import annotations

#: Only CRLF "." CRLF ends DATA (RFC 5321 4.1.1.4). LF.LF, CR.CR and every mixture are content, or rather a fault:
#: two programs that disagree here can be made to see two mails in one.
_END = b"\r\n.\r\n"
#: Shorter stretches are not worth looking for runs; so many equal lines are one; what is no run is counted in steps.
_RUN, _LINES, _STEP = 4 * 1024, 32, 1024
#: So many dots are looked at one by one.
_DOTS = 256


def all_paired(data: bytes, start: int, end: int) -> bool:
    """Whether every CR in ``data[start:end]`` is followed by LF and every LF preceded by CR.

    Three counts would do, but they run at 100 MB/s, which was half of the work of a large mail. Attachments are lines
    of one length (base64: 76), so runs of equal lines are blanked by two strided assignments, after which hardly
    ever a CR or LF is left; that is a search at memory speed. Headers, boundaries and text between the runs are counted.
    """
    while end - start > _RUN:
        first = data.find(b"\n", start, end)
        second = data.find(b"\n", first + 1, end) if first >= 0 else -1
        if second < 0:
            break
        width = second - first
        if data[first : min(first + _LINES * width, end) : width] != b"\n" * _LINES:
            stop = data.find(b"\n", start + _STEP, end) + 1  # behind a line end, so that no pair is cut in two
            if not stop:
                break
            if not _counted(data, start, stop):
                return False
            start = stop
            continue
        marks = data[first:end:width]
        lines = len(marks) - len(marks.lstrip(b"\n"))
        stop = first + (lines - 1) * width + 1
        block = bytearray(memoryview(data)[start:stop])
        at = first - start
        if at == 0 or width < 2 or block[at - 1 :: width] != b"\r" * lines:
            return False
        block[at::width] = block[at - 1 :: width] = bytes(lines)
        if (b"\n" in block or b"\r" in block) and not _counted(block, 0, len(block)):
            return False  # lines half as long within the run are lines too
        start = stop
    return _counted(data, start, end)


def _counted(data: bytes | bytearray, start: int, end: int) -> bool:
    pairs = data.count(b"\r\n", start, end)
    return pairs == data.count(b"\n", start, end) and pairs == data.count(b"\r", start, end)


def dot_line(data: bytes) -> int:
    """Where the first ``CRLF "."`` is, -1 if there is none. A search for three octets runs at 300 MB/s, one for a
    single octet at memory speed, and dots are few: base64 has none."""
    at = 0
    for _ in range(_DOTS):
        dot = data.find(b".", at)
        if dot < 0:
            return -1
        if dot >= 2 and data[dot - 2 : dot] == b"\r\n":
            return dot - 2
        at = dot + 1
    return data.find(b"\r\n.", max(at - 2, 0))


class LineCheck:
    """Looks for bare CR, bare LF and over-long lines over a stream of pieces (RFC 5321 2.3.8, 4.5.3.1.6).

    ``fault`` is None, "bare" or "long"; the first one found stays.
    """

    __slots__ = ("_cr", "_max_line", "_since_newline", "fault")

    def __init__(self, max_line: int) -> None:
        self.fault: str | None = None
        self._max_line = max_line
        self._since_newline = 0
        self._cr = False

    def feed(self, piece: bytes) -> None:
        """Judge the next octets."""
        if self.fault or not piece:
            return
        start, end = 0, len(piece)
        if self._cr:
            if piece[0] != 10:
                self.fault = "bare"
                return
            start = 1
        self._cr = piece[-1] == 13
        if not all_paired(piece, start, end - self._cr):
            self.fault = "bare"
        elif self._max_line:
            self._check_lines(piece)

    def end(self) -> None:
        """The stream is over: a CR as the very last octet is a bare one."""
        if self._cr and not self.fault:
            self.fault = "bare"

    def _check_lines(self, piece: bytes) -> None:
        limit = self._max_line
        first = piece.find(b"\n", 0, limit + 1)
        if self._since_newline + (first if first >= 0 else len(piece)) > limit:
            self.fault = "long"
            return
        if first < 0:
            self._since_newline += len(piece)
            return
        position, size = first + 1, len(piece)
        while size - position > limit:  # hops from newline to newline, a limit's width at a time
            newline = piece.rfind(b"\n", position, position + limit + 1)
            if newline < 0:
                self.fault = "long"
                return
            position = newline + 1
        last = piece.rfind(b"\n")
        self._since_newline = size - last - 1


class DotReader:
    """Takes the octets after ``354`` and gives back the mail's own, dots unstuffed (RFC 5321 4.5.2).

    ``feed`` returns the next octets of the mail. ``done`` becomes True at the end of data; ``rest`` then holds what
    was sent behind it (pipelined commands). At most four octets are held back between two pieces.
    """

    __slots__ = ("_carry", "_first", "done", "rest")

    def __init__(self) -> None:
        self._carry = b"\r\n"  # a virtual line end, so that a first line "." ends the data too
        self._first = True
        self.done = False
        self.rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """The mail's octets that are certain now."""
        buffer = self._carry + chunk if self._carry else chunk
        end = first = dot_line(buffer)
        if first >= 0 and buffer[first : first + 5] != _END:
            end = buffer.find(_END, first)
        if end >= 0:
            self.done = True
            self.rest = buffer[end + 5 :]
            body = buffer[: end + 2]
        else:
            held = 0
            for length in (4, 3, 2, 1):
                if buffer.endswith(_END[:length]):
                    held = length
                    break
            if held:
                body, self._carry = buffer[:-held], buffer[-held:]
            else:
                body, self._carry = buffer, b""
        if 0 <= first < len(body) - 2:
            body = body.replace(b"\r\n.", b"\r\n")
        if self._first and len(body) >= 2:
            body = body[2:]  # the virtual line end again
            self._first = False
        return body
