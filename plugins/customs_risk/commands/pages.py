"""`customs-risk pages`: the pages of a warehouse that stands, without the loop."""

from pathlib import Path
from typing import Annotated

import typer

from customs_risk.commands.shared import console
from customs_risk.settings import settings

Home = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="The run's home. 运行目录"),
]


def pages(*, home: Home = None) -> None:
    """Serve the pages on what a run has left, until Ctrl-C; nothing is collected or decided."""
    from customs_risk import steps
    from customs_risk.embedded import people, postgres
    from customs_risk.embedded.airflow import AirflowServices
    from customs_risk.sandbox.home import interruptible, point_to, sole_use

    place = (home or settings().home).resolve()
    with sole_use(place), interruptible(console):
        point_to(place)
        postgres.start(place, settings().time_zone)
        try:
            steps.initialize()
            people.admit()
            metadata = postgres.url(place, postgres.METADATA)
            with AirflowServices(place, metadata, only_pages=True) as airflow:
                airflow.wait_until_ready()
                console.print(f"{airflow.url}/customs-risk/", soft_wrap=True, highlight=False)
                for person in people.PEOPLE:
                    console.print(
                        f"  {person.login:10}{airflow.password_of(person.login)}",
                        soft_wrap=True,
                        highlight=False,
                    )
                airflow.watch()
        finally:
            postgres.stop(place)
