"""The catalogue: every code the program may report, joined from one file per family."""

from __future__ import annotations

from congvan_core.findings import content, dup, file, form, integrity, mime, origin, report, secret, sig
from congvan_core.findings.model import Definition

_FAMILIES: dict[str, tuple[Definition, ...]] = {
    "ORIGIN": origin.DEFINITIONS,
    "SIG": sig.DEFINITIONS,
    "INTEGRITY": integrity.DEFINITIONS,
    "FORMAT": form.DEFINITIONS,
    "MIME": mime.DEFINITIONS,
    "CONTENT": content.DEFINITIONS,
    "SECRET": secret.DEFINITIONS,
    "DUP": dup.DEFINITIONS,
    "REPORT": report.DEFINITIONS,
    "FILE": file.DEFINITIONS,
}

CATALOGUE: dict[str, Definition] = {d.code: d for defs in _FAMILIES.values() for d in defs}


def families() -> dict[str, tuple[Definition, ...]]:
    """The families in the order in which a report lists them."""
    return dict(_FAMILIES)
