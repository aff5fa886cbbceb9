"""The core's tables: directory, documents, registers, journal, blobs.

Every row that belongs to one agency of the installation carries ``agency_id`` (the contact point that owns it), so that
several agencies share one database and each sees only its own. Identifiers are time-ordered (:func:`new_id`).
The mail tables of the gateway hang on the same :data:`metadata` (``congvan_gateway.storage.schema``).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from congvan_core.storage.types import Instant, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = String(32)
_BigSerial = BigInteger().with_variant(Integer, "sqlite")

# --- directory: contact points (đầu mối, Điều 5) and the issuing bodies (tác giả) they serve, all dated -------------

contact_point = Table(
    "contact_point",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("code", String(35), nullable=False),  # canonical form; the raw form of the paper beside it
    Column("raw_code", String(35), nullable=False),
    Column("name", String(200), nullable=False),
    Column("kind", String(16), nullable=False),  # state | organisation | citizen
    Column("own", Boolean, nullable=False, server_default=false()),  # served by this installation
    Column("telephone", String(50)),
    Column("address", String(300)),
    Column("channel", String(16), nullable=False, server_default="gateway"),  # qlvbdh | gateway | plain | paper
    Column("channel_reason", String(500)),  # which side, which condition (Điều 13.4)
    Column("channel_review_on", Date),
    Column("settings", Json),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("successor_code", String(35)),
    Column("updated_at", Instant, nullable=False),
    Index(None, "code"),
)

issuing_body = Table(
    "issuing_body",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("contact_point_id", ForeignKey("contact_point.id"), nullable=False, index=True),
    Column("code", String(35), nullable=False),
    Column("raw_code", String(35), nullable=False),
    Column("name", String(200), nullable=False),
    Column("governing_body", String(200)),
    Column("place", String(100)),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("predecessor_code", String(35)),
    Column("successor_code", String(35)),
    Column("former_names", Json),
    Index(None, "code"),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("contact_point_id", ForeignKey("contact_point.id"), nullable=False, index=True),
    Column("address", String(320), nullable=False),  # normalised: domain in lower-case A-labels, local part as given
    Column("address_key", String(320), nullable=False),  # whole address in lower case, what look-ups use
    Column("kind", String(16), nullable=False),  # official | organisation | citizen | personal
    Column("gateway", Boolean, nullable=False, server_default=false()),  # a gateway answers there, with signed receipts
    Column("role", String(16), nullable=False, server_default="main"),  # main | check (hộp thư kiểm tra) | forwarder
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("probed_at", Instant),
    Column("probe_result", String(300)),
    Index(None, "address_key"),
)

agency_key = Table(
    "agency_key",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("contact_point_id", ForeignKey("contact_point.id"), nullable=False, index=True),
    Column("body_code", String(35)),  # None: speaks for every body of the contact point
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of the certificate, lower-case hex
    Column("purpose", String(16), nullable=False),  # gateway | document | encryption
    Column("state", String(16), nullable=False),  # claimed | confirmed | revoked
    Column("subject", String(500)),
    Column("certificate", LargeBinary),  # DER
    Column("valid_from", Instant),
    Column("valid_to", Instant),
    Column("confirmed_by", String(200)),
    Column("confirmed_at", Instant),
    UniqueConstraint("contact_point_id", "fingerprint", "purpose"),
    Index(None, "fingerprint"),
)

standing_instruction = Table(
    "standing_instruction",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False, index=True),
    Column("given_by", String(200), nullable=False),
    Column("position", String(200)),
    Column("given_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("sender_codes", Json),  # None: every sender of the directory
    Column("types", Json),  # None: every type
)

# --- documents --------------------------------------------------------------------------------------------------------

blob = Table(
    "blob",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("stored_at", Instant, nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("direction", String(8), nullable=False),  # incoming | outgoing
    Column("identifier", String(200)),  # mã định danh văn bản as text
    Column("author_code", String(35)),  # canonical; None where the author is not established
    Column("author_name", String(200)),
    Column("number", String(11)),
    Column("symbol", String(60)),
    Column("number_key", String(80)),  # normalised number/symbol for look-ups (accents kept)
    Column("issued_on", Date),
    Column("type_name", String(100)),
    Column("subject", String(1000)),
    Column("urgency", Integer, nullable=False, server_default="0"),
    Column("signer_competence", String(20)),
    Column("signer_position", String(100)),
    Column("signer_name", String(100)),
    Column("pages", Integer),
    Column("due_on", Date),
    Column("main_sha256", String(64)),
    Column("legal_value", String(32), nullable=False),
    Column("legal_reason", String(500)),
    Column("channel", String(16), nullable=False),  # email | axis | paper | qlvbdh | usb | zalo | file
    Column("channel_reason", String(500)),
    Column("registered_in_qlvbdh_at", Instant),
    Column("qlvbdh_number", String(40)),
    Column(
        "state", String(24), nullable=False
    ),  # incoming: registered | waiting_number | recalled …; outgoing: issued …
    Column("late_reason", String(500)),
    Column("remark", String(1000)),
    Column("packet", Json),  # DocumentMetadata as stored
    Column("verification", Json),  # frozen facts of the signature check
    Column("policy_version", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("search_text", Text),  # folded: without accents, for search as you type
    Index("ix_document_agency_direction_created", "agency_id", "direction", "created_at"),
    Index("ix_document_newest", "agency_id", "created_at", "id"),  # search reads from the newest and stops early
    Index("ix_document_main_digest", "agency_id", "main_sha256"),
    Index("ix_document_author_number", "agency_id", "number_key", "issued_on"),
    Index("ix_document_identifier", "agency_id", "identifier"),
)

document_file = Table(
    "document_file",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("document_id", ForeignKey("document.id"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("role", String(16), nullable=False),
    Column("name", String(500), nullable=False),  # as received; kept even where Điều 8.3 would name it otherwise
    Column("proper_name", String(300)),
    Column("sha256", ForeignKey("blob.sha256"), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", String(200)),
    Column("format", String(20)),
    Column("author_code", String(35)),
    Column("verification", Json),
    Index(None, "sha256"),
)

arrival = Table(
    "arrival",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("document_id", ForeignKey("document.id"), nullable=False, index=True),
    Column("channel", String(16), nullable=False),
    Column("message_id", String(32)),  # the gateway's mail row, where it came by mail
    Column("arrived_at", Instant, nullable=False),
    Column("first", Boolean, nullable=False, server_default=true()),
    Column("remark", String(500)),
)

# --- registers --------------------------------------------------------------------------------------------------------

book = Table(
    "book",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("body_code", String(35), nullable=False),
    Column("year", Integer, nullable=False),
    Column("direction", String(8), nullable=False),
    Column("series", String(40), nullable=False, server_default=""),
    Column("authority", String(8), nullable=False, server_default="own"),  # own | external (QLVBĐH gives the number)
    Column("start_number", Integer, nullable=False, server_default="1"),
    Column("last_number", Integer, nullable=False),
    Column("last_time", Instant),
    UniqueConstraint("agency_id", "body_code", "year", "direction", "series"),
)

entry = Table(
    "entry",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("book_id", ForeignKey("book.id"), nullable=False),
    Column("agency_id", ForeignKey("contact_point.id"), nullable=False),
    Column("number", Integer),  # None while the external authority has not given it
    Column("number_text", String(20)),  # as printed: 05, 12a
    Column("document_id", ForeignKey("document.id"), index=True),
    Column("state", String(16), nullable=False),  # active | struck | waiting
    Column("arrived_at", Instant),
    Column("registered_at", Instant, nullable=False),
    Column("clock_starts_at", Instant),
    Column("source", String(16), nullable=False),  # gateway | manual | imported
    Column("instruction_id", String(32)),  # the standing instruction, or None where a person registered
    Column("registered_by", String(200), nullable=False),
    Column("holder", String(300)),  # đơn vị hoặc người nhận
    Column("transferred_on", Date),
    Column("acknowledged_by", String(200)),  # ký nhận
    Column("copies", Integer),
    Column("copy_holder", String(200)),  # đơn vị, người nhận bản lưu
    Column("recipients_text", Text),  # nơi nhận
    Column("remark", String(1000)),
    Column("struck_reason", String(500)),
    Column("struck_by", String(200)),
    Column("struck_at", Instant),
    Column("imported", Json),  # the columns of an old register, where the document is not in the store
    UniqueConstraint("book_id", "number_text"),
    Index("ix_entry_book_number", "book_id", "number"),
    Index("ix_entry_newest", "agency_id", "registered_at", "id"),  # a page from the newest, without sorting the rest
    Index("ix_entry_time", "registered_at", "id"),  # the same for who works for every agency
)

# --- journal ----------------------------------------------------------------------------------------------------------

event = Table(
    "event",
    metadata,
    Column("id", _BigSerial, primary_key=True, autoincrement=True),
    Column("agency_id", String(32), nullable=False),  # "" for events of the installation itself
    Column("at", Instant, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("subject", String(120), nullable=False),  # document:…, message:…, entry:…
    Column("data", Text, nullable=False),  # canonical JSON, the very text that is hashed
    Column("chain_index", BigInteger),  # given by the sealer, from 1, without gaps
    Column("chain_hash", String(64)),
    UniqueConstraint("agency_id", "chain_index"),
    Index("ix_event_subject", "subject"),
)
# What waits for the sealer: a handful among millions, found twice a second.
Index(
    "ix_event_waiting",
    event.c.agency_id,
    event.c.id,
    sqlite_where=event.c.chain_index.is_(None),
    postgresql_where=event.c.chain_index.is_(None),
)

journal_head = Table(
    "journal_head",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("agency_id", String(32), nullable=False),
    Column("chain_index", BigInteger, nullable=False),
    Column("chain_hash", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String(16), nullable=False),  # signature | timestamp
    Column("proof", LargeBinary, nullable=False),  # CMS signature or RFC 3161 token over the head
    Column("sent_to", String(320)),
    Index("ix_journal_head_agency", "agency_id", "chain_index"),
)

setting = Table(
    "setting",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Json),
    Column("updated_at", Instant, nullable=False),
)
