"""A month of trade at one office under parameters and measures, for effectiveness reviews.

Of every kind of goods or party so many are declared each day; what is inspected, how it was chosen
and every how-many-th of it has a finding is said in ``Trade``.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from customs_risk.treat.parameters import impact, store
from tests.integration.measures_stage import ZONE
from tests.integration.parameters_stage import ASKED, proposed

MONTH = date(2026, 6, 1)
# the results of June are back
REVIEWED = datetime(2026, 7, 8, 9, tzinfo=ZONE)


@dataclass(frozen=True)
class Trade:
    """Declarations of one kind: ``each`` a day, over ``days`` from a day on, all alike."""

    name: str
    importer: str = "P0"
    hs6: str = "640399"
    from_on: date = MONTH
    days: int = 30
    each: int = 2
    selected_by: str = "random"
    probability: float = 1.0
    # every so-manieth declaration has a finding; 0: none has
    finds: int = 0
    finding: str = "undervaluation"
    claim_key: str | None = None
    likelihood: float = 0.1

    @property
    def is_inspected(self) -> bool:
        return self.selected_by != "none"


_ROWS = """
    (
        select
            %(name)s || '-' || d || '-' || n as declaration_id,
            %(from_on)s::date + d as "day",
            (d * %(each)s + n)::int as no,
            d * 100 + n as place
        from generate_series(0, %(days)s - 1) as days (d)
        cross join generate_series(1, %(each)s) as each (n)
    ) as rows
"""
_STATEMENTS = (
    f"""insert into intermediate.int_declarations (importer_id, declaration_id, office_code,
        importer_credit_tier, hs6, origin_country, goods_name, declared_value_cny, net_mass_kg,
        licence_count, is_backfill, batch_id, row_no, known_at, known_on, recorded_at)
    select %(importer)s, declaration_id, '2200', 'regular', %(hs6)s, 'FR', 'goods', 1000, 10, 1,
        false, 'b', 1, "day", "day", now()
    from {_ROWS}""",
    f"""insert into intermediate.int_declaration_features (importer_id, declaration_id, known_on,
        is_backfill, recorded_at)
    select %(importer)s, declaration_id, "day", false, now() from {_ROWS}""",
    f"""insert into treatment.decisions (importer_id, declaration_id, office_code, decided_on,
        decision_round, stratum, lane, selected_by, reason_en, reason_zh, level, likelihood,
        model_version, as_of, assessed_at, claim, claim_key, declarations_in_stratum, capacity,
        random_capacity, exploration_capacity, score_rank, random_draw, random_probability,
        selection_probability, decided_at)
    select %(importer)s, declaration_id, '2200', "day", 1, '2200', 'low', %(selected_by)s, 'r', 'r',
        'low', %(likelihood)s, 'm', "day", "day",
        case when %(claim_key)s::text is not null then %(selected_by)s end,
        %(claim_key)s, 10, 3, 1, 0, place, 0.5, 0.1, %(probability)s, "day"
    from {_ROWS}""",
    f"""insert into intermediate.int_inspection_versions (importer_id, declaration_id, result_id,
        version_no, has_finding, finding_type, officer_hours, additional_duty_cny, is_backfill,
        known_at, known_on, recorded_at, is_latest, batch_id, row_no)
    select %(importer)s, declaration_id, 'R' || declaration_id, 1, is_found,
        case when is_found then %(finding)s end, 2, case when is_found then 1000 else 0 end, false,
        "day" + 1, "day" + 1, now(), true, 'r', no
    from {_ROWS}
    cross join lateral (select %(finds)s > 0 and no %% greatest(%(finds)s, 1) = 0 as is_found) as of
    where %(is_inspected)s""",
)


def declared(connection: psycopg.Connection, trade: Trade) -> None:
    """Store what was declared, decided and found of a kind of trade."""
    told: dict[str, Any] = {**vars(trade), "is_inspected": trade.is_inspected}
    for statement in _STATEMENTS:
        connection.execute(statement, told)


def hit(connection: psycopg.Connection, parameter: str, *trades: str) -> None:
    """Let the first version of a parameter have hit all that was declared of kinds of trade."""
    for trade in trades:
        connection.execute(
            """insert into ops.parameter_hits (parameter_id, version, importer_id, declaration_id)
            select %s, 1, importer_id, declaration_id from intermediate.int_declarations
            where declaration_id like %s || '-%%'""",
            [parameter, trade],
        )


def activated(name: str, **changed: Any) -> None:
    """Bring a parameter into force as of the present moment."""
    told = {
        "starts_on": MONTH - timedelta(days=60),
        "expires_on": date(2026, 12, 31),
        "condition": ASKED.condition,
        **changed,
    }
    proposed(parameter_id=name, **told)
    impact.analyse(name, by="sun")
    store.decide("approved", name, None, by="sun", reason="sound")
    store.decide("activated", name, None, by="sun", reason="start")
