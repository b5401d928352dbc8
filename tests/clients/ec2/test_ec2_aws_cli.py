# SPDX-License-Identifier: Apache-2.0
"""aws-cli as a person types it: the life of an instance, waiters, tables, and an error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def aws(keys, tmp_path):
    """Run `aws ec2 WORDS`; its JSON, or what it says on standard error when it is to fail."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= keys.environment() | {"HOME": str(tmp_path)}

    def run(*words, fails=False, output="json"):
        argv = [str(Path(sys.executable).with_name("aws")), "--endpoint-url", keys.url,
                "--output", output, "ec2", *words]  # fmt: skip
        done = subprocess.run(
            argv, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode != 0) == fails, (words, done.stdout, done.stderr)
        if fails:
            return done.stderr
        return json.loads(done.stdout) if output == "json" and done.stdout else done.stdout

    return run


def test_the_life_of_an_instance(aws, tmp_path):
    script = tmp_path / "u.sh"
    script.write_text("#!/bin/sh\necho hello\n")
    image = aws("describe-images", "--query", "Images[0].ImageId")
    aws("create-key-pair", "--key-name", "cli", "--query", "KeyMaterial")
    made = aws(
        "run-instances", "--image-id", image, "--instance-type", "m1.tiny", "--key-name", "cli",
        "--user-data", f"file://{script}",
    )  # fmt: skip
    (ec2_id,) = [one["InstanceId"] for one in made["Instances"]]
    aws("wait", "instance-running", "--instance-ids", ec2_id)
    shown = aws("describe-instances", "--filters", "Name=key-name,Values=cli", "--max-items", "10")
    assert [one["InstanceId"] for call in shown["Reservations"] for one in call["Instances"]] == [
        ec2_id
    ]
    assert "started" in aws("get-console-output", "--instance-id", ec2_id)["Output"]
    table = aws("describe-instances", "--instance-ids", ec2_id, output="table")
    assert ec2_id in table
    aws("terminate-instances", "--instance-ids", ec2_id)
    aws("wait", "instance-terminated", "--instance-ids", ec2_id)
    aws("delete-key-pair", "--key-name", "cli")


def test_an_error_and_a_dry_run(aws):
    said = aws("describe-instances", "--instance-ids", "i-12345678", fails=True)
    assert "(InvalidInstanceID.NotFound)" in said
    said = aws("create-key-pair", "--key-name", "x", "--dry-run", fails=True)
    assert "(DryRunOperation)" in said


def test_a_vpc_gets_its_way_out(aws):
    vpc = aws("create-vpc", "--cidr-block", "10.87.0.0/16", "--query", "Vpc.VpcId")
    query = ("--query", "InternetGateway.InternetGatewayId")
    gateway = ("--internet-gateway-id", aws("create-internet-gateway", *query))
    aws("attach-internet-gateway", *gateway, "--vpc-id", vpc)
    main = ("--filters", f"Name=vpc-id,Values={vpc}", "--query", "RouteTables[0]")
    there = aws("describe-route-tables", *main)["RouteTableId"]
    route = ("--route-table-id", there, "--destination-cidr-block", "0.0.0.0/0")
    assert aws("create-route", *route, "--gateway-id", gateway[1])["Return"] is True
    assert "(RouteAlreadyExists)" in aws(
        "create-route", *route, "--gateway-id", gateway[1], fails=True
    )
    assert aws("describe-route-tables", *main)["Routes"][1]["GatewayId"] == gateway[1]
    aws("delete-route", *route)
    aws("detach-internet-gateway", *gateway, "--vpc-id", vpc)
    aws("delete-internet-gateway", *gateway)
    aws("delete-vpc", "--vpc-id", vpc)
