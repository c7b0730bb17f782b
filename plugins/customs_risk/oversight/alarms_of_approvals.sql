-- What waits for a person beyond its day: questions, which go up to the post above, and rebuttals (Article 15).
select
    'overdue_approval:' || approval_id as alarm_id,
    'overdue_approval' as kind,
    null::text as feed,
    approval_id as subject,
    format(
        'approval %%s was due on %%s, not answered: %%s', approval_id, (due_at at time zone %(zone)s)::date,
        question_en
    ) as message_en,
    format(
        '审批 %%s 已逾期（期限 %%s）：%%s', approval_id, (due_at at time zone %(zone)s)::date, question_zh
    ) as message_zh,
    jsonb_build_object('matter', matter, 'subject_id', subject_id, 'due_at', due_at, 'asked_by', asked_by)
        as details,
    true as lasts,
    escalates_to as recipient
from ops.approvals
where answered_at is null and withdrawn_at is null and due_at < %(moment)s
union all
select
    'overdue_rebuttal:' || rebuttal_id,
    'overdue_rebuttal',
    null,
    rebuttal_id,
    format(
        'rebuttal %%s of measure %%s was to be reviewed by %%s', rebuttal_id, measure_id,
        (due_at at time zone %(zone)s)::date
    ),
    format(
        '反证 %%s（措施 %%s）应于 %%s 前复核', rebuttal_id, measure_id, (due_at at time zone %(zone)s)::date
    ),
    jsonb_build_object('party_id', party_id, 'measure_id', measure_id, 'due_at', due_at),
    true,
    'regional_risk_division'
from ops.rebuttals
where refusal is null and reviewed_at is null and due_at < %(moment)s
