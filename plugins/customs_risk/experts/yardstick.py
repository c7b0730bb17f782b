"""What inspections find, as known before a day: what experts and the model are held against."""

from dataclasses import dataclass
from datetime import date

from psycopg import Connection

from ml.pooling import PoolingRule

# one row per declaration among the newest results; a finding that nobody coded is of no domain
_RESULTS = """
    with

    newest as (
        select * from intermediate.int_inspections
        where known_on < %(day)s
        order by known_on desc
        limit %(recent_results)s
    ),

    results as (
        select
            newest.importer_id,
            newest.declaration_id,
            min(newest.known_at) as known_at,
            bool_or(newest.has_finding) as has_finding,
            array_agg(finding_types.risk_domain) filter (where newest.has_finding) as risk_domains
        from newest
        left join reference.finding_types using (finding_type)
        group by newest.importer_id, newest.declaration_id
    )
"""

_FOUND = f"""
    {_RESULTS}
    select count(*), count(*) filter (where has_finding) from results
"""

_FOUND_IN = f"""
    {_RESULTS},

    domains as (select distinct risk_domain from reference.finding_types)

    select domains.risk_domain, count(results.declaration_id)
    from domains
    left join results on domains.risk_domain = any(results.risk_domains)
    group by domains.risk_domain
"""

# the model's last word before each result, and the find rate of all inspections as known by then:
# one look into an index for each result, whatever the planner believes of keys of two columns
_MODEL = f"""
    {_RESULTS}
    select
        count(*),
        avg((concluded.likelihood - results.has_finding::int) ^ 2),
        avg((looked_up.rate_all - results.has_finding::int) ^ 2)
    from results
    cross join lateral (
        select likelihood
        from ml.conclusions
        where conclusions.declaration_id = results.declaration_id and as_of < results.known_at
        order by as_of desc
        limit 1
    ) as concluded
    cross join lateral (
        select rate_all
        from intermediate.int_declaration_features as features
        where features.declaration_id = results.declaration_id
        limit 1
    ) as looked_up
    where concluded.likelihood is not null and looked_up.rate_all is not null
"""


@dataclass(frozen=True)
class Record:
    """How well a source foresaw results: its mean Brier score, and the base rate's."""

    cases: int = 0
    brier_score: float | None = None
    reference_brier_score: float | None = None


@dataclass(frozen=True)
class Yardstick:
    """What inspections found: the overall rate, each domain's share of it, the model's record."""

    find_rate: float | None
    shares: dict[str, float]
    model: Record

    def base_rate(self, risk_domain: str) -> float | None:
        """Return how often an inspection finds something of a domain; None if that is unknown."""
        return self.of_domain(self.find_rate, risk_domain)

    def of_domain(self, likelihood: float | None, risk_domain: str) -> float | None:
        """Return the part of a likelihood of any finding that concerns one domain.

        It is None for a domain that no kind of finding belongs to: results say nothing of it.
        """
        share = self.shares.get(risk_domain)
        return None if likelihood is None or share is None else likelihood * share


def known_before(connection: Connection, day: date, rule: PoolingRule) -> Yardstick:
    """Return what the newest results known on days before ``day`` tell.

    Half a finding of doubt is added to each count: what was never found is not impossible.
    """
    told = {"day": day, "recent_results": rule.recent_results}
    inspected, found = connection.execute(_FOUND, told).fetchone() or (0, 0)
    counts: dict[str, int] = dict(connection.execute(_FOUND_IN, told).fetchall())
    coded = sum(counts.values())
    return Yardstick(
        find_rate=(found + 0.5) / (inspected + 1) if inspected else None,
        shares={
            domain: (count + 0.5) / (coded + 0.5 * len(counts))
            for domain, count in counts.items()
            if coded
        },
        model=Record(*(connection.execute(_MODEL, told).fetchone() or ())),
    )
