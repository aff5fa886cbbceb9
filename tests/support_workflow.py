"""An office for tests: an agency with its people."""

from __future__ import annotations

from dataclasses import dataclass

from congvan_core.ids import now
from congvan_core.storage.blobs import BlobStore
from congvan_core.storage.database import Database
from congvan_core.workflow.organisation import Actor, acting, add_person, add_unit, appoint


@dataclass
class Office:
    """Unit VP with a drafter and a head; a leader; a deputy; a clerk."""

    database: Database
    blobs: BlobStore
    agency_id: str
    unit_id: str
    people: dict[str, str]

    def actor(self, name: str) -> Actor:
        with self.database.read() as connection:
            return acting(connection, self.people[name], now())


PEOPLE = {
    "drafter": ("Trần Thị Soạn", "CHUYÊN VIÊN", "officer", True),
    "head": ("Lê Văn Phòng", "TRƯỞNG PHÒNG", "unit_head", True),
    "leader": ("Nguyễn Văn Ánh", "GIÁM ĐỐC", "leader", False),
    "deputy": ("Lê Hữu Đức", "PHÓ GIÁM ĐỐC", "leader", False),
    "clerk": ("Đỗ Văn Thư", "VĂN THƯ", "clerk", True),
}


def build(database: Database, blobs: BlobStore, agency_id: str) -> Office:
    """The people of an agency that is there."""
    at, people = now(), {}
    with database.write() as connection:
        unit_id = add_unit(connection, agency_id, "VP", "Văn phòng", actor="test", at=at)
        for key, (name, position, role, inside) in PEOPLE.items():
            people[key] = add_person(connection, agency_id, name, actor="test", at=at)
            appoint(connection, people[key], position, [role], actor="test", at=at, unit_id=unit_id if inside else None)
    return Office(database, blobs, agency_id, unit_id, people)
