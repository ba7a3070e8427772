-- append-only, a column of each kind
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable,
  column_default, remarks
FROM svv_columns
WHERE table_schema = 'sales'
ORDER BY table_name, ordinal_position
LIMIT 25000;
SELECT COUNT(*)
FROM stv_slices;
-- s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
-- {
--  "entries": [
--   {
--    "url": "s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz",
--    "mandatory": true
--   }
--  ]
-- }
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
CREATE TABLE IF NOT EXISTS "sales"."_singer_loads" (
  "load_id" VARCHAR(1024), "pipeline_id" VARCHAR(1024), "stream" VARCHAR(1024), "table_name" VARCHAR(1024),
  "rows_read" BIGINT, "rows_staged" BIGINT, "rows_loaded" BIGINT, "byte_count" BIGINT, "file_count" BIGINT,
  "first_sequence" BIGINT, "last_sequence" BIGINT, "started_at" TIMESTAMPTZ, "committed_at" TIMESTAMPTZ,
  "connector_version" VARCHAR(1024), "ledger_version" BIGINT, "activated_version" BIGINT,
  "key_properties" VARCHAR(65535), "state_chunk" BIGINT, "state" VARCHAR(65535)
);
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable,
  column_default, remarks
FROM svv_columns
WHERE (table_schema = 'sales' AND table_name IN ('_singer_loads'))
ORDER BY ordinal_position;
CREATE TABLE IF NOT EXISTS "sales"."orders" (
  "id" BIGINT, "note" VARCHAR(65535), "amount" DECIMAL(12, 2), "ratio" DOUBLE PRECISION, "at" TIMESTAMPTZ,
  "local" TIMESTAMP, "never" TIMESTAMPTZ, "day" DATE, "clock" TIME, "done" BOOLEAN, "lines" SUPER
);
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable,
  column_default, remarks
FROM svv_columns
WHERE (table_schema = 'sales' AND table_name IN ('orders'))
ORDER BY ordinal_position;
BEGIN;
-- 2 statements in one call:
COPY "sales"."orders" ("id", "note", "amount", "ratio", "at", "local", "never", "day", "clock", "done", "lines")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
INSERT INTO "sales"."_singer_loads" (
  "load_id", "pipeline_id", "stream", "table_name", "rows_read", "rows_staged", "rows_loaded", "byte_count",
  "file_count", "first_sequence", "last_sequence", "started_at", "committed_at", "connector_version",
  "ledger_version", "activated_version", "key_properties", "state_chunk", "state"
)
VALUES (
  '00000000000000000000000000000000-1', NULL, 'orders', 'sales.orders', 1, 1, 1, 100, 1, 1590000000000000000,
  1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL, NULL,
  1, '{"orders": 1}'
);
SELECT table_schema, table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
  is_nullable, column_default, remarks
FROM svv_columns
WHERE (table_schema = 'sales' AND table_name IN ('orders'))
ORDER BY table_schema, table_name, ordinal_position;
COMMIT;

-- append-only, two loads in a run
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "note" VARCHAR(65535));
-- again: SELECT column_name, data_type, character_maximum .. le_name IN ('orders')) ORDER BY ordinal_position
BEGIN;
-- 2 statements in one call:
COPY "sales"."orders" ("id", "note")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
INSERT INTO "sales"."_singer_loads" (
  "load_id", "pipeline_id", "stream", "table_name", "rows_read", "rows_staged", "rows_loaded", "byte_count",
  "file_count", "first_sequence", "last_sequence", "started_at", "committed_at", "connector_version",
  "ledger_version", "activated_version", "key_properties", "state_chunk", "state"
)
VALUES (
  '00000000000000000000000000000000-1', NULL, 'orders', 'sales.orders', 1, 1, 1, 100, 1, 1590000000000000000,
  1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL, NULL,
  1, '1'
);
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;
-- s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz.manifest is
-- {
--  "entries": [
--   {
--    "url": "s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz",
--    "mandatory": true
--   }
--  ]
-- }
BEGIN;
-- 2 statements in one call:
COPY "sales"."orders" ("id", "note")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
INSERT INTO "sales"."_singer_loads" (
  "load_id", "pipeline_id", "stream", "table_name", "rows_read", "rows_staged", "rows_loaded", "byte_count",
  "file_count", "first_sequence", "last_sequence", "started_at", "committed_at", "connector_version",
  "ledger_version", "activated_version", "key_properties", "state_chunk", "state"
)
VALUES (
  '00000000000000000000000000000000-2', NULL, 'orders', 'sales.orders', 1, 1, 1, 100, 1, 1590000000000000000,
  1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL, NULL,
  1, '{"orders": 2}'
);
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- upsert
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 2 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "note" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__1c168adb00d2" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
CREATE TEMP TABLE "_singer_scratch_4711_1" ("id" BIGINT, "note" VARCHAR(65535), "_singer_order" BIGINT);
COPY "_singer_scratch_4711_1" ("id", "note", "_singer_order")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n2"), SUM("n3"), SUM("n4")
FROM (
  SELECT COUNT(*) AS "n0", COUNT(CASE WHEN "id" IS NULL THEN 1 END) AS "n1", 0 AS "n2", 0 AS "n3", 0 AS "n4"
  FROM "_singer_scratch_4711_1"
  GROUP BY "id"
) AS keyed;
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__1c168adb00d2";
SET LOCAL statement_timeout TO DEFAULT;
MERGE INTO "sales"."orders"
USING "_singer_scratch_4711_1"
ON "sales"."orders"."id" = "_singer_scratch_4711_1"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "_singer_scratch_4711_1"."id", "note" = "_singer_scratch_4711_1"."note"
WHEN NOT MATCHED THEN INSERT ("id", "note")
VALUES ("_singer_scratch_4711_1"."id", "_singer_scratch_4711_1"."note");
SELECT COUNT(*)
FROM "_singer_scratch_4711_1"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "_singer_scratch_4711_1"."id");
INSERT INTO "sales"."_singer_loads" (
  "load_id", "pipeline_id", "stream", "table_name", "rows_read", "rows_staged", "rows_loaded", "byte_count",
  "file_count", "first_sequence", "last_sequence", "started_at", "committed_at", "connector_version",
  "ledger_version", "activated_version", "key_properties", "state_chunk", "state"
)
VALUES (
  '00000000000000000000000000000000-1', NULL, 'orders', 'sales.orders', 1, 1, 1, 100, 1, 1590000000000000000,
  1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL,
  '["id"]', 1, '1'
);
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- overwrite, with a bound for what a table may lose
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 2 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "note" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__1c168adb00d2" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__1c168adb00d2";
SET LOCAL statement_timeout TO DEFAULT;
SELECT COUNT(*)
FROM "sales"."orders";
DELETE FROM "sales"."orders";
-- 2 statements in one call:
-- again: COPY "sales"."orders" ("id", "note") FROM 's3:// .. ULL AS '@n0123456789abcdef@' GZIP COMPUPDATE OFF
SELECT pg_last_copy_count();
-- again: INSERT INTO "sales"."_singer_loads" ("load_id",  .. 0.000000+00:00', '1.0.0', 3, NULL, NULL, 1, '1')
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- upsert with metadata; a version becomes active, rows of others are removed
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 2 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" (
  "id" BIGINT, "note" VARCHAR(65535), "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ,
  "_sdc_batched_at" TIMESTAMPTZ, "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT,
  "_sdc_sync_started_at" BIGINT
);
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__1c168adb00d2" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
CREATE TEMP TABLE "_singer_scratch_4711_1" (
  "id" BIGINT, "note" VARCHAR(65535), "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ,
  "_sdc_batched_at" TIMESTAMPTZ, "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT,
  "_sdc_sync_started_at" BIGINT, "_singer_order" BIGINT
);
COPY "_singer_scratch_4711_1" (
  "id", "note", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at", "_sdc_deleted_at", "_sdc_sequence",
  "_sdc_table_version", "_sdc_sync_started_at", "_singer_order"
)
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
-- again: SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n .. "_singer_scratch_4711_1" GROUP BY "id") AS keyed
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__1c168adb00d2";
SET LOCAL statement_timeout TO DEFAULT;
MERGE INTO "sales"."orders"
USING "_singer_scratch_4711_1"
ON "sales"."orders"."id" = "_singer_scratch_4711_1"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "_singer_scratch_4711_1"."id", "note" = "_singer_scratch_4711_1"."note",
  "_sdc_extracted_at" = "_singer_scratch_4711_1"."_sdc_extracted_at",
  "_sdc_received_at" = "_singer_scratch_4711_1"."_sdc_received_at",
  "_sdc_batched_at" = "_singer_scratch_4711_1"."_sdc_batched_at",
  "_sdc_deleted_at" = "_singer_scratch_4711_1"."_sdc_deleted_at",
  "_sdc_sequence" = "_singer_scratch_4711_1"."_sdc_sequence",
  "_sdc_table_version" = "_singer_scratch_4711_1"."_sdc_table_version",
  "_sdc_sync_started_at" = "_singer_scratch_4711_1"."_sdc_sync_started_at"
WHEN NOT MATCHED THEN INSERT (
  "id", "note", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at", "_sdc_deleted_at", "_sdc_sequence",
  "_sdc_table_version", "_sdc_sync_started_at"
)
VALUES (
  "_singer_scratch_4711_1"."id", "_singer_scratch_4711_1"."note", "_singer_scratch_4711_1"."_sdc_extracted_at",
  "_singer_scratch_4711_1"."_sdc_received_at", "_singer_scratch_4711_1"."_sdc_batched_at",
  "_singer_scratch_4711_1"."_sdc_deleted_at", "_singer_scratch_4711_1"."_sdc_sequence",
  "_singer_scratch_4711_1"."_sdc_table_version", "_singer_scratch_4711_1"."_sdc_sync_started_at"
);
SELECT COUNT(*)
FROM "_singer_scratch_4711_1"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "_singer_scratch_4711_1"."id");
DELETE FROM "sales"."orders"
WHERE "_sdc_table_version" < 7;
INSERT INTO "sales"."_singer_loads" (
  "load_id", "pipeline_id", "stream", "table_name", "rows_read", "rows_staged", "rows_loaded", "byte_count",
  "file_count", "first_sequence", "last_sequence", "started_at", "committed_at", "connector_version",
  "ledger_version", "activated_version", "key_properties", "state_chunk", "state"
)
VALUES (
  '00000000000000000000000000000000-1', NULL, 'orders', 'sales.orders', 1, 1, 1, 100, 1, 1590000000000000000,
  1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, 7,
  '["id"]', 1, '1'
);
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- a change feed with views
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
CREATE TABLE IF NOT EXISTS "sales"."orders"
  ("id" BIGINT, "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT, "_sdc_missing" VARCHAR(65535));
-- again: SELECT column_name, data_type, character_maximum .. le_name IN ('orders')) ORDER BY ordinal_position
SELECT DISTINCT "_sdc_missing"
FROM "sales"."orders"
WHERE "_sdc_missing" IS NOT NULL;
SELECT table_name, remarks
FROM svv_tables
WHERE table_schema = 'sales' AND table_name IN ('orders__current', 'orders__history');
SELECT 1
FROM "sales"."orders"
LIMIT 0;
BEGIN;
CREATE OR REPLACE VIEW "sales"."orders__current" AS
WITH events AS (
  SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing",
    CASE WHEN COALESCE("__op" IN ('d'), FALSE) THEN TRUE ELSE FALSE END AS "_singer_deleted",
    CASE
      WHEN COALESCE("__op" IN ('t'), FALSE) THEN 'truncate'
      WHEN COALESCE("__op" IN ('d'), FALSE) THEN 'delete'
      WHEN COALESCE("__op" IN ('c', 'r'), FALSE) THEN 'insert'
      WHEN COALESCE("__op" IN ('u'), FALSE) THEN 'update'
      ELSE 'upsert' END AS "_singer_operation",
    "__ts_ms" AS "_singer_moment",
    SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
      ORDER BY "__lsn" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
    ) AS "_singer_epoch"
  FROM "sales"."orders"
  WHERE NOT (COALESCE("__op" IN ('m'), FALSE))
),
  numbered AS (
    SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_singer_deleted", "_singer_operation", "_singer_moment",
      "_singer_epoch",
      ROW_NUMBER() OVER (PARTITION BY "_singer_epoch", "id" ORDER BY "__lsn" DESC NULLS LAST) AS "_singer_rank"
    FROM events
  ),
  traced AS (
    SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_singer_deleted", "_singer_operation", "_singer_moment",
      "_singer_epoch", "_singer_rank"
    FROM numbered
  )
SELECT traced."id"
FROM (SELECT * FROM traced WHERE "_singer_rank" = 1 AND NOT "_singer_deleted" AND "_singer_epoch" = 0) AS traced
WITH NO SCHEMA BINDING;
COMMENT ON VIEW "sales"."orders__current" IS
  'made from query 358fd1960221d16eef07fddec8d1f48f58c8ab737b5df87b6055c530ecc17267';
COMMIT;
SELECT 1
FROM "sales"."orders"
LIMIT 0;
BEGIN;
CREATE OR REPLACE VIEW "sales"."orders__history" AS
WITH events AS (
  SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing",
    CASE WHEN COALESCE("__op" IN ('d'), FALSE) THEN TRUE ELSE FALSE END AS "_singer_deleted",
    CASE
      WHEN COALESCE("__op" IN ('t'), FALSE) THEN 'truncate'
      WHEN COALESCE("__op" IN ('d'), FALSE) THEN 'delete'
      WHEN COALESCE("__op" IN ('c', 'r'), FALSE) THEN 'insert'
      WHEN COALESCE("__op" IN ('u'), FALSE) THEN 'update'
      ELSE 'upsert' END AS "_singer_operation",
    "__ts_ms" AS "_singer_moment",
    SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
      ORDER BY "__lsn" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
    ) AS "_singer_epoch"
  FROM "sales"."orders"
  WHERE NOT (COALESCE("__op" IN ('m'), FALSE))
),
  numbered AS (
    SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_singer_deleted", "_singer_operation", "_singer_moment",
      "_singer_epoch",
      CASE
        WHEN "_singer_deleted"
        OR COALESCE("__op" IN ('t'), FALSE) THEN "_singer_moment"
        ELSE COALESCE(
          LEAD("_singer_moment") OVER (PARTITION BY "_singer_epoch", "id" ORDER BY "__lsn" NULLS FIRST),
          MAX(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN "_singer_moment" END) OVER (
            PARTITION BY "_singer_epoch"
          )
        ) END AS "_singer_end"
    FROM events
  ),
  traced AS (
    SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_singer_deleted", "_singer_operation", "_singer_moment",
      "_singer_epoch", "_singer_end"
    FROM numbered
  )
SELECT traced."_singer_moment" AS "valid_from", traced."_singer_end" AS "valid_to",
  traced."_singer_operation" AS "operation", traced."id"
FROM traced
WITH NO SCHEMA BINDING;
COMMENT ON VIEW "sales"."orders__history" IS
  'made from query 940c409c360a7b12f59c91ed37a4ee716ccc53e5da4bf852c11e9ae6b272dac9';
COMMIT;
BEGIN;
-- 2 statements in one call:
COPY "sales"."orders" ("id", "__op", "__lsn", "__ts_ms", "_sdc_missing")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
-- again: INSERT INTO "sales"."_singer_loads" ("load_id",  .. 0.000000+00:00', '1.0.0', 3, NULL, NULL, 1, '1')
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- a change feed with views, and metadata
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
CREATE TABLE IF NOT EXISTS "sales"."orders" (
  "id" BIGINT, "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT, "_sdc_missing" VARCHAR(65535),
  "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ, "_sdc_batched_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_sdc_sync_started_at" BIGINT
);
-- again: SELECT column_name, data_type, character_maximum .. le_name IN ('orders')) ORDER BY ordinal_position
SELECT DISTINCT "_sdc_missing"
FROM "sales"."orders"
WHERE "_sdc_missing" IS NOT NULL;
SELECT table_name, remarks
FROM svv_tables
WHERE table_schema = 'sales' AND table_name IN ('orders__current', 'orders__history');
SELECT 1
FROM "sales"."orders"
LIMIT 0;
BEGIN;
CREATE OR REPLACE VIEW "sales"."orders__current" AS
WITH events AS (
  SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at",
    CASE
      WHEN COALESCE("__op" IN ('d'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN TRUE
      ELSE FALSE END AS "_singer_deleted",
    CASE
      WHEN COALESCE("__op" IN ('t'), FALSE) THEN 'truncate'
      WHEN COALESCE("__op" IN ('d'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN 'delete'
      WHEN COALESCE("__op" IN ('c', 'r'), FALSE) THEN 'insert'
      WHEN COALESCE("__op" IN ('u'), FALSE) THEN 'update'
      ELSE 'upsert' END AS "_singer_operation",
    "__ts_ms" AS "_singer_moment",
    SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
      ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST,
        "_sdc_sequence" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
    ) AS "_singer_epoch"
  FROM "sales"."orders"
  WHERE NOT (COALESCE("__op" IN ('m'), FALSE))
    AND (
      "_sdc_table_version" IS NULL
      OR "_sdc_table_version" =
      (SELECT MAX("activated_version") FROM "sales"."_singer_loads" WHERE "table_name" = 'sales.orders')
    )
),
  numbered AS (
    SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_batched_at", "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at",
      "_singer_deleted", "_singer_operation", "_singer_moment", "_singer_epoch",
      ROW_NUMBER() OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST, "_sdc_sequence" DESC NULLS LAST
      ) AS "_singer_rank"
    FROM events
  ),
  traced AS (
    SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_batched_at", "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at",
      "_singer_deleted", "_singer_operation", "_singer_moment", "_singer_epoch", "_singer_rank"
    FROM numbered
  )
SELECT traced."id"
FROM (SELECT * FROM traced WHERE "_singer_rank" = 1 AND NOT "_singer_deleted" AND "_singer_epoch" = 0) AS traced
WITH NO SCHEMA BINDING;
COMMENT ON VIEW "sales"."orders__current" IS
  'made from query 0aa5c2b996df80db5c16612dc4763a69bdbc155abf31b6679bd280eca959198a';
COMMIT;
SELECT 1
FROM "sales"."orders"
LIMIT 0;
BEGIN;
CREATE OR REPLACE VIEW "sales"."orders__history" AS
WITH events AS (
  SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at",
    CASE
      WHEN COALESCE("__op" IN ('d'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN TRUE
      ELSE FALSE END AS "_singer_deleted",
    CASE
      WHEN COALESCE("__op" IN ('t'), FALSE) THEN 'truncate'
      WHEN COALESCE("__op" IN ('d'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN 'delete'
      WHEN COALESCE("__op" IN ('c', 'r'), FALSE) THEN 'insert'
      WHEN COALESCE("__op" IN ('u'), FALSE) THEN 'update'
      ELSE 'upsert' END AS "_singer_operation",
    "__ts_ms" AS "_singer_moment",
    SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
      ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST,
        "_sdc_sequence" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
    ) AS "_singer_epoch",
    (SELECT MAX("activated_version") FROM "sales"."_singer_loads" WHERE "table_name" = 'sales.orders') AS
      "_singer_activated"
  FROM "sales"."orders"
  WHERE NOT (COALESCE("__op" IN ('m'), FALSE))
    AND (
      "_sdc_table_version" IS NULL
      OR "_sdc_table_version" <=
      (SELECT MAX("activated_version") FROM "sales"."_singer_loads" WHERE "table_name" = 'sales.orders')
    )
),
  numbered AS (
    SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_batched_at", "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at",
      "_singer_deleted", "_singer_operation", "_singer_moment", "_singer_epoch",
      CASE
        WHEN "_singer_deleted"
        OR COALESCE("__op" IN ('t'), FALSE) THEN "_singer_moment"
        ELSE COALESCE(
          LEAD("_singer_moment") OVER (
            PARTITION BY "_singer_epoch", "id"
            ORDER BY "_sdc_table_version" NULLS FIRST, "__lsn" NULLS FIRST, "_sdc_sequence" NULLS FIRST
          ),
          MAX(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN "_singer_moment" END) OVER (
            PARTITION BY "_singer_epoch"
          ),
          CASE
            WHEN "_sdc_table_version" < "_singer_activated" THEN MIN(
              CASE WHEN "_sdc_table_version" = "_singer_activated" THEN "_singer_moment" END
            ) OVER () END
        ) END AS "_singer_end"
    FROM events
  ),
  traced AS (
    SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_batched_at", "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at",
      "_singer_deleted", "_singer_operation", "_singer_moment", "_singer_epoch", "_singer_end"
    FROM numbered
  )
SELECT traced."_singer_moment" AS "valid_from", traced."_singer_end" AS "valid_to",
  traced."_singer_operation" AS "operation", traced."id"
FROM traced
WITH NO SCHEMA BINDING;
COMMENT ON VIEW "sales"."orders__history" IS
  'made from query 5cafde7ba3f4826ee2712e5eb9d11896ef829d0a7a9bd0fbcb07abd135f4d9fe';
COMMIT;
BEGIN;
-- 2 statements in one call:
COPY "sales"."orders" (
  "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at"
)
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
-- again: INSERT INTO "sales"."_singer_loads" ("load_id",  .. 0.000000+00:00', '1.0.0', 3, NULL, NULL, 1, '1')
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- a change feed, the current state
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 3 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT);
CREATE TABLE IF NOT EXISTS "sales"."orders__deleted" ("id" BIGINT, "__lsn" BIGINT);
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__1c168adb00d2" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
CREATE TEMP TABLE "_singer_scratch_4711_1" (
  "id" BIGINT, "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT, "_sdc_missing" VARCHAR(65535),
  "_singer_order" BIGINT
);
COPY "_singer_scratch_4711_1" ("id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_singer_order")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n2"), SUM("n3"), SUM("n4")
FROM (
  SELECT COUNT(*) AS "n0",
    COUNT(
      CASE
        WHEN ("id" IS NULL)
        AND NOT (COALESCE("__op" IN ('t'), FALSE))
        AND NOT (COALESCE("__op" IN ('m'), FALSE)) THEN 1 END
    ) AS "n1",
    COUNT(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 END) AS "n2",
    COUNT(CASE WHEN COALESCE("__op" IN ('d'), FALSE) THEN 1 END) AS "n3",
    COUNT(CASE WHEN COALESCE("__op" IN ('m'), FALSE) THEN 1 END) AS "n4"
  FROM "_singer_scratch_4711_1"
  GROUP BY "id"
) AS keyed;
CREATE TEMP TABLE "_singer_scratch_4711_2" (
  "id" BIGINT, "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT, "_sdc_missing" VARCHAR(65535),
  "_singer_order" BIGINT
);
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__1c168adb00d2";
SET LOCAL statement_timeout TO DEFAULT;
DELETE FROM "_singer_scratch_4711_1"
USING "sales"."orders"
WHERE "sales"."orders"."id" = "_singer_scratch_4711_1"."id"
  AND COALESCE("sales"."orders"."__lsn" > "_singer_scratch_4711_1"."__lsn", "sales"."orders"."__lsn" IS NOT NULL);
DELETE FROM "_singer_scratch_4711_1"
USING "sales"."orders__deleted"
WHERE "sales"."orders__deleted"."id" = "_singer_scratch_4711_1"."id"
  AND COALESCE(
    "sales"."orders__deleted"."__lsn" > "_singer_scratch_4711_1"."__lsn",
    "sales"."orders__deleted"."__lsn" IS NOT NULL
  );
DELETE FROM "_singer_scratch_4711_1"
WHERE "_singer_order" IN (
  SELECT "_singer_scratch_4711_1"."_singer_order"
  FROM "_singer_scratch_4711_1", "sales"."orders__deleted"
  WHERE "sales"."orders__deleted"."id" IS NULL
    AND COALESCE(
      "sales"."orders__deleted"."__lsn" > "_singer_scratch_4711_1"."__lsn",
      "sales"."orders__deleted"."__lsn" IS NOT NULL
    )
);
INSERT INTO "_singer_scratch_4711_2" ("id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_singer_order")
SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_singer_order"
FROM (
  SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST) AS
      "_singer_rank"
  FROM "_singer_scratch_4711_1"
) AS ranked
WHERE "_singer_rank" = 1;
MERGE INTO "sales"."orders"
USING "_singer_scratch_4711_2"
ON "sales"."orders"."id" = "_singer_scratch_4711_2"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "_singer_scratch_4711_2"."id", "__op" = "_singer_scratch_4711_2"."__op",
  "__lsn" = "_singer_scratch_4711_2"."__lsn", "__ts_ms" = "_singer_scratch_4711_2"."__ts_ms"
WHEN NOT MATCHED THEN INSERT ("id", "__op", "__lsn", "__ts_ms")
VALUES (
  "_singer_scratch_4711_2"."id", "_singer_scratch_4711_2"."__op", "_singer_scratch_4711_2"."__lsn",
  "_singer_scratch_4711_2"."__ts_ms"
);
SELECT COUNT(*)
FROM "_singer_scratch_4711_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "_singer_scratch_4711_2"."id");
-- again: INSERT INTO "sales"."_singer_loads" ("load_id",  .. 0000+00:00', '1.0.0', 3, NULL, '["id"]', 1, '1')
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- a change feed, the current state with metadata
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 3 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" (
  "id" BIGINT, "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT, "_sdc_extracted_at" TIMESTAMPTZ,
  "_sdc_received_at" TIMESTAMPTZ, "_sdc_batched_at" TIMESTAMPTZ, "_sdc_deleted_at" TIMESTAMPTZ,
  "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_sdc_sync_started_at" BIGINT
);
CREATE TABLE IF NOT EXISTS "sales"."orders__deleted" ("id" BIGINT, "__lsn" BIGINT, "_sdc_table_version" BIGINT);
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__1c168adb00d2" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
CREATE TEMP TABLE "_singer_scratch_4711_1" (
  "id" BIGINT, "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT, "_sdc_missing" VARCHAR(65535),
  "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ, "_sdc_batched_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_sdc_sync_started_at" BIGINT,
  "_singer_order" BIGINT
);
COPY "_singer_scratch_4711_1" (
  "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at", "_singer_order"
)
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
-- again: SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n .. "_singer_scratch_4711_1" GROUP BY "id") AS keyed
CREATE TEMP TABLE "_singer_scratch_4711_2" (
  "id" BIGINT, "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT, "_sdc_missing" VARCHAR(65535),
  "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ, "_sdc_batched_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_sdc_sync_started_at" BIGINT,
  "_singer_order" BIGINT
);
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__1c168adb00d2";
SET LOCAL statement_timeout TO DEFAULT;
DELETE FROM "_singer_scratch_4711_1"
USING "sales"."orders"
WHERE "sales"."orders"."id" = "_singer_scratch_4711_1"."id"
  AND (
    COALESCE(
      "sales"."orders"."_sdc_table_version" > "_singer_scratch_4711_1"."_sdc_table_version",
      "sales"."orders"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders"."_sdc_table_version" = "_singer_scratch_4711_1"."_sdc_table_version",
        "sales"."orders"."_sdc_table_version" IS NULL AND "_singer_scratch_4711_1"."_sdc_table_version" IS NULL
      )
      AND COALESCE("sales"."orders"."__lsn" > "_singer_scratch_4711_1"."__lsn", "sales"."orders"."__lsn" IS NOT NULL)
    )
  );
DELETE FROM "_singer_scratch_4711_1"
USING "sales"."orders__deleted"
WHERE "sales"."orders__deleted"."id" = "_singer_scratch_4711_1"."id"
  AND (
    COALESCE(
      "sales"."orders__deleted"."_sdc_table_version" > "_singer_scratch_4711_1"."_sdc_table_version",
      "sales"."orders__deleted"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders__deleted"."_sdc_table_version" = "_singer_scratch_4711_1"."_sdc_table_version",
        "sales"."orders__deleted"."_sdc_table_version" IS NULL
          AND "_singer_scratch_4711_1"."_sdc_table_version" IS NULL
      )
      AND COALESCE(
        "sales"."orders__deleted"."__lsn" > "_singer_scratch_4711_1"."__lsn",
        "sales"."orders__deleted"."__lsn" IS NOT NULL
      )
    )
  );
DELETE FROM "_singer_scratch_4711_1"
WHERE "_singer_order" IN (
  SELECT "_singer_scratch_4711_1"."_singer_order"
  FROM "_singer_scratch_4711_1", "sales"."orders__deleted"
  WHERE "sales"."orders__deleted"."id" IS NULL
    AND (
      COALESCE(
        "sales"."orders__deleted"."_sdc_table_version" > "_singer_scratch_4711_1"."_sdc_table_version",
        "sales"."orders__deleted"."_sdc_table_version" IS NOT NULL
      )
      OR (
        COALESCE(
          "sales"."orders__deleted"."_sdc_table_version" = "_singer_scratch_4711_1"."_sdc_table_version",
          "sales"."orders__deleted"."_sdc_table_version" IS NULL
            AND "_singer_scratch_4711_1"."_sdc_table_version" IS NULL
        )
        AND COALESCE(
          "sales"."orders__deleted"."__lsn" > "_singer_scratch_4711_1"."__lsn",
          "sales"."orders__deleted"."__lsn" IS NOT NULL
        )
      )
    )
);
INSERT INTO "_singer_scratch_4711_2" (
  "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at", "_singer_order"
)
SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at", "_singer_order"
FROM (
  SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at", "_singer_order",
    ROW_NUMBER() OVER (
      PARTITION BY "id"
      ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST
    ) AS "_singer_rank"
  FROM "_singer_scratch_4711_1"
) AS ranked
WHERE "_singer_rank" = 1;
MERGE INTO "sales"."orders"
USING "_singer_scratch_4711_2"
ON "sales"."orders"."id" = "_singer_scratch_4711_2"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "_singer_scratch_4711_2"."id", "__op" = "_singer_scratch_4711_2"."__op",
  "__lsn" = "_singer_scratch_4711_2"."__lsn", "__ts_ms" = "_singer_scratch_4711_2"."__ts_ms",
  "_sdc_extracted_at" = "_singer_scratch_4711_2"."_sdc_extracted_at",
  "_sdc_received_at" = "_singer_scratch_4711_2"."_sdc_received_at",
  "_sdc_batched_at" = "_singer_scratch_4711_2"."_sdc_batched_at",
  "_sdc_deleted_at" = "_singer_scratch_4711_2"."_sdc_deleted_at",
  "_sdc_sequence" = "_singer_scratch_4711_2"."_sdc_sequence",
  "_sdc_table_version" = "_singer_scratch_4711_2"."_sdc_table_version",
  "_sdc_sync_started_at" = "_singer_scratch_4711_2"."_sdc_sync_started_at"
WHEN NOT MATCHED THEN INSERT (
  "id", "__op", "__lsn", "__ts_ms", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at", "_sdc_deleted_at",
  "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at"
)
VALUES (
  "_singer_scratch_4711_2"."id", "_singer_scratch_4711_2"."__op", "_singer_scratch_4711_2"."__lsn",
  "_singer_scratch_4711_2"."__ts_ms", "_singer_scratch_4711_2"."_sdc_extracted_at",
  "_singer_scratch_4711_2"."_sdc_received_at", "_singer_scratch_4711_2"."_sdc_batched_at",
  "_singer_scratch_4711_2"."_sdc_deleted_at", "_singer_scratch_4711_2"."_sdc_sequence",
  "_singer_scratch_4711_2"."_sdc_table_version", "_singer_scratch_4711_2"."_sdc_sync_started_at"
);
SELECT COUNT(*)
FROM "_singer_scratch_4711_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "_singer_scratch_4711_2"."id");
-- again: INSERT INTO "sales"."_singer_loads" ("load_id",  .. 0000+00:00', '1.0.0', 3, NULL, '["id"]', 1, '1')
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- a change feed, history and current state
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 4 statements in one call:
-- again: CREATE TABLE IF NOT EXISTS "sales"."orders" ("id .. _version" BIGINT, "_sdc_sync_started_at" BIGINT)
CREATE TABLE IF NOT EXISTS "sales"."orders_live" (
  "id" BIGINT, "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT, "_sdc_extracted_at" TIMESTAMPTZ,
  "_sdc_received_at" TIMESTAMPTZ, "_sdc_batched_at" TIMESTAMPTZ, "_sdc_deleted_at" TIMESTAMPTZ,
  "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_sdc_sync_started_at" BIGINT
);
CREATE TABLE IF NOT EXISTS "sales"."orders_live__deleted" ("id" BIGINT, "__lsn" BIGINT, "_sdc_table_version" BIGINT);
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__f3158604631a" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
-- again: CREATE TEMP TABLE "_singer_scratch_4711_1" ("id" .. sync_started_at" BIGINT, "_singer_order" BIGINT)
-- again: COPY "_singer_scratch_4711_1" ("id", "__op", "__ .. ULL AS '@n0123456789abcdef@' GZIP COMPUPDATE OFF
-- again: SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n .. "_singer_scratch_4711_1" GROUP BY "id") AS keyed
-- again: CREATE TEMP TABLE "_singer_scratch_4711_2" ("id" .. sync_started_at" BIGINT, "_singer_order" BIGINT)
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__f3158604631a";
SET LOCAL statement_timeout TO DEFAULT;
INSERT INTO "sales"."orders" (
  "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at"
)
SELECT "id", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at"
FROM "_singer_scratch_4711_1";
DELETE FROM "_singer_scratch_4711_1"
USING "sales"."orders_live"
WHERE "sales"."orders_live"."id" = "_singer_scratch_4711_1"."id"
  AND (
    COALESCE(
      "sales"."orders_live"."_sdc_table_version" > "_singer_scratch_4711_1"."_sdc_table_version",
      "sales"."orders_live"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders_live"."_sdc_table_version" = "_singer_scratch_4711_1"."_sdc_table_version",
        "sales"."orders_live"."_sdc_table_version" IS NULL AND "_singer_scratch_4711_1"."_sdc_table_version" IS NULL
      )
      AND COALESCE(
        "sales"."orders_live"."__lsn" > "_singer_scratch_4711_1"."__lsn", "sales"."orders_live"."__lsn" IS NOT NULL
      )
    )
  );
DELETE FROM "_singer_scratch_4711_1"
USING "sales"."orders_live__deleted"
WHERE "sales"."orders_live__deleted"."id" = "_singer_scratch_4711_1"."id"
  AND (
    COALESCE(
      "sales"."orders_live__deleted"."_sdc_table_version" > "_singer_scratch_4711_1"."_sdc_table_version",
      "sales"."orders_live__deleted"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders_live__deleted"."_sdc_table_version" = "_singer_scratch_4711_1"."_sdc_table_version",
        "sales"."orders_live__deleted"."_sdc_table_version" IS NULL
          AND "_singer_scratch_4711_1"."_sdc_table_version" IS NULL
      )
      AND COALESCE(
        "sales"."orders_live__deleted"."__lsn" > "_singer_scratch_4711_1"."__lsn",
        "sales"."orders_live__deleted"."__lsn" IS NOT NULL
      )
    )
  );
DELETE FROM "_singer_scratch_4711_1"
WHERE "_singer_order" IN (
  SELECT "_singer_scratch_4711_1"."_singer_order"
  FROM "_singer_scratch_4711_1", "sales"."orders_live__deleted"
  WHERE "sales"."orders_live__deleted"."id" IS NULL
    AND (
      COALESCE(
        "sales"."orders_live__deleted"."_sdc_table_version" > "_singer_scratch_4711_1"."_sdc_table_version",
        "sales"."orders_live__deleted"."_sdc_table_version" IS NOT NULL
      )
      OR (
        COALESCE(
          "sales"."orders_live__deleted"."_sdc_table_version" = "_singer_scratch_4711_1"."_sdc_table_version",
          "sales"."orders_live__deleted"."_sdc_table_version" IS NULL
            AND "_singer_scratch_4711_1"."_sdc_table_version" IS NULL
        )
        AND COALESCE(
          "sales"."orders_live__deleted"."__lsn" > "_singer_scratch_4711_1"."__lsn",
          "sales"."orders_live__deleted"."__lsn" IS NOT NULL
        )
      )
    )
);
-- again: INSERT INTO "_singer_scratch_4711_2" ("id", "__o .. atch_4711_1") AS ranked WHERE "_singer_rank" = 1
MERGE INTO "sales"."orders_live"
USING "_singer_scratch_4711_2"
ON "sales"."orders_live"."id" = "_singer_scratch_4711_2"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "_singer_scratch_4711_2"."id", "__op" = "_singer_scratch_4711_2"."__op",
  "__lsn" = "_singer_scratch_4711_2"."__lsn", "__ts_ms" = "_singer_scratch_4711_2"."__ts_ms",
  "_sdc_extracted_at" = "_singer_scratch_4711_2"."_sdc_extracted_at",
  "_sdc_received_at" = "_singer_scratch_4711_2"."_sdc_received_at",
  "_sdc_batched_at" = "_singer_scratch_4711_2"."_sdc_batched_at",
  "_sdc_deleted_at" = "_singer_scratch_4711_2"."_sdc_deleted_at",
  "_sdc_sequence" = "_singer_scratch_4711_2"."_sdc_sequence",
  "_sdc_table_version" = "_singer_scratch_4711_2"."_sdc_table_version",
  "_sdc_sync_started_at" = "_singer_scratch_4711_2"."_sdc_sync_started_at"
WHEN NOT MATCHED THEN INSERT (
  "id", "__op", "__lsn", "__ts_ms", "_sdc_extracted_at", "_sdc_received_at", "_sdc_batched_at", "_sdc_deleted_at",
  "_sdc_sequence", "_sdc_table_version", "_sdc_sync_started_at"
)
VALUES (
  "_singer_scratch_4711_2"."id", "_singer_scratch_4711_2"."__op", "_singer_scratch_4711_2"."__lsn",
  "_singer_scratch_4711_2"."__ts_ms", "_singer_scratch_4711_2"."_sdc_extracted_at",
  "_singer_scratch_4711_2"."_sdc_received_at", "_singer_scratch_4711_2"."_sdc_batched_at",
  "_singer_scratch_4711_2"."_sdc_deleted_at", "_singer_scratch_4711_2"."_sdc_sequence",
  "_singer_scratch_4711_2"."_sdc_table_version", "_singer_scratch_4711_2"."_sdc_sync_started_at"
);
SELECT COUNT(*)
FROM "_singer_scratch_4711_2"
WHERE NOT EXISTS (
  SELECT 1
  FROM "sales"."orders_live"
  WHERE "sales"."orders_live"."id" = "_singer_scratch_4711_2"."id"
);
DELETE FROM "sales"."orders_live__deleted"
USING "_singer_scratch_4711_1"
WHERE "sales"."orders_live__deleted"."id" = "_singer_scratch_4711_1"."id";
-- again: INSERT INTO "sales"."_singer_loads" ("load_id",  .. 0000+00:00', '1.0.0', 3, NULL, '["id"]', 1, '1')
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- types that change in mid-run, append-only
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
SELECT CASE
  WHEN CAST(CAST(CAST('0.3' AS DOUBLE PRECISION) AS VARCHAR(65535)) AS DOUBLE PRECISION) =
  CAST('0.3' AS DOUBLE PRECISION) THEN 1
  ELSE 0 END;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz.manifest is
-- s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00003.csv.gz.manifest is
-- {
--  "entries": [
--   {
--    "url": "s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00003.csv.gz",
--    "mandatory": true
--   }
--  ]
-- }
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "n" VARCHAR(65535), "day" VARCHAR(65535));
-- again: SELECT column_name, data_type, character_maximum .. le_name IN ('orders')) ORDER BY ordinal_position
-- 2 statements in one call:
CREATE TEMP TABLE "_singer_scratch_4711_1" ("id" BIGINT, "n" BIGINT, "day" DATE);
CREATE TEMP TABLE "_singer_scratch_4711_2" ("id" BIGINT, "n" DOUBLE PRECISION, "day" TIMESTAMP);
-- 2 statements in one call:
COPY "_singer_scratch_4711_1" ("id", "n", "day")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
-- 2 statements in one call:
COPY "_singer_scratch_4711_2" ("id", "n", "day")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
BEGIN;
INSERT INTO "sales"."orders" ("id", "n", "day")
SELECT "id", CAST(CAST("n" AS DOUBLE PRECISION) AS VARCHAR(65535)),
  TO_CHAR(CAST("day" AS TIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.US')
FROM "_singer_scratch_4711_1";
INSERT INTO "sales"."orders" ("id", "n", "day")
SELECT "id", CAST("n" AS VARCHAR(65535)), TO_CHAR("day", 'YYYY-MM-DD HH24:MI:SS.US')
FROM "_singer_scratch_4711_2";
-- 2 statements in one call:
COPY "sales"."orders" ("id", "n", "day")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00003.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
INSERT INTO "sales"."_singer_loads" (
  "load_id", "pipeline_id", "stream", "table_name", "rows_read", "rows_staged", "rows_loaded", "byte_count",
  "file_count", "first_sequence", "last_sequence", "started_at", "committed_at", "connector_version",
  "ledger_version", "activated_version", "key_properties", "state_chunk", "state"
)
VALUES (
  '00000000000000000000000000000000-1', NULL, 'orders', 'sales.orders', 3, 3, 3, 300, 3, 1590000000000000000,
  1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL, NULL,
  1, '3'
);
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- types that change in mid-run, upsert
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: SELECT CASE WHEN CAST(CAST(CAST('0.3' AS DOUBLE  .. AST('0.3' AS DOUBLE PRECISION) THEN 1 ELSE 0 END
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz.manifest is
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00003.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 2 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "n" VARCHAR(65535), "day" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__1c168adb00d2" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
-- 3 statements in one call:
CREATE TEMP TABLE "_singer_scratch_4711_1"
  ("id" BIGINT, "n" VARCHAR(65535), "day" VARCHAR(65535), "_singer_order" BIGINT);
CREATE TEMP TABLE "_singer_scratch_4711_3"
  ("id" BIGINT, "n" VARCHAR(65535), "day" VARCHAR(65535), "_singer_order" BIGINT);
CREATE TEMP TABLE "_singer_scratch_4711_5"
  ("id" BIGINT, "n" VARCHAR(65535), "day" VARCHAR(65535), "_singer_order" BIGINT);
COPY "_singer_scratch_4711_5" ("id", "n", "day", "_singer_order")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00003.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
-- 2 statements in one call:
CREATE TEMP TABLE "_singer_scratch_4711_7" ("id" BIGINT, "n" BIGINT, "day" DATE, "_singer_order" BIGINT);
CREATE TEMP TABLE "_singer_scratch_4711_8"
  ("id" BIGINT, "n" DOUBLE PRECISION, "day" TIMESTAMP, "_singer_order" BIGINT);
-- 2 statements in one call:
COPY "_singer_scratch_4711_7" ("id", "n", "day", "_singer_order")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
INSERT INTO "_singer_scratch_4711_1" ("id", "n", "day", "_singer_order")
SELECT "id", CAST(CAST("n" AS DOUBLE PRECISION) AS VARCHAR(65535)),
  TO_CHAR(CAST("day" AS TIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.US'), "_singer_order"
FROM "_singer_scratch_4711_7";
-- 2 statements in one call:
COPY "_singer_scratch_4711_8" ("id", "n", "day", "_singer_order")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
INSERT INTO "_singer_scratch_4711_3" ("id", "n", "day", "_singer_order")
SELECT "id", CAST("n" AS VARCHAR(65535)), TO_CHAR("day", 'YYYY-MM-DD HH24:MI:SS.US'), "_singer_order"
FROM "_singer_scratch_4711_8";
SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n2"), SUM("n3"), SUM("n4")
FROM (
  SELECT COUNT(*) AS "n0", COUNT(CASE WHEN "id" IS NULL THEN 1 END) AS "n1", 0 AS "n2", 0 AS "n3", 0 AS "n4"
  FROM "_singer_scratch_4711_1"
  GROUP BY "id"
) AS keyed
UNION ALL
SELECT 1, SUM("n0"), COUNT(*), SUM("n1"), SUM("n2"), SUM("n3"), SUM("n4")
FROM (
  SELECT COUNT(*) AS "n0", COUNT(CASE WHEN "id" IS NULL THEN 1 END) AS "n1", 0 AS "n2", 0 AS "n3", 0 AS "n4"
  FROM "_singer_scratch_4711_3"
  GROUP BY "id"
) AS keyed
UNION ALL
SELECT 2, SUM("n0"), COUNT(*), SUM("n1"), SUM("n2"), SUM("n3"), SUM("n4")
FROM (
  SELECT COUNT(*) AS "n0", COUNT(CASE WHEN "id" IS NULL THEN 1 END) AS "n1", 0 AS "n2", 0 AS "n3", 0 AS "n4"
  FROM "_singer_scratch_4711_5"
  GROUP BY "id"
) AS keyed;
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__1c168adb00d2";
SET LOCAL statement_timeout TO DEFAULT;
MERGE INTO "sales"."orders"
USING "_singer_scratch_4711_1"
ON "sales"."orders"."id" = "_singer_scratch_4711_1"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "_singer_scratch_4711_1"."id", "n" = "_singer_scratch_4711_1"."n", "day" = "_singer_scratch_4711_1"."day"
WHEN NOT MATCHED THEN INSERT ("id", "n", "day")
VALUES ("_singer_scratch_4711_1"."id", "_singer_scratch_4711_1"."n", "_singer_scratch_4711_1"."day");
SELECT COUNT(*)
FROM "_singer_scratch_4711_1"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "_singer_scratch_4711_1"."id");
MERGE INTO "sales"."orders"
USING "_singer_scratch_4711_3"
ON "sales"."orders"."id" = "_singer_scratch_4711_3"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "_singer_scratch_4711_3"."id", "n" = "_singer_scratch_4711_3"."n", "day" = "_singer_scratch_4711_3"."day"
WHEN NOT MATCHED THEN INSERT ("id", "n", "day")
VALUES ("_singer_scratch_4711_3"."id", "_singer_scratch_4711_3"."n", "_singer_scratch_4711_3"."day");
SELECT COUNT(*)
FROM "_singer_scratch_4711_3"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "_singer_scratch_4711_3"."id");
MERGE INTO "sales"."orders"
USING "_singer_scratch_4711_5"
ON "sales"."orders"."id" = "_singer_scratch_4711_5"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "_singer_scratch_4711_5"."id", "n" = "_singer_scratch_4711_5"."n", "day" = "_singer_scratch_4711_5"."day"
WHEN NOT MATCHED THEN INSERT ("id", "n", "day")
VALUES ("_singer_scratch_4711_5"."id", "_singer_scratch_4711_5"."n", "_singer_scratch_4711_5"."day");
SELECT COUNT(*)
FROM "_singer_scratch_4711_5"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "_singer_scratch_4711_5"."id");
INSERT INTO "sales"."_singer_loads" (
  "load_id", "pipeline_id", "stream", "table_name", "rows_read", "rows_staged", "rows_loaded", "byte_count",
  "file_count", "first_sequence", "last_sequence", "started_at", "committed_at", "connector_version",
  "ledger_version", "activated_version", "key_properties", "state_chunk", "state"
)
VALUES (
  '00000000000000000000000000000000-1', NULL, 'orders', 'sales.orders', 3, 3, 3, 300, 3, 1590000000000000000,
  1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL,
  '["id"]', 1, '3'
);
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- four small streams, three of them appended, one replaced
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- s3://bucket/singer/s0/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
-- {
--  "entries": [
--   {
--    "url": "s3://bucket/singer/s0/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz",
--    "mandatory": true
--   }
--  ]
-- }
-- s3://bucket/singer/s1/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz.manifest is
-- {
--  "entries": [
--   {
--    "url": "s3://bucket/singer/s1/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz",
--    "mandatory": true
--   }
--  ]
-- }
-- s3://bucket/singer/s2/20200601T120000Z-00000000000000000000000000000000-00003.csv.gz.manifest is
-- {
--  "entries": [
--   {
--    "url": "s3://bucket/singer/s2/20200601T120000Z-00000000000000000000000000000000-00003.csv.gz",
--    "mandatory": true
--   }
--  ]
-- }
-- s3://bucket/singer/s3/20200601T120000Z-00000000000000000000000000000000-00004.csv.gz.manifest is
-- {
--  "entries": [
--   {
--    "url": "s3://bucket/singer/s3/20200601T120000Z-00000000000000000000000000000000-00004.csv.gz",
--    "mandatory": true
--   }
--  ]
-- }
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 5 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."s0" ("id" BIGINT, "note" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."s1" ("id" BIGINT, "note" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."s2" ("id" BIGINT, "note" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."s3" ("id" BIGINT, "note" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__41242b9fae56" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__41242b9fae56";
SET LOCAL statement_timeout TO DEFAULT;
-- 2 statements in one call:
COPY "sales"."s0" ("id", "note")
FROM 's3://bucket/singer/s0/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
-- 2 statements in one call:
COPY "sales"."s1" ("id", "note")
FROM 's3://bucket/singer/s1/20200601T120000Z-00000000000000000000000000000000-00002.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
-- 2 statements in one call:
COPY "sales"."s2" ("id", "note")
FROM 's3://bucket/singer/s2/20200601T120000Z-00000000000000000000000000000000-00003.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
DELETE FROM "sales"."s3";
-- 2 statements in one call:
COPY "sales"."s3" ("id", "note")
FROM 's3://bucket/singer/s3/20200601T120000Z-00000000000000000000000000000000-00004.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;
SELECT pg_last_copy_count();
INSERT INTO "sales"."_singer_loads" (
  "load_id", "pipeline_id", "stream", "table_name", "rows_read", "rows_staged", "rows_loaded", "byte_count",
  "file_count", "first_sequence", "last_sequence", "started_at", "committed_at", "connector_version",
  "ledger_version", "activated_version", "key_properties", "state_chunk", "state"
)
VALUES (
  '00000000000000000000000000000000-1', NULL, 's0', 'sales.s0', 1, 1, 1, 100, 1, 1590000000000000000,
  1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL, NULL,
  1, '{"currently_syncing": null}'
),
  (
    '00000000000000000000000000000000-1', NULL, 's1', 'sales.s1', 1, 1, 1, 100, 1, 1590000000000000000,
    1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL,
    NULL, NULL, NULL
  ), (
    '00000000000000000000000000000000-1', NULL, 's2', 'sales.s2', 1, 1, 1, 100, 1, 1590000000000000000,
    1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL,
    NULL, NULL, NULL
  ), (
    '00000000000000000000000000000000-1', NULL, 's3', 'sales.s3', 1, 1, 1, 100, 1, 1590000000000000000,
    1590000000000000000, '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL,
    NULL, NULL, NULL
  );
SELECT table_schema, table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
  is_nullable, column_default, remarks
FROM svv_columns
WHERE (table_schema = 'sales' AND table_name IN ('s0', 's1', 's2', 's3'))
ORDER BY table_schema, table_name, ordinal_position;
COMMIT;

-- no record
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
CREATE TABLE IF NOT EXISTS "sales"."_singer_loads__24ceef1cb6b0"
  ("load_id" VARCHAR(1024), "pipeline_id" VARCHAR(1024));
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable,
  column_default, remarks
FROM svv_columns
WHERE (table_schema = 'sales' AND table_name IN ('_singer_loads__24ceef1cb6b0'))
ORDER BY ordinal_position;
SELECT "load_id"
FROM "sales"."_singer_loads__24ceef1cb6b0";
INSERT INTO "sales"."_singer_loads__24ceef1cb6b0" ("load_id", "pipeline_id")
VALUES ('-', 'it''s');
SELECT MAX("last_sequence"), MAX("ledger_version")
FROM "sales"."_singer_loads";
SELECT COUNT(*)
FROM stv_slices;
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT);
-- again: SELECT column_name, data_type, character_maximum .. le_name IN ('orders')) ORDER BY ordinal_position
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_loads__24ceef1cb6b0";
SET LOCAL statement_timeout TO DEFAULT;
SELECT "load_id"
FROM "sales"."_singer_loads__24ceef1cb6b0";
UPDATE "sales"."_singer_loads__24ceef1cb6b0"
SET "load_id" = '00000000000000000000000000000000-1';
INSERT INTO "sales"."_singer_loads" (
  "load_id", "pipeline_id", "stream", "table_name", "rows_read", "rows_staged", "rows_loaded", "byte_count",
  "file_count", "first_sequence", "last_sequence", "started_at", "committed_at", "connector_version",
  "ledger_version", "activated_version", "key_properties", "state_chunk", "state"
)
VALUES (
  '00000000000000000000000000000000-1', 'it''s', 'orders', 'sales.orders', 0, 0, 0, 0, 0, NULL, 1590000000000000000,
  '2020-06-01 12:00:00.000000+00:00', '2020-06-01 12:00:00.000000+00:00', '1.0.0', 3, NULL, NULL, 1, '{"orders": 1}'
);
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- files of dead runs are removed, those of loads are kept
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT MAX("last_sequence"), MAX("ledger_version")
FROM "sales"."_singer_loads";
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "note" VARCHAR(65535));
-- again: SELECT column_name, data_type, character_maximum .. le_name IN ('orders')) ORDER BY ordinal_position
BEGIN;
-- 2 statements in one call:
-- again: COPY "sales"."orders" ("id", "note") FROM 's3:// .. ULL AS '@n0123456789abcdef@' GZIP COMPUPDATE OFF
SELECT pg_last_copy_count();
-- again: INSERT INTO "sales"."_singer_loads" ("load_id",  .. 0.000000+00:00', '1.0.0', 3, NULL, NULL, 1, '1')
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;
SELECT DISTINCT "load_id"
FROM "sales"."_singer_loads";

-- --last-state
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT MAX("last_sequence"), MAX("ledger_version")
FROM "sales"."_singer_loads";
SELECT "load_id"
FROM "sales"."_singer_loads"
WHERE "pipeline_id" = 'it''s' AND "state" IS NOT NULL
ORDER BY "last_sequence" DESC, "committed_at" DESC, "load_id"
LIMIT 1;

-- COPY is refused
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 2 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "note" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__1c168adb00d2" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
CREATE TEMP TABLE "_singer_scratch_4711_1" ("id" BIGINT, "note" VARCHAR(65535), "_singer_order" BIGINT);
-- again: COPY "_singer_scratch_4711_1" ("id", "note", "_s .. ULL AS '@n0123456789abcdef@' GZIP COMPUPDATE OFF
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
SELECT trim(filename), line_number, trim(colname), trim(type), trim(col_length), trim(raw_field_value), err_code,
  trim(err_reason)
FROM stl_load_errors
WHERE trim(filename) IN (
  'singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz',
  's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz'
)
LIMIT 1;
SELECT trim(file_name), line_number, trim(column_name), trim(column_type), trim(column_length), '', error_code,
  trim(error_message)
FROM sys_load_error_detail
WHERE trim(file_name) IN (
  'singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz',
  's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz'
)
LIMIT 1;
-- again: SELECT column_name, data_type, character_maximum .. le_name IN ('orders')) ORDER BY ordinal_position
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position

-- MERGE is refused
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 2 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "note" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__1c168adb00d2" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
CREATE TEMP TABLE "_singer_scratch_4711_1" ("id" BIGINT, "note" VARCHAR(65535), "_singer_order" BIGINT);
-- again: COPY "_singer_scratch_4711_1" ("id", "note", "_s .. ULL AS '@n0123456789abcdef@' GZIP COMPUPDATE OFF
-- again: SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n .. "_singer_scratch_4711_1" GROUP BY "id") AS keyed
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__1c168adb00d2";
SET LOCAL statement_timeout TO DEFAULT;
-- again: MERGE INTO "sales"."orders" USING "_singer_scrat .. h_4711_1"."id", "_singer_scratch_4711_1"."note")
ROLLBACK;
-- again: SELECT column_name, data_type, character_maximum .. le_name IN ('orders')) ORDER BY ordinal_position
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position

-- COMMIT is not answered
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM stv_slices;
-- again: s3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest is
SELECT 1
FROM pg_namespace
WHERE nspname = 'sales';
CREATE SCHEMA IF NOT EXISTS "sales";
-- again: CREATE TABLE IF NOT EXISTS "sales"."_singer_load .. ), "state_chunk" BIGINT, "state" VARCHAR(65535))
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- 2 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "note" VARCHAR(65535));
CREATE TABLE IF NOT EXISTS "sales"."_singer_turn__1c168adb00d2" ("table_name" VARCHAR(1024));
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE ("ledger_version" IS NULL OR "ledger_version" < 3) AND "committed_at" > '2020-06-01 12:00:00.000000+00:00';
CREATE TEMP TABLE "_singer_scratch_4711_1" ("id" BIGINT, "note" VARCHAR(65535), "_singer_order" BIGINT);
-- again: COPY "_singer_scratch_4711_1" ("id", "note", "_s .. ULL AS '@n0123456789abcdef@' GZIP COMPUPDATE OFF
-- again: SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n .. "_singer_scratch_4711_1" GROUP BY "id") AS keyed
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__1c168adb00d2";
SET LOCAL statement_timeout TO DEFAULT;
-- again: MERGE INTO "sales"."orders" USING "_singer_scrat .. h_4711_1"."id", "_singer_scratch_4711_1"."note")
SELECT COUNT(*)
FROM "_singer_scratch_4711_1"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "_singer_scratch_4711_1"."id");
-- again: INSERT INTO "sales"."_singer_loads" ("load_id",  .. 0000+00:00', '1.0.0', 3, NULL, '["id"]', 1, '1')
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
SELECT pg_terminate_backend(4711);
SELECT 1
FROM svv_transactions
WHERE pid = 4711;
-- 5 statements in one call:
SET timezone TO 'UTC';
SET datestyle TO 'ISO, MDY';
SET extra_float_digits TO 0;
SET enable_case_sensitive_identifier TO off;
SET search_path TO '$user', public;
SELECT COUNT(*)
FROM "sales"."_singer_loads"
WHERE "load_id" = '00000000000000000000000000000000-1';
-- again: SELECT column_name, data_type, character_maximum ..  IN ('_singer_loads')) ORDER BY ordinal_position
-- again: SELECT table_name, column_name, data_type, chara .. RDER BY table_name, ordinal_position LIMIT 25000
DROP TABLE IF EXISTS "_singer_scratch_4711_1";
CREATE TEMP TABLE "_singer_scratch_4711_1" ("id" BIGINT, "note" VARCHAR(65535), "_singer_order" BIGINT);
-- again: COPY "_singer_scratch_4711_1" ("id", "note", "_s .. ULL AS '@n0123456789abcdef@' GZIP COMPUPDATE OFF
-- again: SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n .. "_singer_scratch_4711_1" GROUP BY "id") AS keyed
BEGIN;
SET LOCAL statement_timeout TO 60000;
-- 2 statements in one call:
LOCK "sales"."_singer_turn__1c168adb00d2";
SET LOCAL statement_timeout TO DEFAULT;
-- again: MERGE INTO "sales"."orders" USING "_singer_scrat .. h_4711_1"."id", "_singer_scratch_4711_1"."note")
SELECT COUNT(*)
FROM "_singer_scratch_4711_1"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "_singer_scratch_4711_1"."id");
-- again: INSERT INTO "sales"."_singer_loads" ("load_id",  .. 0000+00:00', '1.0.0', 3, NULL, '["id"]', 1, '1')
-- again: SELECT table_schema, table_name, column_name, da .. ER BY table_schema, table_name, ordinal_position
COMMIT;

-- COPY by the role of the cluster
COPY "sales"."orders" ("id", "note")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE default
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;

-- COPY by a role, the bucket in another region
COPY "sales"."orders" ("id", "note")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy'
MANIFEST
REGION AS 'eu-west-1'
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;

-- COPY by keys
COPY "sales"."orders" ("id", "note")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
ACCESS_KEY_ID '***'
SECRET_ACCESS_KEY '***'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;

-- COPY by temporary keys
COPY "sales"."orders" ("id", "note")
FROM 's3://bucket/singer/orders/20200601T120000Z-00000000000000000000000000000000-00001.csv.gz.manifest'
ACCESS_KEY_ID '***'
SECRET_ACCESS_KEY '***'
SESSION_TOKEN '***'
MANIFEST
FORMAT AS CSV
DELIMITER AS '|'
QUOTE AS '"'
NULL AS '@n0123456789abcdef@'
GZIP
COMPUPDATE OFF;

-- a table with properties, grants and comments
-- 5 statements in one call:
-- 7 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."orders" ("id" BIGINT, "at" TIMESTAMPTZ, "note" VARCHAR(65535) ENCODE ZSTD) BACKUP
  NO DISTSTYLE KEY DISTKEY ("id") COMPOUND SORTKEY ("at", "id");
COMMENT ON COLUMN "sales"."orders"."note" IS 'what''s said';
COMMENT ON TABLE "sales"."orders" IS 'Orders: one a row';
GRANT SELECT ON TABLE "sales"."orders" TO ROLE "analysts";
GRANT SELECT ON TABLE "sales"."orders" TO GROUP "readers";
GRANT SELECT ON TABLE "sales"."orders" TO "alice";
GRANT SELECT ON TABLE "sales"."orders" TO "Bob B";
-- 2 statements in one call:

-- such a table that is there is looked at
-- 5 statements in one call:
SELECT schema_name, table_name, column_name, encoding, distkey, sortkey
FROM svv_redshift_columns
WHERE database_name = CAST(CURRENT_DATABASE() AS VARCHAR) AND ((schema_name = 'sales' AND table_name = 'orders'));
SELECT n.nspname, c.relname, c.releffectivediststyle
FROM pg_class_info c JOIN pg_namespace n
ON n.oid = c.relnamespace
WHERE (n.nspname = 'sales' AND c.relname = 'orders');
-- 2 statements in one call:

-- another table, in another way
-- 5 statements in one call:
-- 5 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."other" ("id" BIGINT, "at" TIMESTAMPTZ, "note" VARCHAR(65535)) BACKUP YES DISTSTYLE
  ALL INTERLEAVED SORTKEY ("at", "id");
GRANT SELECT ON TABLE "sales"."other" TO ROLE "analysts";
GRANT SELECT ON TABLE "sales"."other" TO GROUP "readers";
GRANT SELECT ON TABLE "sales"."other" TO "alice";
GRANT SELECT ON TABLE "sales"."other" TO "Bob B";
-- 2 statements in one call:

-- tables and views that are granted
-- 5 statements in one call:
-- 2 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."events_live__deleted" ("id" BIGINT, "__lsn" BIGINT, "_sdc_table_version" BIGINT);
-- 5 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."events" (
  "id" BIGINT, "at" TIMESTAMPTZ, "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_missing" VARCHAR(65535), "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ,
  "_sdc_batched_at" TIMESTAMPTZ, "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT,
  "_sdc_sync_started_at" BIGINT
);
GRANT SELECT ON TABLE "sales"."events" TO ROLE "analysts";
GRANT SELECT ON TABLE "sales"."events" TO GROUP "readers";
GRANT SELECT ON TABLE "sales"."events" TO "alice";
GRANT SELECT ON TABLE "sales"."events" TO "Bob B";
-- 5 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."events_live" (
  "id" BIGINT, "at" TIMESTAMPTZ, "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ, "_sdc_batched_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_sdc_sync_started_at" BIGINT
);
GRANT SELECT ON TABLE "sales"."events_live" TO ROLE "analysts";
GRANT SELECT ON TABLE "sales"."events_live" TO GROUP "readers";
GRANT SELECT ON TABLE "sales"."events_live" TO "alice";
GRANT SELECT ON TABLE "sales"."events_live" TO "Bob B";
-- 2 statements in one call:

-- views that are granted
-- 5 statements in one call:
-- 5 statements in one call:
CREATE TABLE IF NOT EXISTS "sales"."seen" (
  "id" BIGINT, "at" TIMESTAMPTZ, "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_missing" VARCHAR(65535)
);
GRANT SELECT ON TABLE "sales"."seen" TO ROLE "analysts";
GRANT SELECT ON TABLE "sales"."seen" TO GROUP "readers";
GRANT SELECT ON TABLE "sales"."seen" TO "alice";
GRANT SELECT ON TABLE "sales"."seen" TO "Bob B";
COMMENT ON VIEW "sales"."seen__current" IS
  'made from query 1630abc9cae8c125741a94267c1368afdc67dfe59ece41a920cb403b5896a162';
GRANT SELECT ON TABLE "sales"."seen__current" TO ROLE "analysts";
GRANT SELECT ON TABLE "sales"."seen__current" TO GROUP "readers";
GRANT SELECT ON TABLE "sales"."seen__current" TO "alice";
GRANT SELECT ON TABLE "sales"."seen__current" TO "Bob B";
COMMENT ON VIEW "sales"."seen__history" IS
  'made from query 4d5548f7fb081d4a016c75414a9193caa3b3d760a7375ff29f5aa42d4c721812';
GRANT SELECT ON TABLE "sales"."seen__history" TO ROLE "analysts";
GRANT SELECT ON TABLE "sales"."seen__history" TO GROUP "readers";
GRANT SELECT ON TABLE "sales"."seen__history" TO "alice";
GRANT SELECT ON TABLE "sales"."seen__history" TO "Bob B";
-- 2 statements in one call:

