"""Who acts on a held mail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts. A refusal names all of it (khoản 5 Điều 4)."""

    name: str
    position: str = ""
    telephone: str = ""
