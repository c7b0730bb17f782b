"""Parties in the sandbox answer measures on themselves, the honest ones with proof."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from customs_risk.sandbox.treatment import (
    ANSWERED_SHARE,
    HONEST_SHARE,
    OTHER_SHARE,
    WHOLE_SHARE,
    answer,
    honest_parties,
    rebut,
)
from customs_risk.sandbox.world import World

FRIDAYS = 3


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, declarations_per_day=500, history_days=30)


def tell(home: Path, name: str, parties: list[str]) -> None:
    """Write what the outbox drops: one file with a measure for each party."""
    folder = home / "outbox" / "measures"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["message_id,measure_id,event,at,addressee,kind,action"]
    lines += [
        f"m,M-{name}-{n},begins,2026-07-01,{party},conformity,require_guarantee"
        for n, party in enumerate(parties)
    ]
    (folder / f"measures_{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_honest_prove_it_and_some_of_the_others_try(world: World) -> None:
    day = world.history_end
    honest = honest_parties(world, day)
    others = np.setdiff1d(world.parties.importer_id, honest)
    assert len(honest) > len(others) > 50
    tell(world.home, "a", [*honest[:400], *others, "risk_divisions"])
    path = rebut(world, day)
    assert path is not None
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    parties = [line["party_id"] for line in lines]
    assert np.isin(parties, honest).sum() / 400 == pytest.approx(HONEST_SHARE, abs=0.1)
    assert np.isin(parties, others).sum() / len(others) == pytest.approx(OTHER_SHARE, abs=0.1)
    assert "risk_divisions" not in parties
    assert all(len(line["documents"][0]["sha256"]) == 64 for line in lines)


def test_a_measure_is_answered_once_and_the_same_when_written_twice(world: World) -> None:
    day = world.history_end
    assert rebut(world, day) is None
    tell(world.home, "a", list(world.parties.importer_id[:100]))
    path = rebut(world, day)
    assert path is not None
    first = path.read_bytes()
    again = rebut(world, day)
    assert again is not None and again.read_bytes() == first
    # what is told once is not answered again a week later; what is new is
    week = day + timedelta(days=7)
    assert rebut(world, week) is None
    tell(world.home, "b", list(world.parties.importer_id[100:200]))
    later = rebut(world, week)
    assert later is not None and b"M-a-" not in later.read_bytes()


def test_most_requests_are_answered_once_and_most_answers_are_whole(world: World) -> None:
    day = world.history_end
    assert answer(world, day) is None
    folder = world.home / "outbox" / "requests"
    folder.mkdir(parents=True)
    lines = [f"m{n},R-{n},P-{n},name,papers,law,2026-08-01" for n in range(600)]
    head = "message_id,request_id,addressee,party_name,what,legal_basis,due_at"
    (folder / "requests_a.csv").write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    path = answer(world, day)
    assert path is not None
    first = path.read_bytes()
    told = [json.loads(line) for line in first.decode().splitlines()]
    assert len(told) / 600 == pytest.approx(ANSWERED_SHARE, abs=0.05)
    whole = sum(line["is_complete"] for line in told)
    assert whole / len(told) == pytest.approx(WHOLE_SHARE, abs=0.05)
    # who was asked answers, and to what was asked
    assert all(line["party_id"][1:] == line["request_id"][1:] for line in told)
    again = answer(world, day)
    assert again is not None and again.read_bytes() == first
    assert answer(world, day + timedelta(days=7)) is None
