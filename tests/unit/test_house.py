"""The house rules that a reader relies on: who imports whom, and how long a file may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "dags": ROOT / "dags",
    "expectations": ROOT / "expectations",
    "ml": ROOT / "ml",
    **{
        f"customs_risk.{path.stem}": path
        for path in (ROOT / "plugins" / "customs_risk").iterdir()
        if path.is_dir() or path.suffix == ".py"
    },
}

# each room and the rooms it may import; a room may always import itself
FOUNDATION = {
    "customs_risk.clock",
    "customs_risk.codes",
    "customs_risk.embedded",
    "customs_risk.settings",
    "customs_risk.warehouse",
    "customs_risk.words",
}
WORK = {
    "expectations",
    "ml",
    "customs_risk.access",
    "customs_risk.collect",
    "customs_risk.experts",
    "customs_risk.feedback",
    "customs_risk.oversight",
    "customs_risk.resolve",
    "customs_risk.supervision",
    "customs_risk.treat",
    "customs_risk.transform",
}
MAY_IMPORT = {
    "customs_risk.settings": set(),
    "customs_risk.clock": {"customs_risk.settings"},
    "customs_risk.words": set(),
    "customs_risk.codes": {"customs_risk.settings", "customs_risk.words"},
    "customs_risk.warehouse": FOUNDATION,
    "expectations": FOUNDATION,
    "ml": FOUNDATION,
    "customs_risk.access": FOUNDATION | {"expectations"},
    "customs_risk.catalogue": FOUNDATION | {"customs_risk.transform", "expectations"},
    "customs_risk.collect": FOUNDATION | {"expectations"},
    # what an expert may see follows the classes, and what all say is pooled by ml's rule
    "customs_risk.experts": FOUNDATION | {"customs_risk.access", "expectations", "ml"},
    # what a review recommends is treatment's to carry out
    "customs_risk.feedback": FOUNDATION | {"customs_risk.treat"},
    # alarms and requests leave through the outbox
    "customs_risk.oversight": FOUNDATION | {"customs_risk.treat"},
    "customs_risk.resolve": FOUNDATION,
    "customs_risk.scaffold": FOUNDATION | {"expectations"},
    "customs_risk.supervision": FOUNDATION,
    # what a parameter may speak of are, among others, the features that models read; what other
    # agencies may be told follows the classes; words are those of expert assessments
    "customs_risk.treat": FOUNDATION
    | {"customs_risk.access", "customs_risk.experts", "expectations", "ml"},
    "customs_risk.transform": FOUNDATION,
    "customs_risk.steps": FOUNDATION | WORK,
    "customs_risk.embedded": FOUNDATION,
    # people of the sandbox use what people use
    "customs_risk.sandbox": FOUNDATION
    | {
        "customs_risk.access",
        "customs_risk.experts",
        "customs_risk.oversight",
        "customs_risk.steps",
        "customs_risk.treat",
        "ml",
        "expectations",
    },
    "dags": {"expectations", "customs_risk.settings", "customs_risk.steps"},
}
WITHOUT_AIRFLOW = sorted(WORK | {"customs_risk.scaffold"})
# its connections hold the credentials of what is fetched from
THROUGH_AIRFLOW = ROOT / "plugins" / "customs_risk" / "collect" / "sources"


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def sources_of(room: str) -> list[Path]:
    path = ROOMS[room]
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def rooms_imported(path: Path) -> set[str]:
    return {
        room
        for name in imports_of(path)
        for room in ROOMS
        if name == room or name.startswith(f"{room}.")
    }


@pytest.mark.parametrize("room", sorted(MAY_IMPORT.keys() & ROOMS.keys()))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    for path in sources_of(room):
        strangers = rooms_imported(path) - MAY_IMPORT[room] - {room, "customs_risk.__init__"}
        assert not strangers, f"{path.relative_to(ROOT)} may not import {sorted(strangers)}"


@pytest.mark.parametrize("room", [room for room in WITHOUT_AIRFLOW if room in ROOMS])
def test_methods_and_contracts_know_nothing_of_airflow(room: str) -> None:
    for path in sources_of(room):
        if path.is_relative_to(THROUGH_AIRFLOW):
            continue
        airflow = {name for name in imports_of(path) if name.split(".")[0] == "airflow"}
        assert not airflow, f"{path.relative_to(ROOT)} imports {sorted(airflow)}"


def test_only_the_command_line_and_tests_know_the_sandbox() -> None:
    for room in ROOMS.keys() - {"customs_risk.sandbox", "customs_risk.cli"}:
        for path in sources_of(room):
            assert "customs_risk.sandbox" not in rooms_imported(path), path.relative_to(ROOT)


def test_files_stay_short_enough_to_read() -> None:
    code = [*ROOT.glob("dbt_project/models/**/*.sql"), *ROOT.glob("tests/**/*.py")]
    code += [path for room in ROOMS for path in sources_of(room)]
    long = {path.relative_to(ROOT): n for path in code if (n := _lines(path)) > 450}
    assert not long


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
