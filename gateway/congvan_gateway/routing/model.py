"""A routing table: rows that match recipients and mails, and what each row asks of the couriers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from congvan_core.documents.agency_code import canonical
from congvan_core.errors import InputError

#: Limits on what an imported table may hold.
MAX_ROWS = 500
MAX_GROUP = 2_000
#: The transport that the settings describe ([delivery]); every table knows it.
BUILT_IN = "smtp"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,15}$")]
RowName = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=1000)]
Tls = Literal["none", "opportunistic", "require", "verify", "pin", "dane"]
Encryption = Literal["never", "if_key", "require"]
_HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)$")


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Shape):
    """What a row is for; what is not said matches everything. ``codes``, ``prefixes``, ``groups`` are alternatives of
    each other, everything else is asked besides. A prefix ``H24.91`` covers ``H24.91`` and ``H24.91.07``, not ``H24.910``.
    """

    codes: tuple[Text, ...] = Field((), max_length=MAX_GROUP)
    prefixes: tuple[Text, ...] = Field((), max_length=MAX_GROUP)
    groups: tuple[Text, ...] = Field((), max_length=50)
    kinds: tuple[Literal["state", "organisation", "citizen"], ...] = ()
    channels: tuple[Literal["qlvbdh", "gateway", "plain", "paper"], ...] = ()
    urgency_from: int = Field(0, ge=0, le=4)
    size_from: int | None = Field(None, ge=0)  # octets, included
    size_to: int | None = Field(None, ge=0)  # octets, included
    hours: str | None = None  # "07:00-17:00" Vietnam time; may go over midnight
    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = ()  # ISO: 1 is Monday

    @field_validator("codes", "prefixes")
    @classmethod
    def _codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(canonical(code.removesuffix(".*")) for code in value)

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: str | None) -> str | None:
        if value is not None and (not _HOURS.match(value) or value[6:] > "24:00" or value[:5] == value[6:]):
            raise ValueError(f"giờ phải có dạng 07:00-17:00, không phải '{value[:20]}'")
        return value

    @property
    def minutes(self) -> tuple[int, int] | None:
        """The hours as minutes of the day; the end is excluded and may be below the start (over midnight)."""
        found = _HOURS.match(self.hours) if self.hours else None
        return None if found is None else (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4]))


class Row(_Shape):
    """One row. What is None is taken from the row named by ``like``, else from the settings.

    ``transports`` in order of preference; after ``switch_after`` failed attempts in a row the next one is tried.
    """

    name: RowName
    match: Match = Field(default_factory=Match)
    like: RowName | None = None
    transports: tuple[Name, ...] | None = Field(None, min_length=1, max_length=8)
    retry: tuple[Annotated[float, Field(ge=1, le=7 * 86400)], ...] | None = Field(None, min_length=1, max_length=20)
    switch_after: int | None = Field(None, ge=1, le=100)
    warn_minutes: float | None = Field(None, gt=0, le=60 * 24 * 30)
    fail_hours: float | None = Field(None, gt=0, le=24 * 60)
    tls: Tls | None = None
    require_tls: bool | None = None  # RFC 8689: every hop, or the mail waits
    encryption: Encryption | None = None
    pace_per_hour: int | None = Field(None, ge=1, le=1_000_000)
    note: Text = ""


class Transport(_Shape):
    """A way out, and for folders and the axis a way in. Paths and ``…_file`` are relative to the settings file."""

    kind: Literal["smtp", "axis", "folder"]
    host: Text = ""  # smtp: empty is the recipient's MX
    port: int = Field(25, ge=1, le=65535)
    tls: Tls | Literal["implicit"] | None = None
    tls_ca: Text | None = None
    tls_pins: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")], ...] = Field((), max_length=20)
    username: Text | None = None
    password_file: Text | None = None
    max_size: int | None = Field(None, gt=0)  # octets of a mail that this way takes
    chunking: bool = True  # BDAT instead of DATA where offered (RFC 3030); False for a hop that gets it wrong
    url: Text = ""  # axis: the address of its interface
    system_id: Text = ""
    secret_file: Text | None = None
    out: Text = ""  # folder: where documents are placed
    inbox: Text = ""  # folder: where arrivals are read
    contents: Literal["all", "mail", "files"] = "all"  # folder: the signed mail, edXML and files, or both
    numbers: bool = False  # folder: incoming documents that wait for QLVBĐH's số đến are placed, its numbers read back

    @model_validator(mode="after")
    def _complete(self) -> Transport:
        if self.kind == "axis" and not (
            self.url.startswith(("https://", "http://127.0.0.1", "http://[::1]")) and self.system_id
        ):
            raise ValueError("trục liên thông cần url (https) và system_id")
        if self.kind == "folder" and not (self.out or self.inbox):
            raise ValueError("thư mục chuyển giao cần out hoặc inbox")
        if self.tls == "pin" and not self.tls_pins:
            raise ValueError("tls = pin cần tls_pins (SHA-256 của chứng thư máy chủ)")
        return self


class Table(_Shape):
    """A whole table. ``groups`` hold codes, ``PREFIX.*`` and other groups as ``@name``."""

    groups: dict[str, tuple[Text, ...]] = Field(default_factory=dict)
    transports: dict[Name, Transport] = Field(default_factory=dict)
    routes: tuple[Row, ...] = Field((), max_length=MAX_ROWS)

    @property
    def digest(self) -> str:
        """Of the content; two tables with the same digest decide alike."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain values, only what was said."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Table:
        """Raises InputError naming the row and the field, in one sentence."""
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise InputError(f"Bảng định tuyến: {_explain(error, data)}") from error


def _explain(error: ValidationError, data: Mapping[str, Any]) -> str:
    out = []
    for item in error.errors()[:5]:
        where = [str(part) for part in item["loc"]]
        if len(where) > 1 and where[0] == "routes" and where[1].isdigit():
            rows: Any = data.get("routes")
            row: Any = rows[int(where[1])] if isinstance(rows, (list, tuple)) else {}
            name = row.get("name") if isinstance(row, Mapping) else None
            where[:2] = [f"dòng {int(where[1]) + 1}" + (f" '{name}'" if name else "")]
        told = "mục lạ" if item["type"] == "extra_forbidden" else item["msg"].removeprefix("Value error, ")
        out.append(f"{'.'.join(where)}: {told}")
    return "; ".join(out)
