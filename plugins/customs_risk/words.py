"""One phrase in English and Chinese, and which of them a reader wants."""

from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """A phrase in both languages."""

    en: str
    zh: str

    def __str__(self) -> str:
        """Return both, Chinese first, for what is read in either: a printed report."""
        return self.zh if self.zh == self.en else f"{self.zh} {self.en}"

    def said(self, language: Language) -> str:
        """Return the phrase in one language."""
        return self.zh if language == "zh" else self.en


def wanted(chosen: str | None, kept: str | None, accepted: str | None) -> Language:
    """Return the language: the one chosen now, else the one kept, else what the browser asks for.

    Args:
        chosen: from the address, ``?lang=en``.
        kept: from the cookie.
        accepted: the header Accept-Language.
    """
    for each in (chosen, kept):
        if each in LANGUAGES:
            return "zh" if each == "zh" else "en"
    return "en" if (accepted or "").strip().lower().startswith("en") else "zh"


def told(row: dict[str, Any], name: str, language: Language) -> Any:
    """Return the column of a row that has one for each language, ``name_en`` and ``name_zh``."""
    other: Language = "en" if language == "zh" else "zh"
    return row.get(f"{name}_{language}") or row.get(f"{name}_{other}")
