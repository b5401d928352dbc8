# SPDX-License-Identifier: Apache-2.0
"""nova-cert: the cluster's authority. Several may run: what they know stands in nova_api."""

from __future__ import annotations

import logging

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.daemon import Daemon
from nova_appliance.cert import house, possession, reading, signing
from nova_appliance.cert.authority import Authority
from nova_appliance.cert.projects import Projects
from nova_appliance.cert.seal import Seal
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.certificate import state
from nova_appliance.rpc import certificate_orders as orders
from nova_appliance.rpc.server import Handler

LOG = logging.getLogger(__name__)
BINARY = "nova-cert"


class Service:
    """The daemon: signs, revokes, and keeps the authority's house."""

    def __init__(self, cloud: Cloud) -> None:
        """Raises Invalid when nova.conf has no [certificates] secrets."""
        self._cloud = cloud
        self._options = cloud.conf.certificates
        self._projects = Projects(cloud.cells.api, Seal(self._options.secrets), cloud.clock)
        self._tidied_s = float("-inf")
        handlers: dict[str, Handler] = {
            "trust": self.trust,
            "issue": self.issue,
            "revoke": self.revoke,
            "decrypt": self.decrypt,
            "renew": self.renew,
        }
        self._daemon = Daemon(cloud, BINARY, handlers, self._tidy)

    def start(self) -> None:
        """Begin to listen and to report; returns at once. Makes the root if there is none."""
        self._daemon.start()

    def stop(self) -> None:
        """Answer what was asked already, then end."""
        self._daemon.stop()

    def check_in(self) -> None:
        """Report this daemon once."""
        self._daemon.check_in()

    def trust(self, _context: RequestContext, order: orders.TrustAsked) -> orders.Trust:
        """See rpc/calls/cert.py."""
        house.ensure_root(self._projects, self._options)
        authority = self._authority(order.project_id)
        authority.refresh_list(self._options.crl_days)
        made = authority.store.revocation_list()
        return orders.Trust(
            certificate=signing.to_pem(authority.root().certificate),
            revocation_list=signing.to_pem(made) if made is not None else "",
        )

    def issue(self, _context: RequestContext, order: orders.IssueForUser) -> orders.IssuedForUser:
        """See rpc/calls/cert.py."""
        house.ensure_root(self._projects, self._options)
        return self._projects.issue(order.user_id, order.project_id, self._options.user_days)

    def revoke(
        self, _context: RequestContext, order: orders.RevokeForUsers
    ) -> orders.RevokedCertificates:
        """See rpc/calls/cert.py."""
        ended = self._projects.revoke(order.user_id, order.project_id)
        LOG.info("%d certificates of users ended", ended)
        return orders.RevokedCertificates(certificates=ended)

    def decrypt(self, _context: RequestContext, order: orders.Decrypt) -> orders.Decrypted:
        """See rpc/calls/cert.py."""
        return orders.Decrypted(text=self._projects.decrypt(order.project_id, order.text))

    def renew(self, _context: RequestContext, order: orders.Renew) -> orders.Renewed:
        """See rpc/calls/cert.py: the holder of a host's certificate gets the next one."""
        now = self._cloud.clock.now()
        certificate, root = possession.check(order, now), self._projects.root()
        given = reading.describe(certificate)
        wish = reading.wish(certificate)
        if not wish.uses or not root.is_ours(certificate) or state(given, now) != "valid":
            raise errors.Forbidden("Only a certificate of this authority that counts is renewed.")
        made = root.issue(wish, reading.public_key(certificate), self._options.host_days)
        LOG.info(
            "host %s: certificate %s follows %s", given.name, reading.serial(made), given.serial
        )
        return orders.Renewed(
            certificate=signing.to_pem(made), authority=signing.to_pem(root.root().certificate)
        )

    def _authority(self, project_id: str | None) -> Authority:
        return self._projects.authority(project_id) if project_id else self._projects.root()

    def _tidy(self) -> None:
        now_s = self._cloud.clock.monotonic()
        if now_s - self._tidied_s >= self._options.check_interval:
            house.tidy(self._projects, self._options)
            self._tidied_s = now_s
