"""One look at a waiting or arrived mail: read in a limited worker, with the files of the mails that a clerk joined to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from congvan_core.documents.model import FileRole
from congvan_core.findings import Finding
from congvan_gateway.judgement.authenticity import evaluated
from congvan_gateway.judgement.inspection import inspect_blob
from congvan_gateway.judgement.model import Inspection
from congvan_gateway.judgement.verdict import mail_context
from congvan_gateway.quarantine.arrangement import followers

if TYPE_CHECKING:
    from sqlalchemy import Row

    from congvan_gateway.main import App

#: Findings about the joined mail itself, which is no document of its own any more.
_OF_THE_MAIL = ("ORIGIN-", "DUP-", "INTEGRITY-NUMBER-", "INTEGRITY-DATE-", "INTEGRITY-TYPE-", "INTEGRITY-NAME-",
                "INTEGRITY-YEAR-", "INTEGRITY-MAIL-", "INTEGRITY-AUTHOR-", "INTEGRITY-SUBJECT-", "INTEGRITY-SIGNER-",
                "INTEGRITY-PAGE-COUNT-", "CONTENT-SEVERAL-", "SIG-NONE")  # fmt: skip


def look(app: App, row: Row[Any]) -> Inspection:
    """Everything that is measured anew at every look. Raises SandboxError where a mail cannot be read in its limits."""
    seen = app.sandbox.run(inspect_blob, row.raw_sha256, mail_context(app, row))
    evaluated(app, row, seen)
    with app.database.read() as connection:
        joined = followers(connection, row.id)
    for other in joined:
        _add(seen, other, app.sandbox.run(inspect_blob, other.raw_sha256, mail_context(app, other)))
    return seen


def _add(seen: Inspection, row: Row[Any], other: Inspection) -> None:
    """The files of a joined mail as enclosures. A secrecy marking in any of them is one of the whole."""
    known = {a.sha256 for a in seen.attachments}
    for attachment in other.attachments:
        if attachment.role not in (FileRole.METADATA, FileRole.SIGNATURE) and attachment.sha256 not in known:
            role = FileRole.ENCLOSURE if attachment.role is FileRole.MAIN else attachment.role
            seen.attachments.append(replace(attachment, role=role, source=f"joined:{row.id}"))
    verified = {v["sha256"] for v in seen.verification}
    seen.verification.extend(v for v in other.verification if v["sha256"] not in verified)
    for finding in other.findings:
        if not finding.code.startswith(_OF_THE_MAIL):
            seen.findings.append(replace(finding, evidence={**finding.evidence, "role": "enclosure"}))
    seen.secret = seen.secret or other.secret
    report = row.report or {}
    proved = bool((report.get("origin") or {}).get("proved"))
    seen.findings.append(
        Finding("CONTENT-JOINED-MAIL", {"message": row.id, "from": row.from_address or "?", "proved": proved})
    )
