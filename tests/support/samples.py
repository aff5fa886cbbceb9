"""The genuine signed documents: they stay outside the project, and their absence is said aloud."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


def folder() -> Path:
    """Where they are: ``CONGVAN_SAMPLES``, else ``../shared/samples`` beside the checkout."""
    found = Path(os.environ.get("CONGVAN_SAMPLES") or _ROOT.parent / "shared" / "samples")
    if not (found / "decisions").is_dir():
        unavailable(f"the genuine documents are missing: no {found}/decisions; set CONGVAN_SAMPLES to their folder")
    return found


def unavailable(reason: str) -> None:
    """Ends the test: a failure on the build machine (``CI=true``), a skip with its reason elsewhere."""
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
