"""The shape of a finding and of its entry in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Severity(str, Enum):
    """How much a finding weighs. What it leads to is the policy table's business, not the severity's."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        return ("info", "warning", "error").index(self.value)


@dataclass(frozen=True, slots=True)
class Definition:
    """One row of the catalogue. ``vi`` and ``en`` may name evidence keys in braces: ``{page}``."""

    code: str
    severity: Severity
    vi: str
    en: str
    clause: str | None = None
    advice_vi: str = ""
    advice_en: str = ""


class _Blank(dict[str, Any]):
    """Leaves a name visible where the evidence lacks it, so that a sentence never fails to print."""

    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``evidence`` is JSON-able: strings, numbers, lists and maps of them.

    ``file`` names the attachment or file concerned, where there is one. ``severity`` overrides the catalogue's.
    """

    code: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    file: str | None = None
    severity_override: Severity | None = None

    @property
    def definition(self) -> Definition:
        from congvan_core.findings.catalogue import CATALOGUE

        return CATALOGUE[self.code]

    @property
    def severity(self) -> Severity:
        return self.severity_override or self.definition.severity

    def message(self, lang: str = "vi") -> str:
        template = self.definition.vi if lang == "vi" else self.definition.en
        values = _Blank(self.evidence)
        if self.file is not None:
            values.setdefault("file", self.file)
        return template.format_map(values)

    def advice(self, lang: str = "vi") -> str:
        template = self.definition.advice_vi if lang == "vi" else self.definition.advice_en
        return template.format_map(_Blank(self.evidence))

    def to_json(self, lang: str = "vi") -> dict[str, Any]:
        """The public form (see docs/contracts of the command line): code, severity, message, clause, evidence."""
        evidence = dict(self.evidence)
        if self.file is not None:
            evidence.setdefault("file", self.file)
        out: dict[str, Any] = {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message(lang),
            "clause": self.definition.clause,
            "evidence": evidence,
        }
        advice = self.advice(lang)
        if advice:
            out["advice"] = advice
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        evidence = dict(data.get("evidence") or {})
        code = str(data["code"])
        severity = Severity(data["severity"]) if data.get("severity") else None
        return cls(code, evidence, evidence.get("file"), severity)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The heaviest severity, or None where there is no finding."""
    ranked = sorted((f.severity for f in findings), key=lambda s: s.rank)
    return ranked[-1] if ranked else None
