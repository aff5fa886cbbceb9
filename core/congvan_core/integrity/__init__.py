"""The five facts of Điều 15.2, compared across the packet, the file's name, the page and the signature."""

from congvan_core.integrity.compare import IntegrityReport, compare
from congvan_core.integrity.facts import (
    SourceFacts,
    from_file_name,
    from_metadata,
    from_page,
    from_signature,
    from_subject,
)
from congvan_core.integrity.files import ActualFile, compare_files

__all__ = [
    "ActualFile",
    "IntegrityReport",
    "SourceFacts",
    "compare",
    "compare_files",
    "from_file_name",
    "from_metadata",
    "from_page",
    "from_signature",
    "from_subject",
]
