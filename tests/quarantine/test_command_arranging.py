"""The same acts by the command line, for a station without a desk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from congvan_gateway.cli import main as congvan
from support_held import arrive, by_hand_only, row_of
from support_judgement import NAME, genuine, mail, page, signed
from support_pki import LivePki
from support_station import A, B, make_station

SECOND = "68-STNA-VP_05082026_Tap-huan.pdf"


def test_split_correct_separate_join_attach(tmp_path: Path, pki: LivePki, capsys: Any) -> None:
    station = make_station(tmp_path, B, A, pki, relay_port=9)

    def run(*words: str) -> dict[str, Any]:
        assert congvan(["quarantine", *words, "--by", "Văn thư", "--config", str(station.config), "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    with station.app() as app:
        by_hand_only(app)
        second = signed(pki, page(number="68", subject="tập huấn"))
        item = arrive(app, tmp_path, mail((NAME, genuine(pki)), (SECOND, second)))["message"]
        again = arrive(app, tmp_path, mail((NAME, genuine(pki)), subject="gửi lại"))["message"]
        capsys.readouterr()
        run("split", item, "--group", NAME, "--group", SECOND)
        run("correct", item, "--part", "2", "--set", "subject=V/v tập huấn")
        assert row_of(app, item).report["corrected"] == {"1": {"subject": "V/v tập huấn"}}
        run("separate", item)
        run("join", item)
        assert row_of(app, item).report["groups"]
        assert run("release", item)["register_number"] == "1"
        assert run("attach", again, "--to", "1", "--reason", "cùng văn bản")["register_number"] == "1"
    wrong = ["quarantine", "correct", item, "--set", "so", "--config", str(station.config)]
    assert congvan(wrong) == 2
