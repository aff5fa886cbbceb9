"""Pictures of signatures and seals (NĐ 30/2020 Phụ lục I): transparent PNG, kept for a person or an issuing body."""

from __future__ import annotations

from congvan_core.errors import NotFoundError
from congvan_core.signatures.appearance import Appearance, agency_appearance, person_appearance
from congvan_core.storage.blobs import record
from congvan_core.storage.schema import setting
from congvan_gateway.main import App


def keep_picture(app: App, owner: str, png: bytes) -> None:
    """``owner`` is ``person:ID`` or ``body:CODE``. Raises InputError where it is no transparent PNG."""
    person_appearance(png)
    stored, name = app.blobs.put_bytes(png), f"picture.{owner}"[:100]
    with app.database.write() as connection:
        record(connection, stored.sha256, stored.size, app.clock())
        connection.execute(setting.delete().where(setting.c.name == name))
        connection.execute(setting.insert().values(name=name, value=stored.sha256, updated_at=app.clock()))


def _picture(app: App, owner: str) -> bytes | None:
    with app.database.read() as connection:
        sha = connection.execute(setting.select().where(setting.c.name == f"picture.{owner}"[:100])).one_or_none()
    try:
        return None if sha is None else app.blobs.read(str(sha.value))
    except NotFoundError:
        return None


def person_look(app: App, person_id: str) -> Appearance:
    """The handwritten signature; where none is kept, name and time in its place."""
    png = _picture(app, f"person:{person_id}")
    return person_appearance(png) if png else Appearance(lines=("Người ký: {signer}", "{time}"))


def agency_look(app: App, body_code: str) -> Appearance | None:
    """The seal; where none is kept, nothing is drawn: words would cover the person's signature (Phụ lục I, ô số 8)."""
    png = _picture(app, f"body:{body_code}")
    return agency_appearance(png) if png else None
