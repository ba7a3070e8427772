-- Keys, encodings, distribution and sort keys: stored for the system views, never enforced.
SET search_path = pg_catalog;
CREATE TABLE pg_catalog.rs_column_layout (relid oid, attnum smallint, encoding text DEFAULT '', distkey bool DEFAULT false, sortkey int DEFAULT 0, PRIMARY KEY (relid, attnum));
CREATE TABLE pg_catalog.rs_table_layout (relid oid PRIMARY KEY, diststyle text);
GRANT SELECT ON pg_catalog.rs_column_layout, pg_catalog.rs_table_layout TO PUBLIC;

-- Was the table made by the running transaction?  IF NOT EXISTS leaves an older one as it is.
CREATE FUNCTION pg_catalog.rs_is_new(relation regclass) RETURNS bool LANGUAGE sql AS $$
    SELECT xmin = pg_current_xact_id()::xid FROM pg_class WHERE oid = relation
$$;

CREATE FUNCTION pg_catalog.rs_attnum(relation regclass, column_name text) RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE found smallint;
BEGIN
    SELECT attnum INTO found FROM pg_attribute WHERE attrelid = relation AND attname = column_name AND attnum > 0 AND NOT attisdropped;
    IF found IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42703', MESSAGE = format('column "%s" named in key does not exist', column_name);
    END IF;
    RETURN found;
END $$;

CREATE FUNCTION pg_catalog.rs_set_column(table_name text, column_name text, new_encoding text, is_distkey bool, sort_place int, only_new bool)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE relation regclass := table_name::regclass; place smallint;
BEGIN
    IF only_new AND NOT rs_is_new(relation) THEN RETURN; END IF;
    place := rs_attnum(relation, column_name);
    INSERT INTO pg_catalog.rs_column_layout AS l VALUES (relation, place, new_encoding, is_distkey, sort_place)
    ON CONFLICT (relid, attnum) DO UPDATE SET encoding = CASE WHEN new_encoding <> '' THEN new_encoding ELSE l.encoding END,
        distkey = l.distkey OR is_distkey, sortkey = CASE WHEN sort_place <> 0 THEN sort_place ELSE l.sortkey END;
END $$;

CREATE FUNCTION pg_catalog.rs_set_diststyle(table_name text, style text, only_new bool) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF only_new AND NOT rs_is_new(table_name::regclass) THEN RETURN; END IF;
    INSERT INTO pg_catalog.rs_table_layout VALUES (table_name::regclass, style) ON CONFLICT (relid) DO UPDATE SET diststyle = style;
END $$;

-- A key is a row of pg_constraint without an index behind it: shown everywhere, enforced nowhere, dropped with its columns.
CREATE FUNCTION pg_catalog.rs_add_key(table_name text, kind text, key_name text, columns text[], target text, target_columns text[], only_new bool)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    relation regclass := table_name::regclass; places smallint[]; place smallint; made oid; label text; other regclass; other_places smallint[];
    n int := 0; base text;
BEGIN
    IF only_new AND NOT rs_is_new(relation) THEN RETURN; END IF;
    SELECT array_agg(rs_attnum(relation, c) ORDER BY o) INTO places FROM unnest(columns) WITH ORDINALITY AS u(c, o);
    IF kind = 'p' AND EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND contype = 'p') THEN
        RAISE EXCEPTION USING ERRCODE = '42P16', MESSAGE = format('multiple primary keys for table "%s" are not allowed', relation);
    END IF;
    IF kind = 'f' THEN
        other := target::regclass;
        IF target_columns = '{}' THEN
            SELECT conkey INTO other_places FROM pg_constraint WHERE conrelid = other AND contype = 'p';
        ELSE
            SELECT array_agg(rs_attnum(other, c) ORDER BY o) INTO other_places FROM unnest(target_columns) WITH ORDINALITY AS u(c, o);
        END IF;
        IF other_places IS NULL OR NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = other AND contype IN ('p', 'u') AND conkey = other_places) THEN
            RAISE EXCEPTION USING ERRCODE = '42830', MESSAGE = format('there is no unique constraint matching given keys for referenced table "%s"', other);
        END IF;
    END IF;
    base := (SELECT relname FROM pg_class WHERE oid = relation);
    label := CASE WHEN key_name <> '' THEN key_name WHEN kind = 'p' THEN left(base, 58) || '_pkey'
        ELSE left(base || '_' || array_to_string(columns, '_'), 58) || CASE kind WHEN 'u' THEN '_key' ELSE '_fkey' END END;
    WHILE EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND conname = label) LOOP
        n := n + 1;
        label := left(label, 60) || n;
    END LOOP;
    made := (SELECT coalesce(max(oid::bigint), 0) + 1 FROM pg_constraint)::oid;
    made := greatest(made::bigint, 2000000000)::oid;
    INSERT INTO pg_constraint (oid, conname, connamespace, contype, condeferrable, condeferred, conenforced, convalidated, conrelid, contypid, conindid,
        conparentid, confrelid, confupdtype, confdeltype, confmatchtype, conislocal, coninhcount, connoinherit, conperiod, conkey, confkey)
    SELECT made, label, relnamespace, kind::"char", false, false, true, true, relation, 0, 0, 0, coalesce(other, 0::oid),
        CASE kind WHEN 'f' THEN 'a' ELSE ' ' END::"char", CASE kind WHEN 'f' THEN 'a' ELSE ' ' END::"char", CASE kind WHEN 'f' THEN 's' ELSE ' ' END::"char",
        true, 0, true, false, places, other_places FROM pg_class WHERE oid = relation;
    FOREACH place IN ARRAY places LOOP
        INSERT INTO pg_depend VALUES ('pg_constraint'::regclass, made, 0, 'pg_class'::regclass, relation, place, 'a');
    END LOOP;
    IF kind = 'f' THEN
        INSERT INTO pg_depend VALUES ('pg_constraint'::regclass, made, 0, 'pg_class'::regclass, other, 0, 'n');
    END IF;
END $$;

-- PostgreSQL reads a key's columns off its index, and ours have none.
CREATE FUNCTION pg_catalog.rs_key_columns(relation oid, places smallint[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.o) FROM unnest(places) WITH ORDINALITY AS u(place, o)
        JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = u.place
$$;
UPDATE pg_proc SET proname = 'rs_backend_constraintdef' WHERE proname = 'pg_get_constraintdef' AND pronamespace = 'pg_catalog'::regnamespace;
CREATE FUNCTION pg_catalog.pg_get_constraintdef(key_id oid) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT CASE WHEN contype IN ('p', 'u', 'f') AND conindid = 0 THEN
        CASE contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END || ' (' || rs_key_columns(conrelid, conkey) || ')'
            || CASE contype WHEN 'f' THEN ' REFERENCES ' || confrelid::regclass || '(' || rs_key_columns(confrelid, confkey) || ')' ELSE '' END
        ELSE rs_backend_constraintdef(oid) END
    FROM pg_constraint WHERE oid = key_id
$$;
CREATE FUNCTION pg_catalog.pg_get_constraintdef(key_id oid, pretty bool) RETURNS text LANGUAGE sql STABLE STRICT AS $$ SELECT pg_get_constraintdef(key_id) $$;

-- After CREATE TABLE AS: an expression's text has no length in PostgreSQL; here it gets one, as every column has.
CREATE FUNCTION pg_catalog.rs_settle(table_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE column_found record;
BEGIN
    IF NOT rs_is_new(table_name::regclass) THEN RETURN; END IF;
    FOR column_found IN SELECT attname, atttypid, atttypmod FROM pg_attribute WHERE attrelid = table_name::regclass AND attnum > 0 LOOP
        IF column_found.atttypid = 'text'::regtype OR (column_found.atttypid = 'varchar'::regtype AND column_found.atttypmod < 0) THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE varchar(65535)', table_name, column_found.attname);
        ELSIF column_found.atttypid = 'numeric'::regtype AND column_found.atttypmod < 0 THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE numeric(38, 6)', table_name, column_found.attname);
        ELSIF column_found.atttypid = 'varbyte'::regtype AND column_found.atttypmod < 0 THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE varbyte(64000)', table_name, column_found.attname);
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION pg_catalog.rs_require_not_null(table_name text, columns text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE nullable text;
BEGIN
    SELECT attname INTO nullable FROM pg_attribute WHERE attrelid = table_name::regclass AND attname = ANY (columns) AND NOT attnotnull LIMIT 1;
    IF nullable IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42P16', MESSAGE = format('primary key column "%s" must be NOT NULL', nullable);
    END IF;
END $$;

-- DROP COLUMN: not the last one, none of the distribution and sort keys (r_ALTER_TABLE).
CREATE FUNCTION pg_catalog.rs_check_drop(table_name text, column_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE relation regclass := table_name::regclass;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.rs_column_layout l JOIN pg_attribute a ON a.attrelid = l.relid AND a.attnum = l.attnum
        WHERE l.relid = relation AND a.attname = column_name AND NOT a.attisdropped AND (l.distkey OR l.sortkey <> 0)) THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('cannot drop distkey or sortkey column "%s"', column_name);
    ELSIF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attname <> column_name)
        AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attname = column_name) THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('cannot drop the only column "%s" of a table', column_name);
    END IF;
END $$;

-- ALTER COLUMN TYPE: only VARCHAR, without key or default, not in four encodings, not below the longest value.
CREATE FUNCTION pg_catalog.rs_check_resize(table_name text, column_name text, new_bytes int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    relation regclass := table_name::regclass; place smallint := rs_attnum(relation, column_name); old record; longest int; kept text;
BEGIN
    SELECT atttypid, atttypmod - 4 AS bytes, atthasdef INTO old FROM pg_attribute WHERE attrelid = relation AND attnum = place;
    SELECT encoding INTO kept FROM pg_catalog.rs_column_layout WHERE relid = relation AND attnum = place;
    IF old.atttypid <> 'varchar'::regtype THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('cannot alter type of column "%s": only the size of VARCHAR columns can be changed', column_name);
    ELSIF EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND contype IN ('p', 'u', 'f') AND place = ANY (conkey)) THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('cannot alter column "%s" with a UNIQUE, PRIMARY KEY or FOREIGN KEY constraint', column_name);
    ELSIF kept IN ('bytedict', 'runlength', 'text255', 'text32k') THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('cannot alter column "%s" with encoding %s', column_name, kept);
    ELSIF old.atthasdef THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('cannot alter column "%s" with a default value', column_name);
    END IF;
    EXECUTE format('SELECT max(octet_length(%I)) FROM %s', column_name, relation) INTO longest;
    IF longest > new_bytes THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('target column size (%s) is smaller than the longest value (%s) of column "%s"', new_bytes, longest, column_name);
    END IF;
END $$;

-- LIKE copies the distribution and sort keys, not the keys (r_CREATE_TABLE_NEW).
CREATE FUNCTION pg_catalog.rs_copy_layout(table_name text, parent_name text, only_new bool) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF only_new AND NOT rs_is_new(table_name::regclass) THEN RETURN; END IF;
    INSERT INTO pg_catalog.rs_column_layout SELECT table_name::regclass, n.attnum, l.encoding, l.distkey, l.sortkey
        FROM pg_catalog.rs_column_layout l JOIN pg_attribute o ON o.attrelid = l.relid AND o.attnum = l.attnum
        JOIN pg_attribute n ON n.attrelid = table_name::regclass AND n.attname = o.attname WHERE l.relid = parent_name::regclass ON CONFLICT DO NOTHING;
    INSERT INTO pg_catalog.rs_table_layout SELECT table_name::regclass, diststyle FROM pg_catalog.rs_table_layout
        WHERE relid = parent_name::regclass ON CONFLICT DO NOTHING;
END $$;

-- ALTER TABLE APPEND: the rows move, the source is empty afterwards (r_ALTER_TABLE_APPEND).
CREATE FUNCTION pg_catalog.rs_append(target_name text, source_name text, mode text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE target regclass := target_name::regclass; source regclass := source_name::regclass; differing text; columns text;
BEGIN
    IF target = source THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'source and target of ALTER TABLE APPEND must be different tables';
    ELSIF EXISTS (SELECT FROM pg_class WHERE oid IN (target, source) AND (relpersistence <> 'p' OR relkind <> 'r')) THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'ALTER TABLE APPEND requires permanent tables';
    ELSIF EXISTS (SELECT FROM pg_attribute WHERE attrelid IN (target, source) AND attidentity <> '') THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'ALTER TABLE APPEND does not support tables with IDENTITY columns';
    END IF;
    WITH described AS (
        SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod, a.attnotnull, coalesce(l.encoding, '') AS encoding, coalesce(l.distkey, false) AS distkey,
            coalesce(l.sortkey, 0) AS sortkey
        FROM pg_attribute a LEFT JOIN pg_catalog.rs_column_layout l ON l.relid = a.attrelid AND l.attnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped)
    SELECT min(coalesce(s.attname, t.attname)) FILTER (WHERE CASE WHEN s.attname IS NULL THEN mode <> 'FILLTARGET' WHEN t.attname IS NULL THEN mode <> 'IGNOREEXTRA'
            ELSE (s.atttypid, s.atttypmod, s.attnotnull, s.encoding, s.distkey, s.sortkey) <> (t.atttypid, t.atttypmod, t.attnotnull, t.encoding, t.distkey, t.sortkey) END),
        string_agg(quote_ident(s.attname), ', ') FILTER (WHERE s.attname IS NOT NULL AND t.attname IS NOT NULL)
    INTO differing, columns
    FROM (SELECT * FROM described WHERE attrelid = source) s FULL JOIN (SELECT * FROM described WHERE attrelid = target) t ON s.attname = t.attname;
    IF differing IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('ALTER TABLE APPEND: column "%s" of source and target do not match', differing);
    END IF;
    EXECUTE format('LOCK TABLE %s, %s IN ACCESS EXCLUSIVE MODE', source, target);
    EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %s', target, columns, columns, source);
    EXECUTE format('DELETE FROM %s', source);
END $$;

-- MERGE ... REMOVE DUPLICATES: what r_MERGE says about equal keys inside the source is not enough to act on.
CREATE FUNCTION pg_catalog.rs_check_merge(target_name text, source_name text, alias text, condition text, source_keys text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE twice bool; short_alias text := split_part(alias, '.', greatest(1, length(alias) - length(replace(alias, '.', '')) + 1));
BEGIN
    IF (SELECT array_agg(atttypid ORDER BY attnum) FROM pg_attribute WHERE attrelid = target_name::regclass AND attnum > 0 AND NOT attisdropped)
        IS DISTINCT FROM (SELECT array_agg(atttypid ORDER BY attnum) FROM pg_attribute WHERE attrelid = source_name::regclass AND attnum > 0 AND NOT attisdropped) THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'MERGE with REMOVE DUPLICATES requires source and target with the same columns';
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS %s WHERE EXISTS (SELECT FROM %s WHERE %s) GROUP BY %s HAVING count(*) > 1)',
        source_name, short_alias, target_name, condition, source_keys) INTO twice;
    IF twice THEN
        RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'Found multiple matches to update the same tuple.';
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS %s GROUP BY %s HAVING count(*) > 1)', source_name, short_alias, source_keys) INTO twice;
    IF twice THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = 'not supported by the local stand-in: MERGE REMOVE DUPLICATES from a source with equal keys';
    END IF;
END $$;

-- A bound view is replaced only by one with the same columns (r_CREATE_VIEW); PostgreSQL would let it have more.
CREATE FUNCTION pg_catalog.rs_view_columns(view_name text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
    FROM pg_attribute WHERE attrelid = to_regclass(view_name) AND attnum > 0
$$;
CREATE FUNCTION pg_catalog.rs_before_view(view_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('rs.replaced_view', coalesce(rs_view_columns(view_name), ''), true);
END $$;
CREATE FUNCTION pg_catalog.rs_after_view(view_name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE replaced text := current_setting('rs.replaced_view', true);
BEGIN
    DELETE FROM pg_catalog.rs_late_view WHERE view_id = view_name::regclass;
    IF replaced <> '' AND replaced <> rs_view_columns(view_name) THEN
        RAISE EXCEPTION USING ERRCODE = '42P16', MESSAGE = 'cannot change number of columns in view';
    END IF;
    PERFORM set_config('rs.replaced_view', '', true);
END $$;

-- Late-binding views: PostgreSQL has a placeholder that nobody can read; statements get the query in its place.
CREATE TABLE pg_catalog.rs_late_view (view_id oid PRIMARY KEY, definition text NOT NULL);
GRANT SELECT ON pg_catalog.rs_late_view TO PUBLIC;
CREATE FUNCTION pg_catalog.rs_unbound(view_name text) RETURNS bool LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = '1018', DETAIL = 'Relation does not exist';
END $$;
CREATE FUNCTION pg_catalog.rs_require_schemas(schemas text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE absent text;
BEGIN
    SELECT s INTO absent FROM unnest(schemas) AS s WHERE to_regnamespace(s) IS NULL LIMIT 1;
    IF absent IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '3F000', MESSAGE = format('schema "%s" does not exist', btrim(absent, '"'));
    END IF;
END $$;
CREATE FUNCTION pg_catalog.rs_keep_late(view_name text, query text) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    INSERT INTO pg_catalog.rs_late_view VALUES (view_name::regclass::oid, query)
    ON CONFLICT (view_id) DO UPDATE SET definition = excluded.definition
$$;
-- The columns of a query as they are now: pairs of name, type and length; NULL where it cannot be read.
CREATE FUNCTION pg_catalog.rs_columns_of(query text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE found json;
BEGIN
    EXECUTE 'CREATE TEMPORARY VIEW rs_probe AS ' || query;
    SELECT json_agg(json_build_object('attname', attname, 'attnum', attnum, 'atttypid', atttypid::bigint, 'atttypmod', atttypmod) ORDER BY attnum)
        INTO found FROM pg_attribute WHERE attrelid = 'pg_temp.rs_probe'::regclass AND attnum > 0;
    DROP VIEW pg_temp.rs_probe;
    RETURN found;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;
CREATE FUNCTION pg_catalog.rs_same_columns(old_query text, new_query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF rs_columns_of(old_query)::text <> rs_columns_of(new_query)::text THEN
        RAISE EXCEPTION USING ERRCODE = '42P16', MESSAGE = 'cannot change number of columns in view';
    END IF;
END $$;
CREATE FUNCTION pg_catalog.rs_describe_late(views oid[], queries text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('rs.late_columns', coalesce((SELECT json_object_agg(v, coalesce(rs_columns_of(q), '[]')) FROM unnest(views, queries) AS u(v, q))::text, '{}'), false);
END $$;
CREATE FUNCTION pg_catalog.rs_late_columns() RETURNS TABLE (attrelid oid, attname name, attnum smallint, atttypid oid, atttypmod int) LANGUAGE sql STABLE AS $$
    SELECT v.key::oid, c.attname, c.attnum, c.atttypid, c.atttypmod
    FROM json_each(coalesce(nullif(current_setting('rs.late_columns', true), ''), '{}')::json) v,
        json_to_recordset(v.value) AS c(attname name, attnum smallint, atttypid oid, atttypmod int)
    WHERE EXISTS (SELECT FROM pg_catalog.rs_late_view WHERE view_id = v.key::oid)
$$;
CREATE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT rs_name(n.nspname)::name, rs_name(c.relname)::name, rs_name(a.attname)::name, format_type(a.atttypid, a.atttypmod)::varchar, a.attnum::int
    FROM pg_catalog.rs_late_columns() a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    ORDER BY 1, 2, 5
$$;

-- The table that COPY reads its files into is ours: COPY needs no right to make temporary tables (r_COPY).
CREATE FUNCTION pg_catalog.rs_make_stage(columns text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DROP TABLE IF EXISTS pg_temp.rs_stage;
    EXECUTE 'CREATE TEMPORARY TABLE rs_stage (' || columns || ')';
    EXECUTE format('GRANT ALL ON pg_temp.rs_stage TO %I', session_user);
END $$;
CREATE FUNCTION pg_catalog.rs_drop_stage() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DROP TABLE pg_temp.rs_stage;
END $$;
