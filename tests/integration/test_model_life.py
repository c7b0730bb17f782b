"""The life of models on a real PostgreSQL: shadow, verdict, roll-back, drift, and the same bits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import psycopg
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from customs_risk.commands.models import app
from customs_risk.settings import Settings
from customs_risk.warehouse import append_arrow, connect
from ml import card, champion, drift, registry, score, train
from ml.config import BoosterConfig, configured
from ml.due import is_training_due
from ml.features import NAMES
from ml.registry import Decision, UnknownModel, UnusableModel
from tests.unit.test_ml import world

SMALL = BoosterConfig(min_rounds=60, max_rounds=120)
WINDOW = date(2026, 4, 1), date(2026, 6, 2)
LIVE = date(2026, 6, 8)
CHIEF = Decision("li.na", "ordered by the division")

TABLES = f"""
create schema if not exists intermediate;
create schema if not exists treatment;
create table intermediate.int_declaration_features (
    importer_id text, declaration_id text, known_on date, is_backfill boolean,
    recorded_at timestamptz default now(), rate_all float8,
    {", ".join(f"{name} float8" for name in NAMES)}
);
create table intermediate.int_declarations (
    importer_id text, declaration_id text, known_on date, known_at timestamptz, hs6 text,
    departure_country text, origin_country text, tax_type text
);
create table intermediate.int_inspection_versions (
    importer_id text, declaration_id text, known_on date, has_finding boolean,
    additional_duty_cny numeric
);
create view intermediate.int_inspections as select * from intermediate.int_inspection_versions;
create table intermediate.int_risk_profiles (
    profile_kind text, profile_key text, valid_from date
);
create table treatment.decisions (
    importer_id text, declaration_id text, model_version text, office_code text, decided_on date,
    stratum text, declarations_in_stratum bigint, ranking_score float8, likelihood float8,
    score_rank bigint, cutoff_rank bigint, selected_by text, selection_probability float8
)
"""

# half of a day is inspected by rank, of the rest every second one at random
DECIDE = """
insert into treatment.decisions
select
    importer_id, declaration_id, model_version, '2200', known_on, '2200', declarations,
    ranking_score, likelihood, place, declarations / 2,
    case
        when place <= declarations / 2 then 'targeted'
        when hashtext(declaration_id) % 2 = 0 then 'random'
        else 'none'
    end,
    case when place <= declarations / 2 then 1 else 0.5 end
from (
    select
        *,
        row_number() over (partition by known_on order by ranking_score desc) as place,
        count(*) over (partition by known_on) as declarations
    from ml.conclusions
    inner join intermediate.int_declarations using (importer_id, declaration_id)
    where model_version <> 'none'
) as ranked
where not exists (
    select 1 from treatment.decisions as decided
    where decided.declaration_id = ranked.declaration_id
)
"""

INSPECT = """
insert into intermediate.int_inspection_versions
select importer_id, declaration_id, decided_on + 1, declaration_id = any(%s), 1000
from treatment.decisions
where selected_by <> 'none' and not exists (
    select 1 from intermediate.int_inspection_versions as known
    where known.declaration_id = decisions.declaration_id
)
"""


def deliver(
    size: int, seed: int, *, first: date, days: int, shift: float = 0.0, is_backfill: bool = False
) -> list[str]:
    """Add declarations over some days; return those in which there is something to find."""
    truth = world(size, seed)
    names = [f"{seed}-{number:05d}" for number in range(size)]
    known_on = [first + timedelta(days=number * days // size) for number in range(size)]
    ids = pd.DataFrame(
        {"importer_id": [f"I{n % 40}" for n in range(size)], "declaration_id": names}
    )
    ids = ids.assign(known_on=known_on)
    values = pd.DataFrame(truth.values + shift, columns=list(NAMES))
    # nothing was declared less often than never
    seen = values["log_declarations_consignment"].abs()
    values = values.assign(log_declarations_consignment=seen, rate_all=0.2, is_backfill=is_backfill)
    goods = {"hs6": "020130", "departure_country": None, "origin_country": "BR", "tax_type": "A"}
    moments = pd.to_datetime(ids["known_on"]).dt.tz_localize("Asia/Shanghai")
    for table, rows in (("int_declaration_features", values), ("int_declarations", goods)):
        whole = ids.assign(**{name: rows[name] for name in rows})
        if table == "int_declarations":
            whole = whole.assign(known_at=moments)
        append_arrow("intermediate", table, pa.Table.from_pandas(whole, preserve_index=False))
    return [name for name, found in zip(names, truth.found, strict=True) if found]


def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with connect() as connection:
        return connection.execute(query, values or None).fetchall()


def one(query: str, *values: Any) -> Any:
    return rows(query, *values)[0][0]


def roles() -> dict[str, str]:
    return dict(rows('select model_version, "role" from ml.model_roles'))


def events(version: str) -> list[str]:
    told = rows('select "event" from ml.model_events where model_version = %s order by 1', version)
    return [event for (event,) in told]


@dataclass(frozen=True)
class Stage:
    """A warehouse in which one model serves, and another learned from other labels."""

    settings: Settings
    first: str
    second: str


@pytest.fixture(scope="module")
def stage(warehouse: Settings) -> Iterator[Stage]:
    with connect() as connection:
        connection.execute(TABLES)
    deliver(4000, 50, first=date(2026, 5, 6), days=28, is_backfill=True)
    config = replace(configured(), booster=SMALL)
    versions = []
    for seed, activate in ((7, True), (8, False)):
        fitted = train.fit(world(4000, seed), config)
        assert fitted is not None
        model, metrics = fitted
        metrics["activation"] = {"policy": "embedded", "reason": "a test · 测试"}
        versions.append(registry.register(model, WINDOW, metrics, activate=activate))
    yield Stage(warehouse, *versions)


def turn(seed: int, first: date, *, days: int = 5, size: int = 4000, shift: float = 0.0) -> int:
    """Turn the loop once: deliver, assess, score in shadow, decide, inspect."""
    bad = deliver(size, seed, first=first, days=days, shift=shift)
    assert score.assess() == size
    written = champion.shadow()
    with connect() as connection:
        connection.execute(DECIDE)
        connection.execute(INSPECT, [bad])
    return written


def test_what_happens_to_a_model_is_told_and_never_changed(stage):
    assert roles() == {stage.first: "active", stage.second: "challenger"}
    assert events(stage.first) == ["activated", "registered"]
    assert events(stage.second) == ["held_back", "registered"]
    for act in ("update ml.model_events set reason = ''", "delete from ml.model_events"):
        with pytest.raises(psycopg.errors.RaiseException, match="never changed"), connect() as c:
            c.execute(act)
    again = registry.active()
    assert again is not None and (again.version, again.served_by) == (stage.first, "activated")
    # it scores by the settings that it was trained under, not by those of today
    assert again.model.config == replace(configured(), booster=SMALL) != configured()


def test_a_challenger_scores_the_same_declarations_and_is_promoted_when_proven(stage):
    assert champion.judge() is None  # there is no evidence
    assert turn(51, LIVE) == 4000
    assert champion.shadow() == 0
    assert set(rows("select distinct model_version from ml.conclusions")) == {(stage.first,)}

    verdict = champion.judge()
    ((said, by_policy, evidence),) = rows(
        """select reason, is_policy, evidence from ml.model_events
        where "event" = 'compared' and model_version = %s and other_version = %s""",
        stage.second,
        stage.first,
    )
    assert by_policy and " · " in said
    # every second declaration by rank, and about every second of the others at random
    assert 2800 < evidence["labels"] < 3200 and evidence["findings"] > 100
    assert set(evidence["measures"]) == {
        "average_precision", "brier", "precision_at_capacity", "revenue_at_capacity_cny",
    }  # fmt: skip
    measured = evidence["measures"]["average_precision"]
    assert measured["low"] < measured["difference"] < measured["high"]
    # the two learned from as many labels of one world
    assert verdict == stage.second and evidence["verdict"] == "not worse"
    assert roles() == {stage.first: "challenger", stage.second: "active"}
    assert one("select model_version from ml.models where is_active") == stage.second


def test_nothing_is_judged_twice_on_the_same_results(stage):
    turn(52, LIVE + timedelta(days=7))
    champion.judge()
    told = one("select count(*) from ml.model_events")
    assert champion.judge() is None
    assert one("select count(*) from ml.model_events") == told


def test_scores_come_out_the_same_to_the_last_bit(stage):
    for version in (stage.first, stage.second):
        told = registry.verify(version)
        assert told.declarations == 4000 and told.differing == ()
    changed = one(
        """update ml.conclusions set likelihood = likelihood * (1 + 1e-15)
        where declaration_id = '51-00007' returning declaration_id"""
    )
    assert registry.verify(stage.first).differing == (changed,)
    with pytest.raises(UnknownModel):
        registry.verify("20260101-none")


def test_one_command_rolls_back_and_the_policy_waits_then(stage):
    answers = ("--by", "li.na", "--reason", "find rates fell")
    told = CliRunner().invoke(app, ["rollback", *answers])
    assert told.exit_code == 0 and stage.first in told.output
    assert roles() == {stage.first: "active", stage.second: "retired"}
    ((by, reason, is_policy),) = rows(
        """select decided_by, reason, is_policy from ml.model_events
        where "event" = 'rolled_back' and model_version = %s""",
        stage.first,
    )
    assert (by, reason, is_policy) == ("li.na", "find rates fell", False)
    current = registry.active()
    labels = world()
    assert not champion.compare(labels, configured(), 60, current)["activated"]
    # what was left by a roll-back is nothing to go back to
    with pytest.raises(UnknownModel, match="no earlier model"):
        registry.roll_back(CHIEF)

    told = CliRunner().invoke(app, ["promote", stage.second, *answers])
    assert told.exit_code == 0
    assert roles() == {stage.first: "challenger", stage.second: "active"}
    assert registry.roll_back(CHIEF, to=stage.first) == stage.first
    assert one("select count(*) from ml.models where is_active") == 1


def test_a_model_cannot_be_put_in_service_twice_or_if_there_is_none(stage):
    with pytest.raises(UnusableModel, match="already"):
        registry.promote(stage.first, CHIEF)
    with pytest.raises(UnknownModel):
        registry.promote("20260101-none", CHIEF)


def test_quiet_days_are_quiet_and_a_shift_makes_training_due(stage):
    quiet = LIVE + timedelta(days=14)
    turn(53, quiet, size=1500)
    assert drift.observe() > 0
    last = one("select max(observed_on) from ml.drift where model_version = %s", stage.first)
    assert last == quiet + timedelta(days=4)
    assert not rows("select 1 from ml.drift where is_beyond and measure <> 'feature'")
    assert is_training_due() is None

    # what is measured again is what it was
    before = rows("select measure, subject, value from ml.drift order by 1, 2, 3")
    drift.observe()
    assert rows("select measure, subject, value from ml.drift order by 1, 2, 3") == before

    turn(54, quiet + timedelta(days=7), size=1500, shift=1.0)
    drift.observe()
    due = is_training_due()
    assert due is not None
    assert "features that shifted" in due and "评分分布" in due
    # a model that was just trained gets its chance first
    fitted = train.fit(world(1500, 9), replace(configured(), booster=SMALL))
    registry.register(fitted[0], (WINDOW[0], last + timedelta(days=12)), fitted[1], activate=False)
    assert is_training_due() is None


def test_novelty_is_against_what_was_known_when_it_learned(stage):
    with connect() as connection:
        connection.execute(
            """insert into intermediate.int_risk_profiles
            select 'importer', 'I' || number, '2026-04-02'::date
            from generate_series(0, 29) as number
            union all select 'route', '020130|-|BR|A', '2026-04-20'
            -- known too late to be learned from
            union all select 'hs6', '020130', '2026-06-20'"""
        )
        connection.execute("delete from ml.model_references")
        connection.execute("delete from ml.drift")
    drift.observe()
    told = dict(
        rows(
            """select subject, value from ml.drift where measure = 'novelty'
            and observed_on = (select max(observed_on) from ml.drift)"""
        )
    )
    assert told == pytest.approx({"importer": 0.25, "hs6": 1.0, "route": 0.0}, abs=0.01)


def test_the_commands_tell_the_models_their_cards_and_their_drift(stage):
    listed = CliRunner().invoke(app, ["list"]).output
    assert stage.first[:8] in listed and "active" in listed
    told = CliRunner().invoke(app, ["card", stage.first]).output
    assert f"# Model {stage.first}" in told and f"# 模型 {stage.first}" in told
    assert "rolled_back" in told and "Its drift · 漂移\n- 20" in told
    assert card.read(stage.first) in told
    assert "training is due" in CliRunner().invoke(app, ["drift", "--all"]).output
    # one likelihood was changed above
    verified = CliRunner().invoke(app, ["verify", stage.first])
    assert verified.exit_code == 1 and "51-00007" in verified.output


def test_a_challenger_that_could_not_be_told_in_time_is_retired(stage):
    waiting = [version for version, role in roles().items() if role == "challenger"]
    assert waiting
    with connect() as connection:
        connection.execute(
            """insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, is_backfill,
                status) values ('b', 'f', 'f', 'f', now() + interval '40 days', false, 'landed')"""
        )
    champion.judge()
    assert {roles()[version] for version in waiting} == {"retired"}


def test_a_tampered_artefact_is_refused(stage):
    path = stage.settings.home / "models" / stage.second / "model.json"
    path.write_bytes(path.read_bytes() + b" ")
    for act in (
        lambda: registry.promote(stage.second, CHIEF),
        lambda: registry.verify(stage.second),
    ):
        with pytest.raises(UnusableModel, match="not the one that was registered"):
            act()
    assert roles()[stage.first] == "active"
