"""The database that the departments share: beside the warehouse, on the same server."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from customs_risk import warehouse
from customs_risk.settings import settings

if TYPE_CHECKING:
    from customs_risk.sandbox.outside.shelf import Json
    from expectations.contract import Contract

_SCHEMA, _TABLE = "shared", "notices"


class SharedDatabase:
    """`shared.notices`, one row a notice; `shared_at` is when the platform took it over."""

    def __init__(self) -> None:
        self._info: dict[str, Any] = dict(conninfo_to_dict(warehouse.url()))
        self._warehouse = str(self._info["dbname"])
        self._info["dbname"] = f"{self._warehouse}_shared"

    @property
    def connection(self) -> dict[str, object]:
        """The database as an Airflow connection."""
        port = self._info.get("port")
        return {
            "conn_type": "postgres",
            "host": self._info.get("host"),
            "port": int(port) if port else None,
            "login": self._info.get("user"),
            "password": self._info.get("password"),
            "schema": self._info["dbname"],
        }

    def prepare(self, contract: Contract) -> None:
        """Make the database and its table, unless they are there."""
        name = self._info["dbname"]
        with psycopg.connect(warehouse.url(), autocommit=True) as connection:
            found = connection.execute("select 1 from pg_database where datname = %s", [name])
            if found.fetchone() is None:
                # a template that the warehouse's own tables are not in
                statement = sql.SQL("create database {} template template0")
                connection.execute(statement.format(sql.Identifier(str(name))))
        columns = {
            column.origin.column if column.origin and column.origin.column else name: column.type
            for name, column in contract.columns.items()
        }
        definitions = [
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in (columns | {"shared_at": "timestamptz", "shared_on": "date"}).items()
        ]
        table = sql.Identifier(_SCHEMA, _TABLE)
        with self._connect() as connection:
            connection.execute(
                sql.SQL("create schema if not exists {}").format(sql.Identifier(_SCHEMA))
            )
            connection.execute(
                sql.SQL("create table if not exists {} ({})").format(
                    table, sql.SQL(", ").join(definitions)
                )
            )
            connection.execute(
                sql.SQL("create index if not exists notices_shared on {} (shared_at)").format(table)
            )

    def share(self, day: date, moment: datetime, records: list[Json]) -> None:
        """Put a day's notices in place; a second time they are the same."""
        table = sql.Identifier(_SCHEMA, _TABLE)
        rows = [
            {"shared_at": moment.isoformat()} | row | {"shared_on": str(day)} for row in records
        ]
        with self._connect() as connection:
            connection.execute(sql.SQL("delete from {} where shared_on = %s").format(table), [day])
            connection.execute(
                sql.SQL(
                    "insert into {0} select * from jsonb_populate_recordset(null::{0}, %s::jsonb)"
                ).format(table),
                [json.dumps(rows, ensure_ascii=False)],
            )

    def _connect(self) -> psycopg.Connection:
        options = f"-c timezone={settings().time_zone}"
        return psycopg.connect(make_conninfo(**self._info | {"options": options}))
