"""The treatment matrix answers every case once, and never examines goods at a medium level."""

import csv
from itertools import product

import pytest

from customs_risk.settings import REPOSITORY
from customs_risk.treat import measures, policy, standing

MATRIX = REPOSITORY / "dbt_project" / "seeds" / "treatment_matrix.csv"
LEVELS = ("high", "medium", "low", "unknown")
TIERS = ("advanced_certified", "certified", "regular", "dishonest", "seriously_dishonest")
DOMAINS = measures.Domain.__args__
# the extra measures that the words of the matrix may ask for
KNOWN_EXTRAS = {
    "audit_after_clearance", "conformity_documents", "guarantee", "hold_until_result",
    "notify_rights_holder", "quarantine", "sampling", "sampling_laboratory", "scan",
}  # fmt: skip
RULES = standing.rules()["rules"]
STRICTER = {"release": 0, "document_review": 1, "inspection": 2}


@pytest.fixture(scope="module")
def matrix() -> dict[tuple[str, str, str], dict[str, str]]:
    with MATRIX.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    by_key = {(row["level"], row["credit_tier"], row["risk_domain"]): row for row in rows}
    assert len(by_key) == len(rows)
    return by_key


def applies(
    matrix: dict[tuple[str, str, str], dict[str, str]], level: str, tier: str, domain: str
) -> dict[str, str]:
    return matrix.get((level, tier, domain)) or matrix[level, tier, "any"]


def test_every_case_has_a_row_and_words_in_both_languages(
    matrix: dict[tuple[str, str, str], dict[str, str]],
) -> None:
    for level, tier, domain in product(LEVELS, TIERS, (*DOMAINS, "any")):
        row = applies(matrix, level, tier, domain)
        assert row["words_en"] and row["words_zh"] and row["legal_basis"]
        assert set(filter(None, row["extra_measures"].split(";"))) <= KNOWN_EXTRAS
    assert {key[0] for key in matrix} == set(LEVELS)


def test_a_medium_level_is_never_examined_physically(
    matrix: dict[tuple[str, str, str], dict[str, str]],
) -> None:
    for tier, domain in product(TIERS, DOMAINS):
        assert applies(matrix, "medium", tier, domain)["handling"] == "document_review"
        assert applies(matrix, "high", tier, domain)["handling"] == "inspection"


def test_treatment_grows_with_the_level_and_with_bad_credit(
    matrix: dict[tuple[str, str, str], dict[str, str]],
) -> None:
    for domain in DOMAINS:
        for tier in TIERS:
            told = [applies(matrix, each, tier, domain)["handling"] for each in LEVELS[:3]]
            assert [STRICTER[each] for each in told] == sorted(
                map(STRICTER.get, told), reverse=True
            )
        for level in LEVELS:
            told = [applies(matrix, level, tier, domain)["handling"] for tier in TIERS]
            assert [STRICTER[each] for each in told] == sorted(map(STRICTER.get, told))
    assert applies(matrix, "low", "certified", "tax")["handling"] == "release"
    # nobody of bad credit is released unseen
    for level, tier in product(LEVELS, TIERS[3:]):
        assert applies(matrix, level, tier, "other")["handling"] != "release"


def test_the_standing_rules_propose_all_seven_kinds_with_a_person_for_the_grave_ones() -> None:
    proposed = [(measure, rule) for rule in RULES.values() for measure in rule["measures"]]
    assert {measure["kind"] for measure, _ in proposed} == set(measures.Kind.__args__)
    for measure, rule in proposed:
        assert measure["before"].keys() == measure["after"].keys()
        assert 0 < measure["lasts_days"] <= policy.LONGEST_DAYS
        assert rule["most"] > 0
        # what cannot be taken back is nothing that a rule proposes
        assert measure["action"] not in {"cancel", "prohibit", "publish"}


@pytest.mark.parametrize(
    ("found", "of", "outcome"),
    [
        (0, 0, "lifted"),  # nothing speaks against the party
        (3, 30, "lifted"),
        (7, 30, "adjusted"),
        (15, 15, "upheld"),
        (2, 2, "adjusted"),  # two of two are too few to say that it is the worst
    ],
)
def test_the_policy_holds_a_party_against_all_others(found: int, of: int, outcome: str) -> None:
    assert policy.weigh(found, of, 100, 1000).outcome == outcome


def test_nothing_found_of_anybody_is_no_rate_of_nought() -> None:
    assert policy.weigh(1, 1, 0, 0).times < policy.USUAL
    assert policy.weigh(5, 5, 0, 1000).outcome == "upheld"
