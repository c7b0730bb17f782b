-- Monitoring points that are silent for longer than their plan allows (Order 271, Article 7).
select
    format('silent_point:%%s:%%s:%%s', plan_id, point_id, coalesce(last_sampled_on::text, 'never')) as alarm_id,
    'silent_point' as kind,
    'monitoring_samples' as feed,
    point_id as subject,
    format(
        'monitoring point %%s (%%s) of plan %%s: no sample for %%s days, %%s are allowed',
        point_id, coalesce(point_name, '-'), plan_id, days_silent, longest_silence_days
    ) as message_en,
    format(
        '监测点 %%s（%%s，计划 %%s）已 %%s 天无样品，计划允许 %%s 天',
        point_id, coalesce(point_name, '-'), plan_id, days_silent, longest_silence_days
    ) as message_zh,
    jsonb_build_object('plan_id', plan_id, 'office_code', office_code, 'last_sampled_on', last_sampled_on) as details,
    true as lasts,
    coalesce(
        (
            select declared ->> 'recipient' from ops.contracts
            where feed = 'monitoring_samples'
            order by version desc limit 1
        ),
        'monitoring_samples'
    ) as recipient
from core.monitoring_coverage
where is_current and is_silent
