"""Disease abroad: WOAH's animal disease events (WAHIS) and WHO's Disease Outbreak News."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

from customs_risk.sandbox.chance import generator
from customs_risk.sandbox.outside.basis import (
    Rng,
    early,
    in_utc,
    number_of,
    pick,
    place_name,
    some_goods,
    spoil,
)
from customs_risk.sandbox.outside.publisher import Publisher

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Json = dict[str, object]
_EVENTS_PER_DAY = 2
# an event is reported when it is noticed, followed up, and closed
_FOLLOW_UP_DAYS = {7: "On-going", 28: "Resolved"}
# disease and subtype, kind of animal and species, and the headings of what can carry it
_DISEASES: list[tuple[str, str | None, str, str, set[str]]] = [
    ("African swine fever virus (Inf. with)", "Genotype II", "Terrestrial", "Swine", {"0203"}),
    ("Foot and mouth disease virus (Inf. with)", "O", "Terrestrial", "Cattle", {"0202", "0402"}),
    ("Lumpy skin disease virus (Inf. with)", None, "Terrestrial", "Cattle", {"0202", "0206"}),
    (
        "High pathogenicity avian influenza viruses (poultry) (Inf. with)",
        "H5N1",
        "Terrestrial",
        "Birds",
        {"0207"},
    ),
    ("Newcastle disease virus (Inf. with)", None, "Terrestrial", "Birds", {"0207"}),
    ("White spot syndrome virus (Inf. with)", None, "Aquatic", "Whiteleg shrimp", {"0306"}),
    ("Infectious salmon anaemia virus (Inf. with)", "HPR-deleted", "Aquatic", "Atlantic salmon",
     {"0303", "0304"}),
    ("Bonamia ostreae (Inf. with)", None, "Aquatic", "European flat oyster", {"0307"}),
]  # fmt: skip
_OUTBREAKS = [
    "Avian Influenza A(H5N1)",
    "Cholera",
    "Crimean-Congo haemorrhagic fever",
    "Dengue",
    "Marburg virus disease",
    "Measles",
    "Middle East respiratory syndrome coronavirus",
    "Mpox",
    "Nipah virus infection",
    "Yellow fever",
]
_RISK = ["low", "moderate", "moderate", "high"]
_NEWS_UPDATED_AFTER = 14  # days


def wahis_events(world: World, day: date) -> list[Json] | None:
    """Reports that WOAH puts out: new events, and follow-ups of those of one and four weeks ago."""
    reports = [_report(world, day, day, n, "On-going") for n in range(_EVENTS_PER_DAY)]
    for after, status in _FOLLOW_UP_DAYS.items():
        noticed = day - timedelta(after)
        # one of the day's events is followed up
        reports.append(_report(world, day, noticed, 0, status))
    rng = generator(world.seed, "spoilt wahis_events", number_of(world, day))
    return spoil(rng, reports, lambda record: record | {"eventStartDate": "unknown"})


def disease_outbreak_news(world: World, day: date) -> list[Json] | None:
    """One item every third day, and a revised one two weeks after."""
    items = [
        _news(world, written, day)
        for written in (day, day - timedelta(_NEWS_UPDATED_AFTER))
        if number_of(world, written) % 3 == 0
    ]
    rng = generator(world.seed, "spoilt disease_outbreak_news", number_of(world, day))
    return spoil(rng, items, lambda record: record | {"Title": None}) or None


def _report(world: World, day: date, noticed: date, n: int, status: str) -> Json:
    """One report on one event, told on a day about what was noticed on that day or before."""
    number = number_of(world, noticed)
    rng = generator(world.seed, "wahis_events", number * 10 + n)
    disease, subtype, animals, species, headings = pick(rng, _DISEASES)
    country = some_goods(world, rng, world.offenders.contaminated, number, headings).origin
    started = noticed - timedelta(int(rng.integers(3, 20)))
    event = 6_000 + (number + 400) * _EVENTS_PER_DAY + n
    follow_up = (day - noticed).days // 7
    submitted = early(
        generator(world.seed, "wahis_events sent", event * 10 + follow_up), day, "UTC"
    )
    cases = int(rng.integers(2, 400)) + 50 * follow_up
    return {
        "eventId": event,
        "reportId": 170_000 + event * 5 + min(follow_up, 4),
        "reportNumber": follow_up,
        "reportType": "FUR" if follow_up else "IN",
        "country": place_name(country),
        "disease": disease,
        "subType": subtype,
        "animalType": animals,
        "reason": pick(rng, ["Recurrence of an eradicated disease", "First occurrence in a zone"]),
        "eventStartDate": f"{started}T00:00:00.000+00:00",
        "eventStatus": status,
        "reportStatus": "Validated",
        "submissionDate": f"{submitted:%Y-%m-%dT%H:%M:%S}.000+00:00",
        "outbreaks": [_outbreak(rng, started, species, cases)],
    }


def _outbreak(rng: Rng, started: date, species: str, cases: int) -> Json:
    return {
        "outbreakId": int(rng.integers(100_000, 200_000)),
        "location": f"District {int(rng.integers(1, 80))}",
        "latitude": round(float(rng.uniform(-40, 60)), 4),
        "longitude": round(float(rng.uniform(-110, 150)), 4),
        "startDate": str(started),
        "species": species,
        "isWild": bool(rng.random() < 0.2),
        "susceptible": cases * 20,
        "cases": cases,
        "deaths": cases // 3,
    }


def _news(world: World, written: date, day: date) -> Json:
    """One item as it stands on a day: first written, or revised since."""
    number = number_of(world, written)
    rng = generator(world.seed, "disease_outbreak_news", number)
    disease = pick(rng, _OUTBREAKS)
    country = place_name(str(rng.choice(world.countries.code)))
    published = early(rng, written, "UTC")
    sent = generator(world.seed, "disease_outbreak_news revised", number_of(world, day))
    modified = published if written == day else early(sent, day, "UTC")
    cases = int(rng.integers(3, 900)) * (1 if written == day else 2)
    don = f"{written.year}-DON{written.timetuple().tm_yday:03d}"
    identifier = uuid.UUID(bytes=rng.bytes(16), version=4)
    title = f"{disease} - {country}"
    risk = pick(rng, _RISK)
    return {
        "Id": str(identifier),
        "LastModified": in_utc(modified),
        "PublicationDate": in_utc(published),
        "DateCreated": in_utc(published),
        "IncludeInSitemap": True,
        "SystemSourceKey": None,
        "UrlName": don,
        "ItemDefaultUrl": f"/{don}",
        "Summary": f"<p>{cases} cases of {disease} were reported from {country}.</p>",
        "FormattedDate": f"{written.day} {written:%B %Y}",
        "PublicationDateAndTime": in_utc(published),
        "OverrideTitle": title,
        "UseOverrideTitle": True,
        "Title": title,
        "TitleSuffix": None,
        "DonId": don,
        "Overview": f"<p>As of {day}, {cases} cases and {cases // 9} deaths were notified.</p>",
        "Epidemiology": None,
        "Assessment": f"<p>WHO assesses the risk at the national level as {risk}.</p>",
        "Advice": "<p>WHO advises against any restriction of travel or trade.</p>",
        "Response": None,
        "FurtherInformation": None,
        "Provider": "dynamicProvider372",
        "regionscountries": [str(uuid.uuid5(uuid.NAMESPACE_URL, country))],
    }


PUBLISHERS = (
    Publisher("wahis_events", wahis_events),
    Publisher("disease_outbreak_news", disease_outbreak_news),
)
