"""The last reader: flufl.bounce, whose detectors know some forms that are long out of use."""

from __future__ import annotations

import logging
import warnings
from email import message_from_bytes

from congvan_mailbox.reports.addresses import clean_address, key_of
from congvan_mailbox.reports.model import Action, RecipientResult

#: Only the beginning is given to it: a report's own text stands first, and its detectors read the letter forty times.
MAX_BYTES = 96 * 1024
MAX_LINES = 1200


def by_flufl(raw: bytes) -> list[RecipientResult]:
    """Recipients that flufl.bounce finds, failures before delays; empty where it finds none or stumbles."""
    beginning = b"\n".join(raw[:MAX_BYTES].split(b"\n", MAX_LINES)[:MAX_LINES])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from flufl.bounce import all_failures

        logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
        try:
            temporary, permanent = all_failures(message_from_bytes(beginning))
        except Exception:  # its detectors raise whatever a broken letter provokes; then it knows nothing
            return []
    out: dict[str, RecipientResult] = {}
    for found, action in ((permanent, Action.FAILED), (temporary, Action.DELAYED)):
        for raw_address in sorted(found):
            address = clean_address(raw_address.decode("utf-8", "replace"))
            if address and key_of(address) not in out:
                out[key_of(address)] = RecipientResult(address, action)
    return list(out.values())
