"""OpenID Connect, the asking side: the code flow with PKCE, and who the provider says has come.

OpenID Connect Core 1.0 (3.1), Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (issuer in the answer). Nothing of the token is
kept: it says once who somebody is, the session is our own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from congvan_core.errors import ConfigurationError, RefusedError, TemporaryError
from congvan_gateway.settings import OpenId

#: Asymmetric signatures only: a provider's client secret never signs a token for us.
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "RS384", "RS512", "EdDSA")
#: Seconds that the clocks may differ; the age of a log-in that we accept.
_DRIFT, _OLDEST = 120, 600
_MOST = 512 * 1024

#: ``(url, form fields or None, headers) -> (status, body)``; raises OSError where there is no answer.
Fetch = Callable[[str, Mapping[str, str] | None, Mapping[str, str]], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Provider:
    """What the provider publishes of itself (Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    authenticates: tuple[str, ...] = ("client_secret_basic",)
    tells_issuer: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """A log-in begun: where the browser goes, and what must come back."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says has come. ``mail`` only where the provider says that it is verified."""

    subject: str
    name: str
    mail: str | None
    roles: tuple[str, ...]
    second_factor: bool


def http_fetch(ca: str | None = None) -> Fetch:
    """The real one: TLS verified, no redirects followed, ten seconds, half a megabyte."""

    def fetch(url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        import ssl

        import httpx

        verify = ssl.create_default_context(cafile=ca) if ca else True
        try:
            with httpx.Client(verify=verify, timeout=10, follow_redirects=False, trust_env=False) as client:
                method = "GET" if form is None else "POST"
                with client.stream(method, url, data=form, headers=dict(headers)) as answer:
                    body = b""
                    for piece in answer.iter_bytes():
                        body += piece
                        if len(body) > _MOST:
                            raise OSError("câu trả lời quá lớn")
                    return answer.status_code, body
        except (httpx.HTTPError, ssl.SSLError) as error:
            raise OSError(str(error)) from error

    return fetch


def discover(issuer: str, fetch: Fetch) -> Provider:
    """Raises ConfigurationError for an address or document that is not the provider's, TemporaryError for no answer."""
    _secure(issuer)
    said = _json(fetch, f"{issuer.rstrip('/')}/.well-known/openid-configuration", None, {})
    if said.get("issuer") != issuer:
        raise ConfigurationError(
            f"Nhà cung cấp định danh tự xưng là {str(said.get('issuer'))[:200]}, không phải {issuer}"
        )
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    ends = [said.get(name) for name in names]
    if not all(isinstance(end, str) for end in ends):
        raise ConfigurationError(f"Nhà cung cấp định danh {issuer} không công bố đủ: {', '.join(names)}")
    for end in ends:
        _secure(str(end))
    methods = said.get("token_endpoint_auth_methods_supported")
    known = tuple(str(m) for m in methods) if isinstance(methods, list) and methods else ("client_secret_basic",)
    tells = said.get("authorization_response_iss_parameter_supported") is True
    return Provider(issuer, str(ends[0]), str(ends[1]), str(ends[2]), known, tells)


def _secure(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")):
        raise ConfigurationError(f"Địa chỉ của nhà cung cấp định danh phải là https: {address[:200]}")


def begin(provider: Provider, settings: OpenId, redirect: str) -> Start:
    """The address of the provider's own page for this log-in."""
    state, nonce, verifier = (secrets.token_urlsafe(size) for size in (32, 32, 48))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": settings.client_id, "redirect_uri": redirect, "state": state,
        "scope": " ".join(dict.fromkeys(["openid", *settings.scopes])), "nonce": nonce,
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    joint = "&" if urlsplit(provider.authorization_endpoint).query else "?"
    return Start(f"{provider.authorization_endpoint}{joint}{urlencode(asked)}", state, nonce, verifier)


def finish(
    provider: Provider,
    settings: OpenId,
    *,
    secret: str | None,
    code: str,
    redirect: str,
    verifier: str,
    nonce: str,
    fetch: Fetch,
    at: datetime,
) -> Identity:
    """Exchange the code and believe the token only where every check holds (Core 3.1.3.7).

    Raises RefusedError for a token that does not hold, TemporaryError for a provider that does not answer.
    """
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier,
        "client_id": settings.client_id,
    }  # fmt: skip
    headers: dict[str, str] = {}
    if secret and "client_secret_basic" in provider.authenticates:
        pair = f"{_form(settings.client_id)}:{_form(secret)}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    elif secret:
        form["client_secret"] = secret
    answer = _json(fetch, provider.token_endpoint, form, headers)
    token = answer.get("id_token")
    if not isinstance(token, str) or len(token) > 65_536:
        raise RefusedError("Nhà cung cấp định danh không cho thẻ định danh; hãy đăng nhập lại")
    claims = _claims(provider, settings, token, fetch, nonce, at)
    return _identity(settings, claims, provider.issuer)


def _form(text: str) -> str:
    """RFC 6749 2.3.1: both halves of Basic are form-encoded first."""
    from urllib.parse import quote_plus

    return quote_plus(text)


def _claims(provider: Provider, settings: OpenId, token: str, fetch: Fetch, nonce: str, at: datetime) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    keys = _json(fetch, provider.jwks_uri, None, {})
    try:
        offered = keys.get("keys")
        usable = (
            [k for k in offered if isinstance(k, dict) and k.get("use", "sig") == "sig"]
            if isinstance(offered, list)
            else []
        )
        decoded = jwt.decode(token, KeySet.import_key_set({"keys": usable[:20]}), algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise RefusedError("Thẻ định danh không có chữ ký đúng của nhà cung cấp; không đăng nhập") from error
    claims: dict[str, Any] = dict(decoded.claims)
    now = at.timestamp()
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else list(audience) if isinstance(audience, list) else []
    wrong = (
        "issuer" if claims.get("iss") != provider.issuer
        else "audience" if settings.client_id not in audiences
        else "authorised party" if len(audiences) > 1 and claims.get("azp") != settings.client_id
        else "authorised party" if claims.get("azp", settings.client_id) != settings.client_id
        else "expiry" if not _number(claims.get("exp")) or claims["exp"] < now - _DRIFT
        else "time" if not _number(claims.get("iat")) or not now - _OLDEST < claims["iat"] < now + _DRIFT
        else "nonce" if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
        else "subject" if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255
        else ""
    )  # fmt: skip
    if wrong:
        raise RefusedError(f"Thẻ định danh không dành cho lần đăng nhập này ({wrong}); hãy đăng nhập lại")
    return claims


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _identity(settings: OpenId, claims: Mapping[str, Any], issuer: str) -> Identity:
    mail = claims.get("email") if claims.get("email_verified") is True else None
    name = next((str(claims[k]) for k in ("name", "preferred_username", "sub") if claims.get(k)), "")
    given: Any = claims
    for part in settings.role_claim.split("."):  # "realm_access.roles" as some providers nest it
        given = given.get(part) if isinstance(given, Mapping) else None
    values = [given] if isinstance(given, str) else [str(v) for v in given][:200] if isinstance(given, list) else []
    table = role_table(settings)
    roles = tuple(dict.fromkeys(table[v] for v in values if v in table))
    ways = claims.get("amr")
    strong = isinstance(ways, list) and bool({"mfa", "otp", "hwk", "swk", "fido"} & {str(w) for w in ways})
    kept = str(mail).strip().lower()[:320] if isinstance(mail, str) and "@" in mail else None
    return Identity(f"{issuer} {claims['sub']}", name[:200], kept, roles, strong)


def role_table(settings: OpenId) -> dict[str, str]:
    """The provider's value -> our role. Raises ConfigurationError for an unknown role."""
    from congvan_gateway.console.rights import ROLES

    table: dict[str, str] = {}
    for pair in settings.roles:
        value, _, role = pair.rpartition("=")
        if not value or role.strip() not in ROLES:
            raise ConfigurationError(f"openid.roles: '{pair}' phải có dạng giá-trị=vai-trò ({', '.join(ROLES)})")
        table[value.strip()] = role.strip()
    return table


def _json(fetch: Fetch, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> dict[str, Any]:
    try:
        status, body = fetch(url, form, {"Accept": "application/json", **headers})
    except OSError as error:
        raise TemporaryError(f"Nhà cung cấp định danh không trả lời: {str(error)[:200]}") from error
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if status in (400, 401, 403) and form is not None:
        reason = value.get("error") if isinstance(value, dict) else status
        raise RefusedError(f"Nhà cung cấp định danh từ chối ({str(reason)[:100]}); hãy đăng nhập lại")
    if status != 200 or not isinstance(value, dict):
        raise TemporaryError(f"Nhà cung cấp định danh trả lời {status}; hãy thử lại sau")
    return value
