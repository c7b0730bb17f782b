"""Whether a new model should be trained, by the newest day's drift; no model is loaded for it."""

from ml.shift import Thresholds


def is_training_due() -> str | None:
    """Return why a new model should be trained, in both languages, or None if there is no need.

    Not until some days have passed since the newest label that any model learned from.
    """
    from customs_risk.warehouse import connect

    with connect() as connection:
        waits = Thresholds().days_between_trainings
        beyond = connection.execute(_DUE, {"waits": waits}).fetchall()
    if not beyond:
        return None
    english, chinese = zip(*beyond, strict=True)
    return f"{'; '.join(english)} · {'；'.join(chinese)}"


_DUE = """
select drift.words_en, drift.words_zh
from ml.drift as drift
inner join ml.models as models on drift.model_version = models.model_version and models.is_active
where
    drift.measure <> 'feature'
    and drift.is_beyond
    and drift.observed_on = (
        select max(latest.observed_on) from ml.drift as latest
        where latest.model_version = drift.model_version
    )
    and drift.observed_on >= (select max(label_window_to) from ml.models) + %(waits)s
order by drift.measure, drift.subject
"""
