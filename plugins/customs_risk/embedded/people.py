"""Who may log in to the embedded run, one for each way of reading; a deployment has its own.

Airflow's users and the warehouse's logins have the same names: what a page shows follows the
database role (web/readers.py). The administrator here is everyone at once.
"""

from typing import NamedTuple

ADMINISTRATOR = "admin"


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
