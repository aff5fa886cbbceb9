"""A mailbox read over IMAP (RFC 3501, RFC 9051): log in, list, fetch in bounded pieces, flag, move, append, wait."""

from congvan_mailbox.imap.account import Account, LinkLost, LogInRefused, MailboxError
from congvan_mailbox.imap.client import Client, connect

__all__ = ["Account", "Client", "LinkLost", "LogInRefused", "MailboxError", "connect"]
