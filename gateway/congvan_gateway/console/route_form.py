"""A routing table as a form: rows by field, groups as lines, ways as TOML; read back into the same table."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from congvan_core.errors import InputError
from congvan_gateway.console.desk import Form
from congvan_gateway.routing.forms import COLUMNS, read_row, row_texts, to_toml
from congvan_gateway.routing.model import MAX_ROWS, Table

#: What each field asks, for the page; a field without a sentence explains itself by its heading.
HINTS = {
    "match.codes": "mã định danh, cách nhau bằng dấu phẩy; để trống: không xét mã",
    "match.prefixes": "H24.91 gồm cả H24.91.07, không gồm H24.910",
    "match.groups": "tên nhóm ghi ở dưới",
    "match.kinds": "state, organisation, citizen",
    "match.channels": "gateway, plain, qlvbdh, paper",
    "match.size_from": "byte của cả thư",
    "match.size_to": "byte của cả thư",
    "match.hours": "07:00-17:00; được qua nửa đêm",
    "match.days": "1 là thứ Hai, 7 là Chủ nhật",
    "like": "điều không ghi thì lấy của dòng này",
    "transports": "theo thứ tự ưu tiên; smtp là mục [delivery] của cấu hình",
    "retry": "giây, cách nhau bằng dấu phẩy",
    "switch_after": "số lần hỏng liên tiếp",
    "pace_per_hour": "không gửi nhanh hơn chừng này",
}
#: Fields with a few values: (value as kept, words).
CHOICES: dict[str, tuple[tuple[str, str], ...]] = {
    "match.urgency_from": (("", "mọi độ khẩn"), ("1", "từ khẩn"), ("2", "từ thượng khẩn"), ("3", "hỏa tốc")),
    "tls": (("", "theo đường gửi"), ("none", "không"), ("opportunistic", "khi máy bên kia có"), ("require", "bắt buộc"),
            ("verify", "bắt buộc, kiểm chứng chứng thư"), ("dane", "DANE")),
    "require_tls": (("", "không"), ("x", "có, nếu không thì chờ (RFC 8689)")),
    "encryption": (("", "theo mẫu hoặc không"), ("never", "không"), ("if_key", "khi danh bạ có chứng thư"), ("require", "bắt buộc")),
}  # fmt: skip
#: The fields of "who", those of "how"; the name and the note stand apart.
WHO = tuple(path for _, path, _ in COLUMNS if path.startswith("match."))
HOW = tuple(path for _, path, _ in COLUMNS if not path.startswith("match.") and path not in ("name", "note"))
HEADINGS = {path: heading for heading, path, _ in COLUMNS}


def shown(table: Table | None) -> dict[str, Any]:
    """``rows`` of texts, ``groups`` and ``ways`` as text: what :func:`read` takes."""
    if table is None:
        return {"rows": [{"name": "mọi nơi nhận", "transports": "smtp"}], "groups": "", "ways": ""}
    data = table.to_json()
    groups = "\n".join(f"{name}: {', '.join(members)}" for name, members in data.get("groups", {}).items())
    only = Table.from_json({"transports": data.get("transports", {})})
    ways = "\n".join(line for line in to_toml(only).decode().splitlines() if not line.startswith("#")).strip()
    return {"rows": [row_texts(row) for row in data.get("routes", ())], "groups": groups, "ways": ways}


def given(form: Form) -> dict[str, Any]:
    """What the form holds, in the order of its ``place`` fields, rows marked ``gone`` left out."""
    count = min(form.number("count"), MAX_ROWS)
    rows: list[tuple[float, int, dict[str, str]]] = []
    for index in range(count):
        if form.has(f"r{index}.gone"):
            continue
        texts = {path: form.text(f"r{index}.{path}", 20_000) for _, path, _ in COLUMNS}
        try:
            place = float(form.text(f"r{index}.place", 10) or index + 1)
        except ValueError:
            place = float(index + 1)
        rows.append((place, index, texts))
    ordered = [texts for _, _, texts in sorted(rows, key=lambda r: (r[0], r[1]))]
    return {"rows": ordered, "groups": form.text("groups", 200_000), "ways": form.text("ways", 100_000)}


def read(values: Mapping[str, Any]) -> Table:
    """The table. Raises InputError naming row and field."""
    routes = [read_row(texts, f"Dòng {number}") for number, texts in enumerate(values["rows"], 1)]
    try:
        ways = tomllib.loads(values["ways"])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"Mục Đường gửi sai cú pháp TOML: {error}") from error
    if set(ways) - {"transports"}:
        raise InputError("Mục Đường gửi chỉ gồm các đoạn [transports.TÊN]")
    return Table.from_json(
        {"groups": _groups(values["groups"]), "transports": ways.get("transports", {}), "routes": routes}
    )


def _groups(text: str) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, colon, members = line.partition(":")
        if not colon or not name.strip() or name.strip() in out:
            raise InputError(f"Nhóm, dòng {number}: viết 'tên: mã, mã, TIỀN-TỐ.*, @nhóm', mỗi tên một dòng")
        out[name.strip()] = [m.strip() for m in members.split(",") if m.strip()]
    return out


def said(row: Mapping[str, Any]) -> str:
    """For whom a row is, in one line."""
    texts = row_texts(row)
    parts = [f"{HEADINGS[path].lower()} {texts[path]}" for path in WHO if texts.get(path) and texts[path] != "0"]
    return "; ".join(parts) or "mọi nơi nhận"
