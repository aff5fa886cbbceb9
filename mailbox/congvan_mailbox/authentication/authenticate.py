"""The whole check of one mail's origin, for a door that sees the client itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from congvan_core.findings import Finding
from congvan_mailbox.authentication.domains import ascii_domain
from congvan_mailbox.authentication.names import Budget, Resolver
from congvan_mailbox.authentication.policy import check_dmarc
from congvan_mailbox.authentication.results import AuthResults
from congvan_mailbox.authentication.sender import from_addresses, raw_fields
from congvan_mailbox.authentication.sender_policy import check_spf
from congvan_mailbox.authentication.signatures import check_arc, check_dkim


@dataclass(frozen=True, slots=True)
class Limits:
    """What one mail may cost: seconds per question and in all, questions in all."""

    timeout: float = 3.0
    seconds: float = 12.0
    questions: int = 60


def authenticate(
    raw: bytes,
    *,
    client_ip: str | None,
    helo: str = "",
    mail_from: str | None = None,
    dns: Resolver,
    limits: Limits | None = None,
    clock: Callable[[], float] = time.monotonic,
    moment: float | None = None,
) -> AuthResults:
    """SPF of the session, DKIM, ARC and DMARC of the bytes. Never raises; what could not be asked is ``temperror``.

    ``raw`` is the mail as it arrived, byte for byte; ``client_ip`` None leaves SPF at ``none`` (a mail from a
    mailbox or a file); ``moment`` is Unix time, for signatures that expire.
    """
    bounds = limits or Limits()
    names = Budget(dns, timeout=bounds.timeout, seconds=bounds.seconds, questions=bounds.questions, clock=clock)
    fields = raw_fields(raw)
    out = AuthResults()
    identify(fields, out)
    out.spf = check_spf(client_ip, helo, mail_from, names)
    out.dkim = check_dkim(raw, fields, names, moment)
    out.arc = check_arc(raw, fields, names)
    out.dmarc, out.aligned_by = check_dmarc(out.from_domain, out.spf, out.dkim, names)
    out.aligned = bool(out.aligned_by)
    out.findings.extend(findings_of(out))
    return out


def identify(fields: list[tuple[bytes, bytes]], out: AuthResults) -> None:
    """Set the From identity where there is exactly one field with exactly one mailbox; else say why there is none."""
    count, mailboxes = from_addresses(fields)
    if count == 0 or not mailboxes:
        out.findings.append(Finding("ORIGIN-FROM-MISSING"))
    elif count > 1:
        out.findings.append(Finding("ORIGIN-FROM-MULTIPLE", {"count": count}))
    elif len({a.lower() for _, a in mailboxes}) > 1:
        out.findings.append(Finding("ORIGIN-FROM-SEVERAL", {"addresses": [a for _, a in mailboxes][:10]}))
    else:
        out.from_address = mailboxes[0][1]
        out.from_domain = ascii_domain(out.from_address.rpartition("@")[2])


def findings_of(results: AuthResults) -> list[Finding]:
    """What the results mean in words; nothing is said of what is absent."""
    out: list[Finding] = []
    domain = results.from_domain or "?"
    if results.spf.result in ("fail", "softfail"):
        out.append(Finding("ORIGIN-SPF-FAIL", {"domain": results.spf.domain, "result": results.spf.result}))
    for signature in results.dkim:
        if signature.result in ("fail", "permerror", "policy") and results.dkim_result != "pass":
            out.append(
                Finding(
                    "ORIGIN-DKIM-FAIL", {"domain": signature.domain, "why": signature.explanation or signature.result}
                )
            )
        if signature.partial and signature.result == "pass":
            out.append(Finding("ORIGIN-DKIM-PARTIAL", {"domain": signature.domain}))
    if results.dmarc.result == "fail":
        out.append(Finding("ORIGIN-DMARC-FAIL", {"domain": domain, "policy": results.dmarc.policy}))
    if results.arc.result == "fail":
        out.append(Finding("ORIGIN-ARC-FAIL", {"why": results.arc.explanation}))
    if "temperror" in (results.spf.result, results.dkim_result, results.dmarc.result):
        out.append(Finding("ORIGIN-CHECK-INCOMPLETE", {"domain": domain}))
    if results.aligned:
        out.append(
            Finding("ORIGIN-ALIGNED", {"domain": domain, "how": ", ".join(w.upper() for w in results.aligned_by)})
        )
    return out
