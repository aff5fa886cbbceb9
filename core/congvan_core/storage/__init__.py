"""The database, the blob store and the backup."""
