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
from support_signed import codes, page_pdf, verdict

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


def _zipped(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def _office(part: str) -> bytes:
    return _zipped(**{"[Content_Types].xml": "<Types/>", part: "<x/>"})


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024)
#: Điều 8.2.a and b: words, tables, slides, pictures, as they begin.
_FILES = {
    "a.pdf": page_pdf(), "a.docx": _office("word/document.xml"), "a.xlsx": _office("xl/workbook.xml"),
    "a.pptx": _office("ppt/presentation.xml"), "a.odt": _zipped(mimetype="application/vnd.oasis.opendocument.text"),
    "a.ods": _zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "a.doc": _OLE, "a.xls": _OLE,
    "a.ppt": _OLE, "a.rtf": b"{\\rtf1 x}", "a.txt": "Kính gửi".encode(), "a.csv": b"a;b\n1;2\n", "a.xml": b"<?xml version='1.0'?><a/>",
    "a.jpg": b"\xff\xd8\xff\xe0" + bytes(99) + b"\xff\xd9", "a.png": b"\x89PNG\r\n\x1a\n" + bytes(99),
    "a.tiff": b"II*\0" + bytes(99), "a.zip": _zipped(a="x"),
}  # fmt: skip


@pytest.mark.parametrize("name", _FILES)
def test_a_detached_signature_over_every_format(name: str, pki: LivePki, trust: TrustStore) -> None:
    data = _FILES[name]
    signature = sign_cms_detached(data, pki.signing_key("agency-a"))
    out = verify_file(data, name=name, trust=trust, signature=signature).to_json()
    assert (out["outcome"], out["integrity"], len(out["signatures"])) == ("valid", "intact", 1), out["findings"]
    other = verify_file(data + b"\n", name=name, trust=trust, signature=signature).to_json()
    assert (other["outcome"], other["integrity"]) == ("invalid", "broken"), other["findings"]
    assert "SIG-DETACHED-MISMATCH" in codes(other)


def test_attributes_of_a_signature_are_no_document(pki: LivePki, trust: TrustStore) -> None:
    """The signature of one file, its attributes cut out and shown as another file: the octets hashed are the same."""
    from asn1crypto import cms

    envelope = cms.ContentInfo.load(sign_cms_detached(b"noi dung", pki.signing_key("agency-a")))
    signer = envelope["content"]["signer_infos"][0]
    shown = signer["signed_attrs"].untag().dump(force=True)
    bare = cms.SignerInfo(
        {
            name: signer[name].native if name == "version" else signer[name]
            for name in ("version", "sid", "digest_algorithm", "signature_algorithm", "signature")
        }
    )
    envelope["content"]["signer_infos"] = cms.SignerInfos([bare])
    out = verify_file(shown, name="a.txt", trust=trust, signature=envelope.dump(force=True)).to_json()
    assert (out["outcome"], out["integrity"]) == ("invalid", "broken"), out
    assert "attributes_as_content" in str(out["findings"])


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
        listed = reference("#parts", c14n_of(tree[2]))
    method = '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
    info = etree.fromstring(f'<SignedInfo xmlns="{DS}">{c14n}{method}{listed}</SignedInfo>')
    tree.replace(tree[0], info)
    value = pki.key("agency-a").sign(c14n_of(info), padding.PKCS1v15(), hashes.SHA256())
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


def c14n_of(element: etree._Element) -> bytes:
    """As a document of its own: within its document lxml undeclares the default name space of what lies deep."""
    return bytes(etree.tostring(etree.fromstring(etree.tostring(element)), method="c14n"))


OTHERS = """<?xml version="1.0" encoding="UTF-8"?>
<Signature xmlns="http://www.w3.org/2000/09/xmldsig#" Id="s" xml:lang="vi"><SignedInfo><CanonicalizationMethod
Algorithm="{c14n}"/><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference
URI="#parts"><Transforms><Transform Algorithm="{c14n}"/></Transforms><DigestMethod
Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo><SignatureValue/>
<KeyInfo><X509Data><X509Certificate/></X509Data></KeyInfo><Object Id="parts"><Manifest><Reference
URI="content.xml"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>{digest}</DigestValue>
</Reference></Manifest><SignatureProperties xmlns:m="urn:m"><SignatureProperty Target="#s"><m:time>
<m:value a="&#13;&quot;">Đồng</m:value></m:time></SignatureProperty></SignatureProperties></Object></Signature>
"""


@pytest.mark.real("xmlsec1")
@pytest.mark.parametrize(
    "c14n",
    [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
    ],
)
def test_a_signature_that_another_program_made(c14n: str, pki_folder: Path, trust: TrustStore, tmp_path: Path) -> None:
    """xmlsec1 signs what Office writes: elements of the default name space inside one another."""
    content = b"<office><p>1.000.000 dong</p></office>"
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    (tmp_path / "content.xml").write_bytes(content)
    (tmp_path / "template.xml").write_text(OTHERS.format(c14n=c14n, digest=digest), encoding="utf-8")
    keys = f"{pki_folder}/agency-a.key.pem,{pki_folder}/agency-a.pem"
    words = [
        "xmlsec1",
        "--sign",
        "--privkey-pem",
        keys,
        "--id-attr:Id",
        "Object",
        "--output",
        "signed.xml",
        "template.xml",
    ]
    subprocess.run(words, check=True, capture_output=True, timeout=60, cwd=tmp_path)
    signature = (tmp_path / "signed.xml").read_bytes().split(b"?>", 1)[1]
    whole = b"<document-signatures>" + signature + b"</document-signatures>"
    parts = {"mimetype": PARTS["mimetype"], "content.xml": content, "META-INF/documentsignatures.xml": whole}
    report = verify_file(zipped(parts), name="a.odt", trust=trust).to_json()
    (one,) = report["signatures"]
    assert one["intact"], report["findings"]
    assert "SIG-PARTIAL-COVER" in codes(report)  # the kind of document itself is not signed here
    broken = whole.replace("Đồng".encode(), "Trăm".encode())
    report = verify_file(
        zipped({**parts, "META-INF/documentsignatures.xml": broken}), name="a.odt", trust=trust
    ).to_json()
    assert (report["outcome"], report["integrity"]) == ("invalid", "broken")


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
    if office:
        types = (
            b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            b'<Override PartName="/word/document.xml" ContentType="application/%s"/></Types>'
        )
        other = verify_file(changed(signed, "[Content_Types].xml", types % b"y"), name="a", trust=trust).to_json()
        assert (other["outcome"], other["integrity"]) == ("invalid", "modified"), other["findings"]
        assert "SIG-PARTIAL-COVER" in codes(other)
        same = types.replace(b"application/%s", b"X")
        assert verify_file(changed(signed, "[Content_Types].xml", same), name="a", trust=trust).to_json()[
            "outcome"
        ] == ("valid")
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


def test_text_bound_to_data_that_is_not_signed_is_told(pki: LivePki, trust: TrustStore) -> None:
    """Office leaves customXml unsigned: a warning where the text shows what stands there, nothing where it does not."""
    data = {"customXml/item1.xml": b"<x>1</x>", "customXml/itemProps1.xml": b"<y/>"}
    for body, told in ((b"<w:t/>", False), (b"<w:sdt><w:dataBinding w:xpath='/x'/></w:sdt>", True)):
        parts = {**OFFICE, "word/document.xml": b"<w:d xmlns:w='w'>" + body + b"</w:d>"}
        names = tuple(n for n in parts if n not in ("[Content_Types].xml", "_rels/.rels"))
        out = verify_file(package(pki, {**parts, **data}, names, office=True), name="a", trust=trust).to_json()
        assert (out["outcome"], out["integrity"]) == ("valid", "intact"), out["findings"]
        assert [f["severity"] for f in out["findings"] if f["code"] == "SIG-PARTIAL-COVER"] == ["warning"] * told
