# SPDX-License-Identifier: Apache-2.0
"""URLs for the network and volume services."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import assisted_snapshots, external_events

ROUTES: Routes = {
    "os-server-external-events": {"POST": external_events.create},
    "os-assisted-volume-snapshots": {"POST": assisted_snapshots.create},
    "os-assisted-volume-snapshots/{snapshot_id}": {"DELETE": assisted_snapshots.delete},
}
