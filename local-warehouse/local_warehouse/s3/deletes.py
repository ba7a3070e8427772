"""DeleteObjects: s3:DeleteObject is asked for on each object, and an object that is refused is one in the answer.

moto asks for it once, on the ARN of the bucket, so a policy of objects alone would delete nothing.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

from __future__ import annotations

from urllib.parse import parse_qs
from xml.etree import ElementTree

from local_warehouse.s3 import policies
from local_warehouse.s3.refusals import Environ, not_supported

DELETE = "s3:DeleteObject"


def decide(environ: Environ, body: bytes, access_key_id: str, account_id: str) -> None:
    """Ask for each key; moto's own question is answered by what came out. Keys of both kinds at once are refused."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if environ["REQUEST_METHOD"] != "POST" or "delete" not in query:
        return
    bucket = f"arn:aws:s3:::{environ['PATH_INFO'].strip('/')}"
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    listed = ElementTree.fromstring(body)  # noqa: S314 (a body that is signed by the tests' own keys)
    keys = [found.text or "" for found in listed.iter() if found.tag.rpartition("}")[2] == "Key"]
    allowed = {policies.may(account_id, access_key_id, token, [DELETE], f"{bucket}/{key}") is None for key in keys}
    if len(allowed) > 1:
        raise not_supported("DeleteObjects of keys of which some may be deleted, and some may not")
    policies.decide(DELETE, bucket, allowed == {True})
