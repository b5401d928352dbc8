# SPDX-License-Identifier: Apache-2.0
"""Consoles inside of the cloud of one process: what is started, where it listens, how it ends."""

import contextlib
import socket

import pytest
from fixtures.free_ports import free_ports

from nova_appliance.cmd import cloud_consoles
from nova_appliance.conf import load
from nova_appliance.embedded.settings import Settings


@pytest.fixture
def settings(tmp_path):
    ports = dict(zip(("novnc", "xvpvnc", "spice", "serial"), free_ports(4), strict=True))
    return Settings(tmp_path, **{f"{name}_port": port for name, port in ports.items()})


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2):
        return True
    return False


def test_all_proxies_listen_while_the_cloud_runs(whole_stage, settings):
    conf = whole_stage.cloud.conf
    options = cloud_consoles.options(settings)
    for group, values in options.items():
        for name, value in values.items():
            conf.set_override(name, value, group)
    ports = [settings.novnc_port, settings.xvpvnc_port, settings.spice_port, settings.serial_port]
    try:
        with contextlib.ExitStack() as stop:
            for daemon in cloud_consoles.make(whole_stage.cloud):
                daemon.start()
                stop.callback(daemon.stop)
            assert [answers(port) for port in ports] == [True] * 4
        assert [answers(port) for port in ports] == [False] * 4
    finally:
        for group, values in options.items():
            for name in values:
                conf.clear_override(name, group)


def test_the_options_are_options(settings, tmp_path):
    lines = []
    for group, values in cloud_consoles.options(settings).items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in values.items())]
    file = tmp_path / "nova.conf"
    file.write_text("\n".join(lines))
    conf = load.load(files=[str(file)])
    assert conf.vnc.novncproxy_port == settings.novnc_port
    assert conf.spice.enabled is True
    assert conf.serial_console.base_url == f"ws://127.0.0.1:{settings.serial_port}/"
    assert conf.vnc.novncproxy_base_url.endswith(f":{settings.novnc_port}/vnc_auto.html")
