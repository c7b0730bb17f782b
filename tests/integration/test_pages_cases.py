"""Queue, cards, declarations, parameters and decisions: what they show, to whom, and what forms do.

Two districts, Shanghai (2200) and Huangpu (5300), with one story told to its end in the first.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from customs_risk import steps
from customs_risk import warehouse as doors
from customs_risk.access import members
from customs_risk.codes import FINDINGS
from customs_risk.settings import Settings
from customs_risk.treat import outbox
from customs_risk.treat.parameters import store
from tests.integration.measures_stage import SUSPENSION, TODAY, now_is, propose_on, rows
from tests.integration.parameters_stage import proposed

pytestmark = pytest.mark.timeout(600)

# who reads: roles, districts (none: all) and unit of the organisation
READERS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str | None]] = {
    "wei": (("auditor", "manager", "analyst", "assessor", "parameter_officer"), (), "gacc"),
    "shanghai": (("parameter_officer", "assessor"), ("2200",), "2200"),
    "huangpu": (("parameter_officer",), ("5300",), "5300"),
    "analyst": (("analyst",), (), None),
    "manager": (("manager",), (), None),
    "reader": (("auditor",), (), None),
}
MARKUP = "<script>alert(1)</script>"

WORLD = """
    insert into raw.declarations (
        declaration_id, declared_at, office_code, importer_id, importer_name, hs6, goods_name,
        origin_country, net_mass_kg, declared_value_cny, batch_id, row_no, is_backfill, known_at)
    values
    ('D1', '2026-06-30 09:00+08', '2201', 'P1', 'Wine Co', '220421', '<script>alert(1)</script>',
        'FR', 100, 5000, 'b', 1, false, '2026-06-30 10:00+08'),
    ('D1', '2026-06-30 09:00+08', '2201', 'P1', 'Wine Co', '220421', '<script>alert(1)</script>',
        'FR', 100, 9000, 'c', 1, false, '2026-07-01 07:00+08'),
    ('D2', '2026-06-30 09:00+08', '2201', 'P2', 'Shoe Co', '640399', 'shoes', 'IT', 10, 700, 'b', 2,
        false, '2026-06-30 10:00+08'),
    ('D9', '2026-06-30 09:00+08', '5301', 'P9', 'Elsewhere', '640399', 'boots', 'IT', 10, 700, 'b',
        3, false, '2026-06-30 10:00+08');
    insert into intermediate.int_declarations (
        declaration_id, declared_at, office_code, importer_id, importer_name, hs6, goods_name,
        origin_country, net_mass_kg, declared_value_cny, licence_count, batch_id, row_no,
        is_backfill, known_at, known_on, recorded_at)
    select declaration_id, declared_at, office_code, importer_id, importer_name, hs6, goods_name,
        origin_country, net_mass_kg, declared_value_cny, 0, batch_id, row_no, is_backfill, known_at,
        '2026-06-30', now()
    from raw.declarations where batch_id = 'b';
    insert into intermediate.int_declaration_corrections (
        declaration_id, declared_at, office_code, importer_id, importer_name, hs6, goods_name,
        origin_country, net_mass_kg, declared_value_cny, batch_id, row_no, known_at, known_on,
        recorded_at)
    select declaration_id, declared_at, office_code, importer_id, importer_name, hs6, goods_name,
        origin_country, net_mass_kg, declared_value_cny, batch_id, row_no, known_at, '2026-07-01',
        now()
    from raw.declarations where batch_id = 'c';
    insert into intermediate.int_declaration_features (
        importer_id, declaration_id, known_on, is_backfill, recorded_at, price_z)
    select importer_id, declaration_id, known_on, false, now(), -2
    from intermediate.int_declarations;
    insert into ml.conclusions (
        importer_id, declaration_id, model_version, likelihood, "level", severity, trend,
        uncertainty_kind, ranking_score, as_of)
    select importer_id, declaration_id, 'none', 0.4, 'high', 'serious', 'rising', 'no_model', 0.4,
        known_at
    from intermediate.int_declarations;
    insert into ml.explanations (importer_id, declaration_id, hazard_factors, risk_domain)
    values ('P1', 'D1', '[{"feature": "price_z", "value": -2, "contribution": 1.5,
        "en": "price far below such goods", "zh": "价格明显偏低"}]', 'tax');
    insert into treatment.decisions (
        importer_id, declaration_id, office_code, decided_on, decision_round, stratum, lane,
        selected_by, reason_en, reason_zh, level, likelihood, ranking_score, model_version, as_of,
        assessed_at, declarations_in_stratum, capacity, random_capacity, exploration_capacity,
        claim_capacity, score_rank, cutoff_rank, random_draw, random_probability,
        selection_probability, inspection_rate, random_share, claim_share, exploration_share,
        medium_rate, selection_seed, decided_at)
    select importer_id, declaration_id, office_code, known_on, 1, 's', 'high',
        case declaration_id when 'D2' then 'random' else 'targeted' end, 'Targeted: ranked 1 of 2',
        '精准布控：排名第1', 'high', 0.4, 0.4, 'none', known_at, now(), 2, 2, 1, 0, 0, 1, 1, 0.5,
        0.1, case declaration_id when 'D2' then 0.1 else 1 end, 0.5, 0.5, 0, 0, 0.1, 'seed', now()
    from intermediate.int_declarations;
    insert into treatment.instructions (
        importer_id, declaration_id, instruction_id, office_code, decided_on, selected_by, lane,
        level, hs6, goods_name, what_to_examine_en, what_to_examine_zh, reason_en, reason_zh,
        model_version, score_rank, declarations_in_stratum, random_probability,
        selection_probability, decided_at)
    select importer_id, declaration_id, 'I' || declaration_id, decided.office_code,
        decided.decided_on, decided.selected_by, decided.lane, decided.level, declared.hs6,
        declared.goods_name, 'Value: invoice', '价格：发票', decided.reason_en, decided.reason_zh,
        'none', 1, 2, 0.1, decided.selection_probability, now()
    from treatment.decisions as decided
    inner join intermediate.int_declarations as declared using (importer_id, declaration_id);
    insert into intermediate.int_treatments (
        importer_id, declaration_id, office_code, decided_on, decided_at, as_of, lane, level,
        treated_level, credit_tier, risk_domain, selected_by, matrix_version, matrix_domain,
        handling, extra_measures, legal_basis, words_en, words_zh, measure_ids)
    select importer_id, declaration_id, office_code, decided_on, now(), as_of, lane, level, 'high',
        'regular', case declaration_id when 'D1' then 'tax' else 'ipr' end, selected_by, 1, 'any',
        'inspection', '{}', 'Order 271', 'inspect all of it', '整批查验', '{}'
    from treatment.decisions
"""
RESULT = """
    insert into intermediate.int_inspection_versions (
        importer_id, declaration_id, result_id, version_no, instruction_id, office_code, officer_id,
        inspected_at, reported_at, has_finding, finding_type, additional_duty_cny, officer_hours,
        is_backfill, known_at, known_on, recorded_at, is_latest, batch_id, row_no)
    values ('P1', 'D1', 'R1', 1, 'ID1', '2201', 'officer-7', '2026-07-01 04:00+08',
        '2026-07-01 06:00+08', true, 'undervaluation', 800, 3, false, '2026-07-01 06:00+08',
        '2026-07-01', now(), true, 'r', 1)
"""


@pytest.fixture(scope="module")
def warehouse(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    steps.initialize()
    with psycopg.connect(doors.url(), autocommit=True) as opened:
        opened.execute("set timezone = 'Asia/Shanghai'")
        now_is(opened, TODAY.replace(month=6, day=30, hour=18))
        opened.execute(WORLD)
        assert outbox.dispatch() == 3
        now_is(opened, TODAY)
        opened.execute(RESULT)
        for login, (roles, districts, unit) in READERS.items():
            for role in roles:
                members.grant(
                    login, role, by="test", districts=districts, all_districts=not districts
                )
            if unit:
                store.appoint(login, unit, valid_from=date(2026, 1, 1), valid_to=None, by="test")
        yield opened
        for login in READERS:
            opened.execute(f"drop owned by {login}")
            opened.execute(f"drop role {login}")


@pytest.fixture
def pages(warehouse: psycopg.Connection) -> type["Browser"]:
    return Browser


class Browser:
    """Somebody who is logged in, without Airflow, and sends forms from the pages themselves."""

    def __init__(self, login: str, language: str = "en") -> None:
        from customs_risk.web.application import application

        self.login = login
        self._client = TestClient(
            application(),
            headers={"accept": "text/html", "accept-language": language},
            follow_redirects=False,
        )

    @property
    def client(self) -> TestClient:
        """The client, as this login: the application is one for all."""
        from customs_risk.web import readers
        from customs_risk.web.application import application

        application().dependency_overrides[readers.reader] = lambda: readers.find(self.login)
        return self._client

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(f"/{path}")
        assert answer.status_code == status, answer.text
        return answer.text

    def rows(self, path: str) -> list[dict[str, Any]]:
        answer = self.client.get(f"/api/{path}", headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        told: list[dict[str, Any]] = answer.json()["rows"]
        return told

    def post(self, path: str, status: int, site: str = "same-origin", **form: Any) -> str:
        answer = self.client.post(f"/{path}", data=form, headers={"sec-fetch-site": site})
        assert answer.status_code == status, answer.text
        return answer.text


def test_the_queue_shows_what_waits_and_all_on_demand(pages: type[Browser]) -> None:
    wei = pages("wei")
    assert {row["instruction_id"] for row in wei.rows("queue")} == {"ID2", "ID9"}
    ((answered),) = wei.rows("queue?status=answered")
    assert (answered["instruction_id"], answered["has_finding"]) == ("ID1", True)
    for chosen, found in (
        ("lane=high", {"ID1", "ID2", "ID9"}),
        ("method=random", {"ID2"}),
        ("domain=tax", {"ID1"}),
        ("office_code=5301", {"ID9"}),
        ("to_on=2026-06-29", set()),
    ):
        told = wei.rows(f"queue?status=any&from_on=2026-06-01&{chosen}")
        assert {row["instruction_id"] for row in told} == found, chosen
    assert 'href="/customs-risk/queue/ID2"' in wei.get("queue")


def test_a_card_tells_why_and_what_in_both_languages_and_markup_stays_text(
    pages: type[Browser],
) -> None:
    english, chinese = (pages("wei", language).get("queue/ID1") for language in ("en", "zh"))
    for page in (english, chinese):
        assert "High risk! Targeted check!" in page and "高风险！精准布控！" in page
        assert MARKUP not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert (
        "Value: invoice" in english and "Undervaluation" in english and "officer-7" not in english
    )
    assert "价格：发票" in chinese and "价格低报" in chinese
    assert 'href="/customs-risk/declarations/D1"' in english


def test_the_list_is_what_the_marts_hold(
    pages: type[Browser], warehouse: psycopg.Connection
) -> None:
    wei = pages("wei")
    shown = wei.rows("declarations")
    held = rows(
        warehouse,
        """select declaration_id, declared_value_cny::float8 from core.declarations
        order by known_on desc, declaration_id""",
    )
    assert [(row["declaration_id"], float(row["declared_value_cny"])) for row in shown] == held
    for chosen, found in (
        ("method=targeted", ["D1", "D9"]),
        ("has_finding=true", ["D1"]),
        ("has_finding=false", []),
        ("importer_id=P2", ["D2"]),
        ("office_code=2201&from_on=2026-06-30&to_on=2026-06-30", ["D1", "D2"]),
        ("from_on=2026-07-01", []),
    ):
        assert [row["declaration_id"] for row in wei.rows(f"declarations?{chosen}")] == found
    assert 'href="/customs-risk/declarations/D1"' in wei.get("declarations")
    assert MARKUP not in wei.get("declarations")
    wei.get("declarations?from_on=yesterday", 422)


def test_a_declaration_is_told_in_order_of_time(pages: type[Browser]) -> None:
    page = pages("wei").get("declarations/D1")
    told = [part.split('"')[0] for part in page.split('data-what="')[1:]]
    assert told == [
        "Declared", "Concluded", "Decided", "Instruction sent", "Found", "Corrected"
    ]  # fmt: skip
    assert "price far below such goods" in page and "100.00 %" in page and "serious" in page
    assert MARKUP not in page
    assert 'href="/customs-risk/queue/ID1"' in page
    chinese = pages("wei", "zh").get("declarations/D1")
    assert "价格明显偏低" in chinese and "危害程度" in chinese and "严重" in chinese


def test_what_was_corrected_is_shown_with_its_value_before(pages: type[Browser]) -> None:
    (changed,) = pages("wei").rows("declaration-corrections?declaration_id=D1")
    assert changed["field"] == "declared_value_cny"
    assert (float(changed["before"]), float(changed["after"])) == (5000, 9000)


def test_looking_back_leaves_out_what_was_not_known(pages: type[Browser]) -> None:
    wei = pages("wei")
    page = wei.get("declarations/D1?at=2026-06-30T20:00")
    told = [part.split('"')[0] for part in page.split('data-what="')[1:]]
    assert told == ["Declared", "Concluded", "Decided", "Instruction sent"]
    # features were looked up anew: no trade is known before it, so the stored price is not
    assert "price_z" in page and "Differs from what was stored" in page
    assert "Undervaluation" not in page
    assert "Nothing was known of it then" in wei.get("declarations/D1?at=2026-06-29T20:00")
    wei.get("declarations/D1?at=noon", 422)


def test_a_district_sees_its_own_alone(pages: type[Browser]) -> None:
    shanghai, huangpu = pages("shanghai"), pages("huangpu")
    assert {row["declaration_id"] for row in shanghai.rows("declarations")} == {"D1", "D2"}
    assert {row["declaration_id"] for row in huangpu.rows("declarations")} == {"D9"}
    assert {row["instruction_id"] for row in shanghai.rows("queue")} == {"ID2"}
    for one in (
        "declaration", "declaration-lines", "declaration-story-core", "declaration-results"
    ):  # fmt: skip
        assert huangpu.rows(f"{one}?declaration_id=D1") == []
    assert huangpu.rows("hit-card?instruction_id=ID1") == []
    # one of another district is as unknown as one that there is not
    for place, other, unknown in (("declarations", "D9", "D0"), ("queue", "ID9", "ID0")):
        hidden, none = (
            shanghai.get(f"{place}/{other}", 404),
            shanghai.get(f"{place}/{unknown}", 404),
        )
        assert hidden.replace(other, unknown) == none
    # and looking back is no way round
    shanghai.get("declarations/D9?at=2026-06-30T20:00", 404)


def test_a_role_is_refused_what_it_may_not_read(pages: type[Browser]) -> None:
    manager, huangpu = pages("manager"), pages("huangpu")
    for place in ("queue", "queue/ID1", "declarations", "declarations/D1", "parameters"):
        manager.get(place, 403)
    answer = manager.client.get("/api/declarations", headers={"accept": "application/json"})
    assert answer.status_code == 403
    # a parameter officer reads no conclusions: the story says so, and tells the rest
    page = huangpu.get("declarations/D9")
    assert "What was concluded: your role does not read this" in page
    assert "Instruction sent" in page
    assert "does not read conclusions" in huangpu.get("declarations/D9?at=2026-07-01T08:00")


def test_officers_names_are_for_whom_may_see_persons(pages: type[Browser]) -> None:
    path = "declaration-results?declaration_id=D1"
    # the assessor sees persons; the analyst looks for patterns
    assert [row["officer_id"] for row in pages("shanghai").rows(path)] == ["officer-7"]
    assert [row["officer_id"] for row in pages("analyst").rows(path)] == [None]


def test_a_parameter_goes_from_its_impact_to_its_approval(
    pages: type[Browser], warehouse: psycopg.Connection
) -> None:
    name, _ = proposed(by="shanghai", parameter_id="WINE-1", starts_on=date(2026, 7, 1))
    wei, place = pages("wei"), "parameters/WINE-1"
    listed = wei.get("parameters?state=proposed")
    assert f'href="/customs-risk/{place}"' in listed
    page = wei.get(place)
    assert "hs6 like &#39;2204%&#39;" in page and ">Approve<" in page and ">Activate<" not in page

    refused = pages("shanghai").post(
        f"{place}/decide", 409, version=1, event="approved", reason="mine"
    )
    assert "refused 不予办理" in refused and "sub-centre or the department" in refused
    wei.post(f"{place}/decide", 303, version=1, event="approved", reason="sound")
    assert "run it first" in wei.post(
        f"{place}/decide", 409, version=1, event="activated", reason="now"
    )
    wei.post(f"{place}/impact", 303, version=1)
    (impact,) = wei.rows("parameter-impacts?parameter_id=WINE-1")
    held = rows(
        warehouse,
        "select hits, inspected_hits, findings from ops.parameter_impacts where parameter_id = %s",
        name,
    )
    assert [(impact["hits"], impact["inspected_hits"], impact["findings"])] == held == [(1, 1, 1)]
    wei.post(f"{place}/decide", 303, version=1, event="activated", reason="now")
    assert "Active, and nothing hit yet" in wei.get("parameters")
    assert [row["parameter_id"] for row in wei.rows("parameters-without-hit")] == ["WINE-1"]
    wei.post(f"{place}/decide", 303, version=1, event="withdrawn", reason="no longer")
    events = wei.rows("parameter-events?parameter_id=WINE-1")
    assert [(each["event"], each["officer"], each["reason"]) for each in events][:1] == [
        ("withdrawn", "wei", "no longer")
    ]
    assert [each["event"] for each in events] == ["withdrawn", "activated", "approved", "proposed"]


def test_only_officers_decide_and_only_from_these_pages(pages: type[Browser]) -> None:
    proposed(by="shanghai", parameter_id="SHOES", starts_on=date(2026, 7, 1))
    told = {"version": 1, "event": "approved", "reason": "sound"}
    assert "<form" not in pages("reader").get("parameters/SHOES").split("<main")[1]
    pages("reader").post("parameters/SHOES/decide", 403, **told)
    pages("wei").post("parameters/SHOES/decide", 403, site="cross-site", **told)
    assert "say why" in pages("wei").post(
        "parameters/SHOES/decide", 409, version=1, event="approved", reason=" "
    )
    (listed,) = pages("wei").rows("parameter-versions?parameter_id=SHOES")
    assert listed["state"] == "proposed"


def test_a_question_is_answered_as_a_person_from_a_post_that_may(
    pages: type[Browser], warehouse: psycopg.Connection
) -> None:
    measure = propose_on("P1", SUSPENSION, by="li.na")
    ((number,),) = rows(
        warehouse, "select approval_id from ops.approvals where subject_id = %s", measure
    )
    wei = pages("wei")
    page = wei.get("decisions")
    assert number in page and "GACC department in charge of risk" in page
    assert "总署风险管理部门" in pages("wei", "zh").get("decisions")
    # the auditor reads, and has no form
    assert number in pages("reader").get("decisions")
    assert 'name="answer"' not in pages("reader").get("decisions")
    place, told = f"decisions/{number}", {"answer": "approve", "reason": "evident"}
    pages("reader").post(place, 403, post="gacc_department", **told)
    pages("wei").post(place, 403, site="cross-site", post="gacc_department", **told)
    # nobody answers from a post that is another's
    assert "does not hold the post" in pages("shanghai").post(
        place, 409, post="gacc_department", **told
    )
    assert "a reason" in wei.post(place, 409, answer="approve", reason=" ", post="gacc_department")
    wei.post(place, 303, post="gacc_department", **told)
    assert rows(
        warehouse,
        """select status, answered_by, answered_post, answered_as, reason from treatment.approvals
        where approval_id = %s""",
        number,
    ) == [("approve", "wei", "gacc_department", "person", "evident")]
    assert "no open question" in wei.post(place, 409, post="gacc_department", **told)
    assert number not in {row["approval_id"] for row in wei.rows("approvals-open")}
    (answered,) = wei.rows("approvals-answered")
    assert (answered["answered_by"], answered["answered_as"]) == ("wei", "person")


def test_who_asked_does_not_answer(pages: type[Browser], warehouse: psycopg.Connection) -> None:
    measure = propose_on("P2", SUSPENSION, by="wei")
    ((number,),) = rows(
        warehouse, "select approval_id from ops.approvals where subject_id = %s", measure
    )
    assert "You asked for it" in pages("wei").get("decisions")
    assert "cannot answer it" in pages("wei").post(
        f"decisions/{number}", 409, answer="refuse", reason="no", post="gacc_department"
    )


def test_findings_are_called_as_in_the_seed(warehouse: psycopg.Connection) -> None:
    named = rows(warehouse, "select finding_type, name_en, name_zh from reference.finding_types")
    assert {code: (words.en, words.zh) for code, words in FINDINGS.items()} == {
        code: (en, zh) for code, en, zh in named
    }
