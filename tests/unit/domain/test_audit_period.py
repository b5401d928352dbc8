# SPDX-License-Identifier: Apache-2.0
"""The last whole period before a moment."""

import datetime as dt

import pytest

from nova_appliance.common import errors
from nova_appliance.domain import audit_period

NOW = dt.datetime(2026, 3, 1, 10, 30, 15, 7)


@pytest.mark.parametrize(
    ("words", "begin", "end"),
    [
        ("hour", "2026-03-01 09:00:00", "2026-03-01 10:00:00"),
        ("hour@30", "2026-03-01 09:30:00", "2026-03-01 10:30:00"),
        ("hour@45", "2026-03-01 08:45:00", "2026-03-01 09:45:00"),
        ("day", "2026-02-28 00:00:00", "2026-03-01 00:00:00"),
        ("day@12", "2026-02-27 12:00:00", "2026-02-28 12:00:00"),
        ("month", "2026-02-01 00:00:00", "2026-03-01 00:00:00"),
        ("month@0", "2026-02-01 00:00:00", "2026-03-01 00:00:00"),
        ("month@15", "2026-01-15 00:00:00", "2026-02-15 00:00:00"),
        ("year", "2025-01-01 00:00:00", "2026-01-01 00:00:00"),
        ("year@7", "2024-07-01 00:00:00", "2025-07-01 00:00:00"),
    ],
)
def test_the_last_period(words, begin, end):
    assert tuple(map(str, audit_period.last(words, NOW))) == (begin, end)


def test_a_period_that_ends_now_is_not_over():
    now = NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    assert str(audit_period.last("month", now)[1]) == "2026-02-01 00:00:00"


@pytest.mark.parametrize(
    "words", ["", "week", "hour@60", "day@24", "month@29", "year@13", "month@-1", "day@x"]
)
def test_words_that_are_none(words):
    with pytest.raises(errors.Invalid):
        audit_period.last(words, NOW)


@pytest.mark.parametrize("words", ["hour", "day", "month", "year"])
def test_before_the_first_day_there_was_nothing(words):
    with pytest.raises(errors.Invalid):
        audit_period.last(words, dt.datetime.min)
