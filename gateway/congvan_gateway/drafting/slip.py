"""Phiếu trình of a draft, as it stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from congvan_core.agencies.lookup import own_agencies
from congvan_core.errors import InputError
from congvan_core.workflow import drafts
from congvan_core.workflow.schema import person, unit
from congvan_core.workflow.submission_slip import Slip, submission_slip
from congvan_gateway.console import words
from congvan_gateway.drafting.acts import blocks
from congvan_gateway.main import App


def slip_of(app: App, row: Row[Any]) -> bytes:
    """The slip as PDF, with everything said and decided so far."""
    with app.database.read() as connection:
        home = connection.execute(unit.select().where(unit.c.id == row.unit_id)).one()
        agency = next((one.name for one in own_agencies(connection) if one.id == row.agency_id), "")
        drafter = connection.execute(person.select().where(person.c.id == row.drafter_id)).one()
        said = [
            (f"{one.by}, {words.moment(one.at)}", f"{words.DRAFT_ACTS.get(one.act, one.act)}. {one.text or ''}")
            for one in drafts.acts(connection, row.id)
        ]
    try:
        signers = "; ".join(" ".join(block.lines) for block in blocks(app, row))
    except InputError as error:
        signers = error.message
    return submission_slip(
        Slip(
            agency, home.name, f"{row.type_name} {row.number or '…'}/{row.symbol}", row.subject, drafter.full_name,
            ", ".join(row.recipients), signers, words.URGENCY[min(int(row.urgency), 4)], said,
        )
    )  # fmt: skip
