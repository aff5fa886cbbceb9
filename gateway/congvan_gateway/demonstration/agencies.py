"""Two invented agencies with everything they need: keys, directory entries, data folders, a document to send."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography import x509

from congvan_core.documents.filename import build
from congvan_core.documents.number import from_parts
from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.ids import VIETNAM, now
from congvan_core.registers.instructions import give_instruction
from congvan_core.signatures.appearance import agency_appearance, person_appearance
from congvan_core.signatures.appearance_art import demo_seal, demo_signature
from congvan_core.signatures.demo_pki import DemoPki, Holder, make_demo_pki
from congvan_core.signatures.sign_fields import fill_number_and_date, prepare_number_fields
from congvan_core.signatures.signing import sign_pdf
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.settings import commented, load

SYMBOL = "SMT-VP"
NUMBER = "67"
SUBJECT = "V/v rà soát hộp thư công vụ"
SIGNER = "Trần Thị Bình Minh"


@dataclass(frozen=True, slots=True)
class DemoAgency:
    """One side. Codes and names are invented; ``name`` is also the folder and the key's name."""

    key: str
    code: str
    title: str
    address: str


SENDER = DemoAgency("so-mau-thu", "H24.90", "Sở Mẫu Thử", "vanthu@somauthu.test")
RECEIVER = DemoAgency("thi-diem", "H24.91.07", "Ủy ban nhân dân phường Thí Điểm", "vanthu@thidiem.test")
BOTH = (SENDER, RECEIVER)


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def make_pki(folder: Path) -> DemoPki:
    """Root, CA, time-stamp authority, and for each agency a gateway key and a seal; for the sender a leader."""
    holders: list[tuple[str, Holder]] = [("lanh-dao", Holder("person", SIGNER, SENDER.title, uid="CCCD:001099000001"))]
    for number, agency in enumerate(BOTH, 1):
        holders.append((agency.key, Holder("agency", agency.title, agency.title, uid=f"MST:020000000{number}")))
        holders.append(
            (
                f"{agency.key}-gateway",
                Holder("gateway", f"Cổng văn bản {agency.title}", agency.title, email=agency.address),
            )
        )
    pki = make_demo_pki(holders)
    pki.write(folder, "demo")
    return pki


def make_station(
    root: Path, pki: DemoPki, agency: DemoAgency, *, smtp_port: int, peer_port: int, console_port: int = 0
) -> Path:
    """A data folder whose smarthost is the other side's door. Returns its congvan.toml."""
    folder = root / agency.key
    folder.mkdir(parents=True)
    (folder / "demo.pass").write_text("demo\n", encoding="utf-8")
    values: dict[str, dict[str, object]] = {
        "smtp": {"port": smtp_port, "hostname": agency.address.rpartition("@")[2]},
        "delivery": {"host": "127.0.0.1", "port": peer_port, "tls": "none", "retry_base_seconds": 2.0},
        "keys": {"gateway": f"../pki/{agency.key}-gateway.p12", "password_file": "demo.pass"},
        "trust": {"folder": "../pki/trust"},
        "operations": {"port": 0, "log_level": "warning"},
    }
    if console_port:
        values["console"] = {"enabled": True, "port": console_port}
    config = folder / "congvan.toml"
    config.write_text(commented(values), encoding="utf-8")
    app = open_app(load(config))
    try:
        _fill_directory(app, pki, agency)
    finally:
        app.close()
    return config


def _fill_directory(app: App, pki: DemoPki, own: DemoAgency) -> None:
    """Both agencies with their keys; ours registers by itself under a standing instruction."""
    for agency in BOTH:
        point = found_agency(
            app,
            code=agency.code,
            name=agency.title,
            address=agency.address,
            own=agency is own,
            certificate=_certificate(pki, f"{agency.key}-gateway"),
            document_certificate=_certificate(pki, agency.key),
            telephone="0225 3000 000",
            actor="congvan demo",
        )
        if agency is own:
            with app.database.write() as connection:
                give_instruction(
                    connection, point.id, given_by="Lãnh đạo cơ quan (trình diễn)", position="Thủ trưởng", at=now()
                )


def _certificate(pki: DemoPki, name: str) -> x509.Certificate:
    return pki.holders[name].certificate


def make_document(pki: DemoPki, folder: Path) -> Path:
    """A công văn: signed by the leader, numbered and dated by the clerk, sealed by the agency (Điều 19, 20)."""
    today: date = now().astimezone(VIETNAM).date()
    sample = make(
        SampleSpec(
            author=SENDER.title,
            symbol=SYMBOL,
            subject=SUBJECT,
            type_name="Công văn",
            addressees=(RECEIVER.title,),
            full_name=SIGNER,
        )
    )
    stamper, revocation = pki.timestamper(), pki.revocation()
    prepared = prepare_number_fields(sample.pdf, sample.number_rect, sample.date_rect)
    signed = sign_pdf(
        prepared,
        pki.holders["lanh-dao"],
        appearance=person_appearance(demo_signature(SIGNER)),
        page=sample.signature_page,
        rect=sample.signature_rect,
        open_fields=["so", "ngay"],
        reserve_agency=True,
        timestamper=stamper,
        revocation=revocation,
    )
    numbered = fill_number_and_date(signed, NUMBER, today)
    sealed = sign_pdf(
        numbered,
        pki.holders[SENDER.key],
        kind="agency",
        appearance=agency_appearance(demo_seal(SENDER.title)),
        timestamper=stamper,
        revocation=revocation,
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / build(from_parts(SYMBOL, NUMBER), today, SUBJECT, "pdf")
    path.write_bytes(sealed)
    return path
