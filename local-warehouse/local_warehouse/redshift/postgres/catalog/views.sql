-- System tables and views under Redshift's names. CHAR columns are blank-padded there, so they are CHAR here.
SET search_path = pg_catalog;

CREATE VIEW pg_catalog.stl_load_errors AS
SELECT userid, slice, tbl, starttime, session, query, filename::char(256) AS filename, line_number, left(colname, 127)::char(127) AS colname,
    type::char(10) AS type, col_length::char(10) AS col_length, "position", raw_line::char(1024) AS raw_line,
    raw_field_value::char(1024) AS raw_field_value, err_code, err_reason::char(100) AS err_reason, is_partial, start_offset
FROM pg_catalog.rs_load_error WHERE userid = (SELECT usesysid FROM pg_user WHERE usename = current_user)
    OR (SELECT usesuper FROM pg_user WHERE usename = current_user);

CREATE VIEW pg_catalog.sys_load_error_detail AS
SELECT userid AS user_id, query AS query_id, transaction_id, session AS session_id, database_name::char(128) AS database_name, tbl AS table_id,
    starttime AS start_time, filename::char(256) AS file_name, line_number, left(colname, 127)::char(127) AS column_name,
    type::char(10) AS column_type, col_length::char(10) AS column_length, "position", err_code AS error_code, err_reason::char(512) AS error_message
FROM pg_catalog.rs_load_error WHERE userid = (SELECT usesysid FROM pg_user WHERE usename = current_user)
    OR (SELECT usesuper FROM pg_user WHERE usename = current_user);

CREATE VIEW pg_catalog.sys_load_history AS
SELECT userid AS user_id, query AS query_id, transaction_id, session AS session_id, database_name, status, table_name, start_time, end_time,
    (extract(epoch FROM end_time - start_time) * 1000000)::bigint AS duration, data_source, file_format, loaded_rows, loaded_bytes,
    source_file_count, source_file_bytes, source_file_count AS file_count_scanned, source_file_bytes AS file_bytes_scanned,
    error_count, NULL::bigint AS copy_job_id
FROM pg_catalog.rs_load
WHERE userid = (SELECT usesysid FROM pg_user WHERE usename = current_user) OR (SELECT usesuper FROM pg_user WHERE usename = current_user);

CREATE VIEW pg_catalog.stl_load_commits AS
SELECT userid, query, 0 AS slice, ''::char(256) AS name, filename::char(256) AS filename, byte_count AS byte_offset, line_count AS lines_scanned,
    errors, curtime, status, file_format::char(16) AS file_format, 0 AS is_partial, 0::bigint AS start_offset, -1::bigint AS copy_job_id
FROM pg_catalog.rs_load_file
WHERE userid = (SELECT usesysid FROM pg_user WHERE usename = current_user) OR (SELECT usesuper FROM pg_user WHERE usename = current_user);

CREATE VIEW pg_catalog.sys_load_detail AS
SELECT userid AS user_id, query AS query_id, filename::char(256) AS file_name, byte_count AS bytes_scanned, line_count AS lines_scanned,
    curtime AS record_time, 1 AS splits_scanned, curtime AS start_time, curtime AS end_time
FROM pg_catalog.rs_load_file
WHERE userid = (SELECT usesysid FROM pg_user WHERE usename = current_user) OR (SELECT usesuper FROM pg_user WHERE usename = current_user);

CREATE VIEW pg_catalog.svv_columns AS
SELECT current_database()::varchar AS table_catalog, rs_name(n.nspname) AS table_schema, rs_name(c.relname) AS table_name,
    rs_name(a.attname) AS column_name, a.attnum::int AS ordinal_position,
    CASE WHEN a.attidentity = '' THEN pg_get_expr(d.adbin, d.adrelid) ELSE '"identity"' END::varchar AS column_default,
    CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END::varchar AS is_nullable,
    (CASE a.atttypid WHEN 'varbyte'::regtype THEN 'binary varying' ELSE format_type(a.atttypid, NULL) END)::varchar AS data_type,
    CASE WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) THEN nullif(a.atttypmod, -1) - 4
         WHEN a.atttypid = 'varbyte'::regtype THEN nullif(a.atttypmod, -1) END AS character_maximum_length,
    CASE a.atttypid WHEN 'numeric'::regtype THEN ((a.atttypmod - 4) >> 16) & 65535 WHEN 'int2'::regtype THEN 16 WHEN 'int4'::regtype THEN 32
        WHEN 'int8'::regtype THEN 64 WHEN 'float4'::regtype THEN 24 WHEN 'float8'::regtype THEN 53 END AS numeric_precision,
    CASE WHEN a.atttypid = 'numeric'::regtype THEN 10 WHEN a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'float4'::regtype, 'float8'::regtype)
        THEN 2 END AS numeric_precision_radix,
    CASE WHEN a.atttypid = 'numeric'::regtype THEN (a.atttypmod - 4) & 2047 WHEN a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 0 END AS numeric_scale,
    CASE WHEN a.atttypid IN ('timestamp'::regtype, 'timestamptz'::regtype, 'time'::regtype, 'timetz'::regtype) THEN 6
        WHEN a.atttypid = 'date'::regtype THEN 0 END AS datetime_precision,
    NULL::varchar AS interval_type, NULL::varchar AS interval_precision, NULL::varchar AS character_set_catalog, NULL::varchar AS character_set_schema,
    NULL::varchar AS character_set_name, NULL::varchar AS collation_catalog, NULL::varchar AS collation_schema, NULL::varchar AS collation_name,
    NULL::varchar AS domain_name, col_description(c.oid, a.attnum)::varchar AS remarks
FROM (SELECT attrelid, attname, attnum, atttypid, atttypmod, attnotnull, attidentity, attisdropped FROM pg_attribute
        UNION ALL SELECT attrelid, attname, attnum, atttypid, atttypmod, false, '', false FROM pg_catalog.rs_late_columns()) a
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v') AND c.relname NOT LIKE 'rs\\_%'
    AND has_table_privilege(c.oid, 'SELECT');

CREATE VIEW pg_catalog.svv_tables AS
SELECT current_database()::varchar AS table_catalog, rs_name(n.nspname) AS table_schema, rs_name(c.relname) AS table_name,
    CASE WHEN c.relkind = 'v' THEN 'VIEW' WHEN c.relpersistence = 't' THEN 'LOCAL TEMPORARY' ELSE 'BASE TABLE' END::varchar AS table_type,
    obj_description(c.oid, 'pg_class')::varchar AS remarks
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v') AND c.relname NOT LIKE 'rs\\_%' AND has_table_privilege(c.oid, 'SELECT');

CREATE VIEW pg_catalog.stv_recents AS
SELECT usesysid::int AS userid, CASE state WHEN 'active' THEN 'Running' ELSE 'Done' END::char(20) AS status, query_start::timestamp AS starttime,
    (extract(epoch FROM clock_timestamp() - query_start) * 1000000)::bigint AS duration, usename::char(50) AS user_name, datname::char(50) AS db_name,
    left(query, 600)::char(600) AS query, pid
FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname IS NOT NULL AND usename <> 'rdsdb' AND application_name <> 'rs_catalog';

CREATE VIEW pg_catalog.stv_sessions AS
SELECT backend_start::timestamp AS starttime, pid AS process, usename::char(50) AS user_name, datname::char(50) AS db_name, 0 AS timeout_sec
FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'rdsdb' AND application_name <> 'rs_catalog';

-- R_STV_SLICES: a provisioned cluster of one node with two slices.
CREATE VIEW pg_catalog.stv_slices AS
SELECT 0 AS node, slice, slice AS localslice, 'D'::char(1) AS type FROM generate_series(0, 1) AS slice;

CREATE VIEW pg_catalog.svv_transactions AS
SELECT a.usename::varchar AS txn_owner, a.datname::varchar AS txn_db, coalesce(a.backend_xid::text, '0')::bigint AS xid, a.pid, a.xact_start::timestamp AS txn_start,
    l.mode::varchar AS lock_mode, CASE WHEN l.relation IS NULL THEN 'transactionid' ELSE 'relation' END::varchar AS lockable_object_type,
    l.relation::int AS relation, l.granted
FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
WHERE a.backend_type = 'client backend' AND a.usename <> 'rdsdb' AND application_name <> 'rs_catalog' AND a.xact_start IS NOT NULL AND l.locktype IN ('relation', 'transactionid');

CREATE VIEW pg_catalog.rs_shown_column AS
SELECT n.nspname, c.relname, c.oid AS relid, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod)::varchar AS type, coalesce(nullif(l.encoding, ''), 'none')::varchar AS encoding,
    coalesce(l.distkey, false) AS distkey, coalesce(l.sortkey, 0) AS sortkey, a.attnotnull AS "notnull"
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.rs_column_layout l ON l.relid = a.attrelid AND l.attnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r' AND c.relname NOT LIKE 'rs\\_%';

-- Only what is on the search path (r_PG_TABLE_DEF).
CREATE VIEW pg_catalog.pg_table_def AS
SELECT rs_name(nspname) AS schemaname, rs_name(relname) AS tablename, rs_name(attname) AS "column", type, encoding, distkey, sortkey, "notnull"
FROM pg_catalog.rs_shown_column WHERE nspname = ANY (current_schemas(true));

CREATE FUNCTION pg_catalog.rs_row_count(relation oid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE found bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', relation::regclass) INTO found;
    RETURN found;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN NULL;
END $$;

CREATE VIEW pg_catalog.svv_table_info AS
SELECT current_database()::varchar AS database, rs_name(n.nspname) AS schema, c.oid AS table_id, rs_name(c.relname) AS "table",
    CASE WHEN EXISTS (SELECT FROM pg_catalog.rs_column_layout l WHERE l.relid = c.oid AND l.encoding <> '') THEN 'Y' ELSE 'N' END::varchar AS encoded,
    coalesce(CASE WHEN t.diststyle = 'KEY' THEN 'KEY(' || (SELECT rs_name(a.attname) FROM pg_catalog.rs_column_layout l JOIN pg_attribute a
        ON a.attrelid = l.relid AND a.attnum = l.attnum WHERE l.relid = c.oid AND l.distkey) || ')' ELSE t.diststyle END, 'AUTO(ALL)')::varchar AS diststyle,
    coalesce((SELECT rs_name(a.attname) FROM pg_catalog.rs_column_layout l JOIN pg_attribute a ON a.attrelid = l.relid AND a.attnum = l.attnum
        WHERE l.relid = c.oid AND abs(l.sortkey) = 1), 'AUTO(SORTKEY)')::varchar AS sortkey1,
    (SELECT count(*) FROM pg_catalog.rs_column_layout l WHERE l.relid = c.oid AND l.sortkey <> 0)::int AS sortkey_num,
    (pg_relation_size(c.oid) / 1048576)::bigint AS size,
    rs_row_count(c.oid) AS tbl_rows
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.rs_table_layout t ON t.relid = c.oid
WHERE c.relkind = 'r' AND c.relname NOT LIKE 'rs\\_%' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND rs_row_count(c.oid) > 0;

CREATE VIEW pg_catalog.svv_redshift_tables AS
SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END::varchar AS table_type, NULL::varchar AS table_acl, remarks
FROM pg_catalog.svv_tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema');
CREATE VIEW pg_catalog.svv_all_tables AS SELECT * FROM pg_catalog.svv_redshift_tables;
CREATE VIEW pg_catalog.svv_redshift_columns AS
SELECT c.table_catalog AS database_name, c.table_schema AS schema_name, c.table_name, c.column_name, c.ordinal_position, c.data_type, c.column_default, c.is_nullable, s.encoding,
    s.distkey, s.sortkey::int AS sortkey, NULL::varchar AS column_acl, c.remarks
FROM pg_catalog.svv_columns c LEFT JOIN pg_catalog.rs_shown_column s ON rs_name(s.nspname) = c.table_schema AND rs_name(s.relname) = c.table_name AND rs_name(s.attname) = c.column_name
WHERE c.table_schema NOT IN ('pg_catalog', 'information_schema');
-- R_PG_CLASS_INFO: pg_class with its oid as reloid, and the style in force; AUTO begins as AUTO(ALL).
CREATE VIEW pg_catalog.pg_class_info AS
SELECT c.oid AS reloid, c.relname, c.relnamespace, c.relowner, c.relkind, NULL::timestamp AS relcreationtime,
    CASE t.diststyle WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 10 END AS releffectivediststyle
FROM pg_class c LEFT JOIN pg_catalog.rs_table_layout t ON t.relid = c.oid
WHERE c.relkind IN ('r', 'v') AND c.relname NOT LIKE 'rs\\_%' AND has_table_privilege(c.oid, 'SELECT');
CREATE VIEW pg_catalog.svv_all_columns AS
SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name, ordinal_position, column_default, is_nullable, data_type,
    character_maximum_length, numeric_precision, numeric_scale, remarks
FROM pg_catalog.svv_columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema');
CREATE VIEW pg_catalog.svv_redshift_schemas AS
SELECT current_database()::varchar AS database_name, rs_name(nspname) AS schema_name, nspowner::int AS schema_owner, 'local'::varchar AS schema_type, NULL::varchar AS schema_acl, NULL::varchar AS schema_option
FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_toast%';
CREATE VIEW pg_catalog.svv_all_schemas AS SELECT * FROM pg_catalog.svv_redshift_schemas;

CREATE FUNCTION pg_catalog.rs_isolation(database_id oid) RETURNS varchar LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM pg_db_role_setting WHERE setdatabase = database_id AND 'default_transaction_isolation=serializable' = ANY (setconfig))
        THEN 'Serializable' ELSE 'Snapshot Isolation' END::varchar
$$;
CREATE VIEW pg_catalog.stv_db_isolation_level AS
SELECT datname::char(128) AS db_name, rs_isolation(oid)::char(20) AS isolation_level FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1');
CREATE VIEW pg_catalog.svv_redshift_databases AS
SELECT datname::varchar AS database_name, datdba::int AS database_owner, 'local'::varchar AS database_type, NULL::varchar AS database_acl, NULL::varchar AS database_options, rs_isolation(oid) AS database_isolation_level
FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1');

CREATE VIEW pg_catalog.svv_external_schemas AS
SELECT NULL::oid AS esoid, NULL::smallint AS eskind, NULL::name AS schemaname, NULL::int AS esowner, NULL::text AS databasename, NULL::text AS esoptions WHERE false;
CREATE VIEW pg_catalog.svv_external_tables AS
SELECT NULL::text AS redshift_database_name, NULL::text AS schemaname, NULL::text AS tablename, NULL::text AS tabletype, NULL::text AS location, NULL::text AS parameters WHERE false;
CREATE VIEW pg_catalog.svv_external_columns AS
SELECT NULL::text AS redshift_database_name, NULL::text AS schemaname, NULL::text AS tablename, NULL::text AS columnname, NULL::text AS external_type, NULL::int AS columnnum,
    NULL::int AS part_key, NULL::text AS is_nullable WHERE false;
CREATE VIEW pg_catalog.sys_session_history AS
SELECT pid AS session_id, backend_start::timestamp AS start_time, usename::varchar AS user_name, datname::varchar AS database_name FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'rdsdb' AND application_name <> 'rs_catalog';

-- PG_CLASS, PG_ATTRIBUTE and PG_ATTRDEF have columns of Redshift's own: statements that name these tables get the views.
CREATE FUNCTION pg_catalog.rs_encodings() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['none', 'raw', 'az64', 'bytedict', 'delta', 'delta32k', 'lzo', 'mostly8', 'mostly16', 'mostly32', 'runlength', 'text255', 'text32k', 'zstd', 'auto']
$$;
CREATE FUNCTION pg_catalog.format_encoding(number int) RETURNS varchar LANGUAGE sql IMMUTABLE AS $$ SELECT (pg_catalog.rs_encodings())[number + 1]::varchar $$;
CREATE VIEW pg_catalog.rs_pg_class AS
SELECT c.*, false AS relhasoids, 0::smallint AS reltriggers, 0::smallint AS relukeys, 0::smallint AS relfkeys, 0::smallint AS relrefs, false AS relhaspkey,
    CASE (SELECT t.diststyle FROM pg_catalog.rs_table_layout t WHERE t.relid = c.oid)
        WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 9 END::smallint AS reldiststyle
FROM pg_catalog.pg_class c;
CREATE VIEW pg_catalog.rs_pg_attribute AS
SELECT a.*, coalesce(l.distkey, false) AS attisdistkey, coalesce(l.sortkey, 0) AS attsortkeyord,
    (array_position(pg_catalog.rs_encodings(), coalesce(nullif(l.encoding, ''), 'none')) - 1)::smallint AS attencodingtype
FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.rs_column_layout l ON l.relid = a.attrelid AND l.attnum = a.attnum;
CREATE VIEW pg_catalog.rs_pg_attrdef AS SELECT d.*, pg_get_expr(d.adbin, d.adrelid) AS adsrc FROM pg_catalog.pg_attrdef d;

-- Everybody reads the system views; those of loads show a user its own rows.
DO $$
DECLARE view_name text;
BEGIN
    FOR view_name IN SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'pg_catalog'::regnamespace
        AND relname ~ '^(stl|stv|sys|svv|rs)_|^pg_(table_def|class_info)$' LOOP
        EXECUTE format('GRANT SELECT ON pg_catalog.%I TO PUBLIC', view_name);
    END LOOP;
END $$;
