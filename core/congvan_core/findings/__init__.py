"""What a check found: a stable code, a severity, a Vietnamese and an English sentence, the clause it rests on.

The sentences live in one file per family (``sig.py``, ``integrity.py``, …); :data:`CATALOGUE` joins them. A finding
carries only its code and its evidence, so that wording can improve without touching what was stored.
"""

from congvan_core.findings.catalogue import CATALOGUE, families
from congvan_core.findings.model import Definition, Finding, Severity, worst

__all__ = ["CATALOGUE", "Definition", "Finding", "Severity", "families", "worst"]
