"""The gateway's tables, its migrations, and the one place that opens the database."""
