"""Records of the checks of what is stored (điểm h khoản 1 Điều 24): signed when a round ends, printed when asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from congvan_core.evidence.schema import fixity_record
from congvan_core.ids import VIETNAM, iso_vn, new_id
from congvan_core.storage.papers import Paper
from congvan_gateway.main import App
from congvan_gateway.operations.head_proof import check_proof, sign_with_key
from congvan_gateway.operations.printing import foot


def keep_record(app: App, state: dict[str, Any]) -> None:
    """The round's record with a signature over its text; without a key it stands unsigned and says so."""
    text = "\n".join(
        (
            "congvan-fixity:1", f"from {state['started_at']}", f"until {state['finished_at']}",
            f"files {state['checked']}", f"bytes {state['bytes']}", f"faults {len(state['faults'])}", *state["faults"],
        )
    )  # fmt: skip
    proof = sign_with_key(app, text.encode()) if app.has_key else None
    with app.database.write() as connection:
        connection.execute(
            insert(fixity_record).values(
                id=new_id(), started_at=datetime.fromisoformat(state["started_at"]),
                finished_at=datetime.fromisoformat(state["finished_at"]), checked=state["checked"],
                bytes=state["bytes"], faults=state["faults"], text=text, proof=proof,
            )
        )  # fmt: skip


def records(connection: Connection, limit: int = 100) -> Sequence[Row[Any]]:
    """Newest first."""
    return connection.execute(select(fixity_record).order_by(fixity_record.c.finished_at.desc()).limit(limit)).all()


def signed_well(row: Row[Any]) -> bool | None:
    """Whether the record's signature is right; None where it has none."""
    return None if row.proof is None else check_proof(row.text.encode(), row.proof, "signature")


def record_json(row: Row[Any]) -> dict[str, Any]:
    return {
        "started_at": iso_vn(row.started_at), "finished_at": iso_vn(row.finished_at), "checked": row.checked,
        "bytes": row.bytes, "faults": list(row.faults), "signed": signed_well(row),
    }  # fmt: skip


def fixity_paper(connection: Connection, *, at: datetime) -> Paper:
    """Biên bản kiểm tra dữ liệu lưu trữ: every round, what it found, its signature."""
    words = {True: "đúng", False: "SAI", None: "không có khóa để ký"}
    rows = [
        [row.started_at.astimezone(VIETNAM), row.finished_at.astimezone(VIETNAM), row.checked, row.bytes,
         len(row.faults), "; ".join(row.faults[:5]), words[signed_well(row)]]
        for row in records(connection)
    ]  # fmt: skip
    return Paper(
        "BIÊN BẢN KIỂM TRA DỮ LIỆU LƯU TRỮ",
        ("Bắt đầu", "Kết thúc", "Số tệp", "Số byte", "Sai hỏng", "Tệp sai hỏng (SHA-256)", "Chữ ký của biên bản"),
        rows, (15, 15, 9, 13, 8, 26, 14), under=("Điểm h khoản 1 Điều 24; mọi tệp được đọc lại và đối chiếu mã băm",),
        foot=foot(connection, "", at), after=("Người kiểm tra (ký, ghi rõ họ tên): ……………………………",),
    )  # fmt: skip
