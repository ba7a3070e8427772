"""Session parameters: the ones that the stand-in acts on, or that change nothing it shows. Others are refused.

https://docs.snowflake.com/en/sql-reference/parameters
"""

from __future__ import annotations

from typing import Any

import pytz  # type: ignore[import-untyped]

from local_warehouse.snowflake.bind.casts import Settings
from local_warehouse.snowflake.errors import Unsupported, compilation, invalid_parameter
from local_warehouse.snowflake.values.datetimes import elements

# name -> default; the type of the default is the type of the parameter.
DEFAULTS: dict[str, Any] = {
    "ABORT_DETACHED_QUERY": False,
    "AUTOCOMMIT": True,
    "BINARY_INPUT_FORMAT": "HEX",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "CLIENT_PREFETCH_THREADS": 4,
    "CLIENT_RESULT_CHUNK_SIZE": 160,
    "CLIENT_SESSION_KEEP_ALIVE": False,
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
    "CLIENT_TELEMETRY_ENABLED": True,
    "DATE_INPUT_FORMAT": "AUTO",
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "DEFAULT_DDL_COLLATION": "",
    "DEFAULT_NULL_ORDERING": "LAST",
    "ERROR_ON_NONDETERMINISTIC_MERGE": True,
    "ERROR_ON_NONDETERMINISTIC_UPDATE": False,
    "JSON_INDENT": 2,
    "LOCK_TIMEOUT": 43200,
    "MULTI_STATEMENT_COUNT": 1,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "JSON",
    "QUERY_TAG": "",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ROWS_PER_RESULTSET": 0,
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": 0,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172800,
    "STRICT_JSON_OUTPUT": False,
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "",
    "TIMEZONE": "America/Los_Angeles",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TRANSACTION_ABORT_ON_ERROR": False,
    "TRANSACTION_DEFAULT_ISOLATION_LEVEL": "READ COMMITTED",
    "TWO_DIGIT_CENTURY_START": 1970,
    "USE_CACHED_RESULT": True,
    "WEEK_OF_YEAR_POLICY": 0,
    "WEEK_START": 0,
}
# Not acted on: only the default may be set.
_FIXED = {
    "DEFAULT_DDL_COLLATION", "DEFAULT_NULL_ORDERING", "TRANSACTION_DEFAULT_ISOLATION_LEVEL", "WEEK_OF_YEAR_POLICY",
    "TWO_DIGIT_CENTURY_START", "JSON_INDENT", "STRICT_JSON_OUTPUT", "WEEK_START",
    "ERROR_ON_NONDETERMINISTIC_UPDATE", "BINARY_OUTPUT_FORMAT", "ABORT_DETACHED_QUERY",
}  # fmt: skip
# What drivers say about themselves at login; not parameters of the session.
_CLIENT = {
    "CLIENT_APPLICATION_PATH", "CLIENT_COMPILER", "CLIENT_RUNTIME_NAME", "CLIENT_RUNTIME_VERSION",
    "CLIENT_VALIDATE_DEFAULT_PARAMETERS", "CLIENT_STORE_TEMPORARY_CREDENTIAL", "CLIENT_REQUEST_MFA_TOKEN",
}  # fmt: skip


def is_client_note(name: str) -> bool:
    return name.upper() in _CLIENT


def of_statement(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters that a request sets for its statements; SqlError for an unknown one."""
    names = {name.upper(): value for name, value in given.items() if name.upper() != "MULTI_STATEMENT_COUNT"}
    return {name: parse_value(name, value) for name, value in names.items()}


def parse_value(name: str, value: Any) -> Any:
    """The value of a parameter; SqlError for an unknown name or a value it cannot have."""
    if name not in DEFAULTS:
        raise compilation(f"invalid parameter '{name}'", 1006, "22023")
    default = DEFAULTS[name]
    parsed: Any
    if isinstance(default, bool):
        text = str(value).lower()
        if text not in ("true", "false"):
            raise invalid_parameter(name, str(value))
        parsed = text == "true"
    elif isinstance(default, int):
        if isinstance(value, bool) or not str(value).isdigit():
            raise invalid_parameter(name, str(value))
        parsed = int(value)
    else:
        parsed = _text(name, str(value))
    if name in _FIXED and parsed != default:
        raise Unsupported(f"{name} = {value}")
    return parsed


def _text(name: str, value: str) -> str:
    if name == "TIMEZONE":
        if value not in pytz.all_timezones_set:
            raise invalid_parameter(name, value)
    elif name == "TIMESTAMP_TYPE_MAPPING":
        value = value.upper()
        if value not in ("TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"):
            raise invalid_parameter(name, value)
    elif name in ("BINARY_INPUT_FORMAT", "BINARY_OUTPUT_FORMAT"):
        value = value.upper()
        if value not in ("HEX", "BASE64", "UTF8", "UTF-8"):
            raise invalid_parameter(name, value)
    elif name == "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT":
        value = value.upper()
        if value not in ("JSON", "ARROW"):
            raise invalid_parameter(name, value)
    elif name == "QUERY_TAG":
        if len(value) > 2000:
            raise invalid_parameter(name, value[:40])
    elif name.endswith("_FORMAT"):
        elements(value)
    return value


def settings(parameters: dict[str, Any]) -> Settings:
    """How this session reads and writes dates, times and binaries."""
    found = Settings(zone=parameters["TIMEZONE"])
    for kind in ("DATE", "TIME", "TIMESTAMP", "BINARY"):
        found.input[kind] = parameters[f"{kind}_INPUT_FORMAT"]
    found.output["DATE"] = parameters["DATE_OUTPUT_FORMAT"]
    found.output["TIME"] = parameters["TIME_OUTPUT_FORMAT"]
    found.output["TIMESTAMP_NTZ"] = parameters["TIMESTAMP_NTZ_OUTPUT_FORMAT"]
    for kind in ("TIMESTAMP_LTZ", "TIMESTAMP_TZ"):
        found.output[kind] = parameters[f"{kind}_OUTPUT_FORMAT"] or parameters["TIMESTAMP_OUTPUT_FORMAT"]
    return found
