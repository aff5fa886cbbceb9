"""The English of the pages: by the Vietnamese sentence; what is not here stays Vietnamese."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


@cache
def _catalogue() -> dict[str, str]:
    text = (files("congvan_gateway.console") / "english.json").read_text(encoding="utf-8")
    loaded: dict[str, str] = json.loads(text)
    return loaded


def say(text: str) -> str:
    """The English sentence; the Vietnamese one where there is none."""
    return _catalogue().get(text, text)
