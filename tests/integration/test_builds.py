"""A layer is built whole when it must be, and otherwise only what takes in rows."""

import psycopg
import pytest

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.settings import Settings
from customs_risk.transform import transform

pytestmark = pytest.mark.timeout(900)


def test_a_day_builds_only_what_takes_in_rows(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as where a history of many millions is built
    monkeypatch.setattr("customs_risk.transform._MANY_BYTES", 0)
    steps.initialize()
    whole = transform("prepare")
    assert transform("prepare") < whole / 2
    transform("decide")

    # what is gone comes back, whoever took it away
    with doors.connect() as connection:
        connection.execute("drop view staging.stg_declarations cascade")
        connection.execute("drop view intermediate.int_inspections cascade")
        assert is_there(connection, "assessment.assessors") is False
    assert transform("prepare") == whole
    with doors.connect() as connection:
        assert is_there(connection, "core.declarations")
        # those of other layers as well, which are read before those have their turn
        assert is_there(connection, "assessment.assessors")
        codes = connection.execute(
            "select relpages, relallvisible from pg_class"
            " where oid = 'reference.hs_codes'::regclass"
        ).fetchone()
    # what was filled at once is vacuumed before days are added
    assert codes and 10 < codes[0] == codes[1]
    assert transform("prepare") < whole / 2


def is_there(connection: psycopg.Connection, relation: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [relation]).fetchone()
    return row == (True,)
