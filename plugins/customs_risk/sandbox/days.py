"""Business days and local times of the sandbox (Asia/Shanghai, Monday to Friday)."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

OFFSET = "+08:00"  # China keeps one time zone and no summer time
Days = npt.NDArray[np.datetime64]


def business_days(from_day: date, to_day: date) -> list[date]:
    """The business days from `from_day` to `to_day`, both included."""
    span = (from_day + timedelta(n) for n in range((to_day - from_day).days + 1))
    return [day for day in span if day.weekday() < 5]


def next_business_days(after: date, count: int) -> list[date]:
    """The first `count` business days strictly after `after`."""
    # nine calendar days hold at least five business days, wherever they begin
    return business_days(after + timedelta(1), after + timedelta(9 + 2 * count))[:count]


def local_times(days: Days, seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """ISO 8601 local times with offset: `seconds` after (or before) midnight of each day."""
    moments = days.astype("datetime64[s]") + seconds.astype("timedelta64[s]")
    return np.char.add(np.datetime_as_string(moments), OFFSET)


def as_days(day: date, count: int) -> Days:
    """The same day `count` times."""
    return np.full(count, np.datetime64(day, "D"))
