"""Keys: what may sign, chains in order, the days a certificate still has."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from congvan_core.errors import ConfigurationError, InputError
from congvan_core.signatures.sign_keys import MemoryKey, SigningKey, expiry, order_chain
from support_pki import LivePki


def test_a_key_is_a_signing_key_and_hides_itself(pki: LivePki) -> None:
    key = pki.signing_key("leader")
    assert isinstance(key, SigningKey)
    assert repr(key) == "MemoryKey('Nguyễn Văn Ánh')"
    with pytest.raises(InputError, match="md5"):
        key.sign(b"x", "md5")


def test_weak_and_unfit_keys_are_refused(pki: LivePki) -> None:
    with pytest.raises(ConfigurationError, match="1024"):
        MemoryKey(rsa.generate_private_key(65537, 1024), pki.cert("leader"))
    with pytest.raises(ConfigurationError, match="RSA hoặc EC"):
        MemoryKey(ed25519.Ed25519PrivateKey.generate(), pki.cert("leader"))


def test_the_chain_is_ordered_and_without_the_leaf(pki: LivePki) -> None:
    leaf, ca, root, other = (pki.cert(n) for n in ("leader", "state-ca", "root", "other-root"))
    assert order_chain(leaf, [other, root, leaf, ca, ca]) == (ca, root, other)


@pytest.mark.parametrize(
    ("days", "warn"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (0, 7), (-1, 0), (-400, 0)]
)
def test_expiry_is_warned_60_30_and_7_days_before(pki: LivePki, days: int, warn: int | None) -> None:
    end = pki.cert("leader").not_valid_after_utc
    found = expiry(pki.cert("leader"), end - timedelta(days=days, hours=1 if days >= 0 else 0))
    assert (found.days, found.warn, found.not_after) == (days, warn, end)
