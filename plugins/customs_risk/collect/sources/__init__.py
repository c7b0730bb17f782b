"""Sources: how bytes arrive in a feed's inbox, over HTTP, SFTP, object storage or PostgreSQL.

What is declared in a feed's YAML under `source` is done here; credentials come from the Airflow
connection that it names. Nothing here looks into what arrives further than to know that it is
whole, and where the next fetch begins.

    http_source.py      a document that changes, sets of files, records asked for by what is new
    http_pages.py       page after page
    http_client.py      requests: pace, bounds, what is tried again
    sftp_source.py      new files of an SFTP server
    storage_source.py   new objects of a store
    remote_files.py     which files are new and whole, for both
    postgres_source.py  rows of another PostgreSQL
    inbox.py            files that appear whole, under the naming rule
    watermarks.py       how far each source was read
    since.py            the greatest value seen
    records.py          a look into what came
    retries.py          how often and how long something is tried
    connections.py      Airflow's connections
    failure.py          what goes wrong
"""

from datetime import date
from importlib import import_module
from pathlib import Path

from customs_risk.collect.sources.failure import SourceFailed
from customs_risk.collect.sources.watermarks import sole_fetch
from expectations.contract import Contract

__all__ = ["SourceFailed", "fetch"]


def fetch(contract: Contract, between: tuple[date, date] | None = None) -> list[Path]:
    """Bring whatever is new into a feed's inbox; return the files that appeared.

    Args:
        contract: the feed.
        between: first and last day of a backfill, both included: what the source holds of those
            days is brought into the inbox's ``backfill`` folder, known already or not.

    Returns:
        The paths of the new deliveries, oldest first; none when nothing is new, or when the
        feed's sender drops its files into the inbox itself.

    Raises:
        SourceFailed: the source could not be read. Files brought before the trouble stay in the
            inbox and may be taken in.
    """
    if contract.source.kind == "folder":
        return []
    # each kind brings a heavy library with it
    source = import_module(f"{__name__}.{contract.source.kind}_source")
    with sole_fetch(contract.feed):
        brought: list[Path] = source.fetch(contract, between)
    return brought
