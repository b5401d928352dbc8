# SPDX-License-Identifier: Apache-2.0
"""Progress counts from when the person began to wait."""

from __future__ import annotations

from nova_appliance.embedded.progress import Progress


def test_time_before_us_counts_too():
    said = []
    progress = Progress(42.0, said.append)
    progress.say("hello")
    assert said == ["[ 42s] hello"]


def test_the_table_has_each_phase_and_the_sum():
    progress = Progress(5.0, lambda _: None)
    with progress.phase("boot", "booting"):
        pass
    rows = [line.split() for line in progress.table().splitlines()]
    assert rows == [
        ["packages", "and", ".venv", "5.0", "s"],
        ["boot", "0.0", "s"],
        ["all", "together", "5.0", "s"],
    ]
