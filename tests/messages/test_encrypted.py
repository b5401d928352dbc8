# SPDX-License-Identifier: Apache-2.0
"""The broker and the database as a cluster with TLS runs them, by the options of the roles themselves."""

import ssl
from pathlib import Path

import jinja2
import kombu
import pymysql
import pytest
import sqlalchemy as sa
import yaml
from fixtures.mariadb import Mariadb
from fixtures.pki import Pki
from fixtures.rabbitmq import Rabbitmq

from nova_appliance.common import errors, ids
from nova_appliance.common.context import for_background
from nova_appliance.conf import load
from nova_appliance.db.engines import Database
from nova_appliance.rpc import orders
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.server import Server
from nova_appliance.rpc.transport import open_transport

ROLES = Path(__file__).parents[2] / "roles"
HOST = "host1"


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki")).begin()
    made.host("controller", "127.0.0.1")
    return made


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """The root of another authority."""
    return Pki(tmp_path_factory.mktemp("stranger")).begin().root


@pytest.fixture(scope="module")
def broker(tmp_path_factory, pki):
    rows = yaml.safe_load((ROLES / "rabbitmq/vars/main.yml").read_text())["__rabbitmq_tls"]

    def options(port):
        told = {"rabbitmq_address": "127.0.0.1", "rabbitmq_certificates": pki.folder / "controller"}
        lines = (
            f"{option} = {jinja2.Template(value).render(told)}" for option, value in rows.items()
        )
        return "\n".join(lines).replace(":5671", f":{port}") + "\n"

    made = Rabbitmq(tmp_path_factory.mktemp("rabbit"), options).start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def database(tmp_path_factory, pki):
    template = (ROLES / "mariadb/templates/appliance.cnf.j2").read_text()
    options = jinja2.Template(template).render(
        mariadb_address="127.0.0.1", mariadb_members=["127.0.0.1"], mariadb_config={},
        mariadb_max_connections=50, mariadb_buffer_pool_mib=64,
        mariadb_certificates=pki.folder / "controller",
    )  # fmt: skip
    made = Mariadb(tmp_path_factory.mktemp("mariadb"), options, pki.root).start()
    yield made
    made.stop()


def test_orders_cross_the_encrypted_bus(broker, pki):
    conf = load.load()
    open_transport(conf, broker.url).cleanup()  # registers the options
    for option, value in {"ssl": True, "ssl_ca_file": str(pki.root)}.items():
        conf.set_override(option, value, "oslo_messaging_rabbit")
    handlers = {"console_output": lambda _context, order: orders.Output(text="x" * order.max_bytes)}
    host = Server(conf, "compute", HOST, handlers, broker.url)
    client = Client(conf).at(broker.url)
    host.start()
    order = orders.ConsoleOutput(server_id=ids.new_id(), max_bytes=3)
    assert client.call("compute", "console_output", order, for_background(), HOST).text == "xxx"
    client.close()
    host.stop()


def test_a_broker_of_another_authority_is_not_spoken_to(broker, pki, stranger):
    """As oslo.messaging has kombu do it, without its patience."""
    url = broker.url.replace("rabbit:", "amqp:")
    with kombu.Connection(url, ssl=known_by(pki.root)) as one:
        assert one.connect().connected
    with pytest.raises(ssl.SSLCertVerificationError):
        kombu.Connection(url, ssl=known_by(stranger)).connect()
    with pytest.raises(ConnectionError):
        kombu.Connection(url).connect()


def known_by(root):
    return {"ca_certs": str(root), "cert_reqs": ssl.CERT_REQUIRED}


def test_rows_cross_an_encrypted_wire_and_nobody_else_comes_in(database, pki, stranger):
    url = database.url("nova")
    with Database(f"{url}&ssl_ca={pki.root}").read() as conn:
        cipher = conn.execute(sa.text("SHOW STATUS LIKE 'Ssl_cipher'")).one()
    assert cipher.Value
    with (
        pytest.raises(errors.Unavailable),
        Database(f"{url}&ssl_ca={stranger}").read() as conn,
    ):
        conn.execute(sa.text("SELECT 1"))
    with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
        pymysql.connect(host="127.0.0.1", port=database.port, user="root", ssl_disabled=True)
