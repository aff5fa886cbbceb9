"""Subjects, names and file names survive in every encoding met in Vietnam; nobody can inject a header."""

from __future__ import annotations

import base64
import unicodedata
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default as modern
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.errors import InputError
from congvan_mailbox.message import headers, params, parse_addresses, parse_message, words

WORDS: list[str] = str.split(
    "ủy ban nhân dân thành phố số về việc điều chỉnh quy hoạch sử dụng đất năm 2026 UBND-VX 123/QĐ báo cáo của Sở "
    'Nội vụ (bản chính) – kế hoạch; thực hiện Đông Hòa Nguyễn Thị Ánh =?utf-8?q?x?= "trích" A,B'
)
vietnamese = st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map(" ".join)
any_text = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\u0085"), max_size=200
).map(lambda t: unicodedata.normalize("NFC", t))


def reread(line: bytes) -> headers.Headers:
    return headers.parse_headers(line)


@given(vietnamese | any_text)
def test_subject_round_trip(subject: str) -> None:
    line = headers.text_line("Subject", subject)
    assert all(len(x) <= 76 for x in line.split(b"\r\n"))
    assert line.isascii()
    assert words.decode_words(reread(line).raw("Subject") or b"") == subject.strip(" \t") or subject.strip() == ""


@given(vietnamese)
def test_subject_as_the_standard_library_reads_it(subject: str) -> None:
    raw = headers.text_line("Subject", subject) + b"\r\n"
    legacy = message_from_bytes(raw)["Subject"]
    assert str(make_header(decode_header(legacy))) == subject
    assert str(message_from_bytes(raw, policy=modern)["Subject"]) == subject


@given(st.lists(vietnamese, min_size=1, max_size=5))
def test_display_names_round_trip(names: list[str]) -> None:
    line = headers.address_line("To", [(n, f"vt{i}@so{i}.example.gov.vn") for i, n in enumerate(names)])
    assert all(len(x) <= 76 for x in line.split(b"\r\n"))
    read = reread(line).addresses("To")
    assert read.defects == ()
    assert [(a.name, a.addr) for a in read.addresses] == [
        (n, f"vt{i}@so{i}.example.gov.vn") for i, n in enumerate(names)
    ]
    unfolded = message_from_bytes(line + b"\r\n")["To"].replace("\r\n", "")
    assert [a for _, a in getaddresses([unfolded])] == [a.addr for a in read.addresses]


@given(vietnamese | any_text.filter(lambda t: t.strip() == t and t != ""))
def test_file_name_round_trip(name: str) -> None:
    line = headers.structured_line("Content-Disposition", "attachment", {"filename": name})
    assert all(len(x) <= 76 for x in line.split(b"\r\n"))
    value = reread(line).value("Content-Disposition")
    assert value.main == "attachment"
    assert value.doubtful == ()
    assert value.params["filename"] == unicodedata.normalize("NFC", name)


@given(st.lists(st.sampled_from(WORDS[:-3]), min_size=1, max_size=20).map(lambda w: " ".join(w) + ".pdf"))
def test_file_name_as_the_standard_library_reads_it(name: str) -> None:
    raw = headers.structured_line("Content-Disposition", "attachment", {"filename": name}) + b"\r\n"
    assert message_from_bytes(raw).get_filename() == name


ENCODED = base64.b64encode("Công văn.pdf".encode()).decode()


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (f'attachment; filename="=?UTF-8?B?{ENCODED}?="'.encode(), "Công văn.pdf"),
        (f"attachment; filename==?UTF-8?B?{ENCODED}?=".encode(), "Công văn.pdf"),
        ('attachment; filename="Công văn.pdf"'.encode(), "Công văn.pdf"),
        (b'attachment; filename="C\xf4ng v\xe3n.pdf"', "Công văn.pdf"),
        (b"attachment; filename*=windows-1258''C%F4ng%20v%E3n.pdf", "Công văn.pdf"),
        (b"attachment; filename*=''C%C3%B4ng%20v%C4%83n.pdf", "Công văn.pdf"),
        (b"attachment; filename*0*=utf-8''C%C3%B4; filename*1*=ng%20v%C4%83n; filename*2=.pdf", "Công văn.pdf"),
        (b"attachment; filename*1*=ng%20v%C4%83n.pdf; filename*0*=utf-8''C%C3%B4", "Công văn.pdf"),
        ('attachment; filename="CÃ´ng vÄƒn.pdf"'.encode(), "Công văn.pdf"),
        (b'attachment; filename="a;b=c \\"d\\".pdf"; size=5', 'a;b=c "d".pdf'),
        (b"attachment; filename=Cong van.pdf", "Cong van.pdf"),
    ],
)
def test_file_names_as_others_write_them(raw: bytes, name: str) -> None:
    assert params.parse(raw).params["filename"] == name


def test_two_names_for_one_file_are_doubtful_unless_one_is_the_fallback() -> None:
    fallback = params.parse(b"attachment; filename=\"Cong van.pdf\"; filename*=utf-8''C%C3%B4ng%20v%C4%83n.pdf")
    assert fallback.params["filename"] == "Công văn.pdf"
    assert fallback.doubtful == ()
    trick = params.parse(b"attachment; filename=a.pdf; filename*=utf-8''b.exe")
    assert trick.doubtful == ("filename",)
    assert params.parse(b"attachment; filename=a.pdf; filename=b.exe").doubtful == ("filename",)


def test_letters_cut_in_two_by_a_foreign_mailer_are_joined() -> None:
    data = "Báo cáo".encode()
    cut = data.index("á".encode()) + 1
    halves = b" ".join(b"=?utf-8?B?" + base64.b64encode(x) + b"?=" for x in (data[:cut], data[cut:]))
    assert words.decode_words(halves) == "Báo cáo"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?windows-1258?Q?C=F4ng_v=E3n?=", "Công văn"),
        (b"=?x-unknown?Q?abc?= d", "abc d"),
        (b"=?utf-8?B?Q8O0bmc?=", "Công"),
        (b"=?hex?Q?6162?=", "6162"),
        (b"Re: =?utf-8*vi?Q?C=C3=B4ng?= 12/Q\xc4\x90", "Re: Công 12/QĐ"),
        (b"", ""),
    ],
)
def test_encoded_words_as_others_write_them(raw: bytes, text: str) -> None:
    assert words.decode_words(raw) == text


@given(st.binary(max_size=300))
def test_reading_headers_never_fails(data: bytes) -> None:
    words.decode_words(data)
    params.parse(data)
    parse_addresses(data)
    read = headers.parse_headers(data)
    read.date()
    for field in read:
        read.text(field.name)


@pytest.mark.parametrize("evil", ["a\r\nBcc: x@y.vn", "a\nb", "a\rb", "a\x00b", "a\u2028b"])
def test_line_breaks_are_refused(evil: str) -> None:
    with pytest.raises(InputError):
        headers.text_line("Subject", evil)
    with pytest.raises(InputError):
        headers.address_line("To", [(evil, "a@b.vn")])
    with pytest.raises(InputError):
        headers.raw_line("Message-ID", evil)
    with pytest.raises(InputError):
        headers.structured_line("Content-Disposition", "attachment", {"filename": evil})
    with pytest.raises(InputError):
        headers.address_line("To", [("", f"{evil}@b.vn")])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"alice@example.org)bob@example.com", []),
        (b"a@good.vn <b@evil.vn>", [("a@good.vn", "b@evil.vn")]),
        (b"<a@b.vn> <c@d.vn>", []),
        (b"<a@b.vn>, c@d.vn", [("", "a@b.vn"), ("", "c@d.vn")]),
        ("Sở Nội vụ, TP Hải Phòng <a@b.vn>".encode(), [("Sở Nội vụ, TP Hải Phòng", "a@b.vn")]),
        (b'"Nguy\xe1\xbb\x85n, A" <a@b.vn> (van thu)', [("Nguyễn, A", "a@b.vn")]),
        (b'Xa: a@b.vn, "B" <c@d.vn>;', [("", "a@b.vn"), ("B", "c@d.vn")]),
        (b"undisclosed-recipients:;", []),
        (b'"a\\"b" <a@b.vn>', [('a"b', "a@b.vn")]),
        (b'"<x@evil.vn>" <a@b.vn>', [("<x@evil.vn>", "a@b.vn")]),
        (b"a@b.vn; c@d.vn", [("", "a@b.vn"), ("", "c@d.vn")]),
        (b"a@@b.vn, a b@c.vn, @c.vn, a@, a@b..vn", []),
        (b"a@[192.0.2.1], a@[IPv6:2001:db8::1]", [("", "a@[192.0.2.1]"), ("", "a@[IPv6:2001:db8::1]")]),
        (b'"unclosed <a@b.vn>', []),
    ],
)
def test_addresses_strictly(raw: bytes, expected: list[tuple[str, str]]) -> None:
    read = parse_addresses(raw)
    assert [(a.name, a.addr) for a in read.addresses] == expected
    if not expected and b"@" in raw:
        assert read.defects


def test_hostile_headers_cost_little() -> None:
    for evil in (
        b"@" + b":" * 200_000,
        b"(" * 200_000,
        b'"\\' * 100_000,
        b"," * 200_000,
        b"a," * 100_000,
        b"=?" * 100_000,
        b";a=" * 60_000,
        b"; a*1=" * 30_000,
        b"<" * 200_000,
        b"=?utf-8?q?" * 20_000,
    ):
        parse_addresses(evil)
        words.decode_words(evil)
        params.parse(evil)


def test_several_from_headers_are_seen() -> None:
    message = parse_message(b"From: a@b.vn\r\nFROM: c@d.vn\r\n\r\nx")
    assert "MIME-SEVERAL-FROM" in {f.code for f in message.findings}
    assert len(message.headers.addresses("From").addresses) == 2


def test_folding_inside_words_and_odd_lines() -> None:
    read = headers.parse_headers(b"From x Mon\r\nSubject : a\r\n\tb\r\nbroken line\r\nTo:\r\n c@d.vn\r\n")
    assert read.text("subject") == "a\tb"
    assert read.addresses("To").addresses[0].addr == "c@d.vn"
    assert "line is no header" in read.defects
    assert "blank before colon" in read.defects


@pytest.mark.parametrize(
    "text", ["Công văn đề nghị số 67", "Kế hoạch phòng, chống thiên tai", "ủy ban nhân dân phường"]
)
def test_raw_octets_of_the_old_encodings_are_read(text: str) -> None:
    from congvan_core.documents.legacy_text import to_tcvn3
    from congvan_mailbox.message.charset import guess

    assert guess(to_tcvn3(text).encode("latin-1")) == text
    assert guess(text.encode()) == text


def test_other_latin_letters_stay_what_they_are() -> None:
    from congvan_mailbox.message.charset import guess

    for text in ("résumé façade", "Müller & Söhne", "«déjà vu»"):
        assert guess(text.encode("latin-1")) == text
