"""Which of our settings is it that another tap for CSV files calls otherwise, at the top or in an entry of `files`?"""

from __future__ import annotations

from collections.abc import Mapping

# https://github.com/MeltanoLabs/tap-csv/blob/main/README.md
_CSV = "tap-csv"
# https://github.com/transferwise/pipelinewise-tap-s3-csv/blob/master/README.md
_S3_CSV = "tap-s3-csv"
# https://github.com/ets/tap-spreadsheets-anywhere/blob/main/README.md
_ANYWHERE = "tap-spreadsheets-anywhere"

_NOT_EXCEL = "only CSV is read: remove it"

# Name -> the tap that has it, and what takes its place here.
THEIRS: Mapping[str, tuple[str, str]] = {
    "csv_files_definition": (_CSV, "here the list stands in 'files'"),
    "add_metadata_columns": (_CSV, "here it is 'add_source_columns'"),
    "filesystem": (_CSV, "here 'path' says it, as in s3://bucket/key: remove it"),
    "entity": (_CSV, "here it is 'stream'"),
    "quotechar": (_CSV, "here it is 'quote'"),
    "escapechar": (_CSV, "here it is 'escape'"),
    "doublequote": (_CSV, "here it is 'double_quote'"),
    "skipinitialspace": (_CSV, "here blanks belong to the field: remove it"),
    "strict": (_CSV, "here it is 'on_bad_row'; remove it to have bad rows refused"),
    "tables": (_S3_CSV, "here it is 'files'"),
    "bucket": (_S3_CSV, "here it is part of 'path', as in s3://bucket/key"),
    "aws_endpoint_url": (_S3_CSV, "here it is 's3_endpoint_url'"),
    "start_date": (_S3_CSV, "here it is 'start_value', of the column 'replication_key'; files are not chosen by time"),
    "table_name": (_S3_CSV, "here it is 'stream'"),
    "table_suffix": (_S3_CSV, "here it is part of 'stream'"),
    "key_properties": (_S3_CSV, "here it is 'keys'"),
    "search_prefix": (_S3_CSV, "here it is part of 'path', a glob"),
    "search_pattern": (_S3_CSV, "here it is part of 'path', a glob and no regular expression"),
    "date_overrides": (_S3_CSV, "here it is 'types'"),
    "string_overrides": (_S3_CSV, "here it is 'types'"),
    "name": (_ANYWHERE, "here it is 'stream'"),
    "pattern": (_ANYWHERE, "here it is part of 'path', a glob and no regular expression"),
    "field_names": (_ANYWHERE, "here it is 'header'"),
    "schema_overrides": (_ANYWHERE, "here it is 'types'"),
    "format": (_ANYWHERE, _NOT_EXCEL),
    "worksheet_name": (_ANYWHERE, _NOT_EXCEL),
    "universal_newlines": (_ANYWHERE, "here every kind of line end is read: remove it"),
    "sample_rate": (_ANYWHERE, "here 'sample_bytes' says how much discovery reads"),
    "max_sampling_read": (_ANYWHERE, "here 'sample_bytes' says how much discovery reads"),
    "max_sampled_files": (_ANYWHERE, "here it is 'sample_files'"),
    "prefer_number_vs_integer": (_ANYWHERE, "here 'types' says it, for a column"),
    "selected": (_ANYWHERE, "here the catalog says it"),
}

ELSEWHERE: Mapping[str, str] = {name: f"{tap} has it; {here}" for name, (tap, here) in THEIRS.items()}
