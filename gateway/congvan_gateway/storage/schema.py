"""The gateway's tables: arrived mail, the outbox, every recipient and the proofs behind its state.

They hang on the core's metadata. Claims are leases (``lease_token``, ``lease_until``): a result commits only
``WHERE lease_token = …``; the time is the database's.
"""

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
    Text,
    UniqueConstraint,
    false,
)

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

_Id = String(32)

#: One row per arrived mail and receiving agency (a mail to two agencies of a hub is registered in both).
message = Table(
    "message",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id")),  # None: no mailbox of ours matched; held for the operator
    Column("journal", String(80), nullable=False),
    Column("journal_offset", BigInteger, nullable=False),
    Column("door", String(16), nullable=False),  # smtp | lmtp | imap | file
    Column("received_at", Instant, nullable=False),  # at the door: arrival at the mailbox (Điều 14.1.c)
    Column("arrived_at", Instant, nullable=False),  # arrival at the agency's mailbox where IMAP knows an earlier one
    Column("mail_from", String(320), nullable=False),  # "" is the null sender
    Column("rcpt_to", String(320), nullable=False),
    Column("envelope", Json, nullable=False),
    Column("raw_sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("message_id", String(998)),
    Column("state", String(16), nullable=False),
    Column("kind", String(16)),  # as `inspect` names it
    Column("lease_token", String(32)),
    Column("lease_until", Instant),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
    Column("last_error", String(1000)),
    Column("report", Json),  # the frozen judgement
    Column("recommended", String(16)),  # accept | quarantine | refuse | ignore
    Column("codes", Json),  # finding codes, heaviest first: what the queue groups by
    Column("from_address", String(320)),
    Column("from_code", String(35)),
    Column("subject", String(1000)),
    Column("number", String(11)),
    Column("symbol", String(60)),
    Column("urgency", Integer, nullable=False, server_default="0"),
    Column("document_id", ForeignKey("document.id")),
    Column("decided_by", String(200)),
    Column("decided_at", Instant),
    Column("decision", String(32)),
    Column("decision_reason", String(1000)),
    Column("held_until", Instant),
    Column("version", Integer, nullable=False, server_default="1"),  # two people on one item do not collide
    UniqueConstraint("journal", "journal_offset", "rcpt_to"),
    Index("ix_message_work", "state", "next_try_at"),
    Index("ix_message_agency_state", "agency_id", "state", "received_at"),
    Index("ix_message_message_id", "message_id"),
    Index("ix_message_raw", "raw_sha256"),
    Index("ix_message_document", "document_id"),
)

#: One row per recipient of an outgoing document and deliberate sending; the tracking state lives here.
recipient = Table(
    "recipient",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("document_id", ForeignKey("document.id"), nullable=False, index=True),
    Column("code", String(35)),  # the receiving agency, where the directory knows it
    Column("name", String(200)),
    Column("address", String(320), nullable=False),
    Column("gateway", Boolean, nullable=False, server_default=false()),
    Column("sending", Integer, nullable=False),
    Column("resend_reason", String(500)),
    Column("transport", String(16), nullable=False, server_default="smtp"),
    Column("message_id", String(200), nullable=False, unique=True),  # without angle brackets
    Column("envid", String(100), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("since", Instant, nullable=False),
    Column("confirmation", String(16)),
    Column("work_state", String(4)),  # the highest of 04, 05, 06 reported
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("warn_at", Instant),
    Column("fail_at", Instant),
    Column("sent_at", Instant),  # when 01 or 03 was recorded here (Điều 14.1.b)
    Column("received_at", Instant),  # the time in the receiver's receipt (Điều 14.1.c)
    Column("register_number", String(40)),
    Column("register_time", Instant),
    Column("reason", Text),
    Column("urgency", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("document_id", "address", "sending"),
    Index("ix_recipient_state", "agency_id", "state", "warn_at"),
    Index("ix_recipient_time", "created_at", "id"),
    # Who follows everything asks for no agency; who looks for an address asks for no document.
    Index("ix_recipient_follow", "state", "warn_at"),
    Index("ix_recipient_address", "address"),
)

#: What proved or claimed something of a recipient; kept for ever, strongest first decides.
proof = Table(
    "proof",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("recipient_id", ForeignKey("recipient.id"), nullable=False, index=True),
    Column("kind", String(24), nullable=False),  # dsn | receipt_01 … | mdn | reply | phone | paper
    Column("strength", String(16)),  # proved | confirmed | recorded | claimed
    Column("at", Instant, nullable=False),
    Column("message_row_id", String(32)),
    Column("digest", String(64)),  # of the mail that carried it: a replay changes nothing
    Column("data", Json),
    UniqueConstraint("recipient_id", "digest", "kind"),
)

#: One row per mail to one recipient: packages and everything we answer. Signed bytes are sealed before it may leave.
outbox = Table(
    "outbox",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column(
        "kind", String(16), nullable=False
    ),  # package | receipt_01 | receipt_02 | receipt_03 | duplicate | reminder | notice
    Column("recipient_id", ForeignKey("recipient.id"), index=True),
    Column("document_id", ForeignKey("document.id")),
    Column("message_row_id", ForeignKey("message.id")),  # the mail it answers
    Column("dedupe", String(200), unique=True),  # one receipt per status and mail, whatever is retried
    Column("mail_from", String(320), nullable=False),  # "" is the null sender
    Column("rcpt_to", String(320), nullable=False),
    Column("message_id", String(200), nullable=False),
    Column("envid", String(100)),
    Column("notify", String(40)),
    Column("headers", Text),  # the outer headers of this recipient, CRLF
    Column("body_sha256", String(64)),  # the sealed body, one per document
    Column("content", Json),  # the frozen content while it waits for its seal
    Column(
        "state", String(16), nullable=False
    ),  # to_seal | queued | sending | deferred | unknown | accepted | failed | cancelled
    Column("urgency", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Instant),
    Column("give_up_at", Instant),
    Column("lease_token", String(32)),
    Column("lease_until", Instant),
    Column("last_code", Integer),
    Column("last_status", String(16)),
    Column("last_text", String(1000)),
    Column("created_at", Instant, nullable=False),
    Column("sealed_at", Instant),
    Column("done_at", Instant),
    Index("ix_outbox_work", "state", "next_attempt_at"),
    Index("ix_outbox_message_id", "message_id"),
)

#: Every attempt, with what the other side said.
attempt = Table(
    "attempt",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("outbox_id", ForeignKey("outbox.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("stage", String(16)),
    Column("host", String(300)),
    Column("code", Integer),
    Column("status", String(16)),
    Column("text", String(1000)),
    Column("tls", String(100)),
)
