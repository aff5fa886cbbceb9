"""The envelope of a mail as the door received it: who handed over what, for whom, over which wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from congvan_mailbox.smtp.trace import received_field

_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Recipient:
    """One RCPT TO. ``notify`` and ``orcpt`` are the DSN parameters (RFC 3461 4.1, 4.2) exactly as given."""

    address: str
    notify: str | None = None
    orcpt: str | None = None


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What was negotiated: protocol ("TLSv1.3"), cipher name, key bits; ``proof`` is how the server proved who it is:
    ``verified`` (its certificate's name), ``mta-sts``, ``pinned``, ``dane``, or nothing."""

    version: str
    cipher: str
    bits: int
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail's envelope and the facts of its session; ``sender`` is "" for the null reverse-path ``<>``.

    ``id`` is the intake id (32 hexadecimal digits). ``received`` is the moment that MAIL was accepted, aware.
    ``ret`` and ``envid`` are DSN parameters as given (RFC 3461 4.3, 4.4; case kept, xtext not decoded).
    The stored bytes never carry the Received field of this hop; ``received_field`` renders it from these facts.
    """

    id: str
    sender: str
    recipients: tuple[Recipient, ...]
    received: datetime
    door: str = "smtp"
    by: str = "localhost"
    protocol: str = "ESMTP"
    peer_ip: str | None = None
    peer_port: int | None = None
    helo: str | None = None
    tls: TlsFacts | None = None
    auth: str | None = None
    body: str = "7BIT"
    smtputf8: bool = False
    declared_size: int | None = None
    ret: str | None = None
    envid: str | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def received_field(self) -> str:
        """The ``Received:`` field of this hop; the recipient is named only when it is the sole one."""
        return received_field(
            helo=self.helo,
            peer_ip=self.peer_ip,
            by=self.by,
            protocol=self.protocol,
            id=self.id,
            moment=self.received,
            recipient=self.recipients[0].address if len(self.recipients) == 1 else None,
        )

    def to_json(self) -> bytes:
        """Compact JSON in ASCII; undecodable octets of an address survive as escaped surrogates."""
        tls = self.tls
        data = {
            "id": self.id,
            "sender": self.sender,
            "recipients": [{"address": r.address, "notify": r.notify, "orcpt": r.orcpt} for r in self.recipients],
            "received": self.received.isoformat(),
            "door": self.door,
            "by": self.by,
            "protocol": self.protocol,
            "peer_ip": self.peer_ip,
            "peer_port": self.peer_port,
            "helo": self.helo,
            "tls": None if tls is None else {"version": tls.version, "cipher": tls.cipher, "bits": tls.bits},
            "auth": self.auth,
            "body": self.body,
            "smtputf8": self.smtputf8,
            "declared_size": self.declared_size,
            "ret": self.ret,
            "envid": self.envid,
            "extra": self.extra,
        }
        return _ENCODER.encode(data).encode("ascii")

    @classmethod
    def from_json(cls, raw: bytes | bytearray | memoryview) -> Envelope:
        """The inverse of ``to_json``; unknown keys are ignored. Raises ValueError, KeyError or TypeError."""
        data: dict[str, Any] = json.loads(bytes(raw))
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        known["received"] = datetime.fromisoformat(data["received"])
        known["recipients"] = tuple(Recipient(**one) for one in data["recipients"])
        known["tls"] = None if data.get("tls") is None else TlsFacts(**data["tls"])
        return cls(**known)
