"""The examples of docs/sign-in/staging.md, which the file is sent by."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from singer_bulk.model.declared import read
from singer_bulk.stage.s3 import S3Stage, s3_client
from singer_bulk.stage.s3_settings import S3Settings
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.aws_endpoint import ACCOUNT, Aws, Trust
from tests.house import TOP

PAGE = TOP / "docs" / "sign-in" / "staging.md"
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)]
NEEDED: dict[Any, dict[str, str]] = {
    TargetRedshiftCopy: {"host": "h", "user": "u", "database": "d"},
    TargetSnowflakeStage: {"account": "a", "user": "u", "database": "d"},
}
# Setting -> the header of a request that says it.
HEADERS = {
    "s3_server_side_encryption": "x-amz-server-side-encryption",
    "s3_kms_key_id": "x-amz-server-side-encryption-aws-kms-key-id",
    "s3_bucket_key_enabled": "x-amz-server-side-encryption-bucket-key-enabled",
    "s3_acl": "x-amz-acl",
    "s3_request_payer": "x-amz-request-payer",
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: "-".join(list(example)[1:]))
def test_examples_of_the_page(aws: Aws, tmp_path: Path, example: dict[str, Any]) -> None:
    """Both targets take each example, and the request of a file says what it says."""
    (tmp_path / "config").write_text(
        "[profile etl]\nregion = eu-west-1\naws_access_key_id = AKIALOADER\naws_secret_access_key = secret\n"
    )
    if "s3_role_arn" in example:
        by = f"arn:aws:iam::{ACCOUNT}:user/loader"
        aws.roles[example["s3_role_arn"]] = Trust(by, example["s3_external_id"])
    for target, needed in NEEDED.items():
        given = read(S3Settings, target(config={**needed, **example}).config)
    if aside := example.keys() & {"s3_endpoint_url", "s3_use_fips_endpoint", "s3_proxy_url"}:
        _is_reached(given, example, *aside)
        return
    S3Stage(given, 1 << 20, aws.clock).put("a", b"x")
    (headers,) = aws.headers
    for setting, header in HEADERS.items():
        assert headers.get(header) == (str(example[setting]).replace("True", "true") if setting in example else None)
    assert ("x-amz-checksum-sha256" in headers) == ("s3_checksum_algorithm" in example)
    assert ("x-amz-security-token" in headers) == ("s3_role_arn" in example)


def _is_reached(given: S3Settings, example: dict[str, Any], aside: str) -> None:
    """Where the request would go to, without a server there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL")
        client = s3_client(given)
        url = client.generate_presigned_url("get_object", Params={"Bucket": "my-bucket", "Key": "a"})
    wanted = {
        "s3_endpoint_url": "https://s3.example/my-bucket/a?",
        "s3_use_fips_endpoint": "https://my-bucket.s3-fips.dualstack.us-east-1.amazonaws.com/a?",
        "s3_proxy_url": "https://my-bucket.s3.amazonaws.com/a?",
    }
    assert url.startswith(wanted[aside])
    assert (client.meta.config.proxies or {}).get("https") == example.get("s3_proxy_url")


def test_a_file_in_parts(aws: Aws) -> None:
    """Each part says its checksum and who pays, the file's beginning how it is encrypted; the end has the checksums."""
    said: list[tuple[str, dict[str, Any]]] = []

    class Client:
        def __getattr__(self, call: str) -> Any:
            def answer(**arguments: Any) -> dict[str, Any]:
                said.append((call, {name: value for name, value in arguments.items() if name != "Body"}))
                return {"UploadId": "u", "ETag": "e", "ChecksumSHA256": "sum"}

            return answer

    given = S3Settings(bucket="b", encryption="AES256", checksum="SHA256", request_payer="requester")
    stage = S3Stage(given, 64 << 20, aws.clock)
    stage._made = Client()
    file = stage.open("a")
    file.write(bytes(9 << 20))
    file.close()
    stage.wait(["a"])
    payer, key = {"Bucket": "b", "RequestPayer": "requester"}, {"Key": "a"}
    sums = {"ChecksumAlgorithm": "SHA256"}
    part = {"ETag": "e", "ChecksumSHA256": "sum"}
    assert said == [
        ("create_multipart_upload", {**payer, **sums, "ServerSideEncryption": "AES256", **key}),
        ("upload_part", {**payer, **sums, **key, "UploadId": "u", "PartNumber": 1}),
        (
            "complete_multipart_upload",
            {**payer, **key, "UploadId": "u", "MultipartUpload": {"Parts": [{"PartNumber": 1, **part}]}},
        ),
    ]
