"""Điều 19, 20.1: Duyệt, Không duyệt, Ký duyệt; number and seal after the signature; nothing changed in between.

Quy chế Điều 3.6; Điều 6.2.a-b; Điều 7.3; Điều 11.1.a; Điều 19.1-19.2; Điều 19.3; Điều 20.1.a; Điều 20.1.b; Điều
24.1.a-g. NĐ 30 Điều 13.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from congvan_core.errors import ConflictError, InputError, RefusedError, TemporaryError
from congvan_core.ids import VIETNAM, now
from congvan_core.signatures.sign_fields import prepare_number_fields
from congvan_core.signatures.signing import sign_pdf
from congvan_core.storage.blobs import record
from congvan_core.storage.schema import entry, event
from congvan_core.workflow import drafts
from congvan_core.workflow.moves import DRAFT_MOVES, DraftState
from congvan_core.workflow.numbering_and_seal import attach_scan, give_number, keep_archive_copy, seal
from congvan_core.workflow.organisation import acting, delegate
from congvan_core.workflow.schema import draft
from congvan_core.workflow.signing_round import Place, accept_signed, form_values, sign, sign_on_paper
from congvan_gateway.dispatch.from_drafts import issue
from support_pdf import make_blank, make_scan
from support_pki import LivePki
from support_station import B_CODE, A, B, make_station
from support_verdicts import verdicts
from support_workflow import Office, build

BLANK = make_blank()
PLACE = Place(BLANK.signature_page, BLANK.signature_rect)


def prepared() -> bytes:
    return prepare_number_fields(BLANK.pdf, BLANK.number_rect, BLANK.date_rect)


def new_draft(office: Office, *signers: str, pdf: bytes | None = None, to: str = B_CODE, body: str = "H24.15") -> str:
    wanted = drafts.Plan(
        body, "Quyết định", "QĐ-STNA", "Phê duyệt Kế hoạch", (to,),
        tuple((office.people[name], "") for name in signers or ("leader",)),
    )  # fmt: skip
    stored = office.blobs.put_bytes(pdf or prepared())
    with office.database.write() as connection:
        made = drafts.begin(connection, office.actor("drafter"), office.unit_id, wanted, at=now())
        drafts.add_version(connection, made, office.actor("drafter"), "du-thao.pdf", stored, at=now())
    return made


def on_the_desk(office: Office, draft_id: str) -> str:
    with office.database.write() as connection:
        drafts.submit(connection, draft_id, office.actor("drafter"), at=now())
        drafts.approve(connection, draft_id, office.actor("head"), at=now(), text="Đồng ý trình")
    return draft_id


def state(office: Office, draft_id: str) -> str:
    with office.database.read() as connection:
        return str(drafts.get(connection, draft_id).state)


def file(office: Office, draft_id: str) -> bytes:
    with office.database.read() as connection:
        return office.blobs.read(drafts.get(connection, draft_id).file_sha256)


def test_not_approved_goes_back_to_the_drafter_with_the_reason(office: Office) -> None:
    made = new_draft(office)
    with office.database.write() as connection:
        drafts.submit(connection, made, office.actor("drafter"), at=now())
        with pytest.raises(InputError):
            drafts.refuse(connection, made, office.actor("head"), " ", at=now())
        with pytest.raises(RefusedError):
            drafts.approve(connection, made, office.actor("drafter"), at=now())
        drafts.refuse(connection, made, office.actor("head"), "Thiếu căn cứ pháp lý", at=now())
        assert drafts.get(connection, made).state == "draft"
    on_the_desk(office, made)
    with office.database.write() as connection:
        drafts.refuse(connection, made, office.actor("leader"), "Chưa rõ kinh phí", at=now())
        told = [(one.act, one.by, one.text) for one in drafts.acts(connection, made)]
    assert ("refuse", "Lê Văn Phòng", "Thiếu căn cứ pháp lý") in told
    assert told[-1] == ("refuse", "Nguyễn Văn Ánh", "Chưa rõ kinh phí")
    assert state(office, made) == "draft"


def test_what_was_sent_up_is_changed_by_nobody(office: Office, pki: LivePki) -> None:
    made = on_the_desk(office, new_draft(office))
    other = office.blobs.put_bytes(prepared() + b"\n% another page")
    with office.database.write() as connection, pytest.raises(ConflictError):
        drafts.add_version(connection, made, office.actor("drafter"), "khac.pdf", other, at=now())
    with office.database.write() as connection:  # somebody with the database in hand
        record(connection, other.sha256, other.size, now())
        connection.execute(update(draft).where(draft.c.id == made).values(file_sha256=other.sha256))
    with pytest.raises(RefusedError, match="thay đổi sau khi được duyệt"):
        sign(office.database, office.blobs, made, office.actor("leader"), pki.signing_key("leader"), PLACE, at=now())


def test_leader_signs_clerk_numbers_agency_seals(office: Office, pki: LivePki) -> None:
    made = on_the_desk(office, new_draft(office))
    leader, clerk = office.actor("leader"), office.actor("clerk")
    with pytest.raises(ConflictError):
        give_number(office.database, made, clerk)
    assert (
        sign(office.database, office.blobs, made, leader, pki.signing_key("leader"), PLACE, at=now())
        is DraftState.SIGNED
    )
    with office.database.read() as connection:
        assert [row.id for row in drafts.waiting(connection, office.agency_id, DraftState.SIGNED)] == [made]
    with pytest.raises(RefusedError):
        give_number(office.database, made, leader)
    assert give_number(office.database, made, clerk) == 1
    with pytest.raises(ConflictError, match="cấp số 1"):
        give_number(office.database, made, clerk)
    seal(office.database, office.blobs, made, clerk, pki.signing_key("agency-a"), at=now())
    sealed = file(office, made)
    assert verdicts(sealed, pki) == [("NguoiKy", True, True), ("CoQuan", True, True)]
    today = now().astimezone(VIETNAM).date()
    assert form_values(sealed)["so"] == "01" and f"năm {today.year}" in form_values(sealed)["ngay"]
    assert state(office, made) == "sealed"


class PulledOut:
    """A token that is gone when it is asked."""

    def __init__(self, key: object) -> None:
        self.certificate = key.certificate  # type: ignore[attr-defined]
        self.chain = key.chain  # type: ignore[attr-defined]

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        raise TemporaryError("Không thấy thiết bị ký số")


def test_token_lost_after_the_number_leaves_it_waiting_for_the_same_document(office: Office, pki: LivePki) -> None:
    made = on_the_desk(office, new_draft(office))
    clerk = office.actor("clerk")
    sign(office.database, office.blobs, made, office.actor("leader"), pki.signing_key("leader"), PLACE, at=now())
    give_number(office.database, made, clerk)
    with pytest.raises(TemporaryError):
        seal(office.database, office.blobs, made, clerk, PulledOut(pki.signing_key("agency-a")), at=now())
    assert DraftState(state(office, made)).vi == "Đã cấp số, chờ ký số của cơ quan"
    seal(office.database, office.blobs, made, clerk, pki.signing_key("agency-a"), at=now())
    assert form_values(file(office, made))["so"] == "01"
    assert state(office, made) == "sealed"


def test_another_persons_key_is_refused_and_written_down(office: Office, pki: LivePki) -> None:
    made = on_the_desk(office, new_draft(office))
    with pytest.raises(RefusedError, match="khoản 3 Điều 7"):
        sign(office.database, office.blobs, made, office.actor("leader"), pki.signing_key("leader-b"), PLACE, at=now())
    with pytest.raises(RefusedError, match="Chưa đến lượt"):
        sign(office.database, office.blobs, made, office.actor("clerk"), pki.signing_key("leader"), PLACE, at=now())
    with office.database.read() as connection:
        kinds = connection.execute(select(event.c.kind).where(event.c.subject == f"draft:{made}")).scalars().all()
    assert "draft.foreign_key" in kinds
    assert state(office, made) == "leader_review"


def test_several_sign_in_order(office: Office, pki: LivePki) -> None:
    made = on_the_desk(office, new_draft(office, "deputy", "leader"))
    second = Place(BLANK.signature_page, (60.0, 60.0, 190.0, 135.0))
    with pytest.raises(RefusedError, match="Chưa đến lượt"):
        sign(office.database, office.blobs, made, office.actor("leader"), pki.signing_key("leader"), PLACE, at=now())
    first = sign(
        office.database, office.blobs, made, office.actor("deputy"), pki.signing_key("leader-b"), PLACE, at=now(),
        later=[second],
    )  # fmt: skip
    assert first is DraftState.LEADER_REVIEW
    last = sign(
        office.database, office.blobs, made, office.actor("leader"), pki.signing_key("leader"), second, at=now()
    )
    assert last is DraftState.SIGNED
    assert [name for name, intact, _ in verdicts(file(office, made), pki) if intact] == ["NguoiKy", "NguoiKy2"]


def test_signed_elsewhere_must_be_the_same_document(office: Office, pki: LivePki) -> None:
    made = on_the_desk(office, new_draft(office))
    leader, approved = office.actor("leader"), file(office, made)
    options = {"page": PLACE.page, "rect": PLACE.rect, "open_fields": ("so", "ngay"), "reserve_agency": True}
    for wrong in (approved, sign_pdf(prepared() + b"\n", pki.signing_key("leader"), **options), b"%PDF-1.7 khac"):
        with pytest.raises(RefusedError):
            accept_signed(office.database, office.blobs, made, leader, wrong, at=now())
    by_another = sign_pdf(approved, pki.signing_key("leader-b"), **options)
    with pytest.raises(RefusedError, match="Lê Hữu Đức"):
        accept_signed(office.database, office.blobs, made, leader, by_another, at=now())
    signed = sign_pdf(approved, pki.signing_key("leader"), **options)
    assert accept_signed(office.database, office.blobs, made, leader, signed, at=now()) is DraftState.SIGNED


def test_delegation_holds_only_in_its_time(office: Office, pki: LivePki) -> None:
    made = on_the_desk(office, new_draft(office, "leader"))
    at, deputy = now(), office.actor("deputy")
    key = pki.signing_key("leader-b")
    with office.database.write() as connection:
        delegate(
            connection, office.people["leader"], office.people["deputy"], "KT", valid_from=at + timedelta(days=1),
            valid_to=at + timedelta(days=2), actor="test", at=at,
        )  # fmt: skip
    with pytest.raises(RefusedError):
        sign(office.database, office.blobs, made, deputy, key, PLACE, at=at)
    tomorrow = at + timedelta(days=1, hours=1)
    assert sign(office.database, office.blobs, made, deputy, key, PLACE, at=tomorrow) is DraftState.SIGNED


def test_a_delegation_that_ended_signs_no_more(office: Office, pki: LivePki) -> None:
    """Planned with KT. while it held; on the day of signing it is over (NĐ 30 Điều 13)."""
    at, deputy = now(), office.actor("deputy")
    with office.database.write() as connection:
        delegate(connection, office.people["leader"], deputy.id, "KT", valid_from=at - timedelta(days=2),
                 valid_to=at - timedelta(days=1), actor="test", at=at)  # fmt: skip
        plan = drafts.Plan("H24.15", "Quyết định", "QĐ-STNA", "Phê duyệt", (B_CODE,), ((deputy.id, "KT"),))
        made = drafts.begin(connection, office.actor("drafter"), office.unit_id, plan, at=at)
        stored = office.blobs.put_bytes(prepared())
        drafts.add_version(connection, made, office.actor("drafter"), "a.pdf", stored, at=at)
    on_the_desk(office, made)
    key = pki.signing_key("leader-b")
    with pytest.raises(RefusedError, match="không còn hiệu lực"):
        sign(office.database, office.blobs, made, deputy, key, PLACE, at=at)
    assert state(office, made) == "leader_review"
    earlier = at - timedelta(days=1, hours=1)
    assert sign(office.database, office.blobs, made, deputy, key, PLACE, at=earlier) is DraftState.SIGNED


def test_signed_on_paper_scanned_and_sealed(office: Office, pki: LivePki) -> None:
    made = on_the_desk(office, new_draft(office))
    clerk = office.actor("clerk")
    sign_on_paper(office.database, made, office.actor("leader"), at=now())
    assert give_number(office.database, made, clerk) == 1
    with pytest.raises(ConflictError, match="bản số hóa"):
        seal(office.database, office.blobs, made, clerk, pki.signing_key("agency-a"), at=now())
    with pytest.raises(InputError):
        attach_scan(office.database, office.blobs, made, clerk, b"PNG", at=now())
    attach_scan(office.database, office.blobs, made, clerk, make_scan(number="1"), at=now())
    seal(office.database, office.blobs, made, clerk, pki.signing_key("agency-a"), at=now())
    assert state(office, made) == "sealed"


def test_two_clerks_numbering_at_once(office: Office) -> None:
    """Each document gets one number, the series has no gap, and the slower clerk is told which number it is."""
    made = [on_the_desk(office, new_draft(office)) for _ in range(4)]
    for one in made:
        sign_on_paper(office.database, one, office.actor("leader"), at=now())
    clerk, start = office.actor("clerk"), threading.Barrier(2)

    def work(order: list[str]) -> list[int | str]:
        start.wait(30)
        told: list[int | str] = []
        for one in order:
            try:
                told.append(give_number(office.database, one, clerk))
            except ConflictError as error:
                told.append(error.message)
        return told

    with ThreadPoolExecutor(2) as pool:
        said = [answer for answers in pool.map(work, (made, made[::-1])) for answer in answers]
    assert sorted(one for one in said if isinstance(one, int)) == [1, 2, 3, 4]
    slower = [one for one in said if isinstance(one, str)]
    assert len(slower) == 4 and all("đã được cấp số" in one or "vừa được người khác" in one for one in slower), slower
    with office.database.read() as connection:
        assert sorted(drafts.get(connection, one).number for one in made) == [1, 2, 3, 4]


def test_a_file_without_places_for_number_and_date_is_not_signed(office: Office, pki: LivePki) -> None:
    made = on_the_desk(office, new_draft(office, pdf=BLANK.pdf))
    with pytest.raises(RefusedError, match="ô số"):
        sign(office.database, office.blobs, made, office.actor("leader"), pki.signing_key("leader"), PLACE, at=now())


def test_every_state_but_the_last_has_a_way_on() -> None:
    for each in DraftState:
        if each not in (DraftState.ISSUED, DraftState.CANCELLED):
            assert any(each in moves and moves[each] is not DraftState.CANCELLED for moves in DRAFT_MOVES.values())
            assert each in DRAFT_MOVES["cancel"]


def test_issued_by_the_gateway_under_the_number_it_has(tmp_path: Path, pki: LivePki) -> None:
    """From the draft to the outbox; a second run after a crash between the two transactions issues nothing twice."""
    station = make_station(tmp_path, A, B, pki, relay_port=9, own_sections={"verification": {"workers": 0}})
    with station.app() as app:
        with app.database.read() as connection:
            from congvan_core.agencies.lookup import own_agencies

            agency_id = own_agencies(connection, now().astimezone(VIETNAM).date())[0].id
        office = build(app.database, app.blobs, agency_id)
        made = on_the_desk(office, new_draft(office, body=A.code))
        clerk = office.actor("clerk")
        from congvan_core.signatures.sign_timestamp import HttpTimeStamper

        stamper = HttpTimeStamper(pki.tsa_url)
        sign(
            app.database, app.blobs, made, office.actor("leader"), pki.signing_key("leader"), PLACE, at=now(),
            timestamper=stamper,
        )  # fmt: skip
        give_number(app.database, made, clerk)
        seal(app.database, app.blobs, made, clerk, pki.signing_key("agency-a"), at=now(), timestamper=stamper)
        sent = issue(app, made, clerk)
        assert sent is not None and (sent.number, sent.symbol) == ("1", "QĐ-STNA")
        with app.database.write() as connection:
            assert drafts.get(connection, made).document_id == sent.document_id
            keep_archive_copy(connection, sent.document_id, "Văn thư", actor="Đỗ Văn Thư", at=now())
            row = connection.execute(select(entry).where(entry.c.document_id == sent.document_id)).one()
            assert (row.number, row.copy_holder) == (1, "Văn thư")
            connection.execute(update(draft).where(draft.c.id == made).values(state="sealed", document_id=None))
        assert issue(app, made, clerk) is None
        with app.database.read() as connection:
            assert drafts.get(connection, made).document_id == sent.document_id
            assert len(connection.execute(select(entry)).all()) == 1
            assert acting(connection, office.people["clerk"], now()).roles == {"clerk"}
