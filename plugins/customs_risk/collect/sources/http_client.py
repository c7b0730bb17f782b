"""One HTTP source: its connection, its pace, and requests that are tried again when it helps."""

import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit, urlunsplit

from customs_risk.collect.sources.connections import connection_of
from customs_risk.collect.sources.failure import Trouble
from customs_risk.collect.sources.records import check_content
from customs_risk.collect.sources.retries import Attempts, Patience
from expectations.contract import Contract

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

_CHUNK = 1 << 16
_MOST_REDIRECTS = 5
_TOO_MANY_REQUESTS, _REQUEST_TIMEOUT, _NOT_MODIFIED, _NO_CONTENT = 429, 408, 304, 204


Params = dict[str, str | int | bool]


@dataclass(frozen=True)
class Answer:
    """What a source answered; its body lies in a file unless nothing is new."""

    url: str
    is_new: bool
    sent_at: datetime
    etag: str | None = None
    last_modified: str | None = None


class Client:
    """Requests to one feed's HTTP source, through the session of Airflow's hook.

    The connection gives base URL, credentials, TLS options and further headers (an API key, say);
    its extra may also hold `Patience`'s bounds, and ``params`` for secrets that belong in the
    query.
    """

    def __init__(self, contract: Contract) -> None:
        from airflow.providers.http.hooks.http import HttpHook

        connection = connection_of(contract)
        extra = connection.extra_dejson
        patience = Patience.of(extra)
        self._contract = contract
        self._attempts = Attempts(contract.feed, patience)
        self._pace = _Pace(contract.source.requests_per_minute, self._attempts)
        self._secrets: Params = extra.get("params", {})
        self._hook = HttpHook(method="GET", http_conn_id=contract.source.connection)
        self._session = self._hook.get_conn()
        if "max_redirects" not in extra:
            self._session.max_redirects = _MOST_REDIRECTS
        # the hook takes what it does not know in the extra for headers
        for name in (*Patience.names(), "params"):
            self._session.headers.pop(name, None)
        self._private = set(extra) & set(self._session.headers)
        self._keep_to_itself()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def url(self, path: str | None) -> str:
        """Return the URL of a path below the connection's root."""
        return str(self._hook.url_from_endpoint(path))

    def ask(
        self,
        url: str,
        into: Path,
        *,
        params: Params | None = None,
        headers: dict[str, str] | None = None,
        limit: int,
    ) -> Answer:
        """Stream an answer's body into a file; a failed attempt leaves none.

        Raises:
            SourceFailed: it could not be had within the bounds, or is not what was promised.
        """

        def attempt() -> Answer:
            self._pace.wait()
            try:
                return self._try(url, into, params or {}, headers or {}, limit)
            except BaseException:
                into.unlink(missing_ok=True)
                raise

        return self._attempts.run(bare(url), attempt)

    def _try(
        self, url: str, into: Path, params: Params, headers: dict[str, str], limit: int
    ) -> Answer:
        import requests

        timeout = self._attempts.patience.timeout_seconds
        method = self._contract.source.method
        is_posted = method == "POST"
        try:
            with self._session.request(
                method,
                url,
                params=self._secrets if is_posted else params | self._secrets,
                json=_nested(params) if is_posted else None,
                headers=headers,
                timeout=timeout,
                stream=True,
            ) as response:
                is_new = self._has_body(response)
                if is_new:
                    self._store(response, into, limit)
                    check_content(into, self._contract, response.headers.get("Content-Type", ""))
                return Answer(
                    url=url,
                    is_new=is_new,
                    sent_at=_moment(response.headers.get("Date")),
                    etag=response.headers.get("ETag"),
                    last_modified=response.headers.get("Last-Modified"),
                )
        except requests.RequestException as error:
            # their own messages hold the URL with its query
            raise _told(error, timeout) from None

    def _has_body(self, response: "Response") -> bool:
        status = response.status_code
        if status in (_NOT_MODIFIED, _NO_CONTENT):
            return False
        if response.ok and not response.is_redirect:
            return True
        what = f"it answered {status} {response.reason}".rstrip()
        wait_seconds = _wait_seconds(response.headers.get("Retry-After"))
        longest = self._attempts.patience.longest_wait_seconds
        if wait_seconds is not None and wait_seconds > longest:
            raise Trouble(f"{what}, to come back after {wait_seconds:.0f} s", passes=False)
        passes = status >= 500 or status in (_TOO_MANY_REQUESTS, _REQUEST_TIMEOUT)
        raise Trouble(what, passes=passes, wait_seconds=wait_seconds)

    def _store(self, response: "Response", into: Path, limit: int) -> None:
        size = 0
        with into.open("wb") as file:
            for chunk in response.iter_content(_CHUNK):
                size += len(chunk)
                if size > limit:
                    most = self._contract.max_bytes
                    raise Trouble(f"it is larger than the {most:,} bytes allowed", passes=False)
                file.write(chunk)
                self._attempts.check_time()

    def _keep_to_itself(self) -> None:
        """Send the connection's own headers to its own host only, wherever it redirects to."""
        usual = self._session.rebuild_auth
        home = origin(self._hook.base_url)

        def rebuild_auth(request: "PreparedRequest", response: "Response") -> None:
            usual(request, response)
            if origin(str(request.url)) != home:
                for name in self._private:
                    request.headers.pop(name, None)

        self._session.rebuild_auth = rebuild_auth


class _Pace:
    """At most so many requests in any minute."""

    def __init__(self, requests_per_minute: int, attempts: Attempts) -> None:
        self._sent: deque[float] = deque(maxlen=requests_per_minute)
        self._attempts = attempts

    def wait(self) -> None:
        if len(self._sent) == self._sent.maxlen:
            time.sleep(max(0.0, self._sent[0] + 60 - time.monotonic()))
        self._attempts.check_time()
        self._sent.append(time.monotonic())


def _nested(params: Params) -> dict[str, Any]:
    """Return parameters as a body: `a.b` is b within a."""
    body: dict[str, Any] = {}
    for name, value in params.items():
        *path, last = name.split(".")
        inner = body
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return body


def bare(url: str) -> str:
    """Return a URL as it may be shown: without credentials, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or usual


def _told(error: Exception, timeout: float) -> Trouble:
    from requests import exceptions

    match error:
        case exceptions.Timeout():
            return Trouble(f"no answer within {timeout:g} s", passes=True)
        case exceptions.TooManyRedirects():
            return Trouble("it redirects in a circle", passes=False)
        case exceptions.SSLError():
            return Trouble("its certificate does not hold", passes=False)
        case exceptions.ChunkedEncodingError() | exceptions.ContentDecodingError():
            return Trouble("the answer broke off halfway", passes=True)
        case exceptions.ConnectionError():
            silent = "timed out" in str(error)
            what = f"silent for {timeout:g} s" if silent else "no connection, or it was cut"
            return Trouble(what, passes=True)
    return Trouble(f"the request cannot be made ({type(error).__name__})", passes=False)


def _moment(text: str | None) -> datetime:
    """Read the date of a header; now, where there is none."""
    try:
        read = parsedate_to_datetime(text or "")
    except ValueError:
        return datetime.now(UTC)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _wait_seconds(retry_after: str | None) -> float | None:
    """Read Retry-After: seconds, or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
