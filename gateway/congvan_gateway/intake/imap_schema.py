"""The tables of the mailboxes read over IMAP: who reads, how far, what became of each mail, what was found in Sent."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    false,
)

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

_Id = String(32)

#: One row per account (``user@host``). Whoever holds the lease reads; results commit only under its token.
imap_account = Table(
    "imap_account",
    metadata,
    Column("name", String(300), primary_key=True),
    Column("marker", String(20), nullable=False),  # the keyword by which another installation knows that we read here
    Column("since", Instant, nullable=False),
    Column("lease_token", String(32)),
    Column("lease_until", Instant),
    Column("read_at", Instant),  # the last time that everything there was read
    Column("last_error", String(1000)),
)

#: How far a folder was read: every UID up to ``uid_done`` under this UIDVALIDITY has its row in ``imap_mail``.
imap_folder = Table(
    "imap_folder",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account", ForeignKey("imap_account.name"), nullable=False),
    Column("folder", String(300), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid_done", BigInteger, nullable=False),
    UniqueConstraint("account", "folder"),
)

#: One row per mail met: which arrival it is, where it lies now, which state a person sees on it in the webmail.
imap_mail = Table(
    "imap_mail",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("folder_id", ForeignKey("imap_folder.id"), nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("message_row_id", ForeignKey("message.id"), index=True),  # None: it could not be fetched yet
    Column("is_copy", Boolean, nullable=False, server_default=false()),  # the same octets were read before
    Column("place", String(300)),  # the folder it was moved to
    Column("place_uidvalidity", BigInteger),
    Column("place_uid", BigInteger),
    Column("shown", String(16)),  # the state that its flags and folder tell
    Column("settled", Boolean, nullable=False, server_default=false()),  # nothing more will be shown
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
    Column("last_error", String(500)),
    UniqueConstraint("folder_id", "uidvalidity", "uid"),
    Index("ix_imap_mail_open", "folder_id", "settled"),
)

#: Mails of ours that were copied into the account's Sent folder.
imap_sent = Table(
    "imap_sent",
    metadata,
    Column("outbox_id", ForeignKey("outbox.id"), primary_key=True),
    Column("account", String(300), nullable=False),
    Column("at", Instant, nullable=False),
)

#: Documents that a person sent by hand from the webmail: offered for the outgoing register (khoản 2 Điều 4).
imap_hand_sent = Table(
    "imap_hand_sent",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id")),
    Column("account", String(300), nullable=False),
    Column("raw_sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("message_id", String(998)),
    Column("sent_at", Instant, nullable=False),
    Column("recipients", Json, nullable=False),
    Column("subject", String(1000)),
    Column("number", String(11)),
    Column("symbol", String(60)),
    Column("issued_on", String(10)),
    Column("main_name", String(500)),
    Column("main_sha256", String(64)),
    Column("outcome", String(16)),  # of the signature check
    Column("state", String(16), nullable=False),  # offered | registered | dismissed
    Column("document_id", ForeignKey("document.id")),
    Column("decided_by", String(200)),
    Column("decided_at", Instant),
    Column("reason", String(500)),
    UniqueConstraint("account", "raw_sha256"),
    Index("ix_imap_hand_sent_state", "state", "sent_at"),
)
