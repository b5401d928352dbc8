# SPDX-License-Identifier: Apache-2.0
"""The period that usage is told of: the last whole hour, day, month or year. Pure.

Words as in Nova's [DEFAULT]instance_usage_audit_period: a unit, or unit@offset.
"""

from __future__ import annotations

import datetime as dt
import re

from nova_appliance.common import errors

Period = tuple[dt.datetime, dt.datetime]
"""Its beginning and its end, naive UTC."""
_WORDS = re.compile(r"^(hour|day|month|year)(?:@(\d{1,2}))?$")
_OFFSETS = {"hour": (0, 59), "day": (0, 23), "month": (1, 28), "year": (1, 12)}
"""Unit > the least and the largest offset: a minute, an hour, a day, a month."""


def last(words: str, now: dt.datetime) -> Period:
    """The last period that was over before `now`. Raises Invalid for words that are none."""
    try:
        return _last(*read(words), now)
    except (ValueError, OverflowError) as error:
        raise errors.Invalid(f"There was no {words} before {now}.") from error


def _last(unit: str, offset: int, now: dt.datetime) -> Period:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = {
        "hour": lambda: now.replace(minute=offset, second=0, microsecond=0),
        "day": lambda: midnight.replace(hour=offset),
        "month": lambda: midnight.replace(day=offset),
        "year": lambda: midnight.replace(day=1, month=offset),
    }[unit]()
    if end >= now:
        end = _before(end, unit)
    return _before(end, unit), end


def read(words: str) -> tuple[str, int]:
    """Unit and offset; raises Invalid."""
    found = _WORDS.match(words)
    if found is None:
        raise errors.Invalid(f"{words!r} is no period: hour, day, month or year, or unit@offset.")
    unit = found[1]
    least, most = _OFFSETS[unit]
    offset = max(least, int(found[2] or 0))
    if offset > most:
        raise errors.Invalid(f"{words!r}: the offset of a {unit} is {least} to {most}.")
    return unit, offset


def _before(end: dt.datetime, unit: str) -> dt.datetime:
    """The same moment one unit earlier."""
    if unit == "hour":
        return end - dt.timedelta(hours=1)
    if unit == "day":
        return end - dt.timedelta(days=1)
    if unit == "year":
        return end.replace(year=end.year - 1)
    last_month = end.replace(day=1) - dt.timedelta(days=1)
    return last_month.replace(day=end.day)
