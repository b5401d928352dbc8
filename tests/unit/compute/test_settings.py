# SPDX-License-Identifier: Apache-2.0
"""What nova.conf says of consoles, as the driver is told it."""

import pytest

from nova_appliance.compute.settings import virt_settings
from nova_appliance.conf import load

CONF = """
[spice]
enabled = {on}
server_listen = 192.0.2.21
require_secure = {on}
[serial_console]
enabled = {on}
proxyclient_address = 192.0.2.21
require_secure = {on}
"""


@pytest.mark.parametrize("on", [True, False])
def test_the_driver_is_told_which_consoles_want_tls(tmp_path, on):
    file = tmp_path / "nova.conf"
    file.write_text(CONF.format(on=on))
    told = virt_settings(load.load(files=[str(file)]))
    where = "192.0.2.21" if on else ""
    assert (told.spice_listen, told.serial_listen) == (where, where)
    assert (told.spice_secure, told.serial_secure) == (on, on)


def test_nobody_is_asked_for_tls_where_nothing_is_said(tmp_path):
    (tmp_path / "nova.conf").write_text("")
    told = virt_settings(load.load(files=[str(tmp_path / "nova.conf")]))
    assert not told.spice_secure
    assert not told.serial_secure
