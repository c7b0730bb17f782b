"""Training and scoring on a real PostgreSQL: with labels or without, twice, and after change."""

import time
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from customs_risk.warehouse import append_arrow, connect, read_arrow
from ml import explain, registry, score, train
from ml.baselines import CATEGORIES, NUMBERS
from ml.features import NAMES

FIRST = date(2026, 4, 1)


@pytest.fixture(scope="module")
def tables(warehouse):
    """The three dbt models that ml reads, as empty tables of the same columns."""
    numbers = ", ".join(f"{name} float8" for name in (*NAMES, "rate_all"))
    raw = ", ".join([f"{n} text" for n in CATEGORIES if n != "importer_id"])
    key = "importer_id text, declaration_id text"
    with connect() as connection:
        connection.execute("create schema if not exists intermediate")
        connection.execute(
            f"create table intermediate.int_declaration_features "
            f"({key}, known_on date, is_backfill boolean, "
            f"recorded_at timestamptz default now(), {numbers})"
        )
        connection.execute(
            f"create table intermediate.int_declarations ({key}, {raw}, "
            f"{', '.join(f'{n} numeric' for n in NUMBERS)}, known_at timestamptz, "
            "known_on date)"
        )
        connection.execute(
            f"create table intermediate.int_inspections ({key}, known_on date, "
            "has_finding boolean, finding_type text, additional_duty_cny numeric, "
            "selected_by text, instruction_id text)"
        )
        connection.execute("create schema if not exists indicators")
        connection.execute(
            f"create table indicators.declaration_scores ({key}, risk_domain text, score numeric)"
        )
        connection.execute("create schema if not exists reference")
        connection.execute(
            "create table reference.finding_types as select * from "
            "(values ('ipr', 'ipr'), ('undervaluation', 'tax')) as t (finding_type, risk_domain)"
        )
    return warehouse


def deliver(size: int, seed: int, *, first_day: int, is_backfill: bool) -> None:
    """Add declarations over 30 days; those of the past are inspected, with results a day later."""
    dice = np.random.default_rng(seed)
    ids = pd.DataFrame(
        {
            "importer_id": dice.integers(0, 50, size).astype(str),
            "declaration_id": [f"{seed}-{n:05d}" for n in range(size)],
        }
    )
    values = dice.beta(1, 4, size=(size, len(NAMES) + 1))
    days = pd.to_datetime(FIRST) + pd.to_timedelta(dice.integers(0, 30, size) + first_day, unit="D")
    features = pd.DataFrame(values, columns=[*NAMES, "rate_all"])
    add("int_declaration_features", ids, features, known_on=days.date, is_backfill=is_backfill)
    texts = {n: dice.choice(list("abc"), size) for n in CATEGORIES if n != "importer_id"}
    known_at = (days + pd.Timedelta("18h")).tz_localize("Asia/Shanghai")
    declared = pd.DataFrame(texts).assign(known_at=known_at, known_on=days.date)
    add("int_declarations", ids, declared)
    if is_backfill:
        found = dice.random(size) < values[:, NAMES.index("rate_goods")] ** 0.7
        results = pd.DataFrame({"has_finding": found, "selected_by": "targeted"})
        add("int_inspections", ids, results, known_on=(days + pd.Timedelta("1D")).date)
        with connect() as connection:
            connection.execute(
                "update intermediate.int_inspections "
                "set additional_duty_cny = case when has_finding then 1000 else 0 end, "
                "finding_type = case when has_finding then 'undervaluation' end"
            )


def add(table: str, ids: pd.DataFrame, rows: pd.DataFrame, **more: object) -> None:
    whole = pd.concat([ids, rows], axis=1).assign(**more)
    append_arrow("intermediate", table, pa.Table.from_pandas(whole, preserve_index=False))


def decide(*, lane: str, among: str) -> None:
    """Decide as dbt would, as far as training and explaining look at it."""
    with connect() as connection:
        connection.execute("create schema if not exists treatment")
        connection.execute(
            f"""create table treatment.decisions as
            select importer_id, declaration_id, assessed_at, '{lane}' as lane,
                'targeted' as selected_by, now() as decided_at, 0.1::float8 as selection_probability
            from ml.conclusions where {among}"""
        )


def conclusions() -> pd.DataFrame:
    return read_arrow("select * from ml.conclusions").to_pandas()


def test_from_no_model_to_conclusions_and_a_second_model(tables):
    # nothing is known: every conclusion says so
    deliver(40, 1, first_day=31, is_backfill=False)
    assert train.train() is None
    assert score.assess() == 40
    first = conclusions()
    assert set(first["level"]) == {"unknown"}
    assert first["likelihood"].isna().all() and first["ranking_score"].isna().all()
    assert set(first["model_version"]) == {"none"}

    # too few labels: still none
    deliver(150, 2, first_day=0, is_backfill=True)
    assert train.train() is None

    # enough: one active model, and the same one when nothing is new
    deliver(1500, 3, first_day=0, is_backfill=True)
    version = train.train()
    assert version is not None
    assert train.train() == version
    current = registry.active()
    assert current is not None and current.version == version

    # 3,000 new ones: history is never assessed, what was concluded stays
    deliver(3000, 4, first_day=31, is_backfill=False)
    started = time.perf_counter()
    assert score.assess() == 3000
    assert time.perf_counter() - started < 10  # 2 s alone on the machine
    assert score.assess() == 0
    after = conclusions()
    assert len(after) == 3040
    assert set(after.loc[after["declaration_id"].str.startswith("1-"), "model_version"]) == {"none"}
    new = after[after["declaration_id"].str.startswith("4-")]
    assert new["likelihood"].between(0, 1).all()
    assert new["ranking_score"].nunique() == 3000
    assert set(new["level"]) <= {"low", "medium", "high"}
    assert (new["likelihood_low"] <= new["likelihood"]).all()
    assert (new["likelihood"] <= new["likelihood_high"]).all()
    assert set(new["uncertainty_kind"]) <= {"novelty", "thin_data", "estimate"}
    assert set(first["uncertainty_kind"]) == {"no_model"}

    # who acts on a conclusion is told why, and nobody twice
    decide(lane="high", among="level = 'high'")
    acted_on = int((new["level"] == "high").sum())
    assert explain.explain() == acted_on > 0
    assert explain.explain() == 0
    with connect() as connection:
        lengths, words, domains, likelihoods = connection.execute(
            """
            select
                array_agg(distinct jsonb_array_length(hazard_factors)),
                bool_and(hazard_factors -> 0 ->> 'zh' > '' and hazard_factors -> 0 ->> 'en' > ''),
                array_agg(distinct risk_domain),
                bool_and((domain_likelihoods -> 'tax' -> 'likelihood')::float8 < likelihood + 1e-6)
            from ml.explanations inner join ml.conclusions using (declaration_id)
            """
        ).fetchone()
    assert lengths == [3]
    assert words
    assert domains == ["tax"]
    assert likelihoods

    # newer labels: held against the active model on what neither knew, and recorded with reason
    deliver(300, 5, first_day=40, is_backfill=True)
    newer = train.train()
    assert newer not in (None, version)
    with connect() as connection:
        rows = dict(connection.execute("select model_version, is_active from ml.models").fetchall())
        activation = connection.execute(
            "select metrics -> 'activation' from ml.models where model_version = %s", (newer,)
        ).fetchone()[0]
    assert rows == {version: False, newer: True}
    assert activation["compared_with"] == version
    assert activation["reason"]


def test_a_changed_artefact_is_noticed(tables):
    current = registry.active()
    path = tables.home / "models" / current.version / "model.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ValueError, match="not the one that was registered"):
        registry.active()
