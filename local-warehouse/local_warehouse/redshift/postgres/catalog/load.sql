-- What COPY leaves behind. The rows are written over a connection of the server's own, so they survive ROLLBACK.
SET search_path = pg_catalog;
CREATE TABLE pg_catalog.rs_load_error (
    userid int, slice int, tbl int, starttime timestamp, session int, query bigint, filename text, line_number bigint,
    colname text, type text, col_length text, "position" int, raw_line text, raw_field_value text, err_code int,
    err_reason text, is_partial int, start_offset bigint, transaction_id bigint, database_name text
);
CREATE TABLE pg_catalog.rs_load (
    userid int, query bigint, transaction_id bigint, session int, database_name text, status text, table_name text,
    start_time timestamp, end_time timestamp, data_source text, file_format text, loaded_rows bigint, loaded_bytes bigint,
    source_file_count int, source_file_bytes bigint, error_count int
);
CREATE TABLE pg_catalog.rs_load_file (
    userid int, query bigint, filename text, byte_count bigint, line_count bigint, errors int, curtime timestamp, status int, file_format text
);
