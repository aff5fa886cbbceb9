"""Receipts of ours: frozen, rendered, sealed; and those of other gateways read."""

from congvan_mailbox.receipts.content import ReceiptContent
from congvan_mailbox.receipts.disposition import Disposition
from congvan_mailbox.receipts.read import Receipt, read_receipt
from congvan_mailbox.receipts.render import receipt_headers, receipt_mail, render, seal
from congvan_mailbox.receipts.wording import Exchange, Letter, Times

__all__ = [
    "Disposition",
    "Exchange",
    "Letter",
    "Receipt",
    "ReceiptContent",
    "Times",
    "read_receipt",
    "receipt_headers",
    "receipt_mail",
    "render",
    "seal",
]
