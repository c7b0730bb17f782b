"""The language of risk parameters: what it has, what it refuses, and that nothing gets past it."""

import random
import re
from collections.abc import Iterator

import pytest
import sqlglot
from sqlglot import exp

from customs_risk.treat.parameters.attributes import attributes
from customs_risk.treat.parameters.language import compile_condition
from customs_risk.treat.parameters.lexis import RefusedCondition

CHINESE = re.compile(r"[\u3400-\u9fff]")

# a condition, and the SQL that it becomes
COMPILED = {
    "hs6 = '220421'": "(declarations.hs6 = '220421')",
    "HS6 IN ('220421', '220422')": "(declarations.hs6 in ('220421', '220422'))",
    "hs6 not in ('a') or is_by_air":
        "((not (declarations.hs6 in ('a'))) or (features.is_by_air = 1))",
    "not is_by_air = false": "(not ((features.is_by_air = 1) = false))",
    "is_by_air is not true": "(not ((features.is_by_air = 1) is true))",
    "price_z is not null": "(features.price_z is not null)",
    "goods_name like '%it''s%'": "(declarations.goods_name like '%it''s%')",
    "goods_name not ilike '红酒%'": "(declarations.goods_name not ilike '红酒%')",
    "declared_value_cny / net_mass_kg < 2":
        "((declarations.declared_value_cny / nullif(declarations.net_mass_kg, 0)) < 2.0)",
    "price_z between -2 and -1.5":
        "(features.price_z between (- 2.0) and (- 1.5))",
    "hs6 >= '2204'": "(declarations.hs6 collate \"C\" >= '2204')",
    "known_on > '2026-02-28'": "(declarations.known_on > date '2026-02-28')",
    "known_on in (date '2026-01-01', '2026-01-02')":
        "(declarations.known_on in (date '2026-01-01', date '2026-01-02'))",
    "left(lower(hs6), 4) = coalesce(tax_type, 'x')":
        "(\"left\"(lower(declarations.hs6), 4) = coalesce(declarations.tax_type, 'x'))",
    "abs(price_z) > 1 + 2 * 3": "(abs(features.price_z) > (1.0 + (2.0 * 3.0)))",
    "licence_count * 2 = 2": "((declarations.licence_count::numeric * 2.0) = 2.0)",
    "length(goods_name) < 3": "(length(declarations.goods_name)::numeric < 3.0)",
}  # fmt: skip


@pytest.mark.parametrize("condition", COMPILED)
def test_a_condition_becomes_sql_of_our_own(condition: str) -> None:
    assert compile_condition(condition).sql == COMPILED[condition]


def test_every_attribute_has_a_meaning_in_both_languages() -> None:
    for attribute in attributes().values():
        assert re.search("[a-z]", attribute.meaning_en), attribute
        assert CHINESE.search(attribute.meaning_zh), attribute


def test_what_a_condition_speaks_of_is_told() -> None:
    compiled = compile_condition("hs6 = '1' and (PRICE_Z > 2 or hs6 is null)")
    assert compiled.attributes == ("hs6", "price_z")
    percent = compile_condition("goods_name like '100%%'")
    assert percent.fragment.as_string(None).count("%%%%") == 1


# a condition; line, column and text of what is refused; a word of why
REFUSED = {
    "": (1, 1, "", "something"),
    "  \n ": (1, 1, "  \n ", "something"),
    "hs7 = '1'": (1, 1, "hs7", "did you mean hs6"),
    "hs6 = 1": (1, 7, "1", "a text is wanted"),
    "hs6 = '1' and\n price_z = 'x'": (2, 12, "'x'", "a number is wanted"),
    "price_z": (1, 1, "price_z", "true or false"),
    "is_by_air < true": (1, 1, "is_by_air", "no order"),
    "1 = 1": (1, 1, "1 = 1", "no attribute"),
    "true": (1, 1, "true", "no attribute"),
    "hs6 = null": (1, 1, "hs6 = null", "no such thing"),
    "hs6 = 'x": (1, 7, "'x", "no end"),
    "hs6 = E'x'": (1, 7, "E'x'", "no such attribute"),
    "hs6 = U&'x'": (1, 8, "&", "character"),
    "hs6 = $$x$$": (1, 7, "$", "character"),
    "hs6 = 'a\\' or 1=1": (1, 9, "\\", "within a text"),
    "hs6 = 'a\x00'": (1, 9, "\x00", "within a text"),
    'hs6 = "hs6"': (1, 7, '"', "character"),
    "hs6 = '1'; drop table x": (1, 10, ";", "character"),
    "hs6 = '1' -- or": (1, 11, "-- or", "comments"),
    "hs6 /* x */ = '1'": (1, 5, "/* x */ = '1'", "comments"),
    "hs6 = %s": (1, 7, "%", "character"),
    "hs6 = :p": (1, 7, ":", "character"),
    "hs6::int = 1": (1, 4, ":", "character"),
    "hs6 = '1' ＝ '2'": (1, 11, "＝", "character"),
    "cast(hs6 as int) = 1": (1, 1, "cast", "no such function"),
    "pg_sleep(9) is null": (1, 1, "pg_sleep", "no such function"),
    "hs6 in (select hs6)": (1, 9, "select", "no such attribute"),
    "exists (hs6)": (1, 1, "exists", "no such function"),
    "hs6 = any('1')": (1, 7, "any", "no such function"),
    "case when hs6 = '1' then true end": (1, 1, "case", "no such attribute"),
    "hs6 = '1' union hs6 = '2'": (1, 11, "union", "no such attribute"),
    "hs6 = current_user": (1, 7, "current_user", "no such attribute"),
    "declarations.hs6 = '1'": (1, 1, "declarations", "no such attribute"),
    "abs(price_z) over () > 1": (1, 14, "over", "no such function"),
    "hs6 = '1' '2'": (1, 7, "'1'", "no such thing"),
    "hs6 = hs6 hs6": (1, 11, "hs6", "go on"),
    "hs6 = '1' and": (1, 11, "and", "go on"),
    "(hs6 = '1'": (1, 8, "'1'", "go on"),
    "hs6 = '1')": (1, 10, ")", "go on"),
    "(hs6, hs6) = ('1', '2')": (1, 2, "hs6, hs6", "no such thing"),
    "hs6 in ()": (1, 1, "hs6", "list"),
    "hs6 in (tax_type)": (1, 9, "tax_type", "values only"),
    "hs6 like tax_type": (1, 10, "tax_type", "pattern"),
    "hs6 like '%'": (1, 10, "'%'", "pattern"),
    "hs6 like '%a%b%c%d%'": (1, 10, "'%a%b%c%d%'", "pattern"),
    "hs6 like 'ab' escape 'b'": (1, 15, "escape", "no such attribute"),
    "known_on = '2026-02-30'": (1, 12, "'2026-02-30'", "no such day"),
    "known_on + 1 > date '2026-01-01'": (1, 1, "known_on", "a number is wanted"),
    "date(known_on) = '2026-01-01'": (1, 1, "date", "a day is written"),
    "price_z > 1e9": (1, 11, "1e9", "a number is written"),
    "price_z > 1234567890123456": (1, 11, "1234567890123456", "a number is written"),
    "left(hs6, 1000) = ''": (1, 1, "left(hs6, 1000", "1 to 99"),
    "not " * 13 + "is_by_air": (1, 49, "not is_by_air", "deeper"),
    "(" * 13 + "is_by_air" + ")" * 13: (1, 14, "is_by_air)))))))))))))", "deeper"),
    " + ".join(["price_z"] * 13) + " > 1": (1, 1, "price_z + price_z + price_z", "arithmetic"),
    "hs6 = '1' or " * 400: (1, 4001, ("hs6 = '1' or " * 400)[4000:4060], "longer"),
    "hs6 in ('1'" + ",'1'" * 400 + ")": (1, 1604, ",", "words"),
}  # fmt: skip


@pytest.mark.parametrize("condition", REFUSED)
def test_what_is_refused_says_where_and_why_in_both_languages(condition: str) -> None:
    line, column, offending, why = REFUSED[condition]
    with pytest.raises(RefusedCondition) as caught:
        compile_condition(condition)
    refused = caught.value
    assert (refused.line, refused.column, refused.offending) == (line, column, offending)
    assert why in refused.en
    assert CHINESE.search(refused.zh) and refused.zh in str(refused) and refused.en in str(refused)


def test_a_long_list_and_a_long_chain_are_no_trouble() -> None:
    listed = ", ".join(f"'{code:06d}'" for code in range(380))
    assert compile_condition(f"hs6 in ({listed})").sql.count(",") == 379
    chain = " or ".join(f"hs6='{code}'" for code in range(190))
    assert compile_condition(chain).sql.count(" or ") == 189


GOOD = (
    *COMPILED,
    "importer_credit_tier = 'dishonest' and (hs6 like '22%' or declared_value_cny > 100000)",
    "not (origin_country in ('FR', 'IT') and departure_country <> origin_country)",
)
POISON = (
    "; drop table ops.batches", "' or '1'='1", "-- ", "/*", "*/", "union select 1", "pg_sleep(1)",
    "(select 1)", "::regclass", "$1", "%s", ":x", "\\", "\x00", '"', "E'\\''", "U&'\\0041'", "$$",
    "{fn now()}", "[1]", "array[1]", "current_user", "cast(hs6 as oid)", "over ()",
    "collate \"C\"", "at time zone 'utc'", "interval '1 day'", "::text", "@", "~ '.*'",
    "similar to 'x'", "＝", "\u202e", "is distinct from", "exists", "case when true then 1 end",
    "hs6.*", "*", "lateral", "1e400", "0x1f", "9" * 400, "(" * 60, ")" * 60, "not " * 60, "-" * 9,
    "'", "''", "'''", "\n", "\t", "\r\n", "\x0b", "row(1)", "any(1)", "coalesce()", "left(",
    "date ''", "date '2026-99-99'", "b'1'", "x'1'", "n'1'", "isnull", "notnull",
    "between symmetric 1 and 2", "like any ('a')", "filter (where true)", "`", "#",
)  # fmt: skip
WORDS = (
    *attributes(), "and", "or", "not", "in", "between", "like", "ilike", "is", "null", "true",
    "false", "date", "=", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "(", ")", ",",
    "'x'", "'2026-01-01'", "1", "2.5", "abs", "left", "lower", "upper", "length", "coalesce",
    "select", "from", "where",
)  # fmt: skip

# what compiled SQL may be made of, as another reading of it tells
CLEAN = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
    exp.In, exp.Between, exp.Like, exp.ILike, exp.Is, exp.Null, exp.Boolean, exp.Literal,
    exp.Column, exp.Identifier, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Nullif,
    exp.Collate, exp.Lower, exp.Upper, exp.Left, exp.Length, exp.Abs, exp.Coalesce, exp.Cast,
    exp.DataType, exp.Var,
)  # fmt: skip


def tries(count: int, seed: int) -> Iterator[str]:
    """Yield good conditions gone wrong, injections, words in no order, and good ones joined."""
    chance = random.Random(seed)
    for number in range(count):
        text = chance.choice(GOOD)
        if number % 4 == 0:
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(text) + 1)
                put = chance.choice((chance.choice(POISON), chr(chance.randrange(0x250)), ""))
                text = text[:at] + put + text[at + chance.randint(0, 3) :]
        elif number % 4 == 1:
            words = re.findall(r"'[^']*'|\w+|[<>=!]+|\S", text)
            for _ in range(chance.randint(1, 3)):
                words[chance.randrange(len(words))] = chance.choice((*WORDS, *POISON))
            text = " ".join(words)
        elif number % 4 == 2:
            text = " ".join(chance.choices(WORDS, k=chance.randint(1, 14)))
        else:
            joined = chance.choice(("and", "or", "and not", "OR NOT", chance.choice(POISON)))
            text = f"({text}) {joined} ({chance.choice(GOOD)})"
        yield text


def test_nothing_gets_past_the_language() -> None:
    compiled = 0
    for text in tries(10_000, seed=271):
        try:
            told = compile_condition(text).sql
        except RefusedCondition as refused:
            assert refused.line >= 1 and refused.column >= 1, text
            assert refused.en and CHINESE.search(refused.zh), text
            continue
        compiled += 1
        tree = sqlglot.parse_one(told, read="postgres")
        assert all(type(node) in CLEAN for node in tree.walk()), (text, told)
        columns = {(column.table, column.name) for column in tree.find_all(exp.Column)}
        assert {name for _, name in columns} <= attributes().keys(), (text, told)
        assert {table for table, _ in columns} <= {"declarations", "features"}, (text, told)
        types = {str(cast.to).upper() for cast in tree.find_all(exp.Cast)}
        assert types <= {"DATE", "DECIMAL"}, (text, told)
        assert ";" not in re.sub(r"'(?:[^']|'')*'", "", told), (text, told)
    # a fuzz that is refused always, or never, tries nothing
    assert 500 < compiled < 9_000
