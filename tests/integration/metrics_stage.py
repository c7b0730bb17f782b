"""Made-up decisions and results of one week, small enough to be counted by hand."""

from datetime import date
from typing import Any, NamedTuple

import psycopg

from customs_risk.treat.parameters import impact, store
from tests.integration.parameters_stage import proposed


class Case(NamedTuple):
    """One decided declaration, and its result if there is one."""

    name: str
    decided_on: str
    office: str
    tier: str | None
    lane: str
    selected_by: str
    likelihood: float
    probability: float = 1
    rank: int = 99
    result: tuple[Any, ...] | None = None  # known_on, finding, duty, hours, kind of finding


# one week (from Monday the 29th of June) that two months share
A, B, C = "2026-06-29", "2026-06-30", "2026-07-01"
CASES = [
    Case("a1", A, "2200", "certified", "high", "targeted", 0.8, 1, 1,
         ("2026-06-30", True, 900, 3, "undervaluation")),
    Case("a2", A, "2200", "regular", "high", "targeted", 0.5, 1, 4,
         ("2026-06-30", False, 0, 1, None)),
    Case("a3", A, "2200", "regular", "low", "random", 0.1, 0.1, 60,
         ("2026-07-01", False, 0, 2, None)),
    Case("a4", A, "2200", "regular", "low", "none", 0.1, 0.1),
    # inspected though no instruction asked for it, and its hours are not stated
    Case("a5", A, "2200", "regular", "medium", "none", 0.2, 0.1, 99,
         ("2026-06-30", True, 100, None, "ipr")),
    # a finding whose kind is not told is not coded
    Case("a6", A, "2201", "certified", "high", "targeted", 0.6, 1, 2,
         ("2026-07-02", True, 300, 2, None)),
    Case("a7", A, "2201", "certified", "low", "random", 0.05, 0.5, 80,
         ("2026-07-01", True, 50, 4, "other")),
    Case("a8", A, "2201", None, "low", "none", 0.05, 0.5),
    # its result comes late
    Case("b1", B, "2200", "regular", "high", "targeted", 0.7, 1, 1),
    Case("b2", B, "2200", "regular", "low", "none", 0.1, 0.1),
    Case("c1", C, "2200", "regular", "high", "targeted", 0.4, 1, 8,
         ("2026-07-02", False, 0, 1, None)),
    Case("c2", C, "2200", "regular", "low", "random", 0.1, 0.1, 50,
         ("2026-07-03", False, 0, 1, None)),
    Case("c3", C, "2200", "regular", "medium", "none", 0.2, 0.1),
    Case("c4", C, "2200", "regular", "low", "none", 0.1, 0.1),
]  # fmt: skip


def decide(connection: psycopg.Connection, case: Case) -> None:
    """Store a declaration, its decision, and its instruction if it was selected."""
    told = {**case._asdict(), "chosen": case.selected_by != "none"}
    connection.execute(
        """insert into intermediate.int_declarations
            (importer_id, declaration_id, office_code, importer_credit_tier, recorded_at)
        values ('I', %(name)s, %(office)s, %(tier)s, clock_timestamp())""",
        told,
    )
    connection.execute(
        """with decided as (
            insert into treatment.decisions (
                importer_id, declaration_id, office_code, decided_on, stratum, lane, selected_by,
                reason_en, reason_zh, level, likelihood, model_version, as_of, assessed_at,
                declarations_in_stratum, capacity, random_capacity, score_rank, random_draw,
                random_probability, selection_probability, decided_at)
            values ('I', %(name)s, %(office)s, %(decided_on)s, 's', %(lane)s, %(selected_by)s,
                'r', 'r', 'low', %(likelihood)s, 'm', now(), now(), 100, 9, 9, %(rank)s, 0.5,
                0.1, %(probability)s, clock_timestamp())
            returning *)
        insert into treatment.instructions (
            importer_id, declaration_id, instruction_id, office_code, decided_on, lane,
            selected_by, level, what_to_examine_en, what_to_examine_zh, reason_en, reason_zh,
            model_version, likelihood, score_rank, declarations_in_stratum, random_probability,
            selection_probability, decided_at)
        select importer_id, declaration_id, 'I' || declaration_id, office_code, decided_on, lane,
            selected_by, level, 'e', 'e', 'r', 'r', model_version, likelihood, score_rank,
            declarations_in_stratum, random_probability, selection_probability, decided_at
        from decided where %(chosen)s""",
        told,
    )


def report(connection: psycopg.Connection, name: str, result: tuple[Any, ...], of: str) -> None:
    """Store a result, known on the day it says; an earlier version of it is superseded."""
    known_on, has_finding, duty, hours, kind = result
    (version,) = connection.execute(
        """with superseded as (
            update intermediate.int_inspection_versions
            set is_latest = false, superseded_recorded_at = clock_timestamp()
            where result_id = %s and is_latest returning version_no)
        select coalesce(max(version_no), 0) + 1 from superseded""",
        [name],
    ).fetchone() or (1,)
    connection.execute(
        """insert into intermediate.int_inspection_versions (
            importer_id, declaration_id, result_id, version_no, has_finding, finding_type,
            additional_duty_cny, officer_hours, is_backfill, known_at, known_on, recorded_at,
            is_latest, batch_id, row_no)
        values ('I', %s, %s, %s, %s, %s, %s, %s, false, %s, %s, clock_timestamp(), true, %s, 1)""",
        [of, name, version, has_finding, kind, duty, hours, known_on, known_on,
         f"{name} {version}"],
    )  # fmt: skip


def deliver(connection: psycopg.Connection, sent_at: str, status: str, **counts: int) -> str:
    """Enter one delivery of monitoring samples into the ledger and return its batch."""
    told = {"loaded": 0, "quarantined": 0, "released": 0, **counts}
    batch = f"monitoring_samples {sent_at}"
    connection.execute(
        """insert into ops.batches (batch_id, feed, sha256, file_name, sent_at, landed_at,
            finished_at, is_backfill, status, reason, received, loaded, quarantined, duplicate,
            corrected, released)
        values (%s, 'monitoring_samples', %s, 'f.csv', %s, now(), now(), false, %s, %s, %s, %s, %s,
            0, 0, %s)""",
        [batch, batch, sent_at, status, "broken" if status == "refused" else None,
         told["loaded"] + told["quarantined"], *told.values()],
    )  # fmt: skip
    return batch


def hit_by_parameters(connection: psycopg.Connection) -> None:
    """Activate two parameters on the 30th of June; one has hit a1, a2 and b1, both a2."""
    for officer in ("proposer", "approver"):
        store.appoint(officer, "gacc", valid_from=date(2026, 1, 1), valid_to=None, by="admin")
    for name, hits in (("P1", ("a1", "a2", "b1")), ("P2", ("a2",)), ("P3", ())):
        proposed("proposer", parameter_id=name, jurisdiction=("gacc",))
        impact.analyse(name, by="proposer")
        for event in ("approved", "activated") if name != "P2" else ("approved",):
            store.decide(event, name, None, by="approver", reason="sound")
        connection.execute(
            """insert into ops.parameter_hits (parameter_id, version, importer_id, declaration_id)
            select %s, 1, 'I', unnest(%s::text[])""",
            [name, list(hits)],
        )
    connection.execute("update intermediate.int_declarations set known_on = '2026-06-29'")


def sample(connection: psycopg.Connection, batch: str, number: int, reported_at: str) -> None:
    connection.execute(
        """insert into raw.monitoring_samples (sample_id, plan_id, point_id, sampled_on,
            reported_at, hs6, origin_country, analyte, result_value, limit_value, unit,
            is_compliant, batch_id, row_no, is_backfill, known_at)
        select %s, 'P', 'P1', %s::timestamptz::date, %s, '020130', 'BR', 'lead', 0.1, 0.5,
            'mg/kg', true, batch_id, %s, false, sent_at
        from ops.batches where batch_id = %s""",
        [f"S{number}", reported_at, reported_at, number, batch],
    )
