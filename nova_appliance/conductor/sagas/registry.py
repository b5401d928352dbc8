# SPDX-License-Identifier: Apache-2.0
"""Every saga by its name, as it stands in `sagas.name`."""

from __future__ import annotations

from nova_appliance.conductor.saga import Saga
from nova_appliance.conductor.sagas.boot import BOOT
from nova_appliance.conductor.sagas.confirm_resize import CONFIRM_RESIZE
from nova_appliance.conductor.sagas.create_image import CREATE_IMAGE
from nova_appliance.conductor.sagas.delete import DELETE
from nova_appliance.conductor.sagas.interfaces import ATTACH_INTERFACE, DETACH_INTERFACE
from nova_appliance.conductor.sagas.power import START, STOP
from nova_appliance.conductor.sagas.reboot import REBOOT
from nova_appliance.conductor.sagas.rebuild import REBUILD
from nova_appliance.conductor.sagas.rescue import RESCUE, UNRESCUE
from nova_appliance.conductor.sagas.resize import RESIZE
from nova_appliance.conductor.sagas.revert_resize import REVERT_RESIZE
from nova_appliance.conductor.sagas.shelve import SHELVE, SHELVE_OFFLOAD
from nova_appliance.conductor.sagas.soft_delete import RESTORE, SOFT_DELETE
from nova_appliance.conductor.sagas.suspension import (
    PAUSE,
    RESUME,
    SUSPEND,
    TRIGGER_CRASH_DUMP,
    UNPAUSE,
)
from nova_appliance.conductor.sagas.take_down import TAKE_DOWN
from nova_appliance.conductor.sagas.unshelve import UNSHELVE

ALL = (
    BOOT, DELETE, START, STOP, REBOOT, PAUSE, UNPAUSE, SUSPEND, RESUME, TRIGGER_CRASH_DUMP,
    SOFT_DELETE, RESTORE, CREATE_IMAGE, ATTACH_INTERFACE, DETACH_INTERFACE, REBUILD,
    RESIZE, CONFIRM_RESIZE, REVERT_RESIZE,
    RESCUE, UNRESCUE, SHELVE, SHELVE_OFFLOAD, UNSHELVE, TAKE_DOWN,
)  # fmt: skip
SAGAS: dict[str, Saga] = {saga.name: saga for saga in ALL}
