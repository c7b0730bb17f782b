"""Dangerous goods seen elsewhere: the EU's RASFF notifications, recalls of the American CPSC."""

from __future__ import annotations

from datetime import date, timedelta
from string import capwords
from typing import TYPE_CHECKING

from customs_risk.sandbox.chance import draw, generator
from customs_risk.sandbox.names import seller_name
from customs_risk.sandbox.outside.basis import (
    INFORMED,
    Rng,
    early,
    number_of,
    offending,
    pick,
    place_name,
    some_goods,
    spoil,
)
from customs_risk.sandbox.outside.publisher import Publisher

if TYPE_CHECKING:
    from customs_risk.sandbox.world import World

Json = dict[str, object]
# RASFF's categories with their numbers, and the headings of the goods that fall under them
_CATEGORIES: dict[str, tuple[int, set[str]]] = {
    "meat and meat products (other than poultry)": (18433, {"0202", "0203", "0206"}),
    "poultry meat and poultry meat products": (18434, {"0207"}),
    "fish and fish products": (18425, {"0303", "0304", "1604"}),
    "crustaceans and products thereof": (18422, {"0306"}),
    "bivalve molluscs and products thereof": (18421, {"0307"}),
    "milk and milk products": (18430, {"0402", "0406"}),
    "nuts, nut products and seeds": (18427, {"0802"}),
    "fruits and vegetables": (18428, {"0805", "0806", "0810", "2008"}),
    "cocoa and cocoa preparations, coffee and tea": (18435, {"0901", "1806"}),
    "fats and oils": (18424, {"1507", "1509"}),
    "confectionery": (18436, {"1704"}),
    "cereals and bakery products": (18437, {"1905"}),
    "dietetic foods, food supplements and fortified foods": (18438, {"1901", "2106"}),
    "wine": (18440, {"2204"}),
    "alcoholic beverages": (18441, {"2203", "2208"}),
}
_HAZARDS = [
    ("Salmonella spp.", "pathogenic micro-organisms"),
    ("Listeria monocytogenes", "pathogenic micro-organisms"),
    ("aflatoxin B1", "mycotoxins"),
    ("ethylene oxide", "pesticide residues"),
    ("chlorpyrifos", "pesticide residues"),
    ("cadmium", "heavy metals"),
    ("enrofloxacin", "residues of veterinary medicinal products"),
    ("undeclared sulphite", "allergens"),
]
_CLASSES = {
    305: "border rejection notification",
    306: "alert notification",
    307: "information notification for attention",
}
_DECISIONS = {
    18761: "serious",
    18762: "potentially serious",
    18763: "not serious",
    18764: "undecided",
}
_NOTIFYING = ["DE", "NL", "FR", "IT", "ES", "BE", "PL", "SE"]
# what is recalled, as CPSC names it, and why
_PRODUCTS: list[tuple[str, str]] = [
    ("children's activity toys", "Small parts can come off, posing a choking hazard."),
    ("plush toys", "The paint contains levels of lead that exceed the federal ban."),
    ("handheld game consoles", "The battery can overheat, posing a fire hazard."),
    ("bicycle helmets", "The helmets violate the impact requirements."),
    ("office chairs", "The seat can separate from its base, posing a fall hazard."),
    ("clothing dressers", "The dressers are unstable, posing a tip-over hazard."),
    ("lithium-ion power banks", "The battery can ignite, posing fire and burn hazards."),
    ("USB chargers", "The chargers can overheat, posing burn and shock hazards."),
    ("wireless earphones", "The charging case can overheat, posing a burn hazard."),
    ("oscillating fans", "The motor can overheat, posing a fire hazard."),
    ("children's pajamas", "The garments violate the flammability standard."),
    ("children's hooded sweatshirts", "The drawstrings pose a strangulation hazard."),
    ("laundry detergent packets", "The packaging is not child-resistant."),
]


def rasff_notifications(world: World, day: date) -> list[Json] | None:
    """What the Commission validated since yesterday: a few notifications a day."""
    number = number_of(world, day)
    rng = generator(world.seed, "rasff_notifications", number)
    found = [_notification(world, rng, day, n) for n in range(2 + int(rng.poisson(2)))]
    return spoil(rng, found, lambda record: record | {"notifyingCountry": {"isoCode": "EU"}})


def cpsc_recalls(world: World, day: date) -> list[Json] | None:
    """One or two recalls on three days of the week, as published on the day before."""
    number = number_of(world, day)
    if day.weekday() not in (1, 3, 4):
        return None
    rng = generator(world.seed, "cpsc_recalls", number)
    recalls = [_recall(world, rng, day, n) for n in range(1 + int(rng.integers(2)))]
    return spoil(rng, recalls, lambda record: record | {"Title": ""})


def _notification(world: World, rng: Rng, day: date, n: int) -> Json:
    number = number_of(world, day)
    headings = set().union(*(headings for _, headings in _CATEGORIES.values()))
    goods = some_goods(world, rng, world.offenders.contaminated, number, headings)
    category, (category_id, _) = next(
        each for each in _CATEGORIES.items() if goods.heading in each[1][1]
    )
    hazard, hazard_category = pick(rng, _HAZARDS)
    classification, decision = pick(rng, list(_CLASSES)), pick(rng, list(_DECISIONS))
    origin, notifying = place_name(goods.origin), pick(rng, _NOTIFYING)
    validated = early(rng, day, "Europe/Brussels")
    serial = (number + 200) * 20 + n
    return {
        "notifId": 840_000 + serial,
        "reference": f"{day.year}.{serial:04d}",
        "ecValidationDate": f"{validated:%d-%m-%Y %H:%M:%S}",
        "notifyingCountry": {"organizationName": place_name(notifying), "isoCode": notifying},
        "subject": f"{hazard} in {category} from {origin}",
        "productCategory": {"id": category_id, "description": category},
        "productType": {"id": 283, "description": "food"},
        "notificationClassification": {
            "id": classification,
            "description": _CLASSES[classification],
        },
        "riskDecision": {"id": decision, "description": _DECISIONS[decision]},
        "published": False,
        "originCountries": [{"organizationName": origin, "isoCode": goods.origin}],
        "hazards": [{"name": hazard, "hazardCategory": {"description": hazard_category}}],
    }


def _recall(world: World, rng: Rng, day: date, n: int) -> Json:
    number = number_of(world, day)
    seller = _maker(world, rng, number)
    maker, country = seller_name(seller), place_name(seller[:2])
    product, danger = pick(rng, _PRODUCTS)
    units = int(rng.integers(3, 400)) * 100
    serial = (number + 200) * 4 + n
    published = day - timedelta(1)
    title = f"{maker} Recalls {capwords(product)}"
    fiscal_year = published.year + (published.month >= 10)
    return {
        "RecallID": 11_000 + serial,
        "RecallNumber": f"{fiscal_year % 100:02d}{serial % 1_000:03d}",
        "RecallDate": f"{published}T00:00:00",
        "Description": f"This recall involves {product} made in {country}.",
        "URL": f"https://www.cpsc.gov/Recalls/{published.year}/{title.replace(' ', '-')}",
        "Title": title,
        "ConsumerContact": f"{maker} toll-free from 9 a.m. to 5 p.m. ET Monday through Friday.",
        "LastPublishDate": f"{published}T00:00:00",
        "Products": [
            {
                "Name": product.capitalize(),
                "Description": "",
                "Model": "",
                "Type": product.split()[-1].capitalize(),
                "CategoryID": "",
                "NumberOfUnits": f"About {units:,}",
            }
        ],
        "Inconjunctions": [],
        "Images": [],
        "Injuries": [{"Name": "None reported" if rng.random() < 0.6 else "Two burns reported."}],
        "Manufacturers": [{"Name": f"{maker}, of {country}", "CompanyID": ""}],
        "Retailers": [],
        "Importers": [],
        "Distributors": [],
        "SoldAtLabel": None,
        "ManufacturerCountries": [{"Country": country}],
        "ProductUPCs": [],
        "Hazards": [{"Name": danger, "HazardType": "", "HazardTypeID": ""}],
        "Remedies": [{"Name": "Consumers should stop using the product and ask for a refund."}],
        "RemedyOptions": [{"Option": "Refund"}],
    }


def _maker(world: World, rng: Rng, number: int) -> str:
    """A seller who offends now, about half the time; else any."""
    parties = world.parties
    bad = offending(world.offenders.sellers, number, len(parties.seller_id))
    if len(bad) and rng.random() < INFORMED:
        return str(parties.seller_id[rng.choice(bad)])
    return str(parties.seller_id[draw(rng, parties.seller_size, 1)[0]])


PUBLISHERS = (
    Publisher("rasff_notifications", rasff_notifications),
    Publisher("cpsc_recalls", cpsc_recalls),
)
