"""The gate: Great Expectations judges a delivered batch inside the database.

The batch waits typed in ``gate.<feed>``. Rows that break a critical expectation are noted with its
rule in ``gate.<feed>_broken``; loading them or not is the collection's business.
"""

import logging
import os
import warnings
from datetime import datetime
from functools import cache
from typing import Any

from psycopg import Connection, sql

from customs_risk import warehouse
from expectations import docs
from expectations.contract import Contract

# the cheap pass tells what failed; only that is run again, to learn which rows
_WHICH_RULES = {"result_format": "BOOLEAN_ONLY"}
_WHICH_ROWS = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["row_no"],
    "return_unexpected_index_query": True,
}


def judge(
    contract: Contract,
    batch_id: str,
    sent_at: datetime,
    connection: Connection,
    *,
    with_page: bool = True,
) -> list[str]:
    """Run the feed's suite on its waiting batch, note the rows that break it, return warnings.

    Args:
        contract: the feed.
        batch_id: names the page in Data Docs.
        sent_at: when the delivery was sent.
        connection: the open transaction that will commit the load; it writes the noted rows.
        with_page: write the page.

    Raises:
        RuntimeError: an expectation could not be evaluated; nothing may be loaded then.
    """
    from expectations.suite import only, suite

    batch = _waiting_table(warehouse.url(), contract.feed).get_batch()
    asked = suite(contract, sent_at)
    result = batch.validate(asked, result_format=_WHICH_RULES)
    failed = {_rule(each) for each in result.results if not each.success}
    if failed:
        told = batch.validate(only(asked, failed), result_format=_WHICH_ROWS)
        in_detail = {_rule(each): each for each in told.results}
        result.results = [in_detail.get(_rule(each), each) for each in result.results]
    if with_page:
        docs.write_page(contract, batch_id, result)
    warned = []
    for each in result.results:
        rule = _rule(each)
        if _raised(each):
            raise RuntimeError(f"{contract.feed} {batch_id}: {rule} failed to run: {_raised(each)}")
        if each.success:
            continue
        if each.expectation_config.severity == "critical":
            _note(connection, contract.feed, rule, _query(contract.feed, each))
        else:
            warned.append(f"{rule}: observed {each.result.get('observed_value')}")
    return warned


def _rule(result: Any) -> str:
    return str(result.expectation_config.meta["rule"])


@cache
def _context() -> Any:
    """Return this process's Great Expectations: no files, no telemetry, no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="great_expectations")
    import great_expectations

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


@cache
def _source(url: str) -> Any:
    # Great Expectations wants a host in the URL; a socket's folder in the query overrules it
    address = url.replace("postgresql://", "postgresql+psycopg://", 1).replace(
        "@/", "@localhost/", 1
    )
    # a connection that the server ended meanwhile is replaced, not reported
    return _context().data_sources.add_postgres(
        f"warehouse {url}", connection_string=address, kwargs={"pool_pre_ping": True}
    )


@cache
def _waiting_table(url: str, feed: str) -> Any:
    """Return the definition of a feed's waiting batch: one table, made anew for each delivery."""
    asset = _source(url).add_table_asset(feed, table_name=feed, schema_name="gate")
    return asset.add_batch_definition_whole_table("whole")


def _raised(result: Any) -> str | None:
    """Return what went wrong while an expectation was evaluated, if anything did."""
    info = result.exception_info
    infos = [info] if "raised_exception" in info else list(info.values())
    messages = [each["exception_message"] for each in infos if each["raised_exception"]]
    return "; ".join(messages) or None


def _query(feed: str, result: Any) -> str:
    """Return the statement that finds an expectation's unexpected rows, all of them.

    The lists in a result are cut at 200 rows, so they are not used.
    """
    written = result.expectation_config.kwargs.get("unexpected_rows_query")
    if written:
        return str(written.format(batch=f"gate.{feed}"))
    return str(result.result["unexpected_index_query"]).rstrip().rstrip(";")


def _note(connection: Connection, feed: str, rule: str, query: str) -> None:
    connection.execute(
        sql.SQL("insert into gate.{} select unexpected.row_no, {} from ({}) as unexpected").format(
            sql.Identifier(f"{feed}_broken"),
            sql.Literal(rule),
            sql.SQL(query),  # written by Great Expectations or by the suite
        )
    )
