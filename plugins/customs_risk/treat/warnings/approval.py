"""Publication waits for a person's word (Order 271, Article 14): asked for in ops.approvals."""

from psycopg import Connection

from customs_risk.treat.approvals import Question

MATTER = "publication"
_DAYS_TO_ANSWER = 2

# what goes out of the house and was not asked for yet
_ASK = """
insert into ops.approvals (
    approval_id, matter, subject_id, question_en, question_zh, asked_at, asked_by, needed_posts,
    escalates_to, due_at
)
select
    %(matter)s || ':' || warning_id || ':' || version,
    %(matter)s,
    warning_id || ':' || version,
    'Publish this ' || release_class || ': ' || title_en,
    '是否发布：' || title_zh,
    drafted_at,
    drafted_by,
    %(posts)s,
    %(above)s,
    drafted_at + make_interval(days => %(days)s)
from ops.warnings
where
    release_class <> 'bulletin'
    and approved_at is null
    and refused_at is null
    and lifted_at is null
    and superseded_at is null
on conflict (approval_id) do nothing
"""

_TAKE = """
update ops.warnings
set
    approved_at = case approvals.answer when 'approve' then approvals.answered_at end,
    approved_by = case approvals.answer when 'approve' then approvals.answered_by end,
    approval_reason = case approvals.answer when 'approve' then approvals.reason end,
    refused_at = case approvals.answer when 'refuse' then approvals.answered_at end,
    refused_by = case approvals.answer when 'refuse' then approvals.answered_by end,
    refusal_reason = case approvals.answer when 'refuse' then approvals.reason end
from ops.approvals as approvals
where
    approvals.matter = %(matter)s
    and approvals.subject_id = warnings.warning_id || ':' || warnings.version
    and approvals.answered_at is not null
    and warnings.approved_at is null
    and warnings.refused_at is null
"""


def ask(connection: Connection) -> int:
    """Ask for a word on each notice and notification that waits for one; return how many."""
    told = {
        "matter": MATTER,
        "days": _DAYS_TO_ANSWER,
        "posts": list(Question.needed_posts),
        "above": Question.escalates_to,
    }
    return connection.execute(_ASK, told).rowcount


def take_answers(connection: Connection) -> int:
    """Note what was answered on the warnings themselves; return on how many."""
    return connection.execute(_TAKE, {"matter": MATTER}).rowcount
