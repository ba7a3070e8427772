"""The misconfigurations that are planted: where, which step finds each, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from local_warehouse.directory import admin_socket
from local_warehouse.faults import send
from singer_bulk.doctor.steps import Result
from singer_bulk.model.runtime import Standard

from tests.doctor.trial import Case, Planted
from tests.first_day.cases import KEY, KEYLESS, PLAIN, orders, register
from tests.first_day.place import ran

RS, SF, BOTH = ("redshift",), ("snowflake",), ("redshift", "snowflake")
PASSWORD = "Visitor1secret"
WRITING = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
READING = ("s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:GetBucketLocation")
LISTING = ("s3:HeadBucket",)  # moto's name of what HeadBucket asks for


def wrong(**changes: Any) -> Callable[[Planted], None]:
    """Return what gives settings other values, None to leave one out."""

    def plant(planted: Planted) -> None:
        planted.config |= changes

    return plant


def trust(principal: Mapping[str, str], **condition: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": dict(principal)}
    if condition:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": condition["external_id"]}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def of_user(name: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::123456789012:user/{name}"}


def may_write(*actions: str, **changes: Any) -> Callable[[Planted], None]:
    """Return what lets the files be written by a user with these rights."""

    def plant(planted: Planted) -> None:
        planted.new_user(*actions)
        planted.config |= changes

    return plant


def by_admin(bucket: str) -> Callable[[Planted], None]:
    """Return what lets the files be written by one who may do all, into a bucket that is not there."""

    def plant(planted: Planted) -> None:
        keys = planted.place.stand_ins.s3["keys"]["admin"]
        found = {"aws_access_key_id": keys["access_key_id"], "aws_secret_access_key": keys["secret_access_key"]}
        planted.right |= found
        planted.config |= {**found, "s3_bucket": bucket}

    return plant


def of_another(planted: Planted) -> None:
    """A bucket of which this account knows nothing: to S3 that looks like a right that is missing."""
    planted.config |= {"s3_bucket": "of-another-account"}
    planted.mended = lambda result: planted.config.update(s3_bucket=planted.right["s3_bucket"])


def without_kms(planted: Planted) -> None:
    """A bucket under a KMS key, and who may write there, and not use the key."""
    client, bucket = planted.place.client("s3"), f"doctor-kms-{planted.number}"
    key = planted.place.client("kms").create_key()["KeyMetadata"]["Arn"]
    client.create_bucket(Bucket=bucket)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
    planted.config |= {"s3_bucket": bucket}
    planted.new_user(*WRITING)
    role = planted.new_role(trust(of_user("service")), *READING)
    if planted.warehouse == "redshift":
        planted.config |= {"iam_role": role}
    else:
        planted.config |= {"aws_role": role, "storage_integration": None}


def role_of(principal: str, *actions: str) -> Callable[[Planted], None]:
    """Return what lets COPY read by a role that trusts a user of AWS, and may do this."""

    def plant(planted: Planted) -> None:
        role = planted.new_role(trust(of_user(principal)), *actions)
        if planted.warehouse == "redshift":
            planted.config |= {"iam_role": role}
        else:
            planted.config |= {"aws_role": role, "storage_integration": None}

    return plant


def other_external_id(planted: Planted) -> None:
    """A storage integration whose role asks for another external id."""
    role = planted.new_role(trust(of_user("service"), external_id="another"), *READING)
    name = f"DOCTOR_S3_{planted.number}"
    planted.sql(
        f"CREATE STORAGE INTEGRATION {name} TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
        f"STORAGE_AWS_ROLE_ARN = '{role}' STORAGE_ALLOWED_LOCATIONS = ('s3://local-stage/')"
    )
    planted.config |= {"storage_integration": name}


def no_external_id(planted: Planted) -> None:
    """A role that writes, whose trust asks for an external id that the settings do not give."""
    role = planted.new_role(trust(of_user("loader"), external_id="right"), *WRITING, *READING)
    planted.attach("role", {"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]})
    policy = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}
    planted.user = "loader"
    planted.attach("user", {"Statement": [policy]})
    planted.variables["AWS_ENDPOINT_URL_STS"] = planted.place.stand_ins.s3["endpoint_url"]
    planted.config |= {"s3_role_arn": role, "s3_region": "us-east-1"}
    planted.right = {**planted.config, "s3_external_id": "right"}


def ended_key(planted: Planted) -> None:
    """A key that is over."""
    planted.new_user(*WRITING)
    send(_socket(planted, "s3"), {"do": "expire", "access_key_id": planted.config["aws_access_key_id"]})


def another_user(*statements: str, **changes: Any) -> Callable[[Planted], None]:
    """Return what makes a user or a role, the schema v<number>, and runs more: {v} that schema, {u} user or role."""

    def plant(planted: Planted) -> None:
        who, schema = f"doctor{planted.number}", f"v{planted.number}"
        planted.literal = True
        if planted.warehouse == "redshift":
            planted.sql(f"CREATE USER {who} PASSWORD '{PASSWORD}'")
            planted.config |= {"user": who, "password": PASSWORD}
        else:
            who, schema = who.upper(), schema.upper()
            planted.sql(
                f"CREATE ROLE {who}", f"CREATE USER U{who} PASSWORD = '{PASSWORD}' DEFAULT_ROLE = {who}",
                f"GRANT ROLE {who} TO USER U{who}",
                f"GRANT USAGE ON WAREHOUSE LOADING TO ROLE {who}", f"GRANT USAGE ON DATABASE DEMO TO ROLE {who}",
                f"GRANT USAGE ON INTEGRATION LOCAL_S3 TO ROLE {who}",
            )  # fmt: skip
            planted.config |= {"user": f"U{who}", "password": PASSWORD, "role": who}
        planted.config |= {"default_target_schema": schema, **changes}
        planted.sql(*(text.format(v=schema, u=who) for text in statements))

    return plant


SCHEMA = "CREATE SCHEMA {v}"
RS_RIGHTS = "GRANT USAGE, CREATE ON SCHEMA {v} TO {u}"
SF_USAGE = "GRANT USAGE ON SCHEMA {v} TO ROLE {u}"
SF_STAGE = "GRANT CREATE STAGE, CREATE FILE FORMAT ON SCHEMA {v} TO ROLE {u}"
SF_TABLE = "GRANT CREATE TABLE ON SCHEMA {v} TO ROLE {u}"


def loaded_before(planted: Planted) -> None:
    """A ledger and a table of the administrator's, of which the user has no right."""
    admin = {**planted.right, "default_target_schema": f"v{planted.number}", "create_schema": True}
    done = ran(planted.warehouse, admin, {}, orders(planted.number))
    assert done.error is None, done.error
    grants = [RS_RIGHTS] if planted.warehouse == "redshift" else [
        SF_USAGE, SF_TABLE, SF_STAGE, f"GRANT USAGE ON STAGE {{v}}.STAGE_{planted.number} TO ROLE {{u}}",
        "GRANT SELECT ON TABLE {v}._singer_loads TO ROLE {u}",
        f"GRANT SELECT, INSERT, UPDATE ON TABLE {{v}}.s{planted.number} TO ROLE {{u}}",
    ]  # fmt: skip
    another_user(*grants, load_method="upsert")(planted)


def in_its_place(made: str) -> Callable[[Planted], None]:
    """Return what makes something in the place of the ledger, in a schema of its own."""

    def plant(planted: Planted) -> None:
        schema = f"L{planted.number}"
        planted.sql(f"CREATE SCHEMA {schema}", *(text.format(s=schema) for text in made.split("; ")))
        planted.config |= {"default_target_schema": schema}
        planted.right = {**planted.config, "ledger_table": "_singer_loads_2"}

    return plant


VIEW_OF_LEDGER = (
    "CREATE TABLE {s}.x (load_id VARCHAR(9)); CREATE VIEW {s}._singer_loads AS SELECT load_id AS s FROM {s}.x"
)


class OffClock(Standard):
    """A clock that is twenty minutes ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta(minutes=20)

    def now(self) -> datetime:
        return super().now() + self.ahead


def clock_off(planted: Planted) -> None:
    clock = OffClock()
    planted.runtime = clock

    def set_right(result: Result) -> None:
        assert "set the clock" in result.remedy
        clock.ahead = timedelta(0)

    planted.mended = set_right


def disk_full(planted: Planted) -> None:
    """A cluster without space, in the words of Redshift."""
    socket = _socket(planted, "redshift")
    text = "Disk Full\nDETAIL:  -----------------------------------------------  error:  Disk Full  code:      1016"
    send(socket, {"do": "fault", "action": "error", "match": "^COPY", "times": 1000, "message": text})

    def freed(result: Result) -> None:
        assert "free space" in result.remedy
        send(socket, {"do": "clear"})

    planted.mended = freed


def _socket(planted: Planted, server: str) -> Any:
    return admin_socket(planted.place.stand_ins.path, server)


def stage_elsewhere(planted: Planted) -> None:
    planted.sql(
        f"CREATE STAGE ANALYTICS.STAGE_{planted.number} URL = 's3://local-stage/else/' STORAGE_INTEGRATION = LOCAL_S3"
    )
    planted.right = {**planted.config, "stage": f"ANOTHER_{planted.number}"}


def bucket_not_allowed(planted: Planted) -> None:
    """A bucket that is there, and that the integration does not name."""
    planted.place.client("s3").create_bucket(Bucket=f"doctor-else-{planted.number}")
    keys = planted.place.stand_ins.s3["keys"]["admin"]
    found = {"aws_access_key_id": keys["access_key_id"], "aws_secret_access_key": keys["secret_access_key"]}
    planted.config |= {**found, "s3_bucket": f"doctor-else-{planted.number}"}


def format_with_commas(planted: Planted) -> None:
    planted.sql(f"CREATE FILE FORMAT ANALYTICS.FORMAT_{planted.number} TYPE = CSV FIELD_DELIMITER = ','")
    planted.config |= {"file_format": f"FORMAT_{planted.number}"}


def key_file(content: bytes) -> Callable[[Planted], None]:
    """Return what signs in by a key in a file; the right one is registered."""

    def plant(planted: Planted) -> None:
        place = planted.place
        register(place, KEY)
        signed = {**planted.config, **place.signed_in("SVC"), "storage_integration": "LOCAL_S3"}
        planted.config = {**signed, "private_key_path": place.file(f"d{planted.number}.p8", content)}
        planted.right = {**signed, "private_key_path": place.file(f"d{planted.number}-right.p8", PLAIN)}

    return plant


def token_of(user: str, token: str) -> Callable[[Planted], None]:
    def plant(planted: Planted) -> None:
        planted.config |= {**planted.place.signed_in(user), "token": token, "authenticator": "oauth"}
        planted.right = {
            **planted.config, **planted.place.signed_in("APP"), "token": "good-token",
        }  # fmt: skip

    return plant


def other_name(planted: Planted) -> None:
    """A certificate of localhost, looked for at 127.1."""
    path = planted.place.stand_ins.path / "redshift" / "server.crt"
    planted.config |= {"host": "127.1", "sslmode": "verify-full", "sslrootcert": str(path)}
    planted.right = {**planted.config, "host": "localhost"}


def bare(planted: Planted) -> None:
    """An account with nothing in it: a user or a role without a right, no schema, a user and a role of AWS that may
    nothing, and a role that trusts nobody."""
    planted.new_user(*LISTING)
    role = planted.new_role(trust(of_user("nobody")))
    if planted.warehouse == "redshift":
        another_user(iam_role=role, load_method="upsert")(planted)
        return
    another_user(load_method="upsert")(planted)
    name = f"DOCTOR_BARE_{planted.number}"
    planted.sql(
        f"CREATE STORAGE INTEGRATION {name} TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
        f"STORAGE_AWS_ROLE_ARN = '{role}' STORAGE_ALLOWED_LOCATIONS = ('s3://local-stage/')"
    )
    planted.config |= {"storage_integration": name}


CASES = (
    Case("setting that there is not", BOTH, "settings", ("is 'load_method' meant?",), wrong(load_metod="upsert")),
    Case("setting of another loader", BOTH, "settings", ("here it is 'database'",), wrong(dbname="dev")),
    Case("setting that is missing", BOTH, "settings", ("'s3_bucket' is missing",), wrong(s3_bucket=None)),
    Case("value that it does not take", BOTH, "settings", ("takes 'append-only', 'upsert' or 'overwrite'",),
         wrong(load_method="UPSERT")),
    Case("secret that leads nowhere", BOTH, "secrets", ("is a reference (env:)", "set the variable"),
         wrong(password="env:NO_SUCH")),
    Case("no credentials", BOTH, "identity", ("no credentials found; set aws_access_key_id",), wrong(**KEYLESS)),
    Case("profile that is not there", BOTH, "identity", ("check aws_profile",), wrong(**KEYLESS, aws_profile="nope")),
    Case("secret key that is wrong", BOTH, "identity", ("check aws_access_key_id, aws_secret_access_key",),
         wrong(aws_secret_access_key="wrong-secret")),
    Case("key that has expired", BOTH, "identity", ("the credentials have ended",), ended_key),
    Case("role that asks for an external id", BOTH, "identity", ("s3_external_id",), no_external_id),
    Case("proxy that is not there", BOTH, "identity", ("s3_proxy_url",), wrong(s3_proxy_url="http://127.0.0.1:9")),
    Case("clock that is off", BOTH, "identity", ("the clock of this machine says", "set the clock"), clock_off),
    Case("bucket that is not there", BOTH, "bucket", ("does not exist", "s3_bucket"), by_admin("no-bucket")),
    Case("bucket of another account", BOTH, "put", ("check that the bucket is yours",), of_another),
    Case("other region", RS, "bucket", ("is in us-east-1", "set s3_region to us-east-1"), wrong(s3_region="eu-west-1")),
    Case("other region", SF, "bucket", ("set s3_region",), wrong(s3_region="eu-west-1"), fine=True),
    Case("no right to put", BOTH, "put", ("grant s3:PutObject", '"s3:PutObject"'), may_write(*LISTING)),
    Case("no right to give up parts", BOTH, "multipart", ("grant s3:AbortMultipartUpload",),
         may_write(*WRITING[:2], *LISTING)),
    Case("no right to list", BOTH, "list", ("grant s3:ListBucket",),
         may_write(*WRITING, *LISTING, sweep_after_hours=24)),
    Case("no right to delete", BOTH, "delete", ("grant s3:DeleteObject",),
         may_write("s3:PutObject", "s3:AbortMultipartUpload", *LISTING)),
    Case("keys that may not read, and no role", RS, "get", ("grant s3:GetObject",),
         may_write(*WRITING, *LISTING, iam_role=None)),
    Case("KMS key that may not be used", BOTH, "put", ("kms:GenerateDataKey", "arn:aws:kms:"), without_kms),
    Case("no such host", RS, "reached", ("there is no host", "correct host"), wrong(host="nowhere.invalid")),
    Case("account that is misspelt", SF, "reached", ("there is no host", "correct account"),
         wrong(account="no-such-account-here", host=None, port=None, protocol=None)),
    Case("wrong port", BOTH, "reached", ("nobody listens there", "host, port"), wrong(port=9)),
    Case("certificate that nobody trusts", RS, "tls", ("signed by nobody who is trusted", "sslrootcert"),
         wrong(sslmode="verify-full", host="localhost")),
    Case("certificate of another name", RS, "tls", ("is for another name", "set host to the name"), other_name),
    Case("sslrootcert that is not there", RS, "tls", ("cannot be read", "correct sslrootcert"),
         wrong(sslmode="verify-full", sslrootcert="/nope.pem")),
    Case("wrong password", BOTH, "signed in", ("check user and password",), wrong(password="wrong")),
    Case("wrong database", RS, "signed in", ("check host, port and database",), wrong(database="nope")),
    Case("wrong database", SF, "schema", ("NOPE",), wrong(database="NOPE")),
    Case("wrong role", SF, "signed in", ("correct the setting 'role'", "GRANT ROLE NOPE"), wrong(role="NOPE")),
    Case("wrong PEM", SF, "signed in", ("is no private key in PEM",), key_file(b"garbage")),
    Case("token that has expired", SF, "signed in", ("get another token",), token_of("OLD", "old-token")),
    Case("wrong virtual warehouse", SF, "warehouse", ("GRANT USAGE ON WAREHOUSE NOPE",), wrong(warehouse="NOPE")),
    Case("no virtual warehouse", SF, "warehouse", ("set 'warehouse'",), wrong(warehouse=None)),
    Case("schema that is not there", BOTH, "schema", ("does not exist", "CREATE SCHEMA"),
         wrong(default_target_schema="nope")),
    Case("no USAGE", RS, "create", ("GRANT USAGE, CREATE ON SCHEMA",), another_user(SCHEMA)),
    Case("no USAGE", SF, "schema", ("GRANT USAGE ON SCHEMA",), another_user(SCHEMA)),
    Case("no CREATE", RS, "create", ("GRANT USAGE, CREATE ON SCHEMA",),
         another_user(SCHEMA, "GRANT USAGE ON SCHEMA {v} TO {u}")),
    Case("no CREATE", SF, "create", ("GRANT USAGE, CREATE TABLE ON SCHEMA",), another_user(SCHEMA, SF_USAGE, SF_STAGE)),
    Case("no right to make the schema", RS, "schema", ("GRANT CREATE ON DATABASE",),
         another_user(create_schema=True)),
    Case("no right to make views", SF, "views", ("CREATE VIEW",),
         another_user(SCHEMA, SF_USAGE, SF_TABLE, SF_STAGE, current_view=True, add_record_metadata=True)),
    Case("no right on the ledger", BOTH, "ledger", ("GRANT SELECT, INSERT, UPDATE ON",), loaded_before),
    Case("ledger that is not ours", BOTH, "ledger", ("is not as this program makes it", "another ledger_table"),
         in_its_place("CREATE TABLE {s}._singer_loads (id INTEGER)")),
    Case("view in the way", BOTH, "ledger", ("ledger_table",), in_its_place(VIEW_OF_LEDGER)),
    Case("stage that leads elsewhere", SF, "stage", ("points to 's3://local-stage/else/'",), stage_elsewhere),
    Case("integration that is not there", SF, "stage", ("correct the setting 'storage_integration'",),
         wrong(storage_integration="NOPE")),
    Case("bucket that the integration does not allow", SF, "stage", ("STORAGE_ALLOWED_LOCATIONS",), bucket_not_allowed),
    Case("file format with commas", SF, "stage", ("reads our files otherwise",), format_with_commas, fine=True),
    Case("role that is not attached", RS, "copy", ("not authorized to assume", "redshift.amazonaws.com"),
         role_of("loader", *READING)),
    Case("role that may not read", BOTH, "copy", ("s3:GetObject", "s3:ListBucket"), role_of("service")),
    Case("trust with another external id", SF, "copy", ("STORAGE_AWS_EXTERNAL_ID", "sts:ExternalId"),
         other_external_id),
    Case("bare account", BOTH, "put", ("grant s3:PutObject",), bare),
    Case("disk that is full", RS, "copy", ("Disk Full", "free space"), disk_full),
)  # fmt: skip
