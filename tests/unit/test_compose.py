"""The deployment files, held against the compose specification and the settings.

No container engine runs here, so this is all that is known of them: they are well formed, ask for
every secret, and set what the services need.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import ComposeSpecification, PyCompose

from customs_risk.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
AIRFLOW = {"airflow-init", "api-server", "scheduler", "dag-processor", "triggerer"}
SECRET_WORDS = ("PASSWORD", "SECRET", "FERNET_KEY")
SECRETS = {
    "POSTGRES_PASSWORD",
    "AIRFLOW_DATABASE_PASSWORD",
    "AIRFLOW_ADMIN_PASSWORD",
    "AIRFLOW_FERNET_KEY",
    "AIRFLOW_API_SECRET_KEY",
    "AIRFLOW_JWT_SECRET",
}
SETTINGS = {f"CUSTOMS_RISK_{field.upper()}" for field in Settings.model_fields}
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}")


class MissingVariable(Exception):  # noqa: N818 - reads as what happened
    """A required variable is not set."""


def interpolated(environment: dict[str, str]) -> dict[str, Any]:
    """Replace variables as compose does, and read the file."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if name is None:
            return "$"
        if found := environment.get(name):
            return found
        if kind != "-":
            raise MissingVariable(name)
        return rest

    return yaml.safe_load(VARIABLE.sub(value, TEXT))


def example() -> dict[str, str]:
    """Return the variables of .env.example, each with a value."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    names = [line.split("=")[0] for line in lines if re.match(r"\w+=", line)]
    return {name: f"given{number}" for number, name in enumerate(names)}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return interpolated(example())


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return compose["services"]


def test_it_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    specification = ComposeSpecification.model_validate(compose)
    assert set(specification.services or {}) == AIRFLOW | {"postgres"}
    # an independent reading: unknown keys, malformed durations, names and references are refused
    PyCompose.from_json(json.dumps(compose)).validate()


def test_every_secret_is_required_and_none_has_a_default() -> None:
    for name in SECRETS:
        with pytest.raises(MissingVariable, match=name):
            interpolated(example() | {name: ""})
    # an empty default is none: routes without secrets need no secrets
    defaults = {name for name, kind, rest in VARIABLE.findall(TEXT) if kind == "-" and rest}
    assert not [name for name in defaults if any(word in name for word in SECRET_WORDS)]


def test_no_secret_is_written_down(services: dict[str, dict[str, Any]]) -> None:
    given = {"", *example().values()}
    for service in services.values():
        for name, value in service["environment"].items():
            if any(word in name for word in SECRET_WORDS) and not name.endswith("_FILE"):
                assert value in given, name
    assert re.findall(r"^\w*(?:PASSWORD|SECRET|KEY|SEED)\w*=(.*)$", _env_example(), re.M) == [
        ""
    ] * (len(SECRETS) + 1)


def test_every_service_that_stays_has_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        check = service["healthcheck"]
        if name == "airflow-init":
            assert check == {"disable": True}
            assert service["restart"] == "on-failure"
        else:
            assert {"test", "interval", "timeout", "retries", "start_period"} <= check.keys(), name
            assert service["restart"] == "unless-stopped"


def test_every_service_is_confined(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["user"] not in {"root", "0", "0:0"}, name
        assert {"cpus", "memory"} == service["deploy"]["resources"]["limits"].keys(), name
        assert not service.get("privileged"), name
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8080:8080"]


def test_services_start_in_order(services: dict[str, dict[str, Any]]) -> None:
    assert services["airflow-init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in AIRFLOW - {"airflow-init"}:
        awaited = services[name]["depends_on"]
        assert awaited["airflow-init"]["condition"] == "service_completed_successfully", name


def test_every_airflow_service_shares_settings_and_state(
    services: dict[str, dict[str, Any]],
) -> None:
    needed = {
        "CUSTOMS_RISK_HOME",
        "CUSTOMS_RISK_DATABASE_URL",
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
        "GX_ANALYTICS_ENABLED",
    }
    shared = services["scheduler"]["environment"]
    assert needed <= shared.keys()
    for name in AIRFLOW:
        own = services[name]["environment"]
        assert {key: own[key] for key in shared} == shared, name
        assert services[name]["volumes"] == services["scheduler"]["volumes"], name


def test_its_settings_are_settings(
    services: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        name: str(value)
        for name, value in services["scheduler"]["environment"].items()
        if name.startswith("CUSTOMS_RISK_")
    }
    # no embedded server is deployed
    assert variables.keys() == SETTINGS - {"CUSTOMS_RISK_EMBEDDED_CACHE"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Settings().schedules == "on"


def test_every_setting_is_written_down_for_those_who_set_it() -> None:
    for page in ("README.md", "README.zh-CN.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert {name for name in SETTINGS if f"| `{name}` |" not in text} == set(), page
    passed_on = {name for name, *_ in VARIABLE.findall(TEXT) if name in SETTINGS}
    assert {name for name in passed_on if f"{name}=" not in _env_example()} == set()


def test_every_volume_is_declared_and_owned_by_the_user_of_the_image(
    compose: dict[str, Any],
) -> None:
    mounts = [
        mount.split(":") for service in compose["services"].values() for mount in service["volumes"]
    ]
    assert {source for source, _ in mounts} == compose["volumes"].keys()
    for _, target in mounts:
        if target != "/var/lib/postgresql":
            assert re.search(rf"--owner=10001 .*{target}\b", DOCKERFILE.replace("\\\n", " "))


def test_the_image_copies_only_what_exists_and_is_not_ignored() -> None:
    kept = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M)
    sources = {source for line in copied for source in line.split()}
    assert sources == kept
    assert not [source for source in sources if not (ROOT / source).exists()]


def test_the_image_runs_without_root() -> None:
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.M)
    assert users == ["10001:10001"]


def _env_example() -> str:
    return (ROOT / ".env.example").read_text(encoding="utf-8")
