-- Models that trade has moved away from, as of the newest day that was measured: one alarm for each time it did.
with

days as (
    select
        drift.model_version,
        drift.observed_on,
        bool_or(drift.is_beyond) as is_beyond,
        string_agg(drift.words_en, '; ' order by drift.measure, drift.subject) filter (where drift.is_beyond) as told_en,
        string_agg(drift.words_zh, '；' order by drift.measure, drift.subject) filter (where drift.is_beyond) as told_zh
    from ml.drift as drift
    inner join ml.models as models on drift.model_version = models.model_version and models.is_active
    where drift.measure <> 'feature'
    group by drift.model_version, drift.observed_on
),

latest as (
    select
        days.*,
        (
            select min(since.observed_on) from days as since
            where
                since.observed_on > coalesce(
                    (select max(quiet.observed_on) from days as quiet where not quiet.is_beyond), '-infinity'
                )
        ) as began_on
    from days
    order by days.observed_on desc
    limit 1
)

select
    format('model_drift:%%s:%%s', model_version, began_on) as alarm_id,
    'model_drift' as kind,
    null::text as feed,
    model_version as subject,
    format('model %%s has drifted, training is due: %%s', model_version, told_en) as message_en,
    format('模型 %%s 已漂移，应重新训练：%%s', model_version, told_zh) as message_zh,
    jsonb_build_object('observed_on', observed_on, 'began_on', began_on) as details,
    true as lasts,
    'risk-models' as recipient
from latest
where is_beyond
