"""One free-form report read: is it one, whom does it concern, what happened, and why."""

from __future__ import annotations

from congvan_mailbox.reports.bounces.fallback import by_flufl
from congvan_mailbox.reports.bounces.signs import weigh
from congvan_mailbox.reports.letter import Part
from congvan_mailbox.reports.model import Report
from congvan_mailbox.reports.original import split_returned
from congvan_mailbox.reports.prose import near
from congvan_mailbox.reports.status import choose, reason_vi


def read_bounce(letter: Part, prose: str, raw: bytes) -> Report | None:
    """The report of a free-form bounce, or None where the letter is none."""
    text, returned = split_returned(prose)
    if weigh(letter, text) < 2:
        return None
    results = by_flufl(raw)
    if not results:
        return None
    for result in results:
        around = near(text, result.address, len(results) == 1)
        result.status, result.reason_code, result.derived = choose(None, None, around, result.action)
        result.reason = reason_vi(result.reason_code)
    return Report("delivery", returned.message_id if returned else None, recipients=results, source="flufl")
