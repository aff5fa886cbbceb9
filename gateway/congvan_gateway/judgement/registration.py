"""What a registration is: who registers, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from congvan_core.agencies.model import ContactPoint
from congvan_core.documents.model import DocumentMetadata, LegalValue
from congvan_core.registers.registering import Entry


@dataclass(frozen=True, slots=True)
class Registration:
    """A registered document. ``clock_starts_at`` is the start of the handling clock (điểm c khoản 2 Điều 6)."""

    document_id: str
    entry: Entry
    metadata: DocumentMetadata
    legal_value: LegalValue
    arrived_at: datetime
    clock_starts_at: datetime
    agency: ContactPoint


@dataclass(frozen=True, slots=True)
class Standing:
    """Who registers: a person, or the agency's standing instruction (``instruction_id`` and the day it was given)."""

    actor: str
    instruction_id: str | None = None
    instruction_given: datetime | None = None
    remark: str | None = None
    for_information: bool = False
