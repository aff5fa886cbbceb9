"""The second reader sees the same parts whether long base64 bodies are folded for it or not."""

from __future__ import annotations

from collections.abc import Iterable
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_mailbox.message import compare
from congvan_mailbox.message.folded import Folded

_LINE = "QUJD" * 19 + "\r\n"
_RUNS = st.integers(10, 40).flatmap(lambda n: st.sampled_from(["", "\r\n", "\n", "=\r\n"]).map(lambda e: _LINE * n + e))
_PIECES = st.sampled_from(
    [
        "\r\n", "\n", "--b\r\n", "--b--\r\n", "--b", "--c\r\n", " x\r\n", "hello: x\r\n", "From x\r\n", "abc=\r\n",
        "Content-Type: text/plain; name=a.txt\r\n", "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n", "Content-Transfer-Encoding: uuencode\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n", "Content-Type: multipart/mixed; boundary=c\r\n",
        "Content-Type: message/rfc822\r\n", "Content-Type: message/delivery-status\r\n", "begin 644 x\r\n", "é\r\n",
        "Content-Type: text/plain; charset=utf-8\r\n", "\r\n\r\n",
    ]
)  # fmt: skip


class Whole(Folded):
    """Folds nothing."""

    def __init__(self, raw: bytes, where: Iterable[tuple[int, int]] = ()) -> None:
        super().__init__(b"")
        self.skeleton = raw


def _seen(raw: bytes, kind: type[Folded]) -> list[tuple[str, str, str | None]] | str:
    folded = kind(raw)
    try:
        message = message_from_bytes(folded.skeleton, policy=compare._Raw())
        return [compare._theirs(part, folded) for part in compare._standard_leaves(message)]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return type(error).__name__


@given(st.lists(st.one_of(_PIECES, _RUNS), max_size=25).map("".join))
def test_parts_names_and_contents_are_the_same(text: str) -> None:
    raw = text.encode()
    assert _seen(raw, Folded) == _seen(raw, Whole)


@given(st.lists(st.one_of(_PIECES, _RUNS, st.sampled_from(["QUJD\r\n", "QUI=\r\n", "QQ==\r\n", "Q\r\n"])), max_size=12))
def test_comparing_finds_the_same_with_and_without_folding(pieces: list[str]) -> None:
    raw = ("Content-Transfer-Encoding: base64\r\n\r\n" + "".join(pieces)).encode()
    with_folding = compare.compare_readers(raw)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "Folded", Whole)
        assert compare.compare_readers(raw) == with_folding


@pytest.mark.parametrize("end", ["", "\r\n", "QUI=\r\n", "QUI=", "QUI", "=QUI=\r\n", "QUI=\r\nQUI=\r\n"])
def test_a_body_is_taken_unread_only_where_every_decoder_reads_the_same(end: str) -> None:
    raw = b"Content-Transfer-Encoding: base64\r\n\r\n" + _LINE.encode() * 40 + end.encode()
    start = raw.index(b"QUJD")
    folded = Folded(raw, [(start, len(raw))])
    text = folded.skeleton.decode().partition("\r\n\r\n")[2]
    assert folded.is_base64(text, start, len(raw)) == (end in ("", "\r\n", "QUI=\r\n", "QUI="))
    assert not folded.is_base64(text, start + 1, len(raw))
    assert not folded.is_base64(text + "x", start, len(raw))
    assert folded.unfold(text) == raw[start:].decode()


@pytest.mark.parametrize("lines", [15, 16, 4000])
def test_long_bodies_become_one_line_and_come_back(lines: int) -> None:
    raw = b"Content-Transfer-Encoding: base64\r\n\r\n" + _LINE.encode() * lines
    folded = Folded(raw)
    assert (len(folded.skeleton) < 200) == (lines >= 16)
    assert folded.unfold(folded.skeleton.decode()) == raw.decode()


def test_a_line_of_the_sender_is_never_taken_for_a_fold() -> None:
    raw = b"\r\n" + b"0" * 32 + b"-0-\r\n" + _LINE.encode() * 20
    folded = Folded(raw)
    assert folded.unfold(folded.skeleton.decode()) == raw.decode()
