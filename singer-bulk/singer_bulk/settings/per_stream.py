"""What may be chosen for all streams and for one: each setting declared once, for both places.

To add one: declare it in `PerStream`, use it, and run `python -m tests.generated`. One that only one warehouse has
stands in a declaration of that target, which has these as well.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import msgspec

from singer_bulk.feeds.presets import CdcSettings
from singer_bulk.model.declared import Meta, Settings
from singer_bulk.model.file_format import ValueRules
from singer_bulk.schema.json_schema import DEFAULT_SCALE, TypeRules
from singer_bulk.schema.placement import EvolutionRules

DELETE, VALUE = "delete", "value"  # what `_sdc_deleted_at` may be


class PerStream(Settings, frozen=True, kw_only=True):
    """How the rows of a stream enter its table, and what becomes of its values and its table."""

    load_method: Annotated[
        Literal["append-only", "upsert", "overwrite"],
        Meta(
            description="append-only keeps history: each record becomes a row. upsert: the last record of each key "
            "replaces the row of its key. overwrite: the records of a run replace the rows of their tables, in one "
            "commit at the end of input."
        ),
    ] = "append-only"
    cdc: (
        Annotated[
            CdcSettings,
            Meta(
                description="The change feed: {preset, operation_column, insert_values, update_values, delete_values, "
                "truncate_values, ignore_values, sequence_columns, time_column, partial_updates, apply}; "
                "docs/change-data.md. Without it only _sdc_deleted_at tells a delete."
            ),
        ]
        | None
    ) = None
    current_view: Annotated[
        bool,
        Meta(
            description="Keep the views <table>__current, the last event of each key without deletes, and "
            "<table>__history, with valid_from and valid_to; needs load_method append-only and an order: "
            "add_record_metadata or cdc.sequence_columns."
        ),
    ] = False
    sdc_deleted_at: (
        Annotated[
            Literal["delete", "value"],
            Meta(
                description="What a property _sdc_deleted_at is: delete, by which the tap tells that a record was "
                "deleted; value, of a source that a Singer target has loaded, like any other property. Default: "
                "delete; a SCHEMA with other columns of a loader is refused where rows would be deleted by it."
            ),
        ]
        | None
    ) = None
    hard_delete: Annotated[
        bool,
        Meta(
            description="Remove the rows of deleted records (upsert) and of obsolete versions (ACTIVATE_VERSION); "
            "otherwise their _sdc_deleted_at is set."
        ),
    ] = False
    validate_records: Annotated[
        bool,
        Meta(
            description="Refuse records that their SCHEMA does not allow: type, required, enum, pattern, bounds, "
            "length, format."
        ),
    ] = True
    on_invalid_record: Annotated[
        Literal["error", "reject"],
        Meta(
            description="error ends the run; reject puts the record, with its reason, into an object under "
            "<prefix>/_rejected/ and loads the rest."
        ),
    ] = "error"
    overwrite_max_shrink: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(
            description="Part of a table's rows that a full load may lose, 0 to 1; otherwise it is refused. Default: "
            "any if the tap tells that its full load is whole (docs/loads.md), else none.",
        ),
    ] = None
    overwrite_allow_empty: Annotated[
        bool, Meta(description="Let a full load without a record empty its table; otherwise it is refused.")
    ] = False
    number_type: Annotated[
        Literal["double", "decimal"], Meta(description="Column of a number without a hint of its scale.")
    ] = "double"
    number_scale: Annotated[int, Meta(ge=0, le=37, description="Scale of a decimal whose SCHEMA gives none.")] = (
        DEFAULT_SCALE
    )
    datetime_type: Annotated[
        Literal["auto", "timestamp", "timestamptz"],
        Meta(description="Column of a date-time: auto takes timestamptz if a value of the first load has an offset."),
    ] = "auto"
    invalid_datetime: Annotated[
        Literal["error", "null", "text"],
        Meta(
            description="A date or time that does not exist (0000-00-00, second 60, year 10000): error, null, or "
            "text, which keeps dates, times and date-times in text columns, as they were sent."
        ),
    ] = "error"
    excess_datetime_digits: Annotated[
        Literal["error", "cut"],
        Meta(
            description="Digits of a second beyond those that the warehouse keeps (Redshift 6, Snowflake 9): error "
            "or cut."
        ),
    ] = "error"
    rounding: Annotated[
        Literal["error", "half_even"],
        Meta(description="A number with more digits than its column keeps: error or half_even."),
    ] = "error"
    nul_characters: Annotated[
        Literal["error", "remove"],
        Meta(description="The character NUL in a text, which no warehouse keeps: error or remove."),
    ] = "error"
    json_as_text: Annotated[
        bool,
        Meta(description="Keep objects, arrays and values of any type in text columns, exactly as they were sent."),
    ] = False
    extra_properties: Annotated[
        Literal["warn", "column"],
        Meta(
            description="Properties that the SCHEMA does not have: warn names them once, column keeps them in "
            "_sdc_extra."
        ),
    ] = "warn"
    schema_evolution: Annotated[
        Literal["evolve", "freeze"],
        Meta(description="evolve adds columns and widens them; freeze never alters an existing table."),
    ] = "evolve"
    on_type_change: Annotated[
        Literal["widen", "new_column", "error"],
        Meta(
            description="A property whose type its column cannot hold: widen the column where no value changes, else, "
            "and always with new_column, give it a second column name__s; or error."
        ),
    ] = "widen"

    columns: Annotated[
        dict[str, str] | None,
        Meta(
            description='Type of a property\'s column: {"amount": "decimal(18,2)"}; decimal(p, s), bigint, double, '
            "boolean, varchar(n), text, date, time, timestamp, timestamptz, super or variant. It never changes; a "
            "value that does not fit is refused."
        ),
    ] = None
    column_names: Annotated[
        dict[str, str] | None, Meta(description='Name of a property\'s column: {"amount": "total"}.')
    ] = None
    mask: Annotated[
        dict[str, Literal["sha256", "hmac", "redact", "drop"]] | None,
        Meta(
            description='Properties whose values nobody is to see, by name or path: {"email": "hmac", "home.street": '
            '"drop"}; sha256, hmac (by mask_key), redact (***), drop. A stream adds to what is set for all streams.'
        ),
    ] = None
    grants: Annotated[
        tuple[str, ...],
        Meta(
            description="Who may read a new table and its views: SELECT is granted to each when they are made. "
            "Redshift: ROLE name, GROUP name, or a user; Snowflake: a role."
        ),
    ] = ()
    comments: Annotated[
        bool, Meta(description="Write the SCHEMA's descriptions as comments of new tables and columns.")
    ] = False

    @property
    def text_bytes(self) -> int | None:
        """Size of a text column whose SCHEMA gives no maxLength; None: what the warehouse gives."""
        return None

    @cached_property
    def types(self) -> TypeRules:
        """Which type a column gets where the SCHEMA leaves a choice."""
        return TypeRules(
            self.number_type,
            self.number_scale,
            self.datetime_type,
            datetime_as_text=self.invalid_datetime == "text",
            json_as_text=self.json_as_text,
            text_bytes=self.text_bytes,
        )

    @cached_property
    def values(self) -> ValueRules:
        """What happens to a value that its column cannot hold."""
        return ValueRules(
            remove_nul=self.nul_characters == "remove",
            invalid_datetime_is_null=self.invalid_datetime == "null",
            round_numbers=self.rounding == "half_even",
            cut_datetime_digits=self.excess_datetime_digits == "cut",
        )

    @cached_property
    def evolution(self) -> EvolutionRules:
        """What may be done to an existing table."""
        return EvolutionRules(self.on_type_change, frozen=self.schema_evolution == "freeze")


def optional(declaration: type[Settings], name: str) -> Any:
    """Return the declaration with None, which is not set, as the default of each setting."""
    hints = get_type_hints(declaration, include_extras=True)
    fields = [(one, hints[one] | None, None) for one in declaration.__struct_fields__]
    return msgspec.defstruct(name, fields, bases=(Settings,), frozen=True, kw_only=True, forbid_unknown_fields=True)


def of_streams(own: type[Settings]) -> Any:
    """Return the type of the setting that has them for some streams."""
    names = ", ".join(own.__struct_fields__)
    description = f'What differs for a stream: {{"orders": {{"load_method": "upsert"}}}}; {names} may.'
    return Annotated[dict[str, own], Meta(description=description)]  # type: ignore[valid-type]


if TYPE_CHECKING:
    StreamSettings = PerStream
    OfStreams = dict[str, StreamSettings]
else:
    StreamSettings = optional(PerStream, "StreamSettings")
    OfStreams = of_streams(StreamSettings)
