"""A new feed is one declaration, one staging model, a sample: tried in a copy of the repository."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from customs_risk import warehouse as doors
from customs_risk.settings import Settings

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).resolve().parents[2]
NOT_WORKED_ON = shutil.ignore_patterns(
    ".git", ".venv", ".run*", ".cache", ".*_cache", "__pycache__", "*.egg-info", "target"
)
FEED = "port_fees"
DELIVERED = """\
Bill No,HS code,paid_at,Amount CNY,reported_at,is_waived,remark
B-1,030617,2026-06-29,1200.50,2026-06-30T10:00:00+08:00,false,
B-2,851713,2026-06-29,0,2026-06-30T10:05:00+08:00,true,"by decree,
of June"
B-3,851713,2026-06-30,75,2026-06-30T11:00:00+08:00,false,晚交
"""
TRANSFORM = """\
from customs_risk import transform
from customs_risk.settings import REPOSITORY
print(REPOSITORY)
print(transform.dbt("build", "--select", "stg_port_fees"))
"""
COMMAND_LINE = "from customs_risk.cli import main; main()"


class Copy:
    """A copy of the repository, whose programs know nothing of the original."""

    def __init__(self, root: Path, home: Path, database_url: str) -> None:
        self.root = root
        self.inbox = home / "inbox" / FEED
        self._environment = os.environ | {
            "PYTHONPATH": f"{root}:{root / 'plugins'}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "CUSTOMS_RISK_HOME": str(home),
            "CUSTOMS_RISK_DATABASE_URL": database_url,
            # the present is when the newest delivery was sent
            "CUSTOMS_RISK_SCHEDULES": "off",
            "COLUMNS": "200",
        }

    def customs_risk(self, *words: str) -> str:
        return self.python("-c", COMMAND_LINE, *words)

    def python(self, *words: str, **environment: str) -> str:
        told = subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env=self._environment | environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout

    def files(self) -> dict[str, str]:
        """Every file and what is in it, told by its SHA-256."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }


@pytest.fixture
def copy(warehouse: Settings, tmp_path: Path) -> Iterator[Copy]:
    shutil.copytree(ROOT, tmp_path / "copy", ignore=NOT_WORKED_ON)
    yield Copy(tmp_path / "copy", tmp_path / "home", doors.url())


def test_a_new_feed_touches_four_files_and_runs(copy: Copy, tmp_path: Path) -> None:
    before = copy.files()
    delivered = tmp_path / "as delivered.csv"
    delivered.write_text(DELIVERED, encoding="utf-8")
    words = {
        "grain": "fee for one bill",
        "title": "Port fees",
        "title-zh": "港口费用",
        "channel": "3",
        "known-at": "reported_at",
        "from": str(delivered),
    }
    options = [word for name, value in words.items() for word in (f"--{name}", value)]
    copy.customs_risk("feed", "new", FEED, *options)

    after = copy.files()
    touched = sorted(path for path in before | after if before.get(path) != after.get(path))
    print(f"\na new feed touched {len(touched)} files: {', '.join(touched)}")
    assert touched == [
        "dbt_project/models/staging/_sources.yml",
        f"dbt_project/models/staging/stg_{FEED}.sql",
        f"expectations/feeds/parties/{FEED}.yml",
        f"tests/contracts/samples/{FEED}/good.csv",
    ]
    assert len(touched) <= 4

    copy.customs_risk("initialize")
    sample = copy.root / "tests" / "contracts" / "samples" / FEED / "good.csv"
    assert "3 loaded" in copy.customs_risk("feed", "check", str(sample), "--feed", FEED)
    copy.inbox.mkdir(parents=True)
    shutil.copy(sample, copy.inbox / f"{FEED}_20260630T180000.csv")
    assert "3 rows received, 3 loaded" in copy.customs_risk("collect", FEED)

    where, nodes = copy.python("-c", TRANSFORM).split()[-2:]
    assert where == str(copy.root)
    assert int(nodes) >= 1
    with psycopg.connect(doors.url()) as connection:
        rows = connection.execute(
            "select bill_no, hs_code, paid_at::text, amount_cny::float, is_waived, known_on::text"
            " from staging.stg_port_fees order by bill_no"
        ).fetchall()
    assert rows == [
        ("B-1", "030617", "2026-06-29", 1200.5, False, "2026-06-30"),
        ("B-2", "851713", "2026-06-29", 0.0, True, "2026-06-30"),
        ("B-3", "851713", "2026-06-30", 75.0, False, "2026-06-30"),
    ]


def test_its_collection_is_scheduled(copy: Copy, tmp_path: Path) -> None:
    copy.customs_risk(
        *("feed", "new", FEED, "--grain", "fee", "--title", "Port fees", "--title-zh", "港口费用")
    )
    nowhere = "postgresql+psycopg://nobody@/nowhere?host=/nowhere"
    parsed = json.loads(
        copy.python(
            str(copy.root / "tests" / "dags" / "parse_dags.py"),
            AIRFLOW_HOME=str(tmp_path / "airflow"),
            CUSTOMS_RISK_SCHEDULES="on",
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=nowhere,
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC=nowhere,
        ).splitlines()[-1]
    )
    assert parsed["import_errors"] == {}
    collection = parsed["dags"][f"collect_{FEED}"]
    assert collection["cron"] == "0 * * * *"
    assert collection["tasks"]["collect"]["outlets"] == [f"raw.{FEED}"]
