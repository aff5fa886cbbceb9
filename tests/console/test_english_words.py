"""The desk in English: every phrase of the templates and of the tables behind them has its English, with the same blanks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from congvan_gateway.console import admin_tabs, audit_period, calendar_form, english, rights, route_form, words
from congvan_gateway.console.pages import admin_people, admin_system
from congvan_gateway.notices import kinds, subscribing
from support_admin import OTHERS, OWN, Office, office
from support_desk import PEOPLE

CONSOLE = Path(str(files("congvan_gateway.console")))
_PHRASE = re.compile(r"""\b_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
_BLANK = re.compile(r"\{\w+\}")
#: What English says in Vietnamese too: clauses, names of norms and systems.
_KEPT = re.compile(r"khoản|điểm|Điều|NĐ|Phụ lục|QLVBĐH|TỔNG|Công Văn|Tiếng Việt|Thông báo đã đến|Đã nhận")
_VIETNAMESE = re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯ\u0300-\u0309\u0323ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")


def catalogue() -> dict[str, str]:
    return {
        vi: en
        for name in english.CATALOGUES
        for vi, en in json.loads((CONSOLE / name).read_text(encoding="utf-8")).items()
    }


def of_templates() -> dict[str, str]:
    """Phrase -> the template that says it."""
    found: dict[str, str] = {}
    for path in sorted((CONSOLE / "templates").glob("*.html")):
        for match in _PHRASE.finditer(path.read_text(encoding="utf-8")):
            phrase = (match[1] if match[1] is not None else match[2]).replace('\\"', '"')
            found.setdefault(phrase, path.name)
    return found


def of_tables() -> set[str]:
    found: set[str] = set()
    for name in dir(words):
        value = getattr(words, name)
        if name.isupper() and isinstance(value, dict | tuple):
            found |= {v for v in (value.values() if isinstance(value, dict) else value) if isinstance(v, str)}
    found |= {text for group, pages in admin_tabs.TABS for text in (group, *(page[1] for page in pages))}
    found |= {text for head, columns in audit_period.SECTIONS.values() for text in (head, *(c[1] for c in columns))}
    found |= {*route_form.HINTS.values(), *route_form.HEADINGS.values()}
    found |= {text for choices in route_form.CHOICES.values() for _, text in choices}
    found |= {*calendar_form.WEEKDAYS, *subscribing.PAUSES.values(), *(k.text for k in kinds.KINDS.values())}
    found |= {about[0] for about in rights.ROLES.values()}
    return found | {*admin_system.ACTIONS.values(), *admin_people.SCOPES.values()}


def test_every_phrase_has_its_english() -> None:
    """Administration, accounts and the frame of every page: all. A page that is being made may be a few words ahead."""
    known, said = catalogue(), of_templates()
    missing = {text: where for text, where in said.items() if text not in known and not text.isascii()}
    missing |= {text: "a table" for text in sorted(of_tables()) if text not in known and not text.isascii()}
    settled = re.compile(r"admin|mine|audit|entering|failure|base")
    assert [f"{where}: {text}" for text, where in missing.items() if settled.match(where)] == []
    assert len(missing) <= len(said) * 0.03, sorted(f"{where}: {text}" for text, where in missing.items())


def test_every_english_sentence_has_the_same_blanks() -> None:
    wrong = [
        vi
        for vi, en in catalogue().items()
        if sorted(_BLANK.findall(vi)) != sorted(_BLANK.findall(en)) or not en.strip()
    ]
    assert wrong == []


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


def test_an_english_page_has_english_headings_labels_and_buttons(there: Office) -> None:
    names = [name for _, name in (*OWN, *OTHERS)] + [name for name, _ in PEOPLE.values()]
    paths = [f"/quan-tri/{path}" for _, pages in admin_tabs.TABS for path, _, _ in pages] + [
        "/",
        "/tai-khoan",
        "/theo-doi",
    ]
    found: list[str] = []
    with there.enter("quantri") as admin:
        admin.cookies.set("lang", "en")
        for path in paths:
            page = admin.get(path).text
            assert '<html lang="en">' in page
            for text in re.findall(r"<(?:h1|h2|th|label|button|legend|summary|title)[^>]*>([^<]+)", page):
                said = _KEPT.sub("", text)
                for name in names:
                    said = said.replace(name, "")
                if _VIETNAMESE.search(said):
                    found.append(f"{path}: {text.strip()}")
    assert found == []
