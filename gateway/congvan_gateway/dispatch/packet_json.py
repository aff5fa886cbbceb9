"""A document's metadata to and from the JSON in which the database keeps it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from congvan_core.documents.model import DocumentMetadata


def metadata_from_json(data: dict[str, Any] | None) -> DocumentMetadata:
    """The inverse of what ``insert_document`` stores; unknown keys of a newer program are left aside."""
    found = build(DocumentMetadata, data or {})
    assert isinstance(found, DocumentMetadata)
    return found


def build(shape: Any, value: Any) -> Any:
    """``value`` (plain JSON) as the type ``shape``: dataclasses, tuples, enumerations, dates, optional ones."""
    origin = get_origin(shape)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return build(next(a for a in get_args(shape) if a is not type(None)), value)
    if origin is tuple:
        args = get_args(shape)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(build(args[0], item) for item in value)
        return tuple(build(kind, item) for kind, item in zip(args, value, strict=True))
    if is_dataclass(shape) and isinstance(shape, type):
        hints = get_type_hints(shape)
        return shape(**{f.name: build(hints[f.name], value[f.name]) for f in fields(shape) if f.name in value})
    if isinstance(shape, type) and issubclass(shape, Enum):
        return shape(value)
    if shape is datetime:
        return datetime.fromisoformat(value)
    if shape is date:
        return date.fromisoformat(value)
    return value
