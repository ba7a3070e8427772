"""Write a work list over the objects of a prefix, with their ETags: `python make_work_list.py BUCKET PREFIX ID > FILE`.

The receipts lie under `receipts/ID/`, next to the prefix. Put the file where all workers read it, as an object.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone

import boto3


def main() -> None:
    """Print the head, then a line for each object, in the order of keys."""
    bucket, prefix, list_id = sys.argv[1:]
    made_at = datetime.now(timezone.utc).isoformat()
    print(json.dumps({"work_list": 1, "id": list_id, "made_at": made_at}))
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    entries = [entry for page in pages for entry in page.get("Contents", ())]
    for place, entry in enumerate(entries):
        etag = entry["ETag"].strip('"')
        receipt = f"s3://{bucket}/receipts/{list_id}/{place:06d}.json"
        part = {"source": f"s3://{bucket}/{entry['Key']}", "version": f"etag:{etag}", "receipt": receipt}
        print(json.dumps(part))
    print(f"{len(entries)} parts", file=sys.stderr)


if __name__ == "__main__":
    main()
