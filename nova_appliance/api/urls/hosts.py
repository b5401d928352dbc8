# SPDX-License-Identifier: Apache-2.0
"""URLs of services, hypervisors, hosts, aggregates and availability zones."""

from __future__ import annotations

from nova_appliance.api.operation import ByBodyKey, Routes
from nova_appliance.api.resources import (
    aggregates,
    availability_zones,
    hosts,
    hypervisors,
    services,
)

ROUTES: Routes = {
    "os-services": {"GET": services.index},
    "os-services/disable": {"PUT": services.disable},
    "os-services/disable-log-reason": {"PUT": services.disable_with_reason},
    "os-services/enable": {"PUT": services.enable},
    "os-services/force-down": {"PUT": services.force_down},
    "os-services/{service_id}": {"PUT": services.update, "DELETE": services.delete},
    "os-hypervisors": {"GET": hypervisors.index},
    "os-hypervisors/detail": {"GET": hypervisors.detail},
    "os-hypervisors/statistics": {"GET": hypervisors.statistics},
    "os-hypervisors/{hypervisor_hostname_pattern}/search": {"GET": hypervisors.search},
    "os-hypervisors/{hypervisor_hostname_pattern}/servers": {"GET": hypervisors.servers},
    "os-hypervisors/{hypervisor_id}": {"GET": hypervisors.show},
    "os-hypervisors/{hypervisor_id}/uptime": {"GET": hypervisors.uptime},
    "os-hosts": {"GET": hosts.index},
    "os-hosts/{host_name}": {"GET": hosts.show, "PUT": hosts.update},
    "os-hosts/{host_name}/reboot": {"GET": hosts.reboot},
    "os-hosts/{host_name}/shutdown": {"GET": hosts.shutdown},
    "os-hosts/{host_name}/startup": {"GET": hosts.startup},
    "os-aggregates": {"GET": aggregates.index, "POST": aggregates.create},
    "os-aggregates/{aggregate_id}": {
        "GET": aggregates.show,
        "PUT": aggregates.update,
        "DELETE": aggregates.delete,
    },
    "os-aggregates/{aggregate_id}/images": {"POST": aggregates.cache_images},
    "os-aggregates/{aggregate_id}/action": {
        "POST": ByBodyKey(
            {
                "add_host": aggregates.add_host,
                "remove_host": aggregates.remove_host,
                "set_metadata": aggregates.set_metadata,
            }
        ),
    },
    "os-availability-zone": {"GET": availability_zones.index},
    "os-availability-zone/detail": {"GET": availability_zones.detail},
}
