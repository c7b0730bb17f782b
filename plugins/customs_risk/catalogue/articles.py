"""Order 271, article by article: what each asks for, and what of it is still to come."""

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from customs_risk.words import Words

PATH = Path(__file__).with_name("articles.yml")
_LAST = 21


class Article(BaseModel):
    """One article of the order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    title: Words
    asks: Words
    asks_for_data: bool
    later: Words | None = None
    proofs: tuple[str, ...] = ()


class Order(BaseModel):
    """The whole order; each article once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    articles: tuple[Article, ...]
    not_yet: dict[int, Words]

    @model_validator(mode="after")
    def _is_whole(self) -> "Order":
        numbers = [article.number for article in self.articles]
        if numbers != list(range(1, _LAST + 1)):
            raise ValueError(
                f"articles 1 to {_LAST} are told once each and in order, not {numbers}"
            )
        silent = {article.number for article in self.articles if not article.asks_for_data}
        if wrong := sorted(silent & self.not_yet.keys()):
            raise ValueError(f"articles {wrong} ask for no data: nothing of them is still to come")
        return self


@cache
def order() -> Order:
    """Return Order 271 as articles.yml tells it."""
    return Order.model_validate(yaml.safe_load(PATH.read_text(encoding="utf-8")))
