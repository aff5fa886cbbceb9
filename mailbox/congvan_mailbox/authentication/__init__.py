"""Who really sent a mail: SPF, DKIM, DMARC and ARC, a front server's results, and names that only look right."""

from congvan_mailbox.authentication.authenticate import authenticate
from congvan_mailbox.authentication.front import from_trusted_front, strip_forged
from congvan_mailbox.authentication.lookalike import similar_domain, suspicious_name
from congvan_mailbox.authentication.names import DnsFailure, Resolver, SystemResolver
from congvan_mailbox.authentication.results import ArcResult, AuthResults, DkimResult, DmarcResult, SpfResult

__all__ = [
    "ArcResult",
    "AuthResults",
    "DkimResult",
    "DmarcResult",
    "DnsFailure",
    "Resolver",
    "SpfResult",
    "SystemResolver",
    "authenticate",
    "from_trusted_front",
    "similar_domain",
    "strip_forged",
    "suspicious_name",
]
