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
