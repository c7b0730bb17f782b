"""The one configuration: every setting, its default and its meaning, read from the environment.

Each field is an environment variable with the prefix ``CUSTOMS_RISK_``, for example
``CUSTOMS_RISK_INSPECTION_RATE=0.08``. Nothing else in the project reads the environment.
"""

from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """What may be set, with safe defaults for the embedded run."""

    # what is set to nothing is not set: a deployment passes on what its environment leaves empty
    model_config = SettingsConfigDict(
        env_prefix="CUSTOMS_RISK_", frozen=True, env_ignore_empty=True
    )

    home: Path = Field(REPOSITORY / ".run", description="where state, deliveries and logs live")
    database_url: str | None = Field(
        None, description="postgresql:// URL of the warehouse; empty: the embedded server in home"
    )
    embedded_cache: str = Field(
        "1GB",
        description="shared_buffers of the embedded server, set when its home is made; "
        "a quarter of the memory serves long histories",
    )
    time_zone: str = Field("Asia/Shanghai", description="the zone of business days")
    schedules: Literal["on", "off"] = Field(
        "on", description="off: DAGs run only when triggered (the sandbox has its own clock)"
    )

    routes: Path | None = Field(
        None, description="YAML that says where messages go; empty: files in the outbox"
    )
    route_secrets: dict[str, SecretStr] = Field(
        {}, description='secrets of routes, as JSON: {"route": "token or password"}'
    )
    approvals: Literal["people", "policy"] = Field(
        "people",
        description="who answers what waits for a person; policy: the stated one of the embedded "
        "run (treat/policy.py)",
    )

    declarations_mapping: Path | None = Field(
        None, description="YAML that maps a foreign CSV's columns to the declarations contract"
    )

    inspection_rate: float = Field(
        0.10, gt=0, le=1, description="share of an office's declarations that it can inspect"
    )
    capacity_of: Literal["office", "country"] = Field(
        "office",
        description="who inspects what is chosen: each office for itself, or all of them together "
        "(one ranking of the whole country, where inspectors or images of the goods travel)",
    )
    random_share: float = Field(
        0.10, gt=0, le=1, description="share of inspections drawn at random, to measure"
    )
    claim_share: float = Field(
        0.30, ge=0, le=0.8, description="share of inspections for analysts and parameters at most"
    )
    exploration_share: float = Field(
        0.05, ge=0, le=0.5, description="share of inspections spent where most is to be learned"
    )
    exploration_most: float = Field(
        0.20, ge=0, le=0.5, description="the same at most: each kind of drift adds one share"
    )
    medium_rate: float = Field(
        0.20, ge=0, le=1, description="share of declarations whose documents are examined"
    )
    selection_seed: str = Field("271", description="published seed of the random selection")
    ranking: Literal["likelihood", "value"] = Field(
        "likelihood", description="rank by likelihood, or by likelihood × √expected revenue"
    )
    inspection_sensitivity: float = Field(
        0.90, gt=0, le=1, description="probability that an inspection finds what is there"
    )
    allocation_most_change: float = Field(
        0.30, gt=0, le=1, description="officer-hours of an office move by so much a month at most"
    )
    allocation_domain_floor: float = Field(
        0.80, ge=0, le=1, description="share of its officer-hours that each risk domain keeps"
    )
    allocation_least_rate: float = Field(
        0.02, ge=0, le=1, description="share of its declarations that an office inspects at least"
    )
    allocation_least_random: float = Field(
        20.0, ge=0, description="random inspections of an office a month at least"
    )
    allocation_finding_value_cny: float = Field(
        50_000.0, gt=0, description="revenue that counts as much as one finding in an allocation"
    )
    newest_labels: int = Field(
        25_000, gt=0, description="results that a model learns from at most, the newest"
    )
    smoothing_weight: float = Field(
        8.0, gt=0, description="prior inspections added to each profile's find rate"
    )

    @property
    def inbox(self) -> Path:
        """Where outside parties drop deliveries."""
        return self.home / "inbox"

    @property
    def landing(self) -> Path:
        """Delivered bytes, unchanged, named by their SHA-256."""
        return self.home / "landing"

    @property
    def outbox(self) -> Path:
        """Where instructions leave for the inspectors."""
        return self.home / "outbox"

    @property
    def data_docs(self) -> Path:
        """Great Expectations' Data Docs site."""
        return self.home / "data_docs"

    @property
    def logs(self) -> Path:
        """Logs of services and of dbt."""
        return self.home / "logs"

    @property
    def zone(self) -> ZoneInfo:
        """The zone of business days."""
        return ZoneInfo(self.time_zone)


@cache
def settings() -> Settings:
    """Return the settings, read once from the environment."""
    return Settings()
