"""MIME, byte-exact: parse from raw bytes and write to raw bytes, with every Vietnamese name intact."""

from congvan_mailbox.message.addresses import Address, AddressList, parse_addresses
from congvan_mailbox.message.compare import compare_readers
from congvan_mailbox.message.headers import Headers
from congvan_mailbox.message.limits import Limits
from congvan_mailbox.message.parse import parse_message
from congvan_mailbox.message.part import Part

__all__ = ["Address", "AddressList", "Headers", "Limits", "Part", "compare_readers", "parse_addresses", "parse_message"]
