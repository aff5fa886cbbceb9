"""What mail servers say when they refuse, in their own words, in the order in which the words are asked."""

from congvan_mailbox.reports.wordings import address, filters, mailbox, path, permission, session
from congvan_mailbox.reports.wordings.phrase import Phrase
from congvan_mailbox.reports.wordings.reasons import REASONS_VI

#: The first row that matches wins, so the narrow ones stand first.
PHRASES: tuple[Phrase, ...] = (
    *session.ROWS,
    *mailbox.ROWS,
    *permission.ROWS,
    *filters.ROWS,
    *address.ROWS,
    *path.ROWS,
)

__all__ = ["PHRASES", "REASONS_VI", "Phrase"]
