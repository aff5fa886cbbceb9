"""A TLS authority for the servers of the tests."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class TlsAuthority:
    """One certificate authority with its files in ``folder``; ``issue`` makes server certificates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ca = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))

    def issue(self, *names: str) -> tuple[Path, Path]:
        """Files (certificate chain, key) of a server with these names or addresses."""
        names = names or ("localhost", "127.0.0.1")
        leaf = self._ca.issue_cert(*names)
        stem = names[0].replace("*", "any")
        chain, key = self.folder / f"{stem}.crt", self.folder / f"{stem}.key"
        chain.unlink(missing_ok=True)
        for blob in leaf.cert_chain_pems:
            blob.write_to_path(str(chain), append=True)
        leaf.private_key_pem.write_to_path(str(key))
        return chain, key

    def server_context(self, *names: str) -> ssl.SSLContext:
        """What a server of the tests presents."""
        chain, key = self.issue(*names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """A client that trusts this authority only, and checks names."""
        return ssl.create_default_context(cafile=str(self.ca_file))
