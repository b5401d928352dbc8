# SPDX-License-Identifier: Apache-2.0
"""Rules of services, hypervisors and hosts: what administrators see of the machines."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, rule

_SERVICES = "os_compute_api:os-services"
SERVICES_LIST = f"{_SERVICES}:list"
SERVICES_UPDATE = f"{_SERVICES}:update"
SERVICES_DELETE = f"{_SERVICES}:delete"
_HYPERVISORS = "os_compute_api:os-hypervisors"
LIST = f"{_HYPERVISORS}:list"
DETAIL = f"{_HYPERVISORS}:list-detail"
STATISTICS = f"{_HYPERVISORS}:statistics"
SHOW = f"{_HYPERVISORS}:show"
UPTIME = f"{_HYPERVISORS}:uptime"
SEARCH = f"{_HYPERVISORS}:search"
SERVERS = f"{_HYPERVISORS}:servers"
_HOSTS = "os_compute_api:os-hosts"
HOSTS_LIST = f"{_HOSTS}:list"
HOSTS_SHOW = f"{_HOSTS}:show"
HOSTS_UPDATE = f"{_HOSTS}:update"
HOSTS_REBOOT = f"{_HOSTS}:reboot"
HOSTS_SHUTDOWN = f"{_HOSTS}:shutdown"
HOSTS_START = f"{_HOSTS}:start"

_ONE = "/os-hypervisors/{hypervisor_id}"
_NAMED = "/os-hypervisors/{hypervisor_hostname_pattern}"
_HOST = "/os-hosts/{host_name}"

RULES = (
    rule(SERVICES_LIST, ADMIN, "List services.", "GET /os-services"),
    rule(
        SERVICES_UPDATE,
        ADMIN,
        "Disable, enable or force down a service.",
        "PUT /os-services/{service_id}",
        "PUT /os-services/disable",
        "PUT /os-services/disable-log-reason",
        "PUT /os-services/enable",
        "PUT /os-services/force-down",
    ),
    rule(SERVICES_DELETE, ADMIN, "Delete a service.", "DELETE /os-services/{service_id}"),
    rule(LIST, ADMIN, "List hypervisors.", "GET /os-hypervisors"),
    rule(DETAIL, ADMIN, "The same with details.", "GET /os-hypervisors/detail"),
    rule(STATISTICS, ADMIN, "Sum them up (to 2.87).", "GET /os-hypervisors/statistics"),
    rule(SHOW, ADMIN, "Show a hypervisor.", f"GET {_ONE}"),
    rule(UPTIME, ADMIN, "Ask for its uptime (to 2.87).", f"GET {_ONE}/uptime"),
    rule(SEARCH, ADMIN, "Find hypervisors by name (to 2.52).", f"GET {_NAMED}/search"),
    rule(SERVERS, ADMIN, "The same with servers (to 2.52).", f"GET {_NAMED}/servers"),
    rule(HOSTS_LIST, ADMIN, "List hosts (to 2.42).", "GET /os-hosts"),
    rule(HOSTS_SHOW, ADMIN, "Show a host (to 2.42).", f"GET {_HOST}"),
    rule(HOSTS_UPDATE, ADMIN, "Enable a host (to 2.42).", f"PUT {_HOST}"),
    rule(HOSTS_REBOOT, ADMIN, "Reboot a host (to 2.42).", f"GET {_HOST}/reboot"),
    rule(HOSTS_SHUTDOWN, ADMIN, "Shut a host down (to 2.42).", f"GET {_HOST}/shutdown"),
    rule(HOSTS_START, ADMIN, "Start a host (to 2.42).", f"GET {_HOST}/startup"),
)
