-- create a table
CREATE TABLE IF NOT EXISTS "sales"."orders" (
  "id" BIGINT, "big" DECIMAL(38, 0), "amount" DECIMAL(38, 2), "ratio" DOUBLE PRECISION, "precise" DECIMAL(20, 4),
  "note" VARCHAR(65535), "code" VARCHAR(40), "long text" VARCHAR(65535), "it's ""quoted""" VARCHAR(65535),
  "back\slash" VARCHAR(36), "at" TIMESTAMPTZ, "day" DATE, "clock" TIME, "done" BOOLEAN, "order" SUPER, "tags" SUPER,
  "any" SUPER, "oid_" VARCHAR(65535)
);
COMMENT ON COLUMN "sales"."orders"."big" IS 'Singer property "Big"';
COMMENT ON COLUMN "sales"."orders"."oid_" IS 'Singer property "oid"';

-- add a column
ALTER TABLE "sales"."orders" ADD COLUMN "new" VARCHAR(65535);

-- lengthen text
ALTER TABLE "sales"."orders" ALTER COLUMN "v" TYPE VARCHAR(99);

-- more digits
BEGIN;
ALTER TABLE "sales"."orders" ADD COLUMN "_sdc_widened_v" DECIMAL(20, 2);
SELECT COUNT(*)
FROM "sales"."orders"
WHERE "v" IS NOT NULL
  AND (
    CAST("v" AS DECIMAL(20, 2)) IS NULL
    OR CAST(CAST("v" AS DECIMAL(20, 2)) AS DECIMAL(12, 2)) IS NULL
    OR CAST(CAST("v" AS DECIMAL(20, 2)) AS DECIMAL(12, 2)) <> "v"
  );
UPDATE "sales"."orders"
SET "_sdc_widened_v" = CAST("v" AS DECIMAL(20, 2));
ALTER TABLE "sales"."orders" DROP COLUMN "v";
ALTER TABLE "sales"."orders" RENAME COLUMN "_sdc_widened_v" TO "v";
COMMIT;

-- integer to decimal
BEGIN;
ALTER TABLE "sales"."orders" ADD COLUMN "_sdc_widened_v" DECIMAL(38, 2);
SELECT COUNT(*)
FROM "sales"."orders"
WHERE "v" IS NOT NULL
  AND (
    CAST("v" AS DECIMAL(38, 2)) IS NULL
    OR CAST(CAST("v" AS DECIMAL(38, 2)) AS BIGINT) IS NULL
    OR CAST(CAST("v" AS DECIMAL(38, 2)) AS BIGINT) <> "v"
  );
UPDATE "sales"."orders"
SET "_sdc_widened_v" = CAST("v" AS DECIMAL(38, 2));
ALTER TABLE "sales"."orders" DROP COLUMN "v";
ALTER TABLE "sales"."orders" RENAME COLUMN "_sdc_widened_v" TO "v";
COMMIT;

-- integer to text
BEGIN;
ALTER TABLE "sales"."orders" ADD COLUMN "_sdc_widened_v" VARCHAR(65535);
SELECT COUNT(*)
FROM "sales"."orders"
WHERE "v" IS NOT NULL
  AND (
    CAST("v" AS VARCHAR(65535)) IS NULL
    OR CAST(CAST("v" AS VARCHAR(65535)) AS BIGINT) IS NULL
    OR CAST(CAST("v" AS VARCHAR(65535)) AS BIGINT) <> "v"
  );
UPDATE "sales"."orders"
SET "_sdc_widened_v" = CAST("v" AS VARCHAR(65535));
ALTER TABLE "sales"."orders" DROP COLUMN "v";
ALTER TABLE "sales"."orders" RENAME COLUMN "_sdc_widened_v" TO "v";
COMMIT;

-- boolean to text
BEGIN;
ALTER TABLE "sales"."orders" ADD COLUMN "_sdc_widened_v" VARCHAR(65535);
SELECT COUNT(*)
FROM "sales"."orders"
WHERE "v" IS NOT NULL
  AND (
    CASE
      WHEN "v" THEN 'true'
      WHEN NOT "v" THEN 'false' END IS NULL
      OR CASE CASE
      WHEN "v" THEN 'true'
      WHEN NOT "v" THEN 'false' END
      WHEN 'true' THEN TRUE
      WHEN 'false' THEN FALSE END IS NULL
      OR CASE CASE
      WHEN "v" THEN 'true'
      WHEN NOT "v" THEN 'false' END
      WHEN 'true' THEN TRUE
      WHEN 'false' THEN FALSE END <> "v"
  );
UPDATE "sales"."orders"
SET "_sdc_widened_v" = CASE WHEN "v" THEN 'true' WHEN NOT "v" THEN 'false' END;
ALTER TABLE "sales"."orders" DROP COLUMN "v";
ALTER TABLE "sales"."orders" RENAME COLUMN "_sdc_widened_v" TO "v";
COMMIT;

-- timestamp to timestamptz
BEGIN;
ALTER TABLE "sales"."orders" ADD COLUMN "_sdc_widened_v" TIMESTAMPTZ;
SELECT COUNT(*)
FROM "sales"."orders"
WHERE "v" IS NOT NULL
  AND (
    CAST("v" AS TIMESTAMPTZ) IS NULL
    OR CAST(CAST("v" AS TIMESTAMPTZ) AS TIMESTAMP) IS NULL
    OR CAST(CAST("v" AS TIMESTAMPTZ) AS TIMESTAMP) <> "v"
  );
UPDATE "sales"."orders"
SET "_sdc_widened_v" = CAST("v" AS TIMESTAMPTZ);
ALTER TABLE "sales"."orders" DROP COLUMN "v";
ALTER TABLE "sales"."orders" RENAME COLUMN "_sdc_widened_v" TO "v";
COMMIT;

-- timestamp to text
BEGIN;
ALTER TABLE "sales"."orders" ADD COLUMN "_sdc_widened_v" VARCHAR(65535);
SELECT COUNT(*)
FROM "sales"."orders"
WHERE "v" IS NOT NULL
  AND (
    TO_CHAR("v", 'YYYY-MM-DD HH24:MI:SS.US') IS NULL
    OR CAST(TO_CHAR("v", 'YYYY-MM-DD HH24:MI:SS.US') AS TIMESTAMP) IS NULL
    OR CAST(TO_CHAR("v", 'YYYY-MM-DD HH24:MI:SS.US') AS TIMESTAMP) <> "v"
  );
UPDATE "sales"."orders"
SET "_sdc_widened_v" = TO_CHAR("v", 'YYYY-MM-DD HH24:MI:SS.US');
ALTER TABLE "sales"."orders" DROP COLUMN "v";
ALTER TABLE "sales"."orders" RENAME COLUMN "_sdc_widened_v" TO "v";
COMMIT;

-- not null goes
BEGIN;
ALTER TABLE "sales"."orders" ADD COLUMN "_sdc_widened_v" BIGINT;
UPDATE "sales"."orders"
SET "_sdc_widened_v" = "v";
ALTER TABLE "sales"."orders" DROP COLUMN "v";
ALTER TABLE "sales"."orders" RENAME COLUMN "_sdc_widened_v" TO "v";
COMMIT;

-- is a double kept as text
SELECT COUNT(*)
FROM "sales"."orders"
WHERE "v" IS NOT NULL
  AND (
    CAST("v" AS VARCHAR(65535)) IS NULL
    OR CAST(CAST("v" AS VARCHAR(65535)) AS DOUBLE PRECISION) IS NULL
    OR CAST(CAST("v" AS VARCHAR(65535)) AS DOUBLE PRECISION) <> "v"
  );

-- finish a change that died
UPDATE "sales"."orders"
SET "_sdc_widened_v" = CAST("_sdc_narrow_v" AS VARCHAR(65535))
WHERE "_sdc_widened_v" IS NULL AND "_sdc_narrow_v" IS NOT NULL;
ALTER TABLE "sales"."orders" RENAME COLUMN "_sdc_widened_v" TO "v";
UPDATE "sales"."orders"
SET "v" = CAST("_sdc_narrow_v" AS VARCHAR(65535))
WHERE "v" IS NULL AND "_sdc_narrow_v" IS NOT NULL;
ALTER TABLE "sales"."orders" DROP COLUMN "_sdc_narrow_v";

