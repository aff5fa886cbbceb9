"""Whether a kept proof stands for a journal head: its signature verifies, or its time stamp was given for that text."""

from __future__ import annotations


def check_proof(text: bytes, proof: bytes, kind: str) -> bool:
    """``kind`` is ``signature`` (CMS over ``text``) or ``timestamp`` (RFC 3161 token). Never raises for a bad proof.

    Whose key it was is in the proof's certificate; whether that key counts is the directory's and the trust store's.
    """
    if kind == "signature":
        from congvan_core.signatures.verify import verify_file

        report = verify_file(text, name="head.txt", signature=proof).to_json()
        return bool(report["signatures"]) and all(one["intact"] for one in report["signatures"])
    from congvan_core.ids import now
    from congvan_core.signatures.path_check import Setting
    from congvan_core.signatures.timestamps import hashed, judge
    from congvan_core.signatures.trust_store import TrustStore

    return judge(proof, hashed(text), Setting(TrustStore(), now=now())).intact
