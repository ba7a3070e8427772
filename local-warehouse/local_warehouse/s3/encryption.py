"""Objects under a KMS key: who writes one needs kms:GenerateDataKey on the key, who reads one kms:Decrypt.

moto stores the key's name with an object and asks for no right on it. The key policy is the one that AWS gives a key by
default: it leaves the decision to the policies of users and roles.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote

from local_warehouse.s3 import policies
from local_warehouse.s3.refusals import Environ, Refusal, not_supported

GENERATE, DECRYPT = "kms:GenerateDataKey", "kms:Decrypt"
# Parts of the query that make a request one about something else than the object's bytes.
_ASIDE = ("acl", "tagging", "attributes", "retention", "legal-hold", "torrent", "partNumber")


def refuse_without_key(environ: Environ, access_key_id: str, account_id: str, region: str) -> None:
    """Raise Refusal where the caller may not use the KMS key of the object that it reads or writes."""
    bucket_name, _, name = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    bucket = _bucket(account_id, bucket_name)
    if bucket is None or not name or any(part in query for part in _ASIDE):
        return
    key_name, actions = _needed(environ, query, bucket, name)
    if key_name is None:
        return
    if "HTTP_X_AMZ_COPY_SOURCE" in environ:
        raise not_supported("copies of objects under a KMS key")
    arn = _arn(account_id, region, key_name)
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    if (refused := policies.may(account_id, access_key_id, token, actions, arn)) is not None:
        because = f"because no identity-based policy allows the {refused.split(': ')[2].split(' ')[0]} action"
        raise Refusal("403 Forbidden", "AccessDenied", f"{refused} {because}")
    if "uploads" in query:
        # moto gives an upload in parts the bucket's default encryption neither when it begins nor at its end.
        environ["HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION"] = "aws:kms"
        environ["HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID"] = key_name


def _bucket(account_id: str, name: str) -> Any:
    from moto.s3.models import s3_backends

    return s3_backends[account_id]["aws"].buckets.get(name)


def _needed(environ: Environ, query: Any, bucket: Any, name: str) -> tuple[str | None, list[str]]:
    """The name of the KMS key that a request uses, None without one, and what it must be allowed to do with it."""
    method = environ["REQUEST_METHOD"]
    if method == "GET" and "uploadId" not in query:
        found = bucket.keys.get(name)
        return (found.kms_key_id if found is not None and found.encryption == "aws:kms" else None), [DECRYPT]
    if method == "POST" and "uploadId" in query:
        upload = bucket.multiparts.get(query["uploadId"][0])
        return (upload.kms_key_id if upload is not None else None), [GENERATE, DECRYPT]
    if (method == "PUT" and "uploadId" not in query) or (method == "POST" and "uploads" in query):
        return _key_of_new(environ, bucket), [GENERATE]
    return None, []


def _key_of_new(environ: Environ, bucket: Any) -> str | None:
    """The key of the request's headers, or of the bucket's default encryption."""
    kind = environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION")
    if kind is not None:
        return environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION_AWS_KMS_KEY_ID") if kind == "aws:kms" else None
    default = (bucket.encryption or {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
    return default.get("KMSMasterKeyID") if default.get("SSEAlgorithm") == "aws:kms" else None


def _arn(account_id: str, region: str, name: str) -> str:
    from moto.kms.models import kms_backends

    backend = kms_backends[account_id][region]
    try:
        key = backend.describe_key(name)
    except KeyError:
        raise Refusal("400 Bad Request", "KMS.NotFoundException", f"Key '{name}' does not exist") from None
    if not key.enabled:
        raise Refusal("400 Bad Request", "KMS.DisabledException", f"{key.arn} is disabled.")
    return str(key.arn)


def refuse_key_policy(environ: Environ, body: bytes) -> None:
    """A key policy other than the default one would be kept and ignored."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if target in ("PutKeyPolicy", "CreateGrant") or (target == "CreateKey" and b'"Policy"' in body):
        raise not_supported(f"kms {target} with a policy of its own: moto would keep and ignore it")
