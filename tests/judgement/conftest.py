"""A judge with what an administrator of agency B trusts."""

from __future__ import annotations

import pytest

from support_judgement import Bench, trust_folder
from support_pki import LivePki


@pytest.fixture(scope="session")
def judge(pki: LivePki, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("judgement")
    return Bench(folder, trust_folder(pki, folder / "trust"))
