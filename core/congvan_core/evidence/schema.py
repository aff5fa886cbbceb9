"""Tables of what keeps documents provable for decades: renewed verification data, and records of checks of the store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

_Id = String(32)

#: A signed file's renewed copy (archive time stamps, revocation data); the issued file itself never changes.
preserved_file = Table(
    "preserved_file",
    metadata,
    Column("sha256", String(64), primary_key=True),  # of the issued or received file
    Column("document_id", ForeignKey("document.id"), nullable=False, index=True),
    Column("copy_sha256", String(64)),  # the newest renewed copy, in the blob store
    Column("state", String(16), nullable=False),  # waiting | preserved | unsigned | failed
    Column("stamped_at", Instant),
    Column("expires_at", Instant),  # when the newest time stamp's certificate ends
    Column("next_at", Instant),  # when it is looked at again; None: never
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("last_error", String(500)),
    Index("ix_preserved_file_next", "next_at"),
)

#: One finished round over every stored byte (điểm h khoản 1 Điều 24), with the signature over its text.
fixity_record = Table(
    "fixity_record",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
    Column("checked", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("faults", Json, nullable=False),
    Column("text", Text, nullable=False),  # the very text that is signed
    Column("proof", LargeBinary),  # CMS signature by the gateway's key; None where there is no key
)
