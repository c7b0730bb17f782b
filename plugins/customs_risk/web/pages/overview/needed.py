"""What needs a decision: the overdue first."""

from customs_risk import codes
from customs_risk.codes import Codes
from customs_risk.web.views import Column, View
from customs_risk.words import Words

_MATTERS: Codes = {
    **codes.MATTERS,
    "rebuttal": Words("Rebuttal of a party", "当事人反证"),
    "warning_held": Words("Warning held back", "预警暂缓"),
    "warning_standing": Words("Warning to lift or keep", "预警待解除或保留"),
}

APPROVALS = View(
    name="decisions-needed",
    title=Words("Approvals, rebuttals and warnings", "审批、反证与预警"),
    reads="treatment",
    query="""
        with waiting as (
            select
                approval_id as number, matter, due_at, status = 'overdue' as is_overdue,
                question_en as what_en, question_zh as what_zh, needed_posts as posts,
                'decisions?matter=' || matter as behind
            from treatment.approvals
            where status in ('open', 'overdue')
            union all
            select
                rebuttal_id, 'rebuttal', due_at, status = 'overdue', left(statement, 200),
                left(statement, 200), null, null
            from treatment.rebuttals
            where status in ('open', 'overdue')
            union all
            select
                warning_id,
                case state when 'held' then 'warning_held' else 'warning_standing' end,
                null, false, title_en, title_zh, null, 'warnings/' || warning_id
            from treatment.warnings
            where
                state = 'held'
                -- what the rules drafted the rules lift; a person's stands until a person lifts it
                or (
                    state = 'issued' and drafted_by <> 'warning rules'
                    and issued_at < (select max(decided_at) from treatment.decisions)
                    - interval '30 days'
                )
        )

        select *
        from waiting
        order by is_overdue desc, due_at nulls last, number
        limit %(most)s
    """,
    most=50,
    columns=(
        Column("due_at", Words("Due", "期限"), "time"),
        Column("is_overdue", Words("Overdue", "逾期"), "flag"),
        Column("matter", Words("Matter", "事项"), codes=_MATTERS),
        Column("what", Words("What", "内容"), is_bilingual=True, link="{behind}"),
        Column("posts", Words("Who may answer", "可答复岗位"), "list", codes=codes.POSTS),
        Column("number", Words("Number", "编号")),
    ),
)

REQUESTS = View(
    name="requests-waiting",
    title=Words("What parties were asked for", "向当事人索取的信息"),
    reads="core",
    query="""
        select
            request_id, party_id, due_at, status = 'overdue' as is_overdue, days_late, what_en,
            what_zh
        from core.information_requests
        where status in ('open', 'overdue')
        order by due_at, request_id
        limit %(most)s
    """,
    most=25,
    columns=(
        Column("due_at", Words("Due", "期限"), "time"),
        Column("is_overdue", Words("Overdue", "逾期"), "flag"),
        Column("days_late", Words("Days late", "逾期天数"), "days"),
        Column("party_id", Words("Party", "当事人")),
        Column("what", Words("What", "内容"), is_bilingual=True),
        Column("request_id", Words("Number", "编号")),
    ),
)

ALARMS = View(
    name="alarms",
    title=Words("Alarms", "告警"),
    reads="ops",
    query="""
        select
            alarm_id, kind, raised_at, feed, subject, recipient, message_en, message_zh,
            case
                when kind = 'model_drift' then 'models'
                when kind = 'overdue_approval' then 'decisions'
                when kind = 'overdue_request' then 'overview#requests-waiting-title'
                when feed is not null then 'feeds?feed=' || feed
            end as behind
        from ops.alarms
        where cleared_at is null
        order by raised_at desc, alarm_id
        limit %(most)s
    """,
    most=25,
    columns=(
        Column("raised_at", Words("Raised", "发出"), "time"),
        Column("kind", Words("Kind", "种类"), codes=codes.ALARMS),
        Column("message", Words("What", "内容"), is_bilingual=True, link="{behind}"),
        Column("recipient", Words("Told to", "告知")),
    ),
)
