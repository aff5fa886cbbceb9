"""Writing an event into the journal, in the same transaction as the change it tells of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, insert

from congvan_core.ids import now
from congvan_core.storage.schema import event

_INSERT = insert(event)


def canonical(data: Mapping[str, Any]) -> str:
    """JSON text with sorted keys and no blanks: the very text that is stored and hashed.

    Dates and moments become ISO 8601, enumerations their value, bytes lower-case hex, sets sorted lists. Raises
    TypeError for anything else that JSON does not know, ValueError for NaN and infinities.
    """
    text = json.dumps(
        data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_jsonable
    )
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate from a broken mail header: escaped, as RFC 8259 8.2 foresees
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_jsonable)
    return text


def _jsonable(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in the journal")


def clean(text: str, limit: int) -> str:
    """Text as both databases can hold it: no NUL, no lone surrogate, at most ``limit`` characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:limit]


def append(
    connection: Connection,
    *,
    agency_id: str,
    actor: str,
    kind: str,
    subject: str,
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Write one event. It commits or vanishes with the caller's transaction; the sealer chains it afterwards.

    ``agency_id`` "" is the installation itself. ``actor`` names a person or "system"; ``kind`` is a dotted English
    word (``document.registered``); ``subject`` is ``document:ID``, ``entry:ID``, ``message:ID`` …; ``at`` defaults to
    this moment. A writer never waits for the chain.
    """
    append_all(
        connection,
        [{"agency_id": agency_id, "actor": actor, "kind": kind, "subject": subject, "data": data, "at": at}],
    )


def append_all(connection: Connection, events: Sequence[Mapping[str, Any]]) -> None:
    """Write several events, each given by the names that ``append`` takes, with one statement and in this order."""
    rows = [
        {
            "agency_id": one["agency_id"],
            "at": one.get("at") or now(),
            "actor": clean(one["actor"], 200),
            "kind": clean(one["kind"], 60),
            "subject": clean(one["subject"], 120),
            "data": canonical(one.get("data") or {}),
        }
        for one in events
    ]
    if rows:
        connection.execute(_INSERT, rows)
