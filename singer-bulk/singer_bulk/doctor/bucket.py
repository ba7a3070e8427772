"""The steps that are alike for both warehouses before either is reached: settings, secrets, AWS, the bucket."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from singer_bulk.doctor.ground import Ground
from singer_bulk.doctor.steps import PROBE, NotNeeded, Part, Step, Trouble
from singer_bulk.doctor.troubles import as_policy, trouble_of
from singer_bulk.errors import ConfigError, StageError
from singer_bulk.identity.aws_errors import CLOCK, aws_errors
from singer_bulk.identity.references import resolve
from singer_bulk.identity.references import secrets as references
from singer_bulk.model.declared import takes_reference
from singer_bulk.model.rights import Feature, Right
from singer_bulk.stage.examined import FEW_ATTEMPTS
from singer_bulk.stage.rights import ABORT, DELETE, GET, LIST, LIST_WRITTEN, PUT, WRITER
from singer_bulk.stage.s3 import PART_BYTES

# AWS refuses what is signed more than 15 minutes off; a clock that is off so far is on its way there.
MAX_SKEW = timedelta(minutes=5)
_CONTENT = b"written by --doctor\n"
_DENIED = ("AccessDenied", "403", "Forbidden")


def _settings(ground: Ground) -> str:
    if ground.examined.problems:
        found = [problem.removesuffix("; see `") for problem in ground.examined.problems]
        causes = [problem.partition("; ")[0] for problem in found]
        remedy = "; ".join(dict.fromkeys(map(_of_setting, found)))
        about = f"`{type(ground.examined.target).name} --about` shows the settings" if ground.examined.target else ""
        raise Trouble("; ".join(causes), "; ".join(filter(None, (remedy, about))), code="CFG-VALUE")
    asked = ", ".join(feature.value.replace("`", "") for feature in Feature if feature in _shown(ground))
    return f"{len(ground.examined.given)} given, all of them known; they ask for {asked}"


def _of_setting(problem: str) -> str:
    """Return what to do about a setting: as the problem says, else what goes without saying."""
    cause, _, remedy = problem.partition("; see `")[0].partition("; ")
    plain = "set what is missing" if cause.endswith("is missing") else "correct it"
    return f"{plain}, {remedy}" if remedy.startswith("or ") else remedy or plain


def _shown(ground: Ground) -> set[Feature]:
    always = {Feature.EVERY_RUN, Feature.MAKE_TABLES, Feature.SHARED, Feature.RECOVERY}
    return set(ground.features) - always


def _secrets(ground: Ground) -> str:
    """Resolve each reference by itself, so that each that leads nowhere is named."""
    properties, found, troubles = type(ground.target).config_jsonschema["properties"], [], []
    for name, value in ground.config.items():
        if isinstance(value, str) and takes_reference(properties.get(name, {})) and references.is_reference(value):
            try:
                resolve(name, value)
                found.append(f"{name} from {value.partition('#')[0]}")
            except ConfigError as error:
                troubles.append(trouble_of(error))
    if troubles:
        raise Trouble(
            "; ".join(one.found for one in troubles),
            "; ".join(one.remedy for one in troubles if one.remedy),
            code=troubles[0].code,
        )
    if not found:
        raise NotNeeded("no setting refers to a secret elsewhere")
    return ", ".join(found)


def _identity(ground: Ground) -> str:
    """Ask STS, which answers whoever has keys, without any right."""
    identity, endpoint = ground.stage.identity, _sts_endpoint(ground)
    identity.keys()
    try:
        with aws_errors("who this is (sts:GetCallerIdentity)", identity.settings.called, {}):
            client = identity.client("sts", endpoint, "us-east-1", **FEW_ATTEMPTS)
            answer = client.get_caller_identity()
    except ConfigError as error:
        if endpoint is not None and error.code not in ("CFG-AWS-CREDENTIALS",) and "proxy" not in error.text.lower():
            raise NotNeeded("s3_endpoint_url is not Amazon's, and there is no STS behind it") from None
        raise
    demand_clock(ground, _date(answer), "AWS")
    return f"{answer['Arn']}"


def _sts_endpoint(ground: Ground) -> str | None:
    """Return where STS is, None for Amazon's: of another S3 it is at the same place, if there is one."""
    given = os.environ.get("AWS_ENDPOINT_URL_STS") or os.environ.get("AWS_ENDPOINT_URL")
    at = ground.bucket.endpoint_url
    return given or (at if at and "amazonaws.com" not in at else None)


def _date(answer: Any) -> datetime | None:
    text = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(text) if text else None


def demand_clock(ground: Ground, there: datetime | None, whose: str) -> str:
    """Return how far the clock is off, in words; raises Trouble where that is more than MAX_SKEW."""
    if there is None:
        return f"{whose} does not tell its time"
    here = ground.runtime.now()
    skew = here - there
    if abs(skew) > MAX_SKEW:
        raise Trouble(
            f"the clock of this machine says {here:%Y-%m-%d %H:%M:%S} UTC, that of {whose} {there:%Y-%m-%d %H:%M:%S}",
            CLOCK,
            code="CFG-CLOCK",
        )
    return f"{abs(skew).total_seconds():.0f} s off that of {whose}"


def _bucket(ground: Ground) -> str:
    head = ground.examined_bucket.head()
    if head.region is None and not head.may_list:
        return f"S3 does not say whether {ground.bucket.bucket} is there to who may not list it; 'put' shows it"
    there = f"{ground.bucket.bucket} is there" + (f", in {head.region}" if head.region else "")
    if head.region is None or head.asked in (head.region, "aws-global"):
        return there
    if not ground.own.needs_region:
        return f"{there}; set s3_region to that: in {head.asked} each request is sent twice"
    raise Trouble(
        f"bucket {ground.bucket.bucket!r} is in {head.region}, it was looked for in {head.asked}",
        f"set s3_region to {head.region}",
        code="STAGE-REFUSED",
    )


def _right(ground: Ground, error: StageError, rights: Iterable[Right]) -> Trouble:
    """Return the trouble with the statement of IAM that is missing; a key of KMS is named by what AWS says."""
    add: list[str] = []
    if any(word in error.text for word in (*_DENIED, "KMS", "kms:")):
        of_key = [right for right in WRITER.wanted([Feature.ENCRYPTION]) if right.name in error.text]
        key = next((word for word in error.text.replace(",", " ").split() if word.startswith("arn:aws:kms:")), None)
        add = [as_policy(ground.policy(of_key or list(rights), key))]
    found = trouble_of(error, add)
    # The names of files are longer than a line, and say nothing.
    return replace(found, found=re.sub(rf"({PROBE}\w*/)\d{{8}}T\S+?\.csv\.gz", r"\1..", found.found))


def _trying(ground: Ground, rights: list[Right], call: Any) -> Any:
    try:
        return call()
    except StageError as error:
        raise _right(ground, error, rights) from error


def _removing(ground: Ground, key: str) -> None:
    """Let the object be removed at the end, whatever comes."""
    ground.left[f"s3://{ground.bucket.bucket}/{key}"] = partial(ground.examined_bucket.remove, [key])


def _put(ground: Ground) -> str:
    _removing(ground, ground.key)
    try:
        encryption, ground.kms_key = _trying(ground, [PUT], lambda: ground.examined_bucket.put(ground.key, _CONTENT))
    except Trouble as trouble:
        if trouble.code == "STAGE-REFUSED" or "Could not connect" in trouble.found:
            ground.left.clear()  # it has not arrived, for sure
        raise
    folder = ground.key.rpartition("/")[0]
    kms = f" under {ground.kms_key}" if ground.kms_key else ""
    return f"into {ground.stage.url(folder)}" + (f", encrypted by {encryption}{kms}" if encryption else "")


def _multipart(ground: Ground) -> str:
    """Write a file of more than one part, by the code that writes those of a load, and give another one up."""
    key = ground.names.for_rows(PROBE_LARGE)
    _removing(ground, key)

    def write() -> None:
        file = ground.stage.open(key)
        file.write(os.urandom(PART_BYTES))
        file.write(_CONTENT)
        file.close()
        ground.stage.wait([key])

    _trying(ground, [PUT], write)
    _trying(ground, [ABORT], lambda: ground.examined_bucket.give_up_parts(ground.key))
    return "a file of two parts; another one was given up"


PROBE_LARGE = f"{PROBE}_large"


def _read(ground: Ground) -> str:
    if not ground.own.reads_as_writer(ground.config):
        raise NotNeeded("files are read by COPY, as another identity: see 'copy'")
    content = _trying(ground, [GET], lambda: ground.examined_bucket.get(ground.key))
    if content != _CONTENT:
        raise Trouble(f"{ground.key} has {len(content)} bytes, {len(_CONTENT)} were written", code="STAGE-REFUSED")
    return "the same bytes came back"


def _list(ground: Ground) -> str:
    swept = ground.loads.sweep_after_hours is not None
    if not (swept or ground.own.reads_as_writer(ground.config)):
        raise NotNeeded("only sweep_after_hours lists, and COPY where it has the keys of who writes")
    right = LIST_WRITTEN if swept else LIST
    _trying(ground, [right], lambda: ground.examined_bucket.listed(ground.key))
    return "what is below the prefix"


def _delete(ground: Ground) -> str:
    """Remove what was written so far; COPY's file is another one."""
    removed = [what for what in ground.left if what.startswith("s3://")]
    for what in removed:
        _trying(ground, [DELETE], ground.left[what])
        del ground.left[what]
    return f"{len(removed)} files"


RIGHTS = "docs/rights.md#s3-and-kms"
STAGING = "docs/sign-in/staging.md"
SETTINGS: tuple[Step[Ground], ...] = (
    Step("settings", "each against its declaration, and against the others", _settings, page="docs/settings.md"),
    Step(
        "secrets", "each reference to a secret, read where it leads", _secrets,
        page="docs/sign-in/secrets.md",
    ),
)  # fmt: skip
OF_BUCKET: tuple[Step[Ground], ...] = (
    Step(
        "identity", "sts:GetCallerIdentity as who writes the files; its clock", _identity, part=Part.BUCKET,
        page=f"{STAGING}#who-writes",
    ),
    Step(
        "bucket", "HeadBucket: is it there, and in s3_region", _bucket, ("identity",), Part.BUCKET, STAGING
    ),
    Step("put", "a small object below s3_key_prefix", _put, ("identity",), Part.BUCKET, RIGHTS),
    Step(
        "multipart", "a file of more than 8 MiB in parts, and one that is given up", _multipart, ("put",), Part.BUCKET,
        RIGHTS,
    ),
    Step("get", "the small object, where COPY reads as who writes", _read, ("put",), Part.BUCKET, RIGHTS),
    Step("list", "what is below the prefix, where something lists", _list, ("identity",), Part.BUCKET, RIGHTS),
    Step("delete", "what was written so far", _delete, ("put",), Part.BUCKET, RIGHTS),
)  # fmt: skip
