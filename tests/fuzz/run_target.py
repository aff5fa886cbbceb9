"""Coverage-guided fuzzing of one target: ``python tests/fuzz/run_target.py NAME [libFuzzer options] CORPUS``.

atheris ends with exit code 77 and a ``crash-…`` file on any exception that leaves the target, or any wrong answer.
"""

from __future__ import annotations

import sys
from pathlib import Path

_WINGS = ["congvan_core", "congvan_mailbox", "congvan_gateway"]


def main() -> None:
    import atheris

    sys.path.insert(0, str(Path(__file__).parent))
    name, options = sys.argv[1], sys.argv[2:]
    with atheris.instrument_imports(include=_WINGS):
        from targets import TARGETS

        target = TARGETS[name]()
    dictionary = Path(__file__).parent / "tokens" / f"{name}.dict"
    if dictionary.exists():
        options = [f"-dict={dictionary}", *options]
    atheris.Setup([sys.argv[0], *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
