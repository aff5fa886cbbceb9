"""The directory as a list: its columns, its export as CSV, xlsx and JSON."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection

from congvan_core.agencies.lookup import listing, mailboxes_of
from congvan_core.agencies.model import Agency, Mailbox
from congvan_core.storage.sheets import write_csv, write_xlsx

#: Key, Vietnamese heading. One line per mailbox; a body without a mailbox has one line too.
COLUMNS: tuple[tuple[str, str], ...] = (
    ("code", "Mã định danh"),
    ("name", "Tên cơ quan"),
    ("address", "Hộp thư"),
    ("mailbox_kind", "Loại hộp thư"),
    ("gateway", "Có cổng văn bản"),
    ("role", "Vai trò hộp thư"),
    ("kind", "Loại cơ quan"),
    ("contact_code", "Mã đầu mối"),
    ("contact_name", "Tên đầu mối"),
    ("telephone", "Điện thoại"),
    ("postal_address", "Địa chỉ"),
    ("governing_body", "Cơ quan chủ quản"),
    ("place", "Địa danh"),
    ("channel", "Kênh"),
    ("channel_reason", "Lý do kênh (khoản 4 Điều 13)"),
    ("channel_review_on", "Ngày xem lại kênh"),
    ("valid_from", "Hiệu lực từ"),
    ("valid_to", "Hiệu lực đến"),
    ("predecessor_code", "Mã cơ quan tiền thân"),
    ("successor_code", "Mã cơ quan kế thừa"),
    ("own", "Cơ quan của hệ thống này"),
)
KEYS = tuple(key for key, _ in COLUMNS)


def rows(connection: Connection) -> list[dict[str, Any]]:
    """Every line of the directory, keyed by COLUMNS; dates as dates."""
    lines = []
    for agency in listing(connection):
        boxes: list[Mailbox | None] = [*mailboxes_of(connection, agency.contact_point.id)]
        lines += [_line(agency, box) for box in boxes or [None]]
    return lines


def _line(agency: Agency, box: Mailbox | None) -> dict[str, Any]:
    point, body = agency.contact_point, agency.body
    return {
        "code": body.raw_code if body else point.raw_code,
        "name": agency.name,
        "address": box.address if box else None,
        "mailbox_kind": box.kind if box else None,
        "gateway": box.gateway if box else None,
        "role": box.role if box else None,
        "kind": point.kind,
        "contact_code": point.raw_code,
        "contact_name": point.name,
        "telephone": point.telephone,
        "postal_address": point.address,
        "governing_body": body.governing_body if body else None,
        "place": body.place if body else None,
        "channel": point.channel,
        "channel_reason": point.channel_reason,
        "channel_review_on": point.channel_review_on,
        "valid_from": body.valid_from if body else point.valid_from,
        "valid_to": body.valid_to if body else point.valid_to,
        "predecessor_code": body.predecessor_code if body else None,
        "successor_code": agency.successor_code,
        "own": point.own,
    }


def export_json(connection: Connection) -> bytes:
    """A JSON list of the lines, dates as ISO 8601."""
    lines = [
        {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in line.items()}
        for line in rows(connection)
    ]
    return (json.dumps(lines, ensure_ascii=False, indent=1) + "\n").encode()


def export_csv(connection: Connection) -> bytes:
    """CSV with the English keys as headings, so that it can be imported again as it is."""
    return write_csv(KEYS, [[_cell(line[key]) for key in KEYS] for line in rows(connection)])


def export_xlsx(connection: Connection) -> bytes:
    """A sheet with Vietnamese headings, which the import reads too."""
    return write_xlsx(
        "Danh bạ", [heading for _, heading in COLUMNS], [[line[key] for key in KEYS] for line in rows(connection)]
    )


def _cell(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
