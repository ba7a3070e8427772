"""Which errors does the tap have, by the codes that their messages end in, and that documents and tests name?

A code stays what it is: one that is given up is not used again. Each begins with CSV, so that none is one of a target.
docs/errors.md is written from these tables.
"""

from __future__ import annotations

# What a code begins with -> whose it is.
AREAS = {
    "CSV-CFG": "the user of tap-csv-extract: a setting, a configuration file, a catalog",
    "CSV-STATE": "the user of tap-csv-extract: what `--state` gives",
    "CSV-SRC": "a file, folder or pipe that tap-csv-extract is to read",
    "CSV-S3": "what S3 answers tap-csv-extract",
    "CSV-HDR": "the header of a file that tap-csv-extract reads",
    "CSV-ROW": "a row that is not what the settings of tap-csv-extract promise; `on_bad_row` may set it aside",
    "CSV-RUN": "the process of tap-csv-extract and its surroundings",
}

# Code -> what it means, and what whoever can do something about it does.
CODES = {
    "CSV-CFG-ADDED-COLUMN": "The files have a column with a name that the tap gives to one of its own: the user "
    "renames it in the files, or by `header`.",
    "CSV-CFG-CATALOG": "What `--catalog` gives is no catalog, or has a type that no column can have: the user makes it "
    "with `--discover`, and changes that.",
    "CSV-CFG-COLUMN": "A setting names a column that the files do not have: the user names another.",
    "CSV-CFG-FILE": "The file of `--config`, `--state` or `--catalog` cannot be read, or is no JSON: the user mends "
    "it.",
    "CSV-CFG-KEY-ORDER": "The replication key is no column that has an order, or is text, which may sort otherwise "
    "than time: the user names another column, or declares its type in `types`.",
    "CSV-CFG-NO-COLUMNS": "No file has a whole row, so the columns are not known: the user corrects `path`, or names "
    "them in `header`.",
    "CSV-CFG-NO-FILES": "A full extract of no file would empty its table: the user corrects `path`, or sets "
    "`replication_method` to INCREMENTAL.",
    "CSV-CFG-OPERATION": "LOG_BASED reads change files, and no setting says which column holds the operation: the user "
    "sets `operation`, or another `replication_method`.",
    "CSV-CFG-PATH": "A path names no file, object or bucket: the user corrects it, or writes a glob.",
    "CSV-CFG-REJECT-PATH": "`reject_path` is missing, cannot be written, or is one of the files that are read: the "
    "user names another file.",
    "CSV-CFG-SAME-STREAM": "Two entries of `files` are one stream: the user joins their paths in one entry, or names "
    "one of them by `stream`.",
    "CSV-CFG-SECRET": "A setting refers to a secret that cannot be had from where it is kept: the user corrects the "
    "reference, or grants what the message says.",
    "CSV-CFG-STREAM-NAME": "The path gives no name to a stream: the user sets `stream`.",
    "CSV-CFG-VALUE": "A setting is missing, unknown, contradicts another, or has a value that it does not take: the "
    "user corrects it.",
    "CSV-STATE-FORM": "What `--state` gives is no STATE, or none of this tap: the user gives the one that the target "
    "wrote last, or none, which sends every row again.",
    "CSV-STATE-KEY": "STATE has the highest value of another replication key, or of the same one when it had another "
    "type: the user sets it back, or takes the stream's bookmark out, which sends its rows again.",
    "CSV-STATE-VALUE": "The bookmark or `start_value` is no value of the replication key's type: the user corrects "
    "`start_value`, or takes the stream's bookmark out of STATE.",
    "CSV-SRC-BROKEN": "A packed file or an archive is cut off or damaged, or is none: it is written anew.",
    "CSV-SRC-CHANGED": "A file was changed or removed after it was listed: run again when it is whole; whoever writes "
    "it gives it its name when it is done.",
    "CSV-SRC-ENCODING": "A file is not in the encoding of the settings: the user sets `encoding`, or corrects `path` "
    "where it is no text.",
    "CSV-SRC-FORMAT": "A file is no CSV, or encrypted, or packed as it is not read: it is exported as CSV, and packed "
    "with gzip, zstd, bz2 or zip.",
    "CSV-SRC-MEMBERS": "An archive has several members of one name, which STATE could not tell apart: they get names "
    "of their own.",
    "CSV-SRC-NAME": "The name of a file is no UTF-8, so STATE cannot hold it: the file is renamed.",
    "CSV-SRC-OPEN": "A folder cannot be listed, or a file or pipe not opened: the user grants the right that the "
    "message says, or names others in `path`.",
    "CSV-SRC-READ": "The system gives an error in the middle of a file: the user looks after the disk or the network, "
    "and runs again.",
    "CSV-S3-ACCESS": "The keys or the profile may not read the objects: the user allows `s3:GetObject` and "
    "`s3:ListBucket`.",
    "CSV-S3-AWAY": "S3 cannot be reached with these settings, or breaks off: the user checks the `aws_*` and `s3_*` "
    "settings and the network.",
    "CSV-S3-KEYS": "S3 does not know the access key, or the secret is not its own: the user corrects them.",
    "CSV-S3-REFUSED": "S3 refuses a request with a code of its own: that code says why.",
    "CSV-HDR-DELIMITER": "The header falls into other columns by another delimiter: the user sets `delimiter`, or says "
    "by `header` and `skip_lines` that it is meant so.",
    "CSV-HDR-DRIFT": "A file has other columns than its stream: the file is corrected, or the user sets `drift`.",
    "CSV-HDR-ROW": "The first row, which tells the columns, cannot be read: the file is corrected, or the user sets "
    "`quote`.",
    "CSV-ROW-ENCODING": "A row has bytes that the encoding does not know: the user sets `encoding`.",
    "CSV-ROW-LONG": "A line is longer than a row may be: the user checks whether `path` names a text file.",
    "CSV-ROW-OPERATION": "A row of a change file has an operation that is not known: the user sets `operation_values`.",
    "CSV-ROW-QUOTE": "The quotes of a row do not end where a field does: the file is corrected, or the user sets "
    "`quote` or `escape`.",
    "CSV-ROW-VALUE": "A value is none of its column's type: the user declares the column in `types`, or adds the text "
    "to `null_values`.",
    "CSV-ROW-WIDTH": "A row has more or fewer fields than the header: the file is corrected, or the user sets "
    "`delimiter` or `trailing_delimiter`.",
    "CSV-RUN-OUTPUT": "Whoever reads the messages has gone: the next run sends what it has not confirmed.",
    "CSV-RUN-UNEXPECTED": "An error that nobody has foreseen: the user tries the stream with other settings, or the "
    "file alone, and reports it.",
}
