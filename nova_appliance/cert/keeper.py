# SPDX-License-Identifier: Apache-2.0
"""Renews the certificates of its host before they end: a thread in whichever daemon runs there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from nova_appliance.cert import ends, files, possession, reading
from nova_appliance.cert.hosts import Terms
from nova_appliance.cert.place import Place
from nova_appliance.cert.signing import Identity
from nova_appliance.common import clock, errors
from nova_appliance.domain.certificate import needs_renewal
from nova_appliance.rpc.certificate_orders import Renew, Renewed, Trust

LOG = logging.getLogger(__name__)
SOON_S = 60.0
"""Between two looks while nova-cert does not answer."""


class Keeper:
    """Looks at each folder of [certificates] folders, at once and then from time to time."""

    def __init__(
        self,
        folders: Sequence[str],
        renew: Callable[[Renew], Renewed],
        trust: Callable[[], Trust],
        terms: Terms,
        every_s: float,
    ) -> None:
        self._places = [Place(Path(folder)) for folder in folders]
        self._renew, self._trust = renew, trust
        self._terms, self._every_s = terms, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="certificates", daemon=True)

    def start(self) -> None:
        """Begin to look; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> int:
        """Look once; how many places changed."""
        trust = self._trust()
        return sum(self._tend(place, trust) for place in self._places)

    def _warn(self) -> None:
        """Of what should have been renewed long ago, while nova-cert does not answer."""
        now = clock.SYSTEM.now()
        for end in (end for place in self._places for end in ends.of(place, now)):
            if end.state != "good":
                words = "%s: %s: %s (%s)"
                LOG.warning(words, end.folder, end.what, end.state, end.at)

    def _tend(self, place: Place, trust: Trust) -> bool:
        with files.alone(place.folder):
            held = place.held()
            if held is None:
                LOG.warning("%s: there is no certificate to renew", place.folder)
                return False
            given = reading.describe(held.certificate)
            if needs_renewal(given, clock.SYSTEM.now(), self._terms.before):
                held = self._renewed(held)
                given = reading.describe(held.certificate)
                words = "%s: certificate %s of %s renewed, it ends %s"
                LOG.info(words, place.folder, given.serial, given.name, given.not_after)
            changed = place.put(held, trust.certificate)
            return _put_later(place, trust) or changed

    def _renewed(self, held: Identity) -> Identity:
        answer = self._renew(possession.ask(held, clock.SYSTEM.now()))
        return Identity(reading.parse(answer.certificate), held.key)

    def _work(self) -> None:
        while not self._over.is_set():
            again_s = min(SOON_S, self._every_s)
            try:
                self.look()
                again_s = self._every_s
            except errors.ApplianceError as error:
                LOG.warning("certificates cannot be renewed now: %s", error.message)
            except Exception:
                LOG.exception("certificates cannot be renewed now")
            if again_s < self._every_s:
                self._warn()
            self._over.wait(again_s)


def _put_later(place: Place, trust: Trust) -> bool:
    """The deployer may have brought a list that nova-cert has not adopted yet: the later one stays."""
    try:
        there = reading.parse_list(files.read(place.folder / "crl.pem") or "")
    except errors.Invalid:
        return place.put_list(trust.revocation_list)
    given = reading.parse_list(trust.revocation_list)
    ours = reading.is_list_of(there, reading.parse(trust.certificate))
    if ours and reading.number(there) > reading.number(given):
        return False
    return place.put_list(trust.revocation_list)
