-- Functions that Redshift has and PostgreSQL does not, or has otherwise.
SET search_path = pg_catalog;

UPDATE pg_proc SET proname = 'rs_backend_version' WHERE proname = 'version' AND pronamespace = 'pg_catalog'::regnamespace;
CREATE FUNCTION pg_catalog.version() RETURNS varchar LANGUAGE sql STABLE AS $$
    SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.0 (local stand-in)'::varchar
$$;
CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT date_trunc('second', statement_timestamp())::timestamp $$;
CREATE FUNCTION pg_catalog.sysdate() RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT transaction_timestamp()::timestamp $$;
CREATE FUNCTION pg_catalog.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('rs.last_copy_count', true), ''), '0')::bigint
$$;
CREATE FUNCTION pg_catalog.pg_last_copy_id() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('rs.last_copy_id', true), ''), '-1')::bigint
$$;
CREATE FUNCTION pg_catalog.pg_last_query_id() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('rs.last_query_id', true), ''), '-1')::bigint
$$;
CREATE FUNCTION pg_catalog.len(value varchar) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT length(value::text) $$;
CREATE FUNCTION pg_catalog.sha1(value varchar) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT NULL::varchar WHERE rs_fail('sha1 is not supported by the local stand-in', 'sha1') IS NULL $$;
CREATE FUNCTION pg_catalog.sha2(value varchar, bits int) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT encode(CASE bits WHEN 224 THEN sha224(value::text::bytea) WHEN 384 THEN sha384(value::text::bytea) WHEN 512 THEN sha512(value::text::bytea)
        ELSE sha256(value::text::bytea) END, 'hex')::varchar
$$;
CREATE FUNCTION pg_catalog.nvl(VARIADIC anyarray) RETURNS anyelement LANGUAGE sql IMMUTABLE AS $$ SELECT v FROM unnest($1) WITH ORDINALITY AS u(v, n) WHERE v IS NOT NULL ORDER BY n LIMIT 1 $$;
CREATE FUNCTION pg_catalog.nvl2(value anyelement, present anycompatible, absent anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value IS NOT NULL THEN present ELSE absent END
$$;
CREATE FUNCTION pg_catalog.dateadd(part text, amount bigint, moment timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT moment + amount * ('1 ' || part)::interval
$$;
CREATE FUNCTION pg_catalog.dateadd(part text, amount bigint, moment timestamptz) RETURNS timestamptz LANGUAGE sql STABLE STRICT AS $$
    SELECT moment + amount * ('1 ' || part)::interval
$$;
CREATE FUNCTION pg_catalog.datediff(part text, first timestamp, last timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE lower(part)
        WHEN 'year' THEN date_part('year', last) - date_part('year', first)
        WHEN 'month' THEN 12 * (date_part('year', last) - date_part('year', first)) + date_part('month', last) - date_part('month', first)
        ELSE round(extract(epoch FROM date_trunc(part, last) - date_trunc(part, first)) / extract(epoch FROM ('1 ' || part)::interval))
    END::bigint
$$;
CREATE FUNCTION pg_catalog.is_valid_json(value varchar) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value::text IS JSON OBJECT $$;
CREATE FUNCTION pg_catalog.is_valid_json_array(value varchar) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value::text IS JSON ARRAY $$;
CREATE FUNCTION pg_catalog.json_extract_path_text(value varchar, VARIADIC path varchar[]) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (value::json #>> path::text[])::varchar
$$;

-- Names of 64 to 127 bytes: PostgreSQL stops at 63, so a short alias stands for them in the backend.
CREATE TABLE pg_catalog.rs_long_name (alias text PRIMARY KEY, name text NOT NULL);
GRANT SELECT ON pg_catalog.rs_long_name TO PUBLIC;
CREATE FUNCTION pg_catalog.rs_name(value name) RETURNS varchar LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT l.name FROM pg_catalog.rs_long_name l WHERE length(value::text) = 63 AND l.alias = value::text), value::text)::varchar
$$;
