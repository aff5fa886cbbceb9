"""What a clerk asks to send: files, recipients, and what is known of the document; completed from packet and name.

What is not given is read from the packet beside the files, else from the file name of khoản 3 Điều 8; what is then
still missing is asked for by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from congvan_core.documents import filename, number
from congvan_core.documents.model import DocumentMetadata, FileRole, Urgency
from congvan_core.documents.text import fold, nfc
from congvan_core.errors import InputError, os_reason
from congvan_mailbox.package.edxml_read import read_packet

#: A file larger than this never travels by mail; a clearer answer than a server's 552 hours later.
MAX_FILE = 150 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """One file of the document, read whole; ``name`` as it stands on the clerk's disk (NFC)."""

    name: str
    data: bytes
    role: FileRole


@dataclass(frozen=True, slots=True)
class SendRequest:
    """``agency`` and ``body`` are codes of ours, needed only where there are several. Texts are NFC."""

    files: tuple[OutgoingFile, ...]
    to: tuple[str, ...]
    number: str | None = None
    symbol: str | None = None
    issued_on: date | None = None
    subject: str | None = None
    type_name: str | None = None
    urgency: Urgency | None = None
    due_on: date | None = None
    agency: str | None = None
    body: str | None = None
    series: str = ""
    accept_undecided: str | None = None
    for_information: str | None = None
    late_reason: str | None = None
    channel_reason: str | None = None
    actor: str = "cli"
    packet: DocumentMetadata = field(default_factory=DocumentMetadata)

    @property
    def main(self) -> OutgoingFile:
        return self.files[0]


def read_files(main: Path, enclosures: list[Path]) -> tuple[tuple[OutgoingFile, ...], DocumentMetadata]:
    """The files to send and the packet among them, if one is given (it is read, not sent).

    Raises InputError for a file that cannot be read, is empty or too large, or for two packets.
    """
    files: list[OutgoingFile] = []
    packet: DocumentMetadata | None = None
    for place, path in enumerate([main, *enclosures]):
        data = _read(path)
        if path.suffix.lower() == ".edxml":
            if packet is not None:
                raise InputError("Chỉ được gửi kèm một tệp .edxml")
            packet = read_packet(data).metadata
            continue
        role = FileRole.MAIN if place == 0 else _role(path.name)
        files.append(OutgoingFile(nfc(path.name), data, role))
    if not files or files[0].role is not FileRole.MAIN:
        raise InputError("Tham số đầu tiên phải là tệp văn bản chính, không phải tệp .edxml")
    return tuple(files), packet or DocumentMetadata()


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise InputError(
                f"Tệp {path.name} có {size // 1_000_000} MB, quá lớn để gửi qua thư; hãy tách phụ lục hoặc giảm cỡ bản quét "
                "trước khi ký"
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"Không đọc được tệp {path}: {os_reason(error)}") from error
    if not data:
        raise InputError(f"Tệp {path.name} rỗng (0 byte)")
    return data


def _role(name: str) -> FileRole:
    """The unsigned final draft goes along with a signed scan (điểm a khoản 1 Điều 20)."""
    return FileRole.FINAL_DRAFT if "du thao cuoi" in fold(name).replace("-", " ") else FileRole.ENCLOSURE


def printed_number(data: bytes) -> number.NumberSymbol | None:
    """The number and symbol printed on the first page, None where the text layer shows none. Run it in a sandbox."""
    from congvan_core.documents import page_facts
    from congvan_core.documents.extract_text import extract

    found = page_facts.read(extract(data, max_pages=2)).number
    return found.value if found is not None else None


def complete(request: SendRequest, printed: number.NumberSymbol | None = None) -> SendRequest:
    """Fill what was not given from the packet, then from the file name. Raises InputError naming what is missing.

    A file name has no accents (khoản 3 Điều 8): ``printed`` gives the letters back where the page agrees with it.
    """
    packet = request.packet
    parsed = filename.parse(request.main.name)
    symbol = nfc(request.symbol or "") or packet.symbol
    given = None
    if symbol:
        given = number.from_parts(symbol, request.number or (packet.number if "/" not in symbol else None) or None)
    elif parsed is not None:
        given = number.from_parts(parsed.symbol, request.number or parsed.number)
        if parsed.year:
            given = replace(given, year=parsed.year)
        if printed is not None and printed.loose_key == given.loose_key:
            given = printed
    issued_on = request.issued_on or packet.issued_on or (parsed.issued_on if parsed else None)
    subject = nfc(request.subject or "") or packet.subject or (parsed.subject if parsed else "")
    missing = [
        option for option, value in (("--symbol", given), ("--date", issued_on), ("--subject", subject)) if not value
    ]
    if given is not None and not given.number:
        missing.insert(0, "--number")
    if missing or given is None:
        raise InputError(
            f"Chưa biết {', '.join(missing)} của văn bản; tên tệp không theo khoản 3 Điều 8 và không có gói dữ liệu kèm"
        )
    type_name = nfc(request.type_name or "") or packet.type_name or types_name(given)
    return replace(
        request,
        number=given.number,
        symbol=given.symbol if given.year is None else f"{given.year}/{given.symbol}",
        issued_on=issued_on,
        subject=subject,
        type_name=type_name,
        urgency=request.urgency if request.urgency is not None else packet.urgency,
        due_on=request.due_on or packet.due_on,
    )


def types_name(value: number.NumberSymbol) -> str:
    """The type that the symbol says; the first reading where it is ambiguous."""
    reading = number.deduce_type(value)
    return reading.candidates[0].name if reading.candidates else "Công văn"
