"""What a stranger wrote, made fit for both databases: PostgreSQL keeps no NUL and no lone surrogate, and neither keeps
a moment that has no place in a year of four digits once its zone is changed."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from congvan_core.journal.writing import clean

_T = TypeVar("_T")

#: Years in which a mail or a document can have been written; any other is nonsense, kept in the mail's own bytes.
_YEARS = range(1900, 2201)


def storable(value: _T) -> _T:
    """The same value, or a copy in which unstorable characters are replaced and impossible moments are None."""
    made: _T = _storable(value)
    return made


def _storable(value: Any) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return value if value.isprintable() else clean(value, len(value))
    if isinstance(value, datetime):
        return value if value.year in _YEARS else None
    if isinstance(value, list | tuple):
        made = [_storable(item) for item in value]
        return type(value)(made) if any(a is not b for a, b in zip(made, value, strict=True)) else value
    if isinstance(value, dict):
        pairs = {_storable(key): _storable(item) for key, item in value.items()}
        return pairs if any(pairs.get(key) is not item for key, item in value.items()) else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for each in dataclasses.fields(value):
            old = getattr(value, each.name)
            new = _storable(old)
            if new is not old:
                changed[each.name] = new
        return dataclasses.replace(value, **changed) if changed else value
    return value
