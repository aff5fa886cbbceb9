"""The ground: documents, signatures, registers, workflow and archive. It knows no mail."""

__version__ = "0.1.0"
