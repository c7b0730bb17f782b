"""The command line without a warehouse: what it lists, scaffolds, asks for and refuses."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet
from typer.main import get_command
from typer.testing import CliRunner, Result

from customs_risk import scaffold as scaffolding
from customs_risk.cli import app
from customs_risk.scaffold import CannotScaffold, Unfit, Wanted, scaffold
from customs_risk.scaffold.proposal import opening, proposed_columns
from expectations import contract as declared
from expectations import sources
from expectations.contract import contracts, read_contract

ROOT = Path(__file__).resolve().parents[2]
WORDS = {"grain": "fee", "title": "Port fees: all", "title_zh": "港口费用"}


def customs_risk(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=typed)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with the real feeds in it, so that nothing is written into the real one."""
    feeds = tmp_path / "expectations" / "feeds"
    shutil.copytree(declared.FEEDS, feeds)
    monkeypatch.setattr(declared, "FEEDS", feeds)
    monkeypatch.setattr(sources, "PATH", tmp_path / "dbt_project" / "_sources.yml")
    for module in (scaffolding, sys.modules["customs_risk.commands.feeds"]):
        monkeypatch.setattr(module, "REPOSITORY", tmp_path)
    sources.PATH.parent.mkdir()
    contracts.cache_clear()
    yield tmp_path
    contracts.cache_clear()


# what there is


def test_every_command_explains_itself() -> None:
    def commands(group, name=""):
        for each in getattr(group, "commands", {}).values():
            yield from commands(each, f"{name} {each.name}")
        if not hasattr(group, "commands"):
            yield name, group

    found = dict(commands(get_command(app)))
    assert len(found) >= 25
    for name, command in found.items():
        assert command.help and re.search(r"\w+ \w+", command.help), name
        if name.count(" ") > 1:
            assert re.search(r"[\u4e00-\u9fff]", command.help), name


def test_what_people_answer_for_asks_who_and_why() -> None:
    acts = (
        ("quarantine", "release", "declarations", "batch"),
        ("subjects", "decide", "mention", "party", "subject", "--same"),
        ("requests", "close", "IR-1"),
        ("model", "promote", "v1"),
        ("model", "rollback"),
    )
    for words in acts:
        for given in ((), ("--by", "li.na"), ("--by", " ", "--reason", "r")):
            told = customs_risk(*words, *given)
            assert told.exit_code == 2, words
            assert "--by" in told.output or "--reason" in told.output


def test_the_feeds_are_listed_as_the_readme_shows_them() -> None:
    lines = customs_risk("feed", "list", "--markdown").output.splitlines()
    assert len(lines) == len(contracts()) + 2
    channels = [line.split(" | ")[2] for line in lines[2:]]
    assert channels[0] == "–" and channels[-1] == "7"
    assert {"1", "2", "3", "4", "5", "6", "7"} < set(channels)
    shown = customs_risk("feed", "list").output
    assert all(each.feed in shown for each in contracts())


def test_our_errors_are_told_without_a_traceback() -> None:
    command = [sys.executable, "-c", "from customs_risk.cli import main; main()"]
    told = subprocess.run(
        [*command, "feed", "again", "no_such_feed"],
        capture_output=True, text=True, check=False,
        env={"CUSTOMS_RISK_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere", "PATH": ""},
    )  # fmt: skip
    assert told.returncode == 1
    assert told.stderr.startswith("customs-risk: ")
    assert "Traceback" not in told.stderr


def test_a_repair_is_a_column_and_a_value() -> None:
    told = customs_risk(
        *("quarantine", "release", "declarations", "batch", "--set", "net_mass_kg"),
        *("--by", "li.na", "--reason", "r"),
    )
    assert told.exit_code == 2
    assert "column=value" in told.output


def test_names_are_evaluated_on_a_labelled_sample() -> None:
    told = customs_risk("subjects", "evaluate", str(ROOT / "tests/unit/samples/names.csv"))
    assert told.exit_code == 0, told.output
    assert "held_out" in told.output and "pinyin" in told.output


# a new feed

DELIVERED = """\
编号,hs6,Port Code,amount,share,is_paid,paid_on,reportedAt,remark,batch_id
1,030617,2200,12.5,007,true,2026-06-29,2026-06-30T10:00:00+08:00,,x
2,851713,0100,3,010,false,2026-06-30,2026-06-30T11:00:00+08:00,晚交,y
"""


def test_columns_are_proposed_from_what_is_delivered(tmp_path: Path) -> None:
    path = tmp_path / "delivered.csv"
    path.write_bytes(DELIVERED.encode("gb18030"))
    proposed = proposed_columns(path, "csv")
    assert [(each.name, each.type, each.origin) for each in proposed] == [
        ("bian_hao", "numeric", "编号"),
        ("hs6", "text", "hs6"),
        ("port_code", "text", "Port Code"),
        ("amount", "numeric", "amount"),
        ("share", "text", "share"),
        ("is_paid", "boolean", "is_paid"),
        ("paid_on", "date", "paid_on"),
        ("reported_at", "timestamptz", "reportedAt"),
        ("remark", "text", "remark"),
        ("delivered_batch_id", "text", "batch_id"),
    ]
    assert [each.name for each in proposed if each.nullable] == ["remark"]


def test_messages_and_tables_tell_their_types_themselves(tmp_path: Path) -> None:
    messages = tmp_path / "delivered.ndjson"
    messages.write_text('{"a": 1, "b": {"c": [1]}, "d": "x"}\n{"a": 2.5, "b": null}\n')
    assert [(each.type, each.nullable) for each in proposed_columns(messages, "ndjson")] == [
        ("numeric", False),
        ("jsonb", True),
        ("text", True),
    ]
    table = tmp_path / "delivered.parquet"
    parquet.write_table(pa.table({"a": [1], "b": [True], "c": pa.array([0], pa.date32())}), table)
    assert [each.type for each in proposed_columns(table, "parquet")] == [
        "numeric",
        "boolean",
        "date",
    ]


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"\xff\xfe\x00"])
def test_a_file_without_rows_proposes_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "delivered.csv"
    path.write_bytes(content)
    with pytest.raises(Unfit, match=r"delivered\.csv"):
        proposed_columns(path, "csv")


def test_a_sample_is_the_beginning_of_what_was_delivered(tmp_path: Path) -> None:
    path = tmp_path / "delivered.csv"
    path.write_bytes(b"a,b\r\n" + b'1,"two\r\nlines"\r\n' * 50)
    assert opening(path, "csv") == b"a,b\r\n" + b'1,"two\r\nlines"\r\n' * 20


@pytest.mark.parametrize("kind", ["csv", "ndjson", "json", "xml"])
def test_a_feed_is_scaffolded_in_any_format_of_text(elsewhere: Path, kind: str) -> None:
    wanted = Wanted("port_fees", format=kind, channel=4, **WORDS)  # type: ignore[arg-type]
    declaration, staging, sample, generated = scaffold(wanted)
    contract = read_contract(declaration)
    assert (contract.feed, contract.folder, contract.channel) == ("port_fees", "public", 4)
    assert contract.grain == "one fee" and contract.title.en == WORDS["title"]
    assert contract.key == ("port_fees_id",) and contract.known_at == "reported_at"
    assert sample.name == f"good.{kind}"
    assert "port_fees_id 2" in sample.read_text(encoding="utf-8")
    assert "source('raw', 'port_fees')" in staging.read_text(encoding="utf-8")
    tables = yaml.safe_load(generated.read_text(encoding="utf-8"))["sources"][0]["tables"]
    assert "port_fees" in {table["name"] for table in tables}
    with pytest.raises(CannotScaffold, match="there is a feed"):
        scaffold(wanted)


def test_a_column_known_elsewhere_means_the_same_here(elsewhere: Path) -> None:
    path = elsewhere / "delivered.csv"
    path.write_text(DELIVERED, encoding="utf-8")
    declaration, *_ = scaffold(Wanted("port_fees", delivered=path, **WORDS))
    contract = read_contract(declaration)
    assert contract.columns["hs6"].code_list == "hs6"
    assert contract.columns["hs6"].meaning.zh == "商品编码前六位"
    assert contract.columns["reported_at"].origin.column == "reportedAt"
    assert contract.key == ("bian_hao",)


def test_what_makes_no_feed_is_refused_and_nothing_is_written(elsewhere: Path) -> None:
    path = elsewhere / "delivered.csv"
    path.write_text("a,b\n1,1\n1,1\n")
    before = list(elsewhere.rglob("*"))
    refused = {
        "no column alone": Wanted("fees", delivered=path, **WORDS),
        "which is no column": Wanted("fees", key=("other",), **WORDS),
        "feed\n": Wanted("Port-Fees", **WORDS),
        "give a delivered file": Wanted("fees", format="xlsx", **WORDS),
    }
    for why, wanted in refused.items():
        with pytest.raises(CannotScaffold, match=why):
            scaffold(wanted)
    assert list(elsewhere.rglob("*")) == before


def test_the_grain_is_asked_for_first(elsewhere: Path) -> None:
    told = customs_risk("feed", "new", "port_fees", typed="fee\nPort fees\n港口费用\n")
    assert told.exit_code == 0, told.output
    assert told.output.startswith("Grain")
    assert "wrote expectations/feeds/supervision/port_fees.yml" in told.output


def test_a_scaffolded_staging_model_is_in_house_style(elsewhere: Path) -> None:
    _, staging, *_ = scaffold(Wanted("port_fees", **WORDS))
    style = ROOT / "dbt_project" / ".sqlfluff"
    told = subprocess.run(
        [sys.executable, "-m", "sqlfluff", "lint", "--disable-progress-bar",
         "--templater", "jinja", "--config", str(style), str(staging)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
