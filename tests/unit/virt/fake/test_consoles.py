# SPDX-License-Identifier: Apache-2.0
"""Where fake guests' consoles are said to be, with TLS and without."""

import pytest

from nova_appliance.common import ids
from nova_appliance.domain.guest import Guest
from nova_appliance.virt import registry
from nova_appliance.virt.settings import VirtSettings


@pytest.mark.parametrize("secure", [True, False])
def test_a_console_that_wants_tls_has_no_other_port(secure):
    told = VirtSettings(host="h", spice_secure=secure, serial_secure=secure)
    driver = registry.load("fake", told)
    guest = Guest(
        server_id=ids.new_id(), name="n", display_name="n", project_id="p", user_id="u",
        flavor_name="f", vcpus=1, memory_mib=64,
    )  # fmt: skip
    driver.disks.create(guest)
    driver.lifecycle.start_new(guest)
    for device in ("spice", "serial"):
        address = driver.consoles.address(guest.server_id, device)
        assert (address.port == 0, address.tls_port is not None) == (secure, secure)
    assert driver.consoles.address(guest.server_id, "vnc").port
    driver.close()
