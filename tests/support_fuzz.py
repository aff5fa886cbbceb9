"""Where fuzzing starts from: genuine files and mails of every kind, written as a corpus per target."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from congvan_core.documents.model import FileRole
from congvan_core.signatures.sign_cms import sign_cms_detached
from congvan_core.signatures.signing import sign_pdf
from congvan_mailbox.message import parse_message
from congvan_mailbox.package.read import is_packet
from support_judgement import NAME, bounce, genuine, mail, package
from support_pki import LivePki
from support_signed import page_pdf

TESTS = Path(__file__).parent
CONTENT = "Quyết định phê duyệt kinh phí 1.000.000 đồng\n".encode()


def seeds(target: str, pki: LivePki, work: Path) -> Iterator[bytes]:
    """The genuine inputs of one target, small ones: a fuzzer needs many tries a second."""
    if target == "pdf":
        once = sign_pdf(page_pdf(), pki.signing_key("leader"), certify=False)
        yield once
        yield sign_pdf(once, pki.signing_key("agency-a"), kind="agency")
        yield sign_pdf(page_pdf(), pki.signing_key("leader"), certify=True, docmdp=2)
    elif target == "cms":
        yield sign_cms_detached(CONTENT, pki.signing_key("agency-a"))
        yield _enveloping(pki, work)
    elif target == "xml":
        yield _signed_xml(pki)
    elif target == "packet":
        for part in parse_message(package(pki, [(NAME, genuine(pki), FileRole.MAIN)])).walk():
            if is_packet(part):
                yield part.decode()
    elif target == "reports":
        yield from _files(TESTS / "mail_reports" / "cases")
    else:
        yield from _files(TESTS / "judgement" / "cases")
        yield bounce()
        yield package(pki, [(NAME, genuine(pki), FileRole.MAIN)])
        yield mail((NAME, genuine(pki)))


def write_corpus(target: str, pki: LivePki, work: Path) -> Path:
    """The folder of the seeds of ``target`` in ``work``."""
    corpus = work / f"corpus-{target}"
    corpus.mkdir(parents=True)
    for number, data in enumerate(seeds(target, pki, work)):
        (corpus / f"seed{number:03}").write_bytes(data)
    return corpus


def _files(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.glob("*.eml")):
        yield path.read_bytes()


def _enveloping(pki: LivePki, work: Path) -> bytes:
    (work / "content").write_bytes(CONTENT)
    keys = []
    for name in ("leader", "agency-a"):
        (work / f"{name}.pem").write_bytes(pki.pem(name))
        (work / f"{name}.key").write_bytes(pki.key_pem(name))
        keys += ["-signer", str(work / f"{name}.pem"), "-inkey", str(work / f"{name}.key")]
    out = work / "content.p7m"
    command = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-md", "sha256", *keys]
    command += ["-in", str(work / "content"), "-out", str(out)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return out.read_bytes()


def _signed_xml(pki: LivePki) -> bytes:
    from lxml import etree
    from signxml import XMLSigner, methods

    root = etree.fromstring("<van-ban><so>12</so><kinh-phi>1000000</kinh-phi></van-ban>")
    signer = XMLSigner(method=methods.enveloped, signature_algorithm="rsa-sha256", digest_algorithm="sha256")
    return bytes(etree.tostring(signer.sign(root, key=pki.key("agency-a"), cert=pki.pem("agency-a").decode())))
