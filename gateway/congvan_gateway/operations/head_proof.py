"""The journal's head signed by the gateway's key, and that signature checked again."""

from __future__ import annotations

from congvan_core.signatures.sign_cms import sign_cms_detached
from congvan_gateway.main import App


def sign_with_key(app: App, text: bytes) -> bytes:
    """A detached CMS signature over the head's text."""
    return sign_cms_detached(text, app.key)


def check_proof(text: bytes, proof: bytes, kind: str) -> bool:
    """Whether a kept proof speaks of exactly this head: the signature verifies, or the time stamp's imprint matches.

    Who signed is in the proof's certificate; whether that key was ours is the directory's history.
    """
    if kind == "signature":
        from congvan_core.signatures.verify import verify_file

        report = verify_file(text, name="head.txt", signature=proof).to_json()
        return bool(report["signatures"]) and all(one["intact"] for one in report["signatures"])
    return _stamp_matches(text, proof)


def _stamp_matches(text: bytes, token: bytes) -> bool:
    import hashlib

    from asn1crypto import cms, tsp

    try:
        content = cms.ContentInfo.load(token)["content"]
        info = tsp.TSTInfo.load(content["encap_content_info"]["content"].parsed.dump())
        imprint = info["message_imprint"]
        name = imprint["hash_algorithm"]["algorithm"].native
        return bool(hashlib.new(name, text).digest() == imprint["hashed_message"].native)
    except (ValueError, TypeError, KeyError):
        return False
