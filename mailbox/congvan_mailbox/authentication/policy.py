"""DMARC (RFC 7489): the policy of the domain in From, found and applied to what SPF and DKIM proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from congvan_mailbox.authentication.domains import aligned, ascii_domain, organisational
from congvan_mailbox.authentication.names import Budget, DnsFailure
from congvan_mailbox.authentication.results import DkimResult, DmarcResult, SpfResult


@dataclass(frozen=True, slots=True)
class Record:
    """One published policy. ``strict_dkim`` and ``strict_spf`` are ``adkim=s`` and ``aspf=s``."""

    domain: str
    policy: str
    subdomain_policy: str
    strict_dkim: bool
    strict_spf: bool


def find_record(domain: str, names: Budget) -> Record | None:
    """RFC 7489 6.6.3: at the domain, else at its organisational domain. Raises DnsFailure, ValueError (several)."""
    for place in dict.fromkeys((ascii_domain(domain), organisational(domain))):
        records = [
            t for t in names.lookup(f"_dmarc.{place}", "TXT") if t.lower().replace(" ", "").startswith("v=dmarc1")
        ]
        if len(records) > 1:
            raise ValueError("several DMARC records")
        if records:
            return _parse(place, records[0])
    return None


def _parse(place: str, text: str) -> Record | None:
    tags: dict[str, str] = {}
    for piece in text[:4096].split(";"):
        name, separator, value = piece.partition("=")
        if separator:
            tags.setdefault(name.strip().lower(), value.strip().lower())
    words = ("none", "quarantine", "reject")
    policy = tags.get("p", "")
    if policy not in words:
        if "rua" not in tags:  # RFC 7489 6.6.3: without both the record is not applied
            return None
        policy = "none"
    subdomain = tags.get("sp", policy)
    return Record(
        place, policy, subdomain if subdomain in words else policy, tags.get("adkim") == "s", tags.get("aspf") == "s"
    )


def aligned_mechanisms(
    from_domain: str, spf: SpfResult, dkim: Sequence[DkimResult], record: Record | None
) -> tuple[str, ...]:
    """Which passing mechanisms speak for the From domain. A signature over a part (``l=``) speaks for nothing."""
    out = []
    if any(
        d.result == "pass"
        and not d.partial
        and aligned(d.domain, from_domain, strict=bool(record and record.strict_dkim))
        for d in dkim
    ):
        out.append("dkim")
    if spf.result == "pass" and aligned(spf.domain, from_domain, strict=bool(record and record.strict_spf)):
        out.append("spf")
    return tuple(out)


def check_dmarc(
    from_domain: str | None, spf: SpfResult, dkim: Sequence[DkimResult], names: Budget
) -> tuple[DmarcResult, tuple[str, ...]]:
    """The DMARC result and the aligned mechanisms. Without a From domain the mail has no DMARC identity: permerror."""
    if not from_domain:
        return DmarcResult("permerror", explanation="no single From domain"), ()
    try:
        record = find_record(from_domain, names)
    except DnsFailure as error:
        return DmarcResult("temperror", explanation=error.message), aligned_mechanisms(from_domain, spf, dkim, None)
    except ValueError as error:
        return DmarcResult("permerror", explanation=str(error)), aligned_mechanisms(from_domain, spf, dkim, None)
    proved = aligned_mechanisms(from_domain, spf, dkim, record)
    if record is None:
        return DmarcResult("none"), proved
    policy = record.policy if record.domain == ascii_domain(from_domain) else record.subdomain_policy
    if proved:
        return DmarcResult("pass", policy, record.domain), proved
    if spf.result == "temperror" or any(d.result == "temperror" for d in dkim):
        return DmarcResult("temperror", policy, record.domain, "a mechanism could not be checked"), proved
    return DmarcResult("fail", policy, record.domain), proved
