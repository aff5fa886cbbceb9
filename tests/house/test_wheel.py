"""What a server installs: the wheel holds every file of the three packages, and only licences that fit together."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core/congvan_core", "mailbox/congvan_mailbox", "gateway/congvan_gateway")


def test_the_wheel_holds_every_committed_file_of_the_packages(tmp_path: Path) -> None:
    """Templates, migrations, typefaces, typing markers: what a checkout has and an installation would miss."""
    # From an archive of what is committed, so that work in progress cannot hide a missing file.
    listed = subprocess.run(["git", "ls-files", "-z", "--", *PACKAGES], cwd=ROOT, check=True, capture_output=True)
    committed = {
        name.split("/", 1)[1] for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()
    }
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        description = next(opened.read(n).decode() for n in names if n.endswith("METADATA"))
    assert committed - names == set()
    assert "License-Expression: GPL-3.0-only" in description
    assert any(n.endswith("licenses/LICENSE") for n in names)


def test_no_licence_that_cannot_stand_beside_gpl_3() -> None:
    """GPL-2.0-only and AGPL packages cannot be shipped together with GPL-3.0-only ones."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    unfit = {}
    seen = 0
    for name in pins:
        try:
            told = metadata.metadata(name)
        except metadata.PackageNotFoundError:  # pinned for another platform or Python
            continue
        seen += 1
        licence = told.get("License") or ""
        said = [told.get("License-Expression") or "", *(c for c in told.get_all("Classifier", []) if "License" in c)]
        said += [licence] if len(licence) < 60 else []  # some put the whole text here
        if re.search(r"AGPL|Affero|GPL-2\.0-only|\(GPLv2\)|^GPLv2$", "\n".join(said), re.MULTILINE):
            unfit[name] = said
    assert seen > 80
    assert unfit == {}
