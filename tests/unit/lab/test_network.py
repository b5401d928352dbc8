# SPDX-License-Identifier: Apache-2.0
"""Two labs do not take the same addresses."""

import json

import pytest

from nova_appliance.common.errors import Conflict
from nova_appliance.common.run import ProgramFailed
from nova_appliance.lab import network, shape


def _cards(monkeypatch, **address_of):
    rows = [{"ifname": n, "addr_info": [{"local": a}]} for n, a in address_of.items()]
    monkeypatch.setattr(network, "run", lambda _argv: json.dumps([*rows, {}]))


def test_a_net_that_another_card_has_is_refused(tmp_path, monkeypatch):
    _cards(monkeypatch, other="10.90.1.1")
    with pytest.raises(Conflict, match=r"other has 10\.90\.1\.1"):
        network.refuse_taken(shape.lab_of(tmp_path, "mine", "10.90"))


def test_its_own_bridges_and_other_nets_are_fine(tmp_path, monkeypatch):
    lab = shape.lab_of(tmp_path, "mine", "10.90")
    _cards(monkeypatch, **{lab.bridge: "10.90.0.1", lab.outside: "10.90.1.1", "x": "10.9.0.1"})
    network.refuse_taken(lab)


@pytest.mark.parametrize("stays", [False, True])
def test_a_card_that_goes_by_itself_meanwhile_is_gone(monkeypatch, stays):
    """The kernel takes it with the namespace of its other end, when a host's last process has ended."""
    seen = iter([["v11-lab"], ["v11-lab"] if stays else []])

    def run(argv):
        if "del" in argv:
            raise ProgramFailed(argv, 1, 'Cannot find device "v11-lab"')
        return json.dumps([{"ifname": name} for name in next(seen)])

    monkeypatch.setattr(network, "run", run)
    if stays:
        with pytest.raises(ProgramFailed):
            network.remove_link("v11-lab")
    else:
        network.remove_link("v11-lab")
    assert next(seen, None) is None
