"""How Alembic runs here: always on a connection that the caller opened, in the caller's transaction."""

from __future__ import annotations

from alembic import context

from congvan_core.documents.search_schema import ours
from congvan_gateway.storage.drafting import render_item
from congvan_gateway.storage.migrate import all_tables, newest

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=all_tables(),
    render_as_batch=newest() is not None,  # SQLite cannot alter most of a table: it is copied
    render_item=render_item,
    include_object=ours,
    compare_type=True,
    transactional_ddl=True,
)
context.run_migrations()
