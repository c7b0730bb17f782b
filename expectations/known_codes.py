"""An expectation of our own: a column's values stand in one of the code lists of the database.

Great Expectations counts it in the same pass over the batch as every other column's rules.
"""

from typing import Any

import sqlalchemy
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)

_LISTS = sqlalchemy.table(
    "code_lists", sqlalchemy.column("list_name"), sqlalchemy.column("code"), schema="ops"
)


class ColumnValuesKnownCode(ColumnMapMetricProvider):  # type: ignore[misc]
    """The condition: the value is in the list."""

    condition_metric_name = "column_values.known_code"
    condition_value_keys = ("code_list",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(cls, column: Any, code_list: str, **_: Any) -> Any:  # noqa: N805
        known = sqlalchemy.select(_LISTS.c.code).where(_LISTS.c.list_name == code_list)
        return column.in_(known)


class ExpectColumnValuesToBeKnownCodes(ColumnMapExpectation):  # type: ignore[misc]
    """Expect each value to stand in the code list that is named."""

    code_list: str

    map_metric = "column_values.known_code"
    success_keys = ("code_list", "mostly")
    args_keys = ("column", "code_list")
