# SPDX-License-Identifier: Apache-2.0
"""nova-cert: the cluster's authority. Several may run: what they know stands in nova_api."""

from __future__ import annotations

import logging
import threading

from nova_appliance.actions.cloud import Cloud
from nova_appliance.cert import house, possession, reading, signing
from nova_appliance.cert.authority import Authority
from nova_appliance.cert.projects import Projects
from nova_appliance.cert.seal import Seal
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import services
from nova_appliance.db.cells import CELL0
from nova_appliance.domain.certificate import state
from nova_appliance.rpc import certificate_orders as orders
from nova_appliance.rpc.pins import VERSION
from nova_appliance.rpc.server import Handler, Server

LOG = logging.getLogger(__name__)
BINARY = "nova-cert"


class Service:
    """The daemon: an RPC server, and a thread that checks in and keeps the authority's house."""

    def __init__(self, cloud: Cloud) -> None:
        """Raises Invalid when nova.conf has no [certificates] secrets."""
        self._cloud = cloud
        self._options = cloud.conf.certificates
        self._host = cloud.conf.host
        self._started_at = cloud.clock.now()
        self._projects = Projects(cloud.cells.api, Seal(self._options.secrets), cloud.clock)
        self._over = threading.Event()
        handlers: dict[str, Handler] = {
            "trust": self.trust,
            "issue": self.issue,
            "revoke": self.revoke,
            "decrypt": self.decrypt,
            "renew": self.renew,
        }
        self._server = Server(cloud.conf, "cert", self._host, handlers)
        self._thread = threading.Thread(target=self._keep_house, name="cert-house", daemon=True)

    def start(self) -> None:
        """Begin to listen and to report; returns at once. Makes the root if there is none."""
        self._server.start()
        self._thread.start()

    def stop(self) -> None:
        """Answer what was asked already, then end."""
        self._over.set()
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join()

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

    def check_in(self) -> None:
        """Report this daemon once."""
        self._cloud.cells.database(CELL0).transact(
            lambda conn: services.check_in(conn, self._host, BINARY, VERSION, self._started_at)
        )

    def _authority(self, project_id: str | None) -> Authority:
        return self._projects.authority(project_id) if project_id else self._projects.root()

    def _keep_house(self) -> None:
        tidied_s = float("-inf")
        while not self._over.is_set():
            try:
                self.check_in()
                now_s = self._cloud.clock.monotonic()
                if now_s - tidied_s >= self._options.check_interval:
                    house.tidy(self._projects, self._options)
                    tidied_s = now_s
            except errors.ApplianceError as error:
                LOG.warning("cannot keep house: %s", error.message)
            except Exception:
                LOG.exception("cannot keep house")
            self._over.wait(self._cloud.conf.report_interval)
