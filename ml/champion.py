"""Champion and challenger: who serves, by what both would have found in the same weeks.

The embedded policy, where no person decides:

1. A first model serves at once.
2. A newer model of the same configuration serves at once, unless it is worse: held against results
   that the active model did not know, the same way of training on what was known by then is worse
   by more than the margin, and not by chance.
3. A model of another configuration, or any after a roll-back, is held back: as a challenger it
   scores the declarations of the weeks to come in shadow, beside the active model. It is promoted
   once it has been shown not to be worse: the whole interval lies within the margin.
4. The model that was replaced is a challenger too. If its successor turns out worse, the policy
   rolls back to it; once the successor has been shown not to be worse, it is retired.
5. What cannot be told within some weeks is retired. A person may overrule all of this at any time.
"""

from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml import paired, registry
from ml.config import ModelConfig, configured
from ml.data import Labelled
from ml.model import Model, OtherFeaturesError, fit_likelihood
from ml.paired import Bootstrap, Evidence, Side, Verdict
from ml.registry import POLICY, Decision, Registered

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]

_LOCK = 27189
_RESULTS = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Policy:
    """How much evidence the embedded policy asks for, and how much worse is too much.

    The margin of the average precision is the configuration's ``activation_tolerance``.
    """

    # results that neither model learned from
    min_labels: int = 100
    min_findings: int = 20
    brier_margin: float = 0.005
    shadow_days: int = 28
    max_challengers: int = 3
    bootstrap: Bootstrap = field(default_factory=Bootstrap)

    def has_enough(self, found: Floats) -> bool:
        """Tell whether there are results enough to compare two models on."""
        return found.size >= self.min_labels and bool(found.sum() >= self.min_findings)


@dataclass(frozen=True)
class Challenger:
    """A model that is compared with the active one."""

    version: str
    champion: str
    is_newer: bool  # than the active one
    since: datetime  # when it became one, by the system's own time
    both_made_at: datetime  # by the wall's clock, as conclusions are
    learned_until: date  # the last day of either's labels
    compared_labels: int  # results that the last comparison of the two had seen


# -- before a model serves: the same way of training on what was known ----------------------------


def compare(
    labels: Labelled, config: ModelConfig, rounds: int, current: Registered | None
) -> dict[str, Any]:
    """Decide by the embedded policy whether a new model becomes the active one (rules 1 to 3).

    Both sides are held against labels of declarations made after everything the active model
    learned was known: the active model as it is, and the new configuration on what was known by
    then.
    """
    policy = Policy()
    if current is None:
        return _serves("no active model to compare with · 尚无现用模型可比")
    if current.served_by == "rolled_back":
        return _waits("after a roll-back it must prove itself · 回退之后须先经验证")
    if current.config_hash != config.hash():
        return _waits("another configuration must prove itself · 配置已变更，须先经验证")
    day = np.datetime64(current.label_window_to, "D")
    past, later = labels.known <= day, np.flatnonzero(labels.declared > day)
    test = labels.take(later)
    if not policy.has_enough(test.found):
        return _serves("too few labels since the active model · 现用模型之后的标签过少")
    if np.unique(labels.found[past]).size < 2:
        return _serves("what the active model learned from is gone · 现用模型的训练数据已不在")
    as_of_then = _as_of_then(labels.take(np.flatnonzero(past)), config, rounds, current)
    evidence = Evidence(
        test.found,
        test.revenue_cny,
        np.minimum(test.stands_for, config.most_counted_as),
        older=Side.of_ranking(current.model.margin(test.values)),
        newer=Side.of_ranking(as_of_then.margin(test.values)),
    )
    name = "average_precision"
    measured = paired.measure(evidence, name, policy.bootstrap)
    said = paired.verdict({name: measured}, {name: config.activation_tolerance})
    decided = (
        _waits("worse than the active model · 差于现用模型")
        if said == "worse"
        else _serves("not worse than the active model · 不差于现用模型")
    )
    return decided | {
        "compared_with": current.version,
        "rows": int(later.size),
        "average_precision": measured.newer,
        "average_precision_active": measured.older,
        "difference": [measured.low, measured.difference, measured.high],
    }


def _as_of_then(known: Labelled, config: ModelConfig, rounds: int, current: Registered) -> Model:
    """Return a model that ranks as the new configuration would have, from what was known."""
    from ml.train import counted

    weight = counted(known, config.most_learned_as)
    booster = fit_likelihood(known.values, known.found, config, rounds, weight=weight)
    return replace(current.model, booster=booster)


def _serves(reason: str) -> dict[str, Any]:
    return {"policy": POLICY, "activated": True, "reason": reason}


def _waits(reason: str) -> dict[str, Any]:
    return {"policy": POLICY, "activated": False, "reason": reason}


# -- in shadow: the same declarations of the weeks to come ----------------------------------------


def shadow() -> int:
    """Score in shadow what the active model concluded on; return how many scores were written.

    Running it again, or twice at once, adds nothing.
    """
    from customs_risk.warehouse import connect

    with connect() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        return sum(_shadow(challenger) for challenger in challengers())


def _shadow(challenger: Challenger) -> int:
    from customs_risk.warehouse import append_arrow, stream_arrow

    try:
        model = registry.of_version(challenger.version)
    except OtherFeaturesError:
        _retire(challenger, "made for other features · 特征集已变更")
        return 0
    return sum(
        append_arrow("ml", "shadow_scores", _scores(waiting, model))
        for waiting in stream_arrow(_unscored(challenger))
        if waiting.num_rows
    )


def _unscored(challenger: Challenger) -> str:
    """Return the query of what the champion concluded on and the challenger did not score yet.

    A conclusion is never more than a step behind: the last day before the newest is enough.
    """
    return f"""
        select
            features.*,
            drawn.as_of as known_at
        from ml.conclusions as drawn
        inner join intermediate.int_declaration_features as features
            using (importer_id, declaration_id)
        where
            drawn.model_version = '{challenger.champion}'
            and drawn.assessed_at >= greatest('{challenger.both_made_at.isoformat()}', (
                select max(scored_at) - interval '1 day' from ml.shadow_scores
                where model_version = '{challenger.version}'
            ))
            and drawn.conclusion_no = 1
            and not exists (
                select 1 from ml.shadow_scores as scored
                where
                    scored.model_version = '{challenger.version}'
                    and scored.importer_id = drawn.importer_id
                    and scored.declaration_id = drawn.declaration_id
            )
    """


def _scores(waiting: "pa.RecordBatch", model: Registered) -> "pa.Table":
    import pyarrow as pa

    from ml import score

    columns = ["model_version", "importer_id", "declaration_id"]
    columns += ["likelihood", "expected_revenue_cny", "ranking_score"]
    return pa.Table.from_pandas(score.conclusions(waiting, model)[columns], preserve_index=False)


# -- the verdict ----------------------------------------------------------------------------------


def judge() -> str | None:
    """Hold each challenger against the active model; return the version that serves now instead.

    Nothing happens to a challenger until there are new results that neither model learned from.
    """
    policy = Policy()
    for challenger in challengers():
        said, comparison = _comparison(challenger, policy)
        if said == "not worse" and challenger.is_newer:
            registry.promote(
                challenger.version, _by_policy("shown not to be worse · 经验证不差", comparison)
            )
            return challenger.version
        if said == "worse" and not challenger.is_newer:
            reason = "its successor turned out worse · 后继模型较差"
            return registry.roll_back(_by_policy(reason, comparison), to=challenger.version)
        if said == "worse":
            _retire(challenger, "worse than the active model · 差于现用模型", comparison)
        elif said == "not worse":
            _retire(challenger, "its successor is not worse · 后继模型不差", comparison)
    _retire_what_lasted_too_long(policy)
    return None


def challengers() -> list[Challenger]:
    """Return the models that are compared with the active one, the newest first."""
    from customs_risk.warehouse import connect

    with connect() as connection:
        return [Challenger(*row) for row in connection.execute(_CHALLENGERS).fetchall()]


_CHALLENGERS = """
select
    models.model_version,
    active.model_version,
    models.trained_at > active.trained_at,
    roles.since,
    greatest(models.trained_at, active.trained_at),
    greatest(models.label_window_to, active.label_window_to),
    coalesce((
        select max((events.evidence ->> 'labels')::bigint)
        from ml.model_events as events
        where
            events.model_version = models.model_version
            and events.other_version = active.model_version
            and events."event" = 'compared'
    ), 0)
from ml.models as models
inner join ml.model_roles as roles using (model_version)
inner join ml.models as active on active.is_active
where roles."role" = 'challenger'
order by models.trained_at desc, models.model_version desc
"""


def _comparison(challenger: Challenger, policy: Policy) -> tuple[Verdict, dict[str, Any]]:
    """Compare a challenger with the champion if there are new results, and keep what it showed."""
    evidence = _evidence(challenger)
    if evidence.found.size <= challenger.compared_labels or not policy.has_enough(evidence.found):
        return "open", {}
    measures = {name: paired.measure(evidence, name, policy.bootstrap) for name in paired.MEASURES}
    margins = {
        "average_precision": configured().activation_tolerance,
        "brier": policy.brier_margin,
    }
    said = paired.verdict(measures, margins)
    comparison = {
        "labels": int(evidence.found.size),
        "findings": int(evidence.found.sum()),
        "newer": challenger.version if challenger.is_newer else challenger.champion,
        "measures": {name: asdict(measured) for name, measured in measures.items()},
        "margins": margins,
        "verdict": said,
    }
    registry.note_comparison(
        challenger.version, challenger.champion, _by_policy(_SAID[said], comparison)
    )
    return said, comparison


_SAID: dict[Verdict, str] = {
    "worse": "the newer model is worse · 新模型较差",
    "not worse": "the newer model is not worse · 新模型不差",
    "open": "not told yet · 尚无定论",
}


def _evidence(challenger: Challenger) -> Evidence:
    from customs_risk.warehouse import read_arrow

    rows = read_arrow(
        _RESULTS.read_text(encoding="utf-8").format(
            challenger=challenger.version,
            champion=challenger.champion,
            learned_until=challenger.learned_until,
            today=_today(),
        )
    ).to_pandas()
    sides = [
        Side(
            rows[f"{name}_score"].to_numpy(float),
            rows[f"{name}_likelihood"].to_numpy(float),
            rows[f"{name}_is_first"].to_numpy(bool),
        )
        for name in ("champion", "challenger")
    ]
    most = configured().most_counted_as
    older, newer = sides if challenger.is_newer else reversed(sides)
    return Evidence(
        rows["found"].to_numpy(float),
        rows["revenue_cny"].to_numpy(float),
        np.minimum(1 / rows["selection_probability"].to_numpy(float), most),
        older,
        newer,
    )


def _retire_what_lasted_too_long(policy: Policy) -> None:
    for place, challenger in enumerate(challengers()):
        if place >= policy.max_challengers:
            _retire(challenger, "newer challengers took its place · 已有更新的候选模型")
        elif _now() - challenger.since > timedelta(days=policy.shadow_days):
            _retire(challenger, "could not be told in time · 期限内未能得出结论")


def _retire(challenger: Challenger, reason: str, comparison: dict[str, Any] | None = None) -> None:
    decision = _by_policy(reason, comparison or {})
    registry.retire(challenger.version, decision, other=challenger.champion)


def _by_policy(reason: str, comparison: dict[str, Any]) -> Decision:
    return Decision(POLICY, reason, is_policy=True, evidence=comparison)


def _now() -> datetime:
    from customs_risk.clock import present
    from customs_risk.warehouse import connect

    with connect() as connection:
        return present(connection)


def _today() -> date:
    from customs_risk.clock import business_day

    return business_day(_now())
