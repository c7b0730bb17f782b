"""Dates as documents and interchanges write them, without separators, in ISO 8601."""

import re

_COMPACT = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?)?(Z|UTC|GMT|([+-]\d\d):?(\d\d))?"
)
# UN/EDIFACT 2379: formats with a year of two digits
_SHORT_YEAR = ("101", "201")


def iso(text: str | None, code: str | None = None) -> str | None:
    """Return CCYYMMDD, CCYYMMDDHHMM or CCYYMMDDHHMMSS (with hundredths or zone) in ISO 8601.

    ``code`` is the format qualifier 2379 of UN/EDIFACT; of 101 and 201 the year lies in this
    century. A text of another form is returned as it is: what it should mean, the gate asks.
    """
    if not text:
        return None
    written = text.strip()
    if code in _SHORT_YEAR:
        written = f"20{written}"
    match = _COMPACT.fullmatch(written)
    if not match:
        return text
    year, month, day, hour, minute, second, fraction, zone, ahead, minutes = match.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    clock = f"{hour}:{minute}:{second or '00'}" + (f".{fraction}" if fraction else "")
    offset = f"{ahead}:{minutes}" if ahead else "Z" if zone else ""
    return f"{year}-{month}-{day}T{clock}{offset}"


def born(text: str | None, by: str | None) -> str | None:
    """Return a date of birth as YYMMDD or CCYYMMDD in ISO 8601; nobody is born after ``by``.

    ``by`` is a date in ISO 8601. The century of a short year is the last one that fits.
    """
    if not text or not re.fullmatch(r"\d{6}", text.strip()):
        return iso(text)
    this_century = iso(text, "101")
    if by and this_century and this_century > by[:10]:
        return f"19{this_century[2:]}"
    return this_century
