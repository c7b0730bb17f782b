"""How often the interval of what inspection misses holds the truth: a hundred worlds, a week each.

Each world has its own dice: who violates, how well the score tells it, what a finding brings, what
an inspection overlooks. Selection and estimate are the real ones. `WORLDS` and `DECLARATIONS` say
how many worlds there are, and how large each is.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest

from customs_risk.settings import Settings
from customs_risk.transform import transform
from customs_risk.warehouse import connect

Figure = Callable[[str, float], None]

WORLDS = int(os.environ.get("WORLDS", "100"))
DECLARATIONS = int(os.environ.get("DECLARATIONS", "20000"))

# about four in a hundred violate; who is likely to is told by x, of which the score sees a part
_WORLDS = """
select setseed(0.271);

create table worlds as
with drawn as (
    select
        world,
        date '2024-01-01' + 7 * world as week,
        'W' || world || '-' || n as declaration_id,
        'I' || (n % 500) as importer_id,
        '220' || (n % 5) as office_code,
        random_normal() as x,
        random_normal() as noise,
        exp(9 + random_normal()) as revenue_cny,
        random() as fate,
        random() as look
    from generate_series(1, {worlds}) as world, generate_series(1, {declarations}) as n
)
select
    *,
    x + 0.7 * noise as score,
    fate < 1 / (1 + exp(4.2 - 1.2 * x)) as is_violation
from drawn;

insert into intermediate.int_declarations
    (importer_id, declaration_id, office_code, hs6, goods_name, known_at, known_on, is_backfill,
    recorded_at)
select importer_id, declaration_id, office_code, '020130', 'beef', week, week, false, now()
from worlds;

insert into ml.conclusions
    (importer_id, declaration_id, model_version, likelihood, ranking_score, exploration_score,
    level, uncertainty_kind, as_of)
select
    importer_id, declaration_id, 'm1', 1 / (1 + exp(4.2 - score)), score, noise * noise, 'low',
    'estimate', week + time '18:00'
from worlds;

analyze intermediate.int_declarations;
analyze ml.conclusions
"""

_RESULTS = """
insert into intermediate.int_inspection_versions
    (importer_id, declaration_id, result_id, version_no, is_latest, is_backfill, selected_by,
    has_finding, finding_type, additional_duty_cny, known_on, known_at, recorded_at)
select
    importer_id, declaration_id, 'R' || declaration_id, 1, true, false, selected_by,
    is_found, case when is_found then 'undervaluation' end,
    case when is_found then revenue_cny else 0 end, week + 1, week + 1, now()
from (
    select *, is_violation and look < {sensitivity} as is_found
    from worlds inner join treatment.instructions using (importer_id, declaration_id)
) as inspected
"""

_HELD = """
with truth as (
    select
        week,
        count(*) filter (where is_violation) as violations,
        coalesce(sum(revenue_cny) filter (where is_violation), 0) as revenue_cny
    from worlds
    where declaration_id not in (select declaration_id from treatment.instructions)
    group by week
)

select
    count(*),
    avg(sampled),
    count(*) filter (
        where violations between leaked_violations_low and leaked_violations_high
    ),
    count(*) filter (
        where revenue_cny between leaked_revenue_cny_low and leaked_revenue_cny_high
    ),
    avg(leaked_violations / nullif(violations, 0)),
    avg(leaked_violations_high / nullif(leaked_violations_low, 0))
from truth
inner join feedback.leakage on period_kind = 'week' and period_from = week
"""


@pytest.fixture
def worlds(standing_warehouse: Settings) -> None:
    """Let every world be decided, inspected and reported on."""
    _execute(_WORLDS.format(worlds=WORLDS, declarations=DECLARATIONS))
    for layer in ("decide", "instruct"):
        transform(layer)
    _execute(_RESULTS.format(sensitivity=standing_warehouse.inspection_sensitivity))
    transform("feedback")


def test_leakage(worlds: None, figure: Figure) -> None:
    ((counted, sampled, held, revenue_held, ratio, width),) = _rows(_HELD)
    assert counted == WORLDS
    figure("leakage_sampled", float(sampled))
    figure("leakage_interval_holds", 100 * held / counted)
    figure("leakage_revenue_interval_holds", 100 * revenue_held / counted)
    figure("leakage_estimate_to_truth", float(ratio))
    figure("leakage_high_to_low", float(width))


def _execute(script: str) -> None:
    with connect() as connection:
        connection.execute(script)


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connect() as connection:
        return connection.execute(query).fetchall()
