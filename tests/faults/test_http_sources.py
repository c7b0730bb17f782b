"""HTTP sources that fail in every way that a real one does, and the run after it."""

import json
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest

from customs_risk.collect.sources import SourceFailed, fetch
from customs_risk.collect.sources.watermarks import remembered
from customs_risk.settings import Settings
from expectations.layout import Paging, Since
from tests.faults.http_stage import (  # noqa: F401 - fixtures are used by their names
    PASSWORD,
    SECRET,
    TIMEOUT_SECONDS,
    feed,
    ids,
    left_behind,
    moody,
    some_records,
    stage,
)
from tests.faults.moody_server import (
    Handler,
    behave,
    broken_chunks,
    cut,
    half_a_body,
    half_without_length,
    no_json,
    page_for_people,
    page_in_disguise,
    round_in_a_circle,
    silent,
    status,
)

PASSING = {
    "500": status(500),
    "503": status(503),
    "429": status(429, Retry_After="0"),
    "408": status(408),
    "half a body": half_a_body,
    "broken chunks": broken_chunks,
    "half without a length": half_without_length,
    "cut": cut,
    "silent": silent,
}
FINAL = {
    "404": (status(404), "404"),
    "403": (status(403), "403"),
    "a circle": (round_in_a_circle, "circle"),
    "HTML": (page_for_people, "HTML"),
    "HTML in disguise": (page_in_disguise, "HTML"),
    "no JSON": (no_json, "no JSON"),
}


def test_what_is_new_comes_as_one_delivery_page_after_page() -> None:
    (path,) = fetch(feed())

    assert path.name == "enterprise_status_20260701T093000.json"
    assert ids([path]) == [1, 2, 3, 4, 5]
    # what is asked for next begins with the last one seen: nothing else is doubled
    Handler.records = some_records(1, 7)
    (path,) = fetch(feed())
    assert ids([path]) == [5, 6, 7]
    # the last one comes again, and then nothing does
    assert ids(fetch(feed())) == [7]
    assert fetch(feed()) == []


@pytest.mark.parametrize("mood", PASSING)
def test_trouble_that_passes_is_waited_for(mood: str, warehouse: Settings) -> None:
    Handler.acts = [PASSING[mood], PASSING[mood], PASSING[mood]]

    assert ids(fetch(feed())) == [1, 2, 3, 4, 5]
    assert len(left_behind(warehouse)) == 1


@pytest.mark.parametrize("mood", PASSING)
def test_trouble_that_stays_is_told_and_the_next_run_catches_up(
    mood: str, warehouse: Settings
) -> None:
    assert ids(fetch(feed())) == [1, 2, 3, 4, 5]
    Handler.records = some_records(1, 9)
    # the first page comes, the second does not
    Handler.acts, Handler.asked = [behave, *[PASSING[mood]] * 4], []

    with pytest.raises(SourceFailed, match=r"enterprise_status.*/api/news: .*\(4 attempts\)"):
        fetch(feed())

    assert len(Handler.asked) == 5
    assert len(left_behind(warehouse)) == 1
    (path,) = fetch(feed())
    assert ids([path]) == [5, 6, 7, 8, 9]


@pytest.mark.parametrize("mood", FINAL)
def test_what_will_not_pass_is_told_at_once(mood: str, warehouse: Settings) -> None:
    act, what = FINAL[mood]
    Handler.acts = [act]

    with pytest.raises(SourceFailed, match=rf"{what}.*\(1 attempt\)"):
        fetch(feed())

    assert left_behind(warehouse) == []
    Handler.acts = []
    assert ids(fetch(feed())) == [1, 2, 3, 4, 5]


def test_no_message_tells_a_secret(moody: str) -> None:
    for act in (status(404), page_for_people, round_in_a_circle, silent):
        Handler.acts = [act] * 4
        with pytest.raises(SourceFailed) as failed:
            fetch(feed())
        assert "s3cret" not in str(failed.value)
        assert failed.value.__suppress_context__
        assert f"{moody}/api/news: " in str(failed.value)
    assert SECRET in Handler.asked[0]


def test_a_retry_after_is_honoured_as_seconds_and_as_a_date() -> None:
    for tell in (lambda: "1", in_two_seconds):
        Handler.acts = [status(429, Retry_After=tell())]
        began = time.monotonic()
        fetch(feed())
        assert 0.9 < time.monotonic() - began < 4


def in_two_seconds() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


def test_a_retry_after_beyond_all_patience_is_told_at_once() -> None:
    Handler.acts = [status(429, Retry_After="3600")]
    began = time.monotonic()

    with pytest.raises(SourceFailed, match=r"429.*come back after 3600 s \(1 attempt\)"):
        fetch(feed())

    assert time.monotonic() - began < 2


def test_a_server_that_drips_is_left_when_the_time_is_up(
    monkeypatch: pytest.MonkeyPatch, moody: str
) -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            if handler.over.wait(0.1):
                return

    hasty = {"conn_type": "http", "host": moody, "extra": {"total_seconds": 0.7}}
    monkeypatch.setenv("AIRFLOW_CONN_MOODY", json.dumps(hasty))
    Handler.acts = [drip]

    with pytest.raises(SourceFailed, match=r"not done within 0\.7 s"):
        fetch(feed())


def test_nobody_there_is_trouble_too(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = {
        "conn_type": "http",
        "host": "http://user:s3cret@127.0.0.1:1",
        "extra": {"backoff_seconds": 0.01, "max_attempts": 2},
    }
    monkeypatch.setenv("AIRFLOW_CONN_MOODY", json.dumps(nobody))

    with pytest.raises(SourceFailed) as failed:
        fetch(feed())

    assert str(failed.value) == (
        "enterprise_status: http://127.0.0.1:1/api/news: no connection, or it was cut (2 attempts)"
    )


def test_a_connection_that_is_not_defined_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_MOODY")

    with pytest.raises(SourceFailed, match="AIRFLOW_CONN_MOODY"):
        fetch(feed())


def test_what_grows_without_end_is_left(warehouse: Settings) -> None:
    small = feed().model_copy(update={"max_bytes": 150})

    with pytest.raises(SourceFailed, match="larger than the 150 bytes"):
        fetch(small)

    assert left_behind(warehouse) == []


def test_a_server_that_gives_one_page_for_ever_is_left() -> None:
    def same(handler: Handler) -> None:
        handler.give(json.dumps({"value": some_records(1, 2)}).encode())

    Handler.acts = [same] * 3

    with pytest.raises(SourceFailed, match="the same page came twice"):
        fetch(feed())


def test_a_source_is_not_asked_more_often_than_it_allows() -> None:
    pauses: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("customs_risk.collect.sources.http_client.time.sleep", pauses.append)
        fetch(feed(requests_per_minute=2))

    # three pages and an empty one
    assert len(Handler.asked) == 4
    assert [round(pause) for pause in pauses] == [60, 60]


def test_a_record_from_the_future_does_not_skip_what_comes_after() -> None:
    Handler.records = [*some_records(1, 3), {"id": 99, "changed": "2999-01-01T00:00:00Z"}]
    fetch(feed())

    Handler.records = some_records(1, 5)

    assert ids(fetch(feed())) == [3, 4, 5]


def test_links_to_the_next_page_are_followed_on_the_same_host_only() -> None:
    def first(handler: Handler) -> None:
        document = {"value": some_records(1, 2), "@odata.nextLink": "/api/news?skip=2"}
        handler.give(json.dumps(document).encode())

    def astray(handler: Handler) -> None:
        document = {"value": some_records(1, 2), "@odata.nextLink": "http://127.0.0.9/more"}
        handler.give(json.dumps(document).encode())

    linked = feed(paging=Paging(kind="next", next_path="@odata.nextLink"))
    Handler.acts = [first]
    assert ids(fetch(linked)) == [1, 2, 3, 4, 5]

    Handler.acts = [astray]
    with pytest.raises(SourceFailed, match=r"lies elsewhere, on http://127\.0\.0\.9/more"):
        fetch(linked)


def test_headers_of_the_connection_do_not_follow_a_redirect_elsewhere(moody: str) -> None:
    seen = []

    def away(handler: Handler) -> None:
        seen.append(dict(handler.headers))
        handler.give(b"", code=302, Location=moody.replace("127.0.0.1", "localhost") + "/api/x")

    def there(handler: Handler) -> None:
        seen.append(dict(handler.headers))
        handler.give(json.dumps({"value": []}).encode())

    Handler.acts = [away, there]
    fetch(feed())

    assert {"Authorization", "X-Token"} <= seen[0].keys()
    assert not {"Authorization", "X-Token"} & seen[1].keys()


def test_a_backfill_asks_for_its_days_and_lands_apart(warehouse: Settings) -> None:
    days = {"since": "{first}", "until": "{last}"}

    (path,) = fetch(feed(between=days), (date(2026, 6, 2), date(2026, 6, 4)))

    assert path.parent == warehouse.inbox / "enterprise_status" / "backfill"
    assert "since=2026-06-02&until=2026-06-04" in Handler.asked[0]
    # a feed that was never fetched goes on where its first backfill ended
    assert ids(fetch(feed())) == [5]


def test_parameters_of_a_post_are_a_nested_body() -> None:
    def none(handler: Handler) -> None:
        handler.give(b'{"value": []}')

    asking = feed(
        method="POST",
        params={"sort.by": "changed", "sort.descending": False},
        since=Since(field="changed", param="changed.from", start="01.06.2026", dates="%d.%m.%Y"),
        paging=Paging(kind="page", first=0, size=2, size_param="top"),
    )
    Handler.acts = [status(503), none]

    assert fetch(asking) == []

    question = {
        "sort": {"by": "changed", "descending": False},
        "changed": {"from": "01.06.2026"},
        "top": 2,
        "page": 0,
    }
    assert [json.loads(body) for body in Handler.bodies] == [question] * 2
    # what is secret stays where the provider wants it
    assert Handler.asked == [f"/api/news?api_key={SECRET}"] * 2


def test_foreign_moments_are_compared_as_such() -> None:
    foreign = Since(field="changed", param="since", start="01-01-2020", dates="%d-%m-%Y")
    Handler.records = [
        {"id": number, "changed": changed}
        for number, changed in enumerate(("30-06-2026", "02-07-2025", "31-02-2026", "01-07-2999"))
    ]

    def everything(handler: Handler) -> None:
        handler.give(json.dumps({"value": handler.records}).encode())

    Handler.acts = [everything]
    fetch(feed(since=foreign, paging=None))

    assert remembered("enterprise_status")["since"] == "30-06-2026"


def test_a_fetch_that_is_killed_before_it_remembers_doubles_nothing(warehouse: Settings) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("customs_risk.collect.sources.http_source.remember", killed)
        fetch(feed())

    (path,) = fetch(feed())

    # the same bytes of the same second are the same delivery
    assert left_behind(warehouse) == [path.name]
    assert ids([path]) == [1, 2, 3, 4, 5]


def killed(*_arguments: object) -> None:
    raise KeyboardInterrupt
