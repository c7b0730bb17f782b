"""From each article of Order 271 to its tables, their columns and what tests them, as one page."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from customs_risk.catalogue.articles import Article, Order
from customs_risk.catalogue.tables import BETWEEN_LANGUAGES, Table
from customs_risk.words import Words

# from what an analyst reads back to what was delivered
LAYERS = {
    "marts": Words("marts: what analysts and pages read", "集市层：供分析与页面使用"),
    "written": Words("written by the code", "由程序写入"),
    "reference": Words("reference data", "参考数据"),
    "history": Words("history of what people edit", "人工维护数据的历史"),
    "intermediate": Words("intermediate", "中间层"),
    "staging": Words("staging", "暂存层"),
    "raw": Words("deliveries", "交付数据"),
}
STATES = {
    "silent": Words("asks for no data", "不涉及数据"),
    "not_yet": Words("not yet", "尚未实现"),
    "partly": Words("in part", "部分实现"),
    "delivered": Words("delivered", "已实现"),
    "missing": Words("missing", "缺失"),
}


@dataclass(frozen=True)
class Trace:
    """One article, with the tables that deliver it and the tests that show it."""

    article: Article
    tables: tuple[Table, ...]
    tests: tuple[str, ...]
    not_yet: Words | None

    @property
    def state(self) -> str:
        """How far the article is delivered."""
        if not self.article.asks_for_data:
            return "silent"
        if self.not_yet:
            return "not_yet"
        if not self.tables or not self.tests:
            return "missing"
        return "partly" if self.article.later else "delivered"


def trace(order: Order, tables: Iterable[Table]) -> tuple[Trace, ...]:
    """Return every article with its tables, the most derived first."""
    known = sorted(tables, key=lambda table: (list(LAYERS).index(table.layer), table.name))
    return tuple(_traced(article, order, known) for article in order.articles)


def _traced(article: Article, order: Order, known: list[Table]) -> Trace:
    mine = tuple(table for table in known if article.number in table.articles)
    checks = {check for table in mine for check in (*table.tests, *table.constraints)}
    return Trace(
        article=article,
        tables=mine,
        tests=(*article.proofs, *sorted(checks)),
        not_yet=order.not_yet.get(article.number),
    )


def page(order: Order, tables: Iterable[Table]) -> str:
    """Return the page; it loads nothing."""
    known = list(tables)
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("traceability.html").render(
        traces=trace(order, known),
        tables=sorted(known, key=lambda table: table.relation),
        layers=LAYERS,
        states=STATES,
        between=BETWEEN_LANGUAGES,
    )
