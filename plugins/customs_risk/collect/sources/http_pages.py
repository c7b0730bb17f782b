"""Page after page of an HTTP source, until one brings no record or names no next one."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from customs_risk.collect.sources.failure import SourceFailed
from customs_risk.collect.sources.http_client import Answer, Client, Params, bare, origin
from customs_risk.collect.sources.records import records_in, text_at, value_at
from customs_risk.collect.sources.since import Greatest
from expectations.contract import Contract


@dataclass(frozen=True)
class Page:
    """One page: its bytes lie in a file until the next one is asked for."""

    answer: Answer
    path: Path
    count: int


class Pages:
    """All pages of one question. ``greatest`` sees the records' `since` field, if there is one."""

    def __init__(
        self, client: Client, contract: Contract, path: Path, greatest: Greatest | None
    ) -> None:
        self._client = client
        self._contract = contract
        self._path = path
        self._greatest = greatest
        self._size = 0
        self._seen: set[str] = set()

    def of(self, params: Params) -> Iterator[Page]:
        """Ask for the pages, one at a time.

        Raises:
            SourceFailed: one could not be had, the same one came again, or another host is named.
        """
        paging = self._contract.source.paging
        url = self._client.url(self._contract.source.path)
        if paging is None:
            yield self._page(url, params)
        elif paging.kind == "next":
            yield from self._linked(url, params, paging.next_path or "next")
        else:
            by_page = paging.kind == "page"
            size: Params = {paging.size_param: paging.size} if paging.size_param else {}
            position_param = paging.position_param or ("page" if by_page else "offset")
            position = paging.first if by_page else 0
            # a server may give less than it was asked for: only an empty page is the end
            while (page := self._page(url, params | size | {position_param: position})).count:
                yield page
                self._must_be_new(page)
                position += 1 if by_page else page.count

    def _linked(self, url: str, params: Params, next_path: str) -> Iterator[Page]:
        home = origin(url)
        while url:
            page = self._page(url, params)
            # the body is forgotten once the next page is asked for
            link = text_at(page.path, next_path)
            yield page
            self._must_be_new(page)
            url = urljoin(url, link) if link else ""
            if url and origin(url) != home:
                raise self._failed(f"its next page lies elsewhere, on {bare(url)}")
            params = {}  # the link holds them

    def _page(self, url: str, params: Params) -> Page:
        limit = self._contract.max_bytes - self._size
        answer = self._client.ask(url, self._path, params=params, limit=limit)
        if not answer.is_new:
            self._path.write_bytes(b"")
            return Page(answer, self._path, 0)
        self._size += self._path.stat().st_size
        return Page(answer, self._path, self._scan(answer))

    def _scan(self, answer: Answer) -> int:
        since, most = self._contract.source.since, self._contract.source.most_records
        count = 0
        for record in records_in(self._path, self._contract):
            count += 1
            if self._greatest and since:
                self._greatest.see(value_at(record, since.field), answer.sent_at)
        if most and count >= most:
            raise self._failed(f"{count:,} records came at once, so others were cut off")
        return count

    def _must_be_new(self, page: Page) -> None:
        content = hashlib.sha256(page.path.read_bytes()).hexdigest()
        if content in self._seen:
            raise self._failed("the same page came twice, so there is no end to them")
        self._seen.add(content)

    def _failed(self, what: str) -> SourceFailed:
        path = bare(self._client.url(self._contract.source.path))
        return SourceFailed(f"{self._contract.feed}: {path}: {what}")
