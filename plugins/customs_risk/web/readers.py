"""Who reads: the user whom Airflow has let in, and the database role of the same name.

What a reader may see is decided by PostgreSQL alone (schema/70_access.sql): every query of a page
runs as that role, so that pages, downloads and the API show one jurisdiction and one set of
columns. A user without a role of that name sees nothing; ``customs-risk access grant`` makes one.
"""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, Request
from psycopg import Connection, sql
from psycopg_pool import ConnectionPool

from customs_risk import warehouse
from customs_risk.settings import settings

# a page that takes longer is ended, so that it cannot hold up the pipeline
_PATIENCE = "20s"
# at once, in each process that serves pages
_MOST_CONNECTIONS = 8

_RIGHTS = """
    select
        array_agg(distinct substr(roles."role", length('customs_risk_') + 1)) as roles,
        array_agg(distinct reads.name) as reads
    from access.roles as roles
    cross join unnest(roles.reads) as reads (name)
    where
        roles."role" <> 'customs_risk_owner'
        and exists (select 1 from pg_catalog.pg_roles where rolname = %(login)s and not rolsuper)
        and pg_has_role(%(login)s, roles."role", 'usage')
"""

_PLACES = """
    select coalesce(string_agg(substr(held.rolname, length('customs_risk_') + 1), ', '), '')
    from pg_catalog.pg_roles as held
    where
        held.rolname ~ '^customs_risk_(district_|subcentre_|all_districts)'
        and pg_has_role(%(login)s, held.oid, 'usage')
"""


class Unknown(PermissionError):  # noqa: N818 - reads as what is wrong
    """Airflow knows this user, but no role of the warehouse has the name."""


@dataclass(frozen=True)
class Reader:
    """A user with the roles it has, the schemas these read, and its districts in words."""

    login: str
    roles: frozenset[str]
    reads: frozenset[str]
    places: str

    def is_any(self, *roles: str) -> bool:
        """Tell whether the reader has one of these roles."""
        return bool(self.roles & set(roles))

    @property
    def decides_for_all(self) -> bool:
        """Whether the reader may decide what holds in every district: a warning, a model."""
        is_national = "all_districts" in self.places.split(", ")
        return is_national and self.is_any("assessor", "manager")

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Lend a connection that sees what this reader may see."""
        with _lent() as connection:
            self.become(connection)
            yield connection

    def become(self, connection: Connection) -> None:
        """Let the rest of a transaction see what this reader may see."""
        connection.execute(sql.SQL("set local statement_timeout = {}").format(_PATIENCE))
        connection.execute("set local application_name = 'customs-risk pages'")
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(self.login)))


def find(login: str) -> Reader:
    """Return the reader of a name.

    Raises:
        Unknown: the warehouse has no such role, or it is in no role of the pipeline.
    """
    with _lent() as connection:
        roles, reads = connection.execute(_RIGHTS, {"login": login}).fetchone() or (None, None)
        if not roles:
            raise Unknown(login)
        (places,) = connection.execute(_PLACES, {"login": login}).fetchone() or ("",)
    return Reader(login, frozenset(roles), frozenset(reads), places)


@contextmanager
def _lent() -> Iterator[Connection]:
    """Lend a connection for one transaction; whom it acts for ends with that.

    A server process that has planned a page before answers in a fraction of the time that a new
    one takes, which must first read the catalogue of the marts.
    """
    with _pool(warehouse.url(), settings().time_zone).connection() as connection:
        yield connection


@cache
def _pool(url: str, time_zone: str) -> ConnectionPool:
    pool = ConnectionPool(
        url,
        # a statement that is prepared once would keep the plan of one choice for all others
        kwargs={"options": f"-c timezone={time_zone}", "prepare_threshold": None},
        min_size=0,
        max_size=_MOST_CONNECTIONS,
        # a server that was started anew is found again
        check=ConnectionPool.check_connection,
        open=True,
        name="pages",
    )
    atexit.register(pool.close)
    return pool


def reader(request: Request, user: Annotated[BaseUser, Depends(get_user)]) -> Reader:
    """Return who asks, for FastAPI; kept for the rest of the request."""
    found = find(user.get_name())
    request.state.reader = found
    return found


Reading = Annotated[Reader, Depends(reader)]
