"""The language of conditions: a boolean expression in SQL's own words, checked and compiled.

Known are attributes (see attributes.py), texts, numbers, days, ``true`` and ``false``; ``and``,
``or``, ``not``; comparisons; ``in (...)``, ``between``, ``like`` and ``ilike`` with a plain
pattern, ``is null``, ``is true``; arithmetic on numbers; and the functions abs, coalesce, left,
length, lower and upper. Whatever is unknown (null) is no hit, as in SQL.

What is executed is written anew from the checked tree: the author's text is never part of it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import sqlglot
from psycopg.sql import SQL
from sqlglot import exp
from sqlglot.errors import ParseError

from customs_risk.treat.parameters import lexis
from customs_risk.treat.parameters.attributes import attributes
from customs_risk.treat.parameters.lexis import RefusedCondition

# no value of fifteen digits can overflow in so many steps: a condition never fails on a row
MOST_ARITHMETIC = 10
LONGEST_PATTERN = 100
MOST_WILDCARDS = 3

Type = Literal["text", "number", "boolean", "date"]

_TYPES_ZH = {"text": "文本", "number": "数字", "boolean": "是非", "date": "日期"}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/",
}  # fmt: skip
_TEXT_TO_TEXT: dict[type[exp.Expr], str] = {exp.Lower: "lower", exp.Upper: "upper"}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Compiled:
    """A checked condition: SQL over ``declarations`` and ``features``, and what it speaks of."""

    sql: str
    attributes: tuple[str, ...]

    @property
    def fragment(self) -> SQL:
        """The SQL for a statement that is executed with parameters."""
        return SQL(self.sql.replace("%", "%%"))


@dataclass(frozen=True)
class _Term:
    """A checked part: its SQL, its type, and if it is a text that stands for itself, that text."""

    sql: str
    type: Type
    literal: str | None = None


def compile_condition(text: str) -> Compiled:
    """Check a condition and write its SQL.

    The SQL reads two relations by the names ``declarations`` (int_declarations) and ``features``
    (int_declaration_features), each joined one to one.

    Raises:
        RefusedCondition: the language does not have it; the message says where and why.
    """
    lexis.check(text)
    try:
        tree = sqlglot.parse_one(
            text, read="postgres", into=exp.Condition, error_message_context=len(text)
        )
    except ParseError as error:
        raise _unparsable(text, error) from None
    checker = _Checker(text)
    whole = checker.visit(tree)
    if whole.type != "boolean":
        raise checker.refused(
            tree,
            f"a condition is true or false, and this is a {whole.type}",
            f"条件应为是非判断，此处为{_TYPES_ZH[whole.type]}",
        )
    if not checker.attributes:
        raise checker.refused(
            tree, "it speaks of no attribute of a declaration", "未涉及报关单的任何属性"
        )
    return Compiled(whole.sql, tuple(sorted(checker.attributes)))


def _unparsable(text: str, error: ParseError) -> RefusedCondition:
    told = error.errors[0] if error.errors else {}
    start = len(str(told.get("start_context") or ""))
    offending = str(told.get("highlight") or text[start:])
    return RefusedCondition(
        text, start, offending, "no condition can go on like this", "此处不合条件语法"
    )


class _Checker:
    """Walks a parsed condition; what is in none of its tables is refused."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.attributes: set[str] = set()
        self.arithmetic = 0
        # how each kind of node is checked, and which of its parts may be filled
        self.known: dict[type[exp.Expr], tuple[Callable[..., _Term], tuple[str, ...]]] = {
            exp.Paren: (lambda node: self.visit(node.this), ("this",)),
            exp.And: (self._connected, ("this", "expression")),
            exp.Or: (self._connected, ("this", "expression")),
            exp.Not: (self._negated, ("this",)),
            **dict.fromkeys(_COMPARISONS, (self._compared, ("this", "expression"))),
            **dict.fromkeys(
                _ARITHMETIC, (self._calculated, ("this", "expression", "typed", "safe"))
            ),
            exp.Neg: (self._minus, ("this",)),
            exp.In: (self._listed, ("this", "expressions", "negate")),
            exp.Between: (self._between, ("this", "low", "high", "negate")),
            exp.Like: (self._like, ("this", "expression", "negate")),
            exp.ILike: (self._like, ("this", "expression", "negate")),
            exp.Is: (self._is, ("this", "expression", "negate")),
            exp.Column: (self._attribute, ("this",)),
            exp.Literal: (self._literal, ("this", "is_string")),
            exp.Boolean: (self._truth, ("this",)),
            exp.Cast: (self._day, ("this", "to")),
            **dict.fromkeys(_TEXT_TO_TEXT, (self._cased, ("this",))),
            exp.Length: (self._length, ("this",)),
            exp.Left: (self._left, ("this", "expression")),
            exp.Abs: (self._absolute, ("this",)),
            exp.Coalesce: (self._coalesced, ("this", "expressions")),
        }

    def refused(self, node: exp.Expr, en: str, zh: str) -> RefusedCondition:
        """Return the refusal of a part, at its place in the author's text."""
        spans = [each.meta for each in node.walk() if "start" in each.meta]
        start = min((span["start"] for span in spans), default=0)
        end = max((span["end"] for span in spans), default=len(self.text))
        return RefusedCondition(self.text, start, self.text[start : end + 1], en, zh)

    def visit(self, node: exp.Expr) -> _Term:
        """Return the checked part that a node stands for."""
        handler, parts = self.known.get(type(node), (None, ()))
        filled = {name for name, value in node.args.items() if value not in (None, False, [])}
        if handler is None or filled - {*parts, "_type"}:
            raise self.refused(node, "the language has no such thing", "条件语言不支持此写法")
        return handler(node)

    def of_type(self, node: exp.Expr, wanted: Type, term: _Term | None = None) -> _Term:
        """Return a checked part that must be of a type; a text may name a day."""
        term = term or self.visit(node)
        if wanted == "date" and term.literal is not None:
            return self._as_day(node, term.literal)
        if term.type != wanted:
            raise self.refused(
                node,
                f"a {wanted} is wanted here, and this is a {term.type}",
                f"此处应为{_TYPES_ZH[wanted]}，实为{_TYPES_ZH[term.type]}",
            )
        return term

    def alike(self, *nodes: exp.Expr) -> list[_Term]:
        """Return checked parts that can be held against each other: all of one type."""
        terms = [self.visit(node) for node in nodes]
        wanted: Type = "date" if "date" in {each.type for each in terms} else terms[0].type
        return [self.of_type(node, wanted, term) for node, term in zip(nodes, terms, strict=True)]

    def _connected(self, node: exp.Expr) -> _Term:
        # a chain leans to the left, and may be long
        parts: list[exp.Expr] = []
        link = node
        while type(link) is type(node):
            parts.append(link.args["expression"])
            link = link.this
        terms = [self.of_type(part, "boolean").sql for part in (link, *reversed(parts))]
        word = " and " if isinstance(node, exp.And) else " or "
        return _Term(f"({word.join(terms)})", "boolean")

    def _negated(self, node: exp.Expr) -> _Term:
        return _Term(f"(not {self.of_type(node.this, 'boolean').sql})", "boolean")

    def _compared(self, node: exp.Expr) -> _Term:
        left, right = self.alike(node.this, node.args["expression"])
        sign = _COMPARISONS[type(node)]
        if left.type == "boolean" and sign not in ("=", "<>"):
            raise self.refused(node, "true and false have no order", "是非值不可比较大小")
        # texts are in the order of their characters, whatever the database's language
        order = ' collate "C"' if left.type == "text" and sign not in ("=", "<>") else ""
        return _Term(f"({left.sql}{order} {sign} {right.sql})", "boolean")

    def _calculated(self, node: exp.Expr) -> _Term:
        self.arithmetic += 1
        if self.arithmetic > MOST_ARITHMETIC:
            raise self.refused(
                node, f"more than {MOST_ARITHMETIC} steps of arithmetic", "算术运算过多"
            )
        left = self.of_type(node.this, "number").sql
        right = self.of_type(node.args["expression"], "number").sql
        if isinstance(node, exp.Div):
            # what is divided by zero is unknown, and stops nobody's day
            right = f"nullif({right}, 0)"
        return _Term(f"({left} {_ARITHMETIC[type(node)]} {right})", "number")

    def _minus(self, node: exp.Expr) -> _Term:
        return _Term(f"(- {self.of_type(node.this, 'number').sql})", "number")

    def _listed(self, node: exp.Expr) -> _Term:
        entries = node.args.get("expressions") or []
        if not entries:
            raise self.refused(node, "a list of values is wanted", "应列出取值")
        for entry in entries:
            bare = entry.this if isinstance(entry, exp.Neg) else entry
            if not isinstance(bare, exp.Literal | exp.Cast):
                raise self.refused(entry, "a list holds values only", "列表中只能是取值")
        one, *others = self.alike(node.this, *entries)
        listed = ", ".join(other.sql for other in others)
        return _Term(f"({one.sql}{_not(node)} in ({listed}))", "boolean")

    def _between(self, node: exp.Expr) -> _Term:
        one, low, high = self.alike(node.this, node.args["low"], node.args["high"])
        if one.type == "boolean":
            raise self.refused(node, "true and false have no order", "是非值不可比较大小")
        order = ' collate "C"' if one.type == "text" else ""
        words = f"{one.sql}{order}{_not(node)} between {low.sql} and {high.sql}"
        return _Term(f"({words})", "boolean")

    def _like(self, node: exp.Expr) -> _Term:
        one, asked = self.of_type(node.this, "text"), node.args["expression"]
        pattern = asked.this if isinstance(asked, exp.Literal) and asked.is_string else None
        if pattern is None:
            raise self.refused(asked, "a pattern is a text in quotes", "模式应为引号内文本")
        wildcards = pattern.count("%") + pattern.count("_")
        if not (
            len(pattern) <= LONGEST_PATTERN
            and wildcards <= MOST_WILDCARDS
            and len(pattern) - wildcards >= 2
        ):
            raise self.refused(
                asked,
                f"a pattern has two characters of its own at least, {LONGEST_PATTERN} in all at "
                f"most, and no more than {MOST_WILDCARDS} of % and _",
                f"模式至少含两个普通字符，长度不超过{LONGEST_PATTERN}，通配符不超过{MOST_WILDCARDS}个",
            )
        word = "ilike" if isinstance(node, exp.ILike) else "like"
        return _Term(f"({one.sql}{_not(node)} {word} {_quoted(pattern)})", "boolean")

    def _is(self, node: exp.Expr) -> _Term:
        asked = node.args["expression"]
        if isinstance(asked, exp.Null):
            return _Term(f"({self.visit(node.this).sql} is{_not(node)} null)", "boolean")
        if isinstance(asked, exp.Boolean):
            word = "true" if asked.this else "false"
            one = self.of_type(node.this, "boolean")
            return _Term(f"({one.sql} is{_not(node)} {word})", "boolean")
        raise self.refused(
            node, "is null, is true or is false", "只支持 is null、is true、is false"
        )

    def _attribute(self, node: exp.Expr) -> _Term:
        attribute = attributes().get(node.name.lower())
        if attribute is None or not isinstance(node.this, exp.Identifier) or node.this.quoted:
            raise self.refused(node, "no such attribute", "无此属性")
        self.attributes.add(attribute.name)
        return _Term(attribute.sql, attribute.type)

    def _literal(self, node: exp.Expr) -> _Term:
        if node.is_string:
            return _Term(_quoted(node.this), "text", literal=node.this)
        # a whole number would be calculated with as an integer, which overflows
        return _Term(node.this if "." in node.this else f"{node.this}.0", "number")

    def _truth(self, node: exp.Expr) -> _Term:
        return _Term("true" if node.this else "false", "boolean")

    def _day(self, node: exp.Expr) -> _Term:
        is_day = node.args["to"].this == exp.DataType.Type.DATE
        if type(node) is not exp.Cast or not is_day or not isinstance(node.this, exp.Literal):
            raise self.refused(node, "a day is written date '2026-07-01'", "日期格式有误")
        return self._as_day(node, node.this.this)

    def _as_day(self, node: exp.Expr, said: str) -> _Term:
        try:
            if not _DAY.fullmatch(said):
                raise ValueError(said)
            day = date.fromisoformat(said)
        except ValueError:
            raise self.refused(node, "no such day; write '2026-07-01'", "日期有误") from None
        return _Term(f"date '{day}'", "date")

    def _cased(self, node: exp.Expr) -> _Term:
        return _Term(f"{_TEXT_TO_TEXT[type(node)]}({self.of_type(node.this, 'text').sql})", "text")

    def _length(self, node: exp.Expr) -> _Term:
        # of type integer otherwise, which overflows
        return _Term(f"length({self.of_type(node.this, 'text').sql})::numeric", "number")

    def _left(self, node: exp.Expr) -> _Term:
        count = node.args["expression"]
        if not (isinstance(count, exp.Literal) and re.fullmatch("[1-9][0-9]?", count.this)):
            raise self.refused(node, "left(text, n) with n of 1 to 99", "left 的第二项应为1至99")
        return _Term(f'"left"({self.of_type(node.this, "text").sql}, {count.this})', "text")

    def _absolute(self, node: exp.Expr) -> _Term:
        return _Term(f"abs({self.of_type(node.this, 'number').sql})", "number")

    def _coalesced(self, node: exp.Expr) -> _Term:
        terms = self.alike(node.this, *node.args["expressions"])
        return _Term(f"coalesce({', '.join(each.sql for each in terms)})", terms[0].type)


def _not(node: exp.Expr) -> str:
    return " not" if node.args.get("negate") else ""


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
