"""A history as long as asked for, made inside PostgreSQL, and live days that follow it.

Popularity is skewed as in the sandbox, for ten times its trade: a tenth of the importers make
almost half of the declarations, and almost every consignment is new. Rows are hashes of their
number (history.sql), so the same days are made whatever the order.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from customs_risk import warehouse as doors
from expectations.codes import hs6_codes

DAILY_DECLARATIONS = 30_000

_MAKER = Path(__file__).with_name("history.sql")
_COMMODITIES = 4_000
# the most popular first
_ORIGINS = (
    "US DE JP KR TW MY TH VN ID AU NL FR IT GB NZ BE ES CH SE DK BR CL AR PE MX CA IN BD PK LK TR"
    " RU ZA EG NG KE AE SA IL SG"
)
_OFFICES = "2200 5300 0200 2300 2900 3500 3700 4200 4600 5100 5200 5700 6000 7000 8000 9000"


@dataclass(frozen=True)
class History:
    """A past of so many declarations, in whole days, and the live days that follow."""

    declarations: int

    @property
    def days(self) -> int:
        """Return how many days the history has."""
        return self.declarations // DAILY_DECLARATIONS

    def deliver(self, workers: int = 2) -> None:
        """Fill the raw tables and the ledger with the whole history."""
        with doors.connect() as connection:
            connection.execute(_MAKER.read_text(encoding="utf-8"))
            with connection.cursor().copy("copy bench.codes from stdin") as copy:
                for name, codes in _code_lists().items():
                    for place, code in enumerate(codes):
                        copy.write_row((name, place, code))
            connection.execute("analyze bench.codes")
            connection.execute("call bench.make_mirror()")
        share = -(-self.days // (workers * 4))
        parts = [(day, min(day + share, self.days)) for day in range(0, self.days, share)]
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda part: _make_days(*part, is_backfill=True), parts))
        _write_ledger()
        with doors.connect(autocommit=True) as connection:
            connection.execute("vacuum analyze")

    def deliver_live_day(self, number: int) -> None:
        """Add the live day of this number, from 0 on, to the raw tables and the ledger."""
        _make_days(self.days + number, self.days + number + 1, is_backfill=False)
        _write_ledger()


def _code_lists() -> dict[str, list[str]]:
    return {
        "hs6": sorted(hs6_codes())[:_COMMODITIES],
        "origin": _ORIGINS.split(),
        "office": _OFFICES.split(),
    }


def _make_days(first: int, end: int, *, is_backfill: bool) -> None:
    with doors.connect() as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("call bench.make_days(%s, %s, %s)", [first, end, is_backfill])


def _write_ledger() -> None:
    with doors.connect() as connection:
        connection.execute("call bench.write_ledger()")
