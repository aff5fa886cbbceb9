"""The sections of the settings with their fields, for the page that shows them and the guide that tells them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel

from congvan_gateway.settings import Settings


def settings_sections() -> Iterator[tuple[str, type[BaseModel], bool]]:
    """(name, its fields, whether it may stand several times) of every section of congvan.toml, in the file's order."""
    for name, info in Settings.model_fields.items():
        inner = get_args(info.annotation)
        kind = inner[0] if inner else info.annotation
        if name != "base" and isinstance(kind, type) and issubclass(kind, BaseModel):
            yield name, kind, bool(inner)
