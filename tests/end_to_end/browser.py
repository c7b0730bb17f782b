"""People at a browser: a headless Chromium that logs in as they do, and notes what went wrong.

It can reach nothing but this machine, and tells whom the pages asked.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from customs_risk.settings import REPOSITORY

# what was seen stays here, for people to look at
SCREENSHOTS = REPOSITORY / ".cache" / "screenshots"
# a common laptop; a wall and paper are tried on their own
LAPTOP = {"width": 1366, "height": 768}
_DRAWN = """() => [...document.querySelectorAll("figure.chart")]
    .every(figure => figure.querySelector(".main-svg"))"""


class Pages(NamedTuple):
    """The pages on the home that the runs have left, and the passwords of who may log in."""

    home: Path
    url: str
    passwords: dict[str, str]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser that Debian installs.

    Where there is none, what is read in it is left out; where changes are judged, that fails.
    """
    program = shutil.which("chromium")
    if program is None:
        lacking = "there is no browser to read the pages in: apt-get install chromium"
        pytest.fail(lacking) if os.environ.get("CI") else pytest.skip(lacking)
    flags = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--no-proxy-server"]
    if os.geteuid() == 0:
        # Chromium refuses to keep its sandbox for root
        flags.append("--no-sandbox")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=flags)
        yield opened
        opened.close()


@dataclass
class Visitor:
    """Somebody's window: its page, what went wrong in it, and the hosts that it asked."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Listen to all that the browser tells of this window."""
        page = self.page
        page.on("request", lambda request: self._note_host(request.url))
        page.on("console", self._note_words)
        page.on("pageerror", lambda error: self._complain(page.url, str(error)))
        page.on("requestfailed", lambda asked: self._complain(asked.url, str(asked.failure)))
        page.on("response", self._note_answer)

    def _note_host(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob"):
            self.hosts.add(parts.hostname or url)

    def _note_words(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self._complain(said.location["url"], said.text)

    def _note_answer(self, response: Response) -> None:
        if response.status >= 400:
            self._complain(response.url, f"answered with {response.status}")

    def _complain(self, url: str, what: str) -> None:
        # Airflow's own form tells of wrong passwords itself; whoever keeps a file or goes on to the
        # next page before all of this one has come ends a request
        if "/auth/" not in url and what != "net::ERR_ABORTED":
            self.complaints.append(f"{url}: {what}")

    def log_in(self, name: str, password: str) -> None:
        """Ask for the pages, be sent to Airflow's own form, fill it in, and come back."""
        self.page.goto("/customs-risk/")
        self.page.fill("input[name=username]", name)
        self.page.fill("input[name=password]", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/customs-risk/*")
        self.page.wait_for_load_state()

    def open(self, path: str, language: str = "en") -> Response:
        """Open an address below the pages, and wait until its charts are drawn."""
        joint = "&" if "?" in path else "?"
        answer = self.page.goto(f"/customs-risk/{path}{joint}lang={language}")
        assert answer is not None
        self.page.wait_for_function(_DRAWN)
        return answer

    def follow(self, link: str) -> str:
        """Click the first such link of the content, and return where it has led."""
        with self.page.expect_navigation():
            self.page.locator(f"main {link}").first.click()
        self.page.wait_for_function(_DRAWN)
        return self.page.url

    def table(self, view: str) -> list[dict[str, str]]:
        """Return the rows of a view's table as they are read, cells by their columns' names."""
        rows: list[dict[str, str]] = self.page.locator(f"table#{view} tbody tr").evaluate_all(
            """rows => rows.map(row => Object.fromEntries(
                [...row.cells].map(cell => [cell.dataset.name, cell.textContent.trim()])))"""
        )
        return rows

    def keep(self, name: str) -> None:
        """Keep a picture of the whole page."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def barriers(self) -> list[str]:
        """Return what axe finds that keeps somebody out, seriously or worse."""
        found: dict[str, Any] = Axe().run(self.page).response
        return [
            f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:160]}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]


@contextmanager
def window(browser: Browser, url: str, **told: Any) -> Iterator[Visitor]:
    """Open a window of its own, with its own cookies; nothing in it may go wrong or leave."""
    context = browser.new_context(base_url=url, **{"viewport": LAPTOP, "locale": "en-GB", **told})
    visitor = Visitor(context.new_page())
    yield visitor
    context.close()
    assert visitor.hosts == {"127.0.0.1"}
    assert not visitor.complaints, visitor.complaints


def served(home: Path, process: subprocess.Popen[str]) -> Pages:
    """Read from the command's own words where the pages are, and who may log in."""
    assert process.stdout
    url, passwords = "", {}
    for line in process.stdout:
        if found := re.search(r"(http://\S+)/customs-risk/", line):
            url = found[1]
        elif found := re.fullmatch(r"  (\w+) +(\S+)\n", line):
            passwords[found[1]] = found[2]
        if "officer" in passwords:
            return Pages(home, url, passwords)
    raise AssertionError(f"the pages did not start: code {process.wait()}")


@contextmanager
def logged_in(browser: Browser, pages: Pages, login: str) -> Iterator[Visitor]:
    with window(browser, pages.url) as visitor:
        visitor.log_in(login, pages.passwords[login])
        yield visitor
