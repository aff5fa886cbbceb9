"""PAdES signatures of every level, by files, checked by pyHanko and by poppler.

Quy chế Điều 11.1.b.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvan_core.errors import (
    ConfigurationError,
    CongvanError,
    InputError,
    RefusedError,
    TemporaryError,
    UnreadableError,
)
from congvan_core.signatures.signing import HttpTimeStamper, RevocationSource, load_pem, load_pkcs12, sign_pdf, source
from support_pdf import make_pdf, make_scan
from support_pki import PASSWORD, LivePki
from support_verdicts import pdfsig, signatures, statuses, verdicts


@pytest.fixture(scope="module")
def revocation(pki: LivePki) -> RevocationSource:
    return source([pki.cert("root")], [pki.cert("state-ca")], [pki.crl("root"), pki.crl("state-ca")])


def test_a_person_then_an_agency(pki: LivePki, pki_folder: Path) -> None:
    leader = load_pkcs12(pki_folder / "leader.p12", PASSWORD)
    agency = load_pem(pki_folder / "agency-a.key.pem", pki_folder / "agency-a.pem", chain=pki_folder / "chain.pem")
    original = make_pdf()
    once = sign_pdf(original, leader)
    twice = sign_pdf(once, agency, kind="agency")
    assert once.startswith(original)
    assert twice.startswith(once)
    assert verdicts(twice, pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]
    person, seal = statuses(twice, pki)
    assert person.modification_level.name in ("LTA_UPDATES", "FORM_FILLING")
    assert seal.modification_level.name == "NONE"
    report = pdfsig(twice)
    assert report["NguoiKy"]["Signature Type"] == "ETSI.CAdES.detached"
    assert report["CoQuan"]["total"] == "True"


def test_scans_and_ec_keys(pki: LivePki) -> None:
    signed = sign_pdf(make_scan(), pki.signing_key("agency-ec"), kind="agency")
    assert verdicts(signed, pki) == [("CoQuan", True, True)]
    assert signatures(signed)[0].docmdp_level is None  # an agency alone does not certify


def test_the_claimed_time_is_the_given_one(pki: LivePki) -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    signed = sign_pdf(make_pdf(), pki.signing_key("leader"), signing_time=at, reason="Ký duyệt", location="Hải Phòng")
    signature = signatures(signed)[0]
    assert signature.self_reported_timestamp == at
    assert signature.sig_object["/M"] == "D:20260304120607+07'00'"
    assert signature.sig_object["/Reason"] == "Ký duyệt"


def test_a_time_stamp_of_the_authority(pki: LivePki) -> None:
    signed = sign_pdf(make_pdf(), pki.signing_key("leader"), timestamper=HttpTimeStamper(pki.tsa_url))
    status = statuses(signed, pki)[0]
    assert status.bottom_line
    assert status.timestamp_validity.valid
    assert status.timestamp_validity.trusted


def test_a_time_stamp_service_that_is_away_is_temporary(pki: LivePki) -> None:
    pki.down = True
    try:
        with pytest.raises(TemporaryError, match="dấu thời gian"):
            sign_pdf(make_pdf(), pki.signing_key("leader"), timestamper=HttpTimeStamper(pki.tsa_url))
    finally:
        pki.down = False
    with pytest.raises(TemporaryError):
        sign_pdf(
            make_pdf(), pki.signing_key("leader"), timestamper=HttpTimeStamper("http://127.0.0.1:9/tsa", timeout=5)
        )
    with pytest.raises(TemporaryError):  # something that is no time-stamp authority
        sign_pdf(make_pdf(), pki.signing_key("leader"), timestamper=HttpTimeStamper(pki.ocsp_url))


def test_long_term_from_own_lists_and_from_the_network(pki: LivePki, revocation: RevocationSource) -> None:
    stamper = HttpTimeStamper(pki.tsa_url)
    offline = sign_pdf(make_pdf(), pki.signing_key("leader"), timestamper=stamper, revocation=revocation, archive=True)
    assert verdicts(offline, pki) == [("NguoiKy", True, True)]
    hosts = ["127.0.0.1"]
    fetching = source([pki.cert("root")], [pki.cert("state-ca")], fetch=True, allowed_hosts=hosts)
    pki.hits.clear()
    online = sign_pdf(make_pdf(), pki.signing_key("leader"), timestamper=stamper, revocation=fetching)
    assert verdicts(online, pki) == [("NguoiKy", True, True)]
    assert any("ocsp" in hit for hit in pki.hits)
    for pdf, key in ((offline, "/CRLs"), (online, "/OCSPs")):
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            assert len(opened.Root.DSS[key]) > 0


def test_addresses_of_strangers_are_not_asked(pki: LivePki) -> None:
    fetching = source([pki.cert("root")], [pki.cert("state-ca")], fetch=True, allowed_hosts=["ocsp.example.vn"])
    pki.hits.clear()
    with pytest.raises(RefusedError):
        sign_pdf(make_pdf(), pki.signing_key("leader"), revocation=fetching)
    assert pki.hits == []


@pytest.mark.parametrize(
    ("name", "words"), [("revoked", "đã bị thu hồi"), ("expired", "đã hết hạn"), ("stranger", "chứng thư gốc")]
)
def test_long_term_refuses_a_certificate_that_does_not_hold(
    pki: LivePki, revocation: RevocationSource, name: str, words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        sign_pdf(make_pdf(), pki.signing_key(name), revocation=revocation)


def test_fields_are_not_signed_twice(pki: LivePki) -> None:
    key = pki.signing_key("leader")
    once = sign_pdf(make_pdf(), key)
    with pytest.raises(RefusedError, match="đã được ký"):
        sign_pdf(once, key, field_name="NguoiKy")
    with pytest.raises(RefusedError, match="đầu tiên"):
        sign_pdf(once, key, certify=True)
    again = sign_pdf(once, pki.signing_key("clerk"))  # several persons in order
    assert [v[0] for v in verdicts(again, pki)] == ["NguoiKy", "NguoiKy2"]
    closed = sign_pdf(make_pdf(), key, docmdp=1, certify=True)
    assert signatures(closed)[0].docmdp_level.value == 1


def test_after_a_certification_only_fields_that_were_laid_take_a_visible_signature(pki: LivePki) -> None:
    leader, clerk, agency = (pki.signing_key(n) for n in ("leader", "clerk", "agency-a"))
    place = (100, 100, 200, 150)
    options = {"page": 0, "rect": (300, 100, 400, 150), "reserve": [("Nguoi2", 0, place)], "reserve_agency": True}
    first = sign_pdf(make_pdf(), leader, **options)
    assert signatures(first)[0].docmdp_level.value == 2
    with pytest.raises(RefusedError, match="đặt sẵn"):
        sign_pdf(first, clerk, rect=(10, 10, 90, 90))
    second = sign_pdf(first, clerk, field_name="Nguoi2")
    third = sign_pdf(second, agency, kind="agency")
    assert verdicts(third, pki) == [("NguoiKy", True, True), ("Nguoi2", True, True), ("CoQuan", True, True)]
    assert all(s.docmdp_ok for s in statuses(third, pki))
    for wrong in ([("NguoiKy", 0, place)], [("x", 9, place)]):
        with pytest.raises(InputError, match="chỗ cho chữ ký"):
            sign_pdf(make_pdf(), leader, reserve=wrong)


@pytest.mark.parametrize(
    "options",
    [
        {"page": 7, "rect": (10, 10, 90, 90)},
        {"rect": (5000, 5000, 5100, 5100)},
        {"rect": (10, 10, 10, 10)},
        {"docmdp": 9},
        {"field_name": "a.b"},
        {"digest": "md5"},
    ],
)
def test_wrong_places_and_options_are_named(pki: LivePki, options: dict[str, object]) -> None:
    with pytest.raises((InputError, RefusedError)):
        sign_pdf(make_pdf(), pki.signing_key("leader"), **options)


def test_encrypted_and_damaged_files_are_unreadable(pki: LivePki) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_pdf())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    for data in (out.getvalue(), b"", b"%PDF-1.7\nnothing", make_pdf()[:-900], b"PK\x03\x04"):
        with pytest.raises(UnreadableError):
            sign_pdf(data, pki.signing_key("leader"))


@settings(max_examples=25)
@given(cut=st.integers(0, 2000), at=st.integers(0, 90_000), junk=st.binary(max_size=40))
def test_any_damage_gives_a_clear_error_or_a_signature(pki: LivePki, cut: int, at: int, junk: bytes) -> None:
    pdf = make_pdf()
    broken = pdf[: min(at, len(pdf))] + junk + pdf[min(at + cut, len(pdf)) :]
    try:
        signed = sign_pdf(broken, pki.signing_key("leader"))
    except CongvanError as e:
        assert str(e)
    else:
        assert signed.startswith(broken)


async def test_inside_a_running_loop(pki: LivePki) -> None:
    assert sign_pdf(make_pdf(), pki.signing_key("leader"))


def test_keys_that_do_not_load_say_why(pki: LivePki, pki_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="sai mật khẩu"):
        load_pkcs12(pki_folder / "leader.p12", "wrong")
    with pytest.raises(ConfigurationError, match="không khớp"):
        load_pem(pki_folder / "leader.key.pem", pki_folder / "clerk.pem")
    with pytest.raises(ConfigurationError, match="chứng thư số"):
        load_pem(pki_folder / "leader.key.pem", pki_folder / "leader.key.pem")
    with pytest.raises(ConfigurationError, match="khóa riêng"):
        load_pem(pki_folder / "leader.pem", pki_folder / "leader.pem")
    with pytest.raises(ConfigurationError, match="Không đọc được tệp"):
        load_pkcs12(tmp_path / "none.p12", "x")
    huge = tmp_path / "huge.p12"
    huge.write_bytes(bytes(2 << 20))
    with pytest.raises(ConfigurationError, match="quá lớn"):
        load_pkcs12(huge, "x")
