"""The pages of a warehouse that stands, without the loop: nothing is collected or decided."""

from pathlib import Path

from rich.console import Console

from customs_risk import steps
from customs_risk.embedded import postgres
from customs_risk.embedded.airflow import AirflowServices
from customs_risk.embedded.people import PEOPLE
from customs_risk.sandbox import people
from customs_risk.sandbox.home import point_to, sole_use
from customs_risk.settings import settings


def serve(console: Console, home: Path) -> None:
    """Serve the pages on what a run has left in its home, until Ctrl-C."""
    with sole_use(home):
        point_to(home)
        postgres.start(home, settings().time_zone)
        try:
            steps.initialize()
            people.admit()
            metadata = postgres.url(home, postgres.METADATA)
            with AirflowServices(home, metadata, only_pages=True) as airflow:
                airflow.wait_until_ready()
                console.print(f"{airflow.url}/customs-risk/", soft_wrap=True, highlight=False)
                for person in PEOPLE:
                    line = f"  {person.login:10}{airflow.password_of(person.login)}"
                    console.print(line, soft_wrap=True, highlight=False)
                airflow.watch()
        finally:
            postgres.stop(home)
