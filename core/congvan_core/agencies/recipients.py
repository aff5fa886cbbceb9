"""Whom a document may be sent to: the official contact point (Điều 5, 13.4), alive on that day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from congvan_core.agencies.lookup import by_address, by_code, by_name, main_mailbox, names_like
from congvan_core.agencies.model import Agency, ContactPoint, IssuingBody, Mailbox
from congvan_core.documents.agency_code import try_parse
from congvan_core.errors import InputError, NotFoundError, RefusedError

_HOPS = 10


@dataclass(frozen=True, slots=True)
class RecipientAgency:
    """One addressee. ``code``, ``name``: the body asked for, else the contact point; ``address``: where it is sent."""

    contact_point: ContactPoint
    body: IssuingBody | None
    mailbox: Mailbox

    @property
    def code(self) -> str:
        return self.body.raw_code if self.body else self.contact_point.raw_code

    @property
    def name(self) -> str:
        return self.body.name if self.body else self.contact_point.name

    @property
    def address(self) -> str:
        return self.mailbox.address

    @property
    def gateway(self) -> bool:
        return self.mailbox.gateway


def resolve_recipient(connection: Connection, code_or_address: str, on: date) -> RecipientAgency:
    """The addressee that a mã định danh, a mail address or an exact name means on that day.

    Raises NotFoundError for what the directory does not know, with likely names offered; RefusedError for an
    abolished agency (``successor`` in its details), for a personal mailbox of an official (``offer``), for one that
    does not count yet.
    """
    text = code_or_address.strip()
    if not text:
        raise InputError("Thiếu nơi nhận.")
    if "@" in text:
        return _by_address(connection, text, on)
    agency = by_code(connection, text, on) if try_parse(text) else None
    if agency is None:
        agency = _by_name(connection, text, on)
    return _addressee(connection, agency, on)


def _by_name(connection: Connection, text: str, on: date) -> Agency:
    exact = by_name(connection, text, on)
    if len(exact) == 1:
        return exact[0]
    offered = exact or names_like(connection, text, on, limit=5)
    offer = "; ".join(f"{agency.name} ({agency.code})" for agency in offered)
    raise NotFoundError(
        f"Danh bạ không có cơ quan '{text[:100]}'."
        + (f" Có thể là: {offer}." if offer else " Thêm bằng lệnh: congvan agency add."),
        offers=[agency.code for agency in offered],
    )


def _by_address(connection: Connection, text: str, on: date) -> RecipientAgency:
    found = by_address(connection, text, on)
    if found is None:
        raise NotFoundError(
            f"Danh bạ không có hộp thư {text[:120]}; văn bản chỉ gửi tới hộp thư đã có trong danh bạ "
            "(Điều 5, khoản 4 Điều 13). Thêm bằng lệnh: congvan agency add.",
            address=text[:320],
        )
    box, point = found
    if not point.in_force(on):
        return _addressee(connection, Agency(point, None, False), on)
    right = main_mailbox(connection, point.id, on)
    offer = right.address if right else None
    if box.kind == "personal" and point.kind == "state":
        raise RefusedError(
            f"{box.address} là hộp thư cá nhân, không phải hộp thư công vụ của {point.name} (Điều 5, khoản 4 Điều 13)"
            + (f"; hãy gửi tới {offer}." if offer else "."),
            address=box.address,
            offer=offer,
        )
    if not box.in_force(on) or box.role == "check":
        why = "đã ngừng sử dụng" if not box.in_force(on) else "là hộp thư kiểm tra, không nhận văn bản"
        raise RefusedError(
            f"Hộp thư {box.address} {why}" + (f"; hãy gửi tới {offer}." if offer else "."),
            address=box.address,
            offer=offer,
        )
    return RecipientAgency(point, None, box)


def _addressee(connection: Connection, agency: Agency, on: date) -> RecipientAgency:
    if not agency.in_force:
        raise _not_in_force(connection, agency, on)
    box = main_mailbox(connection, agency.contact_point.id, on)
    if box is None:
        raise NotFoundError(f"{agency.name} ({agency.code}) chưa có hộp thư tiếp nhận trong danh bạ.", code=agency.code)
    return RecipientAgency(agency.contact_point, agency.body, box)


def _not_in_force(connection: Connection, agency: Agency, on: date) -> RefusedError:
    ended = (agency.body.valid_to if agency.body else None) or agency.contact_point.valid_to
    if ended is None or ended >= on:
        begin = (agency.body.valid_from if agency.body else None) or agency.contact_point.valid_from
        day = f" (từ {begin:%d/%m/%Y})" if begin else ""
        return RefusedError(f"{agency.name} ({agency.code}) chưa có hiệu lực trong danh bạ{day}.", code=agency.code)
    successor = successor_of(connection, agency, on)
    named = f"; hãy gửi tới cơ quan kế thừa: {successor.name} ({successor.code})." if successor else "."
    return RefusedError(
        f"{agency.name} ({agency.code}) đã kết thúc hoạt động ngày {ended:%d/%m/%Y}{named}",
        code=agency.code,
        successor=successor.code if successor else None,
    )


def successor_of(connection: Connection, agency: Agency, on: date) -> Agency | None:
    """The agency that answers today for an abolished one, along the chain of successors; None where it breaks off."""
    current: Agency | None = agency
    for _ in range(_HOPS):
        if current is None or current.in_force:
            return current
        if current.successor_code is None:
            return None
        current = by_code(connection, current.successor_code, on)
    return None
