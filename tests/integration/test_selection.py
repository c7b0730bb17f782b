"""The rule of selection, on batches of every kind: what must hold whatever comes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import psycopg
import pytest

from customs_risk import warehouse as doors
from customs_risk.settings import Settings

STRATA = 240
RATE, RANDOM, CLAIMS, EXPLORATION, MEDIUM = 0.12, 0.15, 0.3, 0.1, 0.2

# only what the rule reads matters; the rest is there because the table asks for it
_FILL = """
insert into treatment.decisions (
    importer_id, declaration_id, office_code, decided_on, decision_round, stratum, lane,
    selected_by, reason_en, reason_zh, level, ranking_score, exploration_score, model_version,
    as_of, assessed_at, claim, claim_priority, wants_documents, declarations_in_stratum, capacity,
    random_capacity, score_rank, random_probability, selection_probability, inspection_rate,
    random_share, claim_share, exploration_share, medium_rate, selection_seed, decided_at
)
select
    'importer', declaration_id, office_code, date '2026-01-05', 1, office_code || '/2026-01-05/1',
    'low', 'none', 'why', '理由', 'low', ranking_score, exploration_score, 'm1', now(), now(),
    claim, claim_priority, wants_documents, 1, 1, 0, 1, 0.5, 0.5, %s, %s, %s, %s, %s, '271', now()
from batch
order by {order}
"""


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with doors.connect(autocommit=True) as connection:
        connection.execute("""create temporary table batch (
            office_code text, declaration_id text, ranking_score float8, exploration_score float8,
            claim text, claim_priority int, wants_documents boolean)""")
        rows = batch()
        with connection.cursor().copy("copy batch from stdin") as copy:
            for row in rows.itertuples(index=False):
                copy.write_row(row)
        yield connection


def batch() -> pd.DataFrame:
    """Return declarations of offices of many sizes; some have no model, some are full of claims."""
    dice = np.random.default_rng(6)
    parts = []
    for number in range(STRATA):
        size = int(dice.integers(1, 90))
        claimed = dice.choice([0.0, 0.02, 0.1, 0.6])
        mandatory = dice.choice([0.0, 0.01, 0.05, 0.4])
        kind = dice.random(size)
        claim = np.where(
            kind < mandatory,
            "mandatory",
            np.where(kind < mandatory + claimed, dice.choice(["analyst", "parameter"], size), ""),
        )
        has_model = number % 8 != 0
        parts.append(
            pd.DataFrame(
                {
                    "office_code": f"{number:04}",
                    "declaration_id": [f"D{number:04}{each:04}" for each in range(size)],
                    # equals, too
                    "ranking_score": dice.random(size).round(1) if has_model else None,
                    "exploration_score": dice.random(size).round(2) if has_model else None,
                    "claim": [each or None for each in claim],
                    "claim_priority": pd.array(
                        [int(dice.integers(1, 6)) if each else None for each in claim], "Int64"
                    ),
                    "wants_documents": dice.random(size) < 0.05,
                }
            )
        )
    rows = pd.concat(parts, ignore_index=True).astype(object)
    return rows.where(rows.notna(), None)


def decide(connection: psycopg.Connection, order: str = "declaration_id") -> pd.DataFrame:
    """Apply the rule to the batch, arrived in some order."""
    connection.execute("truncate treatment.decisions")
    settings = [RATE, RANDOM, CLAIMS, EXPLORATION, MEDIUM]
    connection.execute(_FILL.replace("{order}", order), settings)  # type: ignore[arg-type]
    cursor = connection.execute("""
        select replay.*, batch.claim, batch.claim_priority, batch.wants_documents,
            decisions.random_share
        from assessment.selection_replay as replay
        inner join batch using (office_code, declaration_id)
        inner join treatment.decisions using (declaration_id)
        order by declaration_id""")
    names = [column.name for column in cursor.description or []]
    return pd.DataFrame(cursor.fetchall(), columns=names)


@pytest.fixture(scope="module")
def decided(connection: psycopg.Connection) -> pd.DataFrame:
    return decide(connection)


def test_capacity_is_never_exceeded(decided: pd.DataFrame) -> None:
    by_office = decided.groupby("office_code")
    selected = by_office["selected_by"].apply(lambda each: (each != "none").sum())
    capacity = by_office["capacity"].first()
    assert (selected <= capacity).all()
    # with a model there is always somebody to inspect
    has_model = by_office["ranking_score"].apply(lambda each: each.notna().any())
    assert (
        selected[has_model] == capacity[has_model].clip(upper=by_office.size()[has_model])
    ).all()
    # more than was asked for only where mandatory classes and chance together need it
    asked = np.ceil(RATE * by_office.size())
    mandatory = by_office["claim"].apply(lambda each: (each == "mandatory").sum())
    assert (capacity <= np.maximum(asked, mandatory + np.ceil(RANDOM * asked))).all()


def test_mandatory_classes_are_always_selected(decided: pd.DataFrame) -> None:
    mandatory = decided[decided["claim"] == "mandatory"]
    assert len(mandatory) > 100
    assert (mandatory["selected_by"] == "mandatory").all()
    assert (mandatory["selection_probability"] == 1).all()
    assert (decided.loc[decided["selected_by"] == "mandatory", "claim"] == "mandatory").all()


def test_every_method_occurs_and_claims_keep_to_their_share(decided: pd.DataFrame) -> None:
    assert set(decided["selected_by"]) == {
        "mandatory", "analyst", "parameter", "targeted", "exploration", "random", "none",
    }  # fmt: skip
    claimed = decided[decided["selected_by"].isin(["analyst", "parameter"])]
    met = claimed.groupby("office_code").size()
    capacity = decided.groupby("office_code")["claim_capacity"].first()
    assert (met <= capacity[met.index]).all()
    # those of a better priority come first: nobody who waits has a better one than the last met
    waits = decided[
        decided["claim"].isin(["analyst", "parameter"]) & (decided["selected_by"] == "none")
    ]
    worst_met = claimed.groupby("office_code")["claim_priority"].max()
    best_waiting = waits.groupby("office_code")["claim_priority"].min()
    both = worst_met.index.intersection(best_waiting.index)
    assert len(both) > 10
    assert (worst_met[both] <= best_waiting[both]).all()


def test_the_random_share_holds(decided: pd.DataFrame) -> None:
    with_model = decided[decided.groupby("office_code")["ranking_score"].transform("count") > 0]
    drawn = (with_model["selected_by"] == "random").sum()
    expected = RANDOM * RATE * len(with_model)
    assert abs(drawn - expected) < 4 * np.sqrt(expected)
    # nobody's chances hang on the score
    score = with_model.loc[with_model["selected_by"] == "random", "ranking_score"].astype(float)
    assert abs(score.mean() - 0.5) < 4 * 0.3 / np.sqrt(len(score))


def test_probabilities_sum_to_the_expected_number_of_inspections(decided: pd.DataFrame) -> None:
    assert decided["selection_probability"].between(0, 1, inclusive="right").all()
    expected = decided["selection_probability"].sum()
    selected = (decided["selected_by"] != "none").sum()
    assert abs(selected - expected) < 0.03 * selected


def test_the_order_of_arrival_changes_nothing(
    connection: psycopg.Connection, decided: pd.DataFrame
) -> None:
    for order in ("declaration_id desc", "md5(declaration_id)", "ranking_score, claim"):
        again = decide(connection, order)
        told = ["declaration_id", "selected_by", "lane", "selection_probability", "score_rank"]
        pd.testing.assert_frame_equal(again[told], decided[told])


def test_lanes(decided: pd.DataFrame) -> None:
    sure = decided[decided["selected_by"].isin(["mandatory", "analyst", "parameter", "targeted"])]
    assert (sure["lane"] == "high").all()
    documents = decided[decided["wants_documents"]]
    assert documents["lane"].isin(["medium", "high"]).all()
