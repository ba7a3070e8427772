"""Which errors are there, by the codes that their messages end in, and that documents and tests name?

A code stays what it is: one that is given up is not used again. docs/errors.md is written from these tables.
"""

from __future__ import annotations

# The first part of a code -> whose it is.
AREAS = {
    "CFG": "the user: a setting, a configuration file, a credential",
    "STREAM": "the SCHEMA of a stream and the settings for it do not go together",
    "IN": "the tap: a line of the input that is no message, or where the input ended",
    "REC": "the tap: a record that its SCHEMA, its column or the warehouse's COPY does not take",
    "TABLE": "a table of the warehouse that would have to change",
    "STAGE": "the bucket where the files of a load wait",
    "LOAD": "the load as a whole: it is rolled back, its tables are as they were",
    "RS": "what Redshift answers",
    "SF": "what Snowflake answers",
    "RUN": "the process and its surroundings",
}

# Code -> what it means, and what whoever can do something about it does.
CODES = {
    "CFG-AWS": "AWS cannot be reached with these settings: the user corrects the profile, the region or the endpoint.",
    "CFG-AWS-CREDENTIALS": "There are no credentials for AWS, or they are not known, or over: the user gives others.",
    "CFG-AWS-REFUSED": "AWS refuses a call to sign in, or to assume a role: the message says which right or setting.",
    "CFG-BATCH": "Files of a BATCH are in a form that a library reads which is not installed: the user installs the "
    "extra `batch`.",
    "CFG-CLOCK": "The clock of this machine is minutes off that of AWS or of the warehouse: the user sets it right.",
    "CFG-FILE": "A configuration file cannot be read, or is no JSON object or INI file in UTF-8: the user mends it.",
    "CFG-LAST-STATE": "`--last-state` needs to know which pipeline is asked for: the user sets `pipeline_id`.",
    "CFG-LOAD-ID": "`--explain` is given no load of the ledger: the user takes one that `--history` shows.",
    "CFG-MAPS": "`stream_maps` or the settings of flattening cannot be read: the user mends them.",
    "CFG-SCHEMA": "A schema does not exist: the user corrects its name, creates it, or sets `create_schema`.",
    "CFG-SCHEMA-NAME": "An entry of `schema_mapping` gives no name of a schema: the user corrects it.",
    "CFG-SECRET": "A setting refers to a secret that cannot be had from where it is kept: the user corrects the "
    "reference, or grants what the message says.",
    "CFG-SELF-TEST": "The schema of a self-test exists, and would be dropped in the end: the user names another one.",
    "CFG-VALUE": "A setting is missing, unknown, or has a value that it does not take: the user corrects it.",
    "STREAM-CDC-PROPERTY": "The change feed's settings name a property that the SCHEMA lacks: the user names another.",
    "STREAM-CDC-TYPE": "The column that operations are read from can hold none of them: the user names another.",
    "STREAM-CDC-OVERWRITE": "`cdc.apply` and `load_method: overwrite` exclude each other: the user takes one of them.",
    "STREAM-COLUMN-NAME": "No column name is free for a property: the user renames it by a stream map.",
    "STREAM-COLUMN-TYPE": "The type that `columns` gives a column takes no value of its property, or the table has "
    "another: the user chooses another one, or alters the table.",
    "STREAM-DELETED-AT": "`_sdc_deleted_at` may tell deletes or be a value of the source: the user says which by the "
    "setting of that name.",
    "STREAM-ENVELOPE": "The SCHEMA of an event does not say which columns its row has: the tap declares them.",
    "STREAM-FLAT-NAME": "Flattening gives two properties one name: the user sets another separator, or renames one.",
    "STREAM-KEY-DOCUMENT": "A key property may hold objects or arrays, which are not compared: the SCHEMA gives its "
    "type, or the user loads by append-only.",
    "STREAM-KEY-TYPE": "A key property has a type that its column cannot take: the user widens the column, or loads "
    "into another table.",
    "STREAM-KEY-MISSING": "A key property is not among the properties: the tap selects it, or the user sets the "
    "keys by a stream map.",
    "STREAM-KEY-TWICE": "The table has more than one row of a key by which rows are to enter: the user removes them.",
    "STREAM-KEYS-CHANGED": "The key properties are others than those by which the rows of the table entered: the user "
    "sets the keys by a stream map, or loads into an empty table.",
    "STREAM-MAP": "A stream map cannot be applied to its stream: the user mends the map.",
    "STREAM-MASK": "A value cannot be masked so: a key by redact or drop, what decides over rows, a digest again: the "
    "user takes another method, or none.",
    "STREAM-NAME": "The stream has a name that no table can have: the user renames it by a stream map.",
    "STREAM-NO-HISTORY": "A setting needs all versions of a row, and the load method keeps one: the user changes one "
    "of the two.",
    "STREAM-NO-KEYS": "Rows are to be found by key properties, and the SCHEMA names none: the tap names them, or the "
    "user sets another `load_method`.",
    "STREAM-NO-ORDER": "A setting needs to know which row is newer, and no column says so: the user adds the record "
    "metadata, or names the feed's own order.",
    "STREAM-NO-PROPERTY": "The settings of a stream name a property that its SCHEMA lacks: the user corrects the name.",
    "STREAM-NO-PROPERTIES": "The SCHEMA names no properties, so there are no columns: the user checks what the tap "
    "selects.",
    "STREAM-NO-TIME": "`current_view` needs a time for each row: the user adds the record metadata, or names the "
    "feed's own time.",
    "STREAM-OWN-NAME": "A stream or a property would take a name that is the loader's own: the user renames it by a "
    "stream map.",
    "STREAM-TABLE-PROPERTY": "A setting of the table names a column that it has not, or that is no key: the user names "
    "another.",
    "STREAM-SAME-TABLE": "Two streams would be loaded into one table: the user renames one by a stream map.",
    "STREAM-SCHEMA": "The SCHEMA is no JSON Schema: the tap corrects it, or the user does not validate records.",
    "IN-BATCH": "A BATCH names files of a form that is not read, or a file twice: the user lets the tap write another "
    "form, or send RECORDs.",
    "IN-BATCH-FILE": "A file of a BATCH cannot be read, is cut off or damaged, or has a column that JSON does not "
    "hold: the user lets the tap write it again.",
    "IN-BATCH-ROW": "A row of a CSV file of a BATCH has another number of fields than its header: the user lets the "
    "tap write it again.",
    "IN-DEEP": "A line is nested deeper than can be read: the tap flattens the record.",
    "IN-EVENT": "A record is no event of the change feed that the settings name: the user checks the preset and the "
    "tap.",
    "IN-FULL-LOAD": "The input ended in the middle of a full load; no table was changed: run the tap again.",
    "IN-JSON": "A line is not one JSON object in UTF-8: the tap is repaired, or what wrote into its output.",
    "IN-LONG": "A line is longer than any row can be: the record is split at its source, or its largest property left "
    "out.",
    "IN-MESSAGE": "A line is JSON, but no message of Singer: the tap is repaired.",
    "IN-NO-SCHEMA": "A RECORD came before the SCHEMA of its stream: the tap is repaired.",
    "IN-NO-STATE": "The input ended with records that no STATE covers, as it does when a tap dies: run the tap again "
    "from the last STATE.",
    "IN-TYPE": "A message has a type that is not taken: the user sets the tap to send RECORDs, or another tap is used.",
    "REC-DEEP": "A record is nested deeper than the warehouse takes it: it is flattened at its source.",
    "REC-INVALID": "A value breaks a rule of the SCHEMA: the tap corrects the value or the SCHEMA, or the user sets "
    "such records aside.",
    "REC-JSON": "A record has half a pair of surrogates, NaN or Infinity where no column names them: it is repaired at "
    "its source.",
    "REC-KEY": "A record lacks a key property: the tap sends it.",
    "REC-LONG": "A row is longer than COPY takes: the record is split, or its largest property left out.",
    "REC-MASK": "A line cannot be read, so what is to be masked in it is not found: the tap mends it.",
    "REC-MAP": "A stream map or flattening fails for a record: the user mends the expression or the names.",
    "REC-REQUIRED": "A record lacks a property that its SCHEMA requires: the tap sends it.",
    "REC-VALUE": "A value does not fit its column, and is never cut or rounded to fit: it is mended at its source, or "
    "the SCHEMA gives another type.",
    "TABLE-BUSY": "Another run is changing the same table: run again.",
    "TABLE-COLUMNS": "The table would have more columns than the warehouse takes: the user selects fewer properties.",
    "TABLE-FROZEN": "A column does not fit the SCHEMA, and the settings forbid to change it: the user alters the "
    "table, or allows the change.",
    "TABLE-GRANT": "A table or view has been made, and not granted as `grants` says: the user corrects the setting and "
    "runs the statements that the message has.",
    "TABLE-GONE": "Somebody has dropped or renamed a table in mid-run: the user restores it, or runs again to begin a "
    "new one.",
    "TABLE-LONG-NAME": "A column would be replaced by one whose name is too long: the user renames the property.",
    "TABLE-NOT-NULL": "A column that somebody else has made NOT NULL gets no value: the user fills it by a stream map, "
    "or alters the table.",
    "TABLE-NO-COLUMN": "No name is free for a column beside one that does not fit: the user alters the table.",
    "TABLE-VIEW": "Somebody else's view has the name that `current_view` would give to one: the user renames it, or "
    "sets `current_view` to false for the stream.",
    "TABLE-VALUES": "A column has values that its wider type does not keep: the user sets `on_type_change` to "
    "new_column.",
    "STAGE-AWAY": "S3 does not answer: the user checks the endpoint, the region and the network.",
    "STAGE-CREDENTIALS": "There are no credentials for S3: the user gives AWS keys, or a profile or role.",
    "STAGE-DESCRIPTION": "The description of staged files is of another version, or is none: the user updates the "
    "program, or looks at what has written the file.",
    "STAGE-LEFT": "A file could not be removed from the bucket: the user grants `s3:DeleteObject`.",
    "STAGE-MISSING": "A file that is to be read again is not there: somebody has removed it, or it was never kept.",
    "STAGE-MARKER": "A value equals the marker that stands for NULL in this file, which is drawn by lot: run again.",
    "STAGE-RECEIPT": "Files are staged and their receipt cannot be written: the user corrects its address, then "
    "runs again.",
    "STAGE-REFUSED": "S3 refuses a request: the user grants the right, or corrects the bucket or the keys, as the "
    "message says.",
    "LOAD-COUNT": "The warehouse loaded another number of rows than were read: run again, and report it.",
    "LOAD-EMPTY": "A full load without any record would empty its table: the user allows it by "
    "`overwrite_allow_empty`.",
    "LOAD-KEY-NULL": "Rows of the table have NULL in a key property: the user loads by append-only, or repairs the "
    "keys.",
    "LOAD-LEDGER-FORM": "The ledger is not as this program makes it, somebody has altered it: the user restores it, or "
    "names another `ledger_table`.",
    "LOAD-LEDGER-NEWER": "A newer version of the program has written the ledger: the user updates this one.",
    "LOAD-LEDGER": "The ledger can neither be seen nor made: the user grants the rights, or corrects its name.",
    "LOAD-MOVED": "Another run of the same pipeline has committed a load: the user lets it end, then runs again.",
    "LOAD-RECEIPT": "Receipts of a work list are missing, doubled, of another version, or do not go together: "
    "nothing is committed, the message says which, and the user has these parts staged again.",
    "LOAD-REPLAY": "A load cannot be loaded again as it is asked for, and nothing was changed: the message says why, "
    "and what can be.",
    "LOAD-SHRINK": "A full load would lose rows of its table, as it does when a tap dies: the user checks the source, "
    "and may allow it by `overwrite_max_shrink`.",
    "LOAD-TURN": "Another load or session has held what this load needs for too long: the user ends it, or raises "
    "`lock_wait_seconds`.",
    "LOAD-UNKNOWN": "Neither COMMIT nor the ledger was answered, so the load may be in the warehouse: the user looks "
    "for its load_id in the ledger, or runs again from `--last-state`.",
    "LOAD-WORK-LIST": "A work list cannot be read, names something twice, or has no such part: the user mends it.",
    "LOAD-WRITTEN": "Fewer rows were written than were chosen from the batch: the user switches off what leaves rows "
    "out without an error, as ERROR_LOGGING of a Snowflake table does.",
    "RS-CONFLICT": "Another transaction of Redshift was in the way: run again.",
    "RS-CONNECT": "There is no connection to Redshift: the user checks what the message names.",
    "RS-COPY-ACCESS": "Nothing says what COPY reads S3 with: the user sets `iam_role`, or gives AWS keys.",
    "RS-COPY-ROLE": "COPY cannot read the bucket: the user grants it to the role that COPY names.",
    "RS-COPY-ROW": "COPY refuses a row, though it was checked before: the message names it; report it.",
    "RS-LOST": "The connection to Redshift broke, and again when it was made anew: run again.",
    "RS-OPEN": "A lost session of Redshift does not end, so that its locks stay: the user ends it.",
    "RS-RIGHT": "A right is missing in Redshift: somebody who may runs the GRANT that the message names.",
    "RS-SECRET": "The secret of `secret_arn` is not in Amazon's form: the user mends it, or sets what it lacks.",
    "RS-SPACE": "The disks of the cluster are full: the user frees space, or makes the cluster larger.",
    "RS-SQL": "Redshift refuses a statement: its own text says why.",
    "RS-WIDE": "A table's columns are too wide together for MERGE and INSERT .. SELECT: the message says what helps.",
    "SF-BROWSER": "The login needs a browser, and there is none: the user chooses another way to sign in.",
    "SF-CONFLICT": "Another transaction of Snowflake was in the way: run again.",
    "SF-CONNECT": "There is no connection to Snowflake: the user checks what the message names.",
    "SF-COPY": "COPY INTO refuses a file, or cannot read it: its own text says why.",
    "SF-KEY": "The private key cannot be read: the user corrects the path, the key or its passphrase.",
    "SF-LOST": "The connection to Snowflake broke, and again when it was made anew: run again.",
    "SF-OPEN": "A transaction of a lost session of Snowflake does not end: the user aborts it.",
    "SF-RIGHT": "A right or an object is missing in Snowflake: the user corrects the setting, or somebody who may runs "
    "the GRANT that the message names.",
    "SF-SQL": "Snowflake refuses a statement: its own text says why.",
    "SF-STAGE-ACCESS": "A stage is to be made, and nothing lasting says what it reads S3 with: the user sets "
    "`storage_integration` or `aws_role`, or makes the stage.",
    "SF-STAGE-NAME": "A setting gives no name of a stage or file format: the user corrects it.",
    "SF-STAGE-URL": "The stage leads elsewhere than our files: the user names another stage, or corrects the bucket.",
    "SF-TOKEN": "The file with the token cannot be read, or has something else: whoever issues the token writes it.",
    "RUN-INPUT": "Standard input is closed, or cannot be read: the user pipes the output of a tap into it.",
    "RUN-MEMORY": "There is no memory left: the user gives the process more, or lets it take less.",
    "RUN-OUTPUT": "Standard output takes no STATE, so whoever reads it has gone: the next run begins from "
    "`--last-state`.",
    "RUN-SELF-TEST": "The self-test has cut a connection on purpose; where this comes up, report it.",
    "RUN-SIGNAL": "A signal ended the run where that is safe: run again.",
    "RUN-USER-SQL": "A statement of `pre_run_sql`, `post_run_sql`, `pre_load_sql` or `post_load_sql` is refused: the "
    "user corrects it, or is given the right that its text names.",
    "RUN-SOURCE": "The source of a part is of another version than its work list expects: the user makes a new list.",
    "RUN-UNEXPECTED": "Something came up that nobody has foreseen, at the place that the message names: the user "
    "reports it with the traceback that LOGLEVEL=DEBUG shows.",
}
