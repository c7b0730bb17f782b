"""What each audience is told of a warning: built from declared fields, never by taking away.

Order 271, Article 14 names three ways in which a warning leaves: inside customs, to parties or the
public, to departments, foreign authorities and international organisations. Article 5 asks that
secrets are kept on each of them. releases.yml declares the fields; a field that its audience may
not read, by its class in treatment.warnings, is refused when the file is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from customs_risk.access.classes import columns_of_class
from expectations.contract import CLASSES

Audience = Literal[
    "customs", "party", "public", "department", "foreign_authority", "international_organisation"
]
ReleaseClass = Literal["bulletin", "notice", "notification"]
AUDIENCES: tuple[Audience, ...] = get_args(Audience)
RELEASE_CLASSES: tuple[ReleaseClass, ...] = get_args(ReleaseClass)

MART = "warnings"
# what is written freely, and so might name anybody
FREE_TEXT = ("title_en", "title_zh", "advice_en", "advice_zh", "words_en", "words_zh")
# no warning needs a person; what is secret leaves on no way at all
_NEVER = ("personal", "secret")
_DECLARED = Path(__file__).with_name("releases.yml")


class ForbiddenField(ValueError):  # noqa: N818 - reads as what is wrong
    """An audience is to be told what it may not read; the message names both."""


@dataclass(frozen=True)
class Declared:
    """What an audience, or a recipient under a sharing basis, is told: fields of the mart."""

    name: str
    up_to: str
    fields: tuple[str, ...]

    def __post_init__(self) -> None:
        classes = {
            field: class_ for class_ in CLASSES for field in columns_of_class(class_).get(MART, {})
        }
        if self.up_to in _NEVER:
            raise ForbiddenField(f"{self.name}: nobody is told what is {self.up_to} 不得对外提供")
        for field in self.fields:
            class_ = classes.get(field, "secret")
            if CLASSES.index(class_) > CLASSES.index(self.up_to):
                raise ForbiddenField(
                    f"{self.name} may be told what is {self.up_to}, and {field} is {class_}"
                    f" 字段{field}为{class_}级，超出{self.name}的范围"
                )


@cache
def declaration() -> dict[str, Any]:
    """Return releases.yml as it stands."""
    return yaml.safe_load(_DECLARED.read_text(encoding="utf-8"))


@cache
def fields_of(audience: Audience, basis: str | None = None) -> tuple[str, ...]:
    """Return the columns of treatment.warnings that an audience is told, under a sharing basis.

    Raises:
        ForbiddenField: releases.yml names a column that the audience may not read.
        KeyError: there is no such audience or basis.
    """
    told = declaration()["audiences"][audience]
    fields = Declared(audience, told["up_to"], tuple(told["fields"])).fields
    if basis is None:
        return fields
    shared = declaration()["sharing_bases"][basis]
    more = Declared(basis, shared["up_to"], tuple(shared["fields"])).fields
    return fields + tuple(field for field in more if field not in fields)


def release(
    warning: Mapping[str, Any], audience: Audience, basis: str | None = None
) -> dict[str, Any]:
    """Return what an audience is told of a warning, a row of treatment.warnings."""
    return {field: warning[field] for field in fields_of(audience, basis)}


def free_text(released: Mapping[str, Any]) -> str:
    """Return all that a release says in words."""
    return " \n ".join(str(released[field]) for field in FREE_TEXT if released.get(field))


def audiences_of(release_class: ReleaseClass) -> tuple[Audience, ...]:
    """Return the audiences that a release class speaks to."""
    told = declaration()["audiences"]
    return tuple(name for name in AUDIENCES if told[name]["release_class"] == release_class)
