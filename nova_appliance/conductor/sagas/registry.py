# SPDX-License-Identifier: Apache-2.0
"""Every saga by its name, as it stands in `sagas.name`."""

from __future__ import annotations

from nova_appliance.conductor.saga import Saga
from nova_appliance.conductor.sagas import (
    boot,
    change_password,
    confirm_resize,
    create_backup,
    create_image,
    delete,
    evacuate,
    hear_later,
    image_of_volumes,
    interfaces,
    live_migrate,
    power,
    reboot,
    rebuild,
    rebuild_volume,
    rescue,
    resize,
    revert_resize,
    shares,
    shelve,
    soft_delete,
    suspension,
    take_down,
    unshelve,
    volume_snapshots,
    volumes,
)

ALL = (
    boot.BOOT,
    delete.DELETE,
    power.START, power.STOP,
    reboot.REBOOT,
    suspension.PAUSE, suspension.UNPAUSE, suspension.SUSPEND, suspension.RESUME, suspension.TRIGGER_CRASH_DUMP,
    soft_delete.SOFT_DELETE, soft_delete.RESTORE,
    create_image.CREATE_IMAGE, image_of_volumes.IMAGE_OF_VOLUMES,
    create_backup.CREATE_BACKUP,
    change_password.CHANGE_PASSWORD,
    interfaces.ATTACH_INTERFACE, interfaces.DETACH_INTERFACE,
    rebuild.REBUILD, rebuild_volume.REBUILD_VOLUME,
    resize.RESIZE,
    confirm_resize.CONFIRM_RESIZE,
    revert_resize.REVERT_RESIZE,
    rescue.RESCUE, rescue.UNRESCUE,
    shelve.SHELVE, shelve.SHELVE_OFFLOAD,
    unshelve.UNSHELVE,
    take_down.TAKE_DOWN,
    volumes.ATTACH_VOLUME, volumes.DETACH_VOLUME, volumes.SWAP_VOLUME, volumes.EXTEND_VOLUME,
    shares.ATTACH_SHARE, shares.DETACH_SHARE,
    volume_snapshots.SNAPSHOT_VOLUME, volume_snapshots.MERGE_VOLUME,
    hear_later.HEAR_LATER,
    evacuate.EVACUATE,
    live_migrate.LIVE_MIGRATE,
)  # fmt: skip
SAGAS: dict[str, Saga] = {saga.name: saga for saga in ALL}
