"""Findings of the family SECRET-."""

from __future__ import annotations

from congvan_core.findings.model import Definition, Severity

_I, _W, _E = Severity.INFO, Severity.WARNING, Severity.ERROR

DEFINITIONS: tuple[Definition, ...] = ()
