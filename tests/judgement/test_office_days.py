"""The ten situations of an ordinary Vietnamese office, each by its name and through the real path: a mail is taken in,
judged, registered or held, answered.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from congvan_core.agencies.editing import abolish, add_body, add_contact_point, add_mailbox
from congvan_core.agencies.keys import confirm_key, enroll_key
from congvan_core.agencies.lookup import by_name
from congvan_core.documents.model import FileRole, LegalValue, Party, Urgency
from congvan_core.documents.store import StoredDocument, arrivals_of, files_of, get_document
from congvan_core.ids import VIETNAM, now
from congvan_core.registers.entries import entries_of
from congvan_core.registers.instructions import give_instruction
from congvan_core.registers.other_channels import add_other_arrival, register_by_hand
from congvan_core.signatures.sign_timestamp import TimeStamper
from congvan_core.signatures.signing import sign_pdf
from congvan_core.storage.schema import contact_point
from congvan_gateway.main import App
from congvan_gateway.quarantine import acts
from congvan_gateway.quarantine.attaching import attach
from congvan_gateway.quarantine.correcting import correct
from congvan_gateway.storage.schema import message
from support_held import CLERK, answers, arrive, by_hand_only, codes, row_of
from support_judgement import AGENCY_A, mail, metadata, package, page, signed
from support_pki import LivePki
from support_station import A, B, make_station

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "signatures_verify"))

FRONT = "mx.b.example.vn"
OFFICE = "Văn phòng HĐND và UBND phường Thí Điểm"
COUNCIL, COMMITTEE = "Hội đồng nhân dân phường Thí Điểm", "Ủy ban nhân dân phường Thí Điểm"
TODAY = now().astimezone(VIETNAM).date()
_ids = itertools.count(1)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("ngay-lam-viec")
    sections = {"origin": {"trusted_authserv": [FRONT]}}
    with make_station(folder, B, A, pki, relay_port=9, own_sections=sections).app() as opened:
        with opened.database.write() as connection:
            other = add_contact_point(connection, "H24.92", "Sở Thử Nghiệm C", actor="test")
            add_body(connection, other.id, "H24.92", "Sở Thử Nghiệm C", actor="test")
            add_mailbox(connection, other.id, "vanthu@c.example.vn", actor="test", test_environment=True, gateway=True)
            enroll_key(connection, other.id, pki.der("station-ec"), actor="test", at=now())
            office = add_contact_point(connection, "H24.93", OFFICE, actor="test")
            add_body(connection, office.id, "H24.93.1", COUNCIL, actor="test")
            add_body(connection, office.id, "H24.93.2", COMMITTEE, actor="test")
            add_mailbox(connection, office.id, "vanthu@d.example.vn", actor="test", test_environment=True, gateway=True)
            enroll_key(connection, office.id, pki.der("gateway-b"), actor="test", at=now())
        yield opened


def authenticated(raw: bytes, domain: str = "a.example.vn") -> bytes:
    """As our own mail server hands it on: aligned DKIM, told above its own trace."""
    head = (
        f"Authentication-Results: {FRONT}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}\r\n"
        f"Received: from mx.{domain} by {FRONT}; Wed, 05 Aug 2026 10:00:00 +0700\r\n"
    )
    return head.encode() + raw.replace(b"<thu-1@", b"<thu-%d@" % next(_ids))


def document(app: App, document_id: str | None) -> StoredDocument:
    assert document_id is not None
    with app.database.read() as connection:
        return get_document(connection, document_id)


def packed(pki: LivePki, pdf: bytes, name: str, *, key: str = "gateway-a", sender: str = A.mail, **meta: Any) -> bytes:
    return package(pki, [(name, pdf, FileRole.MAIN)], key=pki.signing_key(key), meta=metadata(**meta), from_mail=sender)


# --- 1 ----------------------------------------------------------------------------------------------------------------


def test_situation_01_equal_numbers_of_different_bodies_and_years(app: App, tmp_path: Path, pki: LivePki) -> None:
    """15/QĐ-UBND of two agencies on one day, and of last year: three documents, three numbers, no duplicate."""
    made = []
    for author, party, key, sender, day in (
        (AGENCY_A, Party("H24.90", "Sở Thử Nghiệm A"), "gateway-a", A.mail, date(2026, 8, 5)),
        ("SỞ THỬ NGHIỆM C", Party("H24.92", "Sở Thử Nghiệm C"), "station-ec", "vanthu@c.example.vn", date(2026, 8, 5)),
        (AGENCY_A, Party("H24.90", "Sở Thử Nghiệm A"), "gateway-a", A.mail, date(2025, 8, 5)),
    ):
        said = {"number": "15", "symbol": "QĐ-UBND", "issued_on": day, "type_name": "Quyết định"}
        pdf = signed(pki, page(author=author, **said), "leader")
        raw = packed(pki, pdf, f"15-QD-UBND_{day:%d%m%Y}_Quyet-dinh.pdf", key=key, sender=sender, author=party,
                     subject="rà soát hộp thư công vụ", type_code=None, **said)  # fmt: skip
        taken = arrive(app, tmp_path, raw, sender)
        assert taken["state"] in ("registered", "held")
        assert not {c for c in codes(taken) if c.startswith("DUP-")}
        made.append(
            taken
            if taken["state"] == "registered"
            else acts.release(app, taken["message"], CLERK, reason="năm").to_json()
        )
    assert len({m["register_number"] for m in made}) == 3
    authors = [document(app, m["document_id"]).author_code for m in made]
    assert authors == ["H24.90", "H24.92", "H24.90"]


def test_situation_01_one_mailbox_for_two_bodies(app: App, tmp_path: Path, pki: LivePki) -> None:
    """The author is the body that the packet and the page name, never the mailbox's contact point."""
    found = []
    for code, name, symbol in (("H24.93.1", COUNCIL, "NQ-HĐND"), ("H24.93.2", COMMITTEE, "QĐ-UBND")):
        kind = "Nghị quyết" if "NQ" in symbol else "Quyết định"
        said = {"number": "15", "symbol": symbol, "type_name": kind}
        pdf = signed(pki, page(author=name.upper(), **said), "leader")
        raw = packed(pki, pdf, f"15-{symbol}.pdf", key="gateway-b", sender="vanthu@d.example.vn",
                     author=Party(code, name), type_code=None, **said)  # fmt: skip
        taken = arrive(app, tmp_path, raw, "vanthu@d.example.vn")
        assert taken["state"] == "registered", codes(taken)
        found.append(document(app, taken["document_id"]))
    assert [(d.author_code, d.author_name) for d in found] == [("H24.93.1", COUNCIL), ("H24.93.2", COMMITTEE)]


def test_situation_01_without_an_author_it_is_only_possible(app: App, tmp_path: Path, pki: LivePki) -> None:
    said: dict[str, Any] = {"number": "501", "symbol": "STNA-VP"}
    first = arrive(app, tmp_path, packed(pki, signed(pki, page(**said)), "501.pdf", **said))
    assert first["state"] == "registered"
    # the same number from a mailbox whose document bears no seal: nobody has established who issued it
    again = arrive(app, tmp_path, authenticated(mail(("501.pdf", signed(pki, page(**said, subject="khác"), "leader")))))
    assert again["state"] == "conflict"
    assert "DUP-POSSIBLE" in codes(again)
    assert "DUP-SAME-DOCUMENT" not in codes(again)


def test_situation_01_two_names_that_differ_by_an_accent_are_two(app: App) -> None:
    with app.database.write() as connection:
        for code, name in (("H24.94", "Xã Cẩm Giàng"), ("H24.95", "Xã Cẩm Giang")):
            point = add_contact_point(connection, code, name, actor="test")
            add_body(connection, point.id, code, name, actor="test")
        assert [a.code for a in by_name(connection, "xã Cẩm Giàng", TODAY)] == ["H24.94"]
        assert [a.code for a in by_name(connection, "Xã Cẩm Giang", TODAY)] == ["H24.95"]


# --- 2, 3, 4, 5 -------------------------------------------------------------------------------------------------------


def test_situation_02_no_type_group_and_a_human_file_name(app: App, tmp_path: Path, pki: LivePki) -> None:
    name = "1. CV rs bien che (ban cuoi) (2).signed.pdf"
    taken = arrive(app, tmp_path, authenticated(mail((name, signed(pki, page(number="520", symbol="STNA-CCVC"))))))
    assert taken["state"] == "registered", codes(taken)
    there = document(app, taken["document_id"])
    assert (there.number_symbol, there.type_name) == ("520/STNA-CCVC", "Công văn")
    with app.database.read() as connection:
        (file,) = [f for f in files_of(connection, there.id) if f.role is FileRole.MAIN]
    assert file.name == name
    assert file.proper_name == "520-STNA-CCVC_05082026_Ra-soat-hop-thu-cong-vu.signed.pdf"


def test_situation_02_an_ambiguous_group_without_a_page_is_asked(app: App, tmp_path: Path, pki: LivePki) -> None:
    """28/KH-STNA may be a plan or a letter of the science office: the clerk says which."""
    raw = packed(pki, signed(pki, page(number="28", symbol="KH-STNA", type_name="")), "28.pdf", number="28",
                 symbol="KH-STNA", type_name="", type_code=None)  # fmt: skip
    taken = arrive(app, tmp_path, raw)
    (asked,) = [f for f in taken["findings"] if f["code"] == "INTEGRITY-TYPE-AMBIGUOUS"]
    assert "Kế hoạch" in asked["message"]
    assert "Công văn" in asked["message"]


def test_situation_03_scan_sealed_by_the_agency_with_its_final_draft(app: App, tmp_path: Path, pki: LivePki) -> None:
    from test_situations import docx

    scan = signed(pki, page(number="530", symbol="BC-STNA", type_name="Báo cáo", subject="kết quả"), "agency-a")
    blank = docx("Số:      /BC-STNA\nHải Phòng, ngày    tháng    năm 2026\nBÁO CÁO")
    raw = mail(("530-BC-STNA_05082026_Ket-qua.signed.pdf", scan), ("530-BC-STNA du thao cuoi.docx", blank))
    taken = arrive(app, tmp_path, authenticated(raw))
    assert taken["state"] == "registered", codes(taken)
    there = document(app, taken["document_id"])
    assert there.legal_value == LegalValue.PENDING_REGISTRATION.value
    with app.database.read() as connection:
        assert len(entries_of(connection, there.id)) == 1
        roles = [f.role for f in files_of(connection, there.id)]
    assert roles == [FileRole.MAIN, FileRole.FINAL_DRAFT]


def test_situation_04_number_written_after_the_leader_signed(app: App, tmp_path: Path, pki: LivePki) -> None:
    import attacks  # the later revision that the usual signing tools write

    from support_signed import page_pdf, seal

    person = seal(pki, page_pdf(), name="leader")
    pdf = seal(pki, attacks.write_number(person), name="agency-a")
    taken = arrive(app, tmp_path, authenticated(mail(("12-QD-UBND_22112026_Phe-duyet.pdf", pdf))))
    assert taken["state"] == "held"
    assert taken["recommended"] == "quarantine", "never called forged"
    assert "SIG-NUMBER-AFTER-SIGNATURE" in codes(taken)
    (finding,) = [f for f in taken["findings"] if f["code"] == "SIG-NUMBER-AFTER-SIGNATURE"]
    assert "người có thẩm quyền" in finding["message"]
    forged = seal(
        pki, attacks.write_number(person, more=b"BT /FX 13 Tf 300 500 Td (9.000.000 dong) Tj ET "), name="agency-a"
    )
    other = arrive(app, tmp_path, authenticated(mail(("13-QD-UBND_22112026_Phe-duyet.pdf", forged))))
    assert other["recommended"] == "refuse", "anything else added is an alteration"


def test_situation_05_wrong_year_in_the_name_or_on_the_page(app: App, tmp_path: Path, pki: LivePki) -> None:
    def decision(day: date, name: str) -> dict[str, Any]:
        pdf = signed(pki, page(number="12", symbol="QĐ-STNA", type_name="Quyết định", issued_on=day))
        return arrive(app, tmp_path, authenticated(mail((name, pdf))))

    earlier = decision(date(TODAY.year - 1, 1, 5), f"12-QD-STNA_0501{TODAY.year - 1}_Quyet-dinh.pdf")
    if earlier["state"] == "held":  # signed a year after its date
        earlier = acts.release(app, earlier["message"], CLERK).to_json()
    new = decision(TODAY, f"12-QD-STNA_0501{TODAY.year - 1}_Quyet-dinh.pdf")
    assert new["state"] == "registered", codes(new)
    assert new["register_number"] != earlier["register_number"]
    assert document(app, new["document_id"]).issued_on == TODAY
    assert "INTEGRITY-NAME-DIFFERS" in codes(new)
    slip = decision(TODAY.replace(year=TODAY.year - 1, day=1), "12a.pdf")
    assert slip["state"] == "held"
    (clash,) = [f for f in slip["findings"] if f["code"] == "INTEGRITY-YEAR-DIFFERS"]
    assert "đính chính" in clash["advice"]
    outcome = acts.release(
        app, slip["message"], CLERK, reason="đã hỏi bên gửi, đúng là năm nay; chờ công văn đính chính"
    )
    there = document(app, outcome.document_id)
    assert there.issued_on is not None
    assert there.issued_on.year == TODAY.year - 1, "a signed page is never corrected"
    assert "đính chính" in (there.remark or "")


# --- 6 ----------------------------------------------------------------------------------------------------------------


class EarlierStamp(TimeStamper):
    """The test authority's token of a moment in the past."""

    def __init__(self, pki: LivePki, moment: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._pki, self._moment = pki, moment

    async def async_request_tsa_response(self, req: Any) -> Any:
        from certomancer.registry import ServiceLabel

        service = self._pki._arch.service_registry.summon_timestamper(ServiceLabel("tsa"), self._moment)
        return service.request_tsa_response(req)


def old_document(pki: LivePki, number: str, moment: datetime | None) -> bytes:
    """Of UBND huyện X, its certificate revoked a hundred days ago; stamped before that or not at all."""
    pdf = page(author="ỦY BAN NHÂN DÂN HUYỆN X", number=number, symbol="QĐ-UBND", type_name="Quyết định",
               issued_on=(moment or now()).astimezone(VIETNAM).date())  # fmt: skip
    stamper = EarlierStamp(pki, moment) if moment else None
    return sign_pdf(pdf, pki.signing_key("revoked"), timestamper=stamper)


def test_situation_06_agencies_merged_and_abolished(app: App, tmp_path: Path, pki: LivePki) -> None:
    before = now() - timedelta(days=150)
    with app.database.write() as connection:
        point = add_contact_point(connection, "000.05.17.H24", "Ủy ban nhân dân huyện X", actor="test")
        add_body(connection, point.id, "000.05.17.H24", "Ủy ban nhân dân huyện X", actor="test")
        add_mailbox(connection, point.id, "vanthu@x.example.vn", actor="test", test_environment=True)
        last = (now() - timedelta(days=110)).astimezone(VIETNAM).date()
        abolish(connection, "000.05.17.H24", last_day=last, successor_code="H24.90", actor="test")
    raw = mail(("31.pdf", old_document(pki, "31", before)), sender="Huyện X <vanthu@x.example.vn>")
    taken = arrive(app, tmp_path, authenticated(raw, "x.example.vn"), "vanthu@x.example.vn")
    (ended,) = [f for f in taken["findings"] if f["code"] == "ORIGIN-AGENCY-ENDED"]
    assert "H24.90" in str(ended["evidence"]["successor"])
    report = row_of(app, taken["message"]).report
    assert report["verification"][0]["outcome"] == "valid", "good at the trusted signing time, revoked later"
    assert report["origin"]["answer_to"] == A.mail, "answered to the successor"
    correct(app, taken["message"], {"author_code": "000.05.17.H24"}, CLERK)
    outcome = acts.release(app, taken["message"], CLERK)
    assert document(app, outcome.document_id).author_name == "Ủy ban nhân dân huyện X", "its author for ever"
    (answer,) = [a for a in answers(app, taken["message"]) if a.kind == "receipt_03"]
    assert answer.rcpt_to == A.mail
    late = mail(("32.pdf", old_document(pki, "32", None)), sender="Huyện X <vanthu@x.example.vn>")
    unproved = arrive(app, tmp_path, authenticated(late, "x.example.vn"), "vanthu@x.example.vn")
    assert unproved["state"] == "held"
    assert {"SIG-REVOKED-TIME-UNPROVED", "SIG-REVOKED"} & codes(unproved)


def test_situation_06_the_old_mailbox_forwards(app: App, tmp_path: Path, pki: LivePki) -> None:
    with app.database.write() as connection:
        own = connection.execute(select(contact_point).where(contact_point.c.own)).one()
        add_mailbox(
            connection, own.id, "ubndhuyen@cu.example.vn", actor="test", test_environment=True, role="forwarder"
        )
    raw = packed(pki, signed(pki, page(number="560")), "560.pdf", number="560", sender="ubndhuyen@cu.example.vn")
    taken = arrive(app, tmp_path, raw, "ubndhuyen@cu.example.vn")
    assert "ORIGIN-FORWARDED" in codes(taken)
    assert "ORIGIN-PACKET-SENDER" not in codes(taken)
    row = row_of(app, taken["message"])
    assert row.report["origin"]["answer_to"] == A.mail, "the author's own mailbox is answered, not the forwarder"


# --- 7 ----------------------------------------------------------------------------------------------------------------


def test_situation_07_the_sender_is_not_the_author(app: App, tmp_path: Path, pki: LivePki) -> None:
    said: dict[str, Any] = {"number": "570", "symbol": "QĐ-STNC", "type_name": "Quyết định"}
    pdf = signed(pki, page(author="SỞ THỬ NGHIỆM C", **said), "leader-b")
    taken = arrive(app, tmp_path, authenticated(mail(("570-QD-STNC_05082026_Chuyen-tiep.pdf", pdf))))
    assert taken["state"] == "held", "whose it is a clerk says"
    correct(app, taken["message"], {"author_code": "H24.92"}, CLERK)
    outcome = acts.release(app, taken["message"], CLERK)
    there = document(app, outcome.document_id)
    assert (there.author_code, there.author_name) == ("H24.92", "Sở Thử Nghiệm C")
    assert "do Sở Thử Nghiệm A chuyển tiếp" in (there.remark or "")


def test_situation_07_a_portal_s_signature_is_named_as_what_it_is(app: App, tmp_path: Path, samples: Path) -> None:
    pdf = (samples / "decisions" / "1053-ttg.signed.pdf").read_bytes()
    taken = arrive(app, tmp_path, authenticated(mail(("1053-ttg.signed.pdf", pdf))))
    assert taken["state"] == "held"
    assert taken["recommended"] == "quarantine", "genuine and undecided, never refused"
    (note,) = [f for f in taken["findings"] if f["code"] == "CONTENT-PUBLISHED-COPY"]
    assert note["message"].startswith("Bản đăng tải do CỔNG THÔNG TIN ĐIỆN TỬ CHÍNH PHỦ ký số")


# --- 8 ----------------------------------------------------------------------------------------------------------------


def test_situation_08_by_zalo_by_mail_on_paper_and_again(app: App, tmp_path: Path, pki: LivePki) -> None:
    said: dict[str, Any] = {"number": "580", "symbol": "STNA-VP"}
    with app.database.write() as connection:
        own = connection.execute(select(contact_point).where(contact_point.c.own)).one()
        stored = app.blobs.put_bytes(b"\xff\xd8\xff\xe0" + b"anh chup 580" * 50)
        from congvan_core.documents.store import StoredFile

        first = register_by_hand(
            connection, agency_id=own.id, body_code=own.code, channel="zalo", actor=CLERK.name,
            metadata=metadata(**said, author=Party("H24.90", "Sở Thử Nghiệm A")), arrived_at=now() - timedelta(hours=2),
            files=[StoredFile("anh.jpg", stored.sha256, stored.size, FileRole.MAIN)],
        )  # fmt: skip
    assert document(app, first.document_id).legal_value == LegalValue.FOR_INFORMATION.value
    raw = packed(pki, signed(pki, page(**said)), "580.pdf", **said)
    by_mail = arrive(app, tmp_path, raw)
    assert by_mail["state"] == "conflict", "the contents differ: the clerk decides"
    attach(app, by_mail["message"], CLERK, first.document_id, reason="đã đối chiếu với ảnh gửi trước")
    assert document(app, first.document_id).legal_value == LegalValue.PENDING_REGISTRATION.value
    with app.database.write() as connection:
        add_other_arrival(connection, first.document_id, agency_id=own.id, channel="paper", arrived_at=now(),
                          actor=CLERK.name, at=now(), remark="đã nhận bản giấy")  # fmt: skip
    again = arrive(app, tmp_path, raw.replace(b"Message-ID: <", b"Message-ID: <lai-"))
    assert (again["state"], again["register_number"]) == ("duplicate", first.entry.number_text)
    assert [a.kind for a in answers(app, again["message"])] == ["duplicate"], "the original receipt once more"
    with app.database.read() as connection:
        assert [a["channel"] for a in arrivals_of(connection, first.document_id)] == ["zalo", "email", "paper", "email"]
        assert len(entries_of(connection, first.document_id)) == 1


# --- 9 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "recorded", "mark", "starts"),
    [
        ("590", "2026-08-21T17:20", "", "2026-08-22T07:30"),
        ("591", "2026-08-28T17:30", "", "2026-09-03T07:30"),
        ("592", "2026-11-23T17:30", "", "2026-11-25T07:30"),
        ("593", "2026-08-05T12:10", "", "2026-08-05T12:10"),
        ("594", "2026-08-08T23:50", "HỎA TỐC", "2026-08-08T23:50"),
    ],
)
def test_situation_09_swapped_days_a_holiday_a_storm(
    app: App, tmp_path: Path, pki: LivePki, number: str, recorded: str, mark: str, starts: str
) -> None:
    swaps = [
        {"day": "2026-08-22", "working": True, "reason": "làm bù", "source": "thông báo"},
        {"day": "2026-08-31", "working": False, "reason": "nghỉ hoán đổi", "source": "thông báo"},
    ]
    with app.database.write() as connection:
        connection.execute(update(contact_point).where(contact_point.c.own).values(settings={"day_changes": swaps}))
    urgency = Urgency.EXPRESS if mark else Urgency.NORMAL
    pdf = signed(pki, page(number=number, mark=mark or None))
    by_hand_only(app)
    item = arrive(app, tmp_path, packed(pki, pdf, f"{number}.pdf", number=number, urgency=urgency))["message"]
    moment = datetime.fromisoformat(recorded).replace(tzinfo=VIETNAM)
    with app.database.write() as connection:
        connection.execute(update(message).where(message.c.id == item).values(arrived_at=moment))
    outcome = acts.release(app, item, CLERK)
    with app.database.write() as connection:
        assert outcome.document_id is not None
        (entry,) = entries_of(connection, outcome.document_id)
        own = connection.execute(select(contact_point.c.id).where(contact_point.c.own)).scalar_one()
        give_instruction(connection, own, given_by="Chủ tịch", at=now())
    assert entry.clock_starts_at == datetime.fromisoformat(starts).replace(tzinfo=VIETNAM)
    assert row_of(app, item).urgency == int(urgency)


# --- 10 ---------------------------------------------------------------------------------------------------------------


def test_situation_10_a_person_s_renewed_certificate_is_no_matter(app: App, tmp_path: Path, pki: LivePki) -> None:
    """Nobody's personal certificate is in the directory: the clerk's signature counts like the leader's."""
    pdf = signed(pki, page(number="601"), "clerk", "agency-a")
    taken = arrive(app, tmp_path, packed(pki, pdf, "601.pdf", number="601"))
    assert taken["state"] == "registered", codes(taken)


def test_situation_10_a_new_agency_certificate_asks_once(app: App, tmp_path: Path, pki: LivePki) -> None:
    pdf = signed(pki, page(number="602"), "leader", "agency-ec")
    taken = arrive(app, tmp_path, packed(pki, pdf, "602.pdf", number="602"))
    assert taken["state"] == "held"
    assert "ORIGIN-CERTIFICATE-NEW" in codes(taken)
    with app.database.write() as connection:
        point = connection.execute(select(contact_point.c.id).where(contact_point.c.code == "H24.90")).scalar_one()
        key = enroll_key(connection, point, pki.der("agency-ec"), actor=CLERK.name, at=now(), purpose="document",
                         confirmed=False)  # fmt: skip
        confirm_key(connection, key.id, actor=CLERK.name, at=now())
    next_one = signed(pki, page(number="603"), "leader", "agency-ec")
    assert arrive(app, tmp_path, packed(pki, next_one, "603.pdf", number="603"))["state"] == "registered"
    assert acts.release(app, taken["message"], CLERK).state == "registered"


# --- in one line each -------------------------------------------------------------------------------------------------


def test_from_a_private_mailbox_it_waits_and_the_official_one_is_answered(
    app: App, tmp_path: Path, pki: LivePki
) -> None:
    with app.database.write() as connection:
        point = connection.execute(select(contact_point.c.id).where(contact_point.c.code == "H24.90")).scalar_one()
        add_mailbox(
            connection, point, "canbo@gmail.com", actor="test", kind="personal", role="check", test_environment=True
        )
    raw = mail(("610.pdf", signed(pki, page(number="610"))), sender="Cán bộ <canbo@gmail.com>")
    taken = arrive(app, tmp_path, authenticated(raw, "gmail.com"), "canbo@gmail.com")
    assert taken["state"] == "held"
    assert "ORIGIN-PERSONAL-MAILBOX" in codes(taken)
    outcome = acts.release(app, taken["message"], CLERK, reason="hộp thư công vụ của bên gửi đầy")
    assert "hộp thư công vụ của bên gửi đầy" in (document(app, outcome.document_id).remark or "")
    assert {a.rcpt_to for a in answers(app, taken["message"])} <= {A.mail}


def test_an_unsigned_invitation_is_registered_for_information_by_one_key(app: App, tmp_path: Path) -> None:
    taken = arrive(app, tmp_path, authenticated(mail(("giay moi.pdf", page(number="611", symbol="GM-STNA")))))
    assert taken["state"] == "held"
    assert taken["recommended"] == "quarantine"
    outcome = acts.release(app, taken["message"], CLERK, for_information=True)
    assert document(app, outcome.document_id).legal_value == LegalValue.FOR_INFORMATION.value


def test_internal_circulation_is_told_and_does_not_seal(app: App, tmp_path: Path, pki: LivePki) -> None:
    pdf = signed(pki, page(number="612", mark="LƯU HÀNH NỘI BỘ"))
    taken = arrive(app, tmp_path, packed(pki, pdf, "612.pdf", number="612"))
    assert "SECRET-INTERNAL-CIRCULATION" in codes(taken)
    assert taken["state"] == "registered"
