"""The trust folder kept: certificates and revocation lists added, listed, removed, each act in the journal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import pem
from sqlalchemy import update

from congvan_core.errors import InputError, NotFoundError
from congvan_core.ids import iso_vn
from congvan_core.journal.writing import append
from congvan_core.signatures.trust_store import TrustedCertificate, TrustStore
from congvan_gateway.main import App
from congvan_gateway.storage.schema import message

#: Held for what a certificate or a revocation list may settle.
_SUFFIXES = (".pem", ".crl", ".crt", ".cer", ".der", ".p7b", ".p7c")


@dataclass(frozen=True, slots=True)
class TrustItem:
    """One certificate or list of the store. ``known_as`` is the official name that its fingerprint has, if any."""

    kind: str
    sha256: str
    name: str
    purposes: tuple[str, ...] = ()
    known_as: str | None = None
    not_after: datetime | None = None
    file: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "sha256": self.sha256,
            "name": self.name,
            "purposes": list(self.purposes),
            "known_as": self.known_as,
            "not_after": iso_vn(self.not_after),
            "file": self.file or None,
        }


def items(folder: Path) -> list[TrustItem]:
    """Everything in the trust folder, by file. A folder that is not there holds nothing."""
    out: list[TrustItem] = []
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES) if folder.is_dir() else []
    for path in files:
        store = TrustStore()
        store.add_bytes(path.read_bytes())
        out.extend(_items(store, path.name))
    return out


def _items(store: TrustStore, file: str) -> list[TrustItem]:
    found = [
        TrustItem(
            entry.role, entry.sha256, entry.name, tuple(sorted(entry.purposes)), entry.known_as,
            entry.certificate.not_valid_after, file,
        )
        for entry in store.entries()
    ]  # fmt: skip
    return found + [
        TrustItem("crl", _digest(crl), str(crl.issuer.human_friendly), not_after=crl["tbs_cert_list"]["next_update"].native,
                  file=file)
        for crl in store.crls
    ]  # fmt: skip


def _digest(crl: asn1_crl.CertificateList) -> str:
    import hashlib

    return hashlib.sha256(crl.dump()).hexdigest()


def add(app: App, path: Path, *, actor: str, expected: str | None = None) -> list[TrustItem]:
    """Copy what ``path`` holds into the trust folder, one file each, named by kind and fingerprint.

    ``expected`` is the fingerprint that the administrator compared with the authority's own publication. Raises
    InputError where it differs or where there is nothing of use. Undecided documents are due again at once.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"Không đọc được {path}: {error.strerror}") from error
    store = TrustStore()
    if not store.add_bytes(data):
        raise InputError(f"Không có chứng thư số hoặc danh sách thu hồi (PEM, DER, CRL, P7B) nào trong {path}")
    wanted = (expected or "").replace(":", "").replace(" ", "").lower()
    if wanted and wanted not in {e.sha256 for e in store.entries()}:
        found = ", ".join(e.sha256 for e in store.entries()) or "danh sách thu hồi"
        raise InputError(f"Dấu vân tay không khớp: tệp có {found}")
    folder = app.trust_folder
    folder.mkdir(parents=True, exist_ok=True)
    for entry in store.entries():
        _write(folder / f"{entry.role}-{entry.sha256[:16]}.pem", _pem(entry))
    for crl in store.crls:
        _write(folder / f"crl-{_digest(crl)[:16]}.crl", crl.dump())
    done = _items(store, "")
    _tell(app, "trust.added", done, actor)
    return done


def remove(app: App, fingerprint: str, *, actor: str) -> list[TrustItem]:
    """Take a certificate or list out by its fingerprint (or its first eight digits and more). Raises NotFoundError."""
    wanted = fingerprint.replace(":", "").replace(" ", "").lower()
    found = [i for i in items(app.trust_folder) if len(wanted) >= 8 and i.sha256.startswith(wanted)]
    if len({i.sha256 for i in found}) != 1:
        raise NotFoundError(f"Không có đúng một chứng thư số tin cậy với dấu vân tay {fingerprint}")
    for item in found:
        path = app.trust_folder / item.file
        others = [i for i in items(app.trust_folder) if i.file == item.file and i.sha256 != item.sha256]
        if others:
            raise InputError(f"Tệp {item.file} còn chứa {len(others)} chứng thư khác; tách tệp rồi làm lại")
        path.unlink()
    _tell(app, "trust.removed", found, actor)
    return found


def _pem(entry: TrustedCertificate) -> bytes:
    text: bytes = pem.armor("CERTIFICATE", entry.certificate.dump())
    return text


def _write(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _tell(app: App, kind: str, found: list[TrustItem], actor: str) -> None:
    """The journal's event, and every undecided document due at once: what was missing may be there now."""
    at = app.clock()
    with app.database.write() as connection:
        connection.execute(
            update(message).where(message.c.state == "held", message.c.next_try_at.is_not(None)).values(next_try_at=at)
        )
        for item in found:
            data = {"kind": item.kind, "sha256": item.sha256, "name": item.name[:200], "known_as": item.known_as}
            append(
                connection, agency_id="", actor=actor, kind=kind, subject=f"trust:{item.sha256[:16]}", data=data, at=at
            )
