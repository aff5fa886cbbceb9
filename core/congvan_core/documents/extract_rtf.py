"""Text runs with their fonts from RTF 1.9: control words, code pages and Unicode, groups that hold no text skipped."""

from __future__ import annotations

import re

from congvan_core.documents.extract_office import Runs

_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_SKIPPED = frozenset(
    {
        b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"themedata", b"datastore", b"listtable", b"fldinst",
        b"listoverridetable", b"rsidtbl", b"generator", b"xmlnstbl", b"latentstyles", b"colorschememapping", b"bin",
    }
)  # fmt: skip
_BREAKS = {
    b"par": "\n", b"line": "\n", b"row": "\n", b"cell": "\t", b"tab": "\t", b"page": "\f", b"sect": "\n",
    b"emdash": "-", b"endash": "-", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
}  # fmt: skip
_MAX_DEPTH = 500
_CHARSETS = {0: "cp1252", 1: "cp1252", 163: "cp1258", 238: "cp1250", 204: "cp1251"}


class _State:
    """What a group inherits: skipping, font, letters to pass over after a Unicode one."""

    __slots__ = ("font", "skip", "table", "uc")

    def __init__(self, skip: bool = False, font: int = -1, uc: int = 1, table: bool = False) -> None:
        self.skip, self.font, self.uc, self.table = skip, font, uc, table


def runs(data: bytes) -> Runs:
    """The text of an RTF file; broken ones give what could be read, with ``complete`` False."""
    return _Reader().read(data)


class _Reader:
    def __init__(self) -> None:
        self.found = Runs()
        self.fonts: dict[int, str] = {}
        self.charsets: dict[int, str] = {}
        self.default = "cp1252"
        self.stack: list[_State] = []
        self.state = _State()
        self.pending = bytearray()
        self.over = 0
        self.first = False

    def read(self, data: bytes) -> Runs:
        for match in _TOKEN.finditer(data):
            word, argument, hexa, symbol, brace, plain = match.groups()
            if brace:
                self._brace(brace)
            elif word:
                self._word(word, int(argument) if argument else None)
            elif hexa:
                self._bytes(bytes([int(hexa, 16)]))
            elif symbol:
                self._symbol(symbol)
            elif plain:
                self._bytes(plain)
            if len(self.stack) > _MAX_DEPTH:
                self.found.complete = False
                break
        self._flush()
        if self.stack:
            self.found.complete = False
        return self.found

    def _brace(self, brace: bytes) -> None:
        self._flush()
        if brace == b"{":
            self.stack.append(self.state)
            state = self.state
            self.state = _State(state.skip, state.font, state.uc, state.table)
            self.first = True
        elif self.stack:
            self.state = self.stack.pop()

    def _word(self, word: bytes, argument: int | None) -> None:
        first, self.first = self.first, False
        if word == b"u" and argument is not None:
            self._flush()
            self._text(chr(argument & 0xFFFF))
            self.over = self.state.uc
            return
        if word == b"f" and argument is not None:
            self._flush()
            self.state.font = argument
        elif word == b"fcharset" and self.state.table and argument is not None:
            self.charsets[self.state.font] = _CHARSETS.get(argument, "cp1252")
        elif word == b"uc" and argument is not None:
            self.state.uc = max(0, min(argument, 10))
        elif word == b"ansicpg" and argument is not None:
            self.default = f"cp{argument}" if argument in (1250, 1251, 1252, 1258, 437, 850) else "cp1252"
        elif word == b"fonttbl":
            self.state.table = True
        elif first and word in _SKIPPED:
            self.state.skip = True
        elif word in _BREAKS:
            self._flush()
            self._text(_BREAKS[word])

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self.state.skip = self.first or self.state.skip
        elif symbol in (b"\\", b"{", b"}"):
            self._bytes(symbol)
        elif symbol in (b"~", b"_", b"-"):
            self._bytes(b" " if symbol == b"~" else b"-" if symbol == b"_" else b"")
        elif symbol in (b"\n", b"\r"):
            self._flush()
            self._text("\n")

    def _bytes(self, data: bytes) -> None:
        self.first = False
        if self.over:
            passed = min(self.over, len(data))
            self.over -= passed
            data = data[passed:]
        self.pending += data

    def _flush(self) -> None:
        if self.pending:
            encoding = self.charsets.get(self.state.font, self.default)
            text = bytes(self.pending).decode(encoding, "replace")
            self.pending.clear()
            if self.state.table:
                name = text.split(";")[0].strip()
                if name and not self.state.skip:
                    self.fonts.setdefault(self.state.font, name[:100])
            else:
                self._text(text)

    def _text(self, text: str) -> None:
        if not self.state.skip and not self.state.table:
            self.found.add(self.fonts.get(self.state.font, ""), text)
