"""Drafting a migration: what the tables in code have that the newest migration does not make.

python -m congvan_gateway.storage.drafting "why, in a few words"
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import BigInteger
from sqlalchemy.sql.elements import False_, True_

from congvan_core.storage.types import Instant, Json


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our own column types and truth values as they are written in a migration."""
    if kind == "server_default" and isinstance(getattr(item, "arg", None), (False_, True_)):
        return f"sa.{'true' if isinstance(item.arg, True_) else 'false'}()"  # PostgreSQL takes no 0 for false
    if kind != "type":
        return False
    if isinstance(item, Instant):
        return "Instant()"
    if isinstance(item, Json):
        return "Json()"
    if isinstance(item, BigInteger) and "sqlite" in item._variant_mapping:
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    return False


def draft(message: str) -> Path | None:
    """Write the next numbered migration; None where there is nothing to write."""
    from alembic import command

    from congvan_core.storage.database import Database
    from congvan_gateway.storage.migrate import configuration, newest, upgrade

    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/draft.db")
        if newest() is not None:
            upgrade(database)
        with database.write() as connection:
            done = command.revision(
                configuration(connection), message, autogenerate=True, rev_id=f"{int(newest() or 0) + 1:04d}"
            )
        database.close()
    script = done[0] if isinstance(done, list) else done
    return None if script is None else Path(script.path)


if __name__ == "__main__":
    written = draft(" ".join(sys.argv[1:]) or "tables")
    sys.stdout.write(f"{written}\n")
