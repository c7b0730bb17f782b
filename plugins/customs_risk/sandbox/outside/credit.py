"""A credit bureau's reports on enterprises: who they are, how they are rated, what was punished."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from customs_risk.sandbox.chance import draw, generator
from customs_risk.sandbox.names import importer_name
from customs_risk.sandbox.outside.basis import Rng, early, number_of, offending, pick, spoil
from customs_risk.sandbox.outside.publisher import Publisher
from customs_risk.sandbox.signals import enterprise_status

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Json = dict[str, object]
_REPORTS_PER_DAY = 12
_AHEAD_DAYS = 15  # a bureau often sees trouble before customs does
_COPIED_AFTER_DAYS = 3
_GOOD, _BAD = ["AAA", "AA", "A", "BBB"], ["BB", "B", "CCC", "CC", "D"]
_PUNISHED_BY = {
    "tax": ("国家税务总局上海市税务局", "偷税", "虚开发票，少缴税款"),
    "quality": ("上海市市场监督管理局", "产品质量", "销售不合格产品"),
    "customs": ("上海海关", "申报不实", "价格申报不实，影响税款征收"),
    "foreign_exchange": ("国家外汇管理局上海市分局", "逃汇", "进口付汇无真实贸易背景"),
}
_FAMILY_NAMES = list("王李张刘陈杨赵黄周吴")
_GIVEN_NAMES = ["伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "勇", "军"]


def enterprise_credit(world: World, day: date) -> list[Json] | None:
    """The day's new reports: some on firms that offend or soon will, most on others."""
    number = number_of(world, day)
    rng = generator(world.seed, "enterprise_credit", number)
    parties = world.parties
    bad = offending(world.offenders.importers, number + _AHEAD_DAYS, len(parties.importer_id))
    noticed = rng.permutation(bad)[: int(rng.binomial(_REPORTS_PER_DAY, 0.25))].tolist()
    ordinary = draw(rng, parties.importer_size, _REPORTS_PER_DAY - len(noticed)).tolist()
    # a firm has one report a day: on what a department told, or on itself
    reports = {
        code: _report(rng, code, day, [_retold(notice)], is_doubtful=True)
        for code, notice in _notices(world, day).items()
    }
    for position in [*noticed, *ordinary]:
        code = str(parties.importer_id[position])
        if code not in reports:
            is_doubtful = bool(rng.random() < (0.8 if position in noticed else 0.06))
            sanctions = [_sanction(rng, day)] if is_doubtful and rng.random() < 0.7 else []
            reports[code] = _report(rng, code, day, sanctions, is_doubtful=is_doubtful)
    return spoil(rng, list(reports.values()), _without_code)


def _notices(world: World, day: date) -> dict[str, Json]:
    """Penalties that departments told three days ago: a bureau copies what is published."""
    told_on = day - timedelta(_COPIED_AFTER_DAYS)
    if told_on.weekday() > 4:
        return {}
    told = enterprise_status(
        world.seed, told_on, number_of(world, told_on), world.parties, world.offenders
    )
    penalties = told[(told["msg_type"] == "administrative_penalty") & (told["status"] == "active")]
    return {
        str(each["subject_uscc"]): {str(name): cell for name, cell in each.items()}
        for each in penalties.to_dict("records")
    }


def _retold(notice: Json) -> Json:
    particulars = notice["payload"]
    assert isinstance(particulars, dict)
    return {
        "punishNumber": notice["ref_no"],
        "type": "foreign_exchange",
        "cause": "逃汇",
        "content": "进口付汇无真实贸易背景",
        "departmentName": notice["agency"],
        "decisionDate": str(notice["valid_from"]),
        "amount": particulars.get("amount_cny"),
    }


def _report(rng: Rng, code: str, day: date, sanctions: list[Json], *, is_doubtful: bool) -> Json:
    rating = pick(rng, _BAD if is_doubtful else _GOOD)
    updated = early(rng, day, "Asia/Shanghai")
    founded = date(int(rng.integers(1996, 2024)), int(rng.integers(1, 13)), 1)
    return {
        "reportId": f"EC{day:%Y%m%d}{code[-10:]}",
        "updateTime": f"{updated:%Y-%m-%dT%H:%M:%S+08:00}",
        "baseInfo": {
            "name": importer_name(code),
            "creditCode": code,
            "legalPersonName": pick(rng, _FAMILY_NAMES) + pick(rng, _GIVEN_NAMES),
            "regCapital": f"{int(rng.integers(1, 100)) * 100}万人民币",
            "establishDate": str(founded),
            "creditRating": rating,
            "status": "经营异常" if is_doubtful and rng.random() < 0.3 else "存续",
        },
        "sanction": sanctions,
        "creditRating": [
            {"year": day.year - back, "rating": rating if back == 0 else pick(rng, _GOOD)}
            for back in range(3)
        ],
    }


def _sanction(rng: Rng, day: date) -> Json:
    kind = pick(rng, list(_PUNISHED_BY))
    department, cause, content = _PUNISHED_BY[kind]
    return {
        "punishNumber": f"〔{day.year}〕{int(rng.integers(1, 9999))}号",
        "type": kind,
        "cause": cause,
        "content": content,
        "departmentName": department,
        "decisionDate": str(day - timedelta(int(rng.integers(5, 40)))),
        "amount": round(float(rng.lognormal(10, 1)), 2),
    }


def _without_code(report: Json) -> Json:
    known = report["baseInfo"]
    assert isinstance(known, dict)
    return report | {"baseInfo": known | {"creditCode": None}}


PUBLISHERS = (Publisher("enterprise_credit", enterprise_credit),)
