"""The file of a case that an assessor is handed: what the undertaking covers, and no more.

External assessors have no login: what they read of a case is this file. It holds what was declared,
without the model's conclusion or any result, so that what they say is their own. A column is shown
if its class (access/classes.py) is covered; who was handed what is in the log of reading.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.access.classes import columns_of_class
from customs_risk.experts.refusals import Question, importer_of, refusal
from expectations.contract import CLASSES

# what a case is told by, in this order; the columns of a mart of core, and what people call them
FACTS = {
    "declarations": {
        "declaration_id": "declaration 报关单号",
        "declared_at": "declared at 申报时间",
        "office_code": "office 关区",
        "trade_mode": "supervision mode 监管方式",
        "import_use": "use 用途",
        "transport_mode": "mode of transport 运输方式",
        "conveyance_name": "conveyance 运输工具名称",
        "bill_no": "bill 提运单号",
        "container_numbers": "containers 集装箱号",
        "departure_country": "departure 启运国",
        "declarant_id": "declarant 申报单位",
        "importer_id": "importer 进口人代码",
        "importer_name": "importer's name 进口人名称",
        "importer_credit_tier": "importer's tier 进口人信用等级",
        "seller_id": "seller 境外卖方",
        "seller_name": "seller's name 境外发货人名称",
    },
    "declaration_lines": {
        "line_no": "line 项号",
        "goods_code": "goods code 商品编码",
        "hs6": "commodity 商品编码前六位",
        "goods_name": "goods 品名",
        "origin_country": "origin 原产国",
        "tax_rate_pct": "duty rate, % 税率（%）",
        "net_mass_kg": "net mass, kg 净重（千克）",
        "line_value": "value in the currency of trade 成交币制总价",
        "line_currency": "currency of trade 币制",
        "declared_value_cny": "declared value, CNY 申报价值（元）",
    },
}

_COVERED = """
    select covers from ops.assessor_undertakings
    where assessor_id = %s and ops.standing(valid_from, valid_to, revoked_on, %s) = 'valid'
"""

_LOG = """
    insert into access.log (
        login, reader, mart, class, query, application, backend, statement_at
    )
    values (
        session_user, %s, %s, %s, %s, 'customs-risk expert case', pg_backend_pid(),
        statement_timestamp()
    )
"""


@dataclass(frozen=True)
class CaseFile:
    """What an assessor is shown of a case: rows by mart, and the columns that are kept back."""

    declaration_id: str
    assessor_id: str
    covers: str
    shown: dict[str, list[dict[str, Any]]]
    withheld: dict[str, list[str]]

    def document(self) -> bytes:
        """Return the file's bytes: JSON, in UTF-8."""
        return json.dumps(vars(self), default=str, ensure_ascii=False, indent=1).encode()


def hand_out(question: Question, *, asked_by: str) -> CaseFile:
    """Return the case file that an assessor may be handed, and log that it was.

    Raises:
        Refused: the assessor may not assess the case; it is noted in ops.expert_refusals.
        UnknownDeclaration: there is no such declaration.
    """
    with warehouse.connect() as connection:
        moment = clock.present(connection)
        importer_of(connection, question)
        refused = refusal(connection, question, "case", moment=moment, asked_by=asked_by)
        if refused is None:
            day = clock.business_day(moment)
            covered = connection.execute(_COVERED, [question.assessor_id, day]).fetchall()
            case = _case(connection, question, max((c for (c,) in covered), key=CLASSES.index))
            _log(connection, case, asked_by)
            return case
    raise refused


def _case(connection: Connection, question: Question, covers: str) -> CaseFile:
    classes = CLASSES[: CLASSES.index(covers) + 1]
    shown, withheld = {}, {}
    for mart, facts in FACTS.items():
        open_ = columns_of_class(*classes)[mart]
        columns = [name for name in facts if name in open_]
        withheld[mart] = [name for name in facts if name not in open_]
        query = sql.SQL("select {} from {} where declaration_id = %s order by {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier("core", mart),
            sql.Identifier(next(iter(facts))),
        )
        cursor = connection.cursor(row_factory=dict_row)
        shown[mart] = cursor.execute(query, [question.subject_key]).fetchall()
    return CaseFile(question.subject_key, question.assessor_id, covers, shown, withheld)


def _log(connection: Connection, case: CaseFile, asked_by: str) -> None:
    digest = hashlib.sha256(case.document()).hexdigest()
    told = f"case file of {case.declaration_id}, sha256 {digest}, handed out by {asked_by}"
    for mart in case.shown:
        connection.execute(_LOG, [case.assessor_id, f"core.{mart}", case.covers, told])
