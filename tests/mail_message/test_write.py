"""What we write passes every mail server unchanged and reads back to what was meant."""

from __future__ import annotations

import email
import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.errors import InputError
from congvan_mailbox.message import compare_readers, parse_message, write

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=400) | st.lists(
    st.sampled_from(["From ", "Kính gửi:", " ", ".", "..", "=", "\t", "\n", "x" * 80, "ở", "\r\n", "-- ", "--=_"])
).map("".join)


def canonical(value: str) -> str:
    lines = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n")
    return lines if lines.endswith("\n") else lines + "\n"


@given(text)
def test_text_parts_are_portable_and_exact(value: str) -> None:
    part = write.text_part(value)
    write.require_portable(part)
    read = email.message_from_bytes(part)
    payload = read.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode("utf-8").replace("\r\n", "\n") == canonical(value)
    assert parse_message(part).root.text(1 << 20) == unicodedata.normalize("NFC", canonical(value))


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.text(max_size=10).filter(str.isprintable))
def test_multipart_is_portable_and_exact(contents: list[bytes], stem: str) -> None:
    parts = [write.file_part(c, "application/pdf", f"{stem}{i}.pdf", f"f{i}@x") for i, c in enumerate(contents)]
    whole = write.multipart("mixed", [write.text_part("Kính gửi"), *parts])
    write.require_portable(whole)
    assert whole == write.multipart("mixed", [write.text_part("Kính gửi"), *parts])
    message = parse_message(whole)
    assert message.findings == ()
    assert [p.raw for p in message.root.children[1:]] == parts
    assert [p.decode() for p in message.attachments()] == contents
    assert [p.name for p in message.attachments()] == [
        unicodedata.normalize("NFC", f"{stem}{i}.pdf") for i in range(len(contents))
    ]
    assert compare_readers(whole) == []


def test_the_office_types_fit_on_their_lines() -> None:
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    part = write.file_part(b"x", kind, "28-BC-UBND_05082026_" + "Du-thao-cuoi-" * 9 + "ban-cuoi.docx")
    write.require_portable(part)
    read = email.message_from_bytes(part)
    assert read.get_content_type() == kind
    assert read.get_filename() == "28-BC-UBND_05082026_" + "Du-thao-cuoi-" * 9 + "ban-cuoi.docx"


def test_ready_base64_is_spliced_in() -> None:
    data = os.urandom(1000)
    assert write.file_part(data, "a/b", "n", encoded=write.base64_lines(data)) == write.file_part(data, "a/b", "n")


@pytest.mark.parametrize("line", [b"x" * 77, b"a \r\n", b"From x", b"\xc3\xb4", b"a\nb", b"a\rb", b"a\t\r\nb"])
def test_what_would_not_survive_is_refused(line: bytes) -> None:
    with pytest.raises(InputError):
        write.require_portable(line)


def test_a_boundary_that_occurs_inside_is_refused() -> None:
    with pytest.raises(InputError):
        write.multipart("mixed", [write.text_part("--=_1")], boundary="=_1")
