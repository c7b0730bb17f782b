"""Experts of the sandbox: once a week two of them look at cases that the model doubts most.

They are registered, qualified and bound to confidentiality as people are, read the case file that
they are handed, and say what they think of it by what inspections found of the party before.
"""

import hashlib
from datetime import date, timedelta

from psycopg import Connection

from customs_risk import clock, warehouse
from customs_risk.experts import assessors
from customs_risk.experts.assessments import Statement, assess
from customs_risk.experts.cases import hand_out
from customs_risk.experts.refusals import Question
from customs_risk.experts.vocabulary import Level
from customs_risk.sandbox.chance import uniform

BY = "sandbox-policy"
SEED = 271
EXPERTS = {"sandbox-valuer": "王芳", "sandbox-auditor": "李强"}
CASES = 4
BOUND_DAYS = 365
# what each adds to what is known: nobody judges quite as another does
_LEANING, _WIDTH = 0.15, 0.1

# of what was decided this week, where most is to be learned; with what was found of the party
_DOUBTED = """
select
    decisions.declaration_id,
    count(inspections.declaration_id) as inspections,
    count(*) filter (where inspections.has_finding) as findings
from treatment.decisions
left join core.inspections as inspections
    on decisions.importer_id = inspections.importer_id and inspections.known_on <= %(today)s
where decisions.decided_on > %(today)s::date - 7 and decisions.exploration_score is not null
group by decisions.declaration_id, decisions.exploration_score
order by decisions.exploration_score desc, decisions.declaration_id
limit %(cases)s
"""

_KNOWN = "select assessor_id from ops.assessors where assessor_id = any(%s)"


def judge() -> list[str]:
    """Let each expert say something of each case of the week; return the statements' numbers."""
    with warehouse.connect() as connection:
        today = clock.business_day(clock.present(connection))
        new = EXPERTS.keys() - _known(connection)
        if connection.execute("select to_regclass('treatment.decisions')").fetchone() == (None,):
            return []
        told = {"today": today, "cases": CASES}
        cases = connection.execute(_DOUBTED, told).fetchall()
    for expert in sorted(new):
        _register(expert, today)
    return [_say(expert, *case) for case in cases for expert in EXPERTS]


def _say(expert: str, declaration_id: str, inspections: int, findings: int) -> str:
    hand_out(Question(expert, declaration_id, "tax", "declaration"), asked_by=BY)
    (turn,) = uniform(SEED, "expert leans", [f"{expert}/{declaration_id}"])
    # one finding in eight inspections is known of everybody
    middle = (findings + 1) / (inspections + 8) + _LEANING * (float(turn) - 0.5)
    low, high = max(middle - _WIDTH, 0.01), min(middle + _WIDTH, 0.99)
    level: Level = "high" if middle > 0.5 else "medium" if middle > 0.2 else "low"
    found_en = f"{findings} findings in {inspections} inspections of the party"
    found_zh = f"该当事人查验{inspections}次、查获{findings}次"
    return assess(
        Statement(
            assessor_id=expert,
            subject_key=declaration_id,
            risk_domain="tax",
            likelihood_low=low,
            likelihood_high=high,
            severity="moderate",
            trend="unknown",
            level=level,
            hazard_factors_en=found_en,
            hazard_factors_zh=found_zh,
            causes_en="value and classification are the party's own statement",
            causes_zh="价格与归类由当事人自行申报",
            evidence=(f"core.inspections: {found_en}",),
            method="what is known of the party, and the case file",
        ),
        recorded_by=BY,
    )


def _known(connection: Connection) -> set[str]:
    return {each for (each,) in connection.execute(_KNOWN, [list(EXPERTS)])}


def _register(expert: str, today: date) -> None:
    until = today + timedelta(days=BOUND_DAYS)
    assessors.add(
        expert,
        "internal",
        name=EXPERTS[expert],
        organisation="风险防控局 risk division",
        post="valuation",
        valid_from=today,
        valid_to=None,
        by=BY,
    )
    signed = hashlib.sha256(f"undertaking of {expert}".encode()).hexdigest()
    assessors.undertake(
        expert, covers="restricted", document_sha256=signed, signed_on=today, valid_to=until, by=BY
    )
    assessors.qualify(
        expert,
        ("tax",),
        title="customs valuer 海关审价师",
        issuer="GACC 海关总署",
        issued_number=f"sandbox {expert}",
        valid_from=today,
        valid_to=until,
        by=BY,
    )
