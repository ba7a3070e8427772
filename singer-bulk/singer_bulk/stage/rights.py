"""Which rights in S3 and KMS does who writes the files need, and who reads them? Documents and errors read them there.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuAndPermissions.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from singer_bulk.model.rights import Feature, Lack, Object, Right, Rights

_GRANT = "grant {rights} on {object} to {to}"


def s3_right(name: str, on: Object, *features: Feature, lack: Lack = Lack.FAILS, because: str = "") -> Right:
    """Return a right of IAM."""
    return Right(name, on, frozenset(features), _GRANT, lack, because)


PUT = s3_right("s3:PutObject", Object.OBJECTS, Feature.FILES, because="manifests and rejected records, too")
DELETE = s3_right("s3:DeleteObject", Object.OBJECTS, Feature.CLEAN_UP, lack=Lack.WARNS)
ABORT = s3_right(
    "s3:AbortMultipartUpload",
    Object.OBJECTS,
    Feature.LARGE_FILES,
    lack=Lack.WARNS,
    because="of a file that is given up; its parts cost storage without being seen",
)
LIST_WRITTEN = s3_right("s3:ListBucket", Object.BUCKET, Feature.SWEEP, lack=Lack.WARNS)
GENERATE = s3_right("kms:GenerateDataKey", Object.KEY, Feature.ENCRYPTION)
DECRYPT_PARTS = s3_right(
    "kms:Decrypt", Object.KEY, Feature.ENCRYPTION, because="files of more than 8 MiB go in parts, which S3 reads again"
)
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
PUT_ACL = s3_right("s3:PutObjectAcl", Object.OBJECTS, Feature.ACL)
# Of the identity that writes: boto3's own, that of the `aws_` settings, or the role that it assumes.
WRITER = Rights((PUT, DELETE, ABORT, LIST_WRITTEN, GENERATE, DECRYPT_PARTS, PUT_ACL))
# Of the identity that a role is assumed with: boto3's own, or that of the settings.
ASSUME = s3_right(
    "sts:AssumeRole", Object.ROLE, Feature.ROLE, because="its trust policy names the identity, and the external id"
)
ASSUMER = Rights((ASSUME,))

GET = s3_right("s3:GetObject", Object.OBJECTS, Feature.FILES)
LIST = s3_right("s3:ListBucket", Object.BUCKET, Feature.FILES)
DECRYPT = s3_right("kms:Decrypt", Object.KEY, Feature.ENCRYPTION)
# Of the identity that writes the files, where it reads them as well: to tell the row that COPY has refused, to list
# what was rejected, and to load again.
READ_AGAIN = s3_right("s3:GetObject", Object.OBJECTS, Feature.REPLAY)
AGAIN = Rights(
    (READ_AGAIN, s3_right("s3:ListBucket", Object.BUCKET, Feature.REPLAY, because="to find what was rejected"))
)
# Of the identity that COPY reads with.
READER = Rights((GET, LIST, DECRYPT))


def s3_grant(rights: Iterable[Right], to: str) -> str:
    """Return what is to be granted, in words: what IAM has instead of a statement."""
    by_object: dict[Object, list[str]] = {}
    for right in rights:
        by_object.setdefault(right.on, []).append(right.name)
    grants = [f"{' and '.join(names)} on {on.shown}" for on, names in by_object.items()]
    return f"grant {', '.join(grants)} to {to}"


def policy(rights: Iterable[Right], bucket: str, prefix: str, key_arn: str) -> dict[str, Any]:
    """Return the policy document of IAM that grants the rights: a statement for each kind of object."""
    places = {
        Object.BUCKET: f"arn:aws:s3:::{bucket}",
        Object.OBJECTS: f"arn:aws:s3:::{bucket}/{prefix}/*" if prefix else f"arn:aws:s3:::{bucket}/*",
        Object.KEY: key_arn,
    }
    by_object: dict[Object, list[str]] = {}
    for right in rights:
        by_object.setdefault(right.on, []).append(right.name)
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": names, "Resource": places[on]} for on, names in by_object.items()],
    }
