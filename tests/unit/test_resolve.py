"""Subject resolution: who is meant, by number, by code and by name; and how often it is right."""

from pathlib import Path

import pytest

from customs_risk.resolve import evaluate
from customs_risk.resolve.evaluation import thresholds
from customs_risk.resolve.identifiers import identifiers_of, recognise
from customs_risk.resolve.likeness import likeness
from customs_risk.resolve.names import Name, parse
from customs_risk.resolve.outcomes import THRESHOLDS, Outcome, settle
from customs_risk.resolve.subjects import Candidate, Pair, Register, subject

SAMPLE = Path(__file__).with_name("samples") / "names.csv"


def name(text: str, kind: str = "party") -> Name:
    parsed = parse(text, kind)
    assert parsed is not None
    return parsed


def like(one: str, other: str, country: str | None = None, elsewhere: str | None = None) -> float:
    return likeness(name(one), name(other), country, elsewhere)


def who(
    mention: tuple[list[str], list[str], str | None],
    *subjects: tuple[str, list[str], list[str], str | None],
    kind: str = "party",
    verdicts: dict[Pair, bool] | None = None,
) -> dict[str, tuple[str, str, str]]:
    """Resolve one mention among some subjects; return subject → method, status, matched_on."""
    register = Register(kind, [subject(key, kind, *told) for key, *told in subjects])
    candidates = list(register.candidates([subject("m", kind, *mention)]))
    return {
        each.candidate.subject_id: (each.candidate.method, each.status, each.candidate.matched_on)
        for each in settle(candidates, verdicts or {})
    }


# the labelled sample


def test_matches_are_right_and_few_are_missed() -> None:
    evaluation = evaluate(SAMPLE)
    assert evaluation.overall.mentions >= 300
    for half in ("tuning", "held_out"):
        figures = evaluation.halves[half]
        assert figures.precision >= 0.97, half
        assert figures.recall_with_review >= 0.85, half
        # what is easily told is not left to people
        assert figures.recall >= 0.85, half
        assert figures.review_share <= 0.15, half


def test_the_thresholds_are_those_that_the_tuning_half_asks_for() -> None:
    assert thresholds(SAMPLE) == THRESHOLDS


def test_the_held_out_half_has_no_say_in_the_thresholds(tmp_path: Path) -> None:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("held_out,mention")]
    tuning_only = tmp_path / "tuning.csv"
    tuning_only.write_text("".join(kept), encoding="utf-8")
    assert thresholds(tuning_only) == THRESHOLDS


def test_an_evaluation_tells_halves_and_difficulties_apart() -> None:
    rows = evaluate(SAMPLE).rows()
    assert [row[:2] for row in rows[:3]] == [("all", "all"), ("tuning", "all"), ("held_out", "all")]
    by_difficulty = [figures for half, difficulty, figures in rows if difficulty != "all"]
    assert sum(figures.mentions for figures in by_difficulty) == rows[0][2].mentions
    assert {"near_miss", "pinyin", "traditional", "typo", "arabic", "cyrillic"} <= {
        difficulty for _, difficulty, _ in rows
    }


# identifiers


@pytest.mark.parametrize(
    ("text", "subject_kind", "kind", "holds"),
    [
        ("91110000100000112D", "party", "uscc", False),
        ("9131 0115-MA1K3XAG5L", "party", "uscc", True),
        ("IMO 9074729", "vessel", "imo", True),
        ("9074729", "vessel", "imo", True),
        ("IMO9074728", "vessel", "imo", False),
        ("CSQU 305438-3", "container", "container", True),
        ("CSQU3054384", "container", "container", False),
        ("213800KUD8LAJWSQ9D15", "party", "lei", True),
        ("213800KUD8LAJWSQ9D16", "party", "lei", False),
        ("DE123456", "party", "other", True),
        ("9074729", "party", "other", True),
    ],
)
def test_identifiers_are_recognised_and_checked(
    text: str, subject_kind: str, kind: str, holds: bool
) -> None:
    found = recognise(text, subject_kind)
    assert (found.kind, found.holds) == (kind, holds)


def test_a_vessel_may_bear_its_number_as_its_name() -> None:
    assert [each.value for each in identifiers_of("vessel", [], ["IMO 9074729"]).good] == [
        "9074729"
    ]


def test_what_many_could_bear_identifies_nobody() -> None:
    assert identifiers_of("party", ["12", "ABCDEF", "-"], []).good == ()


def test_an_identifier_comes_before_any_name() -> None:
    found = who(
        (["宁波金桥进出口有限公司"], ["DE 123456"], None),
        ("a", ["Northwind Atlas Trading GmbH"], ["DE123456"], None),
        ("b", ["宁波金桥进出口有限公司"], [], "CN"),
    )
    # names that say otherwise send an identifier that nobody can check to a person
    assert found == {"a": ("identifier", "review", "other DE123456")}


def test_a_wrong_check_digit_never_matches_and_the_outcome_says_so() -> None:
    wrong = "IMO 9074728"
    vessel = ("9074728", ["PACIFIC GRACE"], [wrong], "LR")
    found = who((["PACIFIC GRACE"], [wrong], "LR"), vessel, kind="vessel")
    method, status, matched_on = found["9074728"]
    assert (method, status) == ("name", "matched")
    assert "9074728 fails its check digit" in matched_on
    assert (
        who((["Other"], [wrong], None), ("s", ["PACIFIC GRACE"], [wrong], None), kind="vessel")
        == {}
    )


def test_two_numbers_of_one_kind_tell_two_vessels_of_one_name_apart() -> None:
    other = ("9176187", ["PACIFIC GRACE"], ["9176187"], "LR")
    assert who((["PACIFIC GRACE"], ["IMO 9074729"], "LR"), other, kind="vessel") == {}
    assert who((["PACIFIC GRACE"], [], "LR"), other, kind="vessel")["9176187"][1] == "matched"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("02", {"020714", "020712"}),
        ("0207.14", {"020714"}),
        ("0207140010", {"020714"}),
        ("030617", set()),
    ],
)
def test_commodities_match_by_the_prefix_of_their_code(code: str, found: set[str]) -> None:
    goods = [(hs6, ["冻鸡翅"], [hs6], None) for hs6 in ("020714", "020712", "160232")]
    outcomes = who((["冻鸡翅"], [code], "BR"), *goods, kind="commodity")
    assert {key for key, (method, status, _) in outcomes.items() if status == "matched"} == found
    assert all(method == "code" for method, _, _ in outcomes.values())


# names


@pytest.mark.parametrize(
    ("text", "core", "places"),
    [
        ("上海华远国际贸易有限公司", "华远", {"shanghai"}),
        ("金桥（宁波）进出口有限公司", "金桥", {"ningbo"}),
        ("上海華遠國際貿易有限公司", "华远", {"shanghai"}),
        ("Shanghai Huayuan Int'l Trading Co.,Ltd.", "huayuan", {"shanghai"}),
        ("ＮＯＲＴＨＷＩＮＤ　ＡＴＬＡＳ　ＧｍｂＨ", "northwind atlas", set()),
        ("Aguacates de Michoacán, S.A. de C.V.", "aguacates michoacan", set()),
        ("ООО Роснефть", "rosneft", set()),
        ("\u202eNorth\u200bwind\ufeff Atlas", "northwind atlas", set()),
        ("삼성전자 주식회사", "삼성전자", set()),
        ("株式会社豊田通商", "豊田通商", set()),
    ],
)
def test_a_name_is_told_by_what_its_kind_does_not_share(
    text: str, core: str, places: set[str]
) -> None:
    assert name(text).core == core
    assert name(text).places == places


def test_what_has_no_letter_is_no_name() -> None:
    assert parse("- () …") is None


def test_words_of_their_kind_weigh_less_than_the_core() -> None:
    assert like("上海华远国际贸易有限公司", "上海华远贸易有限责任公司") > 0.9
    assert like("上海华远国际贸易有限公司", "上海金桥国际贸易有限公司") < 0.4


def test_other_places_trades_and_numbers_are_other_firms() -> None:
    assert like("宁波金桥进出口有限公司", "青岛金桥进出口有限公司") < THRESHOLDS.review
    assert like("Golden Atlas Foods Ltd", "Golden Atlas Chemicals Ltd") < THRESHOLDS.review
    assert like("Cape Fruit No. 7 Ltd", "Cape Fruit No. 9 Ltd") < THRESHOLDS.review


def test_a_country_raises_or_lowers() -> None:
    told = "Granite Falcon Commodities LLC"
    unknown = like(told, told)
    assert like(told, told, "US", "US") > unknown > like(told, told, "US", "BR")
    assert like(told, told, "US", "BR") < THRESHOLDS.review
    # notices write one or the other
    assert like(told, told, "CN", "HK") == unknown


def test_likeness_is_the_same_from_both_sides() -> None:
    texts = [
        "中石化",
        "中国石油化工股份有限公司",
        "华源贸易",
        "华远贸易",
        "محمد حسن",
        "Mohammed Hassan",
    ]
    texts += ["Blue Water Foods", "Bluewater Foods SARL"]
    assert all(like(one, other) == like(other, one) for one in texts for other in texts)


# outcomes


def settled(*scores: float, verdicts: dict[Pair, bool] | None = None) -> list[tuple[str, str]]:
    candidates = [
        Candidate("m", "party", f"s{n}", "name", "", score) for n, score in enumerate(scores)
    ]
    outcomes: list[Outcome] = settle(candidates, verdicts or {})
    return [(each.candidate.subject_id, each.status) for each in outcomes]


def test_the_best_rejected_candidate_is_kept_and_no_other() -> None:
    assert settled(0.2, 0.5, 0.4) == [("s1", "rejected")]


def test_a_name_that_fits_two_subjects_alike_waits_for_a_person() -> None:
    assert settled(1.0, 0.99) == [("s0", "review"), ("s1", "review")]
    assert settled(1.0, 0.90) == [("s0", "matched"), ("s1", "review")]


def test_people_overrule() -> None:
    verdicts = {("m", "party", "s0"): False}
    assert settled(1.0, 0.99, verdicts=verdicts) == [("s0", "rejected"), ("s1", "matched")]
    verdicts = {("m", "party", "s1"): True}
    assert settled(1.0, 0.5, verdicts=verdicts) == [("s1", "matched")]
