"""The audit journal: what was done, by whom, when; chained so that no one can change it unseen."""

from congvan_core.journal.writing import append

__all__ = ["append"]
