"""The law: from each article of Order 271 to its tables, their columns and what tests them.

What the models say of themselves is read from the manifest that dbt left behind with the last
build; dbt itself does not run here.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from psycopg import Connection

from customs_risk.catalogue import tables as catalogue
from customs_risk.catalogue.articles import order
from customs_risk.catalogue.traceability import LAYERS, STATES, Trace, trace
from customs_risk.settings import settings
from customs_risk.web.page import Page
from customs_risk.web.readers import Reader
from customs_risk.words import Language, Words

# of tables that the reader may read, as of the last analysis: no row is looked at
_ROWS = """
    select schemas.nspname || '.' || relations.relname, relations.reltuples::bigint
    from pg_catalog.pg_class as relations
    inner join pg_catalog.pg_namespace as schemas on schemas.oid = relations.relnamespace
    where
        schemas.nspname || '.' || relations.relname = any(%s)
        and relations.relkind in ('r', 'p')
        and relations.reltuples >= 0
        and has_schema_privilege(schemas.oid, 'usage')
        and has_table_privilege(relations.oid, 'select')
"""


def traces() -> tuple[Trace, ...]:
    """Return each article with its tables and tests.

    Raises:
        HTTPException: 409, when nothing was built in this home so far.
    """
    path = settings().home / "dbt" / "target" / "manifest.json"
    try:
        return _traces(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise HTTPException(
            409, "nothing is built yet: customs-risk docs makes the catalogue · 尚无数据目录"
        ) from None


@lru_cache(maxsize=1)
def _traces(path: Path, changed: int) -> tuple[Trace, ...]:
    """Return what a manifest tells; read again once it has changed."""
    return trace(order(), catalogue.tables(catalogue.read(path)).values())


def _every(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    return {"traces": traces(), "states": STATES}


def _one(connection: Connection, reader: Reader, given: Mapping[str, str]) -> dict[str, Any]:
    """Return an article with its tables by layer, and how many rows those have, about."""
    found = [each for each in traces() if str(each.article.number) == given["number"]]
    if not found:
        raise HTTPException(404, f"no article {given['number']} · 无此条款")
    (article,) = found
    names = [table.relation for table in article.tables]
    return {
        "each": article,
        "states": STATES,
        "layers": LAYERS,
        "rows": dict(connection.execute(_ROWS, [names]).fetchall()),
        "in_language": in_language,
    }


def in_language(text: str, language: Language) -> str:
    """Return the half of a text that is in one language; the whole of it if it has no halves."""
    halves = text.split(catalogue.BETWEEN_LANGUAGES)
    return Words(*halves).said(language) if len(halves) == 2 else text


# it says nothing of anybody: whoever reads anything may read what the law asks
_ANYBODY = ("ops", "reference", "feedback")

PAGE = Page(
    name="law",
    title=Words("Law", "法规对应"),
    about=Words(
        "Order 271 of the General Administration of Customs: from each article to the tables that "
        "deliver it, their columns, and the tests that show it. The models say so themselves.",
        "海关总署令第271号：条款—数据表—字段—测试。对应关系由各模型自述。",
    ),
    reads=_ANYBODY,
    template="law.html",
    more=_every,
    below=(
        Page(
            name="law/{number}",
            title=Words("Article", "条款"),
            about=Words("An article with its tables and tests.", "条款对应的数据表与测试。"),
            reads=_ANYBODY,
            template="article.html",
            more=_one,
        ),
    ),
)
