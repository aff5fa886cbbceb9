"""What mail brings back: receipts (RFC 8098), delivery reports and bounces of every kind, people's answers."""

from congvan_mailbox.reports.classify import classify
from congvan_mailbox.reports.model import Action, Disposition, MailKind, Reading, RecipientResult, Report

__all__ = ["Action", "Disposition", "MailKind", "Reading", "RecipientResult", "Report", "classify"]
