# SPDX-License-Identifier: Apache-2.0
"""[console], [consoleauth], [vnc], [spice], [serial_console]: what guests show, and the proxies."""

from __future__ import annotations

from oslo_config import cfg

_ALL = "0.0.0.0"  # noqa: S104 - people come from anywhere; the token lets them in

OPTIONS = {
    "DEFAULT": (
        cfg.BoolOpt("ssl_only", default=False, help="Proxies refuse clients without TLS."),
        cfg.StrOpt("cert", help="What proxies show clients of TLS, PEM; without it there is none."),
        cfg.StrOpt("key", help="Its key; else it is in the same file."),
    ),
    "console": (
        cfg.ListOpt("allowed_origins", default=[], help="Hosts of foreign pages that may connect."),
        cfg.IntOpt("idle_timeout", default=3600, min=0, help="Seconds without a byte; 0 never."),
        cfg.IntOpt("connections_per_server", default=16, min=1, help="At once, of one proxy."),
        cfg.StrOpt("novnc_folder", default="/usr/share/novnc", help="The noVNC library."),
        cfg.StrOpt("spice_folder", default="/usr/share/spice-html5", help="The SPICE client."),
    ),
    "consoleauth": (
        cfg.IntOpt("token_ttl", default=600, min=0, help="Seconds a token can be used."),
        cfg.BoolOpt(
            "enforce_session_timeout", default=False, help="End sessions when the token ends."
        ),
    ),
    "vnc": (
        cfg.BoolOpt("enabled", default=True, help="Guests have a VNC console."),
        cfg.HostAddressOpt("server_listen", default="127.0.0.1", help="Where QEMU listens."),
        cfg.HostAddressOpt(
            "server_proxyclient_address", default="127.0.0.1", help="Where proxies find it."
        ),
        cfg.StrOpt(
            "novncproxy_base_url", default="http://127.0.0.1:6080/vnc_auto.html", help="Page."
        ),
        cfg.HostAddressOpt("novncproxy_host", default=_ALL, help="Listen address."),
        cfg.PortOpt("novncproxy_port", default=6080, help="Listen port."),
        cfg.StrOpt("xvpvncproxy_base_url", default="http://127.0.0.1:6081/console", help="URL."),
        cfg.HostAddressOpt("xvpvncproxy_host", default=_ALL, help="Listen address."),
        cfg.PortOpt("xvpvncproxy_port", default=6081, help="Listen port."),
        cfg.ListOpt(
            "auth_schemes",
            default=["none"],
            help="How proxies reach QEMU: vencrypt, none; the better one first.",
        ),
        cfg.StrOpt("vencrypt_ca_certs", default="", help="Who vouches for QEMU, PEM."),
        cfg.StrOpt("vencrypt_client_cert", default="", help="What proxies show QEMU, PEM."),
        cfg.StrOpt("vencrypt_client_key", default="", help="Its key."),
    ),
    "spice": (
        cfg.BoolOpt("enabled", default=False, help="Guests have a SPICE console."),
        cfg.BoolOpt(
            "require_secure",
            default=False,
            help="QEMU's SPICE listens with TLS alone; its qemu.conf needs spice_tls = 1.",
        ),
        cfg.StrOpt(
            "ca_certs",
            default="",
            help="Who vouches for QEMU's TLS port, PEM; else it is not used.",
        ),
        cfg.StrOpt(
            "revocation_list",
            default="",
            help="Their revocation list, PEM. With it QEMU's certificate counts also after its end, "
            "until it is revoked: a guest shows the one of its start for as long as it runs.",
        ),
        cfg.BoolOpt("agent_enabled", default=True, help="Guests have the SPICE agent's channel."),
        cfg.HostAddressOpt("server_listen", default="127.0.0.1", help="Where QEMU listens."),
        cfg.HostAddressOpt(
            "server_proxyclient_address", default="127.0.0.1", help="Where proxies find it."
        ),
        cfg.StrOpt(
            "html5proxy_base_url", default="http://127.0.0.1:6082/spice_auto.html", help="Page."
        ),
        cfg.HostAddressOpt("html5proxy_host", default=_ALL, help="Listen address."),
        cfg.PortOpt("html5proxy_port", default=6082, help="Listen port."),
        cfg.StrOpt(
            "spice_direct_proxy_base_url",
            default="http://127.0.0.1:13002/nova",
            help="URL of the operator's own proxy for SPICE clients (2.99).",
        ),
    ),
    "serial_console": (
        cfg.BoolOpt("enabled", default=False, help="Serial ports of guests can be reached."),
        cfg.BoolOpt(
            "require_secure",
            default=False,
            help="QEMU's serial ports want TLS and a certificate; its qemu.conf needs "
            "default_tls_x509_cert_dir or chardev_tls_x509_cert_dir, and verification on.",
        ),
        cfg.StrOpt(
            "ca_certs",
            default="",
            help="Who vouches for QEMU's ports with TLS, PEM; else no way in.",
        ),
        cfg.StrOpt("client_cert", default="", help="What the proxy shows QEMU, PEM."),
        cfg.StrOpt("client_key", default="", help="Its key; else it is in the same file."),
        cfg.StrOpt("revocation_list", default="", help="As that of [spice]."),
        cfg.StrOpt(
            "port_range",
            default="10000:20000",
            regex=r"^\d+:\d+$",
            help="Ports for serial consoles, the last one not included.",
        ),
        cfg.StrOpt("base_url", default="ws://127.0.0.1:6083/", help="URL of the proxy."),
        cfg.HostAddressOpt(
            "proxyclient_address",
            default="127.0.0.1",
            help="Where QEMU listens and proxies find it.",
        ),
        cfg.HostAddressOpt("serialproxy_host", default=_ALL, help="Listen address."),
        cfg.PortOpt("serialproxy_port", default=6083, help="Listen port."),
    ),
}
