"""Prints what one signature costs (median of alternating rounds): ``python tests/signing/measure_signing.py``.

Beside it the bare RSA operation and ``openssl cms -sign`` over the same bytes, so that machines compare.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from congvan_core.signatures.appearance import agency_appearance, person_appearance
from congvan_core.signatures.appearance_art import demo_seal, demo_signature
from congvan_core.signatures.signing import sign_cms_detached, sign_pdf
from support_pdf import document
from support_pki import LivePki

ROUNDS = 15


def padded(size: int) -> bytes:
    """A sample document with an incompressible attachment, so that it has about ``size`` bytes."""
    import os

    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document().pdf)) as pdf:
        pdf.Root.Ballast = pdf.make_indirect(pdf.make_stream(os.urandom(max(1, size - len(document().pdf)))))
        pdf.save(out)
    return out.getvalue()


def jobs(pki: LivePki, folder: Path, pdf: bytes) -> dict[str, Callable[[], object]]:
    """What is measured, by its name."""
    (folder / "data").write_bytes(pdf)
    rsa, ec = pki.signing_key("leader"), pki.signing_key("agency-ec")
    place = {"page": 0, "rect": document().signature_rect}
    person, seal = person_appearance(demo_signature("A")), agency_appearance(demo_seal("B"))
    openssl = ["openssl", "cms", "-sign", "-binary", "-in", str(folder / "data"), "-signer", str(folder / "leader.pem")]
    openssl += ["-inkey", str(folder / "leader.key.pem"), "-outform", "DER", "-out", str(folder / "out")]
    return {
        "bare RSA-2048 operation": lambda: rsa.sign(b"x"),
        "PAdES B-B, RSA-2048": lambda: sign_pdf(pdf, rsa),
        "PAdES B-B, P-256": lambda: sign_pdf(pdf, ec),
        "PAdES B-B with the person's picture": lambda: sign_pdf(pdf, rsa, appearance=person, **place),
        "PAdES B-B with the seal": lambda: sign_pdf(pdf, rsa, kind="agency", appearance=seal, **place),
        "CMS detached (S/MIME)": lambda: sign_cms_detached(pdf, rsa),
        "openssl cms -sign (process)": lambda: subprocess.run(openssl, check=True),
    }


def main() -> None:
    with LivePki() as pki, tempfile.TemporaryDirectory() as folder:
        pki.export(Path(folder))
        for label, size in (("100 KB", 100_000), ("1 MB", 1_000_000), ("20 MB", 20_000_000)):
            todo = jobs(pki, Path(folder), padded(size))
            times: dict[str, list[float]] = {name: [] for name in todo}
            cpu: dict[str, list[float]] = {name: [] for name in todo}
            for _ in range(ROUNDS):
                for name, job in todo.items():
                    start, own = time.perf_counter(), time.process_time()
                    job()
                    times[name].append((time.perf_counter() - start) * 1e3)
                    cpu[name].append((time.process_time() - own) * 1e3)
            print(f"\n{label}")
            for name, values in times.items():
                print(
                    f"  {name:36s} median {statistics.median(values):8.2f} ms, least {min(values):8.2f},"
                    f" CPU {statistics.median(cpu[name]):8.2f}, least {min(cpu[name]):8.2f}"
                )


if __name__ == "__main__":
    main()
