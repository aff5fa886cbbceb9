"""How the signing authority is printed above a name: TM., KT., TL., TUQ., Q. (NĐ 30/2020/NĐ-CP Điều 13, Phụ lục I)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from congvan_core.documents.text import squeeze
from congvan_core.errors import InputError
from congvan_core.workflow.organisation import FORMS, acting, giver_of


@dataclass(frozen=True, slots=True)
class SigningBlock:
    """Cell 7 of Phụ lục I: ``competence`` (may be empty) above ``position`` above the name."""

    competence: str
    position: str
    full_name: str

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(line for line in (self.competence, self.position, self.full_name) if line)


def printed_authority(form: str, position: str, *, body_name: str = "", giver_position: str = "") -> tuple[str, str]:
    """(competence, position) as printed.

    TM. speaks for the collective body; KT., TL. and TUQ. name the office for which one signs; Q. stands before one's
    own. Raises InputError for an unknown form, or where it does not say for whom.
    """
    form, office = form.strip().strip(".").upper(), squeeze(position).upper()
    if not form:
        return "", office
    if form not in FORMS:
        raise InputError(f"Hình thức ký không hợp lệ: {form}; chỉ có TM., KT., TL., TUQ., Q.")
    if form == "Q":
        return "", f"Q. {office}"
    whom = squeeze(body_name if form == "TM" else giver_position).upper()
    if not whom:
        raise InputError(f"Ký {form}. phải rõ ký thay cho ai: chưa có người giao quyền ký {form}. còn hiệu lực.")
    return f"{form}. {whom}", office


def signing_block(connection: Connection, person_id: str, form: str, *, body_name: str, at: datetime) -> SigningBlock:
    """The block for a signer of a draft, with the delegation that holds now. Raises InputError, NotFoundError."""
    who = acting(connection, person_id, at)
    giver = giver_of(connection, person_id, form.strip(".").upper(), at) if form else None
    theirs = acting(connection, giver, at).position if giver else ""
    competence, office = printed_authority(form, who.position, body_name=body_name, giver_position=theirs)
    return SigningBlock(competence, office, who.full_name)
