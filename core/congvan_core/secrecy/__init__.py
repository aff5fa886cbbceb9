"""Markings of state secrets: found in metadata, names and pages, so that such a document stops both ways at once."""

from congvan_core.secrecy.model import Evidence, SecrecyLevel, SecrecyResult
from congvan_core.secrecy.scan import read_level, scan, scan_metadata

__all__ = ["Evidence", "SecrecyLevel", "SecrecyResult", "read_level", "scan", "scan_metadata"]
