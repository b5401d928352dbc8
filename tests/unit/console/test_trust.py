# SPDX-License-Identifier: Apache-2.0
"""Whom proxies believe at hypervisors: renewals without a restart, and certificates past their end."""

import contextlib
import datetime as dt
import socket
import ssl
import threading

import msgspec
import pytest
from fixtures.cert_daemon import quick_keys
from fixtures.pki import Pki

from nova_appliance.cert import keys, reading, signing
from nova_appliance.cert.authority import Authority
from nova_appliance.cert.folder import Folder
from nova_appliance.cert.place import Place
from nova_appliance.cert.signing import Identity
from nova_appliance.common import clock
from nova_appliance.console import tls
from nova_appliance.domain.certificate import make_wish


@pytest.fixture
def pki(tmp_path):
    """Its root is a month old."""
    made = Pki(tmp_path)
    month = dt.timedelta(days=30)
    then = clock.Clock(now=lambda: clock.SYSTEM.now() - month)
    with quick_keys():
        Authority(Folder(made.folder / "authority"), then).ensure_root("root")
    made.begin()
    made.host("proxy", "127.0.0.1")
    made.host("qemu", "127.0.0.1")
    return made


class Hypervisor:
    """Asks for certificates as QEMU does; `shown` is the serial number of the last one."""

    def __init__(self, pki, place):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(place / "cert.pem", place / "key.pem")
        self._context.load_verify_locations(pki.root)
        self._context.verify_mode = ssl.CERT_OPTIONAL
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.shown = None
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self):
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                with contextlib.suppress(OSError), plain:
                    inside = self._context.wrap_socket(plain, server_side=True)
                    told = inside.getpeercert() or {}
                    self.shown = told.get("serialNumber")
                    inside.sendall(b"1")
                    inside.recv(1)

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def hypervisor(pki):
    """Makes one that shows the files of a folder."""
    with contextlib.ExitStack() as stack:

        def make(place):
            made = Hypervisor(pki, place)
            stack.callback(made.close)
            return made

        yield make


def come(hypervisor, context):
    """Whether the certificate has ended. Raises SSLError when it is not believed."""
    with (
        socket.create_connection(("127.0.0.1", hypervisor.port), 30) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as inside,
    ):
        assert inside.recv(1) == b"1"
        return tls.has_ended(inside, clock.SYSTEM.now())


def ended(pki):
    """The folder of a host whose certificate ended yesterday."""
    lasts = signing.life(clock.SYSTEM.now() - dt.timedelta(days=2), 1)
    key = keys.new()
    wish = make_wish("old", ("127.0.0.1",))
    certificate = signing.host(pki.authority.root(), key.public_key(), wish, lasts)
    pki.authority.store.keep(reading.describe(certificate))
    Place(pki.folder / "old").put(Identity(certificate, key), pki.root.read_text())
    return pki.folder / "old"


def trust(pki, *, listed=True):
    """A proxy's trust in SPICE."""
    revoked = str(pki.folder / "authority" / "crl.pem") if listed else ""
    return tls.Trust(authorities=str(pki.root), revoked=revoked).followed()


def test_a_renewed_client_certificate_is_shown_without_a_restart(pki, hypervisor):
    place = pki.folder / "proxy"
    followed = tls.Trust(
        authorities=str(pki.root), cert=str(place / "cert.pem"), key=str(place / "key.pem")
    ).followed()
    qemu = hypervisor(pki.folder / "qemu")
    come(qemu, followed.context())
    before = qemu.shown
    assert before
    pki.renew("proxy")
    come(qemu, followed.context())
    after = qemu.shown
    assert after not in (None, before)
    (place / "cert.pem").write_text("half")  # as if a renewal were under way
    come(qemu, followed.context())
    assert qemu.shown == after


def test_a_certificate_past_its_end_counts_where_a_list_is_asked(pki, hypervisor):
    old = hypervisor(ended(pki))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        come(old, trust(pki, listed=False).context())
    assert come(old, trust(pki).context()) is True
    assert come(hypervisor(pki.folder / "qemu"), trust(pki).context()) is False


def test_a_revoked_one_counts_no_more_before_its_end_or_after(pki, hypervisor):
    """The list names it for ever; and a proxy that runs takes the new list."""
    hosts = {
        name: hypervisor(place)
        for name, place in (("old", ended(pki)), ("qemu", pki.folder / "qemu"))
    }
    followed = trust(pki)
    for name, host in hosts.items():
        come(host, followed.context())
        pki.revoke(name)
        with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
            come(host, followed.context())


def test_a_list_past_its_end_counts_on(pki, hypervisor):
    lasts = signing.life(clock.SYSTEM.now() - dt.timedelta(days=9), 1)
    (found,) = pki.authority.find(name="qemu")
    gone = msgspec.structs.replace(found, revoked_at=lasts.begins, reason="key_compromise")
    made = signing.revocation_list(pki.authority.root(), [gone], 9, lasts)
    (pki.folder / "authority" / "crl.pem").write_text(signing.to_pem(made))
    with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
        come(hypervisor(pki.folder / "qemu"), trust(pki).context())
    assert come(hypervisor(ended(pki)), trust(pki).context()) is True


def test_another_authoritys_or_another_hosts_certificate_never_counts(pki, hypervisor, tmp_path):
    other = Pki(tmp_path / "other")
    other.folder.mkdir()
    place = other.begin().host("stranger", "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        come(hypervisor(place), trust(pki).context())
    place = pki.host("elsewhere", "127.0.0.9")
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        come(hypervisor(place), trust(pki).context())
