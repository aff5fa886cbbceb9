"""Delivery status notifications by the standard: RFC 3464, with ENVID and ORCPT (RFC 3461), in UTF-8 (RFC 6533)."""

from __future__ import annotations

import re

from congvan_mailbox.reports import original
from congvan_mailbox.reports.addresses import clean_address, key_of, typed_address
from congvan_mailbox.reports.fields import Group, groups, without_comments
from congvan_mailbox.reports.letter import Part
from congvan_mailbox.reports.model import Action, RecipientResult, Report
from congvan_mailbox.reports.prose import near
from congvan_mailbox.reports.status import choose, code_in, is_vague, normalise, reason_vi

STATUS_TYPES = frozenset(
    {"message/delivery-status", "message/global-delivery-status", "message/deliverystatus", "text/delivery-status"}
)
_ACTIONS = {
    "failed": Action.FAILED,
    "failure": Action.FAILED,
    "fail": Action.FAILED,
    "error": Action.FAILED,
    "expired": Action.FAILED,
    "undeliverable": Action.FAILED,
    "permanent-failure": Action.FAILED,
    "bounced": Action.FAILED,
    "rejected": Action.FAILED,
    "delayed": Action.DELAYED,
    "delay": Action.DELAYED,
    "deferred": Action.DELAYED,
    "queued": Action.DELAYED,
    "transient-failure": Action.DELAYED,
    "retry": Action.DELAYED,
    "delivered": Action.DELIVERED,
    "deliverable": Action.DELIVERED,
    "success": Action.DELIVERED,
    "relayed": Action.RELAYED,
    "forwarded": Action.RELAYED,
    "transferred": Action.RELAYED,
    "expanded": Action.EXPANDED,
}
_RANK = {Action.FAILED: 3, Action.DELAYED: 2, Action.RELAYED: 1, Action.DELIVERED: 1, Action.EXPANDED: 0}
_TYPE = re.compile(r"^\s*(x-[\w-]+|smtp|dns|rfc822|lmtp|unix|utf-8|local)\s*;\s*", re.IGNORECASE)
_INLINE = re.compile(r"(?im)^[> \t]*(?:final|original)-recipient[ \t]*:.*[;:].*@.*$")


def read_delivery(letter: Part, prose: str) -> Report | None:
    """The report of a letter with a delivery-status part, or with its fields in a plain text; None where there is none.

    ``prose`` is the report's human text; it gives a code only where the fields give none.
    """
    texts = [part.text() for part in letter.own() if part.media_type in STATUS_TYPES]
    source = "rfc3464"
    if (
        not any(_INLINE.search(t) for t in texts)
        and _INLINE.search(prose)
        and re.search(r"(?im)^[> \t]*(action|status)[ \t]*:", prose)
    ):
        texts.append(prose)
        source = "rfc3464-inline"
    if not texts:
        return None
    report = Report("delivery", source=source)
    found: dict[str, RecipientResult] = {}
    for text in texts:
        for group in groups(text):
            if report.original_envelope_id is None:
                report.original_envelope_id = group.get("Original-Envelope-Id")
            if report.reporting_host is None and (host := group.get("Reporting-MTA")):
                report.reporting_host = _TYPE.sub("", host)
            if report.original_message_id is None:
                report.original_message_id = original.first_id(
                    group.get("Original-Message-ID", "X-Original-Message-ID")
                )
            result = _recipient(group)
            if result is not None:
                _keep(found, result)
    report.recipients = list(found.values())
    only = len(report.recipients) == 1
    for result in report.recipients:
        _settle(result, prose, only)
    return report


def _recipient(group: Group) -> RecipientResult | None:
    final = group.get("Final-Recipient")
    actual = group.get("X-Actual-Recipient", "X-Original-Recipient")
    asked = group.get("Original-Recipient")
    if not (final or actual or asked):
        return None
    original_address = typed_address(asked, xtext=True)
    address = typed_address(final) or typed_address(actual) or original_address
    if address is None:
        return None
    if "@" not in address or "." not in address.rpartition("@")[2] or address.upper().startswith("IMCEA"):
        # A local user name, a host's inner name or a directory name: the address that was written to tells more.
        better = next(
            (
                a
                for a in (typed_address(actual), original_address, clean_address(group.get("X-Display-Name") or ""))
                if a and "@" in a
            ),
            None,
        )
        address = better or address
    action = _action(group.get("Action"), group.get("Status"))
    diagnostic = _diagnostic(group)
    host = group.get("Remote-MTA")
    return RecipientResult(
        address,
        action,
        group.get("Status"),
        diagnostic,
        original_address,
        remote_host=_TYPE.sub("", host) if host else None,
    )


def _diagnostic(group: Group) -> str | None:
    value = group.get(
        "Diagnostic-Code", "X-Supplementary-Info", "X-Notes", "X-SMTP-Response", "Failure-Reason", "Reason"
    )
    if value is None:
        return None
    text = _TYPE.sub("", value).strip()
    extra = group.get("X-Supplementary-Info")
    if extra and extra != value and len(text) < 12:
        text = f"{text} {extra}"
    return re.sub(r"\s+", " ", text)[:2000] or None


def _action(value: str | None, status: str | None) -> Action:
    word = re.split(r"[\s,;]", without_comments(value or "").strip().lower().strip("\"'"))[0]
    known = _ACTIONS.get(word)
    if known is not None:
        return known
    code = normalise(status)
    if code is None:
        return Action.FAILED
    return {"2": Action.DELIVERED, "4": Action.DELAYED}.get(code[0], Action.FAILED)


def _keep(found: dict[str, RecipientResult], result: RecipientResult) -> None:
    key = key_of(result.address)
    before = found.get(key)
    if before is None:
        found[key] = result
    elif _RANK[result.action] > _RANK[before.action] or (result.action is before.action and before.diagnostic is None):
        result.original_address = result.original_address or before.original_address
        found[key] = result


def _settle(result: RecipientResult, prose: str, only: bool) -> None:
    field = without_comments(result.status) if result.status else None
    given = normalise(field) or normalise(result.status)
    inside = code_in(result.diagnostic or "")
    if given and given.endswith(".0") and inside and not inside.endswith(".0") and inside[0] == given[0]:
        given = inside  # the field gives only the subject, the server's own words the whole code
    if result.action is Action.FAILED and given and given[0] == "2":
        given = None
    if result.action is Action.FAILED and given == "4.0.0" and inside and inside[0] == "5":
        given = None
    around = near(prose, result.address, only) if is_vague(given) or result.diagnostic is None else ""
    if result.original_address and not around and is_vague(given):
        around = near(prose, result.original_address, only)
    result.status, result.reason_code, result.derived = choose(given, result.diagnostic, around, result.action)
    result.reason = reason_vi(result.reason_code)
