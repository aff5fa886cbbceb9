"""CMS signatures over any file: detached (.p7s) and enveloping (.p7m), each signer judged (RFC 5652, CAdES)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from congvan_core.errors import UnreadableError
from congvan_core.findings import Finding
from congvan_core.signatures.cms_reading import SignedMessage, decode, read
from congvan_core.signatures.enveloped import read_enveloping
from congvan_core.signatures.facts import FileFacts, SignatureFacts
from congvan_core.signatures.path_check import Setting
from congvan_core.signatures.signer_check import Content, judge_signer

#: Without signed attributes the key signs the content itself: it must then fit in memory.
MAX_DIRECT = 256 << 20


def verify_detached(data: Any, size: int, signature: bytes, setting: Setting, base: FileFacts) -> FileFacts:
    """``signature`` over the whole of ``data``. A signature file that cannot be read is broken, not unreadable."""
    try:
        message = read(decode(signature))
    except UnreadableError as error:
        broken = Finding("SIG-BROKEN", {"field": "p7s", "reason": error.message})
        fault = SignatureFacts("p7s", "cms.detached", False, fault="malformed", findings=(broken,))
        return replace(base, signatures=(*base.signatures, fault))
    signatures = judge_all(message, digest_of(data, size), data, size, setting, "cms.detached")
    if any(s.fault == "digest" for s in signatures):
        base = replace(base, findings=(*base.findings, Finding("SIG-DETACHED-MISMATCH", {"file": base.file})))
    return replace(base, signatures=(*base.signatures, *signatures))


def verify_enveloping(data: Any, size: int, setting: Setting, base: FileFacts) -> tuple[FileFacts, bytes | None]:
    """A .p7m that holds its content, and the content. Raises UnreadableError where the bytes are no SignedData."""
    message, inner = read_enveloping(data, size)
    if inner is None:
        absent = Finding("SIG-BROKEN", {"field": "p7m", "reason": "content_absent"})
        fault = SignatureFacts("p7m", "cms.detached", False, fault="content_absent", findings=(absent,))
        return replace(base, signatures=(fault,)), None
    signatures = judge_all(message, digest_of(inner, len(inner)), inner, len(inner), setting, "cms.enveloping")
    return replace(base, signatures=tuple(signatures)), inner


#: The encoded names of the two attributes that every signer with attributes must have (RFC 5652 11.1, 11.2).
_CONTENT_TYPE, _MESSAGE_DIGEST = (b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09" + bytes([last]) for last in (3, 4))


def judge_all(
    message: SignedMessage, digest: Callable[[str], bytes], data: Any, size: int, setting: Setting, kind: str
) -> list[SignatureFacts]:
    """Every SignerInfo by itself. A SignedData without signers says nothing and counts as broken."""
    if not message.signers:
        empty = Finding("SIG-BROKEN", {"field": "cms", "reason": "no_signer"})
        return [SignatureFacts("cms", kind, False, fault="no_signer", findings=(empty,))]
    # What a "detached" signature envelops must be the file itself; it is compared, never trusted by itself.
    inner = message.content if kind == "cms.detached" else None
    if inner and hashlib.sha256(inner).digest() != digest("sha256"):
        inside = Finding("SIG-BROKEN", {"field": "cms", "reason": "content_inside"})
        return [SignatureFacts("cms", kind, False, fault="digest", findings=(inside,))]
    found = []
    for index, signer in enumerate(message.signers, start=1):
        direct = None
        if not len(signer["signed_attrs"] or ()) and size <= MAX_DIRECT:
            direct = bytes(data[:size])
            if _is_attributes(direct):
                replayed = Finding("SIG-BROKEN", {"field": f"signer{index}", "reason": "attributes_as_content"})
                found.append(SignatureFacts(f"signer{index}", kind, False, fault="digest", findings=(replayed,)))
                continue
        content = Content(digest, direct, message.content_type)
        facts = judge_signer(signer, message, content, setting, field=f"signer{index}", subfilter=kind)
        found.append(replace(facts, covers_whole_file=facts.intact))
    return found


def _is_attributes(content: bytes) -> bool:
    """Whether a content without signed attributes is itself an encoding of such: then the signature was made for another
    file, whose attributes are now shown as if they were the file (RFC 5652 5.4 hashes both alike).
    """
    head = content[:65_536]
    return head[:1] == b"\x31" and _CONTENT_TYPE in head and _MESSAGE_DIGEST in head


def digest_of(data: Any, size: int) -> Callable[[str], bytes]:
    """``digest(name)`` over a buffer, each algorithm computed once."""
    known: dict[str, bytes] = {}

    def compute(name: str) -> bytes:
        if name not in known:
            hasher = hashlib.new(name)
            with memoryview(data) as view:
                hasher.update(view[:size])
            known[name] = hasher.digest()
        return known[name]

    return compute
