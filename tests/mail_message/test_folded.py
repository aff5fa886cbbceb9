"""The second reader sees the same parts whether long base64 bodies are folded for it or not."""

from __future__ import annotations

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

    def __init__(self, raw: bytes) -> None:
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
