# SPDX-License-Identifier: Apache-2.0
"""What every driver that can keeps of virt.driver.Inside."""

import pytest

from nova_appliance.common import ids
from nova_appliance.domain.guest_agent import Quiesce
from nova_appliance.virt.driver import NoGuestAgent, NoSuchGuest

AGENT = {"hw_qemu_guest_agent": "yes"}


def test_nobody_sets_a_password_in_a_guest_that_is_off_or_not_there(full_bench):
    inside = full_bench.driver.inside
    guest = full_bench.started(image_properties=AGENT)
    full_bench.driver.power.off(guest.server_id, 0)
    with pytest.raises(NoGuestAgent):
        inside.set_password(guest.server_id, "root", "secret")
    with pytest.raises(NoSuchGuest):
        inside.set_password(ids.new_id(), "root", "secret")


def test_a_guest_without_an_agent_says_so(qemu):
    """The tiny guest has the channel, but nobody listens."""
    guest = qemu.started(image_properties=AGENT)
    with pytest.raises(NoGuestAgent):
        qemu.driver.inside.set_password(guest.server_id, "root", "secret")
    without = qemu.started()
    with pytest.raises(NoGuestAgent):
        qemu.driver.inside.set_password(without.server_id, "root", "secret")


def test_a_copy_that_must_be_quiesced_needs_the_agent(qemu):
    guest, image_id = qemu.started(image_properties=AGENT), ids.new_id()
    with pytest.raises(NoGuestAgent):
        qemu.driver.snapshots.take(guest.server_id, image_id, Quiesce.MUST)
    assert qemu.driver.snapshots.take(guest.server_id, image_id, Quiesce.TRY) == "qcow2"
