"""kill -9 at the durable steps of both sides: nothing is lost, nothing is doubled.

The steps are not listed here: a first exchange names what the program passes (``crash_points/sitecustomize.py``). The
whole grid is a long run; a few of the most dangerous are always tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support_city import City, build_city
from support_kill import QUICK, Pair, Step, crash_environment
from support_pki import LivePki
from support_station import B_CODE, issue_document, wait_until

pytestmark = pytest.mark.xdist_group("end-to-end")


@pytest.fixture
def pair(tmp_path: Path, pki: LivePki) -> Iterator[Pair]:
    made = Pair(tmp_path, pki)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def pair_on_postgresql(request: pytest.FixtureRequest, tmp_path: Path, pki: LivePki) -> Iterator[Pair]:
    cluster = request.getfixturevalue("postgres_cluster")
    databases = (cluster.empty_database(), cluster.empty_database())
    made = Pair(tmp_path, pki, databases)
    try:
        yield made
    finally:
        made.close()
        for url in databases:
            cluster.drop(url)


#: Where a careless program loses or doubles: between two promises, or between a promise and its record.
DANGEROUS = (
    ("send", "commit issuing.send"),
    ("sender", "after final dot"),
    ("receiver", "before 250"),
    ("receiver", "commit recording.insert_records"),
    ("receiver", "committed judging.conclude"),
    ("receiver", "committed sealing_receipts._seal_receipt"),
)


def chosen(steps: list[Step], wanted: tuple[tuple[str, str], ...]) -> list[Step]:
    """The last passing of each wanted step; a step that the program no longer has is a failure, not a silence."""
    found = []
    for who, name in wanted:
        same = [s for s in steps if s.who == who and s.name == name]
        assert same, f"no step {name!r} of {who}; there are {sorted({s.name for s in steps if s.who == who})}"
        found.append(same[-1])
    return found


def run_grid(pair: Pair, steps: list[Step], say: bool = True) -> list[Step]:
    """Try every step; returns those that were passed and killed."""
    killed = []
    for index, step in enumerate(steps):
        hit = pair.try_step(step)
        if hit:
            killed.append(step)
        if say:
            print(f"{index + 1}/{len(steps)} {'killed' if hit else 'not passed'}: {step}", flush=True)
    return killed


def test_the_dangerous_steps(pair: Pair) -> None:
    steps = chosen(pair.record(), DANGEROUS)
    pair.a.start()
    pair.b.start()
    assert run_grid(pair, steps) == steps
    pair.check()


@pytest.mark.soak
@pytest.mark.real("postgresql")
def test_the_dangerous_steps_on_postgresql(pair_on_postgresql: Pair) -> None:
    test_the_dangerous_steps(pair_on_postgresql)


#: With real servers between the two, which come again by themselves.
THROUGH_POSTFIX = (
    Step("sender", "after final dot", 1),
    Step("receiver", "before 250", 1),
    Step("receiver", "after 250", 1),
    Step("receiver", "committed judging.conclude", 1),
)


@pytest.mark.soak
@pytest.mark.real("postfix")
def test_killed_between_two_postfixes(tmp_path: Path, pki: LivePki) -> None:
    city = build_city(tmp_path, pki, (None, None), own_sections=QUICK)
    with city.postfix_a, city.postfix_b:
        try:
            for index, step in enumerate(THROUGH_POSTFIX, 1):
                _one_kill(city, step, str(index), tmp_path, pki)
            rows = city.b.cli("register", "list", "--book", "incoming", "--json")
            assert [row["arrival_number"] for row in rows] == [str(n) for n in range(1, len(THROUGH_POSTFIX) + 1)]
            for station in (city.a, city.b):
                station.cli("audit", "verify")
        finally:
            city.stop()


def _one_kill(city: City, step: Step, number: str, folder: Path, pki: LivePki) -> None:
    city.stop()
    document = issue_document(pki, folder / "van-ban", number=number)
    station = city.a if step.who == "sender" else city.b
    other = city.b if station is city.a else city.a
    other.start()
    doomed = station.start(environment=crash_environment(folder / f"steps-{number}", step))
    sent = city.a.cli(
        "send", str(document), "--to", B_CODE, "--symbol", f"{number}/QĐ-STNA", "--subject", "Kế hoạch số hóa", "--json"
    )
    wait_until(lambda: doomed.poll() is not None, f"the kill at {step}")
    station.kill()
    station.start()

    def received() -> bool:
        (item,) = city.a.cli("track", sent["document_id"], "--json")["recipients"]
        return bool(item["state"] == "received")

    wait_until(received, f"the receipt after {step}")


def whole_grid(pair: Pair) -> None:
    steps = pair.record()
    print(
        f"{len(steps)} steps: "
        + ", ".join(f"{w} {sum(s.who == w for s in steps)}" for w in ("send", "sender", "receiver"))
    )
    assert {s.who for s in steps} == {"send", "sender", "receiver"}
    pair.a.start()
    pair.b.start()
    killed = run_grid(pair, steps)
    print(f"killed at {len(killed)} of {len(steps)} steps")
    assert len(killed) > len(steps) * 3 // 4  # the sealers' batches differ from run to run, the rest does not
    pair.check()


@pytest.mark.soak
def test_every_step_on_sqlite(pair: Pair) -> None:
    whole_grid(pair)


@pytest.mark.soak
@pytest.mark.real("postgresql")
def test_every_step_on_postgresql(pair_on_postgresql: Pair) -> None:
    whole_grid(pair_on_postgresql)
