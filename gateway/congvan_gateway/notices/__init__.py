"""Notices by mail: what waits, what failed, what is urgent, told to a person or a shared desk."""
