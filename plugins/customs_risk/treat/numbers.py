"""Numbers of what people note: they follow from what is noted, so noting it twice is once."""

import hashlib
from datetime import date


def numbered(prefix: str, day: date, *content: str) -> str:
    """Return a number such as ``JC-20260702-1f0c9a33b2``, the same for the same content."""
    digest = hashlib.sha256("|".join(content).encode()).hexdigest()
    return f"{prefix}-{day:%Y%m%d}-{digest[:10]}"
