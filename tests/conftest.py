"""What every test stands on: named servers, honest skips, hypothesis profiles, warnings as errors."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from support.programs import missing
from support.samples import unavailable

pytest_plugins = ["support.fixtures", "support_pki"]

# No deadline in any profile: a busy machine is not a wrong program.
_slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("dev", max_examples=60, deadline=None, suppress_health_check=_slow)
settings.register_profile("ci", parent=settings.get_profile("dev"), max_examples=100, derandomize=True, database=None)
settings.register_profile("soak", parent=settings.get_profile("dev"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

# Warnings of other people's code that we cannot mend; everything else is an error (pyproject.toml).
_FOREIGN = (
    # pyspf 2.0.14 has an invalid escape in a string; mended upstream, never released.
    r"ignore:invalid escape sequence:SyntaxWarning",
    r"ignore:invalid escape sequence:DeprecationWarning:spf",
)


def pytest_configure(config: pytest.Config) -> None:
    for line in _FOREIGN:
        config.addinivalue_line("filterwarnings", line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long runs only where they are asked for (``-m soak``)."""
    if "soak" in (config.option.markexpr or ""):
        return
    long = [i for i in items if i.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [i for i in items if i not in set(long)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that names its servers says which one is missing."""
    servers = tuple(str(s) for marker in item.iter_markers("real") for s in marker.args)
    absent = missing(servers)
    if absent:
        unavailable("; ".join(absent))
