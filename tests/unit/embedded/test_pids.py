# SPDX-License-Identifier: Apache-2.0
"""Only the very process that was remembered is ever ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from nova_appliance.common.clock import wait_for
from nova_appliance.embedded import pids


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_a_remembered_process_is_found_and_stopped(tmp_path, sleeper):
    path = tmp_path / "run" / "it.pid"
    pids.write(path, sleeper.pid)
    assert pids.living(path) == sleeper.pid
    assert pids.stop(path, timeout_s=5)
    assert sleeper.wait(60) == -signal.SIGTERM
    assert not path.exists()


def test_a_number_given_to_somebody_else_is_left_alone(tmp_path, sleeper):
    path = tmp_path / "it.pid"
    pids.write(path, sleeper.pid)
    pid, started = path.read_text().split()
    path.write_text(f"{pid} {int(started) - 1}\n")
    assert pids.living(path) is None
    assert not pids.stop(path)
    assert sleeper.poll() is None


def test_one_that_will_not_listen_is_killed(tmp_path):
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as deaf:
        assert deaf.stdout.readline() == b"deaf\n"
        path = tmp_path / "it.pid"
        pids.write(path, deaf.pid)
        assert pids.stop(path, timeout_s=0.2)
        assert deaf.wait(60) == -signal.SIGKILL


def test_a_process_that_only_waits_to_be_reaped_does_not_live(tmp_path, sleeper):
    path = tmp_path / "it.pid"
    pids.write(path, sleeper.pid)
    os.kill(sleeper.pid, signal.SIGKILL)
    assert wait_for(lambda: pids.living(path) is None, 60)


@pytest.mark.parametrize("text", [None, "", "12", "twelve 3", "1 2 3"])
def test_no_or_broken_file_means_nobody(tmp_path, text):
    path = tmp_path / "it.pid"
    if text is not None:
        path.write_text(text)
    assert pids.living(path) is None
    assert not pids.stop(path)
