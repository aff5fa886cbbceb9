"""Verifying: PDF signatures beside poppler's pdfsig (G8, G9), the mail's signature beside ``openssl cms`` (G10).

pdfsig is a process a document and checks less: no revocation, no time-stamp policy, no comparison of revisions.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path

from congvan_core.ids import VIETNAM, now
from congvan_core.signatures.demo_pki import DemoPki
from congvan_core.signatures.trust_store import TrustStore
from congvan_core.signatures.verify import verify_file
from congvan_gateway.operations.bench import material
from congvan_gateway.operations.bench.table import Row, Setting, alternate, median, ratio, seconds
from congvan_mailbox.message import parse_message, write
from congvan_mailbox.smime.report import SmimeTrust
from congvan_mailbox.smime.sign import KeySigner, sign_entity
from congvan_mailbox.smime.verify import open_mail


def measure(setting: Setting) -> Iterator[Row]:
    """Rows of G8, G9, G10."""
    keys = material.pki()
    folder = keys.write(setting.folder / "verify-pki", "bench")
    store = TrustStore.load([folder / "trust"])
    if shutil.which("pdfsig") is None:
        yield Row("G8", "PDF signatures", "not measured: pdfsig (poppler-utils) is not installed", "")
    else:
        sizes = (100_000, 1_000_000) if setting.quick else (100_000, 1_000_000, 20_000_000)
        for signatures in (1, 2):
            for size in sizes:
                pdf = material.signed(keys, material.page(1, size), signatures=signatures)
                yield _pdf(setting, store, pdf, size, signatures)
    if shutil.which("openssl") is None:
        yield Row("G10", "mail signatures", "not measured: openssl is not installed", "")
        return
    goals = {100_000: 0.6, 1_000_000: 0.2, 20_000_000: 0.1}
    for size in (100_000, 1_000_000) if setting.quick else goals:
        yield _mail(setting, store, keys, folder, size, goals[size])


def _pdf(setting: Setting, store: TrustStore, pdf: bytes, size: int, signatures: int) -> Row:
    path = setting.folder / "signed.pdf"
    path.write_bytes(pdf)
    report = verify_file(pdf, name="signed.pdf", trust=store)
    assert report.outcome == "valid", report.outcome
    took = alternate(
        setting.rounds,
        {
            "pdfsig": lambda: seconds(
                lambda: subprocess.run(["pdfsig", str(path)], capture_output=True, check=False), 3
            ),
            "ours": lambda: seconds(lambda: verify_file(pdf, name="signed.pdf", trust=store), 3),
        },
    )
    goal = "<= 4.0" if signatures == 2 else "<= 0.8" if size > 10_000_000 else "<= 1.0"
    bound = "reading CMS and certificates in Python" + (", two renderings to compare" if signatures == 2 else "")
    return Row("G9" if signatures == 2 else "G8", f"verify PDF {size // 1000} KB, {signatures} signature(s), B-LT",
               f"pdfsig {1e3 * median(took['pdfsig']):.0f} ms", f"{1e3 * median(took['ours']):.0f} ms",
               ratio(took["ours"], took["pdfsig"]), goal, bound)  # fmt: skip


def _mail(setting: Setting, store: TrustStore, keys: DemoPki, folder: Path, size: int, goal: float) -> Row:
    entity = write.multipart("mixed", [write.file_part(material.page(1, size), "application/pdf", "a.pdf")])
    date = format_datetime(now().astimezone(VIETNAM))
    head = f"From: {material.SENDER[2]}\r\nDate: {date}\r\nMIME-Version: 1.0\r\n".encode()
    raw = head + sign_entity(entity, KeySigner(keys.holders["gateway"]))
    path = setting.folder / "signed.eml"
    path.write_bytes(raw)
    command = ["openssl", "cms", "-verify", "-in", str(path), "-out", "/dev/null", "-CAfile",
               str(folder / "trust/root.pem"), "-certfile", str(folder / "trust/state-ca.pem"), "-purpose", "any"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-300:]
    trust = SmimeTrust(store=store, pinned=frozenset(), at=now())
    report = open_mail(parse_message(raw), trust, []).report
    assert report.outcome == "valid", report.outcome
    took = alternate(
        setting.rounds,
        {
            "openssl": lambda: seconds(lambda: subprocess.run(command, capture_output=True, check=False), 3),
            "ours": lambda: seconds(lambda: open_mail(parse_message(raw), trust, []), 3),
        },
    )
    return Row("G10", f"verify mail signature, {size // 1000} KB", f"openssl {1e3 * median(took['openssl']):.0f} ms",
               f"{1e3 * median(took['ours']):.1f} ms", ratio(took["ours"], took["openssl"]), f"<= {goal}",
               "certificates in Python" if size < 10_000_000 else "SHA-256")  # fmt: skip
