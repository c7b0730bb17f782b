-- Requests for information that are due and not answered in full (Order 271, Article 8).
select
    'overdue_request:' || request_id as alarm_id,
    'overdue_request' as kind,
    'information_answers' as feed,
    request_id as subject,
    format(
        'request %%s to %%s: due on %%s, not answered', request_id, coalesce(party_name, party_id),
        (due_at at time zone %(zone)s)::date
    ) as message_en,
    format(
        '信息提供要求 %%s（%%s）已逾期，期限 %%s', request_id, coalesce(party_name, party_id),
        (due_at at time zone %(zone)s)::date
    ) as message_zh,
    jsonb_build_object('party_id', party_id, 'due_at', due_at, 'asked_by', asked_by) as details,
    true as lasts,
    asked_by as recipient
from core.information_requests
where status in ('open', 'overdue') and due_at < %(moment)s
