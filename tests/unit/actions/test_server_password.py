# SPDX-License-Identifier: Apache-2.0
"""The password that a guest tells once."""

import types

import pytest
from fixtures.cells import make_cells, make_server, put

from nova_appliance.actions import find_server, server_password
from nova_appliance.common import errors


def test_a_password_is_kept_once_and_forgotten(tmp_path):
    cells = make_cells(lambda name: f"sqlite:///{tmp_path}/{name}.sqlite")
    cloud = types.SimpleNamespace(cells=cells)
    (server,) = put(cells, make_server(1, system_metadata={"other": "1"}))
    server_password.write(cloud, server, "c2VjcmV0")
    server = find_server.by_id(cloud, server.id)
    assert server_password.read(server) == "c2VjcmV0"
    with pytest.raises(errors.Conflict, match="already"):
        server_password.write(cloud, server, "b3RoZXI=")
    with pytest.raises(errors.Invalid):
        server_password.write(cloud, server, "x" * 1021)
    server_password.clear(cloud, server)
    server = find_server.by_id(cloud, server.id)
    assert server_password.read(server) == ""
    assert server.system_metadata == {"other": "1"}
