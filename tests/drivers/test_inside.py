# SPDX-License-Identifier: Apache-2.0
"""What every driver that can keeps of virt.driver.Inside."""

import pytest

from nova_appliance.common import ids
from nova_appliance.domain.guest_agent import Quiesce
from nova_appliance.virt.driver import NoGuestAgent, NoSuchGuest
from nova_appliance.virt.libvirt.inside import LibvirtInside

AGENT = {"hw_qemu_guest_agent": "yes"}


def test_nobody_sets_a_password_in_a_guest_that_is_off_or_not_there(full_bench):
    inside = full_bench.driver.inside
    guest = full_bench.started(image_properties=AGENT)
    full_bench.driver.power.off(guest.server_id, 0)
    with pytest.raises(NoGuestAgent):
        inside.set_password(guest.server_id, "root", "secret")
    with pytest.raises(NoSuchGuest):
        inside.set_password(ids.new_id(), "root", "secret")


@pytest.fixture(params=["fake", "libvirt_test"])
def obeyed(request):
    """Guests in which an agent obeys, and who talks to it: libvirt's own test driver plays one."""
    bench = request.getfixturevalue(request.param)
    return bench, (
        LibvirtInside(bench.driver.lifecycle.connection)
        if request.param == "libvirt_test"
        else bench.driver.inside
    )


def test_a_guest_holds_still_until_it_is_thawed(obeyed):
    bench, inside = obeyed
    guest = bench.started(image_properties=AGENT)
    inside.freeze(guest.server_id)
    for _ in range(2):
        inside.thaw(guest.server_id)
    inside.freeze(guest.server_id)
    bench.driver.power.off(guest.server_id, 0)
    inside.thaw(guest.server_id)
    with pytest.raises(NoGuestAgent):
        inside.freeze(guest.server_id)
    for deed in (inside.freeze, inside.thaw):
        with pytest.raises(NoSuchGuest):
            deed(ids.new_id())


def test_a_guest_without_an_agent_says_so(qemu):
    """The tiny guest has the channel, but nobody listens."""
    guest = qemu.started(image_properties=AGENT)
    with pytest.raises(NoGuestAgent):
        qemu.driver.inside.set_password(guest.server_id, "root", "secret")
    without = qemu.started()
    with pytest.raises(NoGuestAgent):
        qemu.driver.inside.set_password(without.server_id, "root", "secret")
    for deaf in (guest, without):
        with pytest.raises(NoGuestAgent):
            qemu.driver.inside.freeze(deaf.server_id)


def test_a_copy_that_must_be_quiesced_needs_the_agent(qemu):
    guest, image_id = qemu.started(image_properties=AGENT), ids.new_id()
    with pytest.raises(NoGuestAgent):
        qemu.driver.snapshots.take(guest.server_id, image_id, Quiesce.MUST)
    assert qemu.driver.snapshots.take(guest.server_id, image_id, Quiesce.TRY) == "qcow2"
