# SPDX-License-Identifier: Apache-2.0
"""Rules of servers and of what may be done with them."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, ANYONE, MEMBER, READER, rule

SERVERS = "os_compute_api:servers"
INDEX = f"{SERVERS}:index"
DETAIL = f"{SERVERS}:detail"
SHOW = f"{SERVERS}:show"
CREATE = f"{SERVERS}:create"
UPDATE = f"{SERVERS}:update"
DELETE = f"{SERVERS}:delete"
START = f"{SERVERS}:start"
STOP = f"{SERVERS}:stop"
REBOOT = f"{SERVERS}:reboot"

ALL_FILTERS = f"{SERVERS}:allow_all_filters"
INDEX_ALL_PROJECTS = f"{SERVERS}:index:get_all_tenants"
DETAIL_ALL_PROJECTS = f"{SERVERS}:detail:get_all_tenants"
EXTRA_SPECS = f"{SERVERS}:show:flavor-extra-specs"
HOST_STATUS = f"{SERVERS}:show:host_status"
HOST_STATUS_UNKNOWN = f"{SERVERS}:show:host_status:unknown-only"
ATTRIBUTES = "os_compute_api:os-extended-server-attributes"
FORCED_HOST = f"{SERVERS}:create:forced_host"
REQUESTED_DESTINATION = "compute:servers:create:requested_destination"
ATTACH_VOLUME = f"{SERVERS}:create:attach_volume"
ATTACH_NETWORK = f"{SERVERS}:create:attach_network"
TRUSTED_CERTS = f"{SERVERS}:create:trusted_certs"
ZERO_DISK = f"{SERVERS}:create:zero_disk_flavor"
EXTERNAL_NETWORK = "network:attach_external_network"

LOCK = "os_compute_api:os-lock-server:lock"
UNLOCK = "os_compute_api:os-lock-server:unlock"
UNLOCK_OVERRIDE = f"{UNLOCK}:unlock_override"
CONSOLE_OUTPUT = "os_compute_api:os-console-output"
RESET_STATE = "os_compute_api:os-admin-actions:reset_state"
EXTENSIONS = "os_compute_api:extensions"

_LISTS = ("GET /servers", "GET /servers/detail")
_ACTION = "POST /servers/{server_id}/action"
_VIEWS = ("GET /servers/{server_id}", "GET /servers/detail", "PUT /servers/{server_id}")

RULES = (
    rule(INDEX, READER, "List servers.", "GET /servers"),
    rule(DETAIL, READER, "List servers with all details.", "GET /servers/detail"),
    rule(INDEX_ALL_PROJECTS, ADMIN, "List servers of all projects.", "GET /servers"),
    rule(DETAIL_ALL_PROJECTS, ADMIN, "The same with details.", "GET /servers/detail"),
    rule(ALL_FILTERS, ADMIN, "Use every filter of lists.", *_LISTS),
    rule(SHOW, READER, "Show a server.", "GET /servers/{server_id}"),
    rule(EXTRA_SPECS, READER, "See extra specs in the embedded flavor (2.47).", *_VIEWS),
    rule(HOST_STATUS, ADMIN, "See host_status (2.16).", *_VIEWS),
    rule(HOST_STATUS_UNKNOWN, ADMIN, "See host_status when it is UNKNOWN (2.16).", *_VIEWS),
    rule(ATTRIBUTES, ADMIN, "See OS-EXT-SRV-ATTR fields.", *_VIEWS),
    rule(CREATE, MEMBER, "Create servers.", "POST /servers"),
    rule(FORCED_HOST, ADMIN, "Name a host in availability_zone.", "POST /servers"),
    rule(REQUESTED_DESTINATION, ADMIN, "Name host or node (2.74).", "POST /servers"),
    rule(ATTACH_VOLUME, MEMBER, "Create with block devices.", "POST /servers"),
    rule(ATTACH_NETWORK, MEMBER, "Create with chosen networks.", "POST /servers"),
    rule(TRUSTED_CERTS, MEMBER, "Create with trusted certificates.", "POST /servers"),
    rule(ZERO_DISK, ADMIN, "Boot an image with a flavor of disk 0.", "POST /servers"),
    rule(EXTERNAL_NETWORK, ADMIN, "Use an external network that is not shared.", "POST /servers"),
    rule(UPDATE, MEMBER, "Change a server.", "PUT /servers/{server_id}"),
    rule(DELETE, MEMBER, "Delete a server.", "DELETE /servers/{server_id}"),
    rule(START, MEMBER, "Start a server.", f"{_ACTION} (os-start)"),
    rule(STOP, MEMBER, "Stop a server.", f"{_ACTION} (os-stop)"),
    rule(REBOOT, MEMBER, "Reboot a server.", f"{_ACTION} (reboot)"),
    rule(LOCK, MEMBER, "Lock a server.", f"{_ACTION} (lock)"),
    rule(UNLOCK, MEMBER, "Unlock a server.", f"{_ACTION} (unlock)"),
    rule(UNLOCK_OVERRIDE, ADMIN, "Unlock what an administrator locked.", f"{_ACTION} (unlock)"),
    rule(CONSOLE_OUTPUT, MEMBER, "Read the console log.", f"{_ACTION} (os-getConsoleOutput)"),
    rule(RESET_STATE, ADMIN, "Set the state by hand.", f"{_ACTION} (os-resetState)"),
    rule(EXTENSIONS, ANYONE, "List extensions.", "GET /extensions", "GET /extensions/{alias}"),
)
