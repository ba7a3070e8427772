"""Which parameters has a session?  SET, SHOW and RESET; what would change a result and is not acted on is refused.

Sources: r_SET, r_SHOW, cm_chap_ConfigurationRef
"""

from __future__ import annotations

from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.grammar.lexer import Reader, Token, text_of
from local_warehouse.redshift.grammar.names import name_of
from local_warehouse.redshift.postgres.connection import literal
from local_warehouse.redshift.rewrite.plans import Plan

# Parameters that PostgreSQL knows by the same name.
BACKEND_PARAMETERS = {
    "search_path", "timezone", "datestyle", "statement_timeout", "extra_float_digits", "client_encoding",
    "application_name", "client_min_messages",
}  # fmt: skip
# Redshift's own, kept as text: parameter -> (default, may it be changed here?).
OWN_PARAMETERS = {
    "query_group": ("unset", True),
    "enable_case_sensitive_identifier": ("off", True),
    "downcase_delimited_identifier": ("on", False),
    "enable_result_cache_for_session": ("on", True),
    "wlm_query_slot_count": ("1", True),
    "analyze_threshold_percent": ("10", True),
    "auto_analyze": ("on", True),
    "max_concurrency_scaling_clusters": ("1", True),
    "mv_enable_aqmv_for_session": ("on", True),
    "error_on_nondeterministic_update": ("off", False),
    "describe_field_name_in_uppercase": ("off", False),
    "enable_case_sensitive_super_attribute": ("off", True),
    "json_parse_dedup_attributes": ("off", False),
    "json_parse_truncate_strings": ("off", False),
    "json_serialization_enable": ("off", False),
    "navigate_super_null_on_error": ("on", False),
    "cast_super_null_on_error": ("on", False),
    "enable_numeric_rounding": ("on", False),
    "query_priority": ("normal", True),
}  # fmt: skip


def set_parameter(tokens: list[Token]) -> Plan:
    reader = Reader(tokens)
    reader.accept("SET")
    scope = "LOCAL " if reader.accept("LOCAL") else ""
    reader.accept("SESSION")
    if reader.sees("AUTHORIZATION"):
        return Plan([text_of(tokens)])
    if reader.sees("TRANSACTION") or reader.sees("CHARACTERISTICS"):
        if any(token.word() == "ONLY" for token in reader.tokens):
            raise NotSupported("SET TRANSACTION READ ONLY")
        return Plan(["RESET rs.nothing"], tag="SET")  # every level is the database's level
    if reader.accept("TIME", "ZONE"):
        return Plan([text_of(tokens)])
    name = name_of(reader.next())
    if not (reader.accept("TO") or reader.accept("=")):
        raise syntax_error(reader.peek().text)
    value = "".join(token.text for token in reader.tokens[reader.at :])
    if name in BACKEND_PARAMETERS:
        return Plan([f"SET {scope}{name} TO {value}"])
    if name not in OWN_PARAMETERS:
        raise RedshiftError("42704", f'unrecognized configuration parameter "{name}"')
    default, free = OWN_PARAMETERS[name]
    plain = reader.peek().string() if reader.peek().kind == "string" else value.lower()
    plain = {"true": "on", "false": "off"}.get(plain.lower(), plain)
    if plain == "default":
        plain = default
    if not free and plain != default:
        raise NotSupported(f"SET {name} TO {plain}")
    return Plan([f"SET {scope}rs.{name} TO {literal(plain)}"], setting=(name, plain))


def show_parameter(tokens: list[Token]) -> Plan:
    reader = Reader(tokens)
    reader.accept("SHOW")
    if reader.sees("TIME", "ZONE"):
        return Plan(["SHOW timezone"])
    if reader.accept("TRANSACTION", "ISOLATION", "LEVEL"):
        return Plan(["SHOW transaction_isolation"])
    name = name_of(reader.next())
    if not reader.ended() or name == "all":
        raise NotSupported("SHOW other than SHOW parameter")
    if name in OWN_PARAMETERS:
        default = literal(OWN_PARAMETERS[name][0])
        return Plan(
            [f"SELECT coalesce(nullif(current_setting('rs.{name}', true), ''), {default}) AS {name}"], tag="SHOW"
        )
    if name in BACKEND_PARAMETERS or name in (
        "server_version",
        "transaction_isolation",
        "server_encoding",
        "is_superuser",
    ):
        return Plan([f"SHOW {name}"])
    if name == "transaction":
        return Plan(["SHOW transaction_isolation"])
    raise RedshiftError("42704", f'unrecognized configuration parameter "{name}"')


def reset_parameter(tokens: list[Token]) -> Plan:
    name = name_of(Reader(tokens).peek(1))
    if name in OWN_PARAMETERS:
        return Plan(
            [f"SET rs.{name} TO {literal(OWN_PARAMETERS[name][0])}"],
            setting=(name, OWN_PARAMETERS[name][0]),
            tag="RESET",
        )
    return Plan([text_of(tokens)])
