"""A SoftHSM token with an agency's keys, for tests that sign by PKCS#11."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.softhsm import SoftHsmToken
from support_pki import LivePki


class Hsm:
    """A token holding ``agency-a`` (RSA) and ``agency-ec`` with their certificates, and the state CA's."""

    def __init__(self, pki: LivePki) -> None:
        # A label of its own: two test files of one process may each hold such a token.
        self.token = SoftHsmToken(f"van-thu-{secrets.token_hex(4)}", "246810")
        self.module, self.label, self.pin = str(self.token.module), self.token.label, self.token.pin
        for name, ident in (("agency-a", b"\x01"), ("agency-ec", b"\x02")):
            self.token.import_key(name, pki.key_pem(name), pki.der(name), ident)
        self._certificate(pki, "state-ca")

    def _certificate(self, pki: LivePki, name: str) -> None:
        from pkcs11 import Attribute, CertificateType, ObjectClass

        with self.token.session(writable=True) as session:
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.LABEL: name,
                    Attribute.SUBJECT: pki.asn1(name).subject.dump(),
                    Attribute.VALUE: pki.der(name),
                }
            )

    @contextmanager
    def pulled_out(self) -> Iterator[None]:
        """As if pulled out: the objects are gone from under open sessions; afterwards plugged in again."""
        folder = SoftHsmToken._folder
        assert folder is not None
        shutil.move(folder / "tokens", folder / "pulled-out")
        try:
            yield
        finally:
            shutil.rmtree(folder / "tokens", ignore_errors=True)
            shutil.move(folder / "pulled-out", folder / "tokens")


@pytest.fixture(scope="session")
def hsm(pki: LivePki) -> Iterator[Hsm]:
    made = Hsm(pki)
    yield made
    made.token.remove()
