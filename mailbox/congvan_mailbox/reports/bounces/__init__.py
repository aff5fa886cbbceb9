"""Bounces that follow no standard: recognised by their signs, read by their habits."""

from congvan_mailbox.reports.bounces.reader import read_bounce
from congvan_mailbox.reports.bounces.signs import sent_by_mail_system

__all__ = ["read_bounce", "sent_by_mail_system"]
