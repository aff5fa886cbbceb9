"""What the benchmarks work on: an invented PKI, signed documents of a given size, and mails that carry them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

from congvan_core.documents.filename import build
from congvan_core.documents.model import DocumentMetadata, FileRef, FileRole, Party
from congvan_core.documents.number import from_parts
from congvan_core.documents.sample_pdf import SampleSpec, make
from congvan_core.ids import VIETNAM, new_id, now
from congvan_core.registers.instructions import give_instruction
from congvan_core.signatures.demo_pki import DemoPki, Holder, make_demo_pki
from congvan_core.signatures.signing import sign_pdf
from congvan_gateway.main import App, open_app
from congvan_gateway.operations.founding import found_agency
from congvan_gateway.settings import commented, load
from congvan_mailbox.message import Address
from congvan_mailbox.package.cover import Cover
from congvan_mailbox.package.pack import build_package, outer_headers
from congvan_mailbox.smime.sign import KeySigner

SENDER = ("H24.90", "Sở Mẫu Thử", "vanthu@somauthu.test")
RECEIVER = ("H24.91.07", "Ủy ban nhân dân phường Thí Điểm", "vanthu@thidiem.test")
SYMBOL = "QĐ-SMT"
SUBJECT = "Về việc rà soát hộp thư công vụ"
_PASSWORD = "bench"  # noqa: S105  of keys that live as long as the run


def pki() -> DemoPki:
    """Root, CA, time-stamp authority; a leader, the sender's seal and gateway, the receiver's gateway."""
    return make_demo_pki(
        [
            ("leader", Holder("person", "Nguyễn Văn Ánh", SENDER[1], uid="CCCD:001099000001")),
            ("seal", Holder("agency", SENDER[1], SENDER[1], uid="MST:0200000001")),
            ("gateway", Holder("gateway", f"Cổng văn bản {SENDER[1]}", SENDER[1], email=SENDER[2])),
            ("receiver", Holder("gateway", "Cổng văn bản thí điểm", RECEIVER[1], email=RECEIVER[2])),
        ]
    )


def page(number: int, octets: int) -> bytes:
    """A one-page decision with text; a picture that does not compress (a scanned seal, a map) fills it up to size."""
    import pikepdf

    today = now().astimezone(VIETNAM).date()
    pdf = make(SampleSpec(author=SENDER[1], symbol=SYMBOL, number=str(number), issued_on=today, subject=SUBJECT)).pdf
    room = octets - len(pdf) - 2000
    if room <= 0:
        return pdf
    with pikepdf.open(BytesIO(pdf)) as opened:
        side = 1000
        noise = os.urandom(room)[: room - room % side]
        picture = opened.make_stream(
            zlib.compress(noise, 1), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=side,
            Height=max(1, len(noise) // side), ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8,
            Filter=pikepdf.Name.FlateDecode,
        )  # fmt: skip
        first = opened.pages[0]
        first.add_resource(picture, pikepdf.Name.XObject, pikepdf.Name.Im0)
        first.contents_add(b"q 20 0 0 20 5 5 cm /Im0 Do Q")
        out = BytesIO()
        opened.save(out)
    return out.getvalue()


def signed(keys: DemoPki, pdf: bytes, *, signatures: int = 2) -> bytes:
    """Signed by the leader and sealed by the agency, both with time stamp and revocation data; 1: the seal alone."""
    stamper, revocation = keys.timestamper(), keys.revocation()
    if signatures == 2:
        pdf = sign_pdf(pdf, keys.holders["leader"], reserve_agency=False, timestamper=stamper, revocation=revocation)
    return sign_pdf(
        pdf, keys.holders["seal"], kind="agency", timestamper=stamper, revocation=revocation, page=0,
        rect=(60, 60, 160, 160),
    )  # fmt: skip


def mail(keys: DemoPki, number: int, octets: int, *, signatures: int = 2) -> bytes:
    """One document as its sender's gateway would send it: packet and cover signed by the gateway's key (RFC 8551)."""
    today = now().astimezone(VIETNAM).date()
    data = signed(keys, page(number, octets), signatures=signatures)
    name = build(from_parts(SYMBOL, str(number)), today, SUBJECT, "pdf")
    sender = Address(SENDER[1], SENDER[2])
    body = build_package(
        metadata(number, today, name),
        [(FileRef(name, "application/pdf", FileRole.MAIN, description="Văn bản chính"), data)],
        signer=KeySigner(keys.holders["gateway"]),
        cover=Cover(sender=SENDER[1]),
        from_addr=sender,
        date=now().astimezone(VIETNAM).replace(microsecond=0),
        disposition_notification_to=sender,
    )
    return outer_headers(
        body.data, to=[Address(RECEIVER[1], RECEIVER[2])], message_id=f"<{new_id()}@somauthu.test>", document=str(number),
        sending=1,
    ) + body.data  # fmt: skip


def metadata(number: int, day: date, name: str = "quyet-dinh.pdf") -> DocumentMetadata:
    """The packet of one document."""
    return DocumentMetadata(
        document_id=f"{SENDER[0]},{day:%Y/%m/%d},{number}/{SYMBOL}",
        number=str(number),
        symbol=SYMBOL,
        issued_on=day,
        place="Hải Phòng",
        type_name="Quyết định",
        subject=SUBJECT,
        pages=1,
        author=Party(code=SENDER[0], name=SENDER[1]),
        recipients=(Party(code=RECEIVER[0], name=RECEIVER[1], email=RECEIVER[2]),),
        files=(FileRef(name, "application/pdf", FileRole.MAIN, description="Văn bản chính"),),
    )


@dataclass(frozen=True, slots=True)
class Station:
    """A data folder as an administrator has it; ``config`` is its congvan.toml."""

    folder: Path
    config: Path
    smtp_port: int

    def app(self) -> App:
        return open_app(load(self.config))


def station(
    root: Path, keys: DemoPki, *, smtp_port: int = 0, peer_port: int = 9, workers: int = 2, database: str | None = None,
    own: tuple[str, str, str] = RECEIVER,
) -> Station:  # fmt: skip
    """An agency that trusts the PKI, knows the other side and registers by itself under a standing instruction."""
    folder = root / own[0].replace(".", "-")
    folder.mkdir(parents=True)
    keys.write(folder / "pki", _PASSWORD)
    (folder / "key.pass").write_text(_PASSWORD)
    values: dict[str, dict[str, object]] = {
        "smtp": {"port": smtp_port, "hostname": own[2].rpartition("@")[2], "rate_per_minute": 1_000_000,
                 "max_connections_per_peer": 500},
        "delivery": {"host": "127.0.0.1", "port": peer_port, "tls": "none"},
        "keys": {"gateway": f"pki/{'receiver' if own is RECEIVER else 'gateway'}.p12", "password_file": "key.pass"},
        "trust": {"folder": "pki/trust"},
        "verification": {"workers": workers},
        "operations": {"port": 0, "log_level": "error"},
    }  # fmt: skip
    if database:
        values["storage"] = {"database": database}
    config = folder / "congvan.toml"
    config.write_text(commented(values), encoding="utf-8")
    made = Station(folder, config, smtp_port)
    app = made.app()
    try:
        for agency, gateway, seal in ((SENDER, "gateway", "seal"), (RECEIVER, "receiver", None)):
            point = found_agency(
                app, code=agency[0], name=agency[1], address=agency[2], own=agency is own,
                certificate=keys.holders[gateway].certificate,
                document_certificate=keys.holders[seal].certificate if seal else None, actor="bench",
            )  # fmt: skip
            if agency is own:
                with app.database.write() as connection:
                    give_instruction(connection, point.id, given_by="bench", at=now())
    finally:
        app.close()
    return made


def numbers(first: int = 1) -> Iterator[int]:
    """Document numbers, each once."""
    while True:
        yield first
        first += 1
