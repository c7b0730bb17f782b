"""A warehouse with weeks of decisions and results, and the pages of it without Airflow."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from starlette.testclient import TestClient

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.access import members
from customs_risk.transform import transform
from tests.integration.measures_stage import TODAY, now_is

# who reads: roles, and districts; none is all
READERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "everyone": (("auditor", "manager", "analyst", "assessor", "collector"), ()),
    "manager": (("manager",), ()),
    "shanghai": (("parameter_officer",), ("2200",)),
    "collector": (("collector",), ()),
}

# ten weeks before 2026-07-01; two offices; each fourth is selected, each tenth of these at random.
# In the last whole week the targeted find nothing; results of the last two days are pending
WORLD = """
    create temporary table world as
    select
        'D' || n as declaration_id,
        case n / 4 % 2 when 0 then '2201' else '5301' end as office_code,
        case n % 5 when 0 then 'certified' else 'regular' end as tier,
        date '2026-04-20' + n / 20 as decided_on,
        case when n % 40 = 3 then 'random' when n % 4 = 3 then 'targeted' else 'none' end
            as selected_by,
        case when n % 4 = 3 then 'high' else 'low' end as lane,
        case when n % 4 = 3 then 0.3 else 0.05 end as likelihood,
        case when n % 40 = 3 then 0.05 when n % 4 = 3 then 1 else 0.05 end as probability,
        n % 12 = 3 and n % 40 <> 3
        and date '2026-04-20' + n / 20 not between '2026-06-22' and '2026-06-28' as has_finding,
        n / 20 < 70 as is_known
    from generate_series(0, 1439) as n
"""

FILL = """
    insert into intermediate.int_declarations (
        importer_id, declaration_id, office_code, importer_credit_tier, declarant_id, seller_id,
        hs6, origin_country, goods_name, declared_value_cny, is_backfill, batch_id, row_no,
        known_at, known_on, recorded_at)
    select 'I', declaration_id, office_code, tier, 'B1', 'S1', '220421', 'FR', 'goods', 1000, false,
        'b', row_number() over (), decided_on, decided_on, clock_timestamp()
    from world;
    insert into treatment.decisions (
        importer_id, declaration_id, office_code, decided_on, stratum, lane, selected_by,
        reason_en, reason_zh, level, likelihood, model_version, as_of, assessed_at,
        declarations_in_stratum, capacity, random_capacity, score_rank, random_draw,
        random_probability, selection_probability, decided_at)
    select 'I', declaration_id, office_code, decided_on, 's', lane, selected_by, 'r', 'r', 'low',
        likelihood, 'm', now(), now(), 20, 9, 9, 1 + right(declaration_id, 1)::int, 0.5, 0.05,
        probability, clock_timestamp()
    from world;
    insert into treatment.instructions (
        importer_id, declaration_id, instruction_id, office_code, decided_on, lane, selected_by,
        level, what_to_examine_en, what_to_examine_zh, reason_en, reason_zh, model_version,
        likelihood, score_rank, declarations_in_stratum, random_probability,
        selection_probability, decided_at)
    select importer_id, declaration_id, 'I' || declaration_id, office_code, decided_on, lane,
        selected_by, level, 'e', 'e', 'r', 'r', model_version, likelihood, score_rank,
        declarations_in_stratum, random_probability, selection_probability, decided_at
    from treatment.decisions where selected_by <> 'none';
    insert into intermediate.int_inspection_versions (
        importer_id, declaration_id, result_id, version_no, has_finding, finding_type,
        additional_duty_cny, officer_hours, is_backfill, known_at, known_on, recorded_at,
        is_latest, batch_id, row_no)
    select 'I', declaration_id, 'R' || declaration_id, 1, has_finding,
        case when has_finding then 'undervaluation' end, case when has_finding then 500 else 0 end,
        2, false, decided_on + 1, decided_on + 1, clock_timestamp(), true, 'r',
        row_number() over ()
    from world where is_known and selected_by <> 'none';
    insert into ops.batches (
        batch_id, feed, sha256, file_name, sent_at, is_backfill, status, received, loaded,
        quarantined, duplicate, corrected, finished_at)
    select
        feed || '-1', feed, feed, feed, '2026-06-29 07:00+08', false, 'loaded', 12, 12, 0, 0, 0,
        '2026-06-29 07:01+08'
    from unnest(array['wahis_events', 'comtrade', 'declarations']) as delivered (feed)
"""


@contextmanager
def ten_weeks() -> Iterator[psycopg.Connection]:
    """Fill a standing warehouse and yield the pipeline's connection to it."""
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        now_is(opened, TODAY)
        opened.execute(WORLD)
        opened.execute(FILL)
        for login, (roles, districts) in READERS.items():
            for role in roles:
                members.grant(
                    login, role, by="test", districts=districts, all_districts=not districts
                )
        transform("feedback")
        yield opened
        for login in READERS:
            opened.execute(f"drop owned by {login}")
            opened.execute(f"drop role {login}")


def browser(login: str) -> TestClient:
    """Return a browser in which somebody is logged in, without Airflow."""
    from customs_risk.web import readers
    from customs_risk.web.application import application

    app = application()
    app.dependency_overrides[readers.reader] = lambda: readers.find(login)
    return TestClient(app, headers={"accept": "text/html", "accept-language": "en"})
