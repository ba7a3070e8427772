"""The 41 misconfigurations, each with the settings that are wrong, what is said, and what is then done.

What is done is what the message says, literally: the statement in it is run, or the settings that it names get the
values of a right configuration. A case without anything that is told must load as it is.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes import lines, record, schema, state
from tests.first_day.place import VISITOR, VISITOR_PASSWORD, Place

RS, SF, BOTH = ("redshift",), ("snowflake",), ("redshift", "snowflake")
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
NO_LOCK, LOCK = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"right")
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLAIN = KEY.private_bytes(PEM, PKCS8, NO_LOCK)

Changes = Mapping[str, Any]
KEYLESS = {"aws_access_key_id": None, "aws_secret_access_key": None}


def orders(number: int) -> str:
    """Return the messages of a stream that only this case has."""
    stream = f"s{number}"
    declared = {"id": {"type": "integer"}, "note": {"type": ["null", "string"]}}
    first = {**schema(stream, **declared), "key_properties": ["id"]}
    return lines(first, record(stream, id=1, note="a"), state(1))


def nothing(place: Place, number: int) -> None:
    """Make nothing before."""


def corrected(place: Place, number: int, told: str) -> Changes:
    """Give the settings that were wrong the values of a right configuration."""
    return {}


@dataclass(frozen=True)
class Case:
    """One misconfiguration. `wrong`: what is changed in a right configuration, None to leave a setting out.

    mend: returns what is changed instead, None to leave `wrong` as it is. offline: told before anything is reached.
    """

    row: int
    what: str
    on: tuple[str, ...]
    told: tuple[str, ...] = ()
    wrong: Changes | Callable[[Place, int], Changes] = field(default_factory=dict)
    mend: Callable[[Place, int, str], Changes | None] = corrected
    before: Callable[[Place, int], None] = nothing
    variables: Changes = field(default_factory=dict)
    messages: Callable[[int], str] = orders
    offline: bool = False


def settings(changes: Changes) -> Callable[[Place, int, str], Changes]:
    """Return a mend that sets what the message names."""
    return lambda place, number, told: changes


def obeying(place: Place, number: int, told: str) -> None:
    """Run the statement that the message tells to run; the settings stay."""
    place.obey("redshift", told)


def visiting(*statements: str) -> Callable[[Place, int], None]:
    """Return what makes the visitor, the schema v<number>, and runs more; {v} is that schema, {s} the stream."""

    def before(place: Place, number: int) -> None:
        place.sql("redshift", f"CREATE USER {VISITOR}{number} PASSWORD '{VISITOR_PASSWORD}'")
        place.sql(
            "redshift", *(text.format(v=f"v{number}", s=f"s{number}", u=f"{VISITOR}{number}") for text in statements)
        )

    return before


def visitor(place: Place, number: int) -> Changes:
    return {"user": f"{VISITOR}{number}", "password": VISITOR_PASSWORD, "default_target_schema": f"v{number}"}


def upserting(place: Place, number: int) -> Changes:
    return {**visitor(place, number), "load_method": "upsert"}


SCHEMA, RIGHTS = "CREATE SCHEMA {v}", "GRANT USAGE, CREATE ON SCHEMA {v} TO {u}"


def narrow(place: Place, number: int) -> Changes:
    """Return the keys of a user of AWS without rights."""
    iam = place.client("iam")
    iam.create_user(UserName=f"narrow{number}")
    key = iam.create_access_key(UserName=f"narrow{number}")["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def granted_to_user(place: Place, number: int, told: str) -> None:
    actions = ["s3:PutObject", "s3:DeleteObject"]
    _allow(place, "user", f"narrow{number}", actions)


def role_without_rights(setting: str) -> Callable[[Place, int], Changes]:
    def wrong(place: Place, number: int) -> Changes:
        role = _new_role(place, number, "service")
        return {setting: role, **({"storage_integration": None} if setting == "aws_role" else {})}

    return wrong


def granted_to_role(place: Place, number: int, told: str) -> None:
    _allow(
        place, "role", f"role{number}", ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:GetBucketLocation"]
    )


def untrusting(place: Place, number: int) -> Changes:
    return {"iam_role": _new_role(place, number, "loader")}


def trusting(place: Place, number: int, told: str) -> None:
    """Attach the role: the stand-in's cluster is the user service, which its trust policy then names."""
    place.client("iam").update_assume_role_policy(RoleName=f"role{number}", PolicyDocument=_trust("service"))
    granted_to_role(place, number, told)


def _new_role(place: Place, number: int, trusted: str) -> str:
    iam = place.client("iam")
    made = iam.create_role(RoleName=f"role{number}", AssumeRolePolicyDocument=_trust(trusted))
    return str(made["Role"]["Arn"])


def _trust(user: str) -> str:
    principal = {"AWS": f"arn:aws:iam::123456789012:user/{user}"}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _allow(place: Place, kind: str, name: str, actions: list[str]) -> None:
    resources = ["arn:aws:s3:::local-stage", "arn:aws:s3:::local-stage/*"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}
    put = getattr(place.client("iam"), f"put_{kind}_policy")
    put(**{f"{kind.title()}Name": name}, PolicyName="rights", PolicyDocument=json.dumps(policy))


def key_of(content: bytes, **more: Any) -> Callable[[Place, int], Changes]:
    """Return settings of a user of the second Snowflake whose key is in a file."""

    def wrong(place: Place, number: int) -> Changes:
        return {**place.signed_in("SVC"), "private_key_path": place.file(f"{number}.p8", content), **more}

    return wrong


def with_key(**more: Any) -> Callable[[Place, int, str], Changes]:
    """Return a mend that gives the right key, registered."""

    def mend(place: Place, number: int, told: str) -> Changes:
        register(place, KEY)
        return key_of(PLAIN)(place, number) | more

    return mend


def registered(place: Place, number: int, told: str) -> None:
    """Do what ALTER USER does, which the stand-in does not know."""
    body = told.partition("SET RSA_PUBLIC_KEY = '")[2].partition("'")[0]
    place.second_snowflake().warehouse.users["SVC"].public_keys.append(body)


def register(place: Place, key: rsa.RSAPrivateKey) -> None:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    place.second_snowflake().warehouse.users["SVC"].public_keys.append(base64.b64encode(der).decode())


def token(user: str, text: str | None, authenticator: str | None = "oauth") -> Callable[[Place, int], Changes]:
    return lambda place, number: {**place.signed_in(user), "token": text, "authenticator": authenticator}


def good_token(place: Place, number: int, told: str) -> Changes:
    return token("APP", "good-token")(place, number)


def other_stage(url: str) -> Callable[[Place, int], None]:
    """Return what makes the stage of the case lead elsewhere."""
    made = "CREATE STAGE ANALYTICS.STAGE_{0} URL = '{1}' STORAGE_INTEGRATION = LOCAL_S3"
    return lambda place, number: place.sql("snowflake", made.format(number, url))


def other_bucket(place: Place, number: int) -> Changes:
    """Return the settings of a bucket that the integration does not name."""
    place.client("s3").create_bucket(Bucket=f"bucket-{number}")
    keys = place.stand_ins.s3["keys"]["admin"]
    found = {"aws_access_key_id": keys["access_key_id"], "aws_secret_access_key": keys["secret_access_key"]}
    return {**found, "s3_bucket": f"bucket-{number}"}


def format_of(words: str) -> Callable[[Place, int], None]:
    return lambda place, number: place.sql(
        "snowflake", f"CREATE FILE FORMAT ANALYTICS.FORMAT_{number} TYPE = CSV {words}"
    )


def file_format(place: Place, number: int) -> Changes:
    return {"file_format": f"FORMAT_{number}"}


def variables_of_loader(place: Place) -> dict[str, str]:
    keys = place.stand_ins.s3["keys"]["loader"]
    return {"AWS_ACCESS_KEY_ID": keys["access_key_id"], "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"]}


CASES = (
    Case(1, "bucket of another", BOTH, ("s3://no-such-bucket/", "bucket"), {"s3_bucket": "no-such-bucket"}),
    Case(
        2,
        "bucket with s3://",
        BOTH,
        ("'s3_bucket' takes the name of a bucket alone",),
        {"s3_bucket": "s3://local-stage"},
        offline=True,
    ),
    Case(3, "wrong region", RS, ("s3_region",), {"s3_region": "eu-west-1"}),
    Case(4, "wrong region", SF, (), {"s3_region": "eu-west-1"}),
    Case(4, "no region", SF, (), {"s3_region": None}),
    Case(5, "prefix without the right to write", BOTH, ("AccessDenied; grant s3:PutObject",), narrow, granted_to_user),
    Case(
        6,
        "role that is not there",
        RS,
        ("not authorized to assume IAM Role", "check the ARN in iam_role"),
        {"iam_role": "arn:aws:iam::123456789012:role/nope"},
    ),
    Case(
        6,
        "role of another account",
        RS,
        ("not authorized to assume IAM Role", "check the ARN in iam_role"),
        {"iam_role": "arn:aws:iam::210987654321:role/redshift-copy"},
    ),
    Case(
        6,
        "role that does not trust",
        RS,
        ("not authorized to assume IAM Role", "let its trust policy name"),
        untrusting,
        trusting,
    ),
    Case(6, "role without ARN", RS, ("'iam_role' takes an ARN",), {"iam_role": "redshift-copy"}, offline=True),
    Case(
        7,
        "role without rights",
        RS,
        ("grant s3:GetObject on the objects below the prefix, s3:ListBucket",),
        role_without_rights("iam_role"),
        granted_to_role,
    ),
    Case(8, "no role, keys in the environment", RS, (), {**KEYLESS, "iam_role": None}, variables={"of": "loader"}),
    Case(
        9,
        "secret that is wrong",
        BOTH,
        ("check aws_access_key_id, aws_secret_access_key",),
        {"aws_secret_access_key": "wrong-secret"},
    ),
    Case(
        9,
        "key that is unknown",
        BOTH,
        ("check aws_access_key_id, aws_secret_access_key",),
        {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"},
    ),
    Case(
        10,
        "half a key",
        BOTH,
        ("'aws_access_key_id' needs 'aws_secret_access_key'",),
        {"aws_secret_access_key": None},
        variables={"of": "loader"},
        offline=True,
    ),
    Case(11, "profile that is not there", BOTH, ("check aws_profile",), {**KEYLESS, "aws_profile": "nope"}),
    Case(11, "no credentials", BOTH, ("no AWS credentials found; set aws_access_key_id",), KEYLESS),
    Case(12, "wrong user", RS, ("check user and password",), {"user": "nobody"}),
    Case(12, "wrong password", RS, ("check user and password",), {"password": "wrong"}),
    Case(12, "no password", RS, ("check user and password",), {"password": None}),
    Case(13, "wrong host", RS, ("check host, port and database",), {"host": "nowhere.invalid"}),
    Case(13, "wrong port", RS, ("check host, port and database",), {"port": 9}),
    Case(13, "wrong database", RS, ("check host, port and database",), {"database": "nope"}),
    Case(
        14,
        "host with port",
        RS,
        ("'host' takes the name of the endpoint alone",),
        {"host": "127.0.0.1:5439"},
        offline=True,
    ),
    Case(15, "certificate that is not trusted", RS, ("check sslmode and sslrootcert",), {"sslmode": "verify-full"}),
    Case(
        15,
        "sslrootcert that is not there",
        RS,
        ("check sslmode and sslrootcert",),
        {"sslmode": "verify-full", "sslrootcert": "/nope.pem"},
    ),
    Case(
        16,
        "schema that is not there",
        BOTH,
        ("does not exist", "correct default_target_schema"),
        {"default_target_schema": "nope"},
    ),
    Case(
        16,
        "schema that is to be made",
        BOTH,
        ("set create_schema to true",),
        {"default_target_schema": "maid"},
        settings({"default_target_schema": "maid", "create_schema": True}),
    ),
    Case(
        17,
        "no right on the schema",
        RS,
        ("permission denied for schema", "run GRANT USAGE, CREATE ON SCHEMA"),
        visitor,
        obeying,
        visiting(SCHEMA),
    ),
    Case(
        17,
        "no right on the database",
        RS,
        ("permission denied for database", "run GRANT CREATE ON DATABASE"),
        lambda place, number: {**visitor(place, number), "create_schema": True},
        obeying,
        visiting(),
    ),
    Case(
        17,
        "no right on the table",
        RS,
        ("permission denied for", "run GRANT SELECT, INSERT ON"),
        visitor,
        obeying,
        visiting(
            SCHEMA, RIGHTS, "CREATE TABLE {v}.{s} (id BIGINT, note VARCHAR(65535))", "GRANT SELECT ON {v}.{s} TO {u}"
        ),
    ),
    Case(
        17,
        "not the owner",
        RS,
        ("must be owner of", "run ALTER TABLE"),
        visitor,
        obeying,
        visiting(SCHEMA, RIGHTS, "CREATE TABLE {v}.{s} (id BIGINT, note VARCHAR(10))", "GRANT ALL ON {v}.{s} TO {u}"),
    ),
    Case(
        18,
        "table of another, not to be seen",
        RS,
        ("permission denied for", "run GRANT SELECT, INSERT ON"),
        visitor,
        obeying,
        visiting(SCHEMA, RIGHTS, "CREATE TABLE {v}.{s} (id BIGINT, note VARCHAR(65535))"),
    ),
    # The last of the rights, because it is taken from all users.
    Case(
        17,
        "no right on temporary tables",
        RS,
        ("run GRANT TEMPORARY ON DATABASE",),
        upserting,
        obeying,
        visiting(SCHEMA, RIGHTS, "REVOKE TEMPORARY ON DATABASE dev FROM PUBLIC"),
    ),
    Case(19, "host that is not there", SF, ("check account, or host, port and protocol",), {"host": "nowhere.invalid"}),
    Case(20, "wrong port", SF, ("check account, or host, port and protocol",), {"port": 9}),
    Case(20, "wrong protocol", SF, ("check account, or host, port and protocol",), {"protocol": "https"}),
    Case(21, "wrong user", SF, ("check user and password",), {"user": "NOBODY"}),
    Case(21, "wrong password", SF, ("check user and password",), {"password": "wrong"}),
    Case(21, "nothing to sign in with", SF, ("set 'private_key_path' or 'password'",), {"password": None}),
    Case(
        21, "wrong role", SF, ("correct the setting 'role', or run GRANT ROLE NOPE TO USER LOADER",), {"role": "NOPE"}
    ),
    Case(
        22,
        "wrong warehouse",
        SF,
        ("correct the setting 'warehouse', or create it and run GRANT USAGE ON WAREHOUSE NOPE",),
        {"warehouse": "NOPE"},
    ),
    Case(22, "no warehouse", SF, ("set 'warehouse' to a virtual warehouse",), {"warehouse": None}),
    Case(22, "wrong database", SF, ("'NOPE' does not exist", "correct the setting 'database'"), {"database": "NOPE"}),
    Case(
        22,
        "integration that is not there",
        SF,
        ("correct the setting 'storage_integration'",),
        {"storage_integration": "NOPE"},
    ),
    Case(
        23,
        "no integration and no stage",
        SF,
        ("set storage_integration, aws_role or the AWS keys",),
        {**KEYLESS, "storage_integration": None},
        settings(KEYLESS),
        variables={"of": "loader"},
    ),
    Case(24, "location that the integration does not allow", SF, ("STORAGE_ALLOWED_LOCATIONS",), other_bucket),
    Case(
        25,
        "stage that leads elsewhere",
        SF,
        ("points to 's3://local-stage/else/'", "name another stage"),
        mend=settings({"stage": "ANOTHER_STAGE"}),
        before=other_stage("s3://local-stage/else/"),
    ),
    Case(
        26,
        "role of the stage without rights",
        SF,
        ("grant s3:GetObject and s3:GetObjectVersion",),
        role_without_rights("aws_role"),
        granted_to_role,
    ),
    Case(27, "file format with commas", SF, (), file_format, before=format_of("FIELD_DELIMITER = ','")),
    Case(28, "file format with tabs", SF, (), file_format, before=format_of("FIELD_DELIMITER = '\\t'")),
    Case(28, "file format with NULL_IF", SF, (), file_format, before=format_of("NULL_IF = ('NULL', 'NA')")),
    Case(
        29,
        "key file that is not there",
        SF,
        ("private_key_path '/nope.p8' cannot be read: No such file",),
        lambda place, number: {**place.signed_in("SVC"), "private_key_path": "/nope.p8"},
        with_key(),
    ),
    Case(
        29,
        "key file that is a folder",
        SF,
        ("private_key_path '/' cannot be read: Is a directory",),
        lambda place, number: {**place.signed_in("SVC"), "private_key_path": "/"},
        with_key(),
    ),
    Case(
        30,
        "wrong passphrase",
        SF,
        ("cannot be read with this private_key_passphrase; correct it",),
        key_of(KEY.private_bytes(PEM, PKCS8, LOCK), private_key_passphrase="wrong"),
        with_key(),
    ),
    Case(
        30,
        "passphrase too many",
        SF,
        ("is not encrypted; remove private_key_passphrase",),
        key_of(PLAIN, private_key_passphrase="x"),
        with_key(),
    ),
    Case(30, "garbage", SF, ("is no private key in PEM",), key_of(b"garbage"), with_key()),
    Case(
        30,
        "path as the key",
        SF,
        ("set private_key_path instead",),
        lambda place, number: {**place.signed_in("SVC"), "private_key": "/etc/key.p8"},
        with_key(),
    ),
    Case(
        31,
        "PKCS#1",
        SF,
        (),
        key_of(KEY.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, NO_LOCK)),
        before=lambda place, number: register(place, KEY),
    ),
    Case(
        32,
        "key that is not registered",
        SF,
        ("register the key: ALTER USER SVC SET RSA_PUBLIC_KEY = '",),
        key_of(rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(PEM, PKCS8, NO_LOCK)),
        registered,
    ),
    Case(
        33,
        "key and path of the key",
        SF,
        ("both give the key; keep one",),
        {"private_key": "x", "private_key_path": "x", "password": None},
        offline=True,
    ),
    Case(
        33,
        "key and password",
        SF,
        ("'password' and 'private_key_path' both sign in; keep one",),
        {"private_key_path": "x"},
        offline=True,
    ),
    Case(
        34,
        "token that has expired",
        SF,
        ("expired", "get another token for 'token'"),
        token("OLD", "old-token"),
        good_token,
    ),
    Case(34, "token that is unknown", SF, ("get another token for 'token'",), token("APP", "bad-token"), good_token),
    Case(34, "no token", SF, ("'authenticator' as it is set needs 'token'",), token("APP", None), good_token),
    Case(
        34,
        "authenticator that is unknown",
        SF,
        ("'authenticator' takes 'snowflake', ",),
        token("APP", "x", "oath"),
        good_token,
    ),
    Case(
        35,
        "token without authenticator",
        SF,
        ("'token' needs 'authenticator', as 'oauth' or",),
        token("APP", "good-token", None),
        good_token,
    ),
    Case(36, "setting that is missing", BOTH, ("setting 's3_bucket' is missing",), {"s3_bucket": None}, offline=True),
    Case(
        36,
        "several that are missing",
        BOTH,
        ("setting 'user' is missing", "setting 'database' is missing"),
        {"user": None, "database": None},
        offline=True,
    ),
    Case(
        37,
        "typo",
        BOTH,
        ("there is no setting 'load_metod'; is 'load_method' meant?",),
        {"load_metod": "upsert"},
        settings({"load_method": "upsert"}),
        offline=True,
    ),
    Case(
        37,
        "name of another loader",
        BOTH,
        ("PipelineWise's loader has it; here it is 'database'",),
        {"dbname": "dev"},
        offline=True,
    ),
    Case(
        38,
        "wrong type",
        BOTH,
        ("setting 'batch_size_rows' takes an integer of 1 or more, got text",),
        {"batch_size_rows": "many"},
        offline=True,
    ),
    Case(
        38,
        "wrong choice",
        BOTH,
        ("setting 'load_method' takes 'append-only', 'upsert' or 'overwrite'",),
        {"load_method": "update"},
        settings({"load_method": "upsert"}),
        offline=True,
    ),
    Case(
        38,
        "wrong case",
        BOTH,
        ("setting 'load_method' takes 'append-only', 'upsert' or 'overwrite'",),
        {"load_method": "UPSERT"},
        settings({"load_method": "upsert"}),
        offline=True,
    ),
    Case(40, "input that is no Singer", BOTH, ("was the tap cut off, or does",), messages=lambda number: "hello\n"),
    Case(
        41,
        "current_view without an order",
        BOTH,
        ("set add_record_metadata",),
        {"current_view": True},
        settings({"current_view": True, "add_record_metadata": True}),
    ),
    Case(41, "column of cdc that is not there", BOTH, ("'operation'",), {"cdc": {"operation_column": "operation"}}),
)
