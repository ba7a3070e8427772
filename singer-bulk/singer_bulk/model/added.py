"""Which columns of a table are ours? Their names and types."""

from __future__ import annotations

from singer_bulk.model.columns import INTEGER, TIMESTAMPTZ

METADATA_PREFIX = "_sdc_"  # of every column that a loader adds to those of the source
EXTRACTED_AT = "_sdc_extracted_at"
RECEIVED_AT = "_sdc_received_at"
BATCHED_AT = "_sdc_batched_at"
DELETED_AT = "_sdc_deleted_at"
SEQUENCE = "_sdc_sequence"
TABLE_VERSION = "_sdc_table_version"
SYNC_STARTED_AT = "_sdc_sync_started_at"

# Those that `add_record_metadata` adds, with the names and meanings of the Singer SDK.
METADATA_TYPES = {
    EXTRACTED_AT: TIMESTAMPTZ,  # the RECORD's time_extracted
    RECEIVED_AT: TIMESTAMPTZ,  # when the target read it
    BATCHED_AT: TIMESTAMPTZ,  # when its batch began
    DELETED_AT: TIMESTAMPTZ,  # sent by the tap as a property, else empty
    SEQUENCE: INTEGER,
    TABLE_VERSION: INTEGER,  # the RECORD's version
    SYNC_STARTED_AT: INTEGER,  # when the target started, in milliseconds since 1970
}

# Of the names of columns and tables that only the loader has: what a statement needs, fences, temporary tables.
OWN_PREFIX = "_singer_"
# Of the tables whose locks are the turns of loads (warehouse/turn.py).
TURN_PREFIX = "_singer_turn__"
# Of the table that holds the places of deleted keys.
LIVE_SUFFIX, DELETED_SUFFIX = "_live", "__deleted"

# Keeps what the SCHEMA does not have.
EXTRA_NAME = "_sdc_extra"

# Names what an event of a partial feed left out, and so has not changed; null where it left out nothing.
MISSING_NAME = "_sdc_missing"

# Numbers the rows of a scratch table in the order of arrival; no table of a user has it.
ORDER_NAME = "_singer_order"

# The two columns of a change that is under way (warehouse/alter_table.py); the prefix is the loaders' own.
WIDENED, NARROW = "_sdc_widened_", "_sdc_narrow_"
