"""The intake: mail is safe on disk here before any door says yes, and waits here for the database."""
