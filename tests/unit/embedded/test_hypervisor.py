# SPDX-License-Identifier: Apache-2.0
"""libvirtd is started only where nobody answers, and stopped only when we started it."""

from __future__ import annotations

import socket

import pytest

from nova_appliance.common.errors import Unavailable
from nova_appliance.embedded import hypervisor


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without libvirt; returns the programs that were run on it."""
    ran = []
    monkeypatch.setattr(hypervisor, "SOCKET", tmp_path / "libvirt-sock")
    monkeypatch.setattr(hypervisor, "SYSTEMD", tmp_path / "systemd")
    monkeypatch.setattr(hypervisor, "START_S", 0.1)
    monkeypatch.setattr(hypervisor, "run", lambda argv, **_: ran.append(argv))
    return ran


def _listen(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    return server


def test_one_that_answers_is_left_alone(machine, tmp_path):
    with _listen(tmp_path / "libvirt-sock"):
        assert not hypervisor.ensure(tmp_path)
    hypervisor.stop(tmp_path)
    assert machine == []


def test_systemd_starts_it_and_stops_what_we_started(machine, tmp_path, monkeypatch):
    (tmp_path / "systemd").mkdir()
    servers = []

    def run(argv, **_):
        machine.append(argv[1])
        if argv[1] == "start":
            servers.append(_listen(tmp_path / "libvirt-sock"))

    monkeypatch.setattr(hypervisor, "run", run)
    assert hypervisor.ensure(tmp_path)
    hypervisor.stop(tmp_path)
    hypervisor.stop(tmp_path)
    assert machine == ["start", "stop"]
    servers[0].close()


def test_a_socket_that_nobody_serves_counts_as_nobody(machine, tmp_path):
    _listen(tmp_path / "libvirt-sock").close()
    assert not hypervisor.answers()


def test_silence_after_the_start_is_said(machine, tmp_path):
    (tmp_path / "systemd").mkdir()
    with pytest.raises(Unavailable, match="nobody answers"):
        hypervisor.ensure(tmp_path)
