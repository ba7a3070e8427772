-- Redshift's types in the backend: SUPER with OID 4000, VARBYTE with OID 6551, and VARCHAR/CHAR that count bytes.
-- The OIDs are those a client knows the types by, so the shell types are renumbered before they are filled.
SET search_path = pg_catalog;

CREATE TYPE pg_catalog.super;
UPDATE pg_type SET oid = 4000 WHERE typname = 'super' AND typnamespace = 'pg_catalog'::regnamespace;
CREATE TYPE pg_catalog.varbyte;
UPDATE pg_type SET oid = 6551 WHERE typname = 'varbyte' AND typnamespace = 'pg_catalog'::regnamespace;

-- SUPER holds its JSON text as it came: digits stay, order stays. A plain literal is refused by the input
-- function, because Redshift would store it as a string and only JSON_PARSE makes a document of it.
CREATE FUNCTION pg_catalog.super_in(cstring) RETURNS super LANGUAGE internal IMMUTABLE STRICT AS 'json_in';
CREATE FUNCTION pg_catalog.super_out(super) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'json_out';
CREATE FUNCTION pg_catalog.super_recv(internal) RETURNS super LANGUAGE internal STABLE STRICT AS 'json_recv';
CREATE FUNCTION pg_catalog.super_send(super) RETURNS bytea LANGUAGE internal STABLE STRICT AS 'json_send';
CREATE TYPE pg_catalog.super (
    INPUT = super_in, OUTPUT = super_out, RECEIVE = super_recv, SEND = super_send, STORAGE = extended, CATEGORY = 'U'
);
CREATE CAST (super AS json) WITHOUT FUNCTION;
CREATE CAST (json AS super) WITHOUT FUNCTION;

CREATE FUNCTION pg_catalog.varbyte_in(cstring) RETURNS varbyte LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION pg_catalog.varbyte_out(varbyte) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE FUNCTION pg_catalog.varbyte_typmod_in(cstring[]) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'varbittypmodin';
CREATE FUNCTION pg_catalog.varbyte_typmod_out(int) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'varbittypmodout';
CREATE TYPE pg_catalog.varbyte (
    INPUT = varbyte_in, OUTPUT = varbyte_out, TYPMOD_IN = varbyte_typmod_in, TYPMOD_OUT = varbyte_typmod_out,
    STORAGE = extended, CATEGORY = 'U'
);
CREATE CAST (varbyte AS bytea) WITHOUT FUNCTION;
CREATE CAST (bytea AS varbyte) WITHOUT FUNCTION;

CREATE FUNCTION pg_catalog.rs_fail(message text, context text, code int DEFAULT 8001, place text DEFAULT 'string.hpp')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE rule text := '-----------------------------------------------';
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = message, DETAIL = concat_ws('',
        E'\n  ', rule, E'\n  error:  ', message, E'\n  code:      ', code, E'\n  context:   ', context,
        E'\n  query:     0\n  location:  ', place, E'\n  process:   query0 [pid=', pg_backend_pid(), E']\n  ', rule, E'\n');
END $$;

CREATE FUNCTION pg_catalog.rs_varbyte_fit(value varbyte, typmod int, explicit bool) RETURNS varbyte
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF value IS NULL OR typmod < 0 OR octet_length(value::bytea) <= typmod THEN
        RETURN value;
    ELSIF explicit THEN
        RETURN substr(value::bytea, 1, typmod)::varbyte;
    END IF;
    PERFORM rs_fail('Value too long for type VARBYTE', format('Value too long for type varbyte(%s)', typmod));
END $$;
CREATE CAST (varbyte AS varbyte) WITH FUNCTION pg_catalog.rs_varbyte_fit(varbyte, int, bool) AS IMPLICIT;

-- VARCHAR(n) and CHAR(n) count bytes. The length coercion of both types is replaced, so that every way into a column
-- (INSERT, UPDATE, cast, ALTER COLUMN) takes it. Blanks beyond the length are cut, anything else is an error.
CREATE FUNCTION pg_catalog.rs_cut_bytes(value text, byte_count int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE kept text := left(value, byte_count);
BEGIN
    WHILE octet_length(kept) > byte_count LOOP
        kept := left(kept, least(-1, -((octet_length(kept) - byte_count) / 4)));
    END LOOP;
    RETURN kept;
END $$;

CREATE FUNCTION pg_catalog.rs_varchar_squeeze(value varchar, byte_count int, explicit bool) RETURNS varchar
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE kept text := rs_cut_bytes(value::text, byte_count);
BEGIN
    IF NOT explicit AND rtrim(substr(value::text, length(kept) + 1), ' ') <> '' THEN
        PERFORM rs_fail('Value too long for character type', format('Value too long for type character varying(%s)', byte_count));
    END IF;
    RETURN kept;
END $$;

CREATE FUNCTION pg_catalog.rs_varchar_fit(value varchar, typmod int, explicit bool) RETURNS varchar
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN typmod < 4 OR octet_length(value) <= typmod - 4 THEN value
                WHEN value IS NULL THEN NULL
                ELSE rs_varchar_squeeze(value, typmod - 4, explicit) END
$$;

CREATE FUNCTION pg_catalog.rs_bpchar_fit(value bpchar, typmod int, explicit bool) RETURNS bpchar
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF value IS NULL OR typmod < 4 THEN
        RETURN value;
    END IF;
    IF octet_length(value) <> length(rpad(value, octet_length(value))) OR value::text ~ '[^\x01-\x7f]' THEN
        PERFORM rs_fail('CHAR string contains invalid ASCII character', format('value for type character(%s)', typmod - 4), 8007);
    END IF;
    IF octet_length(rtrim(value::text)) > typmod - 4 THEN
        IF NOT explicit THEN
            PERFORM rs_fail('Value too long for character type', format('Value too long for type character(%s)', typmod - 4));
        END IF;
    END IF;
    RETURN rpad(left(value::text, typmod - 4), typmod - 4)::bpchar;
END $$;
UPDATE pg_cast SET castfunc = 'pg_catalog.rs_varchar_fit(varchar,int,bool)'::regprocedure
    WHERE castsource = 'varchar'::regtype AND casttarget = 'varchar'::regtype;
UPDATE pg_cast SET castfunc = 'pg_catalog.rs_bpchar_fit(bpchar,int,bool)'::regprocedure
    WHERE castsource = 'bpchar'::regtype AND casttarget = 'bpchar'::regtype;

-- Trailing blanks do not count in comparisons of VARCHAR: PostgreSQL's comparisons of CHAR do that, in C.
DO $$
DECLARE
    left_type text; right_type text; op record; pair text;
BEGIN
    EXECUTE 'CREATE FUNCTION pg_catalog.rs_varchar_cmp(varchar, varchar) RETURNS int LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS ''bpcharcmp''';
    EXECUTE 'CREATE FUNCTION pg_catalog.rs_varchar_hash(varchar) RETURNS int LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS ''hashbpchar''';
    FOREACH pair IN ARRAY ARRAY['varchar varchar', 'varchar bpchar', 'bpchar varchar', 'varchar text', 'text varchar'] LOOP
        left_type := split_part(pair, ' ', 1);
        right_type := split_part(pair, ' ', 2);
        FOR op IN SELECT * FROM (VALUES
            ('=', 'bpchareq', '=', '<>', 'eqsel', 'eqjoinsel'), ('<>', 'bpcharne', '<>', '=', 'neqsel', 'neqjoinsel'),
            ('<', 'bpcharlt', '>', '>=', 'scalarltsel', 'scalarltjoinsel'), ('<=', 'bpcharle', '>=', '>', 'scalarlesel', 'scalarlejoinsel'),
            ('>', 'bpchargt', '<', '<=', 'scalargtsel', 'scalargtjoinsel'), ('>=', 'bpcharge', '<=', '<', 'scalargesel', 'scalargejoinsel')
        ) AS o(name, prosrc, commutator, negator, restricted, joined) LOOP
            EXECUTE format('CREATE FUNCTION pg_catalog.rs_%s(%s, %s) RETURNS bool LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS %L',
                op.prosrc, left_type, right_type, op.prosrc);
            EXECUTE format('CREATE OPERATOR pg_catalog.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = rs_%s, RESTRICT = %s, JOIN = %s%s)',
                op.name, left_type, right_type, op.prosrc, op.restricted, op.joined,
                CASE WHEN op.name = '=' AND left_type = right_type THEN ', HASHES, MERGES, COMMUTATOR = OPERATOR(pg_catalog.=)' ELSE '' END);
        END LOOP;
    END LOOP;
END $$;
CREATE OPERATOR CLASS pg_catalog.rs_varchar_order DEFAULT FOR TYPE varchar USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 rs_varchar_cmp(varchar, varchar);
CREATE OPERATOR CLASS pg_catalog.rs_varchar_hashing DEFAULT FOR TYPE varchar USING hash AS
    OPERATOR 1 =, FUNCTION 1 rs_varchar_hash(varchar);

-- SUPER from and to other types.
CREATE FUNCTION pg_catalog.rs_json_compact(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value ~ '[ \t\r\n]' THEN regexp_replace(value, '("(?:[^"\\\\]|\\\\.)*")|[ \t\r\n]+', '\\1', 'g') ELSE value END
$$;
CREATE FUNCTION pg_catalog.rs_json_depth(value text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE deepest int := 0; depth int := 0; bracket text;
BEGIN
    IF length(value) - length(translate(value, '[{', '')) <= 1000 THEN
        RETURN 0;
    END IF;
    FOR bracket IN SELECT m[1] FROM regexp_matches(regexp_replace(value, '"(?:[^"\\\\]|\\\\.)*"', '', 'g'), '([][{}])', 'g') AS m LOOP
        depth := depth + CASE WHEN bracket IN ('[', '{') THEN 1 ELSE -1 END;
        deepest := greatest(deepest, depth);
    END LOOP;
    RETURN deepest;
END $$;
-- Why a text cannot become SUPER, or NULL: limits-super and super-configurations.
CREATE FUNCTION pg_catalog.rs_super_fault(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF value IS JSON WITH UNIQUE KEYS THEN
        IF octet_length(value) <= 65535 AND length(value) < 2000 THEN
            RETURN NULL;
        ELSIF octet_length(value) > 16 * 1024 * 1024 THEN
            RETURN 'SUPER value exceeds the maximum size of 16 MB';
        ELSIF rs_json_depth(value) > 1000 THEN
            RETURN 'SUPER value exceeds the maximum nesting depth of 1000';
        ELSIF octet_length(value) > 65535 AND EXISTS (
            SELECT FROM jsonb_path_query(value::jsonb, 'strict $.**') AS part
            WHERE jsonb_typeof(part) = 'string' AND octet_length(part #>> '{}') > 65535) THEN
            RETURN 'String value exceeds the max size of 65535 bytes';
        END IF;
        RETURN NULL;
    ELSIF value IS JSON THEN
        RETURN 'Duplicate attribute in JSON object';
    END IF;
    RETURN 'Invalid JSON format in input';
END $$;
CREATE FUNCTION pg_catalog.json_parse(value varchar) RETURNS super LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE fault text := rs_super_fault(value);
BEGIN
    IF fault IS NOT NULL THEN
        PERFORM rs_fail('JSON parsing error', fault, 8001, 'parser.cpp');
    END IF;
    RETURN rs_json_compact(value)::json::super;
END $$;
CREATE FUNCTION pg_catalog."json_serialize"(value super) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT value::json::text::varchar
$$;
CREATE FUNCTION pg_catalog.rs_to_super(value varchar) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT to_json(value::text)::super $$;
CREATE FUNCTION pg_catalog.rs_to_super(value numeric) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT to_json(value)::super $$;
CREATE FUNCTION pg_catalog.rs_to_super(value bigint) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT to_json(value)::super $$;
CREATE FUNCTION pg_catalog.rs_to_super(value integer) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT to_json(value)::super $$;
CREATE FUNCTION pg_catalog.rs_to_super(value double precision) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT to_json(value)::super $$;
CREATE FUNCTION pg_catalog.rs_to_super(value boolean) RETURNS super LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT to_json(value)::super $$;
CREATE CAST (varchar AS super) WITH FUNCTION pg_catalog.rs_to_super(varchar) AS ASSIGNMENT;
CREATE CAST (numeric AS super) WITH FUNCTION pg_catalog.rs_to_super(numeric) AS ASSIGNMENT;
CREATE CAST (bigint AS super) WITH FUNCTION pg_catalog.rs_to_super(bigint) AS ASSIGNMENT;
CREATE CAST (integer AS super) WITH FUNCTION pg_catalog.rs_to_super(integer) AS ASSIGNMENT;
CREATE CAST (double precision AS super) WITH FUNCTION pg_catalog.rs_to_super(double precision) AS ASSIGNMENT;
CREATE CAST (boolean AS super) WITH FUNCTION pg_catalog.rs_to_super(boolean) AS ASSIGNMENT;
-- An array or an object cast to VARCHAR is NULL (limitations-super); a scalar is its text.
CREATE FUNCTION pg_catalog.rs_from_super(value super) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN json_typeof(value::json) IN ('object', 'array', 'null') THEN NULL ELSE (value::json #>> '{}')::varchar END
$$;
CREATE CAST (super AS varchar) WITH FUNCTION pg_catalog.rs_from_super(super) AS ASSIGNMENT;
CREATE FUNCTION pg_catalog.json_typeof(value super) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT json_typeof(value::json)::varchar $$;
CREATE FUNCTION pg_catalog.is_object(value super) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT json_typeof(value::json) = 'object' $$;
CREATE FUNCTION pg_catalog.is_array(value super) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT json_typeof(value::json) = 'array' $$;

-- VARBYTE
CREATE FUNCTION pg_catalog.to_varbyte(value varchar, format varchar) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE lower(format) WHEN 'hex' THEN decode(value::text, 'hex') WHEN 'base64' THEN decode(value::text, 'base64')
        WHEN 'utf8' THEN convert_to(value::text, 'UTF8') WHEN 'utf-8' THEN convert_to(value::text, 'UTF8') END::varbyte
$$;
CREATE FUNCTION pg_catalog.from_varbyte(value varbyte, format varchar) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (CASE lower(format) WHEN 'hex' THEN encode(value::bytea, 'hex') WHEN 'base64' THEN encode(value::bytea, 'base64')
        WHEN 'utf8' THEN convert_from(value::bytea, 'UTF8') WHEN 'utf-8' THEN convert_from(value::bytea, 'UTF8') END)::varchar
$$;
CREATE FUNCTION pg_catalog.to_hex(value varbyte) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT encode(value::bytea, 'hex')::varchar $$;
CREATE FUNCTION pg_catalog.from_hex(value varchar) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT decode(value::text, 'hex')::varbyte $$;
CREATE FUNCTION pg_catalog.octet_length(value varbyte) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT octet_length(value::bytea) $$;
CREATE FUNCTION pg_catalog.rs_to_varbyte(value varchar) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT convert_to(value::text, 'UTF8')::varbyte $$;
CREATE CAST (varchar AS varbyte) WITH FUNCTION pg_catalog.rs_to_varbyte(varchar) AS ASSIGNMENT;
-- The number of bytes of an integer type is kept; CHAR keeps its padding (r_VARBYTE_type).
CREATE FUNCTION pg_catalog.rs_to_varbyte(value bpchar) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT convert_to(rpad(value::text, octet_length(value)), 'UTF8')::varbyte $$;
CREATE FUNCTION pg_catalog.rs_to_varbyte(value smallint) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT int2send(value)::varbyte $$;
CREATE FUNCTION pg_catalog.rs_to_varbyte(value integer) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT int4send(value)::varbyte $$;
CREATE FUNCTION pg_catalog.rs_to_varbyte(value bigint) RETURNS varbyte LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT int8send(value)::varbyte $$;
CREATE CAST (bpchar AS varbyte) WITH FUNCTION pg_catalog.rs_to_varbyte(bpchar);
CREATE CAST (smallint AS varbyte) WITH FUNCTION pg_catalog.rs_to_varbyte(smallint);
CREATE CAST (integer AS varbyte) WITH FUNCTION pg_catalog.rs_to_varbyte(integer);
CREATE CAST (bigint AS varbyte) WITH FUNCTION pg_catalog.rs_to_varbyte(bigint);
CREATE FUNCTION pg_catalog.rs_from_varbyte(value varbyte) RETURNS varchar LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT convert_from(value::bytea, 'UTF8')::varchar $$;
CREATE CAST (varbyte AS varchar) WITH FUNCTION pg_catalog.rs_from_varbyte(varbyte);
CREATE FUNCTION pg_catalog.len(value varbyte) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT octet_length(value::bytea) $$;
CREATE FUNCTION pg_catalog.length(value varbyte) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT octet_length(value::bytea) $$;

-- DECIMAL of 19 digits is held in 8 bytes, so its digits stop at 9223372036854775807 (r_Numeric_types201).
-- NaN is no DECIMAL.
CREATE FUNCTION pg_catalog.rs_numeric_19(value numeric, typmod int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE fitted numeric := pg_catalog."numeric"(value, typmod);
BEGIN
    IF value = 'NaN' THEN
        RAISE EXCEPTION USING ERRCODE = '22P02', MESSAGE = 'invalid input syntax for type numeric: "NaN"';
    END IF;
    IF abs(fitted) * power(10::numeric, (typmod - 4) & 2047) > 9223372036854775807 THEN
        RAISE EXCEPTION USING ERRCODE = '22003', MESSAGE = 'numeric field overflow',
            DETAIL = 'The digits of a field with precision 19 cannot exceed 9223372036854775807.';
    END IF;
    RETURN fitted;
END $$;
CREATE FUNCTION pg_catalog.rs_numeric_fit(value numeric, typmod int) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN ((typmod - 4) >> 16) & 65535 = 19 OR value = 'NaN' THEN rs_numeric_19(value, typmod) ELSE pg_catalog."numeric"(value, typmod) END
$$;
UPDATE pg_cast SET castfunc = 'pg_catalog.rs_numeric_fit(numeric,int)'::regprocedure
    WHERE castsource = 'numeric'::regtype AND casttarget = 'numeric'::regtype;

-- A number is a condition: zero is false (c_Supported_data_types, implicit conversions).
UPDATE pg_cast SET castcontext = 'i' WHERE castsource = 'int4'::regtype AND casttarget = 'bool'::regtype;
