# SPDX-License-Identifier: Apache-2.0
"""The hypervisor edge: small protocols by concern, and a Driver made of them.

Drivers know the domain only. Deeds may be done twice; removals may find nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn, Protocol

from nova_appliance.common import errors
from nova_appliance.domain.console import ConsoleAddress
from nova_appliance.domain.diagnostics import Diagnosis
from nova_appliance.domain.guest import Guest, GuestSeen, Vif
from nova_appliance.domain.guest_agent import Quiesce
from nova_appliance.domain.host import Inventory
from nova_appliance.virt.moves import LiveMoves, Moves
from nova_appliance.virt.shares import Shares
from nova_appliance.virt.volumes import Volumes


class NoSuchGuest(errors.NotFound):
    """The hypervisor does not know this server."""

    def __init__(self, server_id: str) -> None:
        self.server_id = server_id
        super().__init__(f"The hypervisor has no guest for server {server_id}.")


class NoSuchImage(errors.NotFound):
    """The image is not in the host's cache."""

    def __init__(self, image_id: str) -> None:
        self.image_id = image_id
        super().__init__(f"Image {image_id} is not in the image cache of this host.")


class NoSuchDisks(errors.NotFound):
    """A guest cannot start because its disks were not created on this host."""

    def __init__(self, server_id: str) -> None:
        self.server_id = server_id
        super().__init__(f"Server {server_id} has no disks on this host.")


class ImageRefused(errors.Refused):
    """The image must not be used: it is damaged, dangerous, too big or not what it claims."""

    def __init__(self, image_id: str, reason: str) -> None:
        self.image_id, self.reason = image_id, reason
        super().__init__(f"Image {image_id} cannot be used: {reason}.")


class DiskTooSmall(errors.Refused):
    """The image does not fit on the disk that the flavor gives."""

    def __init__(self, image_id: str, needed_bytes: int, disk_bytes: int) -> None:
        self.image_id, self.needed_bytes, self.disk_bytes = image_id, needed_bytes, disk_bytes
        super().__init__(
            f"Image {image_id} needs a disk of {needed_bytes} bytes, the flavor gives {disk_bytes}."
        )


class HypervisorFailed(errors.ApplianceError):
    """The hypervisor answered, and said no; its words are the message."""


class NotRunning(errors.Conflict):
    """Only a guest that runs has a console to look at."""

    def __init__(self, server_id: str) -> None:
        self.server_id = server_id
        super().__init__(f"Server {server_id} does not run, so it has no console now.")


class NoSuchConsole(errors.Invalid):
    """The guest was started without this device."""

    def __init__(self, server_id: str, device: str) -> None:
        self.server_id, self.device = server_id, device
        super().__init__(f"The guest of server {server_id} has no {device} console.")


class ImageInUse(errors.Conflict):
    """Disks of servers lie over this cached image."""

    def __init__(self, image_id: str) -> None:
        self.image_id = image_id
        super().__init__(f"Disks on this host lie over image {image_id}, so it must stay.")


class DeviceHeld(errors.ApplianceError):
    """The guest was asked again and again, and does not let go of a device."""

    def __init__(self, server_id: str, device: str) -> None:
        self.server_id, self.device = server_id, device
        super().__init__(f"The guest of server {server_id} does not let go of {device}.")


class NoGuestAgent(errors.Conflict):
    """No agent inside the guest does what is asked; `reason` is its words, or why there is none."""

    def __init__(self, server_id: str, reason: str) -> None:
        self.server_id, self.reason = server_id, reason
        super().__init__(f"The agent in the guest of server {server_id} cannot do this: {reason}.")


class CannotNow(errors.Conflict):
    """The guest is in a power state in which this cannot be done."""

    def __init__(self, server_id: str, deed: str) -> None:
        self.server_id, self.deed = server_id, deed
        super().__init__(f"The guest of server {server_id} does not run, so it cannot {deed}.")


class Lifecycle(Protocol):
    """Whether a guest is there."""

    def start_new(self, guest: Guest) -> GuestSeen:
        """Define and start the guest; a guest that runs already is left alone.

        Raises NoSuchDisks when Disks.create was not done before.
        """

    def destroy(self, server_id: str) -> None:
        """Stop the guest at once and forget it, not its disks; nothing there is fine."""

    def find(self, server_id: str) -> GuestSeen | None:
        """Look for the guest; None when the hypervisor does not know it."""

    def list_(self) -> tuple[GuestSeen, ...]:
        """All guests of ours on this host, running or not, sorted by server id."""


class Power(Protocol):
    """Whether a guest runs."""

    def on(self, guest: Guest) -> None:
        """Start the guest, defining it anew from `guest`; fine if it runs already."""

    def off(self, server_id: str, timeout_s: float) -> None:
        """Ask the guest to shut down, wait up to `timeout_s`, then cut its power.

        0 cuts at once. Fine if it is off already; raises NoSuchGuest.
        """

    def reboot_soft(self, server_id: str, timeout_s: float) -> bool:
        """Ask the guest to shut down and start it again; False if it did not obey in time.

        Raises NoSuchGuest.
        """

    def reboot_hard(self, guest: Guest) -> None:
        """Cut the power if it is on, define the guest anew from `guest` and start it."""


class Suspension(Protocol):
    """Holding a guest's processors, or keeping its memory on disk while it is off."""

    def pause(self, server_id: str) -> None:
        """Hold the processors; fine if they are held. Raises NoSuchGuest, CannotNow."""

    def unpause(self, server_id: str) -> None:
        """Let them go on; fine if the guest runs. Raises NoSuchGuest, CannotNow."""

    def suspend(self, server_id: str) -> None:
        """Save the memory and cut the power; fine if that is done. Raises as pause does."""

    def resume(self, guest: Guest) -> None:
        """Go on where `suspend` stopped; without saved memory the guest starts anew."""

    def interrupt(self, server_id: str) -> None:
        """Send the interrupt that cannot be masked, so that the guest dumps its memory."""


class Interfaces(Protocol):
    """Network cards that come and go while a guest is there."""

    def attach(self, server_id: str, vif: Vif) -> None:
        """Plug the port in, now if the guest is on, and for its next start.

        Fine if it is plugged in, or if the hypervisor does not know the guest.
        """

    def detach(self, server_id: str, vif: Vif) -> None:
        """Take the port out and wait until it is; fine if it is out. Raises DeviceHeld."""

    def plugged(self, server_id: str) -> frozenset[str]:
        """MACs of the cards that the guest has now."""


class Inside(Protocol):
    """What the agent inside a guest does for us."""

    def set_password(self, server_id: str, user: str, password: str) -> None:
        """Change a user's password; raises NoSuchGuest, NoGuestAgent."""

    def freeze(self, server_id: str) -> None:
        """Hold what is written to the file systems; raises NoSuchGuest, NoGuestAgent."""

    def thaw(self, server_id: str) -> None:
        """Let it go on; fine if nothing is held. Raises NoSuchGuest, NoGuestAgent."""


class Disks(Protocol):
    """Local disks: one folder for each server."""

    def create(self, guest: Guest) -> None:
        """Make the folder with all disks and the config drive; disks that are there stay.

        Raises NoSuchImage, DiskTooSmall.
        """

    def renew(self, guest: Guest, *, keep_ephemeral: bool) -> None:
        """Make the disks and the config drive anew, as `create`; the guest must be off.

        Ephemeral and swap disks that are there stay with `keep_ephemeral`.
        """

    def drop(self, server_id: str, name: str) -> None:
        """Remove one disk that no guest uses; nothing there is fine."""

    def remove(self, server_id: str) -> None:
        """Remove the server's folder; nothing there is fine."""

    def exists(self, server_id: str) -> bool:
        """Whether the server has a folder here."""

    def owners(self) -> frozenset[str]:
        """Ids of all servers that have a folder here."""

    def images_used(self) -> frozenset[str]:
        """Ids of the cached images that disks here lie over."""


class Snapshots(Protocol):
    """Copies of root disks that become images; each has the id of its image."""

    def take(self, server_id: str, image_id: str, quiesce: Quiesce = Quiesce.NO) -> str:
        """Copy the root disk as it is at one moment; returns the format (disk_format).

        The guest goes on. With `quiesce` its agent freezes its file systems at that moment; MUST
        raises NoGuestAgent when it cannot. A copy that is there already stays. Raises NoSuchDisks.
        """

    def chunks(self, server_id: str, image_id: str) -> Iterator[bytes]:
        """The bytes of a copy. Raises NoSuchImage."""

    def drop(self, server_id: str, image_id: str) -> None:
        """Remove a copy; nothing there is fine."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageExpected:
    """What the image service says about an image before its bytes come."""

    disk_format: str
    """disk_format of the image service: qcow2, raw or iso can be used."""
    size_bytes: int | None = None
    """Exact number of bytes, if known."""
    hash_algorithm: str = ""
    """os_hash_algo of the image service, such as sha512; empty skips the check."""
    hash_value: str = ""
    max_bytes: int | None = None
    """More bytes than this are not taken."""
    max_virtual_bytes: int | None = None
    """A disk that unfolds to more than this is refused."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageSeen:
    """A cached image as it really is."""

    image_id: str
    disk_format: str
    size_bytes: int
    virtual_bytes: int


class Images(Protocol):
    """Cache of images on the host; shared by all its servers."""

    def has(self, image_id: str) -> bool:
        """Whether the whole, checked image is here."""

    def store(self, image_id: str, chunks: Iterable[bytes], expected: ImageExpected) -> ImageSeen:
        """Write the image, check it, and only then give it its name.

        An image that is here already is left alone and `chunks` is not read. Raises ImageRefused.
        """

    def list_(self) -> tuple[ImageSeen, ...]:
        """All images here, sorted by id."""

    def remove(self, image_id: str) -> None:
        """Remove an image; nothing there is fine. Raises ImageInUse while disks lie over it."""


class Consoles(Protocol):
    """What guests say and show."""

    def output(self, server_id: str, max_bytes: int) -> bytes:
        """Return the last `max_bytes` of the serial console's log; raises NoSuchGuest."""

    def address(self, server_id: str, device: str) -> ConsoleAddress:
        """Where proxies reach the guest's vnc, spice or serial console now.

        Raises NoSuchGuest, NotRunning, NoSuchConsole.
        """

    def screenshot(self, server_id: str) -> bytes:
        """What the guest's screen shows now, as PPM or PNG.

        Raises NoSuchGuest, NotRunning, and NoSuchConsole for a guest without a screen.
        """


class Diagnostics(Protocol):
    """How guests do."""

    def read(self, server_id: str) -> Diagnosis:
        """Tell what was counted of a guest that runs; raises NoSuchGuest, CannotNow."""


class Inventories(Protocol):
    """What the host has."""

    def read(self) -> Inventory:
        """Count the host's resources now."""


class Unsupported:
    """Stands in the field of a driver for what it cannot do: each call says so."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        """Answer each method with one that refuses."""
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(*_args: object, **_kwargs: object) -> NoReturn:
            raise errors.Unsupported(f"The hypervisor driver of this host cannot do this: {name}.")

        return refuse


@dataclasses.dataclass(frozen=True, kw_only=True)
class Driver:
    """A hypervisor driver: a choice of concerns."""

    name: str
    lifecycle: Lifecycle
    power: Power
    inventory: Inventories
    disks: Disks | Unsupported = dataclasses.field(default_factory=Unsupported)
    images: Images | Unsupported = dataclasses.field(default_factory=Unsupported)
    consoles: Consoles | Unsupported = dataclasses.field(default_factory=Unsupported)
    suspension: Suspension | Unsupported = dataclasses.field(default_factory=Unsupported)
    snapshots: Snapshots | Unsupported = dataclasses.field(default_factory=Unsupported)
    diagnostics: Diagnostics | Unsupported = dataclasses.field(default_factory=Unsupported)
    interfaces: Interfaces | Unsupported = dataclasses.field(default_factory=Unsupported)
    inside: Inside | Unsupported = dataclasses.field(default_factory=Unsupported)
    moves: Moves | Unsupported = dataclasses.field(default_factory=Unsupported)
    volumes: Volumes | Unsupported = dataclasses.field(default_factory=Unsupported)
    shares: Shares | Unsupported = dataclasses.field(default_factory=Unsupported)
    live: LiveMoves | Unsupported = dataclasses.field(default_factory=Unsupported)
    close: Callable[[], None] = lambda: None


CONCERNS = (
    "lifecycle", "power", "inventory", "disks", "images", "consoles", "suspension", "snapshots",
    "diagnostics", "interfaces", "inside", "moves", "volumes", "live", "shares",
)  # fmt: skip


def capabilities(driver: Driver) -> dict[str, bool]:
    """Concern > whether the driver can do it; computed, never declared."""
    return {name: not isinstance(getattr(driver, name), Unsupported) for name in CONCERNS}
