"""Documents that come by another way (paper, Zalo, USB, QLVBĐH): the next số đến, given by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from congvan_core.documents.model import DocumentMetadata, LegalValue
from congvan_core.documents.store import StoredFile, add_arrival, insert_document
from congvan_core.errors import InputError
from congvan_core.journal.writing import append
from congvan_core.registers.numbering import Clock
from congvan_core.registers.registering import Entry, register
from congvan_core.storage.database import database_time

#: Channel, its name in sentences, the legal value a document by it begins with (Điều 10).
CHANNELS: dict[str, tuple[str, LegalValue, str]] = {
    "paper": ("văn bản giấy", LegalValue.UNDECIDED, "Nhận bản giấy; giá trị theo bản giấy"),
    "zalo": ("Zalo", LegalValue.FOR_INFORMATION, "Nhận qua Zalo: để biết, để tham khảo (khoản 2 Điều 10)"),
    "usb": ("thiết bị lưu trữ", LegalValue.PENDING_REGISTRATION, "Nhận qua thiết bị lưu trữ (khoản 4 Điều 13)"),
    "qlvbdh": ("QLVBĐH", LegalValue.EQUIVALENT_TO_PAPER, "Nhận qua hệ thống QLVBĐH (khoản 1 Điều 10)"),
    "axis": ("trục liên thông", LegalValue.PENDING_REGISTRATION, "Nhận qua trục liên thông văn bản"),
    "file": ("tệp", LegalValue.FOR_INFORMATION, "Nhập từ tệp: để biết, để tham khảo (khoản 2 Điều 10)"),
}


@dataclass(frozen=True, slots=True)
class Received:
    """The new document and its entry."""

    document_id: str
    entry: Entry


def register_by_hand(
    connection: Connection,
    *,
    agency_id: str,
    body_code: str,
    channel: str,
    metadata: DocumentMetadata,
    files: Sequence[StoredFile] = (),
    arrived_at: datetime,
    clock_starts_at: datetime | None = None,
    actor: str,
    series: str = "",
    holder: str | None = None,
    remark: str | None = None,
    legal_value: LegalValue | None = None,
    legal_reason: str | None = None,
    clock: Clock = database_time,
) -> Received:
    """Enter a document received by another channel: row, files, first arrival, entry and number in one transaction.

    The files' bytes must be in the blob store before. Raises InputError for an unknown channel, ClockError.
    """
    if channel not in CHANNELS:
        raise InputError(f"Kênh nhận không hợp lệ: {channel!r}; dùng một trong: {', '.join(CHANNELS)}")
    _, value, reason = CHANNELS[channel]
    at = clock(connection)
    document_id = insert_document(
        connection,
        agency_id=agency_id,
        direction="incoming",
        metadata=metadata,
        files=files,
        legal_value=legal_value or value,
        legal_reason=legal_reason or reason,
        channel=channel,
        state="registered",
        at=at,
        remark=remark,
    )
    add_arrival(connection, document_id, channel=channel, arrived_at=arrived_at, first=True)
    append(
        connection,
        agency_id=agency_id,
        actor=actor,
        kind="document.entered_by_hand",
        subject=f"document:{document_id}",
        at=at,
        data={"channel": channel, "files": [file.sha256 for file in files], "arrived_at": arrived_at},
    )
    made = register(
        connection,
        agency_id=agency_id,
        body_code=body_code,
        direction="incoming",
        series=series,
        document_id=document_id,
        arrived_at=arrived_at,
        clock_starts_at=clock_starts_at,
        actor=actor,
        source="manual",
        holder=holder,
        remark=remark,
        clock=clock,
    )
    return Received(document_id, made)


def add_other_arrival(
    connection: Connection,
    document_id: str,
    *,
    agency_id: str,
    channel: str,
    arrived_at: datetime,
    actor: str,
    at: datetime,
    message_id: str | None = None,
    remark: str | None = None,
) -> str:
    """The same document once more by another way: joins the entry there is, with its own time; the arrival's id."""
    arrival_id = add_arrival(
        connection, document_id, channel=channel, arrived_at=arrived_at, message_id=message_id, remark=remark
    )
    append(
        connection,
        agency_id=agency_id,
        actor=actor,
        kind="document.arrived_again",
        subject=f"document:{document_id}",
        at=at,
        data={"channel": channel, "arrived_at": arrived_at, "remark": remark},
    )
    return arrival_id
