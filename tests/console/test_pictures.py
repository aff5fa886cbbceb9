"""The pictures of the guides: each is made by tests/support_pictures.py, none is left over, none is missing."""

from __future__ import annotations

import re

from support_pictures import IMAGES, ROOT, SHOTS


def test_every_picture_is_made_and_shown() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {name for page in pages for name in re.findall(r"images/([\w-]+)\.png", page.read_text(encoding="utf-8"))}
    assert shown == set(SHOTS)
    assert {path.stem for path in IMAGES.glob("*.png")} == set(SHOTS)


def test_pictures_are_small_enough_to_read_on_a_slow_line() -> None:
    assert sum(path.stat().st_size for path in IMAGES.glob("*.png")) < 3_000_000


def test_every_picture_of_a_guide_says_what_it_shows() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        for words in re.findall(r"!\[([^\]]*)\]\(", page.read_text(encoding="utf-8")):
            assert len(words) > 10, page.name
