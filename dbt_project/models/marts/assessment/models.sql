with

models as (select * from {{ source('ml', 'models') }}),

roles as (select * from {{ source('ml', 'model_roles') }}),

cards as (select * from {{ source('ml', 'model_cards') }}),

-- one to one: every model has a role; at most one to one: models from before there were cards have none
final as (
    select
        models.model_version,
        roles.role,
        roles.since,
        models.trained_at,
        models.label_window_from,
        models.label_window_to,
        (models.metrics ->> 'labels')::bigint as labels,
        (models.metrics ->> 'findings')::bigint as findings,
        (models.metrics #>> '{holdout,rows}')::bigint as tested_rows,
        (models.metrics #>> '{rankings,model,auc}')::float8 as area_under_curve,
        (models.metrics #>> '{rankings,model,average_precision}')::float8 as average_precision,
        (models.metrics #>> '{rankings,plain_xgboost,average_precision}')::float8 as average_precision_of_baseline,
        (models.metrics #>> '{calibrated,brier}')::float8 as brier_score,
        (models.metrics #>> '{calibrated,calibration_error}')::float8 as calibration_error,
        models.config_hash,
        models.artefact_sha256,
        cards.card_en,
        cards.card_zh
    from models
    inner join roles using (model_version)
    left join cards using (model_version)
)

select * from final
