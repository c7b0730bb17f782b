"""A feed's declaration as a Great Expectations suite.

Every expectation carries the name of its rule, ``<column>.<rule>``, which quarantined rows and
refusals are told by. Critical ones send the rows that break them to quarantine; warnings annotate
the ledger.
"""

from collections.abc import Iterator
from datetime import datetime

from great_expectations import ExpectationSuite
from great_expectations import expectations as gxe
from great_expectations.expectations.expectation import Expectation

from expectations.contract import Column, Contract


def suite(contract: Contract, sent_at: datetime) -> ExpectationSuite:
    """Return the suite for one delivery.

    Args:
        contract: the feed.
        sent_at: when the delivery was sent; nothing in it can have become known later.
    """
    expectations = [
        *_about_rows(contract, sent_at),
        *(each for name, column in contract.columns.items() for each in _about(name, column)),
        _volume(contract),
    ]
    return ExpectationSuite(name=contract.feed, expectations=expectations)


def _about(name: str, column: Column) -> Iterator[Expectation]:
    """Yield what one column's values must look like."""
    if not column.nullable:
        yield gxe.ExpectColumnValuesToNotBeNull(column=name, **_critical(f"{name}.present"))
    if {column.above, column.minimum, column.maximum} != {None}:
        yield gxe.ExpectColumnValuesToBeBetween(
            column=name,
            min_value=column.minimum if column.above is None else column.above,
            max_value=column.maximum,
            strict_min=column.above is not None,
            **_critical(f"{name}.range"),
        )
    if column.max_length:
        yield gxe.ExpectColumnValueLengthsToBeBetween(
            column=name, max_value=column.max_length, **_critical(f"{name}.length")
        )
    if column.values:
        yield gxe.ExpectColumnValuesToBeInSet(
            column=name, value_set=list(column.values), **_critical(f"{name}.known_value")
        )
    if column.code_list:
        yield gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=f"""
                with delivered as (select * from {{batch}})
                select row_no, "{name}" from delivered
                where "{name}" is not null and not exists (
                    select 1 from ops.code_lists
                    where list_name = '{column.code_list}' and code = delivered."{name}"
                )
            """,
            **_critical(f"{name}.known_code"),
        )


def _about_rows(contract: Contract, sent_at: datetime) -> Iterator[Expectation]:
    """Yield what rows must be among themselves and beside what is loaded."""
    key = ", ".join(f'"{name}"' for name in contract.key)
    yield gxe.UnexpectedRowsExpectation(
        unexpected_rows_query="select row_no from {batch} where cardinality(failed_casts) > 0",
        **_critical("row.types"),
    )
    # an exact repetition is a duplicate, not an error; a second content under one key is
    yield gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"""
            with delivered as (
                select *, first_value(row_hash) over same_key as first_hash from {{batch}}
                window same_key as (partition by {key} order by row_no)
            )
            select row_no, {key} from delivered where row_hash <> first_hash
        """,
        **_critical("key.unique"),
    )
    yield gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"""
            with delivered as (select * from {{batch}})
            select delivered.row_no, {key} from delivered
            inner join raw.{contract.feed} as loaded using ({key})
            where delivered.row_hash <> loaded.row_hash
        """,
        **_critical("key.conflict"),
    )
    # written out: the index query of the built-in expectation shows a moment as Python writes it
    yield gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"""
            select row_no, "{contract.known_at}" from {{batch}}
            where "{contract.known_at}" > timestamptz '{sent_at.isoformat()}'
        """,
        **_critical(f"{contract.known_at}.not_future"),
    )


def _volume(contract: Contract) -> Expectation:
    return gxe.ExpectTableRowCountToBeBetween(
        min_value=contract.volume.minimum,
        max_value=contract.volume.maximum,
        severity="warning",
        description="batch.volume",
        meta={"rule": "batch.volume"},
    )


def _critical(rule: str) -> dict[str, object]:
    return {"severity": "critical", "description": rule, "meta": {"rule": rule}}
