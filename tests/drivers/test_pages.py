# SPDX-License-Identifier: Apache-2.0
"""Of which pages of the host a running guest's memory is made, as the kernel says."""

import re
from pathlib import Path

import pytest
from fixtures.qemu_process import qemu_pid

from nova_appliance.virt.driver import HypervisorFailed

pytestmark = pytest.mark.xdist_group("huge pages")  # there is one number of them a machine
HUGE = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
PAGES = 24
"""Enough for one guest of the bench (32 MiB), not for two."""
MAPPING = re.compile(r"^Size: +(\d+) kB\nKernelPageSize: +(\d+) kB$", re.MULTILINE)


@pytest.fixture
def pages():
    """Says how many huge pages are free, of which there are PAGES; afterwards as many as before."""
    had = number("nr_hugepages")
    (HUGE / "nr_hugepages").write_text(str(had - number("free_hugepages") + PAGES))
    assert number("free_hugepages") == PAGES, "too little memory"
    yield lambda: number("free_hugepages")
    (HUGE / "nr_hugepages").write_text(str(had))


def number(name):
    return int((HUGE / name).read_text())


def mib_of_huge_pages(guest):
    text = Path(f"/proc/{qemu_pid(guest.server_id)}/smaps").read_text()
    return sum(int(size) for size, page in MAPPING.findall(text) if page == "2048") // 1024


@pytest.mark.parametrize("size", ["large", "2048", "2MB"])
def test_a_guest_lives_in_huge_pages_and_gives_them_back(qemu, pages, size):
    guest = qemu.started(extra_specs={"hw:mem_page_size": size})
    assert (mib_of_huge_pages(guest), pages()) == (32, PAGES - 16)
    qemu.driver.power.off(guest.server_id, 0)
    assert pages() == PAGES
    qemu.driver.power.on(guest)
    assert (mib_of_huge_pages(guest), pages()) == (32, PAGES - 16)


def test_a_host_without_free_ones_says_so(qemu, pages):
    first = qemu.started(extra_specs={"hw:mem_page_size": "large"})
    with pytest.raises(HypervisorFailed, match=r"has 8 free huge pages of 2048 KiB; .* needs 16"):
        qemu.started(extra_specs={"hw:mem_page_size": "large"})
    with pytest.raises(HypervisorFailed, match=r"has 0 free huge pages of 1024 KiB; .* needs 32"):
        qemu.started(extra_specs={"hw:mem_page_size": "1MB"})
    assert mib_of_huge_pages(first) == 32


@pytest.mark.parametrize("size", ["small", "any"])
def test_a_guest_that_asks_for_none_takes_none(qemu, pages, size):
    guest = qemu.started(extra_specs={"hw:mem_page_size": size})
    assert (mib_of_huge_pages(guest), pages()) == (0, PAGES)
