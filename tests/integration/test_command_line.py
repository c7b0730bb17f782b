"""What people ask of parties, look at and decide, on the command line."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.cli import app
from customs_risk.settings import Settings

BY = "li.na"
ANSWERS_FOR_IT = ["--by", BY, "--reason", "the declarant confirmed it by telephone"]


@pytest.fixture(scope="module", autouse=True)
def home(warehouse: Settings) -> Iterator[Settings]:
    steps.initialize()
    yield warehouse


def rows(query: str) -> list[Any]:
    with doors.connect() as connection:
        return connection.execute(query).fetchall()


def customs_risk(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_a_request_is_asked_listed_and_closed() -> None:
    words = ["--what", "invoices", "--what-zh", "发票", "--due", "2099-01-31"]
    asked = customs_risk(
        *("requests", "ask", "91310000MA1FL0000X", *words, "--name", "示例公司", "--by", "li.na")
    )
    assert asked.exit_code == 0, asked.output
    number = asked.output.split(",")[0]
    assert "2099-01-31 23:59" in asked.output
    assert "open" in customs_risk("requests", "list").output
    assert rows("select request_id, asked_by, party_name from ops.information_requests") == [
        (number, "li.na", "示例公司")
    ]
    ((basis,),) = rows("select legal_basis from ops.information_requests")
    assert "第八条" in basis

    assert customs_risk("requests", "close", number, *ANSWERS_FOR_IT).exit_code == 0
    assert number[:10] not in customs_risk("requests", "list").output
    assert "closed" in customs_risk("requests", "list", "--all").output
    told = customs_risk("requests", "close", number, *ANSWERS_FOR_IT)
    assert (told.exit_code, "no open request" in told.output) == (1, True)


def test_alarms_are_listed_until_they_are_cleared() -> None:
    with doors.connect() as connection:
        connection.execute(
            """
            insert into ops.alarms (
                alarm_id, kind, feed, subject, raised_at, recipient, message_en, message_zh
            )
            values (
                'a', 'volume', 'declarations', 'b', now(), 'x@example.org', 'too few [3]', '过少'
            )
            """
        )
    assert "too few [3]" in customs_risk("alarms").output
    with doors.connect() as connection:
        connection.execute("update ops.alarms set cleared_at = now()")
    assert "too few" not in customs_risk("alarms").output
    assert "too few" in customs_risk("alarms", "--all").output


def test_a_verdict_is_given_on_the_command_line() -> None:
    with doors.connect() as connection:
        connection.execute(
            """
            create schema if not exists intermediate;
            create table intermediate.int_mentions as
            select
                'm1' as mention_id, 'party' as mention_kind, array['示例贸易公司'] as mention_names,
                array[]::text[] as mention_identifiers, 'CN' as country;
            create table intermediate.int_subjects as
            select
                'party' as subject_kind, 's1' as subject_id, array['示例公司'] as subject_names,
                array[]::text[] as subject_identifiers, 'CN' as country;
            insert into ops.subject_matches (
                mention_id, subject_kind, subject_id, method, matched_on, score, status,
                method_version, resolved_at
            )
            values ('m1', 'party', 's1', 'name', '示例', 0.8, 'review', '1', now());
            """
        )
    assert "0.80" in customs_risk("subjects", "review").output
    told = customs_risk("subjects", "decide", "m1", "party", "s1", "--same", *ANSWERS_FOR_IT)
    assert told.exit_code == 0, told.output
    assert rows("select verdict, reviewer from ops.match_reviews") == [("same", BY)]
    assert "0.80" not in customs_risk("subjects", "review").output
