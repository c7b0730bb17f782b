"""Where messages go: the routes of one YAML file, and which kind and addressee takes which.

Without the file (setting ``routes``) everything is dropped as files. With it:

    recipient: dispatch@customs.example     # who is told of dead letters
    most_attempts: 8                        # tries that may fail before a message is dead
    routes:
      control: {by: webhook, url: https://control.customs.example/instructions}
      liaison: {by: sftp, host: sftp.liaison.example, user: customs, folder: inbox,
                host_key: ssh-ed25519 AAAA…}
      shared: {by: database, url: postgresql://customs@shared.example/exchange, table: in.messages}
    send:                                   # the first that fits; else files
      - {kind: instruction, over: control}
      - {kind: warning, addressee: agency:*, over: liaison}

Secrets (a webhook's bearer token, the password of a server) are the setting ``route_secrets``,
by the name of the route, and stand nowhere else.
"""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from customs_risk.settings import settings
from customs_risk.treat.outbox.kinds import KINDS

FILES = "files"
_MOST_IN_ONE_FILE = 10_000
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class BrokenRoutes(ValueError):  # noqa: N818 - reads as what is wrong
    """The file of routes says something that no dispatcher can do; the message says what."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Route(_Strict):
    timeout_seconds: float = Field(20, gt=0, le=300, description="patience with the receiver")

    @property
    def most_messages(self) -> int:
        """How many messages one shipment holds at most."""
        return _MOST_IN_ONE_FILE


class FileDrop(_Route):
    """Files in the outbox of this home, or in a folder of their own."""

    by: Literal["file"] = "file"
    folder: Path | None = None


class Webhook(_Route):
    """One POST of JSON per message, with its key in the header ``Idempotency-Key``."""

    by: Literal["webhook"]
    url: str
    receipt_field: str = Field("receipt_id", description="key of the answer that is the receipt")
    proxy: str | None = None

    @property
    def most_messages(self) -> int:
        return 1

    @model_validator(mode="after")
    def _is_safe(self) -> "Webhook":
        parts = urlsplit(self.url)
        if parts.username or parts.password or parts.query:
            raise ValueError("url: no credentials and no query; the token is a route secret")
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            return self
        raise ValueError("url: https only; plain http is for this machine itself")


class Sftp(_Route):
    """One file per shipment on an SFTP server whose key is known."""

    by: Literal["sftp"]
    host: str
    port: int = Field(22, gt=0, lt=65_536)
    user: str
    folder: str = "."
    host_key: str | None = Field(None, description="its public key: 'ssh-ed25519 AAAA…'")
    known_hosts: Path | None = None
    key_file: Path | None = Field(None, description="private key; else the secret is a password")

    @model_validator(mode="after")
    def _knows_the_host(self) -> "Sftp":
        if (self.host_key is None) == (self.known_hosts is None):
            raise ValueError("tell either host_key or known_hosts: an unknown host gets nothing")
        return self


class Database(_Route):
    """One row per message in a table of another PostgreSQL, by message_id."""

    by: Literal["database"]
    url: str = Field(description="postgresql://user@host/database, without a password")
    table: str = Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$")

    @model_validator(mode="after")
    def _holds_no_secret(self) -> "Database":
        if re.search(r"(:[^/@]*@|password=)", self.url.partition("://")[2]):
            raise ValueError("url: no password; it is a route secret")
        return self


Route = FileDrop | Webhook | Sftp | Database


class Rule(_Strict):
    """Which messages take a route. An addressee that ends with ``*`` fits whoever begins so."""

    kind: str | None = None
    addressee: str | None = None
    over: str


class Routes(_Strict):
    """All routes, the rules that choose among them, and how patient the dispatcher is."""

    recipient: str = Field("dispatch@customs.example", description="whom dead letters are told")
    most_attempts: int = Field(8, ge=1, le=100)
    first_wait_seconds: float = Field(60, ge=0, description="before the second attempt")
    longest_wait_seconds: float = Field(6 * 3600, ge=0)
    routes: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")],
        Annotated[Route, Field(discriminator="by")],
    ] = {}
    send: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _names_what_is_there(self) -> "Routes":
        for rule in self.send:
            if rule.over not in self.by_name:
                raise ValueError(f"send: {rule.over!r} is no route: {', '.join(self.by_name)}")
            if rule.kind is not None and rule.kind not in KINDS:
                raise ValueError(f"send: {rule.kind!r} is no kind of message: {', '.join(KINDS)}")
        return self

    @property
    def by_name(self) -> dict[str, Route]:
        """Every route, the drop of files among them."""
        return {FILES: FileDrop(), **self.routes}

    def wait_seconds(self, attempt_no: int, shipment_id: str) -> float:
        """Return how long to wait after an attempt that failed.

        It doubles with each, up to the longest, and lies between half and all of that, by the
        shipment: what failed together is not tried again all at once.
        """
        doubled = self.first_wait_seconds * 2.0 ** min(attempt_no - 1, 60)
        share = int(hashlib.sha256(shipment_id.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
        return min(doubled, self.longest_wait_seconds) * (0.5 + share / 2)


def routes() -> Routes:
    """Return the routes of the file that the setting names; without one, files only.

    Raises:
        BrokenRoutes: the file is missing, no YAML, or says what cannot be done.
    """
    return read_routes(settings().routes) if settings().routes else Routes()


@cache
def read_routes(path: Path) -> Routes:
    """Read and check a file of routes, once in this process."""
    try:
        return Routes.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except ValidationError as error:
        # without what was written there: a password in the wrong place is not spread further
        told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise BrokenRoutes(f"{path}: {'; '.join(told)}") from None
    except (OSError, yaml.YAMLError) as error:
        raise BrokenRoutes(f"{path}: {error}") from error


def secret_of(route: str) -> str | None:
    """Return a route's secret, which the environment holds."""
    secret = settings().route_secrets.get(route)
    return secret.get_secret_value() if secret else None
