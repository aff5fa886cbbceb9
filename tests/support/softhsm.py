"""A PKCS#11 token in software (SoftHSM): what a clerk's USB token is to the program."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from support.process import server_folder
from support.programs import require


class SoftHsmToken:
    """``module`` is the PKCS#11 library, ``label`` and ``pin`` open the token.

    SoftHSM reads its configuration once per process, so there is one folder for all tokens of a process; the
    environment variable SOFTHSM2_CONF is set for the process and its children.
    """

    _folder: Path | None = None

    def __init__(self, label: str = "congvan-thu", pin: str = "123456") -> None:
        self.label, self.pin = label, pin
        self.module = require("libsofthsm2.so")
        if SoftHsmToken._folder is None:
            folder = SoftHsmToken._folder = server_folder("softhsm")
            (folder / "tokens").mkdir()
            config = folder / "softhsm2.conf"
            config.write_text(
                f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
            )
            os.environ["SOFTHSM2_CONF"] = str(config)
        self._util("--init-token", "--free", "--label", label, "--so-pin", "87654321", "--pin", pin)

    def import_key(self, name: str, key_pem: bytes, certificate_der: bytes, key_id: bytes = b"\x01") -> None:
        """A private key (PKCS#8 PEM, unencrypted) with its certificate, both labelled ``name``."""
        path = server_folder("key") / "key.pem"
        path.write_bytes(key_pem)
        try:
            self._util(
                *("--import", str(path), "--token", self.label, "--pin", self.pin),
                *("--label", name, "--id", key_id.hex()),
            )
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)
        from pkcs11 import Attribute, CertificateType, ObjectClass

        with self.session(writable=True) as session:
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.LABEL: name,
                    Attribute.ID: key_id,
                    Attribute.VALUE: certificate_der,
                    Attribute.SUBJECT: _subject(certificate_der),
                }
            )

    def session(self, writable: bool = False) -> Any:
        """An open session of python-pkcs11 (a context manager)."""
        import pkcs11

        library = pkcs11.lib(self.module)
        library.reinitialize()  # tokens made after the library was loaded are seen only then
        return library.get_token(token_label=self.label).open(rw=writable, user_pin=self.pin)

    def remove(self) -> None:
        """The token is gone, as if it had been pulled out for good."""
        self._util("--delete-token", "--token", self.label)

    def _util(self, *arguments: str) -> None:
        done = subprocess.run([require("softhsm2-util"), *arguments], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"softhsm2-util {arguments[0]}: {done.stderr or done.stdout}")


def _subject(certificate_der: bytes) -> bytes:
    from cryptography import x509

    return x509.load_der_x509_certificate(certificate_der).subject.public_bytes()
