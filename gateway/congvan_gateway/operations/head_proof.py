"""The journal's head signed by the gateway's key, and that signature checked again."""

from __future__ import annotations

from congvan_core.journal.proof_check import check_proof
from congvan_core.signatures.sign_cms import sign_cms_detached
from congvan_gateway.main import App


def sign_with_key(app: App, text: bytes) -> bytes:
    """A detached CMS signature over the head's text."""
    return sign_cms_detached(text, app.key)


__all__ = ["check_proof", "sign_with_key"]
