"""Airflow's connections, inside tasks and in any other process.

A task asks the API server; another process reads ``AIRFLOW_CONN_<ID>`` of its environment, or a
configured secrets backend. Airflow is imported at first use: it takes seconds.
"""

import os
import sys
from typing import Any

from customs_risk.collect.sources.failure import SourceFailed
from customs_risk.settings import settings
from expectations.contract import Contract


def connection_of(contract: Contract) -> Any:
    """Return the Airflow connection of a feed's source.

    Raises:
        SourceFailed: none is defined under the name that the feed gives.
    """
    _keep_airflow_quiet()
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    name = contract.source.connection
    try:
        return BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise SourceFailed(
            f"{contract.feed}: no Airflow connection {name!r} is defined: add it on the page "
            f"Connections, or set AIRFLOW_CONN_{str(name).upper()}"
        ) from None


def _keep_airflow_quiet() -> None:
    """See that Airflow, in a process that is not its own, leaves no folder and no chatter."""
    if "airflow" not in sys.modules:
        os.environ.setdefault("AIRFLOW_HOME", str(settings().home.resolve() / "airflow"))
        os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
