-- Messages that could not be delivered and that nobody tries any more (Order 271, Article 4): one alarm per route and
-- day, so that a warning that dies itself raises no alarm of its own without end. It lasts until a person has sent
-- each of them again, or let it go.
with

standing as (
    select
        letters.route,
        (letters.dead_at at time zone %(zone)s)::date as died_on,
        count(*) as messages,
        min(letters.reason) as reason,
        jsonb_agg(distinct outbox.kind) as kinds
    from ops.dead_letters as letters
    inner join ops.outbox using (message_id)
    where letters.ended_at is null
    group by 1, 2
)

select
    format('dead_letter:%%s:%%s', route, died_on) as alarm_id,
    'dead_letter' as kind,
    null::text as feed,
    route as subject,
    format('route %%s: %%s message(s) could not be delivered: %%s', route, messages, reason) as message_en,
    format('发送通道 %%s：%%s 条消息无法送达：%%s', route, messages, reason) as message_zh,
    jsonb_build_object('messages', messages, 'kinds', kinds, 'reason', reason) as details,
    true as lasts,
    %(dispatcher)s::text as recipient
from standing
