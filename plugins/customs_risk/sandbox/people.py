"""The embedded run's people are let in: roles, districts, and the units they act for."""

from datetime import date

from customs_risk import warehouse
from customs_risk.access import members
from customs_risk.embedded.people import PEOPLE
from customs_risk.treat.parameters import store

# from when on they act for their units: the day on which Order 271 came into force
_SINCE = date(2024, 12, 1)


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
