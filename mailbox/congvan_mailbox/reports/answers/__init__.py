"""What people answer to a document: received, refused, a problem, a question; doubt is for the clerk."""

from congvan_mailbox.reports.answers.meaning import Meaning, ReplyMeaning, understand_reply
from congvan_mailbox.reports.answers.own_words import own_words

__all__ = ["Meaning", "ReplyMeaning", "own_words", "understand_reply"]
