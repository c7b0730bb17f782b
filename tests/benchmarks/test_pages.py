"""How long a reader waits for each page with a million declarations in the warehouse.

The pages are asked for as a browser does, with the choices that they begin with and with each other
choice that they offer, by who sees all and by who sees one district. What is decided is that of
some live days after the history. `HISTORY=100000` measures a shorter one.
"""

import os
import re
import statistics
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path

from fastapi.testclient import TestClient

from customs_risk import steps
from customs_risk.access import members
from customs_risk.sandbox.simulation import turn
from tests.benchmarks.history import History
from tests.benchmarks.test_history import warehouse_of_its_own
from tests.integration.asking import as_login, asking

Figure = Callable[[str, float], None]

HISTORY = int(os.environ.get("HISTORY", "1000000"))
LIVE_DAYS = 4
REQUESTS = 15
_ROLES = ("auditor", "manager", "analyst", "assessor", "parameter_officer", "collector")


def test_pages(tmp_path: Path, figure: Figure) -> None:
    with warehouse_of_its_own(tmp_path / "pages"):
        steps.initialize()
        history = History(HISTORY)
        history.deliver()
        for day in range(LIVE_DAYS):
            history.deliver_live_day(day)
            turn(lambda _step: None, feeds=())
        for role in _ROLES:
            members.grant("everybody", role, by="benchmark", all_districts=True)
            members.grant("district", role, by="benchmark", districts=("2200",))
        slowest = {}
        with asking() as client:
            for login in ("everybody", "district"):
                for address in addresses(client, login):
                    median = median_ms(client, login, address)
                    slowest[address] = max(slowest.get(address, 0), median)
                    print(f"{median:8.0f} ms  {login:10} {address}")
        figure("page_median_ms", max(slowest.values()))


def addresses(client: TestClient, login: str) -> list[str]:
    """Return the menu's pages, each with every choice that it offers, and one thing of each."""
    from customs_risk.web.pages import PAGES

    found = []
    for page in PAGES:
        text = client.get(f"/{page.name}", headers=as_login(login)).text
        found.append(f"/{page.name}")
        for name, options in re.findall(r'<select name="(\w+)">(.*?)</select>', text, re.DOTALL):
            # one of them: the others ask the same of other rows
            others = re.findall(r'<option value="([^"]+)">', options)
            found += [f"/{page.name}?{name}={unescape(each)}" for each in others[:1]]
        # Data Docs are files of real deliveries: those that are made in the database have none
        one = re.search(rf'href="/customs-risk(/{page.name}/(?!docs/)[^"?]+)"', text)
        found += [unescape(one[1])] if one else []
    return found


def median_ms(client: TestClient, login: str, address: str) -> float:
    """Return the median of the times that warm requests take, in milliseconds."""
    times = []
    for _ in range(REQUESTS + 1):
        started = time.perf_counter()
        answer = client.get(address, headers=as_login(login, accept="text/html"))
        times.append(time.perf_counter() - started)
        assert answer.status_code == 200, (address, answer.text[:500])
    # the first is what makes the others warm
    return 1000 * statistics.median(times[1:])
