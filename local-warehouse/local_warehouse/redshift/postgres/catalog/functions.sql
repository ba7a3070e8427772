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
-- CONCAT takes two arguments and is NULL when one of them is (r_CONCAT).
UPDATE pg_proc SET proname = 'rs_backend_concat' WHERE proname = 'concat' AND pronamespace = 'pg_catalog'::regnamespace;
CREATE FUNCTION pg_catalog.concat(first varchar, second varchar) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT (first || second)::varchar $$;
CREATE FUNCTION pg_catalog.sha2(value varchar, bits int) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT encode(CASE bits WHEN 224 THEN sha224(value::text::bytea) WHEN 384 THEN sha384(value::text::bytea) WHEN 512 THEN sha512(value::text::bytea)
        ELSE sha256(value::text::bytea) END, 'hex')::varchar
$$;
CREATE FUNCTION pg_catalog.nvl2(value anyelement, present anycompatible, absent anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value IS NOT NULL THEN present ELSE absent END
$$;
-- Date parts in full or abbreviated (r_Dateparts_for_datetime_functions); m is minutes.
CREATE FUNCTION pg_catalog.rs_date_part(part text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE
        WHEN lower(part) IN ('millennium', 'millennia', 'mil', 'mils') THEN 'millennium' WHEN lower(part) IN ('century', 'centuries', 'c', 'cent', 'cents') THEN 'century'
        WHEN lower(part) IN ('decade', 'decades', 'dec', 'decs') THEN 'decade' WHEN lower(part) IN ('year', 'years', 'y', 'yr', 'yrs') THEN 'year'
        WHEN lower(part) IN ('quarter', 'quarters', 'qtr', 'qtrs') THEN 'quarter' WHEN lower(part) IN ('month', 'months', 'mon', 'mons') THEN 'month'
        WHEN lower(part) IN ('week', 'weeks', 'w') THEN 'week' WHEN lower(part) IN ('day', 'days', 'd') THEN 'day'
        WHEN lower(part) IN ('hour', 'hours', 'h', 'hr', 'hrs') THEN 'hour' WHEN lower(part) IN ('minute', 'minutes', 'm', 'min', 'mins') THEN 'minute'
        WHEN lower(part) IN ('second', 'seconds', 's', 'sec', 'secs') THEN 'second'
        WHEN lower(part) IN ('millisecond', 'milliseconds', 'ms', 'msec', 'msecs', 'msecond', 'mseconds', 'millisec', 'millisecs', 'millisecon') THEN 'millisecond'
        WHEN lower(part) IN ('microsecond', 'microseconds', 'us', 'usec', 'usecs', 'usecond', 'useconds', 'microsec', 'microsecs', 'microsecond') THEN 'microsecond'
    END
$$;
CREATE FUNCTION pg_catalog.rs_require_date_part(part text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF rs_date_part(part) IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('timestamp units "%s" not recognized', part);
    END IF;
    RETURN rs_date_part(part);
END $$;
CREATE FUNCTION pg_catalog.rs_step(part text, amount bigint) RETURNS interval LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE rs_require_date_part(part) WHEN 'quarter' THEN amount * 3 * interval '1 month' ELSE amount * ('1 ' || rs_date_part(part))::interval END
$$;
CREATE FUNCTION pg_catalog.date_add(part text, amount bigint, moment timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS $$
    -- 29 February plus years is 1 March where there is no such day; plus months it is the last day of the month.
    SELECT moment + rs_step(part, amount) + CASE WHEN rs_date_part(part) = 'year' AND to_char(moment, 'MMDD') = '0229'
        AND to_char(moment + rs_step(part, amount), 'MMDD') = '0228' THEN interval '1 day' ELSE interval '0' END
$$;
CREATE FUNCTION pg_catalog.date_add(part text, amount bigint, moment timestamptz) RETURNS timestamptz LANGUAGE sql STABLE STRICT AS $$ SELECT moment + rs_step(part, amount) $$;
CREATE FUNCTION pg_catalog.date_add(part text, amount bigint, moment time) RETURNS time LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT moment + rs_step(part, amount) $$;
CREATE FUNCTION pg_catalog.date_add(part text, amount bigint, moment date) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT date_add(part, amount, moment::timestamp) $$;
CREATE FUNCTION pg_catalog.date_diff(part text, first timestamp, last timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (CASE rs_require_date_part(part)
        WHEN 'year' THEN date_part('year', last) - date_part('year', first)
        WHEN 'quarter' THEN 4 * (date_part('year', last) - date_part('year', first)) + date_part('quarter', last) - date_part('quarter', first)
        WHEN 'month' THEN 12 * (date_part('year', last) - date_part('year', first)) + date_part('month', last) - date_part('month', first)
        WHEN 'millisecond' THEN round(extract(epoch FROM date_trunc('millisecond', last) - date_trunc('millisecond', first)) * 1000)
        WHEN 'microsecond' THEN round(extract(epoch FROM last - first) * 1000000)
        WHEN 'week' THEN round(extract(epoch FROM date_trunc('week', last + interval '1 day') - date_trunc('week', first + interval '1 day')) / 604800)
        ELSE round(extract(epoch FROM date_trunc(rs_date_part(part), last) - date_trunc(rs_date_part(part), first)) / extract(epoch FROM ('1 ' || rs_date_part(part))::interval))
    END)::bigint
$$;
CREATE FUNCTION pg_catalog.date_diff(part text, first time, last time) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT date_diff(part, timestamp '2000-01-01' + first, timestamp '2000-01-01' + last)
$$;
CREATE FUNCTION pg_catalog.is_valid_json(value varchar) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value::text IS JSON OBJECT $$;
CREATE FUNCTION pg_catalog.is_valid_json_array(value varchar) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value::text IS JSON ARRAY $$;
-- A path that is not there gives an empty text; text that is no JSON an error, or NULL when the last argument says so.
CREATE FUNCTION pg_catalog.rs_json_path(value text, path text[], null_if_invalid bool) RETURNS varchar LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF value IS NULL THEN RETURN NULL; END IF;
    IF NOT (value IS JSON) THEN
        IF null_if_invalid THEN RETURN NULL; END IF;
        PERFORM rs_fail('JSON parsing error', 'invalid JSON object ' || left(value, 80), 8001, 'funcs_json.h');
    END IF;
    RETURN coalesce(value::json #>> path, '');
END $$;
UPDATE pg_proc SET proname = 'rs_backend_json_path' WHERE proname = 'json_extract_path_text' AND pronamespace = 'pg_catalog'::regnamespace;
CREATE FUNCTION pg_catalog.json_extract_path_text(value varchar, VARIADIC path varchar[]) RETURNS varchar LANGUAGE sql IMMUTABLE AS $$ SELECT rs_json_path(value::text, path::text[], false) $$;
DO $$
DECLARE n int;
BEGIN
    FOR n IN 1..5 LOOP
        EXECUTE format('CREATE FUNCTION pg_catalog.json_extract_path_text(varchar%s, bool) RETURNS varchar LANGUAGE sql IMMUTABLE AS %L', repeat(', varchar', n),
            format('SELECT rs_json_path($1::text, ARRAY[%s]::text[], $%s)', (SELECT string_agg('$' || i + 1, ', ') FROM generate_series(1, n) i), n + 2));
    END LOOP;
END $$;

-- Names of 64 to 127 bytes: PostgreSQL stops at 63, so a short alias stands for them in the backend.
CREATE TABLE pg_catalog.rs_long_name (alias text PRIMARY KEY, name text NOT NULL);
GRANT SELECT ON pg_catalog.rs_long_name TO PUBLIC;
CREATE FUNCTION pg_catalog.rs_name(value name) RETURNS varchar LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT l.name FROM pg_catalog.rs_long_name l WHERE octet_length(value::text) = 63 AND l.alias = value::text), value::text)::varchar
$$;
