"""Signing: PAdES B-B beside pyHanko as its manual shows it, a mail's signature beside ``openssl cms -sign`` (G11)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO

from congvan_core.signatures.signing import sign_pdf
from congvan_gateway.operations.bench import material
from congvan_gateway.operations.bench.table import Row, Setting, alternate, median, ratio, seconds
from congvan_mailbox.message import write
from congvan_mailbox.smime.sign import KeySigner, sign_entity


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of G11."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    keys = material.pki()
    folder = keys.write(setting.folder / "sign-pki", "bench")
    pdf = material.page(1, 1_000_000)
    key = keys.holders["seal"]
    documented = signers.SimpleSigner.load_pkcs12(str(folder / "seal.p12"), passphrase=b"bench")  # type: ignore[no-untyped-call]
    assert documented is not None

    def theirs() -> None:
        meta = signers.PdfSignatureMetadata(field_name="Signature1")
        signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), meta, signer=documented, output=BytesIO())

    took = alternate(
        setting.rounds,
        {
            "pyhanko": lambda: seconds(theirs, 2),
            "ours": lambda: seconds(lambda: sign_pdf(pdf, key, kind="agency", reserve_agency=False), 2),
        },
    )
    ours = median(took["ours"])
    yield Row("G11", "sign PDF 1 MB, B-B, RSA-2048", f"pyHanko {1e3 * median(took['pyhanko']):.0f} ms",
              f"{1e3 * ours:.0f} ms", ratio(took["pyhanko"], took["ours"]), ">= 5.0", "writing the revision, SHA-256")  # fmt: skip
    yield Row("G11", "sign PDF 1 MB, B-B, RSA-2048", "20 ms", f"{1e3 * ours:.0f} ms", ours / 0.020, "<= 1.0",
              "writing the revision, SHA-256")  # fmt: skip
    if shutil.which("openssl") is None:
        yield Row("G11", "sign mail", "not measured: openssl is not installed", "")
        return
    size = 5_000_000 if setting.quick else 20_000_000
    entity = write.multipart("mixed", [write.file_part(material.page(1, size), "application/pdf", "a.pdf")])
    path = setting.folder / "entity"
    path.write_bytes(entity)
    command = ["openssl", "cms", "-sign", "-in", str(path), "-out", "/dev/null", "-signer", str(folder / "gateway.pem"),
               "-inkey", str(folder / "gateway.p12"), "-passin", "pass:bench", "-md", "sha256"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-300:]
    signer = KeySigner(keys.holders["gateway"])
    took = alternate(
        setting.rounds,
        {
            "openssl": lambda: seconds(lambda: subprocess.run(command, capture_output=True, check=False)),
            "ours": lambda: seconds(lambda: sign_entity(entity, signer)),
        },
    )
    yield Row("G11", f"sign mail {size // 1_000_000} MB", f"openssl {1e3 * median(took['openssl']):.0f} ms",
              f"{1e3 * median(took['ours']):.0f} ms", ratio(took["ours"], took["openssl"]), "<= 0.4", "copies, SHA-256")  # fmt: skip
