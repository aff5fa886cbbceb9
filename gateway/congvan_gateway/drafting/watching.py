"""Tệp đã ký bằng công cụ khác, left in a watched folder: each must be the document that was approved, and nothing else.

What is taken moves to ``da-nhan``; what is not, to ``khong-nhan`` with its reason in a text file beside it.
"""

from __future__ import annotations

import contextlib
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from congvan_core.errors import CongvanError, RefusedError
from congvan_core.ids import VIETNAM
from congvan_core.storage.schema import blob
from congvan_core.workflow import drafts
from congvan_core.workflow.moves import DraftState
from congvan_core.workflow.numbering_and_seal import accept_sealed
from congvan_core.workflow.organisation import acting
from congvan_core.workflow.schema import draft, draft_enclosure
from congvan_core.workflow.signing_round import accept_signed
from congvan_gateway.drafting.people import people_of
from congvan_gateway.drafting.preparing import MAX_DRAFT
from congvan_gateway.main import App

#: A file still being written is left alone for so long.
_QUIET = timedelta(seconds=3)
_BATCH = 20


def watch(app: App) -> int:
    """One round over the folder; how many files were settled. Safe to repeat."""
    if not app.settings.signing.watched:
        return 0
    folder = app.settings.path(app.settings.signing.watched)
    settled = 0
    with contextlib.suppress(FileNotFoundError):
        for path in sorted(folder.iterdir())[:500]:
            if settled < _BATCH and path.is_file() and not path.is_symlink() and path.suffix.lower() == ".pdf":
                settled += _take(app, path)
    return settled


def _take(app: App, path: Path) -> int:
    try:
        there = path.stat()
        if app.clock().timestamp() - there.st_mtime < _QUIET.total_seconds():
            return 0
        if there.st_size > MAX_DRAFT:
            raise RefusedError("Tệp lớn hơn 100 MB.")
        take_signed(app, path.read_bytes())
    except FileNotFoundError:
        return 0  # another node was faster
    except CongvanError as error:
        _move(path, "khong-nhan", error.message)
        return 1
    _move(path, "da-nhan")
    return 1


def take_signed(app: App, data: bytes) -> str:
    """A signed file finds its draft by the bytes it begins with; the draft's id. Raises RefusedError as ``accept_signed``."""
    row = _draft_of(app, data)
    if row is None:
        raise RefusedError("Không có văn bản nào đang chờ ký mà tệp này là đúng bản đó có thêm chữ ký số.")
    at = app.clock()
    if row.state == DraftState.LEADER_REVIEW.value:
        with app.database.read() as connection:
            signer = next(one for one in drafts.signers(connection, row.id) if one.signed_at is None)
            actor = acting(connection, signer.person_id, at)
        accept_signed(app.database, app.blobs, row.id, actor, data, at=at)
    else:
        with app.database.read() as connection:
            clerks = people_of(connection, row.agency_id, "clerk", on=at.astimezone(VIETNAM).date())
            if not clerks:
                raise RefusedError("Cơ quan chưa có văn thư để nhận tệp đã ký số của cơ quan.")
            clerk = acting(connection, clerks[0].id, at)
        accept_sealed(app.database, app.blobs, row.id, clerk, data, at=at)
    return str(row.id)


def _draft_of(app: App, data: bytes) -> Row[Any] | None:
    """The draft that waits for a signature and whose file this one continues: sizes first, then one digest per size."""
    states = (DraftState.LEADER_REVIEW.value, DraftState.NUMBERED.value)
    with app.database.read() as connection:
        waiting = connection.execute(
            select(draft, blob.c.size)
            .join(blob, blob.c.sha256 == draft.c.file_sha256)
            .where(draft.c.state.in_(states), blob.c.size < len(data))
            .order_by(draft.c.updated_at)
        ).all()
        # Phụ lục in files of their own are signed with the document (NĐ 30/2020 Phụ lục I).
        enclosed = connection.execute(
            select(draft, blob.c.size, blob.c.sha256.label("enclosure"))
            .join(draft_enclosure, draft_enclosure.c.draft_id == draft.c.id)
            .join(blob, blob.c.sha256 == draft_enclosure.c.sha256)
            .where(
                draft.c.state == DraftState.NUMBERED.value, draft_enclosure.c.sealed_sha256.is_(None),
                blob.c.size < len(data),
            )
            .order_by(draft.c.updated_at, draft_enclosure.c.ordinal)
        ).all()  # fmt: skip
    digests: dict[int, str] = {}
    for row, sha256 in [*((one, one.file_sha256) for one in waiting), *((one, one.enclosure) for one in enclosed)]:
        if row.size not in digests:
            digests[row.size] = hashlib.sha256(data[: row.size]).hexdigest()
        if digests[row.size] == sha256:
            return row
    return None


def _move(path: Path, where: str, reason: str = "") -> None:
    home = path.parent / where
    home.mkdir(exist_ok=True)
    target, count = home / path.name, 1
    while target.exists():
        count += 1
        target = home / f"{path.stem} ({count}){path.suffix}"
    with contextlib.suppress(FileNotFoundError):
        path.rename(target)
    if reason:
        target.with_suffix(".txt").write_text(reason + "\n", encoding="utf-8")
