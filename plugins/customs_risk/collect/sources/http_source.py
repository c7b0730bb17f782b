"""HTTP: a document that changes, a set of files, and records asked for by what is new."""

import hashlib
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

from customs_risk import clock, warehouse
from customs_risk.collect.sources.http_client import Answer, Client, Params
from customs_risk.collect.sources.http_pages import Pages
from customs_risk.collect.sources.inbox import Inbox
from customs_risk.collect.sources.since import Greatest
from customs_risk.collect.sources.watermarks import remember, remembered
from customs_risk.settings import settings
from expectations.contract import Contract

_SINCE, _CONTENT = "since", "sha256"


def fetch(contract: Contract, between: tuple[date, date] | None = None) -> list[Path]:
    """Bring what is new, or what lies between two days, as one delivery.

    A source that cannot be asked for days gives all that it has, or the months of those days. A
    feed that was never fetched begins where its first backfill ended.

    Raises:
        SourceFailed: it could not be had whole within the bounds; then nothing is delivered.
    """
    source = contract.source
    with Client(contract) as client, Inbox(contract, is_backfill=between is not None) as inbox:
        fetching = _Fetching(client, contract, inbox, between)
        if source.files:
            return fetching.files()
        if source.asks_for_records or (between and source.between):
            return fetching.records()
        return fetching.document()


class _Fetching:
    """One fetch of one feed."""

    def __init__(
        self,
        client: Client,
        contract: Contract,
        inbox: Inbox,
        between: tuple[date, date] | None,
    ) -> None:
        self._client = client
        self._contract = contract
        self._source = contract.source
        self._between = between
        self._inbox = inbox
        self._known = remembered(contract.feed)

    def document(self) -> list[Path]:
        """Bring a document that is replaced now and then, if it has changed."""
        part, path = self._inbox.part(), self._source.path or ""
        answer = self._ask(path, part, self._contract.max_bytes, self._if_changed(path))
        if not answer.is_new:
            return []
        return self._deliver(part, answer.sent_at, _version(path, answer))

    def files(self) -> list[Path]:
        """Bring several files as one archive, if any of them has changed; each as it came."""
        parts = {
            name: self._inbox.part(f"file{number}")
            for number, name in enumerate(self._source.files)
        }
        answers = {name: self._file(name, parts, self._if_changed(name)) for name in parts}
        if not any(answer.is_new for answer in answers.values()):
            return []
        # an archive holds all of them, those too that have not changed
        for name in [name for name, answer in answers.items() if not answer.is_new]:
            answers[name] = self._file(name, parts, {})
        whole = self._inbox.part()
        _pack(parts, whole)
        versions: dict[str, str | None] = {}
        for name, answer in answers.items():
            versions |= _version(name, answer)
        return self._deliver(whole, max(each.sent_at for each in answers.values()), versions)

    def records(self) -> list[Path]:
        """Bring the records that are new or lie between two days, all pages as one delivery."""
        since = self._source.since
        greatest = Greatest(since) if since else None
        whole, one = self._inbox.part(), self._inbox.part("page")
        pages = Pages(self._client, self._contract, one, greatest)
        count, moments = 0, []
        with whole.open("wb") as file:
            for page in (page for params in self._questions() for page in pages.of(params)):
                count += page.count
                moments.append(page.answer.sent_at)
                with page.path.open("rb") as came:
                    shutil.copyfileobj(came, file)
                file.write(b"\n")
        # a whole list that is empty is news; that nothing is new, or of those days, is none
        is_part = since or self._source.month_params or self._between
        if not count and (is_part or not moments):
            return []
        known = self._known.get(_SINCE)
        return self._deliver(
            whole, max(moments), {_SINCE: greatest.beyond(known)} if greatest else {}
        )

    def _questions(self) -> Iterator[Params]:
        """Yield the parameters of each question: one, unless the source is asked month by month."""
        params = self._source.params | self._asked()
        if not self._source.month_params:
            yield params
            return
        for month in self._months():
            yield params | {
                name: str(params[name]).format(month=month) for name in self._source.month_params
            }

    def _months(self) -> Iterator[date]:
        """Yield the first days of the months to ask for: those of a backfill, or the latest."""
        if self._between:
            first, last = map(_month_number, self._between)
        else:
            with warehouse.connect() as connection:
                last = _month_number(clock.present(connection).astimezone(settings().zone))
            first = last - self._source.months + 1
        for number in range(first, last + 1):
            yield date(number // 12, number % 12 + 1, 1)

    def _asked(self) -> Params:
        """Say what is asked for: what lies between two days, or what is new."""
        if self._between and self._source.between:
            first, last = self._between
            return {
                name: template.format(first=first, last=last)
                for name, template in self._source.between.items()
            }
        since = self._source.since
        if since is None or since.param is None:
            return {}
        value = since.start if self._between else self._known.get(_SINCE, since.start)
        return {since.param: since.template.format(since=value)}

    def _file(self, name: str, parts: Mapping[str, Path], headers: dict[str, str]) -> Answer:
        taken = sum(part.stat().st_size for part in parts.values() if part.exists())
        path = "/".join(filter(None, [self._source.path, name]))
        return self._ask(path, parts[name], self._contract.max_bytes - taken, headers)

    def _ask(self, path: str, part: Path, limit: int, headers: dict[str, str]) -> Answer:
        return self._client.ask(
            self._client.url(path), part, params=self._source.params, headers=headers, limit=limit
        )

    def _if_changed(self, path: str) -> dict[str, str]:
        """Return the headers that ask for a file only if it is not the one brought last."""
        if self._between:
            return {}
        names = {"If-None-Match": f"etag {path}", "If-Modified-Since": f"last_modified {path}"}
        return {header: self._known[name] for header, name in names.items() if name in self._known}

    def _deliver(
        self, part: Path, sent_at: datetime, watermarks: dict[str, str | None]
    ) -> list[Path]:
        """Let the delivery appear, unless the last one held the same bytes; then remember it."""
        feed = self._contract.feed
        with part.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        if self._between:
            path = self._inbox.place(part, sent_at)
            if _SINCE in watermarks and _SINCE not in self._known:
                remember(feed, {_SINCE: watermarks[_SINCE]})
            return [path]
        if content == self._known.get(_CONTENT):
            remember(feed, watermarks)
            return []
        path = self._inbox.place(part, sent_at)
        remember(feed, watermarks | {_CONTENT: content})
        return [path]


def _month_number(day: date) -> int:
    """Count the months up to that of a day."""
    return day.year * 12 + day.month - 1


def _version(path: str, answer: Answer) -> dict[str, str | None]:
    return {f"etag {path}": answer.etag, f"last_modified {path}": answer.last_modified}


def _pack(parts: Mapping[str, Path], whole: Path) -> None:
    """Pack files uncompressed; the same files always give the same bytes."""
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, part in parts.items():
            # without a date of its own, a member is dated 1980
            member = zipfile.ZipInfo(name.rpartition("/")[2])
            with part.open("rb") as came, archive.open(member, "w", force_zip64=True) as packed:
                shutil.copyfileobj(came, packed)
