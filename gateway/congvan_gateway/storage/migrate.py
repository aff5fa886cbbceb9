"""Bringing a database to this version's tables; safe to call by every process at every start."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from congvan_core.errors import ConfigurationError
from congvan_core.storage.database import Database

#: Any fixed number: processes that start together on PostgreSQL wait here for the first of them.
_LOCK = 0x636F6E67


def all_tables() -> MetaData:
    """The tables of core and gateway together."""
    import congvan_core.calendar.schema
    import congvan_core.documents.search_schema
    import congvan_core.dossiers.schema
    import congvan_core.evidence.schema
    import congvan_core.workflow.schema  # noqa: F401  # the workflow's tables too
    import congvan_gateway.console.desk_schema
    import congvan_gateway.console.schema
    import congvan_gateway.intake.imap_schema
    import congvan_gateway.notices.schema
    import congvan_gateway.pieces.schema
    import congvan_gateway.quarantine.schema
    import congvan_gateway.recall.schema
    import congvan_gateway.routing.schema
    import congvan_gateway.storage.schema  # noqa: F401  # hangs the gateway's tables on the same metadata
    from congvan_core.storage.schema import metadata

    return metadata


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file; the connection travels in its attributes."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def newest() -> str | None:
    """The revision that this version of the program expects."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def current(database: Database) -> str | None:
    """The revision the database stands at; None for an empty one."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database) -> None:
    """Create or alter the tables, all in one transaction (both databases roll back DDL).

    Raises ConfigurationError where the database was written by a newer version of the program.
    """
    expected = newest()
    if current(database) == expected:
        return
    with database.write() as connection:
        if database.is_postgresql:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        else:
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))  # a table that is copied is dropped in between
        known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
        at = MigrationContext.configure(connection).get_current_revision()
        if at is not None and at not in known:
            raise ConfigurationError(
                f"Cơ sở dữ liệu ở phiên bản {at}, mới hơn chương trình này ({expected}); "
                "hãy cài bản mới của chương trình."
            )
        command.upgrade(configuration(connection), "head")


def upgrade_to(database: Database, revision: str) -> None:
    """The tables as they stood at ``revision``, in an empty database: what a backup of that version is restored into.

    Raises ConfigurationError for a revision that this version of the program does not know.
    """
    known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if revision not in known:
        raise ConfigurationError(
            f"Bản sao lưu ở phiên bản {revision}, mới hơn chương trình này ({newest()}); hãy cài bản mới của chương trình."
        )
    with database.write() as connection:
        command.upgrade(configuration(connection), revision)
