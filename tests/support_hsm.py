"""A SoftHSM with a token of its own, for tests that sign by PKCS#11."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support_pki import LivePki

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")


@dataclass
class Hsm:
    """A SoftHSM with one token; ``PIN`` opens it."""

    folder: Path
    module: Path = MODULE
    label: str = "van-thu"
    pin: str = "246810"

    def vanish(self) -> Path:
        """As if pulled out: the token's objects are gone from under the open session."""
        hidden = self.folder / "pulled-out"
        shutil.move(self.folder / "tokens", hidden)
        return hidden

    def back(self, hidden: Path) -> None:
        shutil.rmtree(self.folder / "tokens", ignore_errors=True)
        shutil.move(hidden, self.folder / "tokens")


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory, pki: LivePki) -> Iterator[Hsm]:
    assert MODULE.exists(), "SoftHSM is missing: apt-get install softhsm2"
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(config)
    hsm = Hsm(folder)
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", hsm.label, "--pin", hsm.pin, "--so-pin", "13579135"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    _load(hsm, pki, {"agency-a": b"\x01", "agency-ec": b"\x02"}, ("state-ca",))
    yield hsm
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def _load(hsm: Hsm, pki: LivePki, keys: dict[str, bytes], more: tuple[str, ...]) -> None:
    import pkcs11
    from cryptography.hazmat.primitives import serialization as ser
    from pkcs11 import Attribute, ObjectClass
    from pkcs11.util.ec import decode_ec_private_key
    from pkcs11.util.rsa import decode_rsa_private_key

    token = pkcs11.lib(str(hsm.module)).get_token(token_label=hsm.label)
    with token.open(user_pin=hsm.pin, rw=True) as session:
        for name, ident in keys.items():
            der = pki.key(name).private_bytes(
                ser.Encoding.DER, ser.PrivateFormat.TraditionalOpenSSL, ser.NoEncryption()
            )
            values: dict[Any, Any] = (decode_ec_private_key if name == "agency-ec" else decode_rsa_private_key)(der)
            values |= {
                Attribute.TOKEN: True,
                Attribute.LABEL: name,
                Attribute.ID: ident,
                Attribute.SIGN: True,
                Attribute.PRIVATE: True,
                Attribute.SENSITIVE: True,
            }
            session.create_object(values)
        for name, ident in {**keys, **{m: b"" for m in more}}.items():
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.LABEL: name,
                    Attribute.ID: ident,
                    Attribute.SUBJECT: pki.asn1(name).subject.dump(),
                    Attribute.VALUE: pki.der(name),
                }
            )
