"""The test CA with every key loaded once: certomancer checks an RSA key anew at each signature (40 ms)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import certomancer.crypto_utils as backend
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa


@lru_cache(maxsize=256)
def _key(der: bytes) -> Any:
    # our own keys, made a moment ago: nothing to check
    return ser.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)


class KeptKeys(backend.PycaCryptographyBackend):  # type: ignore[misc]
    """RSA with PKCS#1 v1.5 and ECDSA, the only kinds that the test PKI uses."""

    def load_private_key(self, key_bytes: bytes, password: bytes | None) -> tuple[Any, Any]:
        from asn1crypto import keys, pem

        if pem.detect(key_bytes):
            key_bytes = pem.unarmor(key_bytes)[2]
        public = _key(key_bytes).public_key()
        spki = public.public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)
        return keys.PrivateKeyInfo.load(key_bytes), keys.PublicKeyInfo.load(spki)

    def generic_sign(self, private_key: Any, tbs_bytes: bytes, sd_algo: Any) -> bytes:
        key = _key(private_key.dump())
        digest = getattr(hashes, sd_algo.hash_algo.upper())()
        if isinstance(key, rsa.RSAPrivateKey) and sd_algo.signature_algo == "rsassa_pkcs1v15":
            return key.sign(tbs_bytes, padding.PKCS1v15(), digest)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key.sign(tbs_bytes, ec.ECDSA(digest))


def keep_keys() -> None:
    backend.CRYPTO_BACKEND = KeptKeys()
