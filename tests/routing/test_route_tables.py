"""The table itself: what matches, what is refused, and that a file says the same as the table.

Quy chế Điều 13.1-13.2.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvan_core.documents.model import Urgency
from congvan_core.errors import InputError, UnreadableError
from congvan_core.ids import VIETNAM
from congvan_gateway.routing.deciding import Case, Terms, decide, within
from congvan_gateway.routing.forms import COLUMNS, FIELDS, from_file, to_toml, to_xlsx
from congvan_gateway.routing.model import Table
from congvan_gateway.routing.validating import faults, selectors

USUAL = Terms(("smtp",), None, 3, 240, 120)
DEFAULT: dict[str, Any] = {"name": "còn lại", "transports": ["smtp"]}
TRANSPORTS: dict[str, Any] = {
    "truc": {"kind": "axis", "url": "https://truc.example.vn/api", "system_id": "H24.90"},
    "usb": {"kind": "folder", "out": "usb"},
}


def table(*rows: dict[str, Any], groups: dict[str, list[str]] | None = None) -> Table:
    return Table.from_json({"groups": groups or {}, "transports": TRANSPORTS, "routes": [*rows, DEFAULT]})


def row_for(found: Table, **case: Any) -> str:
    given_case = {"codes": ("H24.91.07",), "at": datetime(2026, 11, 23, 9, 30, tzinfo=VIETNAM), **case}
    return decide(found, 7, Case(**given_case), USUAL).row


def codes_of(found: Table, **options: Any) -> list[tuple[str, str | None]]:
    return [(f.code, f.row) for f in faults(found, **options)]


@pytest.mark.parametrize(
    ("match", "case", "matches"),
    [
        ({"codes": ["H24.91.07"]}, {}, True),
        ({"codes": ["H24.91"]}, {}, False),
        ({"prefixes": ["H24.91"]}, {}, True),
        ({"prefixes": ["H24.9"]}, {}, False),  # a part of a code is no prefix
        ({"groups": ["phuong"]}, {}, True),
        ({"groups": ["tat-ca"]}, {}, True),
        ({"groups": ["xa"]}, {}, False),
        ({"kinds": ["organisation"]}, {}, False),
        ({"kinds": ["organisation"]}, {"kind": "organisation"}, True),
        ({"channels": ["qlvbdh"]}, {"channel": "qlvbdh"}, True),
        ({"urgency_from": 2}, {"urgency": Urgency.URGENT}, False),
        ({"urgency_from": 2}, {"urgency": Urgency.EXPRESS}, True),
        ({"size_from": 1000}, {"size": 999}, False),
        ({"size_from": 1000, "size_to": 2000}, {"size": 2000}, True),
        ({"hours": "07:00-17:00"}, {}, True),
        ({"hours": "17:00-07:00"}, {}, False),
        ({"hours": "17:00-07:00"}, {"at": datetime(2026, 11, 23, 3, 0, tzinfo=VIETNAM)}, True),
        ({"days": [6, 7]}, {}, False),
        ({"days": [1]}, {}, True),
        ({"prefixes": ["H24.91"], "urgency_from": 1}, {}, False),
    ],
)
def test_rows_match(match: dict[str, Any], case: dict[str, Any], matches: bool) -> None:
    groups = {"phuong": ["H24.91.*"], "xa": ["H24.92.01"], "tat-ca": ["@xa", "@phuong"]}
    found = table({"name": "dòng thử", "match": match, "transports": ["truc"]}, groups=groups)
    assert row_for(found, **case) == ("dòng thử" if matches else "còn lại")


def test_the_decision_says_why_and_what_follows() -> None:
    found = table(
        {"name": "khẩn", "match": {"urgency_from": 1}, "transports": ["truc"]},
        {
            "name": "phường", "match": {"groups": ["phuong"]}, "transports": ["truc", "smtp"], "retry": [60, 300],
            "switch_after": 2, "warn_minutes": 30, "fail_hours": 8, "encryption": "if_key", "pace_per_hour": 100,
        },
        groups={"phuong": ["H24.91.*"]},
    )  # fmt: skip
    told = decide(found, 7, Case(("H24.91.07",)), USUAL).to_json()
    assert (told["row"], told["table_version"], told["transports"]) == ("phường", 7, ["truc", "smtp"])
    assert told["because"] == "Khớp dòng 'phường': tiền tố H24.91 (nhóm phuong)"
    assert told["skipped"] == [{"row": "khẩn", "because": "độ khẩn 'thường' thấp hơn 'khẩn'"}]
    steps = " | ".join(told["next"])
    for words in (
        "'truc'",
        "100 thư mỗi giờ",
        "1 phút, 5 phút",
        "Hỏng 2 lần liên tiếp",
        "'smtp'",
        "thăm dò",
        "Mã hóa",
        "30 phút",
    ):
        assert words in steps
    assert Terms.from_json(told["terms"]).to_json() == told["terms"]


def test_a_row_takes_what_it_does_not_say_from_its_model_and_the_settings() -> None:
    found = table(
        {"name": "mẫu", "match": {"codes": ["H24.1"]}, "transports": ["truc"], "warn_minutes": 30, "tls": "verify"},
        {"name": "con", "match": {"codes": ["H24.91.07"]}, "like": "mẫu", "warn_minutes": 10},
    )
    terms = decide(found, 1, Case(("H24.91.07",)), USUAL).terms
    assert (terms.transports, terms.warn_minutes, terms.tls, terms.fail_hours) == (("truc",), 10, "verify", 120)


def test_without_a_table_the_settings_decide() -> None:
    told = decide(None, 0, Case(("H24.91.07",)), USUAL)
    assert (told.table_version, told.terms) == (0, USUAL)


@pytest.mark.parametrize(
    ("rows", "groups", "expected"),
    [
        (
            [{"name": "a", "match": {"prefixes": ["H24"]}}, {"name": "b", "match": {"codes": ["H24.91"]}}],
            {},
            ("ROW-UNREACHABLE", "b"),
        ),
        ([{"name": "a"}], {}, ("ROW-UNREACHABLE", "còn lại")),
        (
            [{"name": "a", "match": {"hours": "06:00-20:00"}}, {"name": "b", "match": {"hours": "07:00-08:00"}}],
            {},
            ("ROW-UNREACHABLE", "b"),
        ),
        (
            [{"name": "a", "match": {"urgency_from": 1}}, {"name": "b", "match": {"urgency_from": 3, "days": [1]}}],
            {},
            ("ROW-UNREACHABLE", "b"),
        ),
        (
            [
                {"name": "ngày", "match": {"hours": "06:00-18:00"}},
                {"name": "đêm", "match": {"hours": "18:00-06:00"}},
                {"name": "b", "match": {"codes": ["H1"]}},
            ],
            {},
            ("ROW-UNREACHABLE", "b"),
        ),
        (
            [
                {"name": "nhỏ", "match": {"size_to": 1000}},
                {"name": "to", "match": {"size_from": 1001, "urgency_from": 1}},
                {"name": "b", "match": {"size_from": 500, "urgency_from": 2, "kinds": ["state"]}},
            ],
            {},
            ("ROW-UNREACHABLE", "b"),
        ),
        (
            [
                {"name": "một", "match": {"codes": ["H1"]}},
                {"name": "hai", "match": {"prefixes": ["H2"]}},
                {"name": "b", "match": {"groups": ["x"]}},
            ],
            {"x": ["H1", "H2.01.*"]},
            ("ROW-UNREACHABLE", "b"),
        ),
        ([{"name": "a", "match": {"size_from": 9, "size_to": 3}}], {}, ("ROW-NEVER", "a")),
        ([{"name": "a", "match": {"groups": ["rong"]}}], {"rong": []}, ("ROW-NEVER", "a")),
        ([{"name": "a", "match": {"groups": ["x"]}}], {"x": ["@y"], "y": ["@x"]}, ("GROUP-LOOP", None)),
        ([{"name": "a", "match": {"groups": ["khong-co"]}}], {}, ("GROUP-UNKNOWN", "a")),
        (
            [
                {"name": "a", "match": {"codes": ["H1"]}, "like": "b"},
                {"name": "b", "match": {"codes": ["H2"]}, "like": "a"},
            ],
            {},
            ("LIKE-LOOP", "a"),
        ),
        ([{"name": "a", "match": {"codes": ["H1"]}, "like": "khác"}], {}, ("LIKE-UNKNOWN", "a")),
        ([{"name": "a", "match": {"codes": ["H1"]}, "transports": ["fax"]}], {}, ("TRANSPORT-UNKNOWN", "a")),
        ([{"name": "a", "match": {"codes": ["H1"]}, "transports": ["usb", "usb"]}], {}, ("TRANSPORT-LOOP", "a")),
        (
            [{"name": "a", "match": {"codes": ["H1"]}}, {"name": "a", "match": {"codes": ["H2"]}}],
            {},
            ("ROW-TWICE", "a"),
        ),
    ],
)
def test_faults_are_found(
    rows: list[dict[str, Any]], groups: dict[str, list[str]], expected: tuple[str, str | None]
) -> None:
    assert expected in codes_of(table(*rows, groups=groups))


def test_rows_that_only_seem_covered_are_let_through() -> None:
    rows = [
        {"name": "a", "match": {"prefixes": ["H24"], "days": [1, 2]}},
        {"name": "b", "match": {"prefixes": ["H24.91"]}},
        {"name": "c", "match": {"hours": "20:00-06:00"}},
        {"name": "d", "match": {"hours": "05:00-07:00"}},
    ]
    assert codes_of(table(*rows)) == []
    gap = [
        {"name": "nhỏ", "match": {"size_to": 999}},
        {"name": "to", "match": {"size_from": 1001}},
        {"name": "đúng 1000", "match": {"codes": ["H1"]}},
    ]
    assert codes_of(table(*gap)) == []
    halves = [{"name": "khẩn", "match": {"urgency_from": 1}}, {"name": "ngày", "match": {"days": [1, 2, 3, 4, 5, 6]}}]
    assert codes_of(table(*halves)) == [], "the default is asked for, whatever stands above it"


@pytest.mark.parametrize("codes", [90, 1])
def test_a_large_table_is_checked_at_once(codes: int) -> None:
    rows = [
        {
            "name": f"r{i}",
            "match": {
                "codes": [f"H{i % codes + 10}"],
                "hours": f"{i % 23:02}:{i % 59:02}-{i % 23 + 1:02}:30",
                "size_from": i,
                "size_to": 1000 + i,
            },
        }
        for i in range(200)
    ]
    begin = time.process_time()
    assert codes_of(table(*rows)) == []
    assert time.process_time() - begin < 10


def test_a_missing_default_and_a_smarthost_that_is_ourselves_are_faults() -> None:
    lone = Table.from_json({"routes": [{"name": "a", "match": {"codes": ["H1"]}, "transports": ["smtp"]}]})
    assert codes_of(lone) == [("DEFAULT-MISSING", None)]
    assert codes_of(Table()) == [("DEFAULT-MISSING", None)]
    own = Table.from_json(
        {"transports": {"me": {"kind": "smtp", "host": "LOCALHOST", "port": 2525}}, "routes": [DEFAULT]}
    )
    assert codes_of(own, own_doors=frozenset({("localhost", 2525)})) == [("TRANSPORT-LOOP", None)]


@pytest.mark.parametrize(
    "data",
    [
        {"routes": [{"name": "a", "transport": ["smtp"]}]},
        {"routes": [{"name": "a", "match": {"hours": "25:00-26:00"}}]},
        {"routes": [{"name": "a", "match": {"hours": "00:00-24:01"}}]},
        {"routes": [{"name": "a", "transports": []}]},
        {"routes": [{"name": "", "transports": ["smtp"]}]},
        {"transports": {"t": {"kind": "axis", "url": "http://truc.example.vn", "system_id": "x"}}},
        {"transports": {"T T": {"kind": "folder", "out": "x"}}},
        {"routes": [{"name": f"r{i}"} for i in range(501)]},
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(data: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        Table.from_json(data)
    assert error.value.message.startswith("Bảng định tuyến: ") and "\n" not in error.value.message


FULL = table(
    {
        "name": 'dòng "đủ"\\', "match": {
            "codes": ["H24.91.07"], "prefixes": ["H24.92"], "groups": ["g"], "kinds": ["state"], "channels": ["plain", "gateway"],
            "urgency_from": 1, "size_from": 0, "size_to": 5_000_000, "hours": "17:00-07:00", "days": [1, 5],
        },
        "transports": ["truc", "smtp"], "retry": [30, 60.5], "switch_after": 4, "warn_minutes": 15, "fail_hours": 24,
        "tls": "verify", "require_tls": False, "encryption": "require", "pace_per_hour": 60, "note": "ghi chú\nhai dòng",
    },
    {"name": "con", "match": {"codes": ["H24.1"]}, "like": 'dòng "đủ"\\'},
    groups={"g": ["H24.93.*", "@h"], "h": ["H24.94"]},
)  # fmt: skip


def test_toml_says_the_whole_table() -> None:
    assert from_file(to_toml(FULL), "bang.toml") == FULL


def test_a_spreadsheet_says_every_row() -> None:
    back = from_file(to_xlsx(FULL), "bang.xlsx", FULL)
    assert back == FULL
    assert {path for _, path, _ in COLUMNS} == FIELDS


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"routes = [", "x.toml"),
        (b"\xff\xfe\x00", "x.toml"),
        (b"PK\x03\x04 no zip", "x.xlsx"),
        ("Tên dòng,Cột lạ\na,b\n".encode(), "x.csv"),
        ("Tên dòng,Độ khẩn từ\na,hai\n".encode(), "x.csv"),
        ("chẳng có tiêu đề\n".encode(), "x.csv"),
    ],
)
def test_files_that_cannot_be_read_are_named(data: bytes, name: str) -> None:
    with pytest.raises((InputError, UnreadableError)) as error:
        from_file(data, name)
    assert name in error.value.message


_CODES = st.sampled_from(["H24", "H24.91", "H24.91.07", "H24.91.08", "H24.92", "H24.92.01"])
_MATCH = st.fixed_dictionaries(
    {},
    optional={
        "codes": st.lists(_CODES, min_size=1, max_size=2),
        "prefixes": st.lists(_CODES, min_size=1, max_size=2),
        "kinds": st.lists(st.sampled_from(["state", "organisation"]), min_size=1, max_size=2, unique=True),
        "urgency_from": st.integers(0, 3),
        "size_from": st.integers(0, 3),
        "size_to": st.integers(3, 6),
        "hours": st.sampled_from(["00:00-12:00", "12:00-24:00", "06:00-07:00", "22:00-06:00"]),
        "days": st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True),
    },
)


@given(
    matches=st.lists(_MATCH, min_size=2, max_size=4),
    code=_CODES,
    kind=st.sampled_from(["state", "organisation", "citizen"]),
    urgency=st.sampled_from(list(Urgency)),
    size=st.integers(0, 7),
    minute=st.integers(0, 1439),
    day=st.integers(1, 7),
)
def test_a_row_called_unreachable_never_decides(
    matches: list[dict[str, Any]], code: str, kind: str, urgency: Urgency, size: int, minute: int, day: int
) -> None:
    found = table(*({"name": f"r{i}", "match": m} for i, m in enumerate(matches)))
    never = {f.row for f in faults(found) if f.code in ("ROW-UNREACHABLE", "ROW-NEVER")}
    at = datetime(2026, 11, 22 + day, minute // 60, minute % 60, tzinfo=VIETNAM)
    assert row_for(found, codes=(code,), kind=kind, urgency=urgency, size=size, at=at) not in never


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_hours_and_their_complement_share_no_minute(begin: int, end: int, minute: int) -> None:
    if begin != end:
        assert within((begin, end), minute) != within((end, begin), minute)


def test_groups_that_call_each_other_open_all_the_same() -> None:
    found = table(groups={"x": ["H1", "@y"], "y": ["H2", "@x"]})
    from congvan_gateway.routing.model import Match

    assert selectors(found, Match(groups=("x",))).codes == {"H1", "H2"}
