# SPDX-License-Identifier: Apache-2.0
"""[DEFAULT]: who this host is, names, zones, and what does not fit a group."""

from __future__ import annotations

import socket

from oslo_config import cfg

OPTIONS = {
    "DEFAULT": (
        cfg.HostAddressOpt("my_ip", default="127.0.0.1", help="Address of this host."),
        cfg.StrOpt("host", default=socket.gethostname(), help="Name of this host for services."),
        cfg.StrOpt("state_path", default="/var/lib/nova", help="Folder of lasting state."),
        cfg.StrOpt("instances_path", default="$state_path/instances", help="Disks of servers."),
        cfg.StrOpt("instance_name_template", default="instance-%08x", help="Hypervisor's names."),
        cfg.StrOpt("default_availability_zone", default="nova", help="Zone of hosts without one."),
        cfg.StrOpt("internal_service_availability_zone", default="internal", help="Of services."),
        cfg.StrOpt("default_schedule_zone", help="Zone when the request names none."),
        cfg.IntOpt("report_interval", default=10, min=1, help="Seconds between check-ins."),
        cfg.IntOpt("service_down_time", default=60, help="Seconds until a service is down."),
        cfg.IntOpt("reclaim_instance_interval", default=0, help="Seconds a soft delete waits."),
        cfg.IntOpt("password_length", default=12, min=4, help="Length of made-up passwords."),
    ),
}
