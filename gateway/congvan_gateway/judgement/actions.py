"""The default action of every finding: what a careful clerk would do, stated once.

Refusal is recommended where the document says something that nobody signed, or is signed by nobody who counts (the
person decides, khoản 5 Điều 4). What only waits for a missing answer is held. Names, forms and clocks are notes.
"""

from __future__ import annotations

from enum import Enum

from congvan_core.findings import CATALOGUE, Severity


class Action(str, Enum):
    """What one finding asks for. The heaviest wins: seal > refuse > hold > ignore > note."""

    NOTE = "note"
    IGNORE = "ignore"
    HOLD = "hold"
    REFUSE = "refuse"
    SEAL = "seal"

    @property
    def rank(self) -> int:
        return ("note", "ignore", "hold", "refuse", "seal").index(self.value)


#: The bytes are not those that were signed, or pretend to be: forged (Điều 15.1).
_FORGED = frozenset(
    """
    INTEGRITY-ANNOTATION-ADDED INTEGRITY-BYTES-NOT-COVERED INTEGRITY-CONTENT-CHANGED INTEGRITY-FIELD-CHANGED
    INTEGRITY-LATER-SIGNATURE-INVALID INTEGRITY-PAGES-DIFFER INTEGRITY-SHADOW-CONTENT
    INTEGRITY-SIGNATURE-AFTER-LOCK INTEGRITY-SIGNATURE-COVERS-CONTENT INTEGRITY-SIGNATURE-EMPTY
    INTEGRITY-SIGNATURE-REMOVED INTEGRITY-SIGNATURE-REPLACED INTEGRITY-SIGNATURE-WRAPPED
    SIG-BROKEN SIG-DIGEST-MISMATCH SIG-DETACHED-MISMATCH SIG-CERTIFICATE-FORGED
    """.split()  # noqa: SIM905
)
#: The signature verifies, but its certificate does not count (điểm đ khoản 2 Điều 15).
UNTRUSTED = frozenset(
    """
    SIG-ROOT-NOT-TRUSTED SIG-ANCHOR-PURPOSE SIG-REVOKED SIG-CERTIFICATE-EXPIRED SIG-CERTIFICATE-UNFIT
    SIG-ALGORITHM-UNFIT SIG-WEAK-DIGEST
    """.split()  # noqa: SIM905
)
#: What harms whoever opens it, and the mail whose own signature is false.
_HARMFUL = frozenset({"CONTENT-MALWARE", "FORMAT-DISGUISED", "FORMAT-PROGRAM"})
_MAIL_FORGED = frozenset({"MIME-SIGNATURE-BROKEN", "ORIGIN-MAIL-SIGNATURE-INVALID"})

#: Warnings and notes that wait for a person: undecided, unsigned, origin not settled.
_HELD = frozenset(
    """
    SIG-ISSUER-MISSING SIG-REVOCATION-UNKNOWN SIG-REVOKED-TIME-UNPROVED SIG-NONE SIG-NUMBER-AFTER-SIGNATURE
    INTEGRITY-NOT-COMPLETED INTEGRITY-REPAIRED SECRET-MARKING-POSSIBLE SECRET-DECLASSIFIED
    ORIGIN-UNKNOWN-SENDER ORIGIN-NOT-AUTHENTICATED ORIGIN-FROM-MISSING ORIGIN-KEY-UNKNOWN ORIGIN-SIGNED-IN-PART
    ORIGIN-PERSONAL-MAILBOX ORIGIN-AUTHOR-UNKNOWN ORIGIN-CERTIFICATE-NEW ORIGIN-NO-MAILBOX ORIGIN-AUTOMATIC-OFF
    ORIGIN-DMARC-FAIL ORIGIN-NAME-BORROWED ORIGIN-NAME-HOLDS-ADDRESS ORIGIN-NAME-HIDDEN
    DUP-POSSIBLE MIME-SIGNATURE-PARTIAL MIME-PART-UNSIGNED MIME-SIGNER-NOT-FROM MIME-UNCLOSED MIME-TNEF-UNREADABLE
    MIME-PART-AWAITED MIME-PIECE-ALONE MIME-CONTENT-DAMAGED FORMAT-UNKNOWN FORMAT-ARCHIVE-UNOPENED CONTENT-ARCHIVE-DOCUMENT CONTENT-MACRO
    CONTENT-DDE CONTENT-OLE-PACKAGE CONTENT-REMOTE-TEMPLATE
    """.split()  # noqa: SIM905
)
#: Errors that hold nothing: a report's news is not a fault of the letter that brings it.
_NOTED = frozenset({"REPORT-FAILED"})
_IGNORED = frozenset({"ORIGIN-LOOP"})

_BY_SEVERITY = {Severity.INFO: Action.NOTE, Severity.WARNING: Action.NOTE, Severity.ERROR: Action.HOLD}


def _default(code: str) -> Action:
    severity = CATALOGUE[code].severity
    if code.startswith("SECRET-") and severity is Severity.ERROR:
        return Action.SEAL
    if code in _FORGED or code in UNTRUSTED or code in _HARMFUL or code in _MAIL_FORGED:
        return Action.REFUSE
    if code in _IGNORED:
        return Action.IGNORE
    if code in _HELD:
        return Action.HOLD
    if code in _NOTED or code.startswith("REPORT-"):
        return Action.NOTE  # a report moves a recipient's state; what cannot be matched is held by the gateway
    return _BY_SEVERITY[severity]


DEFAULT_ACTIONS: dict[str, Action] = {code: _default(code) for code in sorted(CATALOGUE)}

#: Every code named above, so that a test can compare them with the catalogue.
NAMED = _FORGED | UNTRUSTED | _HARMFUL | _MAIL_FORGED | _HELD | _NOTED | _IGNORED
