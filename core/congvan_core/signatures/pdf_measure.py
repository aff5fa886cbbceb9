"""One PDF under examination, and each of its signatures measured by its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from congvan_core.findings import Finding
from congvan_core.signatures.certificates import public_key, verify_raw
from congvan_core.signatures.cms_check import SignerCheck
from congvan_core.signatures.cms_reading import read
from congvan_core.signatures.facts import SignatureFacts, TimestampFacts
from congvan_core.signatures.path_check import Setting
from congvan_core.signatures.pdf_pages import Budget
from congvan_core.signatures.pdf_revision import MAX_COPY, Revision
from congvan_core.signatures.pdf_signatures import FoundSignature
from congvan_core.signatures.pdf_xref import XrefReader
from congvan_core.signatures.signer_check import Content, assemble, judge_signer
from congvan_core.signatures.timestamps import judge as judge_stamp

#: Seconds for comparing revisions of one file; beyond it the answer is "not completed".
COMPARE_SECONDS = 8.0
_WRAPPED = {
    "gap_not_contents",
    "gap_elsewhere",
    "shared_range",
    "literal_contents",
    "indirect_contents",
    "ambiguous_dictionary",
    "not_a_revision",
}


@dataclass(slots=True)
class SignedFile:
    """One file under examination."""

    data: Any
    size: int
    setting: Setting
    reader: XrefReader
    final: Revision | None = None
    found: list[FoundSignature] = field(default_factory=list)
    detached: list[FoundSignature] = field(default_factory=list)
    revisions: dict[int, Revision] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget(COMPARE_SECONDS))
    digests: dict[tuple[str, tuple[int, ...]], bytes] = field(default_factory=dict)

    def revision(self, end: int) -> Revision:
        if end not in self.revisions:
            if len(self.revisions) > 12 or sum(min(e, MAX_COPY) for e in (*self.revisions, end)) > 3 * MAX_COPY:
                self.revisions.clear()
            self.revisions[end] = Revision(self.data, end, self.reader.revision(end))
        return self.revisions[end]

    def digest(self, found: FoundSignature) -> Callable[[str], bytes]:
        def compute(name: str) -> bytes:
            key = (name, found.byte_range)
            if key not in self.digests:
                hasher = hashlib.new(name)
                a, b, c, d = found.byte_range
                with memoryview(self.data) as view:
                    hasher.update(view[a : a + b])
                    hasher.update(view[c : c + d])
                self.digests[key] = hasher.digest()
            return self.digests[key]

        return compute


def measure_stamp(file: SignedFile, found: FoundSignature) -> TimestampFacts:
    return judge_stamp(found.contents, file.digest(found), file.setting, covers_end=found.end)


def measure_signature(file: SignedFile, found: FoundSignature, proofs: tuple[TimestampFacts, ...]) -> SignatureFacts:
    if found.fault:
        code = "INTEGRITY-SIGNATURE-WRAPPED" if found.fault in _WRAPPED else "INTEGRITY-SIGNATURE-EMPTY"
        evidence = {"field": found.field, "reason": found.fault}
        return SignatureFacts(
            found.field,
            found.subfilter,
            False,
            fault=found.fault,
            docmdp=found.docmdp,
            certified=found.certified,
            findings=(Finding(code, evidence),),
        )
    digest = file.digest(found)
    if found.subfilter == "adbe.x509.rsa_sha1":
        return _bare_rsa(file, found, proofs)
    try:
        message = read(found.contents)
    except Exception:
        return _unusable(found, "malformed")
    if len(message.signers) != 1:
        return _unusable(found, "signers" if message.signers else "no_signer")
    content = Content(digest)
    if found.subfilter == "adbe.pkcs7.sha1":
        # ISO 32000-1 12.8.3.3.1: the CMS envelops the SHA-1 digest of the byte range.
        inner = message.content
        if inner is None or inner != digest("sha1"):
            return _unusable(found, "digest")
        content = Content(lambda name: hashlib.new(name, inner).digest(), inner)
    elif found.subfilter not in ("adbe.pkcs7.detached", "ETSI.CAdES.detached"):
        unknown = Finding("SIG-SUBFILTER-UNSUPPORTED", {"field": found.field, "subfilter": found.subfilter})
        return replace(_unusable(found, "unknown_subfilter"), findings=(unknown,))
    elif message.content:
        return _unusable(found, "content_inside")
    elif not len(message.signers[0]["signed_attrs"] or ()):
        content = Content(digest, _covered(file, found))
    facts = judge_signer(
        message.signers[0],
        message,
        content,
        file.setting,
        field=found.field,
        subfilter=found.subfilter,
        proofs=proofs,
        stated=found.stated,
    )
    extra: list[Finding] = []
    if found.subfilter == "adbe.pkcs7.sha1":
        extra.append(Finding("SIG-SHA1-FORMAT", {"field": found.field}))
    return replace(
        facts,
        docmdp=found.docmdp,
        certified=found.certified,
        start=found.byte_range[1],
        end=found.end,
        findings=(*facts.findings, *extra),
    )


def _bare_rsa(file: SignedFile, found: FoundSignature, proofs: tuple[TimestampFacts, ...]) -> SignatureFacts:
    """ISO 32000-1 12.8.3.2: a bare RSA signature over SHA-1, the certificate in the dictionary (deprecated)."""
    from asn1crypto import algos, core, x509

    try:
        cert = x509.Certificate.load(found.certificate or b"")
        value = core.OctetString.load(found.contents).native
        algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha1_rsa"})
        sound = verify_raw(public_key(cert), value, _covered(file, found), algorithm)
    except Exception:
        return _unusable(found, "malformed")
    outcome = SignerCheck(None if sound else "digest", "sha1", True)
    facts = assemble(
        cert, [], outcome, None, None, file.setting, field=found.field, subfilter=found.subfilter, proofs=proofs
    )
    return replace(facts, docmdp=found.docmdp, certified=found.certified, start=found.byte_range[1], end=found.end)


def _covered(file: SignedFile, found: FoundSignature) -> bytes:
    a, b, c, d = found.byte_range
    return bytes(file.data[a : a + b]) + bytes(file.data[c : c + d])


def _unusable(found: FoundSignature, fault: str) -> SignatureFacts:
    code = "SIG-DIGEST-MISMATCH" if fault == "digest" else "SIG-BROKEN"
    return SignatureFacts(
        found.field,
        found.subfilter,
        False,
        fault=fault,
        docmdp=found.docmdp,
        certified=found.certified,
        findings=(Finding(code, {"field": found.field, "reason": fault}),),
        end=found.end,
    )
