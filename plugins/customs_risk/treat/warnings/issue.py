"""A warning leaves: to whom, in which words, and through the one outbox.

What each recipient is sent is kept with the recipient, as it was. A warning whose words would give
somebody away is held, with the reason, until a person revises it.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from customs_risk import clock, warehouse
from customs_risk.treat import outbox
from customs_risk.treat.warnings import approval
from customs_risk.treat.warnings.giveaways import forbidden, giveaways, refuse
from customs_risk.treat.warnings.releases import (
    AUDIENCES,
    RELEASE_CLASSES,
    Audience,
    declaration,
    free_text,
    release,
)

ISSUER = "warning rules"
_ADDRESSEES = Path(__file__).with_name("addressees.sql")

_READY = """
create temporary table ready on commit drop as
select warning_id, version
from ops.warnings
where
    issued_at is null
    and lifted_at is null
    and superseded_at is null
    and held_at is null
    and (release_class = 'bulletin' or approved_at is not null)
    and (%(only)s::text is null or warning_id = %(only)s)
"""

# one row per warning, audience and sharing basis: those who share them are told the same
_TO_SAY = """
select warnings.*, told.audience, told.sharing_basis
from (select distinct warning_id, version, audience, sharing_basis from addressees) as told
inner join treatment.warnings as warnings using (warning_id, version)
order by warning_id, version, audience, sharing_basis
"""

_HOLD = """
update ops.warnings
set held_at = %(moment)s, held_because = held.because
from jsonb_to_recordset(%(held)s::jsonb) as held (warning_id text, version integer, because text)
where warnings.warning_id = held.warning_id and warnings.version = held.version
"""

_TELL = """
insert into ops.warning_recipients (
    warning_id, version, recipient_id, audience, name_en, name_zh, sharing_basis, release,
    release_sha256, told_at
)
select
    addressees.warning_id, addressees.version, addressees.recipient_id, addressees.audience,
    addressees.name_en, addressees.name_zh, addressees.sharing_basis, said.release,
    said.release_sha256, %(moment)s
from addressees
inner join
    jsonb_to_recordset(%(said)s::jsonb) as said (
        warning_id text, version integer, audience text, sharing_basis text, release jsonb,
        release_sha256 text
    )
    on
        said.warning_id = addressees.warning_id
        and said.version = addressees.version
        and said.audience = addressees.audience
        and said.sharing_basis is not distinct from addressees.sharing_basis
on conflict (warning_id, version, recipient_id) do nothing
"""

_ISSUED = """
update ops.warnings
set issued_at = %(moment)s, issued_by = %(by)s
where (warning_id, version) in (
    select warning_id, version from ops.warning_recipients where told_at = %(moment)s
) and issued_at is null
"""

_STANDING = """
select version from ops.warnings
where warning_id = %s and lifted_at is null and superseded_at is null
"""


class UnknownWarning(LookupError):  # noqa: N818 - reads as what is wrong
    """No warning of that number stands."""


class NotApproved(RuntimeError):  # noqa: N818 - reads as what is wrong
    """A warning may not leave yet; the message says what it waits for."""


def issue_warnings() -> int:
    """Issue what may leave: bulletins, and what was approved; return how many warnings left."""
    with warehouse.connect() as connection:
        return issue_ready(connection, clock.present(connection))


def issue(warning_id: str, *, by: str) -> int:
    """Issue one warning now; return how many recipients it has.

    Raises:
        UnknownWarning: no warning of that number stands.
        NotApproved: it waits for approval, was refused or is held, or was issued before.
    """
    with warehouse.connect() as connection:
        version = standing_version(connection, warning_id)
        moment = clock.present(connection)
        if not issue_ready(connection, moment, by=by, only=warning_id):
            raise NotApproved(_why_not(connection, warning_id, version))
        counted = connection.execute(
            "select count(*) from ops.warning_recipients where warning_id = %s and version = %s",
            [warning_id, version],
        ).fetchone()
    return counted[0] if counted else 0


def lift(warning_id: str, *, reason_en: str, reason_zh: str, by: str) -> None:
    """Lift a warning; whoever was told of it is told that, too, in these words.

    Raises:
        UnknownWarning: no warning of that number stands.
        GivesAway: the words name somebody or something that must not be told.
    """
    with warehouse.connect() as connection:
        version = standing_version(connection, warning_id)
        refuse(connection, f"{reason_en} \n {reason_zh}", "public")
        connection.execute(
            """
            update ops.warnings
            set
                lifted_at = %s, lifted_by = %s, lifted_because_en = %s, lifted_because_zh = %s
            where warning_id = %s and version = %s
            """,
            [clock.present(connection), by, reason_en, reason_zh, warning_id, version],
        )
        outbox.enqueue(connection, "lifting")


def standing_version(connection: Connection, warning_id: str) -> int:
    """Return the version of a warning that stands.

    Raises:
        UnknownWarning: there is none.
    """
    row = connection.execute(_STANDING, [warning_id]).fetchone()
    if row is None:
        raise UnknownWarning(f"no warning {warning_id} stands 无此有效预警")
    return int(row[0])


def issue_ready(
    connection: Connection, moment: datetime, *, by: str = ISSUER, only: str | None = None
) -> int:
    """Issue what may leave, in the caller's transaction; return how many warnings left."""
    approval.take_answers(connection)
    for table in ("ready", "addressees"):
        connection.execute(f"drop table if exists pg_temp.{table}")
    connection.execute(_READY, {"only": only})
    look = _ADDRESSEES.read_text(encoding="utf-8")
    connection.execute(
        f"create temporary table addressees on commit drop as {look}",
        {
            "recipients": json.dumps(list(_recipients())),
            "trading_days": declaration()["trading_days"],
            "moment": moment,
        },
    )
    said, held = _said(connection)
    at = {"moment": moment, "by": by, "said": json.dumps(said), "held": json.dumps(held)}
    connection.execute(_HOLD, at)
    connection.execute(_TELL, at)
    issued = connection.execute(_ISSUED, at).rowcount
    for kind in RELEASE_CLASSES:
        outbox.enqueue(connection, kind)
    return issued


def _recipients() -> Iterable[dict[str, Any]]:
    declared = declaration()
    for audience in AUDIENCES:
        release_class = declared["audiences"][audience]["release_class"]
        for told in declared["recipients"][audience]:
            yield {
                "recipient_id": told["id"],
                "audience": audience,
                "release_class": release_class,
                "name_en": told["name"]["en"],
                "name_zh": told["name"]["zh"],
                "domains": told.get("domains"),
                "causes": told.get("causes"),
                "is_of_country": told.get("of_country", False),
                "sharing_basis": told.get("basis"),
            }


def _said(connection: Connection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what is said to each audience, and the warnings that say too much, with the reason."""
    rows = connection.cursor(row_factory=dict_row).execute(_TO_SAY).fetchall()
    said = [_release(row) for row in rows]
    texts = {str(place): free_text(each["release"]) for place, each in enumerate(said)}
    held: dict[tuple[str, int], str] = {}
    for place, named in giveaways(connection, texts).items():
        told = said[int(place)]
        if too_much := forbidden(named, told["audience"]):
            key = (told["warning_id"], told["version"])
            held[key] = f"{told['audience']}: {', '.join(map(str, too_much))}"
    return (
        [each for each in said if (each["warning_id"], each["version"]) not in held],
        [
            {"warning_id": number, "version": version, "because": because}
            for (number, version), because in held.items()
        ],
    )


def _release(row: dict[str, Any]) -> dict[str, Any]:
    audience: Audience = row["audience"]
    told = release(row, audience, row["sharing_basis"])
    written = json.dumps(told, default=str, ensure_ascii=False, sort_keys=True)
    return {
        "warning_id": row["warning_id"],
        "version": row["version"],
        "audience": audience,
        "sharing_basis": row["sharing_basis"],
        "release": json.loads(written),
        "release_sha256": hashlib.sha256(written.encode()).hexdigest(),
    }


def _why_not(connection: Connection, warning_id: str, version: int) -> str:
    row = connection.execute(
        "select state, held_because from treatment.warnings where warning_id = %s and version = %s",
        [warning_id, version],
    ).fetchone()
    state, because = row or ("unknown", None)
    return f"{warning_id} is {state}{f': {because}' if because else ''} 该预警当前不能发布"
