"""The characters and words that a condition may be made of; whatever else it holds is refused.

What passes here is plain: no comment, no second statement, no quoted name, no parameter, no string
but the ordinary one, no keyword but those of conditions, no name but an attribute's or a
function's. So a refusal can say where it is, and the parser never sees the rest.
"""

import difflib
import re

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from customs_risk.treat.parameters.attributes import attributes

LONGEST = 4_000  # characters
MOST_WORDS = 800
DEEPEST = 12  # brackets, and words such as `not` before them, within each other

FUNCTIONS = ("abs", "coalesce", "left", "length", "lower", "upper")

_PLAIN = re.compile(r"[A-Za-z0-9_ \t\r\n()=<>!+\-*/,.]")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_WORDS = {
    TokenType.AND, TokenType.OR, TokenType.NOT, TokenType.IN, TokenType.BETWEEN, TokenType.LIKE,
    TokenType.ILIKE, TokenType.IS, TokenType.NULL, TokenType.TRUE, TokenType.FALSE, TokenType.EQ,
    TokenType.NEQ, TokenType.LT, TokenType.LTE, TokenType.GT, TokenType.GTE, TokenType.PLUS,
    TokenType.DASH, TokenType.STAR, TokenType.SLASH, TokenType.L_PAREN, TokenType.R_PAREN,
    TokenType.COMMA, TokenType.STRING,
}  # fmt: skip
_BEFORE = {TokenType.NOT, TokenType.DASH, TokenType.PLUS}


class RefusedCondition(ValueError):  # noqa: N818 - reads as what happened
    """A condition that the language does not have; says where, what, and why in both languages.

    ``line`` and ``column`` count from 1.
    """

    def __init__(self, text: str, start: int, offending: str, en: str, zh: str) -> None:
        """Name the place at an offset of the text, what stands there, and what is wrong."""
        before = text[:start]
        self.line = before.count("\n") + 1
        self.column = start - (before.rfind("\n") + 1) + 1
        self.offending = offending[:60]
        self.en, self.zh = en, zh
        super().__init__(
            f"line {self.line}, column {self.column}: {self.offending!r}: {en}"
            f" 第{self.line}行第{self.column}列：{zh}"
        )


def check(text: str) -> None:
    """Refuse a text that holds anything but the words of the language.

    Raises:
        RefusedCondition: it is empty, too long, too deep, or holds what has no place in it.
    """
    if not text.strip():
        raise RefusedCondition(text, 0, text, "a condition says something", "条件不得为空")
    if len(text) > LONGEST:
        raise RefusedCondition(
            text, LONGEST, text[LONGEST:], f"longer than {LONGEST} characters", "条件过长"
        )
    _check_characters(text)
    words = _words(text)
    if len(words) > MOST_WORDS:
        extra = words[MOST_WORDS]
        raise RefusedCondition(
            text, extra.start, extra.text, f"more than {MOST_WORDS} words", "条件词数过多"
        )
    _check_depth(text, words)
    following = [*(word.token_type for word in words[1:]), None]
    for word, next_type in zip(words, following, strict=True):
        _check_word(text, word, next_type)


def _check_characters(text: str) -> None:
    opened: int | None = None  # where the string began that we are in
    for at, character in enumerate(text):
        if character == "'":
            # a doubled quote closes a string and opens it again
            opened = at if opened is None else None
        elif opened is not None:
            if character == "\\" or not character.isprintable():
                raise RefusedCondition(
                    text, at, character, "not within a text", "文本中不得含此字符"
                )
        elif not _PLAIN.fullmatch(character):
            raise RefusedCondition(
                text, at, character, "this character has no place here", "条件中不得含此字符"
            )  # fmt: skip
        elif text.startswith(("--", "/*"), at):
            raise RefusedCondition(text, at, text[at:], "no comments", "不得含注释")
    if opened is not None:
        raise RefusedCondition(
            text, opened, text[opened:], "the text has no end", "文本缺少结束引号"
        )


def _words(text: str) -> list[Token]:
    try:
        return sqlglot.tokenize(text, read="postgres")
    except TokenError as error:
        raise RefusedCondition(text, 0, text, f"not readable: {error}", "无法读取") from None


def _check_depth(text: str, words: list[Token]) -> None:
    open_: list[int] = []
    before = 0  # how many words stand before the next operand, one within the other
    for word in words:
        before = before + 1 if word.token_type in _BEFORE else before
        if sum(open_) + before > DEEPEST:
            raise RefusedCondition(
                text, word.start, text[word.start :], f"deeper than {DEEPEST} levels", "嵌套过深"
            )
        if word.token_type is TokenType.L_PAREN:
            open_.append(before + 1)
        elif word.token_type is TokenType.R_PAREN and open_:
            open_.pop()
        if word.token_type not in _BEFORE:
            before = 0


def _check_word(text: str, word: Token, next_type: TokenType | None) -> None:
    kind, said = word.token_type, text[word.start : word.end + 1]

    def refused(en: str, zh: str) -> RefusedCondition:
        return RefusedCondition(text, word.start, said, en, zh)

    if kind is TokenType.NUMBER:
        if not _NUMBER.fullmatch(said):
            raise refused("a number is written 12 or 12.5, of 15 digits at most", "数字格式有误")
    elif kind is TokenType.DATE:
        if next_type is not TokenType.STRING:
            raise refused("a day is written date '2026-07-01'", "日期应写作 date '2026-07-01'")
    elif kind not in _WORDS:
        if next_type is TokenType.L_PAREN:
            if said.lower() not in FUNCTIONS:
                raise refused(
                    f"no such function; there are {', '.join(FUNCTIONS)}",
                    f"无此函数，可用：{'、'.join(FUNCTIONS)}",
                )
        elif kind is not TokenType.VAR or said.lower() not in attributes():
            near = difflib.get_close_matches(said.lower(), attributes(), n=1)
            hint_en = f"; did you mean {near[0]}?" if near else ""
            hint_zh = f"；是否为 {near[0]}？" if near else ""
            raise refused(f"no such attribute{hint_en}", f"无此属性{hint_zh}")
