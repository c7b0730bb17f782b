"""What departments, parties and the courts tell: notices, self-reports, tips, answers."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import TYPE_CHECKING

from customs_risk.sandbox.chance import generator
from customs_risk.sandbox.outside.basis import Rng, early, number_of, pick, spoil
from customs_risk.sandbox.outside.dealings import Dealing, some_dealing
from customs_risk.sandbox.outside.publisher import Publisher

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Json = dict[str, object]
_LOCAL = "Asia/Shanghai"
# kind of notice: who issues it, why, and how often
_DEPARTMENTS = {
    "food_safety_penalty": ("国家市场监督管理总局", "经营超过保质期的食品", 3),
    "quality_failure": ("国家市场监督管理总局", "产品质量监督抽查不合格", 3),
    "tax_fraud": ("国家税务总局", "虚开增值税专用发票", 2),
    "foreign_exchange_breach": ("国家外汇管理局", "无真实交易背景的对外付汇", 2),
    "administrative_penalty": ("生态环境部", "擅自转移固体废物", 2),
    "infringement_ruling": ("国家知识产权局", "侵犯注册商标专用权", 2),
    "forged_certificate": ("国家认证认可监督管理委员会", "使用伪造的检验证书", 1),
    "export_control_breach": ("商务部", "未经许可买卖两用物项", 1),
    "drug_crime_lead": ("公安部禁毒局", "非法买卖易制毒化学品", 1),
}
_EATEN = ("food", "wine")
_DISEASES = ("非洲猪瘟", "口蹄疫", "高致病性禽流感", "柑橘黄龙病", "地中海实蝇")
_OTHERS = {
    "court_ruling": ("上海知识产权法院", "海关风险管理办法第六条", "判决认定交易单据虚假"),
    "mutual_assistance_answer": (
        "境外海关协查复函",
        "中国与欧盟海关行政互助协定",
        "出口申报价格高于进口申报价格",
    ),
    "industry_association_alert": (
        "中国纺织品进出口商会",
        "海关法第十三条",
        "同类商品低价进口异常",
    ),
    "right_holder_alert": ("某品牌权利人", "知识产权海关保护条例第十二条", "疑似侵权货物即将进口"),
}
_DOMAINS = {
    "food": "food_safety",
    "wine": "food_safety",
    "brand": "ipr",
    "apparel": "ipr",
    "waste": "prohibited_restricted",
}
_OWN_FAULTS = (
    "自查发现申报的原产地有误，货物实际由第三国生产。",
    "内部审计发现漏报特许权使用费。",
    "收货后清点，实际数量多于申报数量。",
    "仓库发现部分批次温度记录超标。",
)
_TIPS = (
    "该公司长期以低于成本的价格申报，差额通过境外账户支付。",
    "同批货物里夹藏未申报的物品，外箱标签被更换。",
    "货物的原产地证书是买来的，工厂并不在证书上的国家。",
    "进口产品在境内加贴生产日期。",
)
_MEASURES = (
    ("stopped_sale", "已停止销售并封存库存"),
    ("recalled", "已通知下游客户召回"),
    ("destroyed", "已在监督下销毁问题批次"),
    ("supplier_replaced", "已更换境外供应商"),
    ("duty_prepaid", "已预缴可能的税款差额"),
)
_ANSWERS = (
    "随附合同、发票、付汇凭证及运输单证，申报价格与实际支付一致。",
    "商品由供应商授权销售，随附授权链文件与采购记录。",
    "检测不合格批次尚未销售，随附库存台账与封存照片。",
    "相关单证由报关代理保管，已函请其提供，预计五个工作日内补齐。",
)


def department_notices(world: World, day: date) -> list[Json]:
    """Three to nine notices a day, one in ten about goods of a country with a disease."""
    rng = generator(world.seed, "department_notices", number_of(world, day))
    notices = [_notice(world, rng, day, n) for n in range(3 + int(rng.poisson(3)))]
    return spoil(rng, notices, lambda notice: notice | {"msg_type": "rumour"})


def other_notices(world: World, day: date) -> list[Json] | None:
    """One or two notices every third day, each with the provision that allows its use."""
    number = number_of(world, day)
    if number % 3 != 1:
        return None
    rng = generator(world.seed, "other_notices", number)
    notices = [_other_notice(world, rng, day, n) for n in range(1 + int(rng.poisson(0.7)))]
    return spoil(rng, notices, lambda notice: notice | {"legal_basis": None})


def party_reports(world: World, day: date) -> list[Json]:
    """One to four reports a day: one in three about oneself, the others about someone else."""
    rng = generator(world.seed, "party_reports", number_of(world, day))
    reports = [_report(world, rng, day, n) for n in range(1 + int(rng.poisson(1.5)))]
    return spoil(rng, reports, lambda report: report | {"narrative": ""})


def information_answers(world: World, day: date) -> list[Json] | None:
    """Answers to requests for information, every third day."""
    number = number_of(world, day)
    if number % 3 != 0:
        return None
    rng = generator(world.seed, "information_answers", number)
    answers = [_answer(world, rng, day, n) for n in range(1 + int(rng.poisson(1)))]
    return spoil(rng, answers, lambda answer: answer | {"is_complete": "partly"})


def _notice(world: World, rng: Rng, day: date, n: int) -> Json:
    if rng.random() < 0.1:
        return _quarantine_alert(world, rng, day, n)
    weights = [weight for *_, weight in _DEPARTMENTS.values()]
    kind = str(rng.choice(list(_DEPARTMENTS), p=[each / sum(weights) for each in weights]))
    agency, reason, _ = _DEPARTMENTS[kind]
    dealing = some_dealing(world, rng, number_of(world, day))
    payload: Json = {
        "subject_name": dealing.importer,
        "reason": reason,
        "amount_cny": int(rng.lognormal(10.5, 1.2)),
    }
    notice = _envelope(rng, day, f"BM{day:%Y%m%d}{n:04d}", agency, kind)
    return notice | {"subject_uscc": dealing.importer_id, "payload": payload}


def _quarantine_alert(world: World, rng: Rng, day: date, n: int) -> Json:
    dealing = some_dealing(world, rng, number_of(world, day), _EATEN)
    payload: Json = {
        "hs": dealing.hs6[:4],
        "country": dealing.origin,
        "reason": f"{pick(rng, _DISEASES)}疫情，暂停相关产品输华",
    }
    notice = _envelope(rng, day, f"BM{day:%Y%m%d}{n:04d}", "农业农村部", "quarantine_alert")
    return notice | {"subject_uscc": None, "payload": payload}


def _other_notice(world: World, rng: Rng, day: date, n: int) -> Json:
    kind = pick(rng, list(_OTHERS))
    agency, legal_basis, reason = _OTHERS[kind]
    dealing = some_dealing(world, rng, number_of(world, day))
    payload: Json = {
        "subject_name": dealing.importer,
        "hs": dealing.hs6,
        "country": dealing.origin,
        "reason": reason,
    }
    notice = _envelope(rng, day, f"QT{day:%Y%m%d}{n:04d}", agency, kind)
    return notice | {
        "subject_uscc": dealing.importer_id,
        "legal_basis": legal_basis,
        "payload": payload,
    }


def _envelope(rng: Rng, day: date, message_id: str, agency: str, kind: str) -> Json:
    has_end = rng.random() < 0.5
    return {
        "message_id": message_id,
        "agency": agency,
        "msg_type": kind,
        "ref_no": f"〔{day.year}〕{int(rng.integers(1, 99_999))}号",
        "valid_from": str(day),
        "valid_to": str(day + timedelta(365)) if has_end else None,
        "status": "withdrawn" if rng.random() < 0.05 else "active",
        "issued_at": early(rng, day, _LOCAL).isoformat(),
    }


def _report(world: World, rng: Rng, day: date, n: int) -> Json:
    dealing = some_dealing(world, rng, number_of(world, day))
    report_id = f"BG{day:%Y%m%d}{n:04d}"
    is_own = rng.random() < 1 / 3
    told = _self_report(rng, dealing, day) if is_own else _tip(rng, report_id)
    return {
        "report_id": report_id,
        "received_at": early(rng, day, _LOCAL).isoformat(),
        "subject": {
            "type": "goods",
            "uscc": dealing.importer_id if is_own or rng.random() < 0.5 else None,
            "name": dealing.importer,
            "hs6": dealing.hs6,
            "origin_country": dealing.origin,
        },
        "domain": _DOMAINS.get(dealing.category, "tax"),
        **told,
    }


def _self_report(rng: Rng, dealing: Dealing, day: date) -> Json:
    measures: list[Json] = [
        {"kind": kind, "detail": detail, "taken_on": str(day - timedelta(1))}
        for kind, detail in _MEASURES
        if rng.random() < 0.3
    ]
    return {
        "report_kind": "self_report",
        "reporter": {"role": "importer", "name": dealing.importer, "contact": _telephone(rng)},
        "narrative": pick(rng, _OWN_FAULTS),
        "measures_taken": measures,
        "evidence": [_file(dealing.importer_id, "自查报告.pdf")],
    }


def _tip(rng: Rng, report_id: str) -> Json:
    is_anonymous = rng.random() < 0.4
    known: Json = {"name": f"举报人{int(rng.integers(1, 999)):03d}", "contact": _telephone(rng)}
    role = pick(rng, ("employee", "competitor", "citizen", "carrier", "traveller"))
    return {
        "report_kind": "tip",
        "reporter": {"role": role} | ({} if is_anonymous else known),
        "narrative": pick(rng, _TIPS),
        "measures_taken": None,
        "evidence": [_file(report_id, "照片.jpg")] if rng.random() < 0.3 else [],
    }


def _answer(world: World, rng: Rng, day: date, n: int) -> Json:
    dealing = some_dealing(world, rng, number_of(world, day))
    due_on = day + timedelta(int(rng.integers(-2, 10)))
    text = pick(rng, _ANSWERS)
    return {
        "request_id": f"IR-{due_on:%Y%m%d}-{_sha256(f'{dealing.importer_id}/{n}')[:10]}",
        "party_id": dealing.importer_id,
        "answered_at": early(rng, day, _LOCAL).isoformat(),
        "answer": text,
        "is_complete": "补齐" not in text,
        "attachments": [_file(dealing.importer_id, name) for name in ("合同.pdf", "发票.pdf")],
    }


def _file(owner: str, name: str) -> Json:
    return {"name": name, "sha256": _sha256(f"{owner}/{name}")}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _telephone(rng: Rng) -> str:
    # 170 0000: a block that no operator gives out
    return f"1700000{int(rng.integers(10_000)):04d}"


PUBLISHERS = (
    Publisher("department_notices", department_notices),
    Publisher("other_notices", other_notices),
    Publisher("party_reports", party_reports),
    Publisher("information_answers", information_answers),
)
