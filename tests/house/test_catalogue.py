"""Every finding that the source can report is in the catalogue, and every entry of the catalogue is whole."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from congvan_core.findings import CATALOGUE, Definition, Finding, families

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [p for wing in ("core", "mailbox", "gateway") for p in sorted((ROOT / wing).rglob("*.py"))]
NAMES = "|".join(families())
#: A string that is a code and nothing else.
CODE = re.compile(rf"""["']((?:{NAMES})-[A-Z0-9]+(?:-[A-Z0-9]+)*)["']""")


def _fields(template: str) -> set[str]:
    """The evidence keys that a sentence names; a word of its own for the English sentence is called ``…_en``."""
    return {name.removesuffix("_en") for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _cited() -> dict[str, str]:
    """code -> a file that cites it (the catalogue's own files aside)."""
    cited: dict[str, str] = {}
    for path in SOURCES:
        if path.parent.name == "findings":
            continue
        for match in CODE.finditer(path.read_text(encoding="utf-8")):
            cited.setdefault(match[1], path.relative_to(ROOT).as_posix())
    return cited


def test_every_code_of_the_source_is_defined() -> None:
    assert {code: where for code, where in _cited().items() if code not in CATALOGUE} == {}


def test_codes_are_unique_and_follow_their_family() -> None:
    every = [d.code for definitions in families().values() for d in definitions]
    assert sorted({c for c in every if every.count(c) > 1}) == []
    for family, definitions in families().items():
        for definition in definitions:
            assert re.fullmatch(rf"{family}-[A-Z0-9]+(-[A-Z0-9]+)*", definition.code), definition.code


@pytest.mark.parametrize("definition", CATALOGUE.values(), ids=lambda d: d.code)
def test_an_entry_is_whole(definition: Definition) -> None:
    """Two sentences that say the same with the same evidence, and print with evidence and without."""
    for vi, en in ((definition.vi, definition.en), (definition.advice_vi, definition.advice_en)):
        assert bool(vi) == bool(en), "one language has a sentence the other lacks"
        assert _fields(vi) == _fields(en), "the two languages name different evidence"
        assert all(re.fullmatch(r"[a-z_][a-z0-9_]*", f) for f in _fields(vi))
    assert definition.vi and definition.vi.strip() == definition.vi
    assert definition.en and definition.en.strip() == definition.en
    assert definition.clause is None or definition.clause.strip()
    named = _fields(definition.vi) | _fields(definition.advice_vi)
    evidence = {key: "x" for name in named for key in (name, f"{name}_en")}
    for lang, sentence in (("vi", definition.vi), ("en", definition.en)):
        assert Finding(definition.code, evidence).message(lang) == sentence.format_map(evidence)
        assert Finding(definition.code).message(lang), "prints even where the evidence is lost"
    data = Finding(definition.code, evidence).to_json()
    assert set(data) >= {"code", "severity", "message", "clause", "evidence"}
    assert Finding.from_json(data).code == definition.code


@pytest.mark.parametrize("definition", CATALOGUE.values(), ids=lambda d: d.code)
def test_the_vietnamese_sentence_is_vietnamese(definition: Definition) -> None:
    """Never an English word where the field has its own, never "unknown error", never blame."""
    spoken = re.sub(r"\{[^}]*\}", "", definition.vi).lower()
    assert re.search(r"[àáảãạăắằẳẵặâấầẩẫậèéẻẽẹêếềểễệìíỉĩịòóỏõọôốồổỗộơớờởỡợùúủũụưứừửữựỳýỷỹỵđ]", spoken)
    for word in ("timestamp", "quarantine", "lỗi không xác định", "gửi sai", "hệ thống chúng tôi", "biên lai"):
        assert word not in spoken, f"do not say {word!r}"


def test_the_test_itself_finds_an_undefined_code() -> None:
    assert CODE.findall('Finding("SIG-NOT-THERE", {})') == ["SIG-NOT-THERE"]
    assert CODE.findall('"SIGNATURE-X" "sig-x" "X-SIG-A"') == []
