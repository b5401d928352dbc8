# SPDX-License-Identifier: Apache-2.0
"""Whether two hosts suit a live migration, asked before the guest is sent and never later."""

from types import SimpleNamespace

import msgspec
import pytest

from nova_appliance.conductor import host_pair
from nova_appliance.conductor.saga import HostFailed
from nova_appliance.domain.journey import DiskHeld, Journey
from nova_appliance.domain.passport import Passport, Welcome

DISKS = (DiskHeld(name="disk", virtual_bytes=1 << 30),)
PASSPORT = Passport(journey=Journey(source="h1", target="h2", disks=DISKS))
OUT = {
    "choose_target": {"host": "h2"},
    "check_source": msgspec.to_builtins(PASSPORT),
    "prepare_target": msgspec.to_builtins(Welcome(address="a")),
}


def ctx(parked=None, host=None):
    order = SimpleNamespace(block=False, over_commit=None, host=host)
    return SimpleNamespace(order=order, saga=SimpleNamespace(parked=parked))


@pytest.mark.parametrize(("host", "retryable"), [(None, True), ("h2", False)])
def test_another_host_is_tried_unless_one_was_named(host, retryable):
    with pytest.raises(HostFailed, match="do not share storage") as failed:
        host_pair.check(ctx(host=host), OUT)
    assert (failed.value.host, failed.value.retryable) == ("h2", retryable)


def test_a_guest_that_an_older_conductor_has_sent_goes_on():
    host_pair.check(ctx(parked="go"), OUT)
    host_pair.check(ctx(), {**OUT, "go": None})
