"""How a declaration is treated: by level, credit tier and domain, and who may override it."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import dbt, transform
from customs_risk.treat import approvals, outbox, overrides
from customs_risk.treat.overrides import UnusableOverride
from tests.integration.measures_stage import (
    BY,
    OTHER,
    POST,
    SUSPENSION,
    TODAY,
    declare,
    now_is,
    propose_on,
    rows,
)

pytestmark = pytest.mark.timeout(600)
TIERS = ("advanced_certified", "regular", "dishonest")
TREATED = """
    select handling, matrix_handling, extra_measures, measure_ids, words_en, words_zh, override_id
    from treatment.treatments where declaration_id = %s
"""


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse in which sixty declarations of one office were decided."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        now_is(opened, TODAY)
        propose_on("P1", by="rule:x")
        propose_on("P1", SUSPENSION)
        for number in range(1, 61):
            declare(opened, number, f"P{number}", tier=TIERS[number % 3])
        opened.execute(
            """insert into ml.conclusions (importer_id, declaration_id, model_version, likelihood,
                ranking_score, "level", as_of, assessed_at)
            select importer_id, declaration_id, 'm', 1.0 / row_no, 1.0 / row_no, 'medium',
                %s, now()
            from intermediate.int_declarations""",
            [TODAY],
        )
        opened.execute(
            """insert into ml.models (model_version, label_window_from, label_window_to, config,
                config_hash, metrics, artefact_path, artefact_sha256, is_active)
            values ('m', '2026-01-01', '2026-06-01', '{}', 'h', '{}', 'a', 's', true)"""
        )
        transform("decide")
        opened.execute(
            """insert into ml.explanations (importer_id, declaration_id, hazard_factors,
                risk_domain)
            select importer_id, declaration_id, '[]', 'food_safety'
            from treatment.decisions where lane <> 'low'"""
        )
        transform("instruct")
        yield opened


def test_each_lane_is_treated_by_its_own_row(connection: psycopg.Connection) -> None:
    by_lane = rows(
        connection,
        """select lane, credit_tier, handling, matrix_domain, count(*)::int
        from treatment.treatments group by 1, 2, 3, 4""",
    )
    handled = {(lane, tier): (handling, domain) for lane, tier, handling, domain, _ in by_lane}
    assert sum(count for *_, count in by_lane) == 60
    for tier in TIERS:
        assert handled["high", tier] == ("inspection", "food_safety")
        assert handled["medium", tier] == ("document_review", "food_safety")
    assert handled["low", "regular"] == ("release", "any")
    # bad credit is looked at, however low the risk
    assert handled["low", "dishonest"] == ("document_review", "any")


def test_the_documents_of_a_medium_level_and_the_samples_of_a_high_one_are_named(
    connection: psycopg.Connection,
) -> None:
    told = dict(
        rows(
            connection,
            """select lane, (array_agg(words_en || ' | ' || words_zh || ' | '
                || array_to_string(extra_measures, ' ')))[1]
            from treatment.treatments where credit_tier = 'regular' group by lane""",
        )
    )
    assert "laboratory report" in told["medium"] and "卫生证书" in told["medium"]
    assert "sampling_laboratory" in told["high"] and "取样送检" in told["high"]
    assert "fast release" in told["low"] and "快速放行" in told["low"]


def test_inputs_are_stored_and_measures_in_force_are_named(connection: psycopg.Connection) -> None:
    lacking = """select count(*) from treatment.treatments
        where matrix_version is null or level is null or credit_tier is null"""
    assert rows(connection, lacking) == [(0,)]
    ((measure,),) = rows(connection, "select measure_id from treatment.measures where is_in_force")
    ((*_, measures, _, _, _),) = rows(connection, TREATED, "D1")
    # what waits for its approval is none
    assert measures == [measure]
    ((*_, others, _, _, _),) = rows(connection, TREATED, "D2")
    assert others == []


def test_a_medium_level_is_examined_only_if_a_person_overrides_and_another_approves(
    connection: psycopg.Connection,
) -> None:
    ((declaration,),) = rows(
        connection,
        """select declaration_id from treatment.treatments where lane = 'medium'
        order by declaration_id limit 1""",
    )
    number = overrides.ask(
        declaration, "inspection", by=BY, reason_en="a tip came in", reason_zh="接到举报"
    )
    ((handling, *_, override),) = rows(connection, TREATED, declaration)
    assert (handling, override) == ("document_review", None)
    ((question,),) = rows(
        connection, "select approval_id from ops.approvals where subject_id = %s", number
    )
    approvals.answer(question, "approve", by=OTHER, post=POST, reason="it is credible")
    ((handling, by_matrix, _, _, en, zh, override),) = rows(connection, TREATED, declaration)
    assert (handling, by_matrix, override) == ("inspection", "document_review", number)
    assert "a tip came in" in en and "接到举报" in zh
    # the office hears of it, once
    ((office,),) = rows(
        connection, "select office_code from treatment.treatments where override_id = %s", number
    )
    outbox.dispatch()
    outbox.dispatch()
    sent = """select payload ->> 'addressee', payload ->> 'handling' from ops.outbox
        where kind = 'override' and subject_id = %s and dispatched_at is not null"""
    assert rows(connection, sent, declaration) == [(office, "inspection")]
    examined = """select count(*) from treatment.treatments
        where lane = 'medium' and handling = 'inspection' and override_id is null"""
    assert rows(connection, examined) == [(0,)]
    for wrong in ({"declaration_id": "D0"}, {"reason_zh": ""}):
        told = {"declaration_id": declaration, "reason_en": "a", "reason_zh": "b"} | wrong
        with pytest.raises(UnusableOverride):
            overrides.ask(handling="inspection", by=BY, **told)


def test_a_later_matrix_or_measure_changes_no_treatment(connection: psycopg.Connection) -> None:
    told = "select md5(string_agg(t::text, '' order by declaration_id)) from {} as t"
    before = rows(connection, told.format("intermediate.int_treatments"))
    now_is(connection, TODAY + timedelta(days=1))
    propose_on("P2")
    connection.execute("update reference.treatment_matrix set matrix_version = 2")
    transform("instruct")
    assert rows(connection, told.format("intermediate.int_treatments")) == before


@pytest.mark.usefixtures("connection")
def test_the_models_hold_their_own_tests() -> None:
    models = ["treatments", "int_treatments", "measures", "approvals", "rebuttals"]
    selected = [*models, "int_mandatory_classes", "treatment_matrix"]
    assert dbt("test", "--select", *selected, "--indirect-selection", "cautious") > 20
