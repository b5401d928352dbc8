# SPDX-License-Identifier: Apache-2.0
"""A lab that was killed at any moment of its start is removed without a trace."""

import subprocess
import sys

import pytest
from fixtures.lab_cloud import STATE

from nova_appliance.lab import shape, traces

pytestmark = pytest.mark.timeout(300)
WORDS = (sys.executable, "-m", "nova_appliance.cmd.appliance", "lab", "--name", "trace")
UP = (*WORDS, "--net", "10.99", "up", "--bare", "--controllers", "0", "--computes", "2")


@pytest.mark.parametrize("after_s", [0.6, 0.9, 1.2, 1.6, 2.2, 3.0])
def test_nothing_is_left_of_a_lab_that_was_killed(after_s):
    started = subprocess.Popen(UP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        started.wait(after_s)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()
    subprocess.run([*WORDS, "down"], check=True, capture_output=True)
    assert traces.found(shape.lab_of(STATE / "lab", "trace", "10.99")) == ()
    links = subprocess.run(["ip", "link"], check=True, capture_output=True, text=True).stdout
    assert "-trace" not in links
