"""Parameters of the session: those that our statements depend on, and that nobody else sets."""

from __future__ import annotations

from singer_bulk.warehouse.words import literal

from target_redshift_copy.config import RedshiftSettings

# What a user or a parameter group may have set otherwise, and our statements depend on; in one statement, because each
# answer takes its time. docs/session-parameters.md goes through the whole list.
SESSION_PARAMETERS = {
    "timezone": "'UTC'",  # r_Datetime_types: a value without offset in a TIMESTAMPTZ column is read in it
    "datestyle": "'ISO, MDY'",  # r_datestyle: how dates and times become text, where a column becomes one
    "extra_float_digits": "0",  # r_extra_float_digits: how many digits a double has as text
    "enable_case_sensitive_identifier": "off",  # r_enable_case_sensitive_identifier: a table in capitals is another one
    "search_path": "'$user', public",  # r_search_path: temporary tables are looked for first, unless it says otherwise
}


def parameters_of(settings: RedshiftSettings, group: str) -> str:
    """Return what sets the parameters of a session, in one call: the user's first, so that ours stand."""
    own = {name.lower(): _value(value) for name, value in (settings.session_parameters or {}).items()}
    if settings.statement_timeout_seconds is not None:
        own["statement_timeout"] = str(settings.statement_timeout_seconds * 1000)
    if group:
        own["query_group"] = literal(group)
    return "; ".join(f"SET {name} TO {value}" for name, value in (own | SESSION_PARAMETERS).items())


def _value(value: str | int | float | bool) -> str:
    """Return a value as SET takes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return literal(value) if isinstance(value, str) else str(value)
