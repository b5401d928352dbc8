# SPDX-License-Identifier: Apache-2.0
"""Ports that a busy network service is still binding to their host when it answers."""

import pytest

from nova_appliance.clients.networks import BINDS_S, Networks, PortNotBound
from nova_appliance.common.clock import Clock
from nova_appliance.conf import load

ROW = {
    "id": "p1", "network_id": "n1", "mac_address": "fa:16:3e:00:00:01", "device_id": "s1",
    "binding:host_id": "h1", "binding:vif_type": "unbound", "binding:vif_details": {},
}  # fmt: skip


class Neutron:
    """Says of its port what stands in `told`, one after the other, and the last again and again."""

    def __init__(self, *told):
        self._told = list(told)
        self.asked = 0

    def row(self, _kind, _id, _context=None):
        self.asked += 1
        kind = self._told.pop(0) if len(self._told) > 1 else self._told[0]
        return ROW | {"binding:vif_type": kind}

    def change(self, kind, row_id, body):
        return self.row(kind, row_id) | body

    def rows(self, _plural, _filters, _context=None):
        return iter(())


@pytest.fixture
def networks():
    made = Networks(None, load.load(files=[]), Clock(sleep=lambda _s: None))

    def with_(*told):
        made._neutron = Neutron(*told)
        return made

    return with_


def bind(networks):
    return networks.bind_port("p1", "h1", "s1", "nova")


def test_a_port_is_asked_for_again_until_it_is_bound(networks):
    assert bind(networks("unbound", "unbound", "unbound", "bridge")).vif_type == "bridge"


@pytest.mark.parametrize(("told", "asked"), [("unbound", BINDS_S), ("binding_failed", 0)])
def test_one_that_is_not_bound_is_refused(networks, told, asked):
    made = networks(told)
    with pytest.raises(PortNotBound, match=f"on host h1: the network service says {told}"):
        bind(made)
    assert made._neutron.asked == asked + 2
