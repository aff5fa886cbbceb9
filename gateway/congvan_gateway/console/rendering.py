"""Templates: everything is escaped, undefined names are errors, words come from the catalogue of the language."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import jinja2

from congvan_gateway.console import english, words
from congvan_gateway.console.admin_tabs import TABS
from congvan_gateway.console.rights import ROLES, Right


def environment() -> jinja2.Environment:
    """The console's templates with their filters."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("congvan_gateway.console", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(day=words.day, moment=words.moment, size=words.size, plain=words.plain)
    made.filters["day_text"] = words.day_text
    made.filters["local_input"] = words.local_input
    made.filters["part"] = lambda text: quote(str(text), safe="")
    made.globals.update(_=_translate, words=words, ROLES=ROLES, Right=Right, ago=_ago, query=_query, word=_word)
    made.globals["admin_tabs"] = TABS
    return made


@jinja2.pass_context
def _translate(context: jinja2.runtime.Context, text: str, **values: Any) -> str:
    said = english.say(text) if context.get("lang") == "en" else text
    return said.format(**values) if values else said


@jinja2.pass_context
def _word(context: jinja2.runtime.Context, table: dict[str, str], code: Any) -> str:
    """The word for a code in the page's language; the code itself where there is no word."""
    text = table.get(code or "", code or "")
    return english.say(text) if context.get("lang") == "en" else text


@jinja2.pass_context
def _ago(context: jinja2.runtime.Context, value: Any) -> str:
    return words.ago(value, context["now"], context.get("lang", "vi"))


@jinja2.pass_context
def _query(context: jinja2.runtime.Context, **changes: Any) -> str:
    """This page's address with some of its query changed; empty values are dropped."""
    asked = dict(context["ask"].request.query_params)
    asked.update({k: str(v) for k, v in changes.items()})
    kept = {k: v for k, v in asked.items() if v}
    return "?" + urlencode(kept) if kept else "?"
