"""Fetching revocation answers and issuers' certificates from allow-listed hosts only.

The addresses stand in certificates, that is: in a stranger's mail. So only named hosts are asked, redirects are
refused, sizes and times are bounded, and every failure is simply no answer.
"""

from __future__ import annotations

import hashlib
import urllib.parse
from collections.abc import Iterable
from functools import partial

from asn1crypto import algos, core, ocsp, x509

from congvan_core.signatures.answers import Answers

#: Hosts of the official-service CA; further ones are the administrator's.
DEFAULT_HOSTS = ("ocsp.ca.gov.vn", "crl.ca.gov.vn", "ca.gov.vn", "public.ca.gov.vn")
MAX_BYTES = 20 << 20
SECONDS = 5.0
MAX_REQUESTS = 12


class GuardedFetcher:
    """Asks over HTTP; each method returns the answer's bytes or None, and never raises."""

    def __init__(
        self, allow: Iterable[str] | None = None, *, seconds: float = SECONDS, answers: Answers | None = None
    ) -> None:
        """``answers`` outlives this fetcher, which serves one document (its requests are counted)."""
        self._allow = {h.lower() for h in (DEFAULT_HOSTS if allow is None else allow)}
        self._seconds = seconds
        self._left = MAX_REQUESTS
        self._answers = answers or Answers()

    def ocsp(self, cert: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        try:
            urls = list(cert.ocsp_urls)
            request = _ocsp_request(cert, issuer)
        except Exception:
            return None
        return self._first(urls, "ocsp", request, "application/ocsp-request")

    def crl(self, cert: x509.Certificate) -> bytes | None:
        try:
            urls = [u for point in cert.crl_distribution_points for u in [point.url] if u]
        except Exception:
            return None
        return self._first(urls, "crl")

    def issuer(self, cert: x509.Certificate) -> bytes | None:
        urls = []
        try:
            for description in cert.authority_information_access_value or ():
                location = description["access_location"]
                if (
                    description["access_method"].native == "ca_issuers"
                    and location.name == "uniform_resource_identifier"
                ):
                    urls.append(str(location.native))
        except Exception:
            return None
        return self._first(urls, "issuer")

    def allowed(self, url: str) -> bool:
        """Only http and https to a host (or host:port) on the list."""
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        host = (parts.hostname or "").lower()
        if parts.scheme not in ("http", "https") or parts.username or parts.password:
            return False
        if host in self._allow and port in (None, 80, 443):
            return True
        return f"{host}:{port or (443 if parts.scheme == 'https' else 80)}" in self._allow

    def _first(self, urls: list[str], what: str, body: bytes | None = None, kind: str = "") -> bytes | None:
        for url in urls[:3]:
            if not self.allowed(url):
                continue
            found = self._answers.get(url, body or b"", partial(self._ask, url, body, kind), what)
            if found is not None:
                return found
        return None

    def _ask(self, url: str, body: bytes | None, kind: str) -> bytes | None:
        if self._left <= 0:
            return None
        self._left -= 1
        import asyncio

        try:
            return asyncio.run(_request(url, body, kind, self._seconds))
        except Exception:
            return None


async def _request(url: str, body: bytes | None, kind: str, seconds: float) -> bytes | None:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=seconds)
    headers = {"Content-Type": kind} if body is not None else {}
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        method = "POST" if body is not None else "GET"
        async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200:
                return None
            found = bytearray()
            async for chunk in answer.content.iter_chunked(65536):
                found += chunk
                if len(found) > MAX_BYTES:
                    return None
            return bytes(found)


def _ocsp_request(cert: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """RFC 6960 4.1.1; SHA-1 identifiers, because responders of the field know no others (RFC 5019 2.1.1)."""
    identifier = ocsp.CertId(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha1"}),
            "issuer_name_hash": hashlib.sha1(cert.issuer.dump(), usedforsecurity=False).digest(),
            "issuer_key_hash": hashlib.sha1(bytes(issuer.public_key["public_key"]), usedforsecurity=False).digest(),
            "serial_number": core.Integer(cert.serial_number),
        }
    )
    request = ocsp.OCSPRequest({"tbs_request": {"request_list": [{"req_cert": identifier}]}})
    return bytes(request.dump())
