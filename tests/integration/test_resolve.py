"""Subject resolution in the warehouse: what is new is resolved, and verdicts stay."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from customs_risk import resolve
from customs_risk import warehouse as doors
from customs_risk.sandbox import names
from customs_risk.settings import Settings

SAMPLE = Path(__file__).parents[1] / "unit" / "samples" / "names.csv"
FIRM = "91310115MA1K3XAG5L"
VESSEL, IMO = names.vessel(7)
BOX = names.container(7)


@pytest.fixture
def connection(warehouse: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("drop schema if exists intermediate cascade")
        opened.execute("create schema intermediate")
        opened.execute(
            """
            create table intermediate.int_mentions (
                mention_id text, mention_kind text, mention_names text[],
                mention_identifiers text[], country text
            );
            create table intermediate.int_subjects (
                subject_kind text, subject_id text, subject_names text[],
                subject_identifiers text[], country text
            );
            truncate ops.subject_matches, ops.match_reviews, ops.resolved_mentions,
                ops.resolved_subjects;
            """
        )
        yield opened


def mention(connection: psycopg.Connection, *row: Any) -> None:
    connection.execute("insert into intermediate.int_mentions values (%s, %s, %s, %s, %s)", row)


def know(connection: psycopg.Connection, *row: Any) -> None:
    connection.execute("insert into intermediate.int_subjects values (%s, %s, %s, %s, %s)", row)


def matches(connection: psycopg.Connection, columns: str = "method, status") -> list[Any]:
    return connection.execute(
        f"select mention_id, subject_id, {columns} from ops.subject_matches order by 1, 2"  # type: ignore[arg-type]
    ).fetchall()


def test_without_models_there_is_nothing_to_do(connection: psycopg.Connection) -> None:
    connection.execute("drop schema intermediate cascade")
    assert resolve.resolve_subjects() == 0


def test_each_kind_is_resolved_by_what_it_has(connection: psycopg.Connection) -> None:
    know(connection, "party", FIRM, ["上海华远国际贸易有限公司"], [FIRM], "CN")
    know(connection, "party", "DE123456", ["Northwind Atlas Trading GmbH"], None, None)
    know(connection, "commodity", "020714", ["冻鸡翅"], ["020714"], None)
    know(connection, "vessel", IMO, [VESSEL], [IMO], None)
    know(connection, "container", BOX, None, [BOX], None)
    mention(connection, "1", "party", ["上海华远"], ["DE 123456"], None)
    mention(connection, "2", "party", ["Shanghai Huayuan Trading Co., Ltd."], [], "CN")
    mention(connection, "3", "commodity", ["poultry"], ["0207"], "BR")
    mention(connection, "4", "vessel", ["M/V Another Name"], [f"IMO {IMO}"], None)
    mention(connection, "5", "vessel", [f"mv {VESSEL}"], None, None)
    mention(connection, "6", "container", [f"{BOX[:4]} {BOX[4:]}"], [], None)
    mention(connection, "7", "place", ["Shanghai"], [], "CN")
    mention(connection, "8", "party", None, None, None)
    assert resolve.resolve_subjects() == 8
    assert matches(connection) == [
        ("1", "DE123456", "identifier", "review"),
        ("2", FIRM, "name", "matched"),
        ("3", "020714", "code", "matched"),
        ("4", IMO, "identifier", "matched"),
        ("5", IMO, "name", "matched"),
        ("6", BOX, "identifier", "matched"),
    ]
    # and again: nothing is new
    assert resolve.resolve_subjects() == 0


def test_a_failed_check_digit_is_kept_with_the_outcome(connection: psycopg.Connection) -> None:
    wrong = FIRM[:-1] + ("1" if FIRM[-1] != "1" else "3")
    know(connection, "party", FIRM, ["上海华远国际贸易有限公司"], [FIRM], "CN")
    mention(connection, "1", "party", ["上海华远国际贸易有限公司"], [wrong], "CN")
    mention(connection, "2", "party", ["某某公司"], [wrong], "CN")
    resolve.resolve_subjects()
    ((_, _, method, told),) = matches(connection, "method, matched_on")
    assert method == "name"
    assert f"{wrong} fails its check digit" in told
    failed = connection.execute("select failed_identifiers from ops.resolved_mentions").fetchall()
    assert failed == [([wrong],), ([wrong],)]


def load_sample(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Make mentions known, and return the subjects they name, as rows."""
    subjects: list[tuple[Any, ...]] = []
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            told = (row["names"].split("; "), [], row["country"] or None)
            if row["side"] == "subject":
                subjects.append((row["kind"], row["entity"], *told))
            else:
                mention(connection, f"line {number}", row["kind"], *told)
    return subjects


def test_subjects_that_come_later_change_nothing_but_the_moment(
    connection: psycopg.Connection,
) -> None:
    subjects = load_sample(connection)
    for start in range(0, len(subjects), 30):
        for row in subjects[start : start + 30]:
            know(connection, *row)
        assert resolve.resolve_subjects() > 0
    in_portions = matches(connection, "method, status, score")
    connection.execute("truncate ops.subject_matches, ops.resolved_mentions, ops.resolved_subjects")
    assert resolve.resolve_subjects() == 360
    at_once = matches(connection, "method, status, score")
    accepted = [row for row in at_once if row[3] != "rejected"]
    assert [row for row in in_portions if row[3] != "rejected"] == accepted


def test_a_subject_known_under_another_name_is_met_again(connection: psycopg.Connection) -> None:
    know(connection, "party", "s", ["Something Else Ltd"], [], None)
    mention(connection, "1", "party", ["Northwind Atlas Trading GmbH"], [], None)
    resolve.resolve_subjects()
    assert matches(connection) == []
    connection.execute(
        "update intermediate.int_subjects set subject_names = subject_names || %s",
        [["Northwind Atlas Trading"]],
    )
    assert resolve.resolve_subjects() == 1
    assert matches(connection) == [("1", "s", "name", "matched")]


def test_an_identifier_that_is_declared_later_takes_the_place_of_names(
    connection: psycopg.Connection,
) -> None:
    know(connection, "party", "s", ["Northwind Atlas Trading GmbH"], [], None)
    mention(connection, "1", "party", ["Northwind Atlas Trading GmbH"], [FIRM], None)
    resolve.resolve_subjects()
    assert matches(connection) == [("1", "s", "name", "matched")]
    know(connection, "party", FIRM, ["北风"], [FIRM], "CN")
    assert resolve.resolve_subjects() == 1
    assert matches(connection) == [("1", FIRM, "identifier", "matched")]


def doubtful(connection: psycopg.Connection) -> resolve.Waiting:
    know(connection, "party", "s", ["宁波金桥进出口有限公司"], [], "CN")
    mention(connection, "1", "party", ["宁波金侨进出口有限公司"], [], "CN")
    resolve.resolve_subjects()
    (waiting,) = resolve.queue(10)
    assert (waiting.mention_id, waiting.subject_id) == ("1", "s")
    assert waiting.subject_names == ["宁波金桥进出口有限公司"]
    return waiting


@pytest.mark.parametrize(("same", "status"), [(True, "matched"), (False, "rejected")])
def test_a_verdict_overrules_at_once_and_for_ever(
    connection: psycopg.Connection, same: bool, status: str
) -> None:
    doubtful(connection)
    resolve.review("1", "party", "s", same, "officer 7", "seen in the register")
    assert matches(connection) == [("1", "s", "name", status)]
    assert resolve.queue(10) == []
    # the mention is settled anew with it, then under another method, then under another alias
    assert resolve.resolve_subjects() == 1
    connection.execute("update ops.resolved_mentions set method_version = 'older'")
    assert resolve.resolve_subjects() == 1
    mention(connection, "2", "party", ["宁波金侨进出口有限公司", "金侨"], [], "CN")
    assert resolve.resolve_subjects() == 1
    assert matches(connection) == [("1", "s", "name", status), ("2", "s", "name", status)]
    # only another verdict changes it
    resolve.review("1", "party", "s", not same, "officer 8", "seen again")
    assert resolve.resolve_subjects() == 2
    assert {row[3] for row in matches(connection)} == {"matched", "rejected"} - {status}
    assert connection.execute("select count(*) from ops.match_reviews").fetchone() == (2,)


def test_a_person_may_know_what_no_method_finds(connection: psycopg.Connection) -> None:
    know(connection, "party", "s", ["中国石油天然气集团有限公司"], [], "CN")
    mention(connection, "1", "party", ["Кнпс"], [], None)
    resolve.resolve_subjects()
    resolve.review("1", "party", "s", True, "officer 7", "their own abbreviation")
    resolve.resolve_subjects()
    assert matches(connection, "status, matched_on") == [
        ("1", "s", "matched", "a person's verdict")
    ]


def test_a_verdict_needs_a_mention_a_reviewer_and_a_reason(connection: psycopg.Connection) -> None:
    with pytest.raises(resolve.UnknownMention, match="no mention 9"):
        resolve.review("9", "party", "s", True, "officer 7", "register")
    doubtful(connection)
    with pytest.raises(ValueError, match="reason"):
        resolve.review("1", "party", "s", True, "officer 7", "  ")
