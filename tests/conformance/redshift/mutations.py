"""Rules of the Redshift stand-in, what breaks each, and the tests that must notice: read by tests/mutations.py.

A line is (rule, file, what stands there, what stands there instead, an expression for pytest -k).
"""

from __future__ import annotations

LAYOUT, TYPES, FUNCTIONS = "postgres/catalog/layout.sql", "postgres/catalog/types.sql", "postgres/catalog/functions.sql"

MUTATIONS = [
    # Transactions
    ("TRUNCATE commits", "rewrite/statements.py", "commits=True)", "commits=False)", "test_truncate_commits"),
    (
        "ALTER COLUMN TYPE is refused in a block",
        "rewrite/alter.py",
        "before=[check], outside_block=IN_BLOCK)",
        "before=[check])",
        "test_refused_in_a_block",
    ),
    (
        "the default isolation is SNAPSHOT",
        "postgres/backend.py",
        '"default_transaction_isolation": "repeatable read"',
        '"default_transaction_isolation": "read committed"',
        "test_begin_accepts_every_level",
    ),
    (
        "UPDATE and DELETE take the table for themselves",
        "rewrite/statements.py",
        'WRITE_LOCK = "SHARE ROW EXCLUSIVE"',
        'WRITE_LOCK = "ROW EXCLUSIVE"',
        "test_update_waits_for_the_table or test_delete_waits_for_inserts",
    ),
    (
        "a table made after the snapshot does not exist",
        "serve/session.py",
        "        if later:\n",
        "        if later and False:\n",
        "test_a_later_table_does_not_exist",
    ),
    (
        "catalogs are read-committed",
        "serve/session.py",
        "and self.reads_snapshot and not self.catalog_changed",
        "and False",
        "test_catalogs_are_read_committed",
    ),
    # Types and names
    (
        "VARCHAR counts bytes",
        TYPES,
        "typmod < 4 OR octet_length(value) <= typmod - 4 THEN value",
        "typmod < 4 OR length(value) <= typmod - 4 THEN value",
        "test_too_long_is_an_error",
    ),
    (
        "an excess of anything but blanks is an error",
        TYPES,
        "IF NOT explicit AND rtrim(substr(value::text, length(kept) + 1), ' ') <> ''",
        "IF false",
        "test_too_long_is_an_error",
    ),
    (
        "trailing blanks do not count in comparisons",
        TYPES,
        "('=', 'bpchareq', '=', '<>', 'eqsel', 'eqjoinsel')",
        "('=', 'texteq', '=', '<>', 'eqsel', 'eqjoinsel')",
        "test_trailing_blanks_do_not_count",
    ),
    (
        "DECIMAL is DECIMAL(18,0)",
        "rewrite/column_types.py",
        'arguments[0] if arguments else "18"',
        'arguments[0] if arguments else "38"',
        "test_declared_types",
    ),
    (
        "DECIMAL of 19 digits is held in 8 bytes",
        TYPES,
        "> 9223372036854775807 THEN",
        "> 99999999999999999999 THEN",
        "test_vectors",
    ),
    (
        "names fold in double quotes too",
        "grammar/names.py",
        "cut(name if case_sensitive else fold(name))",
        "cut(name)",
        "test_names_fold_even_in_quotes",
    ),
    ("names have 127 bytes", "grammar/names.py", "MAX_NAME_BYTES = 127", "MAX_NAME_BYTES = 120", "names"),
    (
        "keys are not enforced, NOT NULL is",
        "rewrite/ddl.py",
        'column.attributes += "" if column.not_null else " NOT NULL"',
        'column.attributes += ""',
        "test_keys_are_stored_and_not_enforced",
    ),
    (
        "ALTER COLUMN TYPE not below the longest value",
        LAYOUT,
        "IF longest > new_bytes THEN",
        "IF false THEN",
        "test_refused and longest",
    ),
    (
        "a distribution key is not dropped",
        LAYOUT,
        "AND (l.distkey OR l.sortkey <> 0)) THEN",
        "AND false) THEN",
        "test_refused and distkey",
    ),
    ("JSON_PARSE refuses duplicates", TYPES, "IS JSON WITH UNIQUE KEYS", "IS JSON", "test_json_parse_limits"),
    (
        "a literal for SUPER is a string",
        "rewrite/super_values.py",
        'item[0].text += "::varchar"',
        "pass",
        "test_super_from_a_literal_is_a_string",
    ),
    ("GETDATE is of the statement", FUNCTIONS, "statement_timestamp()", "transaction_timestamp()", "getdate"),
    # Views and windows
    (
        "late-binding views want names with a schema",
        "rewrite/late_views.py",
        "if not all(reference.qualified for reference in found):",
        "if False:",
        "test_refused_of_views",
    ),
    (
        "a late-binding view is bound when it is read",
        "rewrite/late_views.py",
        "            if query is None:\n",
        "            if True:\n",
        "test_views",
    ),
    (
        "views are not written into",
        "serve/session.py",
        'rows[0][2] == "v"',
        'rows[0][2] == "?"',
        "test_refused_of_views",
    ),
    (
        "an aggregate with ORDER BY wants a frame",
        "rewrite/windows.py",
        'elif "ORDER" in clauses and "ROWS" not in clauses:',
        "elif False:",
        "test_refused_windows",
    ),
    # MERGE
    (
        "REMOVE DUPLICATES refuses equal keys of the source",
        LAYOUT,
        "HAVING count(*) > 1)', source_name, short_alias, source_keys)",
        "HAVING count(*) > 100)', source_name, short_alias, source_keys)",
        "test_remove_duplicates_does_not_guess",
    ),
    (
        "MERGE's condition is of equalities",
        "rewrite/merge.py",
        "token.word() in OTHER_COMPARISONS:",
        "False:",
        "test_merge and test_refused",
    ),
    # COPY
    (
        "COPY cuts decimals, ROUNDEC rounds",
        "copy/load_columns.py",
        "'round' if copy.round_decimals else 'trunc'",
        "'round'",
        "test_vectors",
    ),
    (
        "a field that is empty is NULL but for characters",
        "copy/load_columns.py",
        "nullif(btrim({field}, {BLANKS}), '')",
        "btrim({field}, {BLANKS})",
        "test_vectors",
    ),
    (
        "missing fields are an error without FILLRECORD",
        "copy/delimited.py",
        "            if not self.copy.fill_record:",
        "            if False:",
        "test_vectors or test_copy",
    ),
    (
        "ESCAPE takes the next character literally",
        "copy/delimited.py",
        "out.append(body[at + 1])",
        'out.append({"n": chr(10)}.get(body[at + 1], body[at + 1]))',
        "test_vectors",
    ),
    (
        "invalid UTF-8 is an error",
        "copy/delimited.py",
        "            if replacement is None:\n",
        "            if replacement is None and False:\n",
        "test_vectors",
    ),
    (
        "a mandatory file of a manifest must be there",
        "copy/sources.py",
        "                if mandatory:\n",
        "                if False:\n",
        "test_copy and manifest",
    ),
    (
        "the rows of stl_load_errors survive ROLLBACK",
        "serve/session.py",
        "            self._leave_record(load.outcome, copy, query)\n            raise",
        "            raise",
        "test_copy",
    ),
    (
        "pg_last_copy_count() is 0 after a failed load",
        "serve/session.py",
        'self.last_copy["count"] = 0',
        "pass",
        "last_copy_count",
    ),
    ("MAXERROR counts to its limit", "copy/load.py", "max(1, copy.max_error)", "copy.max_error + 1", "maxerror"),
    (
        "UPDATE with FROM wants an equality",
        "rewrite/equijoin.py",
        '    if not any(_joins(condition, update) for condition in _conditions(clauses["WHERE"])):\n',
        "    if False:\n",
        "test_refused and UPDATE",
    ),
    # Sessions
    (
        "a password is needed",
        "serve/server.py",
        "hmac.compare_digest(",
        "True or hmac.compare_digest(",
        "test_wrong_password",
    ),
    (
        "functions of the leader node see no tables",
        "rewrite/foreign.py",
        "        if named.tables:\n",
        "        if False:\n",
        "test_refused and now",
    ),
]
