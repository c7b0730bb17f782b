"""Redaction: whatever a warning holds, no audience is told a field that it may not read."""

import json
import random
from itertools import product

import pytest

from customs_risk.access.classes import columns_of_class
from customs_risk.treat import publications
from customs_risk.treat.warnings import drafts, releases
from customs_risk.treat.warnings.giveaways import Giveaway, forbidden
from customs_risk.treat.warnings.releases import AUDIENCES, Declared, ForbiddenField
from expectations.contract import CLASSES

COLUMNS = {
    column: class_
    for class_ in CLASSES
    for column in columns_of_class(class_).get(releases.MART, {})
}
BASES = (None, *releases.declaration()["sharing_bases"])
# the class that a reader has without any agreement, as Article 14 and the house rules put it
READS = {
    "customs": "restricted",
    "department": "internal",
    "foreign_authority": "public",
    "international_organisation": "public",
    "party": "public",
    "public": "public",
}


def planted(chance: random.Random) -> dict[str, object]:
    """Return a warning with a value in every field that tells field and class, bare or nested."""
    shapes = (
        lambda value: value,
        lambda value: [value, {"key": value}],
        lambda value: {"mart": "core.findings", "key": [value]},
    )
    return {
        column: chance.choice(shapes)(f"<{class_}:{column}:{chance.getrandbits(64):016x}>")
        for column, class_ in COLUMNS.items()
    }


@pytest.mark.parametrize(("audience", "basis"), list(product(AUDIENCES, BASES)))
def test_no_classified_field_passes(audience: releases.Audience, basis: str | None) -> None:
    chance = random.Random(f"{audience} {basis}")
    shared = () if basis is None else releases.declaration()["sharing_bases"][basis]["fields"]
    readable = CLASSES[: CLASSES.index(READS[audience]) + 1]
    allowed = {
        column for column, class_ in COLUMNS.items() if class_ in readable or column in shared
    }
    for _ in range(200):
        warning = planted(chance)
        told = json.dumps(releases.release(warning, audience, basis))
        said = {column for column in COLUMNS if f":{column}:" in told}
        assert said and said <= allowed
        assert "<personal:" not in told and "<secret:" not in told


def test_what_an_agreement_shares_is_at_most_internal_and_only_abroad() -> None:
    declared = releases.declaration()
    for basis, shared in declared["sharing_bases"].items():
        assert {COLUMNS[field] for field in shared["fields"]} <= {"public", "internal"}, basis
    for audience, recipients in declared["recipients"].items():
        used = {told["basis"] for told in recipients if "basis" in told}
        assert not used or audience in {"foreign_authority", "international_organisation"}


@pytest.mark.parametrize(
    ("up_to", "field"),
    [
        ("public", "level"),
        ("internal", "subject_key"),
        ("restricted", "drafted_by"),
        ("public", "no"),
    ],
)
def test_a_field_beyond_its_audience_is_refused(up_to: str, field: str) -> None:
    with pytest.raises(ForbiddenField, match=f"{field}.*字段"):
        Declared("somebody", up_to, ("title_en", field))


@pytest.mark.parametrize("up_to", ["personal", "secret"])
def test_nobody_is_told_of_persons(up_to: str) -> None:
    with pytest.raises(ForbiddenField):
        Declared("somebody", up_to, ())


def test_words_name_parties_inside_customs_only_and_persons_nowhere() -> None:
    party, person = Giveaway("party", "P1", False), Giveaway("officer", "li.na", True)
    assert forbidden([party, person], "customs") == [person]
    for audience in AUDIENCES[1:]:
        assert forbidden([party, person], audience) == [party, person]


def test_each_release_class_has_an_audience_a_message_and_a_recipient() -> None:
    declared = releases.declaration()
    for release_class in releases.RELEASE_CLASSES:
        spoken_to = releases.audiences_of(release_class)
        assert spoken_to and release_class in publications.ENQUEUE
        assert any(declared["recipients"][audience] for audience in spoken_to)
    told = {told for rule in drafts.rules()["causes"].values() for told in rule["release_classes"]}
    assert told == set(releases.RELEASE_CLASSES)


def test_every_domain_has_a_reader_inside_customs_and_outside() -> None:
    domains = {
        "prohibited_restricted", "port_health", "biosecurity", "food_safety", "commodity_quality",
        "tax", "ipr", "other",
    }  # fmt: skip
    for audience in ("customs", "department"):
        recipients = releases.declaration()["recipients"][audience]
        assert {domain for told in recipients for domain in told.get("domains", ())} == domains
