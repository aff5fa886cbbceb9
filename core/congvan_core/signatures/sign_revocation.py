"""What stands behind a long-term signature: anchors, intermediates, CRLs and OCSP answers, given or fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from congvan_core.errors import ConfigurationError
from congvan_core.signatures.sign_signer import to_asn1

#: Total seconds for one OCSP, CRL or issuer download.
FETCH_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class RevocationSource:
    """Where revocation data for B-LT and B-LTA comes from.

    ``crls`` and ``ocsp_responses`` are DER. With ``fetch`` the addresses in the certificates are asked; these come from
    strangers in the worst case, so only hosts of ``allowed_hosts`` are ever contacted (``None`` allows any: for keys
    whose certificates the administrator installed) and redirects are not followed.
    """

    anchors: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()
    fetch: bool = False
    allowed_hosts: frozenset[str] | None = frozenset()

    @asynccontextmanager
    async def contexts(self, moment: datetime | None = None) -> AsyncIterator[Any]:
        """Yields a function that makes fresh pyHanko ValidationContexts (they are not reusable between signatures)."""
        from asn1crypto import crl, ocsp
        from pyhanko_certvalidator import ValidationContext

        if not self.anchors:
            raise ConfigurationError("Chưa khai báo chứng thư gốc nào để lấy dữ liệu kiểm tra chữ ký lâu dài.")
        try:
            crls = [crl.CertificateList.load(c, strict=True) for c in self.crls]
            answers = [ocsp.OCSPResponse.load(o, strict=True) for o in self.ocsp_responses]
        except ValueError as e:
            raise ConfigurationError(f"CRL hoặc câu trả lời OCSP không đọc được: {e}.") from e
        common: dict[str, Any] = {
            "trust_roots": [to_asn1(c) for c in self.anchors],
            "other_certs": [to_asn1(c) for c in self.intermediates],
            "crls": crls,
            "ocsps": answers,
            "revocation_mode": "require",
            "moment": moment,
            "retroactive_revinfo": moment is not None,
        }
        if not self.fetch:
            yield lambda: ValidationContext(allow_fetching=False, **common)
            return
        import aiohttp
        from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend

        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, trace_configs=[self._guard()], trust_env=False) as session:
            backend = AIOHttpFetcherBackend(session=session)
            yield lambda: ValidationContext(allow_fetching=True, fetcher_backend=backend, **common)

    def _guard(self) -> Any:
        import aiohttp

        async def before(_session: Any, _context: Any, params: Any) -> None:
            if self.allowed_hosts is not None and urlsplit(str(params.url)).hostname not in self.allowed_hosts:
                raise aiohttp.ClientConnectionError(f"address not allowed: {params.url}")

        async def no_redirect(_session: Any, _context: Any, params: Any) -> None:
            raise aiohttp.ClientConnectionError(f"redirect not followed: {params.url}")

        guard = aiohttp.TraceConfig()
        guard.on_request_start.append(before)
        guard.on_request_redirect.append(no_redirect)
        return guard


def source(
    anchors: Iterable[x509.Certificate],
    intermediates: Iterable[x509.Certificate] = (),
    crls: Iterable[bytes] = (),
    *,
    fetch: bool = False,
    allowed_hosts: Iterable[str] | None = (),
) -> RevocationSource:
    """The same from any iterables."""
    hosts = None if allowed_hosts is None else frozenset(allowed_hosts)
    return RevocationSource(tuple(anchors), tuple(intermediates), tuple(crls), (), fetch, hosts)
