"""Warnings on a real PostgreSQL: drafted, approved, issued, received, lifted; who is told what."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from customs_risk import warehouse as doors
from customs_risk.commands.warnings import app
from customs_risk.settings import Settings
from customs_risk.treat import outbox
from customs_risk.treat.warnings import giveaways, issue
from customs_risk.treat.warnings.drafts import draft_warnings, revise
from customs_risk.treat.warnings.giveaways import GivesAway
from customs_risk.treat.warnings.issue import NotApproved, UnknownWarning, issue_warnings, lift
from tests.integration.experts_stage import now_is, rows

pytestmark = pytest.mark.timeout(900)

WORLD = Path(__file__).with_name("warnings_world.sql")
BY = "li.na"


@pytest.fixture(scope="module")
def connection(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection to a warehouse in which there is something to warn of."""
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        opened.execute(WORLD.read_text(encoding="utf-8"))
        now_is(opened, "2026-07-01 09:00+08")
        assert draft_warnings() > 0
        yield opened


def answer(connection: psycopg.Connection, cause: str, said: str) -> None:
    """Answer what is open on the warnings of a cause, as a person would."""
    connection.execute(
        """update ops.approvals as asked
        set answered_at = '2026-07-01 10:00+08', answer = %s, answered_by = 'wang.wei',
            answered_as = 'person', answered_post = needed_posts[1], reason = 'seen'
        from ops.warnings as warnings
        where asked.subject_id = warnings.warning_id || ':' || warnings.version
            and warnings.cause = %s and asked.answered_at is null""",
        [said, cause],
    )


def number(connection: psycopg.Connection, cause: str, release_class: str, key: str = "%") -> str:
    ((found,),) = rows(
        connection,
        """select warning_id from treatment.warnings
        where cause = %s and release_class = %s and subject_key like %s
            and state not in ('lifted', 'superseded')""",
        cause, release_class, key,
    )  # fmt: skip
    return found


def told(connection: psycopg.Connection, warning_id: str) -> dict[str, dict[str, Any]]:
    return dict(
        rows(
            connection,
            "select recipient_id, release from ops.warning_recipients where warning_id = %s",
            warning_id,
        )
    )


def test_each_cause_is_drafted_once_in_its_classes(connection: psycopg.Connection) -> None:
    drafted = rows(
        connection,
        """select cause, release_class, subject_key, "level", is_public from treatment.warnings
        order by cause, subject_key, release_class""",
    )
    rise = "91310000SECRET0004|find_rate"
    assert drafted == [
        ("focus_rise", "bulletin", rise, "high", False),
        ("food_alerts", "bulletin", "0306|VN", "high", False),
        ("food_alerts", "notification", "0306|VN", "high", False),
        ("food_alerts", "bulletin", "0402|PL", "high", True),
        ("food_alerts", "notice", "0402|PL", "high", True),
        ("food_alerts", "notification", "0402|PL", "high", True),
        ("outbreak", "bulletin", "PL|avian influenza", "high", True),
        ("outbreak", "notice", "PL|avian influenza", "high", True),
        ("outbreak", "notification", "PL|avian influenza", "high", True),
        ("serious_finding", "bulletin", "850440|VN", "high", False),
        ("serious_finding", "notification", "850440|VN", "high", False),
    ]
    assert draft_warnings() == 0


def test_bulletins_leave_at_once_and_may_name_a_party(connection: psycopg.Connection) -> None:
    bulletin = number(connection, "focus_rise", "bulletin")
    released = told(connection, bulletin)
    assert released.keys() == {
        "gacc_risk", "subcentre_qingdao", "subcentre_shanghai", "subcentre_huangpu",
    }  # fmt: skip
    assert "91310000SECRET0004" in released["gacc_risk"]["words_zh"]
    assert "drafted_by" not in released["gacc_risk"]


def test_publication_waits_for_a_word(connection: psycopg.Connection) -> None:
    notice = number(connection, "food_alerts", "notice", "0402%")
    assert issue_warnings() == 0
    with pytest.raises(NotApproved, match="drafted"):
        issue.issue(notice, by=BY)
    assert not told(connection, notice)
    # nor does the database let it pass
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "update ops.warnings set issued_at = now(), issued_by = 'x' where warning_id = %s",
            [notice],
        )
    assert rows(
        connection,
        "select matter, asked_by, due_at::date::text from ops.approvals where subject_id = %s",
        f"{notice}:1",
    ) == [("publication", "warning rules", "2026-07-03")]


def test_each_audience_is_told_its_own(connection: psycopg.Connection) -> None:
    answer(connection, "food_alerts", "approve")
    assert issue_warnings() == 3
    notice = told(connection, number(connection, "food_alerts", "notice", "0402%"))
    # importers of such goods from there, and everybody
    parties = {"91310000SECRET0002", "91310000SECRET0003"}
    assert notice.keys() == {"public", *parties}
    assert notice["public"].keys() == {
        "warning_id", "version", "risk_domain", "title_en", "title_zh", "advice_en", "advice_zh",
    }  # fmt: skip
    assert "Poland" in notice["public"]["title_en"] and "波兰" in notice["public"]["title_zh"]

    abroad = told(connection, number(connection, "food_alerts", "notification", "0402%"))
    assert abroad.keys() == {"samr", "PL_competent_authority"}
    assert abroad["PL_competent_authority"]["hs"] == "0402"
    assert "cause" in abroad["samr"] and "cause" not in abroad["PL_competent_authority"]
    # what is not public goes to departments alone
    quiet = told(connection, number(connection, "food_alerts", "notification", "0306%"))
    assert quiet.keys() == {"samr"}
    for release in (*notice.values(), *abroad.values(), *quiet.values()):
        assert not {"words_en", "subject_key", "evidence", "drafted_by"} & release.keys()


def test_it_is_received(connection: psycopg.Connection, standing_warehouse: Settings) -> None:
    assert outbox.dispatch() > 0
    ((recipients, receipts, state),) = rows(
        connection,
        "select recipients, receipts, state from treatment.warnings where warning_id = %s",
        number(connection, "food_alerts", "notice", "0402%"),
    )
    assert (recipients, receipts, state) == (3, 3, "issued")
    folder = standing_warehouse.outbox / "notices"
    lines = [
        line
        for file in sorted(folder.glob("*.csv"))
        for line in csv.DictReader(file.open(encoding="utf-8"))
    ]
    assert {line["addressee"] for line in lines} == {
        "public", "91310000SECRET0002", "91310000SECRET0003",
    }  # fmt: skip
    # nobody reads of another
    public = next(line for line in lines if line["addressee"] == "public")
    assert "SECRET" not in str(public)
    assert json.loads(public["release"])["title_en"].startswith("Food safety")
    assert outbox.dispatch() == 0


def test_what_is_refused_stays_unsaid(connection: psycopg.Connection) -> None:
    answer(connection, "serious_finding", "refuse")
    assert issue_warnings() == 0
    assert draft_warnings() == 0
    refused = number(connection, "serious_finding", "notification")
    assert not told(connection, refused)
    with pytest.raises(NotApproved, match="refused"):
        issue.issue(refused, by=BY)


KNOWN = {
    "party": "91310000SECRET0002 is meant",
    "declaration": "see 220120260000000003.",
    "spaced": "see 2201 2026 0000 0000 03",
    "consignment": "under bill BILL003",
    "officer": "found by officer0815",
    "name": "made by hidden  dairy SP. Z O.O., they say",
    "name_zh": "由上海隐秘贸易有限公司进口",
}


@pytest.mark.parametrize("text", KNOWN.values(), ids=KNOWN)
def test_words_that_name_what_is_known_are_held(connection: psycopg.Connection, text: str) -> None:
    with pytest.raises(GivesAway, match="不得对外提供"):
        giveaways.refuse(connection, text, "public")
    for harmless in ("dairy from Poland (HS 0402), 2026-07-01", "原产于波兰的乳品"):
        giveaways.refuse(connection, harmless, "public")


def test_a_warning_that_gives_away_is_held_until_it_is_revised(
    connection: psycopg.Connection,
) -> None:
    notice = number(connection, "outbreak", "notice")
    assert revise(notice, title_en="Poultry of Hidden Dairy sp. z o.o.", by=BY) == 2
    answer(connection, "outbreak", "approve")
    issue_warnings()
    with pytest.raises(NotApproved, match=r"held.*Hidden Dairy"):
        issue.issue(notice, by=BY)
    assert not told(connection, notice)

    assert revise(notice, title_en="Avian influenza in Poland", by=BY) == 3
    with pytest.raises(NotApproved, match="drafted"):
        issue.issue(notice, by=BY)
    answer(connection, "outbreak", "approve")
    assert issue.issue(notice, by=BY) == 1
    assert told(connection, notice)["public"]["version"] == 3
    assert rows(
        connection,
        """select version, supersedes, state from treatment.warnings
        where warning_id = %s order by version""",
        notice,
    ) == [(1, None, "superseded"), (2, 1, "superseded"), (3, 2, "issued")]


def test_it_is_lifted_when_its_cause_has_ceased(connection: psycopg.Connection) -> None:
    notice = number(connection, "food_alerts", "notice", "0402%")
    connection.execute(
        "update intermediate.int_latest_signals set is_in_force = false where signal_id = 'rasff|1'"
    )
    assert draft_warnings() == 0
    assert rows(
        connection,
        """select state, lifted_by, lifted_because_zh <> '' from treatment.warnings
        where warning_id = %s""",
        notice,
    ) == [("lifted", "warning rules", True)]
    outbox.dispatch()
    assert rows(
        connection,
        """select payload ->> 'addressee' from ops.outbox
        where kind = 'lifting' and subject_id = %s and dispatched_at is not null order by 1""",
        notice,
    ) == [("91310000SECRET0002",), ("91310000SECRET0003",), ("public",)]
    # the same cause, later: another warning
    connection.execute(
        "update intermediate.int_latest_signals set is_in_force = true where signal_id = 'rasff|1'"
    )
    now_is(connection, "2026-07-02 09:00+08")
    assert draft_warnings() == 3
    assert number(connection, "food_alerts", "notice", "0402%") != notice


def test_a_change_of_level_is_a_new_version(connection: psycopg.Connection) -> None:
    bulletin = number(connection, "outbreak", "bulletin")
    connection.execute(
        "update intermediate.int_latest_signals set severity = 'low' where signal_id = 'wahis|1'"
    )
    assert draft_warnings() == 3
    assert rows(
        connection,
        """select version, supersedes, "level", state from treatment.warnings
        where warning_id = %s order by version""",
        bulletin,
    ) == [(1, None, "high", "superseded"), (2, 1, "medium", "issued")]


def customs_risk(line: str) -> Result:
    return CliRunner().invoke(app, line.split())


def test_the_commands_show_issue_and_lift(connection: psycopg.Connection) -> None:
    notification = number(connection, "food_alerts", "notification", "0402%")
    bulletin = number(connection, "focus_rise", "bulletin")
    listed = customs_risk("list").output
    assert notification in listed and bulletin in listed
    shown = customs_risk(f"show {notification} --as foreign_authority --basis sps_annex_b").output
    assert "0402" in shown and "words_en" not in shown
    assert "words_en" in customs_risk(f"show {bulletin} --as customs").output
    refused = customs_risk(f"issue {notification} --by {BY}").exception
    assert isinstance(refused, NotApproved)
    answer(connection, "food_alerts", "approve")
    issued = customs_risk(f"issue {notification} --by {BY}")
    assert issued.exit_code == 0 and "2" in issued.output
    lifting = f"lift {bulletin} --by {BY} --reason"
    named = customs_risk(f"{lifting} 220120260000000003 --reason-zh 解除").exception
    assert isinstance(named, GivesAway)
    assert customs_risk(f"{lifting} over --reason-zh 解除").exit_code == 0
    with pytest.raises(UnknownWarning):
        lift(bulletin, reason_en="over", reason_zh="解除", by=BY)
