# SPDX-License-Identifier: Apache-2.0
"""Ports of serial consoles: free ones, each once, and a clear word when there is none."""

import socket

import pytest

from nova_appliance.virt.libvirt.console_ports import FreePorts, NoFreePort


def test_without_an_address_there_is_no_port():
    assert FreePorts("", (21200, 21300)).take() == 0


def test_a_port_is_in_the_range_and_not_given_again_at_once():
    ports = FreePorts("127.0.0.1", (21200, 21210))
    taken = [ports.take() for _ in range(5)]
    assert len(set(taken)) == 5
    assert all(21200 <= port < 21210 for port in taken)


def test_a_port_that_is_in_use_is_left_out():
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        with pytest.raises(NoFreePort, match=f"{port}"):
            FreePorts("127.0.0.1", (port, port + 1)).take()
