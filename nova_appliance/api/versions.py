# SPDX-License-Identifier: Apache-2.0
"""The microversions of the Compute API, oldest first, and what each one brought."""

from __future__ import annotations

VERSIONS = (
    "2.1",  # where it starts: strict bodies
    "2.2",  # keypair types; 201 and 204
    "2.3",  # more attributes of servers
    "2.4",  # reserved fixed ips (gone)
    "2.5",  # ip6 filter for everybody
    "2.6",  # remote consoles
    "2.7",  # no access rows for public flavors
    "2.8",  # mks consoles
    "2.9",  # locked
    "2.10",  # keypairs of other users
    "2.11",  # services forced down
    "2.12",  # virtual interfaces: net_id (gone)
    "2.13",  # server groups: project and user
    "2.14",  # evacuate without shared storage flag
    "2.15",  # soft (anti-)affinity
    "2.16",  # host_status
    "2.17",  # crash dumps
    "2.18",  # project id optional in URLs
    "2.19",  # description of servers
    "2.20",  # volumes of shelved servers
    "2.21",  # actions of deleted servers
    "2.22",  # force a live migration to complete
    "2.23",  # migrations of a server
    "2.24",  # abort a live migration
    "2.25",  # block_migration auto
    "2.26",  # tags
    "2.27",  # header OpenStack-API-Version
    "2.28",  # cpu_info as an object
    "2.29",  # evacuate checks the host
    "2.30",  # live migration checks the host
    "2.31",  # console tokens of every kind
    "2.32",  # device tags
    "2.33",  # hypervisors in pages
    "2.34",  # live migration checks in the background
    "2.35",  # keypairs in pages
    "2.36",  # proxies stop
    "2.37",  # networks auto and none
    "2.38",  # unknown status is an error
    "2.39",  # image metadata proxy stops
    "2.40",  # usage in pages
    "2.41",  # uuid of aggregates
    "2.42",  # device tags again
    "2.43",  # os-hosts stops
    "2.44",  # floating and fixed ip actions stop
    "2.45",  # createImage answers with a body
    "2.46",  # X-OpenStack-Request-ID
    "2.47",  # the flavor embedded in servers
    "2.48",  # diagnostics with a fixed shape
    "2.49",  # tags when attaching
    "2.50",  # quota classes: server groups
    "2.51",  # volume-extended; events for everybody
    "2.52",  # tags at creation
    "2.53",  # uuids of services and hypervisors
    "2.54",  # rebuild with another key
    "2.55",  # description of flavors
    "2.56",  # cold migration to a host
    "2.57",  # no more personality
    "2.58",  # server actions in pages
    "2.59",  # migrations in pages
    "2.60",  # volumes for several servers
    "2.61",  # extra specs in flavors
    "2.62",  # host in action events
    "2.63",  # trusted image certificates
    "2.64",  # policy and rules of server groups
    "2.65",  # abort queued live migrations
    "2.66",  # changes-before
    "2.67",  # volume types
    "2.68",  # force leaves evacuate and live migration
    "2.69",  # partial results while cells are down
    "2.70",  # tags of attachments shown
    "2.71",  # server_groups of a server
    "2.72",  # ports with resource requests
    "2.73",  # locked_reason
    "2.74",  # host and hypervisor_hostname at creation
    "2.75",  # strict queries, full PUT answers
    "2.76",  # power-update
    "2.77",  # unshelve to a zone
    "2.78",  # topology
    "2.79",  # delete_on_termination of attachments
    "2.80",  # migrations by user and project
    "2.81",  # images cached by aggregates
    "2.82",  # accelerator-request-bound
    "2.83",  # more filters for everybody
    "2.84",  # details of action events
    "2.85",  # update attachments
    "2.86",  # extra specs checked
    "2.87",  # rescue of volume-backed servers
    "2.88",  # leaner hypervisors
    "2.89",  # attachment ids
    "2.90",  # hostname
    "2.91",  # unshelve to a host
    "2.92",  # keypairs are only imported
    "2.93",  # rebuild of volume-backed servers
    "2.94",  # full hostnames
    "2.95",  # evacuated servers stay stopped
    "2.96",  # pinned zone
    "2.97",  # shares
    "2.98",  # image properties in servers
    "2.99",  # spice-direct
    "2.100",  # scheduler hints in servers
    "2.101",  # attach volumes in the background
    "2.102",  # strict queries everywhere
    "2.103",  # os-volumes_boot stops
    "2.104",  # change the pinned zone
)
