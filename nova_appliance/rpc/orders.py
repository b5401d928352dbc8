# SPDX-License-Identifier: Apache-2.0
"""What RPC messages carry: one Struct for each order and each reply.

Fields are added with a default and a `since` in rpc/pins.py, never removed or given another type.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from nova_appliance.domain.console import ConsoleToken
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.guest import Guest, Merge, Share, Vif, Volume
from nova_appliance.domain.host import Inventory, Limits
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.passport import Passport, Progress, Welcome
from nova_appliance.domain.server import ServerImage
from nova_appliance.domain.volume_usage import VolumeCount


class Empty(msgspec.Struct, frozen=True):
    """Nothing to say."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Which step of which saga an order is for; the higher epoch of a saga is the newer order."""

    cell_id: str
    saga_id: str
    step: str
    epoch: int


class ServerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A deed on one server, for its host; answered by Report, more than once if need be."""

    ticket: Ticket
    server_id: str
    guest: Guest | None = None
    """None only where the deed needs no more than the id (destroy, power_off)."""
    image: ServerImage | None = None
    """The image to have in the cache before disks are made (build)."""
    hard: bool = False
    """For reboot."""
    timeout_s: float = 60.0
    """How long the guest may take to shut down by itself (power_off, soft reboot)."""
    power_on: bool = True
    """Whether the guest is to run in the end (rebuild, moves)."""
    keep_ephemeral: bool = False
    """Whether ephemeral disks stay as they are (rebuild)."""
    password: str = ""
    """The one to set inside the guest."""
    vif: Vif | None = None
    """The interface to attach or detach."""
    passport: Passport | None = None
    """Of a guest that is to come (admit)."""
    welcome: Welcome | None = None
    """Where a guest is to go (go, come_back)."""
    migration_id: str = ""
    """Whose progress is to be told."""
    journey: Journey | None = None
    """A move between hosts or flavors that the deed is a part of."""
    volume: Volume | None = None
    """The volume to attach, detach or look at again."""
    new_volume: Volume | None = None
    """The volume that takes its place (swap_volume)."""
    file: str = ""
    """The file to write to from now on (snapshot_volume)."""
    merge: Merge | None = None
    """Files of the volume that become one (merge_volume)."""
    share: Share | None = None
    """The share to let go of."""


class ImageWanted(msgspec.Struct, frozen=True, kw_only=True):
    """An image to have in the cache, for no server yet."""

    image: ServerImage


class CacheImages(msgspec.Struct, frozen=True, kw_only=True):
    """Images that the hosts of an aggregate are to have before any server wants them."""

    aggregate: int
    images: tuple[ServerImage, ...]


class ImagesWanted(msgspec.Struct, frozen=True, kw_only=True):
    """The same, for one host."""

    images: tuple[ServerImage, ...]


class ImagesCached(msgspec.Struct, frozen=True, kw_only=True):
    """Image > what came of it: existing, cached or error."""

    results: dict[str, str]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a ServerOrder."""

    ticket: Ticket
    host: str
    result: dict[str, Any] = {}
    """Small JSON; `power` is the PowerState number seen after the deed."""
    error: str | None = None
    """One sentence when it failed."""
    retryable: bool = False
    """Whether another host may do better (build), or a later try (else)."""
    details: str = ""
    """For admins: the trace."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """`ok` is False when the ticket is not the one waited for: forget the order."""

    ok: bool


class HowFar(msgspec.Struct, frozen=True, kw_only=True):
    """A live migration goes on."""

    cell_id: str
    migration_id: str
    progress: Progress


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants of it: migration.ABORT, FORCE or nothing."""

    wanted: str | None = None


class Nudge(msgspec.Struct, frozen=True, kw_only=True):
    """A saga may be due."""

    cell_id: str
    saga_id: str


class CheckIn(msgspec.Struct, frozen=True, kw_only=True):
    """A daemon lives."""

    host: str
    binary: str
    version: int
    started_at: dt.datetime


class CheckedIn(msgspec.Struct, frozen=True, kw_only=True):
    """What the cloud thinks of the daemon."""

    disabled: bool = False
    versions: dict[str, int] = {}
    """Topic > lowest living version, for the pins of daemons without a database."""


class PutInventory(msgspec.Struct, frozen=True, kw_only=True):
    """A host's resources."""

    host: str
    inventory: Inventory
    limits: Limits


class ExpectedServers(msgspec.Struct, frozen=True, kw_only=True):
    """Which servers should be on this host?"""

    host: str
    seen: tuple[str, ...] = ()
    """Ids of the guests and disks found there; unknown ones are answered if they were deleted."""


ELSEWHERE = "elsewhere"
"""State of an ExpectedServer that is to go from a host because it lives on another one, or on none."""


class ExpectedServer(msgspec.Struct, frozen=True, kw_only=True):
    """One server that has, or had, its place on the host."""

    id: str
    state: str
    task: str | None
    power: int
    guest: Guest | None = None
    """None for a server that was never launched or is deleted."""
    deleted: bool = False
    """It is to go from this host: deleted for good, or living elsewhere."""
    lives_at: str | None = None
    """The other host where it lives, if it is to go from here only."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """The servers of a host."""

    servers: tuple[ExpectedServer, ...] = ()


class PowerSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Guests as the agent finds them: (server id, PowerState number).

    `looked_at` is naive UTC by the host's clock; None from agents that do not tell.
    """

    host: str
    seen: tuple[tuple[str, int], ...]
    looked_at: dt.datetime | None = None


class VolumesCounted(msgspec.Struct, frozen=True, kw_only=True):
    """What the hypervisor counted of the volumes of a host's guests, all in one."""

    host: str
    counts: tuple[VolumeCount, ...]


class ChooseHosts(msgspec.Struct, frozen=True, kw_only=True):
    """A host is wanted, and claimed, for one server; asked again, the same claim is the answer."""

    server_id: str
    project_id: str
    flavor: Flavor
    image: ServerImage | None = None
    zone: str | None = None
    host: str | None = None
    node: str | None = None
    group: str | None = None
    """Id of the server group."""
    hints: dict[str, Any] = {}
    tried: tuple[str, ...] = ()
    """Host ids that failed already, or are not wanted."""
    cell_id: str | None = None
    """The only cell that will do: servers move within theirs."""
    purpose: str = "run"
    """`move` for the second claim of a server that has a host."""
    unfiltered: bool = False
    """The named host is taken if it has room, whatever filters say."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True, tag="chosen"):
    """The host that is claimed now."""

    host_id: str
    host: str
    node: str
    cell_id: str
    zone: str


class Fits(msgspec.Struct, frozen=True, tag="fits"):
    """The host will do."""


class NoHostFits(msgspec.Struct, frozen=True, kw_only=True, tag="no_host_fits"):
    """Nothing was claimed."""

    reason: str
    """One sentence with the numbers: which filter refused how many hosts, what came closest."""
    hosts: int = 0
    refused: dict[str, int] = {}
    """Filter > hosts it refused."""


class ConsoleOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What did the guest say?"""

    server_id: str
    max_bytes: int


class GuestAsked(msgspec.Struct, frozen=True, kw_only=True):
    """How does the guest do?"""

    server_id: str


class Thawed(msgspec.Struct, frozen=True, kw_only=True):
    """The guest writes again."""

    lasted: bool
    """Whether it was held until now: a host lets no guest wait for long."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """Text of a serial console."""

    text: str


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What is on the host that should not be there?"""

    tidy: bool = False
    """Remove what was deleted or lives elsewhere."""


class Surveyed(msgspec.Struct, frozen=True, kw_only=True):
    """(reap, server id) for what is to go, (leave, server id) for what nobody knows."""

    strays: tuple[tuple[str, str], ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    """(server id, why) for what was to be removed and is not."""


class Uptime(msgspec.Struct, frozen=True, kw_only=True):
    """Text of `uptime` on the host."""

    text: str


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """What the volume service is told of a host, in os-brick's words."""

    facts: dict[str, Any]


class ConsoleAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Where is the guest's console?"""

    server_id: str
    device: str
    """vnc, spice or serial: see domain.console.KINDS."""


class Authorize(msgspec.Struct, frozen=True, kw_only=True):
    """Give out a token."""

    cell_id: str
    token: ConsoleToken
    """Its `expires_at` is for nova-consoleauth to say."""


class Authorized(msgspec.Struct, frozen=True, kw_only=True):
    """A new token; only its hash is kept."""

    token: str
    expires_at: dt.datetime


class CheckToken(msgspec.Struct, frozen=True, kw_only=True):
    """May its bearer have a console of that kind now?"""

    token: str
    kind: str


class Granted(msgspec.Struct, frozen=True, kw_only=True, tag="granted"):
    """Yes; the guest was there just now."""

    token: ConsoleToken
    server_name: str


class NotGranted(msgspec.Struct, frozen=True, kw_only=True, tag="not_granted"):
    """No."""

    reason: str
    """One sentence for the person who waits for the console."""


class RevokeTokens(msgspec.Struct, frozen=True, kw_only=True):
    """All tokens of a server end now."""

    server_id: str


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """How many there were."""

    tokens: int
