"""Prints of lists: the foot with the journal's head that every one of them carries, and writing one to a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from congvan_core.errors import ConflictError, InputError
from congvan_core.ids import VIETNAM
from congvan_core.journal.sealing import head
from congvan_core.storage.papers import MEDIA, Paper, print_paper


def foot(connection: Connection, agency_id: str, at: datetime) -> str:
    """Who changes an old line contradicts this print: the moment and the journal's head as it stands now."""
    when, present = at.astimezone(VIETNAM), head(connection, agency_id)
    return (
        f"In lúc {when.hour:02d} giờ {when.minute:02d} phút ngày {when:%d/%m/%Y}. "
        f"Đầu nhật ký: {present.index}:{present.hash}"
    )


def write_paper(path: Path, paper: Paper) -> str:
    """Print into a new file whose ending says the form; the sentence to tell. Raises InputError, ConflictError."""
    form = path.suffix.lower().lstrip(".")
    if form not in MEDIA:
        raise InputError(f"Tên tệp phải kết thúc bằng {', '.join('.' + one for one in MEDIA)}")
    data = print_paper(paper, form)
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise ConflictError(f"Tệp {path} đã có; hãy chọn tên khác.") from None
    except OSError as error:
        raise InputError(f"Không ghi được {path}: {error.strerror}") from error
    return f"Đã xuất {path}"
