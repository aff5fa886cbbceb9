"""What an evidence file is made of, as its collector gives it; bytes stay in the blob store until they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from congvan_core.evidence.chain_extract import JournalExtract


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file of the document: its name as received or issued, and the verification report frozen with it."""

    name: str
    role: str
    sha256: str
    verification: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class EvidenceMail:
    """A mail that was sent or received, whole. ``parts`` are blobs or bytes that follow each other in the mail.

    ``signed`` where its outermost form is an S/MIME signature; ``about`` says when, from whom, to whom, what for.
    """

    sent: bool
    parts: Sequence[bytes | str]
    signed: bool
    about: Mapping[str, Any]
    certificates: Sequence[bytes] = ()


@dataclass(slots=True)
class EvidenceContents:
    """``card`` is the document's data for ``ho-so.json``; ``facts`` its lines for the readable guide (label, value).

    ``reports`` are JSON values by plain name; ``anchors`` the certificates (DER) that the agency trusts, ``known``
    others that belong to the exchange (gateway keys of both sides). ``seal`` signs bytes with the gateway's key:
    a detached CMS signature, DER.
    """

    card: dict[str, Any]
    facts: list[tuple[str, str]]
    files: list[EvidenceFile] = field(default_factory=list)
    mails: list[EvidenceMail] = field(default_factory=list)
    reports: dict[str, Any] = field(default_factory=dict)
    journal: JournalExtract | None = None
    anchors: list[bytes] = field(default_factory=list)
    known: list[bytes] = field(default_factory=list)
    seal: Callable[[bytes], bytes] | None = None
    preserved: Sequence[tuple[str, Sequence[bytes | str]]] = ()  # (digest of the file, pieces of its renewed copy)
