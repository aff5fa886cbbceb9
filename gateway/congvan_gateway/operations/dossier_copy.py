"""The reading copy of a dossier, bound in a limited worker."""

from __future__ import annotations

from congvan_core.dossiers.reading_copy import bind, reading_parts
from congvan_core.errors import TemporaryError
from congvan_gateway.judgement.sandbox import SandboxError
from congvan_gateway.main import App


def reading_copy(app: App, dossier_id: str) -> bytes:
    """One PDF with every document in time order. Raises InputError (too large), TemporaryError where it cannot be made."""
    with app.database.read() as connection:
        contents, parts = reading_parts(connection, app.blobs, dossier_id)
    try:
        made: bytes = app.sandbox.run(bind, contents, parts)
    except SandboxError as error:
        raise TemporaryError("Chưa in được hồ sơ thành một tệp PDF; hãy xuất gói .zip.") from error
    return made
