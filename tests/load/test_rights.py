"""Who has exactly the rights that docs/rights.md has for a feature loads; without any one of them the run says so.

The whole table takes minutes, so `make test` tries one feature on each warehouse, with a few rights taken away.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from singer_bulk.errors import StageError
from singer_bulk.model.rights import Lack, Right
from singer_bulk.stage.owner import RunStage
from singer_bulk.stage.rights import ABORT, DECRYPT_PARTS, READER, WRITER, policy
from singer_bulk.stage.s3 import PART_BYTES, S3Settings, S3Stage
from target_snowflake_stage.rights import READER as READER_OF_SNOWFLAKE

from tests.conftest import S3, Warehouses
from tests.first_day.place import Place, ran
from tests.rights_trial import SCENARIOS, Scenario, messages, trial

BOTH = ("redshift", "snowflake")
PREFIX = "rights"
(UPSERT,) = (one for one in SCENARIOS if one.name == "upsert")


@pytest.fixture
def place(warehouses: Warehouses, tmp_path: Path) -> Iterator[Place]:
    """The stand-ins of this worker; nobody makes temporary tables by the right of PUBLIC."""
    made = Place(warehouses.start("s3", *BOTH), tmp_path)
    made.sql("redshift", "REVOKE TEMPORARY ON DATABASE dev FROM PUBLIC")
    yield made
    made.sql("redshift", "GRANT TEMPORARY ON DATABASE dev TO PUBLIC")
    made.close()


@pytest.mark.parametrize("warehouse", BOTH)
def test_exactly_the_rights_of_an_upsert(place: Place, warehouse: str) -> None:
    """An upsert into tables of somebody else runs with its rights; without UPDATE it names it, and what grants it."""
    with trial(place, warehouse, UPSERT, 900 + BOTH.index(warehouse)) as tried:
        tried.grant_only(tried.exact())
        assert tried.run() == (None, [])
        taken = [(right, on) for right, on in tried.taken() if right.name == "UPDATE" and '"orders"' in on.lower()]
        assert len(taken) == 1
        assert tried.without(*taken[0]) == ""


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("warehouse", BOTH)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_each_right_of_each_feature(place: Place, warehouse: str, scenario: Scenario) -> None:
    """With exactly the rights of a feature the run works; with each taken away it fails with what grants it."""
    number = 2 * SCENARIOS.index(scenario) + BOTH.index(warehouse)
    with trial(place, warehouse, scenario, number) as tried:
        tried.grant_only(tried.exact())
        assert tried.run() == (None, [])
        taken = tried.taken()
        wrong = {f"{right.name} on {on}": problem for right, on in taken if (problem := tried.without(right, on))}
        print(f"{warehouse}, {scenario.name}: {len(tried.exact())} rights, {len(taken)} taken away")
        assert wrong == {}


class Bucket:
    """A bucket whose objects are under a KMS key, and who may do what in it."""

    def __init__(self, s3: S3) -> None:
        self.s3, self.name = s3, f"rights-{uuid.uuid4().hex[:12]}"
        self.key = s3.client("admin", "kms").create_key()["KeyMetadata"]["Arn"]
        client = s3.client("admin")
        client.create_bucket(Bucket=self.name)
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key}
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
        client.put_bucket_encryption(Bucket=self.name, ServerSideEncryptionConfiguration=rules)

    def document(self, rights: Iterable[Right]) -> str:
        """Return the policy of docs/rights.md, for this bucket and key."""
        return json.dumps(policy(rights, self.name, PREFIX, self.key))

    @property
    def settings(self) -> dict[str, Any]:
        facts = self.s3.facts
        return {"s3_bucket": self.name, "s3_region": facts["region"], "s3_endpoint_url": facts["endpoint_url"]}


@pytest.fixture
def bucket(s3: S3) -> Bucket:
    return Bucket(s3)


def written(stage: S3Stage, *, large: bool) -> str | None:
    """Write files, give one up, look for those of dead runs and remove all; return the error that ends a run."""
    owner, now = RunStage(stage), datetime.now(timezone.utc)
    keys = [f"{PREFIX}/small", *([f"{PREFIX}/large"] if large else [])]
    try:
        for key in keys:
            file = owner.open(key)
            file.write(os.urandom(PART_BYTES + 1 if key.endswith("large") else 1))
            file.close()
            owner.wait([key])
        if large:
            given_up = owner.open(f"{PREFIX}/given-up")
            given_up.write(os.urandom(PART_BYTES))
            given_up.abort()
    except StageError as error:
        return str(error)
    owner.sweep(PREFIX, now, timedelta(hours=1), ())
    owner.remove(keys)
    return None


@pytest.mark.long
def test_each_right_of_who_writes_the_bucket(s3: S3, bucket: Bucket, caplog: pytest.LogCaptureFixture) -> None:
    """The policy of docs/rights.md is enough; what it lacks is named by an error, of cleaning by a WARNING."""
    iam = s3.client("admin", "iam")
    iam.create_user(UserName=bucket.name)
    key = iam.create_access_key(UserName=bucket.name)["AccessKey"]
    settings = S3Settings(
        bucket=bucket.name,
        region=s3.facts["region"],
        endpoint_url=s3.facts["endpoint_url"],
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )
    for without in (None, *WRITER.all):
        rights = [right for right in WRITER.all if right is not without]
        iam.put_user_policy(UserName=bucket.name, PolicyName="rights", PolicyDocument=bucket.document(rights))
        caplog.clear()
        error = written(S3Stage(settings, 64 << 20), large=without in (None, ABORT, DECRYPT_PARTS))
        warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        if without is None:
            assert (error, warned) == (None, [])
        elif without.lack is Lack.WARNS:
            assert error is None
            assert [without.name in text for text in warned] == [True]
        else:
            assert f"grant {without.name} on" in str(error)


@pytest.mark.long
@pytest.mark.parametrize("warehouse", BOTH)
def test_each_right_of_who_reads_the_bucket(place: Place, s3: S3, bucket: Bucket, warehouse: str) -> None:
    """COPY reads with the policy of docs/rights.md; an action that it lacks is among those that the error names."""
    iam, number = s3.client("admin", "iam"), 950 + BOTH.index(warehouse)
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::123456789012:user/service"},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=bucket.name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    keys = s3.facts["keys"]["admin"]
    config = {
        **place.config(warehouse, number),
        **bucket.settings,
        "s3_key_prefix": PREFIX,
        "aws_access_key_id": keys["access_key_id"],
        "aws_secret_access_key": keys["secret_access_key"],
        "create_schema": True,
        "default_target_schema": f"reading{number}",
        **({"iam_role": role} if warehouse == "redshift" else {"aws_role": role}),
    }
    if warehouse == "snowflake":
        del config["storage_integration"]
    (scenario,) = (one for one in SCENARIOS if one.name == "append-only")
    reader = READER if warehouse == "redshift" else READER_OF_SNOWFLAKE
    asked = [right for right in reader.all if right.name != "s3:GetObjectVersion"]  # the stand-in asks for no versions
    for without in (*asked, None):
        rights = [right for right in reader.all if right is not without]
        iam.put_role_policy(RoleName=bucket.name, PolicyName="rights", PolicyDocument=bucket.document(rights))
        error = ran(warehouse, config, {}, messages(scenario)).error
        assert error is None if without is None else without.name in str(error), (without, error)
