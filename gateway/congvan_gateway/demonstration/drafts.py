"""Drafts of a demonstration, one in every state, made by the same acts as at the desk and signed with a demonstration PKI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from cryptography.hazmat.primitives import hashes
from sqlalchemy import Row, insert, select, update

from congvan_core.agencies.lookup import contact_point_by_id
from congvan_core.documents.model import Urgency
from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.ids import VIETNAM, new_id
from congvan_core.signatures.demo_pki import DemoPki, Holder, make_demo_pki
from congvan_core.signatures.sign_keys import MemoryKey
from congvan_core.storage.schema import blob, document
from congvan_core.workflow import drafts
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.organisation import Actor, acting
from congvan_core.workflow.schema import draft, draft_signer, draft_version, person
from congvan_core.workflow.signing_round import sign_on_paper
from congvan_gateway.demonstration import phrases
from congvan_gateway.drafting.acts import number_draft, seal_draft, sign_draft
from congvan_gateway.drafting.preparing import take_file
from congvan_gateway.main import App

#: How far drafts go, beginning with the nearest to the drafter; ``returned``: sent back with a reason.
_WAYS = (
    "draft", "unit_review", "returned", "leader_review", "cancelled", "paper_signed", "signed", "numbered", "sealed",
)  # fmt: skip
_TYPES = (("Quyết định", "QĐ"), ("Báo cáo", "BC"), ("Kế hoạch", "KH"), ("Tờ trình", "TTr"), ("Thông báo", "TB"))


@dataclass(slots=True)
class _Office:
    """The people of one agency who draft, approve, sign and number, with the keys of two of them."""

    code: str
    name: str
    unit_id: str
    drafter: Actor
    head: Actor
    leader: Actor
    clerk: Actor
    leader_key: MemoryKey
    agency_key: MemoryKey


def fill_drafts(app: App, rng: Random, staff: dict[str, dict[str, Any]], receivers: tuple[str, ...]) -> int:
    """So many drafts: of every state in the first agency of ``staff`` (by code, as ``filling`` made them), in the
    others up to the leader's desk; signing takes its time."""
    pki, made = make_demo_pki(), 0
    for number, (code, people) in enumerate(staff.items()):
        office = _office(app, pki, code, people)
        for place, way in enumerate(_WAYS if number == 0 else _WAYS[:5]):
            _one(app, office, rng, way, place, receivers)
            made += 1
        made += _issued(app, office)
    return made


def _office(app: App, pki: DemoPki, code: str, people: dict[str, Any]) -> _Office:
    at = app.clock()
    unit_id, officer_id = people["officers"][0]
    leader_key = pki.issue(f"{code}-leader", Holder("person", f"Lãnh đạo {code}"))
    agency_key = pki.issue(f"{code}-agency", Holder("agency", f"Cơ quan {code}"))
    with app.database.write() as connection:
        for who, key in ((people["leader"], leader_key), (people["clerk"], agency_key)):
            print_ = key.certificate.fingerprint(hashes.SHA256()).hex()
            connection.execute(update(person).where(person.c.id == who).values(certificates=[print_]))
        name = contact_point_by_id(connection, people["agency_id"]).name
        officer, head, leader, clerk = (
            acting(connection, one, at)
            for one in (officer_id, people["heads"][unit_id], people["leader"], people["clerk"])
        )
    return _Office(code, name, unit_id, officer, head, leader, clerk, leader_key, agency_key)


def _one(app: App, office: _Office, rng: Random, way: str, place: int, receivers: tuple[str, ...]) -> None:
    at = app.clock()
    type_name, mark = _TYPES[place % len(_TYPES)]
    subject, topic = phrases.subject(rng, type_name, at.astimezone(VIETNAM).year)
    symbol = f"{mark}-{office.code.rpartition('.')[2]}"
    plan = drafts.Plan(
        office.code, type_name, symbol, subject, tuple(rng.sample(receivers, 2)), ((office.leader.id, ""),),
        urgency=Urgency(1 if place == 3 else 0),
    )  # fmt: skip
    pdf = make(
        SampleSpec(
            author=office.name, symbol=symbol, subject=subject, type_name=type_name, position=office.leader.position,
            full_name=office.leader.full_name, body=tuple(phrases.page(rng, topic, at.astimezone(VIETNAM).year)),
            footer="DỮ LIỆU TRÌNH DIỄN - không có giá trị pháp lý",
        )
    ).pdf  # fmt: skip
    name, stored = take_file(app, "du-thao.pdf", pdf)
    with app.database.write() as connection:
        made = drafts.begin(connection, office.drafter, office.unit_id, plan, at=at)
        drafts.add_version(connection, made, office.drafter, name, stored, at=at)
        if way == "draft":
            return
        drafts.comment(connection, made, office.drafter, "Đã xin ý kiến các đơn vị liên quan.", at=at)
        if way == "cancelled":
            drafts.cancel(connection, made, office.drafter, "Trùng với kế hoạch đã ban hành", at=at)
            return
        drafts.submit(connection, made, office.drafter, at=at)
        if way == "returned":
            drafts.refuse(connection, made, office.head, "Bổ sung số liệu đến hết tháng trước", at=at)
        elif way != "unit_review":
            drafts.approve(connection, made, office.head, at=at, text="Đồng ý trình ký")
    acts: dict[str, Callable[[], object]] = {
        "signed": lambda: sign_draft(app, made, office.leader, office.leader_key),
        "numbered": lambda: number_draft(app, made, office.clerk),
        "sealed": lambda: seal_draft(app, made, office.clerk, office.agency_key),
    }
    if way == "paper_signed":
        sign_on_paper(app.database, made, office.leader, at=at)
    for step, act in acts.items():
        if way in list(acts)[list(acts).index(step) :]:
            act()


def _issued(app: App, office: _Office) -> int:
    """The draft behind the newest document that the agency issued: 1, or 0 where it issued none."""
    with app.database.write() as connection:
        row = connection.execute(
            select(document, blob.c.size)
            .join(blob, blob.c.sha256 == document.c.main_sha256)
            .where(document.c.agency_id == office.drafter.agency_id, document.c.direction == "outgoing")
            .order_by(document.c.created_at.desc())
            .limit(1)
        ).one_or_none()
        if row is None:
            return 0
        made, begun = new_id(), row.created_at - timedelta(days=2)
        connection.execute(
            insert(draft).values(
                id=made, agency_id=row.agency_id, body_code=office.code, drafter_id=office.drafter.id,
                unit_id=office.unit_id, type_name=row.type_name, symbol=row.symbol, subject=row.subject,
                urgency=row.urgency, recipients=[], state=DraftState.ISSUED.value, version=1,
                approved_sha256=row.main_sha256, file_sha256=row.main_sha256, number=int(row.number),
                numbered_at=row.created_at, signed_at=row.created_at, document_id=row.id, created_at=begun,
                updated_at=row.created_at,
            )
        )  # fmt: skip
        connection.execute(
            insert(draft_version).values(
                id=new_id(), draft_id=made, number=1, name="du-thao.pdf", sha256=row.main_sha256,
                by=office.drafter.full_name, at=begun,
            )
        )  # fmt: skip
        connection.execute(
            insert(draft_signer).values(
                id=new_id(), draft_id=made, ordinal=1, person_id=office.leader.id, form="", signed_at=row.created_at
            )
        )
        _history(connection, drafts.get(connection, made), office, begun, row.created_at)
    return 1


def _history(connection: Any, row: Row[Any], office: _Office, begun: datetime, issued: datetime) -> None:
    for act, who, at in (
        ("begin", office.drafter, begun), ("submit", office.drafter, begun), ("approve", office.head, begun),
        ("sign", office.leader, issued), ("number", office.clerk, issued), ("seal", office.clerk, issued),
        ("issue", office.clerk, issued),
    ):  # fmt: skip
        drafts.told(connection, row, act, who.full_name, at)
