# SPDX-License-Identifier: Apache-2.0
"""Which drivers there are: name > where its `open_driver(settings)` lives."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from nova_appliance.common.errors import Invalid
from nova_appliance.virt.driver import Driver
from nova_appliance.virt.settings import VirtSettings

DRIVERS = {
    "fake": "nova_appliance.virt.fake.driver:open_driver",
    "libvirt": "nova_appliance.virt.libvirt.driver:open_driver",
}


def load(name: str, settings: VirtSettings) -> Driver:
    """Open the driver called `name`; only its own libraries are imported."""
    if name not in DRIVERS:
        raise Invalid(f"There is no driver {name!r}; choose one of {', '.join(sorted(DRIVERS))}.")
    module, _, function = DRIVERS[name].partition(":")
    opener = getattr(importlib.import_module(module), function)
    return cast("Callable[[VirtSettings], Driver]", opener)(settings)
