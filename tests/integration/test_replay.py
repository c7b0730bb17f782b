"""Replay: what was known of a declaration is what was stored, and nothing later leaks into it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from typer.testing import CliRunner

from customs_risk.commands.declarations import app
from customs_risk.transform import dbt, transform
from ml import dictionary, score
from ml.features import NAMES
from ml.replay import UnknownDeclaration, replay
from ml.train import train
from tests.integration.test_warehouse import FEEDS, connection, day_by_day, deliver  # noqa: F401

pytestmark = pytest.mark.timeout(600)

FEATURES = "intermediate.int_declaration_features"


def one(connection: psycopg.Connection, query: str) -> Any:  # noqa: F811
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def build(models: str, *flags: str) -> None:
    """Build some models alone, without their tests."""
    dbt(
        "build",
        "--select",
        models,
        "--exclude",
        "resource_type:test resource_type:unit_test",
        *flags,
    )


@pytest.fixture(scope="module")
def scored(day_by_day: psycopg.Connection) -> Iterator[psycopg.Connection]:  # noqa: F811
    """Yield the world's days as they were scored one by one, and keep a copy of that."""
    connection = day_by_day  # noqa: F811
    connection.execute("create schema was")
    connection.execute(f"create table was.features as table {FEATURES}")
    yield connection


def recomputed(connection: psycopg.Connection) -> tuple[int, int]:  # noqa: F811
    build("int_declaration_versions feature_replay features_as_known")
    counted = "select count(*), count(*) filter (where is_same) from assessment.feature_replay"
    return one(connection, counted)


def test_what_is_recomputed_is_what_was_stored(scored: psycopg.Connection) -> None:
    declarations, same = recomputed(scored)
    assert declarations == same == 17 * 30


def test_what_was_known_at_any_moment_can_be_asked(scored: psycopg.Connection) -> None:
    recomputed(scored)
    corrected = one(
        scored,
        """select declaration_id from intermediate.int_declaration_corrections
        inner join intermediate.int_declarations as first_versions using (declaration_id)
        where int_declaration_corrections.known_on > first_versions.known_on + 1
        order by 1 limit 1""",
    )
    asked = f"""select as_of_on, log_value, log_declarations_importer, rate_all, version_known_at
        from assessment.features_as_known where declaration_id = '{corrected}'"""
    default = one(scored, asked)
    stored = f"""select known_on, log_value, log_declarations_importer, rate_all
        from {FEATURES} where declaration_id = '{corrected}'"""
    assert default[:4] == one(scored, stored)

    # later on, more is known, and the declaration is told as it was corrected
    scored.execute("set customs_risk.as_of = '2026-01-18 09:00+08'")
    later = one(scored, asked)
    assert str(later[0]) == "2026-01-18"
    assert later[1] == pytest.approx(default[1] + 0.4054651081)  # ln(1.5)
    assert later[2] > default[2]
    assert later[4] > default[4]
    # before it was declared nothing was known of it
    scored.execute("set customs_risk.as_of = '2025-12-31'")
    assert scored.execute(asked).fetchall() == []
    scored.execute("reset customs_risk.as_of")


def test_the_dictionary_tells_every_feature_and_none_else(scored: psycopg.Connection) -> None:
    dictionary.publish()
    build("feature_dictionary")
    told = scored.execute("select feature from assessment.feature_dictionary order by position")
    assert tuple(name for (name,) in told) == NAMES
    groups = "select count(distinct feature_group) from assessment.feature_dictionary"
    assert one(scored, groups) == 8
    stored = {
        name
        for (name,) in scored.execute(
            """select attname from pg_attribute
            where attrelid = 'intermediate.int_declaration_features'::regclass
                and atttypid = 'float8'::regtype and attnum > 0 and not attisdropped"""
        )
    }
    assert stored - {"rate_all"} == set(NAMES)


@pytest.fixture(scope="module")
def decided(scored: psycopg.Connection) -> psycopg.Connection:
    """Train on the world, then assess and decide all that is live."""
    assert train() is not None
    assert score.assess() == 5 * 30
    transform("decide")
    return scored


def live(connection: psycopg.Connection) -> list[str]:  # noqa: F811
    rows = connection.execute("select declaration_id from treatment.decisions order by 1")
    return [declaration_id for (declaration_id,) in rows]


def test_what_was_concluded_and_decided_comes_out_again(decided: psycopg.Connection) -> None:
    assert one(decided, "select bool_and(is_same) from assessment.selection_replay")
    for declaration_id in live(decided)[::6]:
        told = replay(declaration_id)
        assert told.differences == []
        assert set(told.stored) == {"features", "conclusion", "decision"}
        assert told.replayed["decision"]["lane"] in {"low", "medium", "high"}


def test_at_another_moment_another_conclusion_is_drawn(decided: psycopg.Connection) -> None:
    moment = datetime(2026, 1, 25, tzinfo=ZoneInfo("Asia/Shanghai"))
    told = [replay(declaration_id, moment) for declaration_id in live(decided)[::15]]
    assert all(any(each.part == "features" for each in one_.differences) for one_ in told)
    assert any(each.name == "likelihood" for one_ in told for each in one_.differences)
    with pytest.raises(UnknownDeclaration):
        replay(live(decided)[0], datetime(2025, 12, 1, tzinfo=ZoneInfo("Asia/Shanghai")))


def test_the_command_says_loudly_when_the_past_was_changed(decided: psycopg.Connection) -> None:
    declaration_id = live(decided)[-1]
    told = CliRunner().invoke(app, ["replay", declaration_id])
    assert told.exit_code == 0, told.output
    assert "THE SAME" in told.output
    assert "完全一致" in told.output
    changed = "update ml.conclusions set likelihood = likelihood {} where declaration_id = %s"
    decided.execute(changed.format("/ 2"), [declaration_id])
    told = CliRunner().invoke(app, ["replay", declaration_id])
    decided.execute(changed.format("* 2"), [declaration_id])
    assert told.exit_code == 1
    assert "THE PAST WAS CHANGED" in told.output
    assert "conclusion.likelihood" in told.output


def test_only_the_registered_artefact_is_replayed(decided: psycopg.Connection) -> None:
    decided.execute("update ml.models set artefact_sha256 = reverse(artefact_sha256)")
    with pytest.raises(ValueError, match="not the one that was registered"):
        replay(live(decided)[0])
    decided.execute("update ml.models set artefact_sha256 = reverse(artefact_sha256)")


def rebuild_features() -> None:
    """Build all that features come from anew, and the features unless they are stored already."""
    build("+int_declaration_features", "--full-refresh")


# the last declarations of a day are known at 17:00, so whatever is known later is the future
@pytest.mark.parametrize("day", [16, 14, 8])
def test_nothing_that_was_known_later_leaks_into_a_feature(
    scored: psycopg.Connection, day: int
) -> None:
    now = f"timestamptz '2026-01-{day:02} 17:00+08'"
    forgotten = 0
    for feed in FEEDS:
        forgotten += scored.execute(f"delete from raw.{feed} where known_at > {now}").rowcount
        scored.execute(
            f"""update ops.batches as told set loaded = kept.rows, received = kept.rows
            from (select batches.batch_id, count(loaded.batch_id) as rows
                from ops.batches left join raw.{feed} as loaded using (batch_id)
                where feed = '{feed}' group by 1) as kept
            where kept.batch_id = told.batch_id"""
        )
    assert forgotten > 50

    scored.execute(f"drop table {FEATURES} cascade")
    rebuild_features()

    columns = ", ".join(["declaration_id", "rate_all", "feature_set", *NAMES])
    known = f"""select {columns} from was.features where declaration_id in (
        select declaration_id from intermediate.int_declarations where known_at <= {now})"""
    rebuilt = f"select {columns} from {FEATURES}"
    assert one(scored, f"select count(*) from {FEATURES}") > 30 * day - 30
    assert scored.execute(f"({known}) except ({rebuilt})").fetchall() == []
    assert scored.execute(f"({rebuilt}) except ({known})").fetchall() == []


def test_a_history_that_is_changed_behind_a_decision_is_told(scored: psycopg.Connection) -> None:
    """A backfill may tell of earlier days; what was scored without it differs, and says so."""
    recomputed(scored)
    assert one(scored, "select bool_and(is_same) from assessment.feature_replay")
    stored = one(scored, f"select count(*), max(recorded_at) from {FEATURES}")
    deliver(scored, "watch_list", "happened_at < timestamptz '2026-01-04 00:00+08'")
    scored.execute(
        "update raw.watch_list set identifiers = 'S1;S2;A1;A2', known_at = '2026-01-02 10:00+08'"
    )
    scored.execute("update ops.batches set finished_at = now() where feed = 'watch_list'")
    rebuild_features()
    # they are stored for good, whatever is built anew below them
    assert one(scored, f"select count(*), max(recorded_at) from {FEATURES}") == stored
    declarations, same = recomputed(scored)
    assert same < declarations
    assert one(
        scored,
        "select distinct differences from assessment.feature_replay where not is_same",
    ) == ["has_watch_list_match"]
