"""The examples for many machines are what their schedulers take, and run commands that there are."""

from __future__ import annotations

import ast
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from bench.stub import target_of

HERE = Path(__file__).parents[2] / "examples" / "many-machines"
BATCH = ["aws-batch-stage.json", "aws-batch-commit.json"]


def jobs() -> list[dict[str, Any]]:
    """Return the Jobs of the Kubernetes example."""
    return list(yaml.safe_load_all((HERE / "kubernetes.yaml").read_text()))


def commands() -> list[str]:
    """Return the command lines of all examples."""
    of_batch = [json.loads((HERE / name).read_text())["containerOverrides"]["command"] for name in BATCH]
    of_pods = [job["spec"]["template"]["spec"]["containers"][0]["command"] for job in jobs()]
    listed = [one[2] if one[0] == "sh" else shlex.join(one) for one in [*of_batch, *of_pods]]
    text = (HERE / "airflow_dag.py").read_text()
    return [*listed, *(f"target-redshift-copy {said}" for said in re.findall(r"\{TARGET\} ([^\"]*)\"", text))]


@pytest.mark.parametrize("name", BATCH)
def test_aws_batch_takes_the_job(name: str) -> None:
    """`aws batch submit-job --cli-input-json file://..` checks its input by the model of the service."""
    shape = botocore.session.get_session().get_service_model("batch").operation_model("SubmitJob").input_shape
    report = ParamValidator().validate(json.loads((HERE / name).read_text()), shape)
    assert not report.has_errors(), report.generate_report()


def test_the_kubernetes_jobs_are_complete() -> None:
    """An Indexed Job has completions, and its pods do not restart by themselves beside backoffLimitPerIndex."""
    stage, commit = jobs()
    for job in (stage, commit):
        assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
        assert job["metadata"]["name"]
        pod = job["spec"]["template"]["spec"]
        assert pod["restartPolicy"] == "Never"
        mounts = {one["name"] for container in pod["containers"] for one in container["volumeMounts"]}
        assert mounts == {one["name"] for one in pod["volumes"]}
    assert (stage["spec"]["completionMode"], stage["spec"]["completions"]) == ("Indexed", 1000)
    assert "completionMode" not in commit["spec"]


@pytest.mark.parametrize("name", ["airflow_dag.py", "make_work_list.py"])
def test_the_python_examples_compile(name: str) -> None:
    """As Python of the oldest version that the targets take."""
    ast.parse((HERE / name).read_text(), feature_version=(3, 10))


def test_the_commands_have_the_options_of_the_targets() -> None:
    """Each option of an example is one of the target's."""
    found = commands()
    assert len(found) == 6
    for command in found:
        words = shlex.split(command.replace("exec ", ""))
        name = "redshift" if words[0] == "target-redshift-copy" else "snowflake"
        known = {option for one in target_of(name).get_singer_command().params for option in one.opts}
        assert {word for word in words if word.startswith("--")} <= known, command


def test_a_work_list_of_a_bucket(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What make_work_list.py prints is a work list, in the order of keys, with ETags as receipts have them."""
    import boto3
    from singer_bulk.receipts.work_list import work_list_of

    pages = [{"Contents": [{"Key": "in/a", "ETag": '"1"'}, {"Key": "in/b", "ETag": '"2"'}]}, {}]

    class Client:
        def get_paginator(self, name: str) -> Client:
            assert name == "list_objects_v2"
            return self

        def paginate(self, **wanted: str) -> list[dict[str, Any]]:
            assert wanted == {"Bucket": "bucket", "Prefix": "in/"}
            return pages

    monkeypatch.setattr(boto3, "client", lambda service: Client())
    monkeypatch.setattr(sys, "argv", ["make_work_list.py", "bucket", "in/", "today"])
    namespace: dict[str, Any] = {"__name__": "example"}
    exec(compile((HERE / "make_work_list.py").read_text(), "make_work_list.py", "exec"), namespace)
    namespace["main"]()
    work = work_list_of(capsys.readouterr().out.encode(), "")
    assert [(part.source, part.version) for part in work.parts] == [
        ("s3://bucket/in/a", "etag:1"),
        ("s3://bucket/in/b", "etag:2"),
    ]
    assert work.first_number(1) > work.first_number(0)
