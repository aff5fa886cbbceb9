"""Faults of a routing table, found before it decides anything: loops, names that lead nowhere, rows never reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from congvan_core.documents.agency_code import canonical
from congvan_gateway.routing.covering import Boxes, minutes_of, nothing_left
from congvan_gateway.routing.model import BUILT_IN, MAX_GROUP, Match, Row, Table

#: A row of more recipients than this is not looked at one by one.
_FEW = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: ``row`` is its name or None for the table; ``code`` a word for programs."""

    code: str
    message: str
    row: str | None = None

    def to_json(self) -> dict[str, str | None]:
        return {"code": self.code, "row": self.row, "message": self.message}


@dataclass(frozen=True, slots=True)
class Selectors:
    """The recipients of a match with its groups opened: exact codes and prefixes; ``anyone`` where none is named."""

    anyone: bool
    codes: frozenset[str]
    prefixes: frozenset[str]

    def takes(self, code: str) -> bool:
        return self.anyone or code in self.codes or any(under(code, prefix) for prefix in self.prefixes)

    @property
    def is_nobody(self) -> bool:
        return not (self.anyone or self.codes or self.prefixes)

    def apart(self) -> list[Selectors]:
        """Each recipient or prefix by itself, where they are few; else all of them as one."""
        if self.anyone or len(self.codes) + len(self.prefixes) > _FEW:
            return [self]
        codes = [Selectors(False, frozenset({code}), frozenset()) for code in self.codes]
        return codes + [Selectors(False, frozenset(), frozenset({prefix})) for prefix in self.prefixes]

    def covers(self, other: Selectors) -> bool:
        if self.anyone or other.anyone:
            return self.anyone
        by_prefix = all(any(under(p, mine) for mine in self.prefixes) for p in other.prefixes)
        return by_prefix and all(self.takes(code) for code in other.codes)


def under(code: str, prefix: str) -> bool:
    """Whether a canonical code is the prefix itself or stands below it."""
    return code == prefix or code.startswith(prefix + ".")


def selectors(table: Table, match: Match) -> Selectors:
    """Groups that are unknown or form a loop add nothing; :func:`faults` names them."""
    codes, prefixes = set(match.codes), set(match.prefixes)
    for group in match.groups:
        for item in _members(table, group, ()):
            (prefixes if item.endswith(".*") else codes).add(canonical(item.removesuffix(".*")))
    named = bool(match.codes or match.prefixes or match.groups)
    return Selectors(not named, frozenset(codes), frozenset(prefixes))


def _members(table: Table, group: str, above: tuple[str, ...]) -> Iterable[str]:
    if group in above:
        return
    for item in table.groups.get(group, ())[:MAX_GROUP]:
        if item.startswith("@"):
            yield from _members(table, item[1:], (*above, group))
        else:
            yield item


def faults(table: Table, *, own_doors: frozenset[tuple[str, int]] = frozenset()) -> list[Fault]:
    """Everything wrong with a table; empty where it may be switched on.

    ``own_doors`` are (host, port) of our own SMTP door: a smarthost that is ourselves would be a mail loop.
    """
    out: list[Fault] = []
    out += _names(table)
    out += _loops(table)
    out += _ways(table, own_doors)
    out += _reach(table)
    return out


def _names(table: Table) -> list[Fault]:
    out = []
    seen: set[str] = set()
    for row in table.routes:
        if row.name in seen:
            out.append(Fault("ROW-TWICE", f"Có hai dòng cùng tên '{row.name}'", row.name))
        seen.add(row.name)
        for group in row.match.groups:
            if group not in table.groups:
                out.append(Fault("GROUP-UNKNOWN", f"Không có nhóm '{group}'", row.name))
        if row.like is not None and row.like not in {r.name for r in table.routes}:
            out.append(Fault("LIKE-UNKNOWN", f"Không có dòng '{row.like}' để làm mẫu (like)", row.name))
    for name, members in table.groups.items():
        if len(members) > MAX_GROUP:
            out.append(Fault("GROUP-TOO-LARGE", f"Nhóm '{name}' có quá {MAX_GROUP} thành viên"))
        for item in members:
            if item.startswith("@") and item[1:] not in table.groups:
                out.append(Fault("GROUP-UNKNOWN", f"Nhóm '{name}' nhắc tới nhóm không có '{item[1:]}'"))
    return out


def _loops(table: Table) -> list[Fault]:
    out = []
    for name in table.groups:
        path = _cycle(name, lambda g: [i[1:] for i in table.groups.get(g, ()) if i.startswith("@")])
        if path:
            out.append(Fault("GROUP-LOOP", f"Các nhóm gọi vòng: {' → '.join(path)}"))
    rows = {row.name: row for row in table.routes}
    for row in table.routes:
        path = _cycle(row.name, lambda r: [x] if (x := rows[r].like if r in rows else None) else [])
        if path:
            out.append(Fault("LIKE-LOOP", f"Các dòng lấy mẫu vòng: {' → '.join(path)}", row.name))
    return out


def _cycle(start: str, following: object) -> list[str]:
    """The way from ``start`` back to itself, empty where there is none."""
    assert callable(following)
    stack: list[tuple[str, list[str]]] = [(start, [start])]
    done: set[str] = set()
    while stack:
        node, path = stack.pop()
        for name in following(node):
            if name == start:
                return [*path, start]
            if name not in done:
                done.add(name)
                stack.append((name, [*path, name]))
    return []


def _ways(table: Table, own_doors: frozenset[tuple[str, int]]) -> list[Fault]:
    out = []
    for name, way in table.transports.items():
        if name == BUILT_IN and way.kind != "smtp":
            out.append(Fault("TRANSPORT-RESERVED", f"Tên '{BUILT_IN}' chỉ dùng cho thư điện tử"))
        if way.kind == "smtp" and (way.host.lower(), way.port) in own_doors:
            out.append(
                Fault("TRANSPORT-LOOP", f"'{name}' gửi tới chính cổng nhận thư của mình ({way.host}:{way.port})")
            )
        if way.kind == "folder" and way.out and way.out == way.inbox:
            out.append(Fault("TRANSPORT-LOOP", f"'{name}' đọc lại chính thư mục mà nó ghi ra ({way.out})"))
    for row in table.routes:
        for name in row.transports or ():
            if name != BUILT_IN and name not in table.transports:
                out.append(Fault("TRANSPORT-UNKNOWN", f"Không có đường gửi '{name}'", row.name))
            elif (
                name in table.transports and table.transports[name].kind == "folder" and not table.transports[name].out
            ):
                out.append(Fault("TRANSPORT-IN-ONLY", f"'{name}' chỉ có chiều đến", row.name))
        if len(set(row.transports or ())) != len(row.transports or ()):
            out.append(Fault("TRANSPORT-LOOP", "Một đường gửi được nêu hai lần trong cùng dòng", row.name))
    return out


def _reach(table: Table) -> list[Fault]:
    out = []
    opened = [selectors(table, row.match) for row in table.routes]
    boxes = Boxes([row.match for row in table.routes]).of
    for index, row in enumerate(table.routes):
        match = row.match
        if match.size_from is not None and match.size_to is not None and match.size_from > match.size_to:
            out.append(Fault("ROW-NEVER", "Cỡ nhỏ nhất lớn hơn cỡ lớn nhất", row.name))
        if opened[index].is_nobody:
            out.append(Fault("ROW-NEVER", "Các nhóm của dòng này không có cơ quan nào", row.name))
            continue
        for earlier in range(index):
            if opened[earlier].covers(opened[index]) and covers(table.routes[earlier].match, match):
                text = f"Không bao giờ tới lượt: dòng '{table.routes[earlier].name}' ở trên đã khớp mọi trường hợp"
                out.append(Fault("ROW-UNREACHABLE", text, row.name))
                break
        else:
            above = [i for i in range(index) if not opened[i].is_nobody]
            last = index == len(table.routes) - 1  # the default is asked for, needed or not
            if not last and all(
                nothing_left(boxes[index], [boxes[i] for i in above if opened[i].covers(one)])
                for one in opened[index].apart()
            ):
                text = "Không bao giờ tới lượt: các dòng ở trên gộp lại đã khớp mọi trường hợp"
                out.append(Fault("ROW-UNREACHABLE", text, row.name))
    if not table.routes or not _is_default(table, table.routes[-1]):
        out.append(Fault("DEFAULT-MISSING", "Dòng cuối phải khớp mọi nơi nhận (không có điều kiện)"))
    return out


def _is_default(table: Table, row: Row) -> bool:
    return selectors(table, row.match).anyone and covers(row.match, Match())


def covers(wide: Match, narrow: Match) -> bool:
    """Whether everything but the recipients that ``narrow`` matches is matched by ``wide`` too."""
    if wide.kinds and not (narrow.kinds and set(narrow.kinds) <= set(wide.kinds)):
        return False
    if wide.channels and not (narrow.channels and set(narrow.channels) <= set(wide.channels)):
        return False
    if wide.days and not (narrow.days and set(narrow.days) <= set(wide.days)):
        return False
    if wide.urgency_from > narrow.urgency_from:
        return False
    if wide.size_from is not None and (narrow.size_from or 0) < wide.size_from:
        return False
    if wide.size_to is not None and (narrow.size_to is None or narrow.size_to > wide.size_to):
        return False
    return wide.minutes is None or minutes_of(narrow) <= minutes_of(wide)
