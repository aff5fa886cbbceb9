"""Importing a list of agencies: what it would add and change is shown by row before anything is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from congvan_core.agencies.address import parse_address
from congvan_core.agencies.editing import add_body, add_contact_point, add_mailbox, checked, update_entry
from congvan_core.agencies.listing import COLUMNS
from congvan_core.agencies.lookup import by_address, by_code
from congvan_core.agencies.model import CONTACT_COLUMNS, contact_of
from congvan_core.documents.agency_code import parse as parse_code
from congvan_core.documents.text import fold, squeeze
from congvan_core.errors import CongvanError, InputError, UnreadableError
from congvan_core.ids import VIETNAM, now
from congvan_core.journal.writing import clean
from congvan_core.storage.schema import contact_point, issuing_body
from congvan_core.storage.sheets import MAX_BYTES, MAX_ROWS, read_table

_HEADINGS = {fold(heading): key for key, heading in COLUMNS} | {key: key for key, _ in COLUMNS}
_HEADINGS |= {
    "ma": "code",
    "ma dinh danh co quan": "code",
    "ten": "name",
    "ten co quan, to chuc": "name",
    "email": "address",
    "thu dien tu": "address",
    "dia chi thu dien tu": "address",
    "hop thu cong vu": "address",
    "so dien thoai": "telephone",
    "phone": "telephone",
}
_WORDS = {
    "kind": {
        "co quan nha nuoc": "state",
        "nha nuoc": "state",
        "to chuc": "organisation",
        "doanh nghiep": "organisation",
        "ca nhan": "citizen",
        "cong dan": "citizen",
    },
    "mailbox_kind": {
        "cong vu": "official",
        "chinh thuc": "official",
        "to chuc": "organisation",
        "cong dan": "citizen",
        "ca nhan": "personal",
    },
    "role": {"chinh": "main", "kiem tra": "check", "chuyen tiep": "forwarder"},
    "channel": {"cong van ban": "gateway", "thu thuong": "plain", "giay": "paper", "van ban giay": "paper"},
}
_TRUE, _FALSE = {"1", "true", "yes", "x", "co", "có"}, {"0", "false", "no", "khong", "không", ""}
_CONTACT = ("kind", "telephone", "channel", "channel_reason", "channel_review_on", "own")
_BODY = ("governing_body", "place", "valid_from", "valid_to", "predecessor_code", "successor_code")


@dataclass(frozen=True, slots=True)
class Change:
    """One act of an import. ``what`` is add or change; ``target`` contact_point, body or mailbox.

    ``fields`` are {name: (old, new)}.
    """

    row: int
    what: str
    target: str
    code: str
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(slots=True)
class Preview:
    """What an import would do. ``errors`` are (row, sentence); rows count from 1 as a spreadsheet shows them."""

    changes: list[Change] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)
    rows: int = 0
    unchanged: int = 0

    @property
    def adds(self) -> list[Change]:
        return [change for change in self.changes if change.what == "add"]

    @property
    def updates(self) -> list[Change]:
        return [change for change in self.changes if change.what == "change"]


class _TakenBack(Exception):
    """Ends the trial run of a preview."""


def read_lines(data: bytes, name: str = "") -> list[tuple[int, dict[str, Any]]]:
    """The lines of a CSV, xlsx or JSON file as (row, {key: value}), headings in Vietnamese or English.

    Raises UnreadableError for a file that is none of these, InputError where the column of codes is missing.
    """
    if data.lstrip()[:1] in (b"[", b"{"):
        return _read_json(data, name)
    table = read_table(data, name)
    start = next((at for at, row in enumerate(table[:20]) if "code" in map(_heading, row)), None)
    if start is None:
        raise InputError(f"Tệp {name} không có cột 'Mã định danh' (code) trong 20 dòng đầu.")
    keys = [_heading(cell) for cell in table[start]]
    lines = []
    for at, row in enumerate(table[start + 1 :], start + 2):
        line = {key: value for key, value in zip(keys, row, strict=False) if key and value not in (None, "")}
        if line:
            lines.append((at, line))
    return lines


def _heading(cell: Any) -> str | None:
    return _HEADINGS.get(fold(str(cell or "")))


def _read_json(data: bytes, name: str) -> list[tuple[int, dict[str, Any]]]:
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"Tệp {name} lớn quá {MAX_BYTES // 1_000_000} MB.")
    try:
        loaded = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"Tệp {name} không phải JSON hợp lệ: {error}") from error
    if isinstance(loaded, dict):
        loaded = loaded.get("agencies")
    if not isinstance(loaded, list) or not all(isinstance(line, dict) for line in loaded):
        raise UnreadableError(f"Tệp {name} phải là một danh sách JSON các cơ quan.")
    if len(loaded) > MAX_ROWS:
        raise UnreadableError(f"Tệp {name} có quá {MAX_ROWS} dòng.")
    known = dict(COLUMNS)
    return [
        (at, {key: value for key, value in line.items() if key in known and value not in (None, "")})
        for at, line in enumerate(loaded, 1)
    ]


def preview(
    connection: Connection, lines: list[tuple[int, dict[str, Any]]], *, test_environment: bool = False
) -> Preview:
    """What importing these lines would add and change, and which rows are wrong. Nothing stays written."""
    result = Preview()
    try:
        with connection.begin_nested():
            result = _run(connection, lines, actor="preview", test_environment=test_environment)
            raise _TakenBack
    except _TakenBack:
        return result


def apply(
    connection: Connection,
    lines: list[tuple[int, dict[str, Any]]],
    *,
    actor: str,
    at: datetime | None = None,
    test_environment: bool = False,
    skip_errors: bool = False,
) -> Preview:
    """Import the lines and say what was done. Raises InputError naming the first wrong row unless ``skip_errors``."""
    with connection.begin_nested():
        result = _run(connection, lines, actor=actor, at=at, test_environment=test_environment)
        if result.errors and not skip_errors:
            row, message = result.errors[0]
            raise InputError(
                f"Dòng {row}: {message} (còn {len(result.errors) - 1} lỗi khác; chưa ghi dòng nào)", row=row
            )
    return result


def _run(
    connection: Connection,
    lines: list[tuple[int, dict[str, Any]]],
    *,
    actor: str,
    test_environment: bool,
    at: datetime | None = None,
) -> Preview:
    result = Preview(rows=len(lines))
    for row, raw in lines:
        try:
            with connection.begin_nested():
                changes = _import_line(connection, row, _values(raw), actor, at, test_environment)
        except CongvanError as error:
            result.errors.append((row, error.message))
            continue
        result.changes += changes
        result.unchanged += not changes
    return result


def _values(raw: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key in ("gateway", "own"):
            values[key] = _truth(key, value)
        elif key in ("valid_from", "valid_to", "channel_review_on"):
            values[key] = _day(value)
        else:
            if isinstance(value, float) and value.is_integer():
                value = int(value)  # a spreadsheet took a telephone or a tax code for a number
            text = squeeze(clean(str(value), 2000))
            values[key] = _WORDS.get(key, {}).get(fold(text), text)
    return values


def _truth(key: str, value: Any) -> bool:
    word = squeeze(str(value)).casefold()
    if value is True or word in _TRUE:
        return True
    if value is False or word in _FALSE:
        return False
    raise InputError(f"Mục {key} phải là có hoặc không, không phải {value!r}")


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"):
        try:
            return datetime.strptime(str(value).strip(), form).date()
        except ValueError:
            continue
    raise InputError(f"Ngày không hợp lệ: {str(value)[:40]!r}; ví dụ đúng: 01/7/2025 hoặc 2025-07-01")


def _import_line(
    connection: Connection, row: int, values: dict[str, Any], actor: str, at: datetime | None, test_environment: bool
) -> list[Change]:
    if "code" not in values:
        raise InputError("Thiếu mã định danh.")
    code = parse_code(values["code"]).canonical
    day = max((at or now()).astimezone(VIETNAM).date(), values.get("valid_from") or date.min)
    changes: list[Change] = []
    contact_id = _import_contact(connection, row, values, day, changes, actor, at)
    _import_body(connection, row, code, contact_id, values, day, changes, actor, at)
    if "address" in values:
        _import_mailbox(connection, row, code, contact_id, values, day, changes, actor, at, test_environment)
    return changes


def _import_contact(
    connection: Connection,
    row: int,
    values: Mapping[str, Any],
    day: date,
    changes: list[Change],
    actor: str,
    at: datetime | None,
) -> str:
    code = parse_code(values.get("contact_code") or values["code"]).canonical
    fields = {key: values[key] for key in _CONTACT if key in values}
    if "postal_address" in values:
        fields["address"] = values["postal_address"]
    if "contact_name" in values:
        fields["name"] = values["contact_name"]
    points = [
        contact_of(found) for found in connection.execute(select(*CONTACT_COLUMNS).where(contact_point.c.code == code))
    ]
    there = max(points, key=lambda point: (point.in_force(day), point.valid_from or date.min), default=None)
    if there is not None:
        changed = update_entry(connection, "contact_point", there.id, actor=actor, at=at, **fields)
        if changed:
            changes.append(Change(row, "change", "contact_point", code, changed))
        return there.id
    name = fields.pop("name", None) or values.get("name")
    if not name:
        raise InputError("Thiếu tên cơ quan.")
    raw = values.get("contact_code") or values["code"]
    made = add_contact_point(connection, raw, name, actor=actor, at=at, **fields)
    changes.append(Change(row, "add", "contact_point", code, _new({"name": name, **fields})))
    return made.id


def _import_body(
    connection: Connection,
    row: int,
    code: str,
    contact_id: str,
    values: Mapping[str, Any],
    day: date,
    changes: list[Change],
    actor: str,
    at: datetime | None,
) -> None:
    fields = {key: values[key] for key in _BODY if key in values}
    there = by_code(connection, code, day)
    if there is not None and there.body is not None:
        if there.body.contact_point_id != contact_id:
            raise InputError(
                f"Mã {values['code']} đã thuộc đầu mối {there.contact_point.name} ({there.contact_point.code})."
            )
        if "name" in values:
            fields["name"] = values["name"]
        changed = update_entry(connection, "body", there.body.id, actor=actor, at=at, **fields)
        if changed:
            changes.append(Change(row, "change", "body", code, changed))
        return
    name = values.get("name")
    if not name:
        serves = connection.execute(
            select(issuing_body.c.id).where(issuing_body.c.contact_point_id == contact_id).limit(1)
        ).first()
        if serves is not None and "contact_code" not in values:
            return
        raise InputError("Thiếu tên cơ quan.")
    checked("body", fields)
    add_body(connection, contact_id, values["code"], name, actor=actor, at=at, **fields)
    changes.append(Change(row, "add", "body", code, _new({"name": name, **fields})))


def _import_mailbox(
    connection: Connection,
    row: int,
    code: str,
    contact_id: str,
    values: Mapping[str, Any],
    day: date,
    changes: list[Change],
    actor: str,
    at: datetime | None,
    test_environment: bool,
) -> None:
    address = parse_address(values["address"], test_environment=test_environment)
    fields = {key: values[key] for key in ("gateway", "role") if key in values}
    if "mailbox_kind" in values:
        fields["kind"] = values["mailbox_kind"]
    found = by_address(connection, address.text, day)
    if found is not None and found[0].in_force(day):
        box, point = found
        if point.id != contact_id:
            raise InputError(f"Hộp thư {address.text} đã thuộc {point.name} ({point.code}).")
        changed = update_entry(connection, "mailbox", box.id, actor=actor, at=at, **fields)
        if changed:
            changes.append(Change(row, "change", "mailbox", code, changed))
        return
    add_mailbox(connection, contact_id, address.text, actor=actor, at=at, test_environment=test_environment, **fields)
    changes.append(Change(row, "add", "mailbox", code, _new({"address": address.text, **fields})))


def _new(fields: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (None, value) for name, value in fields.items()}
