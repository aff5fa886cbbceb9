"""The desk's tables: accounts, sessions, tokens, what was already answered, who is told of events.

They hang on the core's metadata. Of every secret that a browser or a program holds only the SHA-256 is kept.
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
    UniqueConstraint,
    false,
    true,
)

from congvan_core.storage.schema import metadata
from congvan_core.storage.types import Instant, Json

_Id = String(32)

#: A person who works here. ``agencies`` None: every agency of the installation, also mail that matched none.
account = Table(
    "account",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("login", String(80), nullable=False, unique=True),  # lower case
    Column("name", String(200), nullable=False),  # as it stands in a refusal (khoản 5 Điều 4)
    Column("position", String(200)),
    Column("telephone", String(50)),
    Column("mail", String(320)),
    Column("password", String(300)),  # argon2id; None: cannot log in
    Column("must_change", Boolean, nullable=False, server_default=false()),
    Column("totp_secret", String(64)),  # base32 (RFC 6238); None: no second factor
    Column("totp_last", BigInteger),  # the last time step that was used: a code counts once
    Column("roles", Json, nullable=False),
    Column("agencies", Json),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("openid_subject", String(500)),  # "issuer sub" of OpenID Connect, pinned at the first log-in
    Index("ix_account_openid_subject", "openid_subject", unique=True),
)

#: Ten codes on paper for the day the telephone is lost; each opens the door once.
recovery_code = Table(
    "recovery_code",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("digest", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
)

#: A log-in that went to the identity provider and has not come back; used once, swept after ten minutes.
openid_request = Table(
    "openid_request",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("state", String(64), nullable=False, unique=True),  # SHA-256; the browser's cookie and the address hold it
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(128), nullable=False),  # of PKCE (RFC 7636): never leaves before the code is exchanged
    Column("target", String(1000), nullable=False),
    Column("created_at", Instant, nullable=False),
)

session = Table(
    "console_session",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),  # of the cookie's value
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("form_token", String(64), nullable=False),  # what every form of this session carries
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("address", String(64)),
    Column("browser", String(300)),
)

#: Every attempt to log in, for the limits on guessing; swept after a day.
login_attempt = Table(
    "login_attempt",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("login", String(80), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("good", Boolean, nullable=False),
    Index("ix_login_attempt_login", "login", "at"),
    Index("ix_login_attempt_address", "address", "at"),
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scopes", Json, nullable=False),
    Column("agencies", Json),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)

#: The answer that an act already had: a repeated request gets it again and does nothing twice.
idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("token_id", ForeignKey("api_token.id"), nullable=False),
    Column("key", String(200), nullable=False),
    Column("request", String(64), nullable=False),  # digest of method, path and body
    Column("status", Integer),  # None while the first request is at work
    Column("answer", Json),
    Column("at", Instant, nullable=False),
    UniqueConstraint("token_id", "key"),
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("url", String(1000), nullable=False),
    Column("secret", String(100), nullable=False),  # signs what is sent: it must be readable here
    Column("kinds", Json),  # event kinds; None: all
    Column("agencies", Json),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_event", BigInteger, nullable=False),  # journal events up to this one are done or queued
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("webhook_id", ForeignKey("webhook.id"), nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),  # queued | done | failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Instant),
    Column("last_status", Integer),
    Column("last_text", String(300)),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("webhook_id", "event_id"),
    Index("ix_webhook_delivery_work", "state", "next_at"),
)
