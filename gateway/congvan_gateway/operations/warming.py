"""Importing what the commands and roles import, so that the interpreter's cache is there before the first use."""

from __future__ import annotations

import importlib
import logging

#: The far ends of the program; everything else is imported on the way to them.
MODULES = (
    "congvan_core.signatures.preload",
    "congvan_core.signatures.demo_pki",
    "congvan_core.documents.sample_pdf",
    "congvan_core.signatures.sign_fields",
    "congvan_core.signatures.appearance_stamp",
    "congvan_core.signatures.sign_renewal",
    "congvan_gateway.cli",
    "congvan_gateway.commands.inspect",
    "congvan_gateway.demonstration.showing",
    "congvan_gateway.dispatch.couriers",
    "congvan_gateway.dispatch.delivering",
    "congvan_gateway.dispatch.sealing_receipts",
    "congvan_gateway.intake.doors",
    "congvan_gateway.intake.recorder",
    "congvan_gateway.judgement.judging",
    "congvan_gateway.operations.serving",
    "congvan_gateway.storage.migrate",
    "alembic.command",
    "reportlab.pdfgen.canvas",
    "reportlab.platypus",
    "pyhanko.pdf_utils.font.opentype",
    "pyhanko.sign.signers.pdf_signer",
    "uvloop",
)


def warm() -> int:
    """Import each; how many could be. A missing one is no fault here: whoever needs it will say so."""
    logging.getLogger("congvan.warming").setLevel(logging.INFO)
    done = 0
    for name in MODULES:
        try:
            importlib.import_module(name)
            done += 1
        except ImportError as error:
            logging.getLogger("congvan.warming").info("%s: %s", name, error)
    return done


if __name__ == "__main__":
    warm()
