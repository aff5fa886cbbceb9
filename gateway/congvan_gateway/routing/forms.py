"""Routing tables as files: TOML for people who keep them in a repository, a spreadsheet for everyone else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from congvan_core.documents.text import fold
from congvan_core.errors import InputError, UnreadableError
from congvan_core.storage.sheets import read_table, write_xlsx
from congvan_gateway.routing.model import Match, Row, Table

_MAX = 5_000_000
#: Column of the sheet, the field, and how its cell is read: text, list, int, float, flag.
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("Tên dòng", "name", "text"),
    ("Mã", "match.codes", "list"),
    ("Tiền tố", "match.prefixes", "list"),
    ("Nhóm", "match.groups", "list"),
    ("Loại nơi nhận", "match.kinds", "list"),
    ("Kênh", "match.channels", "list"),
    ("Độ khẩn từ", "match.urgency_from", "int"),
    ("Cỡ từ (byte)", "match.size_from", "int"),
    ("Cỡ đến (byte)", "match.size_to", "int"),
    ("Giờ", "match.hours", "text"),
    ("Thứ (1-7)", "match.days", "ints"),
    ("Theo mẫu dòng", "like", "text"),
    ("Đường gửi", "transports", "list"),
    ("Thử lại sau (giây)", "retry", "floats"),
    ("Chuyển đường sau (lần)", "switch_after", "int"),
    ("Nhắc sau (phút)", "warn_minutes", "float"),
    ("Báo hỏng sau (giờ)", "fail_hours", "float"),
    ("TLS", "tls", "text"),
    ("Bắt buộc TLS mọi chặng", "require_tls", "flag"),
    ("Mã hóa", "encryption", "text"),
    ("Nhịp (thư/giờ)", "pace_per_hour", "int"),
    ("Ghi chú", "note", "text"),
)
_TRUE, _FALSE = {"1", "true", "x", "co"}, {"0", "false", "khong"}


def from_file(data: bytes, name: str, base: Table | None = None) -> Table:
    """A table from TOML or a spreadsheet, by its content. A sheet has no transports and groups: those of ``base`` stay.

    Raises InputError, UnreadableError.
    """
    if len(data) > _MAX:
        raise UnreadableError(f"Tệp {name} quá lớn cho một bảng định tuyến")
    if data[:2] == b"PK" or name.lower().endswith(".csv"):
        return from_sheet(data, name, base)
    try:
        return Table.from_json(tomllib.loads(data.decode("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(f"Tệp {name} sai cú pháp TOML: {error}") from error


def to_toml(table: Table) -> bytes:
    """Every line as :func:`from_file` reads it back."""
    data = table.to_json()
    lines = ["# Bảng định tuyến Công Văn. Dòng đầu tiên khớp sẽ được dùng; dòng cuối phải khớp mọi nơi nhận.", ""]
    if data.get("groups"):
        lines.append("[groups]")
        lines += [f"{_key(name)} = {_value(members)}" for name, members in data["groups"].items()]
        lines.append("")
    for name, way in data.get("transports", {}).items():
        lines.append(f"[transports.{_key(name)}]")
        lines += [f"{key} = {_value(value)}" for key, value in way.items()]
        lines.append("")
    for row in data.get("routes", ()):
        lines.append("[[routes]]")
        lines += [f"{key} = {_value(value)}" for key, value in row.items() if key != "match" and value is not None]
        if row.get("match"):
            lines.append("[routes.match]")
            lines += [f"{key} = {_value(value)}" for key, value in row["match"].items() if value is not None]
        lines.append("")
    return "\n".join(lines).encode()


def _key(name: str) -> str:
    return name if name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    out = []
    for char in str(value):
        if char in '\\"':
            out.append("\\" + char)
        elif ord(char) < 32 or ord(char) == 127:
            out.append(f"\\u{ord(char):04x}")
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


def to_xlsx(table: Table) -> bytes:
    """The rows as a sheet; groups and transports stay in TOML, which alone is the whole table."""
    data = table.to_json()
    rows = [[_cell(row, path) for _, path, _ in COLUMNS] for row in data.get("routes", ())]
    return write_xlsx("Bảng định tuyến", [heading for heading, _, _ in COLUMNS], rows)


def _cell(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return "x" if value else "không"
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in value)
    return value


def from_sheet(data: bytes, name: str, base: Table | None = None) -> Table:
    """The rows of a sheet with the headings of :data:`COLUMNS`, in any order. Raises InputError, UnreadableError."""
    rows = read_table(data, name)
    known = {fold(heading): (path, how) for heading, path, how in COLUMNS}
    known |= {path: (path, how) for _, path, how in COLUMNS}
    start = next(
        (i for i, row in enumerate(rows[:20]) if any(fold(str(c or "")) == fold(COLUMNS[0][0]) for c in row)), None
    )
    if start is None:
        raise InputError(f"Tệp {name} không có dòng tiêu đề với cột '{COLUMNS[0][0]}'")
    columns: list[tuple[str, str] | None] = []
    for cell in rows[start]:
        told = str(cell or "").strip()
        found = known.get(fold(told)) or known.get(told)
        if told and found is None:
            raise InputError(f"Tệp {name} có cột lạ '{told[:60]}'")
        columns.append(found)
    routes = []
    for number, cells in enumerate(rows[start + 1 :], start + 2):
        if any(c not in (None, "") for c in cells):
            routes.append(_row(columns, cells, f"{name}, dòng {number}"))
    content = base.to_json() if base is not None else {}
    return Table.from_json({**content, "routes": routes})


def read_row(texts: Mapping[str, str], where: str) -> dict[str, Any]:
    """One row from texts by field path (``match.codes``), as a form brings them. Raises InputError."""
    return _row([(path, how) for _, path, how in COLUMNS], [texts.get(path, "") for _, path, _ in COLUMNS], where)


def row_texts(row: Mapping[str, Any]) -> dict[str, str]:
    """The texts of a row of :meth:`Table.to_json`, as :func:`read_row` reads them back."""
    told = {path: _cell(row, path) for _, path, _ in COLUMNS}
    return {path: "" if value is None else str(value) for path, value in told.items()}


def _row(columns: Sequence[tuple[str, str] | None], cells: Sequence[Any], where: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=False):
        if column is None or cell is None or str(cell).strip() == "":
            continue
        path, how = column
        try:
            value = _read(str(cell).strip(), how)
        except ValueError:
            raise InputError(f"{where}: '{str(cell)[:60]}' không hợp lệ cho cột '{path}'") from None
        target = row
        *parents, last = path.split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
        target[last] = value
    return row


def _read(text: str, how: str) -> Any:
    if how == "text":
        return text
    if how == "flag":
        word = fold(text)
        if word not in _TRUE | _FALSE:
            raise ValueError(text)
        return word in _TRUE
    if how == "int":
        return _int(text)
    if how == "float":
        return float(text)
    items = [item.strip() for item in text.replace(";", ",").split(",") if item.strip()]
    if how == "list":
        return items
    return [_int(item) if how == "ints" else float(item) for item in items]


def _int(text: str) -> int:
    value = float(text)  # a spreadsheet hands 4 back as 4.0
    if value != int(value):
        raise ValueError(text)
    return int(value)


#: Every field of a row has its column; the house tests hold this true.
FIELDS = {f"match.{name}" for name in Match.model_fields} | {n for n in Row.model_fields if n != "match"}
