"""The card of a model, in both languages: what it is for, what it learned, how far to trust it.

After Mitchell et al. (2019), "Model cards for model reporting". Its figures come from the model's
record alone, so the same model always has the same card; what happened to it since is added when
somebody asks (``read``). Intervals are of 95 %: of an area under the curve after Hanley and McNeil
(1982), of an average precision on the log-odds after Boyd, Eng and Page (2013), of a share after
Wilson (1927).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import exp, log, sqrt
from typing import Any

from ml.dictionary import GROUPS, placed
from ml.features import BY_NAME

Interval = tuple[float, float, float]  # value, low, high

_Z = 1.96
_SHARE = "at_5_pct"

_RANKED_BY = {
    "model": ("this model", "本模型"),
    "model_by_value": ("this model, by likelihood × √revenue", "本模型（概率×√补税）"),
    "importer_rate": ("baseline: find rate of the importer", "基线：进口商查获率"),
    "price": ("baseline: low price", "基线：低报价格规则"),
    "plain_xgboost": ("baseline: XGBoost on plain columns", "基线：原始字段XGBoost"),
}
_CALIBRATED = {
    "uncalibrated": (
        "- as learned: Brier score {brier:.4f}, expected calibration error {calibration_error:.4f}",
        "- 校准前：Brier 分数 {brier:.4f}，期望校准误差 {calibration_error:.4f}",
    ),
    "calibrated": (
        "- calibrated: Brier score {brier:.4f}, expected calibration error {calibration_error:.4f}",
        "- 校准后：Brier 分数 {brier:.4f}，期望校准误差 {calibration_error:.4f}",
    ),
}


@dataclass(frozen=True)
class Card:
    """What a model's record tells; ``metrics`` as ml.train measures them."""

    version: str
    window: tuple[date, date]
    config: dict[str, Any]
    config_hash: str
    metrics: dict[str, Any]
    artefact_sha256: str

    def english(self) -> str:
        """Return the card in English, as Markdown."""
        told, holdout = self.metrics, self.metrics.get("holdout", {})
        return f"""\
# Model {self.version}

## What it is for
It estimates how likely it is that an inspection of a goods declaration finds a violation, and how
much additional duty a finding would bring, so that the inspections that an office can make go
where they find most (Order 271, Articles 10 and 12). It decides nothing: lanes and inspections are
chosen by a published rule, and a share of them at random.

## What it learned from
- results known from {self.window[0]} to {self.window[1]}: {_count(told, "labels")} inspected
  declarations, {_count(told, "findings")} of them with a finding
- base rate that its levels are relative to: {_percent(told.get("base_rate"))}
- settings: {self.config_hash}
- artefact (SHA-256): {self.artefact_sha256}

## How its labels came about
Only what was inspected has a label, and most of that was inspected because an earlier model, a
rule or an officer expected a finding. "Not inspected" is never taken for "clean". Inspections
drawn at random, with known probability, are what shows how far the rest differs.

## What it reads
{_lines(f"- {GROUPS[group][0]}: {count} features" for group, count in self.groups())}

A feature holds only what was known on days strictly before the declaration's own; each one's
meaning, source and leak check are in assessment.feature_dictionary.

## How good it is
Measured forward in time on {_count(holdout, "rows")} declarations of {holdout.get("from")} to
{holdout.get("to")} with {_count(holdout, "findings")} findings, which none of the rows below
learned from. They had been selected for inspection: these are no figures of all trade.

| ranked by | AUC | average precision | precision in the first 5 % | revenue in the first 5 % |
|---|---|---|---|---|
{_lines(self.rows(language=0))}

## How true its likelihoods are
On the same declarations:
{self.calibration(language=0)}

## What it cannot do
- It knows nothing of goods, parties and routes that were never inspected, beyond what such ones
  have in common with others.
- It ages: see its drift, below or in assessment.model_drift. Beyond the thresholds a new training
  is due.
- A likelihood is of what an inspection finds, not of what there is: inspections miss some.
- The published test data for such models are synthetic; results there do not carry over.

## Who may use it
Officers who assess and control risk, and those who supervise them, within their jurisdiction. Not
for decisions about natural persons, not as evidence against a party, and not outside customs. Its
reasons may be told to others only as far as the class of their data allows (Article 5).

## Licences
The licence of the data is not known to this system: declarations and results are the
administration's own, and each feed's contract names its owner, but none states a licence.
"""

    def chinese(self) -> str:
        """Return the card in Chinese, as Markdown."""
        told, holdout = self.metrics, self.metrics.get("holdout", {})
        return f"""\
# 模型 {self.version}

## 用途
估计对一份货物报关单实施查验时查获违规的可能性，以及查获后的预计补税额，使各关区有限的查验力量用于最有成效之处
（海关总署令第271号第十条、第十二条）。模型本身不作决定：通道与查验对象按公布的规则确定，其中一部分随机抽取。

## 训练数据
- 结果获知时间：{self.window[0]} 至 {self.window[1]}；已查验报关单 {_count(told, "labels")} 份，\
其中查获 {_count(told, "findings")} 份
- 风险等级所依据的基准查获率：{_percent(told.get("base_rate"))}
- 配置指纹：{self.config_hash}
- 模型文件（SHA-256）：{self.artefact_sha256}

## 标签如何产生
只有经过查验的报关单才有标签，且多数是因为此前的模型、规则或关员预计会有查获才被选中。
“未查验”绝不视为“无问题”。按已知概率随机抽取的查验用于衡量其余部分与之相差多少。

## 输入特征
{_lines(f"- {GROUPS[group][1]}：{count} 个特征" for group, count in self.groups())}

特征只含报关单当日之前（不含当日）已获知的信息；
各特征的含义、来源与防泄漏说明见 assessment.feature_dictionary。

## 效果
以时间在后的 {_count(holdout, "rows")} 份报关单检验（{holdout.get("from")} 至 {holdout.get("to")}，\
查获 {_count(holdout, "findings")} 份），下表各行均未从中学习。
这些报关单是被选中查验的，数字不代表全部贸易。

| 排序依据 | AUC | 平均精确率 | 前5%查获率 | 前5%补税占比 |
|---|---|---|---|---|
{_lines(self.rows(language=1))}

## 概率是否可信
同一批报关单：
{self.calibration(language=1)}

## 局限
- 对从未查验过的商品、当事人与路线，除与其他对象的共同点外一无所知。
- 模型会老化：漂移情况见下文或 assessment.model_drift；超过阈值即应重新训练。
- 概率指查验能够查获的可能性，而非违规存在的可能性：查验也会遗漏。
- 此类模型的公开测试数据为合成数据，其结果不能外推。

## 使用范围
供风险评估、布控人员及其监督人员在各自管辖范围内使用。不得用于对自然人作出决定，不得作为对当事人不利的证据，
不得在海关以外使用。风险因素仅可在数据密级允许的范围内告知他人（第五条）。

## 许可
本系统不掌握数据的使用许可：报关单与查验结果归海关所有，各数据源合约载明其所有者，但均未说明许可条款。
"""

    def groups(self) -> list[tuple[str, int]]:
        """Return the groups of features that the model reads, with how many each has."""
        names = [name for name in self.config.get("features", []) if name in BY_NAME]
        counts = Counter(placed(name)[0] for name in names)
        return [(group, counts[group]) for group in GROUPS if counts[group]]

    def rows(self, language: int) -> Iterator[str]:
        """Yield a row of the table of measures for the model and each of its rivals."""
        holdout = self.metrics.get("holdout", {})
        size, findings = holdout.get("rows", 0), holdout.get("findings", 0)
        rankings = self.metrics.get("rankings", {})
        for name, titles in _RANKED_BY.items():
            if name not in rankings:
                continue
            measured = rankings[name]
            first, ahead = measured[_SHARE], max(1, int(0.05 * size))
            cells = (
                titles[language],
                _shown(area_interval(measured["auc"], findings, size - findings)),
                _shown(precision_interval(measured["average_precision"], findings)),
                _shown(share_interval(first["precision"], ahead)),
                _percent(first["revenue"]),
            )
            yield f"| {' | '.join(cells)} |"

    def calibration(self, language: int) -> str:
        """Return the Brier score and the calibration error, before and after calibration."""
        return _lines(
            _CALIBRATED[name][language].format(**self.metrics[name])
            for name in _CALIBRATED
            if self.metrics.get(name)
        )


def read(version: str) -> str:
    """Return a model's card in both languages, with what happened to it and how it drifts now.

    Raises UnknownModel if there is none of that version.
    """
    from customs_risk.warehouse import connect
    from ml.registry import UnknownModel

    with connect() as connection:
        written = connection.execute(
            "select card_en, card_zh from ml.model_cards where model_version = %s", [version]
        ).fetchone()
        if written is None:
            raise UnknownModel(f"there is no card of a model {version}")
        life = connection.execute(_LIFE, [version]).fetchall()
        drift = connection.execute(_DRIFT, [version]).fetchall()
    events = _lines(
        f"- {happened_on}: {event}{f' ({other})' if other else ''}, {by}: {reason}"
        for happened_on, event, other, by, reason in life
    )
    drifted = _lines(f"- {day}: {en} · {zh}" for day, en, zh in drift)
    return (
        f"{written[0]}\n{written[1]}\n## Its life · 历程\n{events}\n\n"
        f"## Its drift · 漂移\n{drifted or '- not observed yet · 尚未观测'}\n"
    )


_LIFE = """
select happened_at::date, "event", other_version, decided_by, reason
from ml.model_events
where model_version = %s
order by event_no
"""

_DRIFT = """
select observed_on, words_en, words_zh
from ml.drift
where
    measure <> 'feature'
    and (model_version, observed_on) in (
        select model_version, max(observed_on) from ml.drift
        where model_version = %s
        group by model_version
    )
order by measure, subject
"""


def area_interval(area: float | None, findings: int, clean: int) -> Interval | None:
    """Return an area under the curve with its interval (Hanley and McNeil)."""
    if area is None or not findings or not clean:
        return None
    one = area / (2 - area) - area**2
    other = 2 * area**2 / (1 + area) - area**2
    variance = (area * (1 - area) + (findings - 1) * one + (clean - 1) * other) / (findings * clean)
    spread = _Z * sqrt(max(variance, 0.0))
    return area, max(0.0, area - spread), min(1.0, area + spread)


def precision_interval(precision: float | None, findings: int) -> Interval | None:
    """Return an average precision with its interval on the log-odds (Boyd, Eng and Page)."""
    if precision is None or not 0 < precision < 1 or not findings:
        return None
    odds, spread = (
        log(precision / (1 - precision)),
        _Z / sqrt(findings * precision * (1 - precision)),
    )
    return precision, 1 / (1 + exp(spread - odds)), 1 / (1 + exp(-spread - odds))


def share_interval(share: float | None, size: int) -> Interval | None:
    """Return a share of ``size`` with its interval (Wilson)."""
    if share is None or not size:
        return None
    square = _Z**2 / size
    middle = (share + square / 2) / (1 + square)
    spread = sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
    return share, middle - spread, middle + spread


def _shown(interval: Interval | None) -> str:
    return "–" if interval is None else "{:.3f} ({:.3f}–{:.3f})".format(*interval)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _count(told: dict[str, Any], name: str) -> str:
    return f"{told.get(name, 0):,}"


def _lines(lines: Any) -> str:
    return "\n".join(lines)
