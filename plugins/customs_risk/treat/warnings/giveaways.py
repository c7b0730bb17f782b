"""Whether words name somebody or something that the warehouse knows.

Fields are released by their class; words that people or templates wrote have no class. So they are
held against every number and name that the warehouse knows, all at once. Inside customs a bulletin
may name a party, and never a person; what leaves customs names nobody and no declaration.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection

from customs_risk.treat.warnings.releases import Audience

_LOOK = Path(__file__).with_name("giveaways.sql")
# whatever may stand between the words of a name; each database knows these, whatever its locale
_BETWEEN = r"[\s!-/:-@\[-`{-~，。；：、（）《》“”‘’？！·—…]+"


class GivesAway(ValueError):  # noqa: N818 - reads as what is wrong
    """Words that are to leave name what must not; the message says what, to whoever wrote them."""


@dataclass(frozen=True)
class Giveaway:
    """A value known to the warehouse that a text names."""

    what: str
    value: str
    is_person: bool

    def __str__(self) -> str:
        return f"{self.what} {self.value}"


def giveaways(connection: Connection, texts: Mapping[str, str]) -> dict[str, list[Giveaway]]:
    """Return, for each text that names anything the warehouse knows, what it names."""
    found: dict[str, list[Giveaway]] = {}
    if not texts:
        return found
    told = {"texts": json.dumps(dict(texts)), "between": _BETWEEN}
    for text_id, *named in connection.execute(_LOOK.read_text(encoding="utf-8"), told):
        found.setdefault(text_id, []).append(Giveaway(*named))
    return found


def forbidden(found: list[Giveaway], audience: Audience) -> list[Giveaway]:
    """Return what of it an audience must not be told."""
    return [named for named in found if named.is_person or audience != "customs"]


def refuse(connection: Connection, text: str, audience: Audience) -> None:
    """Refuse words that an audience must not be told.

    Raises:
        GivesAway: they name somebody or something that the warehouse knows.
    """
    named = forbidden(giveaways(connection, {"": text}).get("", []), audience)
    if named:
        raise GivesAway(
            f"these words name {', '.join(map(str, named))} 文字中含有不得对外提供的信息"
        )
