"""Second and third opinions for the signing tests: pyHanko's validator and poppler's pdfsig."""

from __future__ import annotations

import io
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from congvan_core.signatures.sign_signer import run
from support_pki import LivePki


def signatures(pdf: bytes) -> list[Any]:
    return list(PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures)


def statuses(pdf: bytes, pki: LivePki) -> list[Any]:
    """pyHanko's status of every signature, against the test root, offline, without revocation."""

    async def check() -> list[Any]:
        out = []
        for signature in signatures(pdf):
            context = ValidationContext(trust_roots=[pki.asn1("root")], allow_fetching=False, crls=[])
            out.append(await async_validate_pdf_signature(signature, context))
        return out

    return run(check())


def verdicts(pdf: bytes, pki: LivePki) -> list[tuple[str, bool, bool]]:
    """(field, good by pyHanko, good by pdfsig) of every signature in order."""
    poppler = pdfsig(pdf)
    valid = "Signature is Valid."
    return [
        (s.field_name, status.bottom_line, poppler[s.field_name]["Signature Validation"] == valid)
        for s, status in zip(signatures(pdf), statuses(pdf, pki), strict=True)
    ]


def pdfsig(pdf: bytes) -> dict[str, dict[str, str]]:
    """poppler's report: field name -> what it says. Certificates are not judged (it knows only the system's)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.pdf"
        file.write_bytes(pdf)
        text = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, text=True, timeout=60).stdout
    out: dict[str, dict[str, str]] = {}
    for block in text.split("Signature #")[1:]:
        pairs = dict(line.strip(" -").split(": ", 1) for line in block.splitlines() if ": " in line)
        pairs["total"] = str("  - Total document signed" in block)
        out[pairs["Signature Field Name"]] = pairs
    return out
