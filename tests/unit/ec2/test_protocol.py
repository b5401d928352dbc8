# SPDX-License-Identifier: Apache-2.0
"""The query protocol end to end: versions, errors to the letter, hostile requests."""

import pytest

from nova_appliance.ec2 import model
from nova_appliance.ec2.routes import ROUTES


def test_an_answer_is_in_the_version_asked_for(ec2):
    for version in ("2009-11-30", "2014-10-01", "2016-11-15"):
        signed = ec2.signed() | {"Version": version, "Action": "DescribeRegions"}
        body = ec2.app.post("/", signed).body.decode()
        assert f'xmlns="http://ec2.amazonaws.com/doc/{version}/"' in body
        assert "<regionName>RegionOne</regionName>" in body
        assert body.index("<requestId>") < body.index("<regionInfo>")


@pytest.mark.parametrize("version", ["2008-01-01", "2099-01-01", "nonsense", '"><x'])
def test_an_unknown_version_is_refused(ec2, version):
    signed = ec2.signed() | {"Version": version, "Action": "DescribeRegions"}
    answer = ec2.app.post("/", signed, status=400)
    assert "<Code>NoSuchVersion</Code>" in answer.text


def test_an_error_has_ec2s_shape(ec2):
    status, root = ec2.ask(Action="Nonsense")
    assert status == 400
    assert root.tag == "Response"
    assert root.findtext("Errors/Error/Code") == "InvalidAction"
    assert "Nonsense" in root.findtext("Errors/Error/Message")
    assert root.findtext("RequestID").startswith("req-")


def test_an_action_of_ec2_that_is_not_built_says_so(ec2):
    assert ec2.code(Action="CreateVpnConnection") == (400, "UnsupportedOperation")


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, (400, "MissingAction")),
        ({"Action": "RunInstances"}, (400, "MissingParameter")),
        ({"Action": "DescribeRegions", "Foo": "1"}, (400, "UnknownParameter")),
        ({"Action": "DescribeRegions", "Filter.x.Name": "1"}, (400, "UnknownParameter")),
        ({"Action": "DescribeRegions", ".": "1"}, (400, "UnknownParameter")),
        ({"Action": "DescribeRegions", "Filter..Name": "1"}, (400, "UnknownParameter")),
        ({"Action": "DescribeRegions", "a" + ".a" * 100: "1"}, (400, "UnknownParameter")),
        ({"Action": "DescribeRegions", "DryRun": "maybe"}, (400, "InvalidParameterValue")),
        ({"Action": "DescribeRegions", "DryRun": "true"}, (412, "DryRunOperation")),
        ({"Action": "DescribeInstances", "MaxResults": "4"}, (400, "InvalidParameterValue")),
        ({"Action": "DescribeInstances", "MaxResults": "1e3"}, (400, "InvalidParameterValue")),
        ({"Action": "DescribeInstances", "NextToken": "x"}, (400, "InvalidNextToken")),
        ({"Action": "DescribeInstances", "NextToken": "ë"}, (400, "InvalidNextToken")),
        ({"Action": "DescribeInstances", "NextToken": "eyJhIjogMX0="}, (400, "InvalidNextToken")),
        (
            {"Action": "DescribeInstances", "InstanceId.1": "i-12345678", "MaxResults": "5"},
            (400, "InvalidParameterCombination"),
        ),
        ({"Action": "DescribeKeyPairs", "KeyName.1": "a\x00b"}, (400, "InvalidCharacter")),
    ],
)
def test_wrong_parameters_are_refused(ec2, params, code):
    assert ec2.code(**params) == code


MALFORMED = {
    "DescribeInstances": ("InstanceId.1", "InvalidInstanceID"),
    "DescribeImages": ("ImageId.1", "InvalidAMIID"),
    "DescribeVpcs": ("VpcId.1", "InvalidVpcID"),
    "DescribeSubnets": ("SubnetId.1", "InvalidSubnetID"),
    "DescribeNetworkInterfaces": ("NetworkInterfaceId.1", "InvalidNetworkInterfaceID"),
    "TerminateInstances": ("InstanceId.1", "InvalidInstanceID"),
    "GetConsoleOutput": ("InstanceId", "InvalidInstanceID"),
}
PREFIX = {"InvalidInstanceID": "i", "InvalidAMIID": "ami", "InvalidVpcID": "vpc",
          "InvalidSubnetID": "subnet", "InvalidNetworkInterfaceID": "eni"}  # fmt: skip


@pytest.mark.parametrize("action", MALFORMED)
@pytest.mark.parametrize("tail", ["", "1", "123456789", "1234567g", "0" * 18, "ABCDEF12", "é"])
def test_a_malformed_id_is_told_from_an_unknown_one(ec2, action, tail):
    name, family = MALFORMED[action]
    told = f"{PREFIX[family]}-{tail}"
    assert ec2.code(Action=action, **{name: told}) == (400, f"{family}.Malformed")


@pytest.mark.parametrize("action", MALFORMED)
@pytest.mark.parametrize("tail", ["1234abcd", "0123456789abcdef0"])
def test_an_unknown_id_has_the_code_that_waiters_know(ec2, action, tail):
    name, family = MALFORMED[action]
    told = f"{PREFIX[family]}-{tail}"
    assert ec2.code(Action=action, **{name: told}) == (400, f"{family}.NotFound")


def test_unknown_names_have_the_codes_that_waiters_know(ec2):
    keys = ec2.code(Action="DescribeKeyPairs", **{"KeyName.1": "no"})
    assert keys == (400, "InvalidKeyPair.NotFound")
    groups = ec2.code(Action="DescribeSecurityGroups", **{"GroupName.1": "no"})
    assert groups == (400, "InvalidGroup.NotFound")
    address = ec2.code(Action="DescribeAddresses", **{"PublicIp.1": "192.0.2.1"})
    assert address == (400, "InvalidAddress.NotFound")


def test_ten_thousand_filters_are_refused(ec2):
    pairs = [(f"Filter.{n}.{part}", "x") for n in range(1, 10_001) for part in ("Name", "Value.1")]
    assert ec2.code(pairs, Action="DescribeInstances") == (400, "FilterLimitExceeded")
    few = [("Filter.1.Name", "image-id"), *((f"Filter.1.Value.{n}", "x") for n in range(1, 300))]
    assert ec2.code(few, Action="DescribeInstances") == (400, "FilterLimitExceeded")


def test_a_megabyte_of_parameters_is_refused_before_it_is_read(ec2):
    status, code = ec2.code(Action="DescribeInstances", Foo="x" * 1024**2)
    assert (status, code) == (413, "RequestEntityTooLarge")
    status, code = ec2.code([(f"A{n}", "") for n in range(60_000)], Action="DescribeInstances")
    assert (status, code) == (400, "MalformedQueryString")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"Action=%ff%fe", b"a=1&a=2", b"{}"])
def test_what_is_no_form_is_refused(ec2, body):
    answer = ec2.app.post("/", body, status=400)
    assert answer.content_type == "text/xml"


def test_another_method_or_media_type_is_refused(ec2):
    assert ec2.app.put("/", "", status=405)
    assert ec2.app.post("/", "{}", content_type="application/json", status=400)


def test_a_parameter_given_twice_is_refused(ec2):
    pairs = [("KeyName.1", "a"), ("KeyName.1", "b")]
    assert ec2.code(pairs, Action="DescribeKeyPairs") == (400, "InvalidParameterCombination")
    assert ec2.tokens.asked == []  # before a signature could cover only one of them


def test_a_reader_changes_nothing(ec2):
    ec2.tokens.roles = ("reader",)
    assert ec2.code(Action="CreateKeyPair", KeyName="k") == (403, "UnauthorizedOperation")
    assert ec2.code(Action="DescribeKeyPairs") == (200, None)
    ec2.tokens.roles = ()
    assert ec2.code(Action="DescribeKeyPairs") == (403, "UnauthorizedOperation")


def test_what_nobody_foresaw_tells_nothing(ec2, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(ec2.rows, "list_", broken)
    status, root = ec2.ask(Action="DescribeSecurityGroups")
    assert (status, root.findtext("Errors/Error/Code")) == (500, "InternalError")
    assert "secret" not in root.findtext("Errors/Error/Message")


def test_a_bad_signature_is_refused_before_anything_else(ec2):
    ec2.tokens.refuse = True
    assert ec2.code(Action="Nonsense") == (401, "AuthFailure")


@pytest.mark.parametrize("name", ["a<b>&\"'", "]]>", "x" * 255, "&amp;"])
def test_hostile_names_come_back_as_they_went(ec2, name):
    status, root = ec2.ask(Action="CreateKeyPair", KeyName=name)
    assert (status, root.findtext("keyName")) == (200, name)
    status, root = ec2.ask(Action="DescribeKeyPairs", **{"KeyName.1": name})
    assert [one.text for one in root.iter("keyName")] == [name]


def test_the_model_is_cut_to_what_the_actions_need():
    part = model.load(["DescribeRegions"])
    assert set(part.operations) == {"DescribeRegions"}
    assert len(part.shapes) < 20
    assert "RunInstances" in part.known


def test_every_action_is_one_of_ec2s():
    assert ROUTES.keys() <= model.load(ROUTES).known
