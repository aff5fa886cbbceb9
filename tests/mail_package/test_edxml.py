"""The packet survives the round trip, other vendors' spellings, and attacks.

Quy chế Điều 12; Điều 21.1. NĐ 30 Phụ lục VI.
"""

from __future__ import annotations

import base64
import codecs
import io
import unicodedata
import zipfile
from datetime import date, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_core.documents.model import (
    Business,
    DocumentLink,
    DocumentMetadata,
    FileRef,
    FileRole,
    Party,
    SignerInfo,
    StatusReport,
    Urgency,
)
from congvan_core.errors import InputError, UnreadableError
from congvan_core.ids import VIETNAM
from congvan_mailbox.package import read_packet, write_packet, write_status
from congvan_mailbox.package.edxml import NAMESPACE, STATUS_NAMES

words = st.lists(
    st.sampled_from(
        ["Ủy", "ban", "nhân", "dân", "phường", "Đông", "Hải", "<&>", '"trích"', "'yếu'", "]]>", "67/SMT-VP", "ủ", "x̉"]
    ),
    max_size=6,
).map(lambda w: unicodedata.normalize("NFC", " ".join(w)))
some = words.filter(bool)
codes = st.sampled_from(["H24.90", "000.00.17.H24", "H37.DN.001", "28.22.H17"])
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(
    lambda d: d.replace(microsecond=0, tzinfo=VIETNAM)
)
parties = st.builds(Party, codes, some, st.sampled_from(["", "a@b.vn"]), words, words, words, words, words)
links = st.builds(DocumentLink, codes, some, some, st.none() | days)
refs = st.builds(
    FileRef,
    some.map(lambda t: t + ".pdf"),
    st.just("application/pdf"),
    st.sampled_from(list(FileRole)[:3]),
    st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    st.none() | st.integers(0, 10**9),
    st.uuids().map(str),
    some,
)
businesses = st.builds(
    Business,
    st.integers(0, 3),
    some,
    words,
    st.booleans(),
    words,
    words,
    words,
    words,
    st.none() | st.booleans(),
    st.none() | st.booleans(),
    st.lists(st.tuples(codes, st.integers(0, 1)), max_size=3).map(tuple),
    st.lists(
        st.builds(DocumentLink, document_id=some, organ_ids=st.lists(codes, min_size=1, max_size=3).map(tuple)),
        max_size=2,
    ).map(tuple),
)
documents = st.builds(
    DocumentMetadata,
    document_id=some,
    number=st.sampled_from(["67", "05", "12a"]),
    symbol=st.sampled_from(["SMT-VP", "QĐ-UBND", "2025/QĐ-UBND"]),
    issued_on=st.none() | days,
    place=words,
    type_name=words,
    type_code=st.integers(0, 40),
    type_detail=st.integers(0, 40),
    subject=some,
    content=words,
    urgency=st.sampled_from(list(Urgency)),
    author=parties,
    recipients=st.lists(parties, max_size=4).map(tuple),
    signer=st.builds(SignerInfo, words, words, words),
    due_on=st.none() | days,
    to_places=st.lists(some, max_size=3).map(tuple),
    sphere=words,
    pages=st.none() | st.integers(0, 500),
    copies=st.none() | st.integers(0, 500),
    appendixes=st.lists(some, max_size=3).map(tuple),
    response_for=st.lists(links, max_size=3).map(tuple),
    steering_type=st.none() | st.integers(0, 3),
    business=businesses,
    traces=st.lists(st.tuples(codes, moments), max_size=3).map(tuple),
    files=st.lists(refs, max_size=3).map(tuple),
)
reports = st.builds(
    StatusReport,
    st.sampled_from(sorted(STATUS_NAMES)),
    parties,
    links,
    some,
    moments,
    words,
    words,
    words,
    words,
    st.sampled_from(["", "412", "12a"]),
    st.none() | moments,
    st.none() | moments,
    st.none() | moments,
    st.sampled_from(["", "ab" * 32]),
    st.sampled_from(["", "H24.91.07"]),
    st.lists(st.tuples(some, st.just("cd" * 32)), max_size=3).map(tuple),
    st.sampled_from(["", "for_information"]),
    st.builds(Party, codes, some, st.just("a@b.vn")),
)


@settings(max_examples=150)
@given(documents)
def test_document_packet_round_trip(meta: DocumentMetadata) -> None:
    packet = read_packet(write_packet(meta))
    assert packet.findings == ()
    assert packet.kind == "edoc"
    assert packet.metadata == meta


@settings(max_examples=150)
@given(reports)
def test_status_packet_round_trip(report: StatusReport) -> None:
    packet = read_packet(write_status(report))
    assert packet.findings == ()
    assert packet.status == report


@given(documents)
def test_every_element_of_the_envelope_has_the_literal_prefix(meta: DocumentMetadata) -> None:
    raw = write_packet(meta).decode()
    assert raw.startswith(f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{NAMESPACE}">')
    for tag in raw.split("<")[3:]:
        assert tag.startswith(("edXML:", "/edXML:", "/edXML>")), tag
    assert "AttachmentEncoded" not in raw
    ElementTree.fromstring(raw)


def vendor(
    prefix: str = "",
    namespace: str = NAMESPACE,
    root: str = "edXML",
    tail: str = "",
    date_: str = "2025/09/05",
    code: str = "<{p}CodeNumber>67</{p}CodeNumber><{p}CodeNotation>SMT-VP</{p}CodeNotation>",
) -> bytes:
    p = f"{prefix}:" if prefix else ""
    bind = f' xmlns:{prefix}="{namespace}"' if prefix else ""
    return f"""<?xml version="1.0"?><{root} xmlns="{namespace}"{bind}><!-- x --><{p}edXMLEnvelope><{p}edXMLBody>
<{p}edXMLManifest><{p}Reference><{p}AttachmentName>a.pdf</{p}AttachmentName><{p}ContentId>cid:a1</{p}ContentId>
</{p}Reference></{p}edXMLManifest></{p}edXMLBody><{p}edXMLHeader><{p}TraceHeaderList><{p}Bussiness>
<{p}BussinessDocType>0</{p}BussinessDocType></{p}Bussiness></{p}TraceHeaderList><{p}MessageHeader>
<{p}Subject>V/v &#7911;y</{p}Subject><{p}PromulgationInfo><{p}PromulgationDate>{date_}</{p}PromulgationDate>
</{p}PromulgationInfo><{p}Code>{code.format(p=p)}</{p}Code><{p}From><{p}OrganId>000.00.90.H24</{p}OrganId></{p}From>
</{p}MessageHeader></{p}edXMLHeader></{p}edXMLEnvelope>{tail}</{root}>""".encode()


@pytest.mark.parametrize(
    "data",
    [
        vendor(),
        vendor("edXML"),
        vendor("e"),
        vendor("ns1", "http://www.go.vn/eDoc"),
        vendor(namespace="http://www.e-doc.vn/Schema/"),
        vendor(root="EdXML"),
        vendor("edXML").replace(f' xmlns:edXML="{NAMESPACE}"'.encode(), b""),
        codecs.BOM_UTF8 + vendor(),
        vendor().decode().encode("utf-16"),
        b"\r\n" + vendor(),
        vendor(code="<{p}CodeNumber>67/SMT-VP</{p}CodeNumber><{p}CodeNotation/>"),
        vendor(code="<{p}CodeNumber></{p}CodeNumber><{p}CodeNotation>67/SMT-VP</{p}CodeNotation>"),
        vendor(code="<{p}CodeNumber>67</{p}CodeNumber><{p}CodeNotation>67/SMT-VP</{p}CodeNotation>"),
        vendor(date_="05/09/2025"),
        vendor(date_="2025-09-05T00:00:00"),
    ],
)
def test_other_vendors_spellings(data: bytes) -> None:
    meta = read_packet(data).metadata
    assert meta is not None
    assert (meta.number, meta.symbol, meta.subject, meta.issued_on) == ("67", "SMT-VP", "V/v ủy", date(2025, 9, 5))
    assert meta.author.code == "000.00.90.H24"
    assert [(f.name, f.content_id, f.role) for f in meta.files] == [("a.pdf", "a1", FileRole.MAIN)]


def test_an_impossible_date_stays_as_text() -> None:
    packet = read_packet(vendor(date_="2014/02/30"))
    assert packet.metadata is not None
    assert packet.metadata.issued_on is None
    assert packet.texts == {"PromulgationDate": "2014/02/30"}
    assert [f.code for f in packet.findings] == ["MIME-PACKET-FIELD"]


def test_a_field_given_twice_is_named() -> None:
    data = vendor().replace(b"<Subject>", b"<Subject>A</Subject><Subject>")
    assert "MIME-PACKET-FIELD-TWICE" in {f.code for f in read_packet(data).findings}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"<a/>",
        b"<edXML/>",
        b"%PDF-1.4",
        b"\xff\xfe<",
        b"<\x00\x00",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><edXML>&x;</edXML>',
        b'<?xml version="1.0"?><!DOCTYPE edXML SYSTEM "http://x/"><edXML/>',
        '<!DOCTYPE edXML [<!ENTITY x "y">]><edXML><MessageHeader/></edXML>'.encode("utf-16"),
        b"<edXML>" + b"<a>" * 200 + b"</a>" * 200 + b"</edXML>",
        b"<a>" * 100_000,
        b"<edXML>" + b"<a/>" * 300_000 + b"</edXML>",
        b'<?xml version="1.0" encoding="UTF-7"?><edXML/>',
        b'<?xml version="1.0" encoding="no-such"?><edXML><MessageHeader/></edXML>',
    ],
)
def test_what_is_no_packet_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_packet(data)


def test_external_things_are_never_fetched() -> None:
    data = vendor().replace(
        b"<Subject>",
        b'<Subject><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>',
    )
    meta = read_packet(data).metadata
    assert meta is not None
    assert meta.subject == "V/v ủy"


def zipped(data: bytes, names: tuple[str, ...] = ("3f2504e0-4f89-11d3-9a0c-0305e82c3301",)) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, data)
    return out.getvalue()


def attached(data: bytes, kind: str, name: str = "a.pdf", identifier: str = "a1") -> bytes:
    encoded = base64.encodebytes(data).decode()
    return vendor(
        tail=f"<AttachmentEncoded><Attachment><ContentId>{identifier}</ContentId><AttachmentName>{name}"
        f"</AttachmentName><ContentType>{kind}</ContentType><ContentTransferEncoded>{encoded}"
        "</ContentTransferEncoded></Attachment></AttachmentEncoded>"
    )


@pytest.mark.parametrize(
    ("data", "kind", "name", "content"),
    [
        (b"%PDF", "application/pdf", "a.pdf", b"%PDF"),
        (zipped(b"%PDF"), "application/zip", "a.pdf", b"%PDF"),
        (zipped(b"%PDF", ("../../etc/x",)), "application/zip", "a.pdf", b"%PDF"),
        (zipped(b"x"), "application/zip", "a.zip", zipped(b"x")),
    ],
)
def test_files_inside_a_vendors_packet(data: bytes, kind: str, name: str, content: bytes) -> None:
    packet = read_packet(attached(data, kind, name))
    assert packet.findings == ()
    assert [(e.content_id, e.name, e.content) for e in packet.embedded] == [("a1", name, content)]


@pytest.mark.parametrize(
    "data",
    [
        zipped(b"x", ("a", "b")),
        zipped(b"\0" * 60_000_000),
        zipped(b"x")[:-10],
        b"no zip",
        b"PK\x03\x04" + b"\0" * 50,
    ],
)
def test_an_unsafe_zip_is_left_closed(data: bytes) -> None:
    packet = read_packet(attached(data, "application/zip"))
    assert packet.embedded == ()
    assert [f.code for f in packet.findings] == ["MIME-PACKET-FIELD"]


def test_a_large_vendor_packet_is_read() -> None:
    data = bytes(range(256)) * 60_000
    packet = read_packet(attached(data, "application/pdf"))
    assert packet.embedded[0].content == data


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 60))
def test_damaged_packets_give_an_answer(rubbish: bytes, at: int, cut: int) -> None:
    whole = attached(b"%PDF", "application/zip")
    for data in (whole[:at] + rubbish + whole[at + cut :], rubbish):
        try:
            read_packet(data)
        except UnreadableError as error:
            assert error.message


def test_what_every_reader_needs_is_asked_for() -> None:
    with pytest.raises(InputError):
        write_packet(DocumentMetadata(number="1", symbol="QĐ-UBND", subject="x"))
    with pytest.raises(InputError):
        write_status(StatusReport("99", Party("H24"), DocumentLink()))
