"""What may be chosen for values and tables, for all streams and for one: each choice declared once, for both places.

`LoadSettings` (loads.py) has them with their defaults, `StreamSettings` (methods.py) without.
"""

from __future__ import annotations

from typing import Annotated, Literal

from singer_bulk.model.declared import Meta

HardDelete = Annotated[
    bool,
    Meta(
        description="Remove the rows of deleted records (upsert) and of obsolete versions (ACTIVATE_VERSION); "
        "otherwise their _sdc_deleted_at is set."
    ),
]
ValidateRecords = Annotated[
    bool,
    Meta(
        description="Refuse records that their SCHEMA does not allow: type, required, enum, pattern, bounds, "
        "length, format."
    ),
]
OnInvalidRecord = Annotated[
    Literal["error", "reject"],
    Meta(
        description="error ends the run; reject puts the record, with its reason, into an object under "
        "<prefix>/_rejected/ and loads the rest."
    ),
]
OverwriteMaxShrink = Annotated[
    Annotated[float, Meta(ge=0, le=1)] | None,
    Meta(
        description="Part of a table's rows that a full load may lose, 0 to 1; otherwise it is refused. Default: "
        "any if the tap tells that its full load is whole (docs/loads.md), else none.",
    ),
]
OverwriteAllowEmpty = Annotated[
    bool, Meta(description="Let a full load without a record empty its table; otherwise it is refused.")
]
NumberType = Annotated[
    Literal["double", "decimal"], Meta(description="Column of a number without a hint of its scale.")
]
NumberScale = Annotated[int, Meta(ge=0, le=37, description="Scale of a decimal whose SCHEMA gives none.")]
DatetimeType = Annotated[
    Literal["auto", "timestamp", "timestamptz"],
    Meta(description="Column of a date-time: auto takes timestamptz if a value of the first load has an offset."),
]
InvalidDatetime = Annotated[
    Literal["error", "null", "text"],
    Meta(
        description="A date or time that does not exist (0000-00-00, second 60, year 10000): error, null, or "
        "text, which keeps dates, times and date-times in text columns, as they were sent."
    ),
]
ExcessDatetimeDigits = Annotated[
    Literal["error", "cut"],
    Meta(
        description="Digits of a second beyond those that the warehouse keeps (Redshift 6, Snowflake 9): error or cut."
    ),
]
Rounding = Annotated[
    Literal["error", "half_even"],
    Meta(description="A number with more digits than its column keeps: error or half_even."),
]
NulCharacters = Annotated[
    Literal["error", "remove"],
    Meta(description="The character NUL in a text, which no warehouse keeps: error or remove."),
]
JsonAsText = Annotated[
    bool,
    Meta(description="Keep objects, arrays and values of any type in text columns, exactly as they were sent."),
]
ExtraProperties = Annotated[
    Literal["warn", "column"],
    Meta(
        description="Properties that the SCHEMA does not have: warn names them once, column keeps them in _sdc_extra."
    ),
]
SchemaEvolution = Annotated[
    Literal["evolve", "freeze"],
    Meta(description="evolve adds columns and widens them; freeze never alters an existing table."),
]
OnTypeChange = Annotated[
    Literal["widen", "new_column", "error"],
    Meta(
        description="A property whose type its column cannot hold: widen the column where no value changes, else, "
        "and always with new_column, give it a second column name__s; or error."
    ),
]
