"""Detached and enveloping CMS, packages and XML: each signer judged, each alteration refused."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import zipfile
from pathlib import Path

import pytest
from lxml import etree
from signxml import XMLSigner, methods

from congvan_core.signatures.sign_cms import sign_cms_detached
from congvan_core.signatures.trust_store import TrustStore
from congvan_core.signatures.verify import verify_file
from support_pki import LivePki
from support_signed import codes, verdict

DS = "http://www.w3.org/2000/09/xmldsig#"


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


def test_a_detached_signature_over_any_file(pki: LivePki, trust: TrustStore) -> None:
    data = "Kính gửi Ủy ban nhân dân".encode() * 1000
    signature = sign_cms_detached(data, pki.signing_key("agency-a"))
    out = verify_file(data, name="a.txt", trust=trust, signature=signature).to_json()
    assert (out["outcome"], out["integrity"], out["trust"]) == ("valid", "intact", "trusted"), out["findings"]
    other = verify_file(data + b".", name="a.txt", trust=trust, signature=signature).to_json()
    assert (other["outcome"], other["integrity"]) == ("invalid", "broken")
    assert "SIG-DETACHED-MISMATCH" in codes(other)
    rubbish = verify_file(data, name="a.txt", trust=trust, signature=b"rubbish").to_json()
    assert (rubbish["outcome"], rubbish["integrity"]) == ("invalid", "broken")


def test_two_signers_in_one_envelope_of_indefinite_length(
    pki: LivePki, pki_folder: Path, trust: TrustStore, tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(b"noi dung" * 5000)
    common = ["-sign", "-binary", "-stream", "-outform", "DER", "-in", str(tmp_path / "in"), "-md", "sha256"]
    signers = [
        w
        for n in ("leader", "agency-a")
        for w in ("-signer", f"{pki_folder}/{n}.pem", "-inkey", f"{pki_folder}/{n}.key.pem")
    ]
    openssl("cms", *common, "-nodetach", *signers, "-out", str(tmp_path / "a.p7m"))
    out = verdict((tmp_path / "a.p7m").read_bytes(), trust)
    assert (out["format"], out["outcome"], out["integrity"]) == ("p7m", "valid", "intact"), out["findings"]
    assert {s["kind"] for s in out["signatures"]} == {"person", "organization"}
    strange = ["-signer", f"{pki_folder}/stranger.pem", "-inkey", f"{pki_folder}/stranger.key.pem"]
    openssl("cms", *common, "-nodetach", *signers, *strange, "-out", str(tmp_path / "b.p7m"))
    out = verdict((tmp_path / "b.p7m").read_bytes(), trust)
    assert sorted(s["outcome"] for s in out["signatures"]) == ["indeterminate", "valid", "valid"]


def test_signed_xml(pki: LivePki, trust: TrustStore) -> None:
    root = etree.fromstring("<van-ban><so>12</so><kinh-phi>1000000</kinh-phi></van-ban>")
    signer = XMLSigner(method=methods.enveloped, signature_algorithm="rsa-sha256", digest_algorithm="sha256")
    signed = etree.tostring(signer.sign(root, key=pki.key("agency-a"), cert=pki.pem("agency-a").decode()))
    out = verify_file(signed, name="a.xml", trust=trust).to_json()
    assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]
    bad = signed.replace(b"1000000", b"9000000")
    out = verify_file(bad, name="a.xml", trust=trust).to_json()
    assert (out["outcome"], out["integrity"]) == ("invalid", "broken")


PARTS = {
    "mimetype": b"application/vnd.oasis.opendocument.text",
    "content.xml": b"<office><p>1.000.000 dong</p></office>",
    "META-INF/manifest.xml": b"<manifest/>",
}
OFFICE = {
    "[Content_Types].xml": b"<Types/>",
    "_rels/.rels": b"<Relationships/>",
    "word/document.xml": b"<document><t>1.000.000 dong</t></document>",
    "word/styles.xml": b"<styles/>",
}


def package(pki: LivePki, parts: dict[str, bytes], covered: tuple[str, ...], *, office: bool) -> bytes:
    """A package signed by hand: digests of parts, a SignedInfo, its RSA signature."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    def reference(uri: str, data: bytes) -> str:
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        return (
            f'<Reference URI="{uri}"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
            f"<DigestValue>{digest}</DigestValue></Reference>"
        )

    listed = "".join(reference(f"/{n}?ContentType=x" if office else n, parts[n]) for n in covered)
    c14n = '<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
    manifest = f'<Object Id="parts"><Manifest>{listed}</Manifest></Object>'
    tree = etree.fromstring(
        f'<Signature xmlns="{DS}"><SignedInfo/><SignatureValue/>{manifest if office else ""}</Signature>'
    )
    if office:
        listed = reference("#parts", etree.tostring(tree[2], method="c14n"))
    method = '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
    info = etree.fromstring(f'<SignedInfo xmlns="{DS}">{c14n}{method}{listed}</SignedInfo>')
    tree.replace(tree[0], info)
    value = pki.key("agency-a").sign(etree.tostring(info, method="c14n"), padding.PKCS1v15(), hashes.SHA256())
    tree[1].text = base64.b64encode(value).decode()
    cert = base64.b64encode(pki.der("agency-a")).decode()
    tree.append(
        etree.fromstring(
            f'<KeyInfo xmlns="{DS}"><X509Data><X509Certificate>{cert}</X509Certificate></X509Data></KeyInfo>'
        )
    )
    whole = etree.tostring(tree)
    name = "_xmlsignatures/sig1.xml" if office else "META-INF/documentsignatures.xml"
    if not office:
        whole = b"<document-signatures>" + whole + b"</document-signatures>"
    return zipped({**parts, name: whole})


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def changed(data: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    return zipped({**parts, name: content})


@pytest.mark.parametrize(
    ("office", "parts", "main"), [(True, OFFICE, "word/document.xml"), (False, PARTS, "content.xml")]
)
def test_packages(office: bool, parts: dict[str, bytes], main: str, pki: LivePki, trust: TrustStore) -> None:
    names = tuple(n for n in parts if n not in ("[Content_Types].xml", "_rels/.rels"))
    signed = package(pki, parts, names, office=office)
    out = verify_file(signed, name="a", trust=trust).to_json()
    assert (out["format"], out["outcome"]) == ("docx" if office else "odt", "valid"), out["findings"]
    bad = verify_file(changed(signed, main, b"<x/>"), name="a", trust=trust).to_json()
    assert (bad["outcome"], bad["integrity"]) == ("invalid", "broken")
    more = verify_file(changed(signed, "word/extra.xml", b"<x/>"), name="a", trust=trust).to_json()
    assert (more["outcome"], more["integrity"]) == ("invalid", "modified")
    assert "SIG-PARTIAL-COVER" in codes(more)
    partial = verify_file(package(pki, parts, names[:-1], office=office), name="a", trust=trust).to_json()
    assert partial["outcome"] == "invalid"
    plain = verify_file(zipped(parts), name="a", trust=trust).to_json()
    assert (plain["outcome"], plain["integrity"]) == ("unsigned", "unsigned")


def test_an_unknown_root_without_any_trust_says_nothing(pki: LivePki, pki_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"noi dung")
    one = ["-signer", f"{pki_folder}/leader.pem", "-inkey", f"{pki_folder}/leader.key.pem"]
    more = ["-certfile", f"{pki_folder}/chain.pem", "-out", str(tmp_path / "a.p7m")]
    openssl("cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-in", str(tmp_path / "in"), *one, *more)
    signed = (tmp_path / "a.p7m").read_bytes()
    report = verdict(signed, TrustStore())
    assert (report["trust"], report["outcome"]) == ("undecided", "indeterminate")
    foreign = TrustStore()
    foreign.add_bytes(pki.der("other-root"))
    report = verdict(signed, foreign)
    assert (report["trust"], report["outcome"]) == ("untrusted", "invalid")
    assert "SIG-ROOT-NOT-TRUSTED" in codes(report)
