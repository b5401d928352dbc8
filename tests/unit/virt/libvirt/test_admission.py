# SPDX-License-Identifier: Apache-2.0
"""Whether the processor of a target suits a guest, as libvirt answers, before anything is made."""

import libvirt
import pytest

from nova_appliance.common import ids
from nova_appliance.domain.guest import Disk, Guest
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.passport import Passport
from nova_appliance.virt import registry
from nova_appliance.virt.driver import HypervisorFailed
from nova_appliance.virt.moves import CpuDiffers
from nova_appliance.virt.settings import VirtSettings

CPU = "<cpu mode='custom'><model>Skylake</model><feature policy='require' name='avx512f'/></cpu>"
LACKS = "unsupported configuration: guest CPU doesn't match host CPU: missing features: avx512f"
GUEST = Guest(
    server_id=ids.new_id(),
    name="instance-cpu",
    display_name="n",
    project_id="p",
    user_id="u",
    flavor_name="f",
    vcpus=1,
    memory_mib=32,
    disks=(Disk(name="disk", size_gib=1, image_id=ids.new_id()),),
)


def refusal(code, text):
    error = libvirt.libvirtError(text)
    error.err = (code, libvirt.VIR_FROM_CPU, text, 2, "", "", "", 0, 0)
    return error


class Libvirtd:
    """Answers compareCPU, and remembers what it was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def isAlive(self):  # noqa: N802 - libvirt's word
        return 1

    def setKeepAlive(self, _interval, _count):  # noqa: N802
        return 0

    def compareCPU(self, xml, flags):  # noqa: N802
        self.asked.append((xml, flags))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def admit(tmp_path, monkeypatch):
    """Admit the guest to a host whose libvirtd answers so; what it was asked."""

    def admitted(answer, virt_type="kvm", cpu=CPU):
        daemon = Libvirtd(answer)
        monkeypatch.setattr(libvirt, "open", lambda _uri: daemon)
        settings = VirtSettings(
            host="h2", state_dir=tmp_path, uri="qemu:///none", virt_type=virt_type
        )
        passport = Passport(journey=Journey(source="h1", target="h2"), cpu=cpu)
        registry.load("libvirt", settings).live.admit(GUEST, passport, shared=True)
        return daemon.asked

    return admitted


@pytest.mark.parametrize(
    "answer", [libvirt.VIR_CPU_COMPARE_IDENTICAL, libvirt.VIR_CPU_COMPARE_SUPERSET]
)
def test_a_processor_that_has_all_suits_the_guest(admit, answer):
    assert admit(answer) == [(CPU, libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE)]


def test_a_processor_that_lacks_something_is_refused_with_a_sentence(admit, tmp_path):
    with pytest.raises(CpuDiffers) as refused:
        admit(refusal(libvirt.VIR_ERR_CPU_INCOMPATIBLE, LACKS))
    told = refused.value.message
    assert told.startswith("Unacceptable CPU info")
    assert GUEST.server_id in told
    assert told.endswith(LACKS)
    assert not list(tmp_path.glob(f"**/{GUEST.server_id}*"))


def test_a_question_that_fails_says_nothing_of_the_processor(admit):
    broken = refusal(libvirt.VIR_ERR_XML_ERROR, "XML error: there is no model")
    with pytest.raises(HypervisorFailed, match="there is no model"):
        admit(broken)


@pytest.mark.parametrize(("virt_type", "cpu"), [("qemu", CPU), ("kvm", "")])
def test_an_emulated_processor_and_one_not_told_of_are_not_compared(admit, virt_type, cpu):
    assert admit(refusal(libvirt.VIR_ERR_CPU_INCOMPATIBLE, LACKS), virt_type, cpu) == []
