"""Webhooks: one POST of JSON per message. Its key is in the header, so a receiver takes it once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from string import punctuation
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

from customs_risk.treat.outbox.channels import Receipt, Send
from customs_risk.treat.outbox.failures import NotDelivered, Permanent, Transient
from customs_risk.treat.outbox.routes import Webhook, secret_of
from customs_risk.treat.outbox.shipments import Message, Shipment

if TYPE_CHECKING:
    import httpx

# of the refusals, those that time may mend: too slow, too early, too many
_PASSING = {408, 425, 429}
_LONGEST_ANSWER = 64 * 1024
_LONGEST_RECEIPT = 200


@contextmanager
def opened(name: str, route: Webhook) -> Iterator[Send]:
    """Yield what posts messages over one connection; redirects are not followed."""
    import httpx

    secret = secret_of(name)
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    with httpx.Client(
        headers=headers, timeout=route.timeout_seconds, proxy=route.proxy, trust_env=False
    ) as client:

        def send(shipment: Shipment, connection: psycopg.Connection) -> Receipt:
            (message,) = shipment.messages(connection)
            try:
                code, said, wait_seconds = _post(client, route, message)
            except httpx.HTTPError as error:
                raise Transient(f"{type(error).__name__}: {error}") from error
            if 200 <= code < 300:
                return Receipt(f"webhook:{name}", _receipt(said, route.receipt_field))
            raise _failure(code, said, wait_seconds)

        yield send


def _post(
    client: "httpx.Client", route: Webhook, message: Message
) -> tuple[int, bytes, float | None]:
    """Return the status, the beginning of the answer, and how long the receiver asks to wait."""
    # a header holds no Chinese: such a key is percent-encoded, any other is as it is
    key = quote(message.message_id, safe=punctuation.replace("%", "") + " ")
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    began = monotonic()
    with client.stream(
        "POST", route.url, content=message.json().encode(), headers=headers
    ) as answer:
        said = b""
        for part in answer.iter_bytes():
            said += part
            # the status is what counts: nobody waits for an answer without end
            if len(said) > _LONGEST_ANSWER or monotonic() - began > route.timeout_seconds:
                break
        return answer.status_code, said, _asked_to_wait(answer.headers.get("Retry-After"))


def _receipt(said: bytes, field: str) -> str | None:
    """Return the receipt that an answer holds; a receiver may well answer without one."""
    try:
        answer = json.loads(said)
    except ValueError:
        return None
    receipt = answer.get(field) if isinstance(answer, dict) else None
    return None if receipt is None else str(receipt)[:_LONGEST_RECEIPT]


def _failure(code: int, said: bytes, wait_seconds: float | None) -> NotDelivered:
    told = f"HTTP {code}: {said.decode(errors='replace').strip()}"
    if code >= 500 or code in _PASSING:
        return Transient(told, wait_seconds)
    return Permanent(told)


def _asked_to_wait(header: str | None) -> float | None:
    """Read a Retry-After, in seconds or as a moment; what cannot be read is not there."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0) if moment.tzinfo else None
