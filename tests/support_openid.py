"""An identity provider for tests: the real flow over HTTP, and every lie that a token can tell."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

CLIENT, SECRET = "congvan-desk", "bí mật & của+trạm"


class IdentityProvider:
    """Lets everybody in as ``person``; ``lies`` replace claims of the next token, ``alg`` and ``stranger`` its signature."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": "one", "use": "sig"})
        self.person: dict[str, Any] = {
            "sub": "u-1", "name": "Nguyễn Thị Văn Thư", "email": "vanthu.nguyen@example.vn", "email_verified": True,
        }  # fmt: skip
        self.lies: dict[str, Any] = {}
        self.alg, self.stranger, self.refuses = "ES256", False, ""
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, list[str]]] = []
        self.issuer = ""

    def document(self) -> dict[str, Any]:
        ends = {n: f"{self.issuer}/{n}" for n in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        return {"issuer": self.issuer, **ends, "authorization_response_iss_parameter_supported": True}

    def authorise(self, query: dict[str, list[str]]) -> str:
        """Where the browser is sent back to."""
        asked = {name: values[0] for name, values in query.items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        back = {"state": asked["state"], "iss": self.issuer}
        if self.refuses:
            return f"{asked['redirect_uri']}?{urlencode({**back, 'error': self.refuses})}"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({**back, 'code': code})}"

    def token(self, form: dict[str, list[str]], authorization: str) -> tuple[int, dict[str, Any]]:
        self.asked.append(form)
        asked = self.codes.pop(form.get("code", [""])[0], None)
        if asked is None:
            return 400, {"error": "invalid_grant"}
        user = base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")
        proof = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest()).rstrip(b"=").decode()
        )
        from urllib.parse import unquote_plus

        if unquote_plus(user[2]) != SECRET or proof != asked["code_challenge"]:
            return 401, {"error": "invalid_client"}
        at = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": asked["nonce"], **self.person, **self.lies,
        }  # fmt: skip
        return 200, {"id_token": self.sign(claims), "access_token": "x", "token_type": "Bearer"}

    def sign(self, claims: dict[str, Any]) -> str:
        if self.alg == "none":
            parts = ({"alg": "none"}, claims)
            return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."
        if self.alg == "HS256":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET.encode()))
        key = ECKey.generate_key("P-256", parameters={"kid": "one"}) if self.stranger else self.key
        return jwt.encode({"alg": "ES256", "kid": "one"}, claims, key)


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """The provider on a port of its own."""
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            return

        def _say(self, status: int, value: Any) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.endswith("openid-configuration"):
                self._say(200, provider.document())
            elif parts.path == "/jwks_uri":
                self._say(200, {"keys": [provider.key.as_dict(private=False)]})
            elif parts.path == "/authorization_endpoint":
                self.send_response(302)
                self.send_header("Location", provider.authorise(parse_qs(parts.query)))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._say(404, {})

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._say(*provider.token(form, self.headers.get("Authorization", "")))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
