"""Who acts on a held mail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts. A refusal names all of it (khoản 5 Điều 4)."""

    name: str
    position: str = ""
    telephone: str = ""
    #: Who agreed to an act of high risk (``quarantine.second_person``); "" where nobody was asked.
    agreed_by: str = ""
