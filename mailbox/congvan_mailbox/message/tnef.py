"""winmail.dat opened: the files that Outlook wraps into one of its own kind."""

from __future__ import annotations

import logging

TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
_MAX_FILES = 500


def attachments(data: bytes, budget: int) -> list[tuple[str, bytes]] | None:
    """Names and contents of the files in a TNEF stream; None where it cannot be read. At most ``budget`` bytes."""
    if data[:4] != b"\x78\x9f\x3e\x22":
        return None
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tnefparse import TNEF

        logging.getLogger("tnefparse").setLevel(logging.CRITICAL)
        try:
            read = TNEF(data, do_checksum=False)
        except Exception:  # a parser of foreign structures: any failure means "cannot be read"
            return None
    out: list[tuple[str, bytes]] = []
    for attachment in read.attachments[:_MAX_FILES]:
        try:
            name = attachment.long_filename() or attachment.name or "winmail"
            content = bytes(attachment.data)
        except Exception:  # as above: one damaged entry does not hide the others
            out.append(("winmail", b""))
            continue
        if isinstance(name, bytes):
            name = name.decode("utf-8", "replace")
        budget -= len(content)
        if budget < 0:
            break
        out.append((str(name).rstrip("\x00"), content))
    return out
