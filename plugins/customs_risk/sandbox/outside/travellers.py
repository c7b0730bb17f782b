"""Airlines: lists of those aboard as PAXLST. Nobody on them exists."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from customs_risk.sandbox.chance import generator
from customs_risk.sandbox.outside.basis import SPOILT, Rng, number_of, pick
from customs_risk.sandbox.outside.interchange import Part, interchange, segment
from customs_risk.sandbox.outside.publisher import Publisher

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

_FLIGHTS = 6
_SEATS = (30, 60)  # taken on a flight; a sample of a real one's
_CREW = 6
_SENT = time(5)
_KIND = ["PAXLST", "D", "05B", "UN", "IATA"]
# flight, origin, destination, hours in the air
_ROUTES = [
    ("CA930", "NRT", "PEK", 4),
    ("MU552", "LHR", "PVG", 11),
    ("CZ328", "LAX", "CAN", 14),
    ("KE893", "ICN", "PVG", 2),
    ("SQ830", "SIN", "PVG", 5),
    ("LH728", "FRA", "PVG", 11),
    ("EK308", "DXB", "PEK", 7),
    ("TG614", "BKK", "PEK", 5),
    ("VN512", "SGN", "CAN", 3),
]
_NAMES = {
    "CHN": (["WANG", "LI", "ZHANG", "LIU", "CHEN", "YANG", "ZHAO"], ["WEI", "FANG", "MIN", "JING"]),
    "JPN": (["SATO", "SUZUKI", "TANAKA", "ITO"], ["HARUTO", "YUI", "REN", "SAKURA"]),
    "KOR": (["KIM", "LEE", "PARK", "CHOI"], ["MINJUN", "SEOYEON", "JIHO"]),
    "GBR": (["SMITH", "JONES", "TAYLOR", "BROWN"], ["OLIVER", "AMELIA", "GEORGE", "ISLA"]),
    "DEU": (["MUELLER", "SCHMIDT", "WEBER"], ["LUKAS", "EMMA", "PAUL", "MIA"]),
    "USA": (["JOHNSON", "WILLIAMS", "DAVIS"], ["LIAM", "NOAH", "AVA", "EMILY"]),
    "SGP": (["TAN", "LIM", "NG"], ["KAI", "XIN YI", "ADAM"]),
    "VNM": (["NGUYEN", "TRAN", "LE"], ["ANH", "MINH", "LAN"]),
}


def passenger_lists(world: World, day: date) -> bytes:
    """The lists of the day's flights from abroad, one message for passengers and one for crew."""
    number = number_of(world, day)
    rng = generator(world.seed, "passenger_lists", number)
    routes = [_ROUTES[(number + n) % len(_ROUTES)] for n in range(_FLIGHTS)]
    messages = []
    for route in routes:
        seats = int(rng.integers(*_SEATS))
        messages.append(_list(rng, "745", route, day, "FL", seats))
        messages.append(_list(rng, "250", route, day, "FM", _CREW))
    prepared = datetime.combine(day, _SENT)
    return interchange("AIRLINES", f"{day:%y%m%d}", prepared, _KIND, messages)


def _list(
    rng: Rng, kind: str, route: tuple[str, str, str, int], day: date, role: str, count: int
) -> list[Part]:
    flight, origin, destination, hours = route
    departs = datetime.combine(day, time(6)) + timedelta(minutes=5 * int(rng.integers(72)))
    arrives = departs + timedelta(hours=hours)
    parts = [
        segment("BGM", kind),
        segment("NAD", "MS", "", "", "AIRLINE OPERATIONS"),
        segment("COM", ["00861000000000", "TE"]),
        segment("TDT", "20", flight, "", "", flight[:2]),
        segment("LOC", "125", origin),
        segment("DTM", ["189", f"{departs:%y%m%d%H%M}", "201"]),
        segment("LOC", "87", destination),
        segment("DTM", ["232", f"{arrives:%y%m%d%H%M}", "201"]),
    ]
    for _ in range(count):
        parts += _traveller(rng, role, origin, destination, day)
    # 42 counts passengers, 41 crew
    parts.append(segment("CNT", ["42" if role == "FL" else "41", str(count)]))
    return parts


def _traveller(rng: Rng, role: str, origin: str, destination: str, day: date) -> list[Part]:
    nationality = pick(rng, list(_NAMES))
    families, given = _NAMES[nationality]
    born = day - timedelta(days=int(rng.integers(18 * 365, 80 * 365)))
    expires = day + timedelta(days=int(rng.integers(30, 3000)))
    document = f"{pick(rng, list('EGPKX'))}{int(rng.integers(10**7, 10**8))}"
    if rng.random() < SPOILT:
        document, nationality = pick(rng, [("", nationality), (document, "ZZZ")])
    return [
        segment("NAD", role, "", "", [pick(rng, families), pick(rng, given)]),
        segment("ATT", "2", "", pick(rng, ["M", "F"])),
        segment("DTM", ["329", f"{born:%y%m%d}"]),
        segment("LOC", "178", origin),
        segment("LOC", "179", destination),
        segment("NAT", "2", nationality),
        segment("RFF", ["AVF", f"{int(rng.integers(36**5, 36**6)):X}"]),
        segment("DOC", ["P", "110", "111"], document),
        segment("DTM", ["36", f"{expires:%y%m%d}"]),
        segment("LOC", "91", nationality),
    ]


PUBLISHERS = (Publisher("passenger_lists", passenger_lists),)
