"""Rebuttals (Order 271, Article 15): a party proves that the risk is absent or low.

A case is opened when proof comes in, by the feed ``rebuttals`` or at the desk; what comes later
adds to it. Somebody other than who proposed the measure reviews it by a day, and says in both
languages why the measure stands, is adjusted or is lifted; the party is told. What cannot be
looked into is a case as well, and says why.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.treat import measures, outbox
from customs_risk.treat.approvals import AnsweredAs, due_in

Claim = Literal["absent", "low"]
Outcome = Literal["upheld", "adjusted", "lifted"]

# business days in which a case is to be reviewed
REVIEW_DAYS = 10

# the latest version of each; a case notes by its moment which it was made from. What is no digest
# of a document proves nothing
_DELIVERED = """
    select distinct on (measure_id, party_id, submitted_at)
        measure_id,
        party_id,
        submitted_at,
        claim,
        statement,
        jsonb_path_query_array(
            documents,
            'lax $[*] ? (@.name.type() == "string" && @.sha256 like_regex "^[0-9a-f]{64}$")'
        ) as documents,
        'feed' as received_via,
        'rebuttals' as received_by
    from raw.rebuttals
    where not is_backfill
    order by measure_id, party_id, submitted_at, known_at desc, batch_id desc
"""

_AT_THE_DESK = """
    select *
    from jsonb_to_recordset(%(submissions)s::jsonb) as submitted (
        measure_id text, party_id text, submitted_at timestamptz, claim text, statement text,
        documents jsonb, received_via text, received_by text
    )
"""

# a party is concerned by a measure on itself, or on goods, countries or means of its declarations
_TAKE_IN = """
    with

    submitted as ({submissions}),

    fresh as (
        select
            submitted.*,
            'RB-' || to_char(%(moment)s::timestamptz, 'YYYYMMDD') || '-' || substr(md5(concat_ws(
                '|', submitted.measure_id, submitted.party_id, submitted.submitted_at
            )), 1, 10) as rebuttal_id
        from submitted
        where
            not exists (
                select 1 from ops.rebuttals as known
                where
                    known.measure_id = submitted.measure_id
                    and known.party_id = submitted.party_id
                    and known.submitted_at = submitted.submitted_at
            )
    ),

    judged as (
        select
            fresh.*,
            case
                when states.measure_id is null then 'no_such_measure'
                when ops.measure_state(states, %(moment)s) <> 'in_force' then 'not_in_force'
                when states.subject_kind = 'party' and states.subject_key <> fresh.party_id
                    then 'not_concerned'
                when coalesce(fresh.documents, '[]') = '[]' then 'no_evidence'
            end as refusal
        from fresh
        left join ops.measure_states as states using (measure_id)
    ),

    -- of several at once the first opens the case
    opening as (
        select distinct on (measure_id, party_id, refusal) judged.*
        from judged
        where
            refusal is not null
            or not exists (
                select 1 from ops.rebuttals as open_case
                where
                    open_case.measure_id = judged.measure_id
                    and open_case.party_id = judged.party_id
                    and open_case.refusal is null
                    and open_case.reviewed_at is null
            )
        order by measure_id, party_id, refusal, submitted_at
    )

    insert into ops.rebuttals (
        rebuttal_id, measure_id, party_id, claim, statement, submitted_at, received_via,
        received_by, opened_at, due_at, refusal
    )
    select
        rebuttal_id, measure_id, party_id, claim, statement, submitted_at, received_via,
        received_by, %(moment)s, %(due_at)s, refusal
    from opening
    on conflict (rebuttal_id) do nothing
    returning rebuttal_id
"""

# documents go to the case that is open for the party and the measure, or that they opened
_ADD_DOCUMENTS = """
    with

    submitted as ({submissions})

    insert into ops.rebuttal_documents (
        rebuttal_id, sha256, document_name, document_kind, received_at
    )
    select distinct on (cases.rebuttal_id, document.sha256)
        cases.rebuttal_id, document.sha256, document.name, coalesce(document.kind, 'other'),
        submitted.submitted_at
    from submitted
    inner join ops.rebuttals as cases using (measure_id, party_id)
    cross join lateral jsonb_to_recordset(submitted.documents) as document (
        name text, kind text, sha256 text
    )
    where
        cases.submitted_at = submitted.submitted_at
        or (
            cases.refusal is null
            and cases.submitted_at <= submitted.submitted_at
            and (cases.reviewed_at is null or submitted.submitted_at < cases.reviewed_at)
        )
    order by cases.rebuttal_id, document.sha256, submitted.submitted_at
    on conflict (rebuttal_id, sha256) do nothing
"""

_CASE = "select * from ops.rebuttals where rebuttal_id = %s for update"

_REVIEW = """
    update ops.rebuttals
    set
        reviewed_at = %(moment)s,
        outcome = %(outcome)s,
        reviewed_by = %(by)s,
        reviewed_as = %(reviewed_as)s,
        review_en = %(review_en)s,
        review_zh = %(review_zh)s,
        adjusted_measure_id = %(adjusted_measure_id)s
    where rebuttal_id = %(rebuttal_id)s
"""


class UnusableRebuttal(ValueError):  # noqa: N818 - reads as what is wrong
    """A submission or a review that cannot be taken; the message says why."""


@dataclass(frozen=True)
class Document:
    """One document that is handed in as proof: what it is, and the digest of its bytes."""

    name: str
    sha256: str
    kind: str = "other"


def receive(
    measure_id: str,
    party_id: str,
    *,
    claim: Claim,
    statement: str,
    documents: tuple[Document, ...],
    by: str,
) -> str:
    """Take in at the desk what a party hands in; return the number of the case.

    Raises:
        UnusableRebuttal: nothing is said, or the case cannot be looked into; it is noted all the
            same, with why.
    """
    if not statement.strip() or not party_id.strip():
        raise UnusableRebuttal(f"{measure_id}: a party, and what it says, must be told 须注明陈述")
    with warehouse.connect() as connection:
        submission = {
            "measure_id": measure_id,
            "party_id": party_id,
            "submitted_at": clock.present(connection).isoformat(),
            "claim": claim,
            "statement": statement,
            "documents": [asdict(document) for document in documents],
            "received_via": "desk",
            "received_by": by,
        }
        _take_in(connection, _AT_THE_DESK, json.dumps([submission]))
        case = _case_of(connection, measure_id, party_id)
    if case["refusal"]:
        raise UnusableRebuttal(f"{case['rebuttal_id']}: {why_refused(case['refusal'])}")
    return str(case["rebuttal_id"])


def take_in() -> int:
    """Open a case for what parties have delivered; return how many cases that made.

    Running it again adds nothing.
    """
    with warehouse.connect() as connection:
        if connection.execute("select to_regclass('raw.rebuttals')").fetchone() == (None,):
            return 0
        return _take_in(connection, _DELIVERED, None)


def review(
    rebuttal_id: str,
    outcome: Outcome,
    *,
    by: str,
    review_en: str,
    review_zh: str,
    value_after: dict[str, Any] | None = None,
    ends_at: datetime | None = None,
    reviewed_as: AnsweredAs = "person",
) -> str | None:
    """Say what becomes of the measure, and tell the party; return the adjusted measure's number.

    An adjustment says what the value is from now on, or until when the measure goes on.

    Raises:
        UnusableRebuttal: there is no such open case, the reviewer proposed the measure, or nothing
            is said of why.
        UnusableMeasure: the measure does not stand any more, or the adjustment changes nothing.
    """
    with warehouse.connect() as connection:
        return decide(
            connection, rebuttal_id, outcome, by=by, review_en=review_en, review_zh=review_zh,
            value_after=value_after, ends_at=ends_at, reviewed_as=reviewed_as,
        )  # fmt: skip


def decide(
    connection: psycopg.Connection,
    rebuttal_id: str,
    outcome: Outcome,
    *,
    by: str,
    review_en: str,
    review_zh: str,
    value_after: dict[str, Any] | None = None,
    ends_at: datetime | None = None,
    reviewed_as: AnsweredAs = "person",
) -> str | None:
    """Review a case in the caller's transaction; see ``review``."""
    if not (by.strip() and review_en.strip() and review_zh.strip()):
        raise UnusableRebuttal(f"{rebuttal_id}: who, and why in both languages 须双语说明理由")
    case = connection.cursor(row_factory=dict_row).execute(_CASE, [rebuttal_id]).fetchone()
    if case is None or case["refusal"] or case["reviewed_at"]:
        raise UnusableRebuttal(f"{rebuttal_id}: no open case has that number 无此待审反证")
    told: dict[str, Any] = {
        "rebuttal_id": rebuttal_id,
        "outcome": outcome,
        "by": by,
        "reviewed_as": reviewed_as,
        "review_en": review_en,
        "review_zh": review_zh,
        "moment": clock.present(connection),
        "adjusted_measure_id": None,
    }
    measure_id = case["measure_id"]
    if outcome == "lifted":
        measures.end(
            connection, measure_id, by=by, reason=f"{rebuttal_id}: {review_zh} / {review_en}"
        )
    if outcome == "adjusted":
        told["adjusted_measure_id"] = measures.supersede(
            connection, measure_id, by=by, reason_en=review_en, reason_zh=review_zh,
            value_after=value_after, ends_at=ends_at, evidence={"rebuttal": rebuttal_id},
        )  # fmt: skip
    try:
        connection.execute(_REVIEW, told)
    except psycopg.errors.CheckViolation as error:
        raise UnusableRebuttal(f"{rebuttal_id}: {error.diag.message_primary}") from None
    outbox.enqueue(connection, "measure")
    return told["adjusted_measure_id"]


def why_refused(code: str) -> str:
    """Return in both languages why a rebuttal is not looked into."""
    return {
        "no_such_measure": "there is no such measure 无此措施",
        "not_in_force": "the measure is not in force 该措施未在执行",
        "not_concerned": "the measure concerns another party 该措施针对其他当事人",
        "no_evidence": "nothing was handed in as proof 未提交证明材料",
    }[code]


def _take_in(connection: psycopg.Connection, submissions: str, document: str | None) -> int:
    moment = clock.present(connection)
    told = {
        "submissions": document,
        "moment": moment,
        "due_at": due_in(moment, REVIEW_DAYS),
    }
    # two at once would open two cases: the second waits
    connection.execute("select pg_advisory_xact_lock(hashtext('rebuttals'))")
    opened = connection.execute(_TAKE_IN.replace("{submissions}", submissions), told).rowcount
    connection.execute(_ADD_DOCUMENTS.replace("{submissions}", submissions), told)
    outbox.enqueue(connection, "measure")
    return opened


def _case_of(connection: psycopg.Connection, measure_id: str, party_id: str) -> dict[str, Any]:
    row = (
        connection.cursor(row_factory=dict_row)
        .execute(
            """
            select rebuttal_id, refusal from ops.rebuttals
            where measure_id = %s and party_id = %s and reviewed_at is null
            order by refusal is not null, recorded_at desc
            limit 1
            """,
            [measure_id, party_id],
        )
        .fetchone()
    )
    assert row is not None, "a submission opens a case, or adds to one"
    return row
