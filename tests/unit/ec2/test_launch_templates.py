# SPDX-License-Identifier: Apache-2.0
"""What a launch template may say is what RunInstances takes, and what describing it can tell."""

import pytest

from nova_appliance.ec2 import model
from nova_appliance.ec2.actions.launch_template_versions import BUILT
from nova_appliance.ec2.routes import ROUTES

MODEL = model.load(ROUTES)
ASKED = MODEL.shapes["RequestLaunchTemplateData"]


def paths(shape, at="", around=()):
    """Every field below a structure."""
    if shape.type == "list":
        yield from paths(MODEL.shapes[shape.member.shape], at, around)
    for name, member in shape.members.items():
        yield f"{at}.{name}"
        if member.shape not in around:
            yield from paths(MODEL.shapes[member.shape], f"{at}.{name}", (*around, member.shape))


def of(shape):
    return {path for path in paths(shape) if path.split(".")[1] in BUILT}


@pytest.mark.parametrize("where", ["RunInstancesRequest", "ResponseLaunchTemplateData"])
def test_each_field_is_there_too(where):
    assert of(ASKED) - of(MODEL.shapes[where]) == set()
    assert {path.split(".")[1] for path in of(ASKED)} == BUILT
