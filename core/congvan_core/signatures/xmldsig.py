"""XML-DSig signatures (W3C XML Signature 1.1, XAdES properties): read strictly, verified without the network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asn1crypto import algos, x509

from congvan_core.errors import UnreadableError
from congvan_core.findings import Finding
from congvan_core.signatures.certificates import UnfitKeyError, public_key, verify_raw
from congvan_core.signatures.cms_check import SignerCheck
from congvan_core.signatures.facts import SignatureFacts, TimestampFacts
from congvan_core.signatures.path_check import Setting
from congvan_core.signatures.signer_check import assemble
from congvan_core.signatures.timestamps import hashed, judge

DS = "{http://www.w3.org/2000/09/xmldsig#}"
MAX_XML = 64 << 20
MAX_REFERENCES = 5000
_HASHES = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
C14N = {
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": (False, False),
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": (False, True),
    "http://www.w3.org/2006/12/xml-c14n11": (False, False),
    "http://www.w3.org/2001/10/xml-exc-c14n#": (True, False),
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments": (True, True),
}
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_SIGNED = {
    f"http://www.w3.org/{year}/{space}#{kind}-{name}": (kind, name)
    for year, space in (("2000/09", "xmldsig"), ("2001/04", "xmldsig-more"))
    for kind in ("rsa", "ecdsa")
    for name in ("sha1", "sha256", "sha384", "sha512")
}
#: A package part after the transforms that the reference names, in each form that writers of genuine signatures give
#: it, the standard's first; None where there is no such part.
Resolver = Callable[[str, list[Any]], Sequence[bytes] | None]


class XmlFault(Exception):
    """The signature cannot be accepted; the message is a stable word."""


@dataclass(slots=True)
class Read:
    """One signature as read: ``covered`` lists the URIs outside the XML whose digests agree."""

    outcome: SignerCheck
    covered: list[str] = field(default_factory=list)


def parse(data: bytes) -> Any:
    """The document's root; no entities, no DTD, no network. Raises UnreadableError."""
    from lxml import etree

    if len(data) > MAX_XML:
        raise UnreadableError("Tệp XML quá lớn.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableError("Tệp XML không đúng cú pháp.") from error
    information: Any = root.getroottree().docinfo
    if information.doctype:
        raise UnreadableError("Tệp XML có khai báo DTD nên không được đọc.")
    return root


def canonical(element: Any, algorithm: str = "", prefixes: list[str] | None = None) -> bytes:
    """The canonical form of an element (C14N 1.0, 1.1, exclusive). Raises XmlFault for an unknown algorithm.

    The element is written out with the name spaces in scope and read again first: canonicalised within its document,
    lxml undeclares the default name space of elements deep inside.
    """
    from lxml import etree

    if algorithm and algorithm not in C14N:
        raise XmlFault("unknown_transform")
    exclusive, comments = C14N.get(algorithm, (False, False))
    alone = parse(etree.tostring(element, with_tail=False))
    if not exclusive:
        _inherit(element, alone, ("lang", "space") if algorithm.endswith("xml-c14n11") else ("lang", "space", "base"))
    out = etree.tostring(
        alone.getroottree(),
        method="c14n",
        exclusive=exclusive,
        with_comments=comments,
        inclusive_ns_prefixes=prefixes if exclusive else None,
    )
    return bytes(out)


def _inherit(element: Any, alone: Any, names: tuple[str, ...]) -> None:
    """Attributes of the xml name space pass from ancestors to the apex (C14N 1.0 2.4, 1.1 2.4)."""
    for name in names:
        key = f"{{http://www.w3.org/XML/1998/namespace}}{name}"
        ancestor = element.getparent()
        while key not in alone.attrib and ancestor is not None:
            if key in ancestor.attrib:
                alone.set(key, ancestor.get(key))
            ancestor = ancestor.getparent()


def judge_signature(
    signature: Any, root: Any, resolve: Resolver, setting: Setting, name: str
) -> tuple[SignatureFacts, list[str]]:
    """One ds:Signature element, with the URIs that it covers outside its own document."""
    certificates = _certificates(signature)
    if not certificates:
        absent = Finding("SIG-CERTIFICATE-ABSENT", {"field": name})
        return SignatureFacts(name, "xmldsig", False, fault="no_certificate", findings=(absent,)), []
    leaf, outcome = certificates[0], SignerCheck("signature", "")
    found: list[str] = []
    for cert in certificates[:5]:
        read = _check(signature, root, resolve, cert)
        if read.outcome.fault is None or cert is leaf:
            outcome, found = read.outcome, read.covered
        if read.outcome.fault is None:
            leaf = cert
            break
    facts = assemble(
        leaf,
        certificates,
        outcome,
        _signing_time(signature),
        _stamp(signature, setting),
        setting,
        field=name,
        subfilter="xmldsig",
    )
    return facts, found


def _certificates(signature: Any) -> list[x509.Certificate]:
    found = []
    for node in list(signature.iterfind(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate"))[:20]:
        try:
            cert = x509.Certificate.load(base64.b64decode(node.text or ""), strict=True)
            _ = cert.public_key.dump()
        except Exception:  # noqa: S112 - an unreadable certificate is none
            continue
        found.append(cert)
    return found


def _check(signature: Any, root: Any, resolve: Resolver, cert: x509.Certificate) -> Read:
    info = signature.find(f"{DS}SignedInfo")
    value = signature.find(f"{DS}SignatureValue")
    if info is None or value is None or len(signature.findall(f"{DS}SignedInfo")) != 1:
        return Read(SignerCheck("malformed", ""))
    method = info.find(f"{DS}SignatureMethod")
    kind, name = _SIGNED.get(method.get("Algorithm", "") if method is not None else "", ("", ""))
    if not kind:
        return Read(SignerCheck("unknown_algorithm", "?"))
    weak = name == "sha1"
    covered: list[str] = []
    try:
        raw = base64.b64decode("".join((value.text or "").split()))
        c14n = info.find(f"{DS}CanonicalizationMethod")
        signed = canonical(info, c14n.get("Algorithm") if c14n is not None else "", _prefixes(c14n))
        algorithm = algos.SignedDigestAlgorithm({"algorithm": f"{name}_{kind}"})
        if kind == "ecdsa":
            raw = _der(raw)
        if not verify_raw(public_key(cert), raw, signed, algorithm):
            return Read(SignerCheck("signature", name, weak))
        references = list(info.iterfind(f"{DS}Reference"))
        if not references:
            return Read(SignerCheck("malformed", name, weak))
        for reference in references:
            weak = _reference(reference, signature, root, resolve, covered) or weak
    except XmlFault as fault:
        return Read(SignerCheck(str(fault), name, weak))
    except UnfitKeyError as fault:
        return Read(SignerCheck(str(fault), name, weak))
    except Exception:
        return Read(SignerCheck("malformed", name, weak))
    return Read(SignerCheck(None, name, weak), covered)


def _der(raw: bytes) -> bytes:
    """XML Signature writes r and s side by side; the library wants them as a DER sequence."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


def _prefixes(node: Any) -> list[str] | None:
    if node is None:
        return None
    inclusive = node.find("{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces")
    return inclusive.get("PrefixList", "").split() if inclusive is not None else None


def _reference(
    reference: Any, signature: Any, root: Any, resolve: Resolver, covered: list[str], depth: int = 0
) -> bool:
    """Check one digest; a manifest's own references are checked too. Returns whether SHA-1 was used."""
    if len(covered) > MAX_REFERENCES or depth > 2:
        raise XmlFault("too_many_references")
    method, digest = reference.find(f"{DS}DigestMethod"), reference.find(f"{DS}DigestValue")
    name = _HASHES.get(method.get("Algorithm", "") if method is not None else "")
    if name is None or digest is None:
        raise XmlFault("unknown_algorithm")
    uri = reference.get("URI")
    transforms = list(reference.iterfind(f"{DS}Transforms/{DS}Transform"))
    target = None
    if uri is None:
        raise XmlFault("malformed")
    if uri == "" or uri.startswith("#"):
        target = root if uri == "" else _by_id(root, uri[1:])
        forms: Sequence[bytes] = (_same_document(target, signature, transforms),)
    else:
        resolved = resolve(uri, transforms)
        if resolved is None:
            raise XmlFault("part_missing")
        forms = resolved
        covered.append(uri)
    wanted = base64.b64decode("".join((digest.text or "").split()))
    if all(hashlib.new(name, form).digest() != wanted for form in forms):
        raise XmlFault("digest")
    weak = name == "sha1"
    if target is not None and uri:
        for inner in target.iterfind(f".//{DS}Manifest/{DS}Reference"):
            weak = _reference(inner, signature, root, resolve, covered, depth + 1) or weak
    elif uri == "":
        covered.append("")
    return weak


def _by_id(root: Any, wanted: str) -> Any:
    """Exactly one element may carry the identifier: two would let one be signed and the other be shown."""
    found = [e for e in root.iter() if isinstance(e.tag, str) and wanted in (e.get("Id"), e.get("ID"), e.get("id"))]
    if len(found) != 1:
        raise XmlFault("ambiguous_reference" if found else "part_missing")
    return found[0]


def _same_document(target: Any, signature: Any, transforms: list[Any]) -> bytes:
    import copy

    algorithm, prefixes = "", None
    for transform in transforms:
        kind = transform.get("Algorithm", "")
        if kind == _ENVELOPED:
            # Removed from a copy of the whole tree, so that name spaces in scope stay what they were.
            nodes = list(target.getroottree().getroot().iter())
            twins = list(copy.deepcopy(target.getroottree()).getroot().iter())
            inside, target = twins[nodes.index(signature)], twins[nodes.index(target)]
            _remove(inside)
        elif kind in C14N:
            algorithm, prefixes = kind, _prefixes(transform)
        else:
            raise XmlFault("unknown_transform")
    return canonical(target, algorithm, prefixes)


def _remove(element: Any) -> None:
    """Take an element out and leave the text after it where it was."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        raise XmlFault("malformed")
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _signing_time(signature: Any) -> datetime | None:
    """XAdES SigningTime, or Office's SignatureTime."""
    for node in signature.iter():
        if isinstance(node.tag, str) and node.tag.rsplit("}", 1)[-1] in ("SigningTime", "Value") and node.text:
            try:
                moment = datetime.fromisoformat(node.text.strip())
            except ValueError:
                continue
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _stamp(signature: Any, setting: Setting) -> TimestampFacts | None:
    """XAdES-T: the token is over the canonical SignatureValue element (ETSI EN 319 132-1 5.3)."""
    value = signature.find(f"{DS}SignatureValue")
    for node in signature.iter():
        if not isinstance(node.tag, str) or not node.tag.endswith("}SignatureTimeStamp"):
            continue
        method = node.find(f"{DS}CanonicalizationMethod")
        for token in node.iter():
            if isinstance(token.tag, str) and token.tag.endswith("}EncapsulatedTimeStamp"):
                try:
                    der = base64.b64decode("".join((token.text or "").split()))
                    over = canonical(value, method.get("Algorithm") if method is not None else "")
                except Exception:
                    der, over = b"", b""
                return judge(der, hashed(over), setting)
    return None
