"""Who may log in to the embedded run, one for each way of reading; a deployment has its own.

Airflow's users and the warehouse's logins have the same names: what a page shows follows the
database role (web/readers.py). The administrator here is everyone at once.
"""

from typing import NamedTuple

from customs_risk.access import members

ADMINISTRATOR = "admin"


class Person(NamedTuple):
    """A login: its role in Airflow, its roles in the warehouse, and its districts; none: all."""

    login: str
    airflow_role: str
    roles: tuple[str, ...]
    districts: tuple[str, ...] = ()


PEOPLE = (
    Person(
        ADMINISTRATOR,
        "admin",
        ("auditor", "manager", "analyst", "assessor", "parameter_officer", "collector"),
    ),
    Person("manager", "viewer", ("manager",)),
    Person("analyst", "user", ("analyst",)),
    Person("auditor", "viewer", ("auditor",)),
    # Shanghai's: one district and no more
    Person("officer", "user", ("parameter_officer", "assessor"), ("2200",)),
)


def admit() -> None:
    """Give each of them the roles in the warehouse; harmless when they have them."""
    for person in PEOPLE:
        for role in person.roles:
            members.grant(
                person.login,
                role,
                by="embedded run",
                districts=person.districts,
                all_districts=not person.districts,
            )
