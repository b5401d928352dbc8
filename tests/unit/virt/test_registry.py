# SPDX-License-Identifier: Apache-2.0
"""Drivers are found by name, and say what they cannot do."""

import subprocess
import sys

import pytest

from nova_appliance.common import errors
from nova_appliance.virt import registry
from nova_appliance.virt.driver import Unsupported, capabilities
from nova_appliance.virt.settings import VirtSettings


def test_the_fake_can_do_everything():
    driver = registry.load("fake", VirtSettings(host="h"))
    assert driver.name == "fake"
    assert all(capabilities(driver).values())


def test_loading_the_fake_does_not_need_libvirt():
    code = (
        "import sys; sys.modules['libvirt'] = None\n"
        "from nova_appliance.virt import registry, settings\n"
        "print(registry.load('fake', settings.VirtSettings(host='h')).name)"
    )
    argv = [sys.executable, "-c", code]
    assert subprocess.run(argv, check=True, capture_output=True, text=True).stdout == "fake\n"


def test_an_unsupported_concern_refuses_every_call_with_its_name():
    with pytest.raises(errors.Unsupported, match="cannot do this: live_move"):
        Unsupported().live_move("server", to="host")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"virt_type": "xen"}, "virt_type is 'xen'; choose one of auto, kvm, qemu, test"),
        ({"disk_format": "vmdk"}, "disk_format is 'vmdk'; choose one of qcow2, raw"),
        ({"virt_type": "qemu"}, "needs state_dir"),
    ],
)
def test_wrong_settings_get_one_clear_sentence(changes, sentence):
    with pytest.raises(errors.Invalid, match=sentence):
        registry.load("libvirt", VirtSettings(host="h", **changes))
