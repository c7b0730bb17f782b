"""Who may log in to the embedded run, one for each way of reading; a deployment has its own.

Airflow's users and the warehouse's logins have the same names: what a page shows follows the
database role (web/readers.py). The administrator here is everyone at once.
"""

from datetime import date
from typing import NamedTuple

from customs_risk import warehouse
from customs_risk.access import members

ADMINISTRATOR = "admin"


# from when on they act for their units: the day on which Order 271 came into force
_SINCE = date(2024, 12, 1)


class Person(NamedTuple):
    """A login: its role in Airflow, its roles in the warehouse, and its districts; none: all.

    ``unit`` is the unit of the organisation that it acts for: what it may approve follows from it.
    """

    login: str
    airflow_role: str
    roles: tuple[str, ...]
    districts: tuple[str, ...] = ()
    unit: str | None = None


PEOPLE = (
    Person(
        ADMINISTRATOR,
        "admin",
        ("auditor", "manager", "analyst", "assessor", "parameter_officer", "collector"),
        unit="gacc",
    ),
    Person("manager", "viewer", ("manager",)),
    Person("analyst", "user", ("analyst",)),
    Person("auditor", "viewer", ("auditor",)),
    # Shanghai's: one district and no more
    Person("officer", "user", ("parameter_officer", "assessor"), ("2200",), unit="2200"),
)


def admit() -> None:
    """Give each of them the roles in the warehouse, and its unit; harmless when they have them."""
    for person in PEOPLE:
        for role in person.roles:
            members.grant(
                person.login,
                role,
                by="embedded run",
                districts=person.districts,
                all_districts=not person.districts,
            )
    appoint()


def appoint() -> None:
    """Note for which units they act; nothing as long as the organisation itself is not built."""
    from customs_risk.treat.parameters import store

    with warehouse.connect() as connection:
        (is_built,) = connection.execute(
            "select to_regclass('reference.customs_units') is not null"
        ).fetchone() or (False,)
        acting = {
            officer
            for (officer,) in connection.execute("select officer from ops.parameter_officers")
        }
    for person in PEOPLE if is_built else ():
        if person.unit and person.login not in acting:
            store.appoint(
                person.login, person.unit, valid_from=_SINCE, valid_to=None, by="embedded run"
            )
