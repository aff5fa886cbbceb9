"""Files between the check and the sending: kept in the blob store, named by the form in a seal that nobody can forge."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence

from sqlalchemy import insert, select

from congvan_core.documents.model import FileRole
from congvan_core.documents.text import fold, nfc
from congvan_core.errors import ConflictError, InputError
from congvan_core.storage.schema import setting
from congvan_gateway.console.desk import Upload
from congvan_gateway.dispatch.request import MAX_FILE, OutgoingFile
from congvan_gateway.main import App

_NAME = "console.seal"


def _seal_key(app: App) -> bytes:
    """A random key of the installation, made at first use; every node has the same."""
    for _ in range(2):
        with app.database.read() as connection:
            kept = connection.execute(select(setting.c.value).where(setting.c.name == _NAME)).scalar_one_or_none()
        if kept:
            return bytes.fromhex(kept)
        try:
            with app.database.write() as connection:
                value = secrets.token_hex(32)
                connection.execute(insert(setting).values(name=_NAME, value=value, updated_at=app.clock()))
        except Exception:  # noqa: S112  # another node was first: read what it wrote
            continue
    raise ConflictError("Không đọc được khóa niêm phong biểu mẫu; hãy thử lại")


def seal(app: App, account_id: str, files: Sequence[OutgoingFile]) -> str:
    """The files, already in the store, as text for a form of this account."""
    text = json.dumps([[f.name, hashlib.sha256(f.data).hexdigest(), f.role.value] for f in files], ensure_ascii=False)
    mark = hmac.new(_seal_key(app), f"{account_id}|{text}".encode(), hashlib.sha256).hexdigest()
    return f"{mark}{text}"


def unseal(app: App, account_id: str, sealed: str) -> tuple[OutgoingFile, ...]:
    """The files again. Raises ConflictError for a text that we did not seal for this account."""
    mark, text = sealed[:64], sealed[64:]
    right = hmac.new(_seal_key(app), f"{account_id}|{text}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(mark.encode(), right.encode()):
        raise ConflictError("Biểu mẫu đã cũ; hãy chọn lại các tệp")
    return tuple(OutgoingFile(name, app.blobs.read(sha), FileRole(role)) for name, sha, role in json.loads(text))


def take(app: App, main: Sequence[Upload], others: Sequence[Upload]) -> tuple[OutgoingFile, ...]:
    """Uploaded files in the store, main first; the packet among them as METADATA. Raises InputError."""
    files: list[OutgoingFile] = []
    packet = False
    if len(main) != 1:
        raise InputError("Chọn đúng một tệp văn bản chính")
    for place, upload in enumerate([*main, *others]):
        name = nfc(upload.name.replace("\\", "/").rpartition("/")[2])[:300] or "tep"
        if not upload.data:
            raise InputError(f"Tệp {name} rỗng (0 byte)")
        if len(upload.data) > MAX_FILE:
            raise InputError(f"Tệp {name} quá lớn để gửi qua thư; hãy tách phụ lục hoặc giảm cỡ bản quét trước khi ký")
        if name.lower().endswith(".edxml"):
            if packet:
                raise InputError("Chỉ được gửi kèm một tệp .edxml")
            packet = True
            app.blobs.put_bytes(upload.data)
            files.append(OutgoingFile(name, upload.data, FileRole.METADATA))
            continue
        draft = "du thao cuoi" in fold(name).replace("-", " ")
        role = FileRole.MAIN if place == 0 else FileRole.FINAL_DRAFT if draft else FileRole.ENCLOSURE
        app.blobs.put_bytes(upload.data)
        files.append(OutgoingFile(name, upload.data, role))
    if not files or files[0].role is not FileRole.MAIN:
        raise InputError("Tệp văn bản chính không thể là gói .edxml")
    return tuple(files)
