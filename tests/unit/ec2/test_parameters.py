# SPDX-License-Identifier: Apache-2.0
"""Parameters > dictionary: whatever botocore's own serializer writes is read back; no crash."""

import functools

import botocore.session
import hypothesis.strategies as st
import pytest
from botocore.serialize import EC2Serializer
from hypothesis import HealthCheck, given, settings

from nova_appliance.ec2 import model, parameters, relics
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.routes import ROUTES

MODEL = model.load(ROUTES)
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20
)


@functools.cache
def service():
    return botocore.session.Session().get_service_model("ec2", "2016-11-15")


def values(shape, depth=0):
    """Values of a shape as a caller of boto3 would give them."""
    kinds = {
        "string": TEXT, "boolean": st.booleans(), "integer": st.integers(-(2**31), 2**31),
        "long": st.integers(-(2**60), 2**60), "blob": st.binary(max_size=20),
        "float": st.floats(-1e6, 1e6), "double": st.floats(-1e6, 1e6),
        "timestamp": st.datetimes().map(lambda t: t.replace(microsecond=0)),
    }  # fmt: skip
    if shape.type_name == "list":
        return st.lists(values(shape.member, depth + 1), min_size=1, max_size=3)
    if shape.type_name != "structure":
        return kinds[shape.type_name]
    members = {
        name: values(member, depth + 1)
        for name, member in shape.members.items()
        if depth < 3 or member.type_name not in ("structure", "list")
    }
    needed = {name: members[name] for name in shape.required_members if name in members}
    optional = {k: v for k, v in list(members.items())[:6] if k not in needed}
    found = st.fixed_dictionaries(needed, optional=optional)
    # a structure without fields has no form on the wire
    return found.map(without_empty).filter(bool) if depth else found.map(without_empty)


def without_empty(value):
    return {k: v for k, v in value.items() if v not in ({}, [])}


NAMES = st.sampled_from(sorted(ROUTES.keys() - relics.CALLS["operations"].keys()))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_botocore_writes_is_read_back(data):
    name = data.draw(NAMES)
    operation = service().operation_model(name)
    wanted = data.draw(values(operation.input_shape))
    body = EC2Serializer().serialize_to_request(wanted, operation)["body"]
    own = ("Action", "Version")
    pairs = [(key, _wire(value)) for key, value in body.items() if key not in own]
    assert parameters.parse(MODEL, MODEL.operations[name], pairs) == wanted


def _wire(value):
    return value if isinstance(value, str) else str(value).lower()


PART = st.one_of(
    st.sampled_from(
        ["Filter", "1", "2", "Name", "Value", "InstanceId", "", "0", "-1", "MaxResults"]
    ),
    st.text(max_size=5),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.lists(PART, max_size=6).map(".".join), st.text(max_size=10)), max_size=8)
)
def test_no_parameters_at_all_make_it_crash(pairs):
    refusals = {
        "UnknownParameter",
        "InvalidParameterValue",
        "InvalidParameterCombination",
        "InvalidCharacter",
    }
    try:
        parsed = parameters.parse(MODEL, MODEL.operations["DescribeInstances"], pairs)
    except Fault as fault:
        code = fault.code
    else:
        code = "" if isinstance(parsed, dict) else "no dictionary"
    assert code in {"", *refusals}


def read(name, *pairs):
    return parameters.parse(MODEL, MODEL.operations[name], pairs)


def test_lists_are_ordered_by_number_with_gaps():
    found = read(
        "DescribeInstances", ("InstanceId.10", "c"), ("InstanceId.2", "b"), ("InstanceId.1", "a")
    )
    assert found == {"InstanceIds": ["a", "b", "c"]}


def test_values_are_never_guessed():
    found = read(
        "DescribeKeyPairs", ("KeyName.1", "0123"), ("KeyName.2", "None"), ("KeyName.3", "true")
    )
    assert found == {"KeyNames": ["0123", "None", "true"]}


def test_a_single_value_may_be_numbered_as_boto_2_does():
    assert read("GetConsoleOutput", ("InstanceId.1", "i-1")) == {"InstanceId": "i-1"}


@pytest.mark.parametrize("value", ["", "1.0", "0x1", "\u0661", "9" * 30, " 1", "1_000"])
def test_a_number_is_a_number(value):
    with pytest.raises(Fault) as caught:
        read("DescribeInstances", ("MaxResults", value))
    assert caught.value.code == "InvalidParameterValue"


@pytest.mark.parametrize("value", ["***", "a", "YQ=", "é"])
def test_base64_is_base64(value):
    with pytest.raises(Fault) as caught:
        read("ImportKeyPair", ("KeyName", "k"), ("PublicKeyMaterial", value))
    assert caught.value.code == "InvalidParameterValue"
