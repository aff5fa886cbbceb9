"""Collecting what an evidence file is made of: the document, its mails, proofs, receipts and journal."""
