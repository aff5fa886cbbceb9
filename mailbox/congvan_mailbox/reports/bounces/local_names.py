"""Reports that name a mailbox without its domain (old AOL, GroupWise, Notes); the original gives the domain."""
# Long patterns stay on one line each: wrapped regular expressions are where typing errors hide.

from __future__ import annotations

import re

from congvan_mailbox.reports.addresses import addresses_in
from congvan_mailbox.reports.bounces.candidates import Candidate
from congvan_mailbox.reports.letter import Part
from congvan_mailbox.reports.original import Original

_NAME = r"([A-Za-z0-9][A-Za-z0-9._+-]{0,63})"
_FORMS = (
    re.compile(rf"(?im)^\s*(?:550|554|551)[ -](?:5\.\d\.\d\s)?<?{_NAME}>?\s*(?:\.\.\.|is not|:)\s*(.*)$"),
    re.compile(rf"(?im)^\s*<?{_NAME}>?\s*\.\.\.\s*(user unknown.*)$"),
    re.compile(
        rf"(?im)^\s*{_NAME}(?:\.[\w-]+\.[\w-]+)?\s+\((.{0, 80}?(?:unknown|not found|failure|full|disabled).{0, 80})\)\s*$"
    ),
    re.compile(
        rf"(?im)\b(?:user|mailbox|account|recipient|login)\s*[:\"'<(]*\s*{_NAME}[\"'>)]*\s+(.{0, 80}?(?:unknown|not found|does not exist|doesn't exist|not listed|is full|over quota|disabled|no such).*)$"
    ),
    re.compile(
        rf"(?im)\b(?:unknown|no such|invalid) (?:local )?(?:user|mailbox|recipient|account)\s*[:\"'<(]*\s*{_NAME}[\"'>)]*(.*)$"
    ),
    re.compile(rf"(?im)\baccount\s*=\s*{_NAME}(.*)$"),
    re.compile(rf"(?im)^\s+{_NAME}\s{{2,}}((?:unknown|no such) user.*)$"),
    re.compile(rf"(?im)^\s*no (?:such )?(?:user|account)[ :]+\(?{_NAME}\)?(.*)$"),
)
_NOT_NAMES = frozenset(
    [
        "the",
        "your",
        "this",
        "that",
        "here",
        "unknown",
        "address",
        "user",
        "mailbox",
        "is",
        "was",
        "not",
        "in",
        "on",
        "at",
        "has",
        "your",
        "mail",
    ]
)


def local_names(letter: Part, text: str, returned: Original) -> list[Candidate]:
    """Candidates whose domain comes from the original's recipients, or, where these are unknown, from the reporting system."""
    by_local: dict[str, list[str]] = {}
    for address in returned.recipients:
        by_local.setdefault(address.rpartition("@")[0].casefold(), []).append(address)
    out: dict[str, Candidate] = {}
    for form in _FORMS:
        for match in form.finditer(text[:8000]):
            name = match.group(1).strip(".")
            if name.casefold() in _NOT_NAMES or name.isdigit():
                continue
            matches = by_local.get(name.casefold(), [])
            if len(matches) == 1:
                out.setdefault(matches[0], Candidate(matches[0], match.group(0).strip(), 3))
        if out:
            return list(out.values())
    # The report of a mailbox's own host: "550 nguyenvana is not accepting mail"; its domain is the reporter's.
    if not returned.recipients and re.search(
        r"not accepting mail from|unknown user|user unknown|does not exist", text, re.IGNORECASE
    ):
        reporter = [a for a in addresses_in(letter.get("From")) if "@" in a]
        for match in re.finditer(
            rf"(?im)^\s*(?:550 )?<?{_NAME}>?\s*(?:\.\.\.|is not accepting mail|\s+(?:unknown|no such) user)\s*(.*)$",
            text[:8000],
        ):
            if reporter and match.group(1).casefold() not in _NOT_NAMES:
                address = f"{match.group(1)}@{reporter[0].rpartition('@')[2]}"
                out.setdefault(address, Candidate(address, match.group(0).strip(), 3))
    return list(out.values())
