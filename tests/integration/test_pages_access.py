"""Whoever asks the pages, at whatever address, is shown what the warehouse itself would show him.

Every route of the application is asked, so that a new one is held to the same. The world has two
districts; in the second everything is marked, and no answer to the first may bear a mark.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from starlette.routing import Mount

from customs_risk.settings import Settings
from customs_risk.transform import dbt
from customs_risk.web.pages import PAGES, views
from customs_risk.web.views import View
from tests.integration.access_stage import PLACES, ROLES, build, reading_as, two_districts
from tests.integration.asking import OWN, addresses, as_login, asking, filled, routes

pytestmark = pytest.mark.timeout(600)

HIDDEN = re.compile(r"HIDDEN|987654321|\b5301\b")
PERSON = re.compile(r"PERSON")
# this district's and the other's, for addresses of one thing and for filters
KEYS = {
    "declaration_id": ("D0001", "D0021"),
    "instruction_id": ("", ""),
    "importer_id": ("importer-1", "HIDDEN-importer-21"),
    "office_code": ("2201", "5301"),
    "version": ("1",),
    "kind": ("pdf", "html"),
    "number": ("5", "13"),
}
STRANGER = "nobody_knows"
# who may answer which form, by its address; what concerns all districts is for who has them all
MAY = {
    "/parameters/{parameter_id}/impact": {"parameter_officer"},
    "/parameters/{parameter_id}/decide": {"parameter_officer"},
    "/decisions/{approval_id}": {"analyst", "assessor", "parameter_officer"},
    "/warnings/{warning_id}/lift": {"assessor", "manager"},
    "/supervision/{hint_id}/review": {"auditor"},
    "/models/roll-back": {"assessor", "manager"},
    "/models/{model_version}/promote": {"assessor", "manager"},
}
NATIONAL = {
    "/warnings/{warning_id}/lift", "/models/roll-back", "/models/{model_version}/promote"
}  # fmt: skip


@pytest.fixture(scope="module")
def owner(standing_warehouse: Settings) -> Iterator[psycopg.Connection]:
    with two_districts() as opened:
        build("tag:prepare", "tag:decide", "tag:instruct", "tag:feedback")
        # what the page on the law reads
        dbt("parse")
        instructions = opened.execute(
            """select max(instruction_id) filter (where office_code = '2201'),
                max(instruction_id) filter (where office_code = '5301')
            from treatment.instructions"""
        ).fetchone()
        assert instructions and all(instructions)
        KEYS["instruction_id"] = instructions
        yield opened


@pytest.fixture(scope="module")
def client(owner: psycopg.Connection) -> Iterator[TestClient]:
    with asking() as asked:
        yield asked


@pytest.fixture(scope="module")
def reads(owner: psycopg.Connection) -> dict[str, set[str]]:
    """Return the schemas that each role reads."""
    told = owner.execute("""select substr("role", length('customs_risk_') + 1), reads
        from access.roles""")
    return {role: set(schemas) for role, schemas in told}


def gets(client: TestClient) -> list[str]:
    """Return an address of everything that can be asked for."""
    return [address for route in routes(client.app, "GET") for address in addresses(route, KEYS)]


# -- who is let in ---------------------------------------------------------------------------------


def test_every_address_asks_who_reads(client: TestClient) -> None:
    found = gets(client)
    assert len(found) > 3 * len(views())
    open_to_nobody = {each: client.get(each).status_code for each in found}
    assert set(open_to_nobody.values()) == {401}, open_to_nobody
    refused = {each: client.get(each, headers=as_login(STRANGER)).status_code for each in found}
    assert set(refused.values()) == {403}, refused
    # what is open to all is the look of the pages
    assert [each.path for each in client.app.routes if isinstance(each, Mount)] == ["/static"]


def test_a_login_without_a_role_of_the_pipeline_is_a_stranger(
    client: TestClient, owner: psycopg.Connection
) -> None:
    owner.execute("create role idle login")
    try:
        for login in ("idle", "postgres"):
            assert client.get("/", headers=as_login(login)).status_code == 403
    finally:
        owner.execute("drop role idle")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_the_views_of_its_schemas_and_no_other(
    client: TestClient, reads: dict[str, set[str]], role: str
) -> None:
    login = f"{role}_everywhere"
    wrong = []
    with reading_as(login) as connection:
        for view in views():
            allowed = view.reads in reads[role] and may_read(connection, view)
            for path in (
                f"/api/{view.name}",
                f"/files/{view.name}.csv",
                f"/files/{view.name}.xlsx",
            ):
                status = client.get(path, headers=as_login(login)).status_code
                if status != (200 if allowed else 403):
                    wrong.append((path, status, allowed))
    assert not wrong


def may_read(connection: psycopg.Connection, view: View) -> bool:
    """Ask PostgreSQL itself whether who is logged in may run a view's query."""
    try:
        view.rows(connection, view.values({}), 1)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.Error:
        # a query that fails for a reader who may run it is told by its address
        return True
    return True


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_holds_what_a_role_reads(
    client: TestClient, reads: dict[str, set[str]], role: str
) -> None:
    mine = [
        page.name
        for page in PAGES
        if reads[role] & ({page.reads} if isinstance(page.reads, str) else set(page.reads))
    ]
    headers = as_login(f"{role}_everywhere", accept="text/html")
    first = client.get("/", headers=headers)
    assert first.status_code == (307 if mine else 403)
    if mine:
        assert first.headers["location"] == f"/customs-risk/{mine[0]}"
    for page in PAGES:
        answer = client.get(f"/{page.name}", headers=headers)
        assert answer.status_code == (200 if page.name in mine else 403), (page.name, answer.text)
        menu = re.search(r"<nav.*?</nav>", answer.text, re.DOTALL)
        assert menu
        assert re.findall(r'href="/customs-risk/([^"]+)"', menu[0]) == mine


# -- what is shown ---------------------------------------------------------------------------------


# those that read most, and one that reads deliveries alone; auditors are of all districts
@pytest.mark.parametrize("role", ["analyst", "assessor", "parameter_officer", "collector"])
def test_no_answer_tells_of_another_district(client: TestClient, role: str) -> None:
    assert not told(client, f"{role}_here", HIDDEN)


def test_who_has_no_district_is_told_of_none(client: TestClient) -> None:
    assert not told(client, "assessor_nowhere", re.compile(rf"{HIDDEN.pattern}|importer-\d"))


@pytest.mark.parametrize("role", ["analyst", "manager", "parameter_officer"])
def test_persons_are_shown_to_nobody_who_may_not_see_them(client: TestClient, role: str) -> None:
    assert not told(client, f"{role}_everywhere", PERSON)


def test_the_marks_are_shown_to_who_may_see_them(client: TestClient) -> None:
    shown = told(client, "assessor_everywhere", HIDDEN)
    # in pages, files of both kinds, and the interface
    kinds = {"/".join(each.split("/")[:2]) + each[-5:].partition(".")[2] for each in shown}
    assert {"/declarations", "/api", "/filescsv", "/filesxlsx"} <= kinds, shown
    assert told(client, "assessor_everywhere", PERSON)


def told(client: TestClient, login: str, marks: re.Pattern[str]) -> dict[str, str]:
    """Return the addresses whose answers to somebody bear a mark, with what stands around it.

    An answer that fails is no refusal, and is told too.
    """
    found = {}
    for address in gets(client):
        if address in ("/charts.js", "/openapi.json"):
            # these are the same for all
            continue
        answer = client.get(address, headers=as_login(login, accept="text/html"))
        text = words_of(answer.content)
        for value in sorted({each for values in KEYS.values() for each in values}, key=len)[::-1]:
            if f"/{value}" in address:
                # a refusal repeats what was asked for
                text = text.replace(value, "")
        if answer.status_code >= 500:
            found[address] = f"{answer.status_code}: {text[:100]}"
        elif mark := marks.search(text):
            found[address] = text[max(mark.start() - 80, 0) : mark.end() + 20]
    return found


def words_of(content: bytes) -> str:
    """Return all that an answer says, a workbook unpacked."""
    if not content.startswith(b"PK"):
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(name).decode() for name in book.namelist())


@pytest.mark.parametrize(("login", "begin"), [("analyst_here", "22"), ("assessor_elsewhere", "53")])
def test_every_office_that_a_view_names_is_the_readers_own(
    client: TestClient, login: str, begin: str
) -> None:
    offices = {view.name: offices_of(client, view, login) for view in views()}
    foreign = {
        name: sorted(each for each in codes if not each.startswith(begin))
        for name, codes in offices.items()
        if any(not each.startswith(begin) for each in codes)
    }
    assert not foreign


def offices_of(client: TestClient, view: View, login: str) -> set[str]:
    """Return the offices in a view's rows, in any column that holds one."""
    answer = client.get(f"/api/{view.name}", headers=as_login(login), params={"most": 50_000})
    if answer.status_code != 200:
        return set()
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return {
        str(value)
        for row in rows
        for name, value in row.items()
        if name.endswith("office_code") and value is not None
    }


@pytest.mark.parametrize("login", ["analyst_here", "parameter_officer_here", "assessor_here"])
def test_a_filter_opens_no_other_district(client: TestClient, login: str) -> None:
    asked = [value for values in KEYS.values() for value in values[1:]]
    found = {}
    for view in views():
        for chosen in view.filters:
            if chosen.kind != "text":
                continue
            for value in asked:
                answer = client.get(
                    f"/api/{view.name}", headers=as_login(login), params={chosen.name: value}
                )
                assert answer.status_code in (200, 403, 422), (view.name, chosen.name, answer.text)
                if HIDDEN.search(answer.text):
                    found[f"{view.name}?{chosen.name}={value}"] = answer.text[:500]
    assert not found


def test_what_is_asked_is_data_and_no_sql(client: TestClient) -> None:
    for view in views():
        for chosen in view.filters:
            for value in ("'; select 1 --", "%s", "%(most)s", "\\", "x' or true --"):
                answer = client.get(
                    f"/api/{view.name}",
                    headers=as_login("auditor_everywhere"),
                    params={chosen.name: value},
                )
                kinds = (200, 403) if chosen.kind == "text" else (422, 403)
                assert answer.status_code in kinds, (view.name, chosen.name, value, answer.text)


def test_who_read_what_stands_in_the_log(client: TestClient, owner: psycopg.Connection) -> None:
    client.get("/api/declarations", headers=as_login("analyst_here"))
    logged = owner.execute(
        "select count(*) from access.log where reader = 'analyst_here'"
        " and application = 'customs-risk pages'"
    ).fetchone()
    assert logged and logged[0] > 0


# -- forms -----------------------------------------------------------------------------------------


Form = tuple[str, str, dict[str, str]]


@pytest.fixture(scope="module")
def forms(client: TestClient) -> list[Form]:
    """Return each form: its route's path, an address, and something in each of its fields."""
    return [
        (route.path, addresses(route, KEYS)[0], filled(route))
        for route in routes(client.app, "POST")
    ]


def test_every_form_tells_who_may_answer_it(forms: list[Form]) -> None:
    assert {path for path, _, _ in forms} == set(MAY)


def test_a_form_from_another_site_is_refused(client: TestClient, forms: list[Form]) -> None:
    elsewhere: tuple[dict[str, str], ...] = (
        {},
        {"sec-fetch-site": "cross-site", "origin": "http://evil.example"},
        {"origin": "http://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://other.testserver"},
        {"referer": "http://evil.example/testserver"},
    )
    for path, address, fields in forms:
        login = f"{min(MAY[path])}_everywhere"
        for headers in elsewhere:
            answer = client.post(address, headers=as_login(login, **headers), data=fields)
            assert answer.status_code == 403, (address, headers, answer.text)
            assert "not sent from these pages" in answer.text


def test_a_form_is_refused_to_who_may_not_answer_it(client: TestClient, forms: list[Form]) -> None:
    wrong = {}
    for path, address, fields in forms:
        assert client.post(address, headers=OWN, data=fields).status_code == 401, address
        for login in (STRANGER, *(f"{role}_{place}" for role in ROLES for place in PLACES)):
            role, _, place = login.rpartition("_")
            allowed = role in MAY[path] and (place == "everywhere" or path not in NATIONAL)
            answer = client.post(address, headers=as_login(login, **OWN), data=fields)
            # who may is told that there is no such thing, or what the library says of it
            if (answer.status_code == 403) == allowed or answer.status_code >= 500:
                wrong[address, login] = (answer.status_code, answer.text[:200])
    assert not wrong
