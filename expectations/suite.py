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
from expectations.known_codes import ExpectColumnValuesToBeKnownCodes


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


def only(whole: ExpectationSuite, rules: set[str]) -> ExpectationSuite:
    """Return the part of a suite that is about the rules named."""
    chosen = [each for each in whole.expectations if each.meta["rule"] in rules]
    return ExpectationSuite(name=whole.name, expectations=chosen)


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
        yield ExpectColumnValuesToBeKnownCodes(
            column=name, code_list=column.code_list, **_critical(f"{name}.known_code")
        )


def _about_rows(contract: Contract, sent_at: datetime) -> Iterator[Expectation]:
    """Yield what rows must be among themselves and beside what is loaded."""
    key = ", ".join(f'"{name}"' for name in contract.key)
    yield gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"""
            with delivered as (select * from {{batch}})
            select row_no, rule from gate.{contract.feed}_broken where rule like '%.type'
        """,
        **_critical("row.types"),
    )
    # an exact repetition is a duplicate, not an error; a second content under one key is
    yield gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"""
            with delivered as (select * from {{batch}})
            select row_no from gate.{contract.feed}_repeated where not is_same
        """,
        **_critical("key.unique"),
    )
    if contract.corrections == "refuse":
        yield gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=f"""
                with delivered as (select * from {{batch}})
                select delivered.row_no, {key} from delivered
                inner join raw.{contract.feed} as loaded using ({key})
                where {_differs(contract, "delivered", "loaded")}
            """,
            **_critical("key.conflict"),
        )
    if contract.known_at:
        # written out: the built-in expectation's index query shows a moment as Python writes it
        yield gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=f"""
                select row_no, "{contract.known_at}" from {{batch}}
                where "{contract.known_at}" > timestamptz '{sent_at.isoformat()}'
            """,
            **_critical(f"{contract.known_at}.not_future"),
        )


def _differs(contract: Contract, one: str, other: str) -> str:
    columns = [
        ", ".join(f'{relation}."{name}"' for name in contract.content) for relation in (one, other)
    ]
    return f"row({columns[0]}) is distinct from row({columns[1]})"


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
