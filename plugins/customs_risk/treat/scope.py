"""Which declarations a special operation or a policy recommendation is about."""

import re
from dataclasses import asdict, dataclass

_HS_PREFIX = re.compile(r"\d{2,6}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_OFFICE = re.compile(r"\d{2}(\d{2})?")


class UnusableScope(ValueError):  # noqa: N818 - reads as what is wrong
    """A scope names what cannot be; the message says what."""


@dataclass(frozen=True)
class Scope:
    """Declarations by commodity (2 to 6 digits of the HS), origin, importer and office.

    What is empty stands for all; what is named twice over must all hold (``ops.in_scope``).
    """

    hs_prefixes: tuple[str, ...] = ()
    origin_countries: tuple[str, ...] = ()
    importer_ids: tuple[str, ...] = ()
    office_codes: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise UnusableScope if it names what is no code, or stands for all there is."""
        kinds = (
            ("HS prefix 商品编码", _HS_PREFIX, self.hs_prefixes),
            ("country 国别", _COUNTRY, self.origin_countries),
            ("office 关区", _OFFICE, self.office_codes),
        )
        wrong = [f"{kind} {code!r}" for kind, form, codes in kinds for code in codes
                 if not form.fullmatch(code)]  # fmt: skip
        if wrong:
            raise UnusableScope(f"no such code 代码有误: {', '.join(wrong)}")
        if not any((self.hs_prefixes, self.origin_countries, self.importer_ids, self.office_codes)):
            raise UnusableScope(
                "a scope names commodities, origins, parties or offices 范围不能为空"
            )

    def told(self) -> dict[str, list[str]]:
        """Return its columns, as the tables name them."""
        return {name: list(codes) for name, codes in asdict(self).items()}
