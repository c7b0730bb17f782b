"""Dead letters: what nobody tries any more, until a person brings it back or lets it go."""

from collections.abc import Collection
from typing import LiteralString

import psycopg

from customs_risk import clock, warehouse

_END: LiteralString = """
update ops.dead_letters
set ended_how = %(how)s, ended_at = %(at)s, ended_by = %(by)s, end_reason = %(reason)s
where
    ended_at is null
    and (%(message_ids)s::text[] is null or message_id = any(%(message_ids)s))
    and (%(route)s::text is null or route = %(route)s)
returning message_id
"""

# packed anew, over the route that is right by now
_UNPACK: LiteralString = """
update ops.outbox set shipment_id = null
where message_id = any(%s) and dispatched_at is null
"""


class NoDeadLetter(LookupError):  # noqa: N818 - reads as what is wrong
    """None of the messages named is dead; or none was named."""


def requeue(
    message_ids: Collection[str] = (), *, route: str | None = None, by: str, reason: str
) -> int:
    """Let dead messages be sent again, by their keys or by the route they died on; return how many.

    They keep their keys: a receiver that has one of them already takes it for what it is.

    Raises:
        NoDeadLetter: no such message is dead.
        ValueError: nobody answers for it, or no reason is given.
    """
    with warehouse.connect() as connection:
        brought_back = _end(connection, "requeued", message_ids, route, by, reason)
        connection.execute(_UNPACK, [brought_back])
    return len(brought_back)


def settle(
    message_ids: Collection[str] = (), *, route: str | None = None, by: str, reason: str
) -> int:
    """Note that dead messages need not be sent any more; return how many. Their alarm clears.

    Raises:
        NoDeadLetter: no such message is dead.
        ValueError: nobody answers for it, or no reason is given.
    """
    with warehouse.connect() as connection:
        return len(_end(connection, "settled", message_ids, route, by, reason))


def _end(
    connection: psycopg.Connection,
    how: str,
    message_ids: Collection[str],
    route: str | None,
    by: str,
    reason: str,
) -> list[str]:
    if not (by.strip() and reason.strip()):
        raise ValueError("a dead letter is ended by somebody, for a reason")
    if not message_ids and route is None:
        raise NoDeadLetter("name the messages, or the route they died on")
    told = {
        "how": how,
        "at": clock.present(connection),
        "by": by,
        "reason": reason,
        "message_ids": list(message_ids) or None,
        "route": route,
    }
    ended = [message_id for (message_id,) in connection.execute(_END, told)]
    missing = set(message_ids) - set(ended)
    if missing or not ended:
        raise NoDeadLetter(f"not dead: {', '.join(sorted(missing)) or f'anything on {route}'}")
    return ended
