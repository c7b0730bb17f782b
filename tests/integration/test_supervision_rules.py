"""Each class of hint, on the rows of its unit tests."""

import pytest

from customs_risk.transform import dbt

pytestmark = pytest.mark.timeout(600)


@pytest.mark.usefixtures("standing_warehouse")
def test_every_class_tells_what_it_should_and_no_more() -> None:
    # what fails raises
    assert dbt("test", "--select", "marts.supervision,test_type:unit") == 5
