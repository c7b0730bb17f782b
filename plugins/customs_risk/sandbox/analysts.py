"""Analysts of the sandbox: once a week they ask for inspections and papers, and set parameters.

They use the functions that people use, know what the marts tell and nothing of the truth, and mark
what they do as made by the sandbox's policy. Doing it twice in a week does nothing twice.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.oversight import requests
from customs_risk.treat import inspection_requests
from customs_risk.treat.parameters import impact, store
from customs_risk.treat.parameters.store import Domain, Measure, Proposal

PROPOSER, APPROVER = "sandbox-analyst", "sandbox-approver"
UNIT = "gacc"
REASON = "沙盒策略 the sandbox's policy"
LEGAL_BASIS = "海关风险管理办法（海关总署令第271号）第十二条、第十三条"
PARAMETER_DAYS = 120
REQUEST_DAYS, REQUEST_MOST = 14, 8
PAPERS_DAYS = 14
# back-tests of the first weeks would tell nothing
PARAMETERS_FROM = 14


class Standing(NamedTuple):
    """A parameter that the analysts set once there is a past to test it on."""

    parameter_id: str
    condition: str
    domain: Domain
    measure: Measure
    why: tuple[str, str]  # in English and Chinese, as is what to examine
    what: tuple[str, str]


_STANDING = (
    Standing(
        "SBX-PRICE",
        "price_z < -2 and declared_value_cny > 5000",
        "tax",
        "inspection",
        ("priced far below its kind", "申报单价远低于同类"),
        ("compare the invoice with the goods", "核对发票与实货价格"),
    ),
    Standing(
        "SBX-NEW-ORIGIN",
        "is_first_importer_origin and (hs6 like '02%' or hs6 like '03%' or hs6 like '04%')",
        "food_safety",
        "document_review",
        ("first import of animal products from there", "首次从该地进口动物产品"),
        ("ask for the health certificate", "要求提交卫生证书"),
    ),
    Standing(
        "SBX-NEW-ROUTE",
        "is_first_importer_hs6 and rate_goods > 0.3",
        "commodity_quality",
        "inspection",
        ("first import of goods in which much is found", "首次进口高查获率商品"),
        ("open and compare with the declaration", "开箱核对申报内容"),
    ),
)

# goods of which something that endangers people was found this week
_UNSAFE = """
select hs6, origin_country, risk_domain, count(*)
from core.findings
where
    known_on > %s and risk_domain in ('food_safety', 'prohibited_restricted')
    and hs6 is not null and origin_country is not null
group by hs6, origin_country, risk_domain
order by hs6, origin_country, risk_domain
"""

# the importer in whose goods most was found of late
_WORST = """
select declarations.importer_id, count(*)
from core.inspections as inspections
inner join core.declarations as declarations using (importer_id, declaration_id)
where inspections.has_finding and inspections.known_on > %s
group by declarations.importer_id
order by count(*) desc, declarations.importer_id
limit 1
"""


def work() -> list[str]:
    """Do what is due this week; return the numbers of what was begun."""
    with warehouse.connect() as connection:
        now = clock.present(connection)
        today = clock.business_day(now)
        (first,) = connection.execute(
            "select min(sent_at) from ops.batches where not is_backfill and status <> 'refused'"
        ).fetchone() or (None,)
        worst = connection.execute(_WORST, [today - timedelta(days=28)]).fetchone()
        unsafe = connection.execute(_UNSAFE, [today - timedelta(days=7)]).fetchall()
        known = _known(connection)
    if first is None:
        return []
    begun = [
        _same_goods(hs6, origin, domain, findings, today)
        for hs6, origin, domain, findings in unsafe
    ]
    if worst:
        importer, findings = worst
        begun += [_request(importer, findings, today), _papers(importer, findings, now)]
    if today >= clock.business_day(first) + timedelta(days=PARAMETERS_FROM):
        begun += [_set(each, today) for each in _STANDING if each.parameter_id not in known]
    return begun


def _known(connection: Connection) -> set[str]:
    return {
        each for (each,) in connection.execute("select parameter_id from ops.parameter_versions")
    }


def _same_goods(hs6: str, origin: str, domain: Domain, findings: int, today: date) -> str:
    return inspection_requests.ask(
        "hs6_origin",
        f"{hs6}|{origin}",
        domain=domain,
        words_en=f"{findings} findings in these goods this week: is there more of it?",
        words_zh=f"本周该商品查获{findings}次，核查是否仍有同类问题",
        ends_on=today + timedelta(days=REQUEST_DAYS),
        most=REQUEST_MOST,
        asked_by=PROPOSER,
    )


def _request(importer: str, findings: int, today: date) -> str:
    return inspection_requests.ask(
        "importer",
        importer,
        domain="tax",
        words_en=f"{findings} findings in four weeks",
        words_zh=f"四周内查获{findings}次",
        ends_on=today + timedelta(days=REQUEST_DAYS),
        most=REQUEST_MOST,
        asked_by=PROPOSER,
    )


def _papers(importer: str, findings: int, now: datetime) -> str:
    return requests.ask(
        importer,
        what_en=f"contracts and records of payment; {findings} findings in four weeks",
        what_zh=f"合同与付汇凭证；四周内查获{findings}次",
        due_at=now + timedelta(days=PAPERS_DAYS),
        asked_by=PROPOSER,
    )


def _set(standing: Standing, today: date) -> str:
    for officer in (PROPOSER, APPROVER):
        _appoint(officer, today)
    store.propose(
        Proposal(
            parameter_id=standing.parameter_id,
            condition=standing.condition,
            risk_domain=standing.domain,
            what_to_examine_en=standing.what[0],
            what_to_examine_zh=standing.what[1],
            measure=standing.measure,
            jurisdiction=(UNIT,),
            owner_unit=UNIT,
            legal_basis=LEGAL_BASIS,
            starts_on=today,
            expires_on=today + timedelta(days=PARAMETER_DAYS),
            review_on=today + timedelta(days=PARAMETER_DAYS // 2),
            reason_en=standing.why[0],
            reason_zh=standing.why[1],
        ),
        by=PROPOSER,
    )
    impact.analyse(standing.parameter_id, by=PROPOSER)
    for event in ("approved", "activated"):
        store.decide(event, standing.parameter_id, None, by=APPROVER, reason=REASON)
    return standing.parameter_id


def _appoint(officer: str, today: date) -> None:
    with warehouse.connect() as connection:
        known = connection.execute(
            "select 1 from ops.parameter_officers where officer = %s", [officer]
        ).fetchone()
    if known is None:
        store.appoint(officer, UNIT, valid_from=today, valid_to=None, by="sandbox-policy")
