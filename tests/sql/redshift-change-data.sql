-- upsert
CREATE TEMP TABLE "scratch_1" ("id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "_singer_order" BIGINT);
CREATE TEMP TABLE "scratch_2" ("id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "_singer_order" BIGINT);
SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n2"), SUM("n3"), SUM("n4")
FROM (
  SELECT COUNT(*) AS "n0", COUNT(CASE WHEN "id" IS NULL OR "line" IS NULL THEN 1 END) AS "n1", 0 AS "n2", 0 AS "n3",
    0 AS "n4"
  FROM "scratch_1"
  GROUP BY "id", "line"
) AS keyed;
MERGE INTO "sales"."orders"
USING "scratch_1"
ON "sales"."orders"."id" = "scratch_1"."id" AND "sales"."orders"."line" = "scratch_1"."line"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_1"."id", "line" = "scratch_1"."line", "note" = "scratch_1"."note"
WHEN NOT MATCHED THEN INSERT ("id", "line", "note")
VALUES ("scratch_1"."id", "scratch_1"."line", "scratch_1"."note");
INSERT INTO "scratch_2" ("id", "line", "note", "_singer_order")
SELECT "id", "line", "note", "_singer_order"
FROM (
  SELECT "id", "line", "note", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id", "line" ORDER BY "_singer_order" DESC NULLS LAST) AS "_singer_rank"
  FROM "scratch_1"
) AS ranked
WHERE "_singer_rank" = 1;
SELECT COUNT(*)
FROM "scratch_2";
MERGE INTO "sales"."orders"
USING "scratch_2"
ON "sales"."orders"."id" = "scratch_2"."id" AND "sales"."orders"."line" = "scratch_2"."line"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_2"."id", "line" = "scratch_2"."line", "note" = "scratch_2"."note"
WHEN NOT MATCHED THEN INSERT ("id", "line", "note")
VALUES ("scratch_2"."id", "scratch_2"."line", "scratch_2"."note");
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (
  SELECT 1
  FROM "sales"."orders"
  WHERE "sales"."orders"."id" = "scratch_2"."id" AND "sales"."orders"."line" = "scratch_2"."line"
);

-- upsert, deletes stamped
CREATE TEMP TABLE "scratch_1"
  ("id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "_sdc_deleted_at" TIMESTAMPTZ, "_singer_order" BIGINT);
CREATE TEMP TABLE "scratch_2"
  ("id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "_sdc_deleted_at" TIMESTAMPTZ, "_singer_order" BIGINT);
SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n2"), SUM("n3"), SUM("n4")
FROM (
  SELECT COUNT(*) AS "n0", COUNT(CASE WHEN "id" IS NULL THEN 1 END) AS "n1", 0 AS "n2",
    COUNT(CASE WHEN "_sdc_deleted_at" IS NOT NULL THEN 1 END) AS "n3", 0 AS "n4"
  FROM "scratch_1"
  GROUP BY "id"
) AS keyed;
MERGE INTO "sales"."orders"
USING "scratch_1"
ON "sales"."orders"."id" = "scratch_1"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_1"."id", "line" = "scratch_1"."line", "note" = "scratch_1"."note",
  "_sdc_deleted_at" = "scratch_1"."_sdc_deleted_at"
WHEN NOT MATCHED THEN INSERT ("id", "line", "note", "_sdc_deleted_at")
VALUES ("scratch_1"."id", "scratch_1"."line", "scratch_1"."note", "scratch_1"."_sdc_deleted_at");
INSERT INTO "scratch_2" ("id", "line", "note", "_sdc_deleted_at", "_singer_order")
SELECT "id", "line", "note", "_sdc_deleted_at", "_singer_order"
FROM (
  SELECT "id", "line", "note", "_sdc_deleted_at", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_singer_order" DESC NULLS LAST) AS "_singer_rank"
  FROM "scratch_1"
  WHERE NOT ("_sdc_deleted_at" IS NOT NULL)
) AS ranked
WHERE "_singer_rank" = 1;
SELECT COUNT(*)
FROM "scratch_2";
MERGE INTO "sales"."orders"
USING "scratch_2"
ON "sales"."orders"."id" = "scratch_2"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_2"."id", "line" = "scratch_2"."line", "note" = "scratch_2"."note",
  "_sdc_deleted_at" = "scratch_2"."_sdc_deleted_at"
WHEN NOT MATCHED THEN INSERT ("id", "line", "note", "_sdc_deleted_at")
VALUES ("scratch_2"."id", "scratch_2"."line", "scratch_2"."note", "scratch_2"."_sdc_deleted_at");
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");
DELETE FROM "scratch_2";
INSERT INTO "scratch_2" ("id", "line", "note", "_sdc_deleted_at", "_singer_order")
SELECT "id", "line", "note", "_sdc_deleted_at", "_singer_order"
FROM (
  SELECT "id", "line", "note", "_sdc_deleted_at", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_singer_order" DESC NULLS LAST) AS "_singer_rank"
  FROM "scratch_1"
) AS ranked
WHERE "_singer_rank" = 1 AND ("_sdc_deleted_at" IS NOT NULL);
SELECT COUNT(*)
FROM "scratch_2";
UPDATE "sales"."orders"
SET "id" = COALESCE("scratch_2"."id", "sales"."orders"."id"),
  "line" = COALESCE("scratch_2"."line", "sales"."orders"."line"),
  "note" = COALESCE("scratch_2"."note", "sales"."orders"."note"),
  "_sdc_deleted_at" = COALESCE("scratch_2"."_sdc_deleted_at", "sales"."orders"."_sdc_deleted_at")
FROM "scratch_2"
WHERE "sales"."orders"."id" = "scratch_2"."id";
INSERT INTO "sales"."orders" ("id", "line", "note", "_sdc_deleted_at")
SELECT "scratch_2"."id", "scratch_2"."line", "scratch_2"."note", "scratch_2"."_sdc_deleted_at"
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");

-- upsert, deletes removed
CREATE TEMP TABLE "scratch_1"
  ("id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "_sdc_deleted_at" TIMESTAMPTZ, "_singer_order" BIGINT);
CREATE TEMP TABLE "scratch_2"
  ("id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "_sdc_deleted_at" TIMESTAMPTZ, "_singer_order" BIGINT);
SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n2"), SUM("n3"), SUM("n4")
FROM (
  SELECT COUNT(*) AS "n0", COUNT(CASE WHEN "id" IS NULL THEN 1 END) AS "n1", 0 AS "n2",
    COUNT(CASE WHEN "_sdc_deleted_at" IS NOT NULL THEN 1 END) AS "n3", 0 AS "n4"
  FROM "scratch_1"
  GROUP BY "id"
) AS keyed;
MERGE INTO "sales"."orders"
USING "scratch_1"
ON "sales"."orders"."id" = "scratch_1"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_1"."id", "line" = "scratch_1"."line", "note" = "scratch_1"."note",
  "_sdc_deleted_at" = "scratch_1"."_sdc_deleted_at"
WHEN NOT MATCHED THEN INSERT ("id", "line", "note", "_sdc_deleted_at")
VALUES ("scratch_1"."id", "scratch_1"."line", "scratch_1"."note", "scratch_1"."_sdc_deleted_at");
INSERT INTO "scratch_2" ("id", "line", "note", "_sdc_deleted_at", "_singer_order")
SELECT "id", "line", "note", "_sdc_deleted_at", "_singer_order"
FROM (
  SELECT "id", "line", "note", "_sdc_deleted_at", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_singer_order" DESC NULLS LAST) AS "_singer_rank"
  FROM "scratch_1"
) AS ranked
WHERE "_singer_rank" = 1 AND NOT ("_sdc_deleted_at" IS NOT NULL);
SELECT COUNT(*)
FROM "scratch_2";
MERGE INTO "sales"."orders"
USING "scratch_2"
ON "sales"."orders"."id" = "scratch_2"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_2"."id", "line" = "scratch_2"."line", "note" = "scratch_2"."note",
  "_sdc_deleted_at" = "scratch_2"."_sdc_deleted_at"
WHEN NOT MATCHED THEN INSERT ("id", "line", "note", "_sdc_deleted_at")
VALUES ("scratch_2"."id", "scratch_2"."line", "scratch_2"."note", "scratch_2"."_sdc_deleted_at");
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");
DELETE FROM "scratch_2";
INSERT INTO "scratch_2" ("id", "line", "note", "_sdc_deleted_at", "_singer_order")
SELECT "id", "line", "note", "_sdc_deleted_at", "_singer_order"
FROM (
  SELECT "id", "line", "note", "_sdc_deleted_at", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_singer_order" DESC NULLS LAST) AS "_singer_rank"
  FROM "scratch_1"
) AS ranked
WHERE "_singer_rank" = 1 AND ("_sdc_deleted_at" IS NOT NULL);
SELECT COUNT(*)
FROM "scratch_2";
DELETE FROM "sales"."orders"
USING "scratch_2"
WHERE "sales"."orders"."id" = "scratch_2"."id";

-- events, deletes stamped
CREATE TEMP TABLE "scratch_1"
  ("id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "operation" VARCHAR(65535), "_singer_order" BIGINT);
CREATE TEMP TABLE "scratch_2"
  ("id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "operation" VARCHAR(65535), "_singer_order" BIGINT);
SELECT 0, SUM("n0"), COUNT(*), SUM("n1"), SUM("n2"), SUM("n3"), SUM("n4")
FROM (
  SELECT COUNT(*) AS "n0", COUNT(CASE WHEN "id" IS NULL THEN 1 END) AS "n1", 0 AS "n2",
    COUNT(CASE WHEN COALESCE("operation" IN ('delete', 'DELETE', 'Delete'), FALSE) THEN 1 END) AS "n3", 0 AS "n4"
  FROM "scratch_1"
  GROUP BY "id"
) AS keyed;
MERGE INTO "sales"."orders"
USING "scratch_1"
ON "sales"."orders"."id" = "scratch_1"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_1"."id", "line" = "scratch_1"."line", "note" = "scratch_1"."note",
  "operation" = "scratch_1"."operation"
WHEN NOT MATCHED THEN INSERT ("id", "line", "note", "operation")
VALUES ("scratch_1"."id", "scratch_1"."line", "scratch_1"."note", "scratch_1"."operation");
INSERT INTO "scratch_2" ("id", "line", "note", "operation", "_singer_order")
SELECT "id", "line", "note", "operation", "_singer_order"
FROM (
  SELECT "id", "line", "note", "operation", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_singer_order" DESC NULLS LAST) AS "_singer_rank"
  FROM "scratch_1"
  WHERE NOT (COALESCE("operation" IN ('delete', 'DELETE', 'Delete'), FALSE))
) AS ranked
WHERE "_singer_rank" = 1;
SELECT COUNT(*)
FROM "scratch_2";
MERGE INTO "sales"."orders"
USING "scratch_2"
ON "sales"."orders"."id" = "scratch_2"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_2"."id", "line" = "scratch_2"."line", "note" = "scratch_2"."note",
  "operation" = "scratch_2"."operation"
WHEN NOT MATCHED THEN INSERT ("id", "line", "note", "operation")
VALUES ("scratch_2"."id", "scratch_2"."line", "scratch_2"."note", "scratch_2"."operation");
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");
DELETE FROM "scratch_2";
INSERT INTO "scratch_2" ("id", "line", "note", "operation", "_singer_order")
SELECT "id", "line", "note", "operation", "_singer_order"
FROM (
  SELECT "id", "line", "note", "operation", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_singer_order" DESC NULLS LAST) AS "_singer_rank"
  FROM "scratch_1"
) AS ranked
WHERE "_singer_rank" = 1 AND (COALESCE("operation" IN ('delete', 'DELETE', 'Delete'), FALSE));
SELECT COUNT(*)
FROM "scratch_2";
UPDATE "sales"."orders"
SET "id" = COALESCE("scratch_2"."id", "sales"."orders"."id"),
  "line" = COALESCE("scratch_2"."line", "sales"."orders"."line"),
  "note" = COALESCE("scratch_2"."note", "sales"."orders"."note"),
  "operation" = COALESCE("scratch_2"."operation", "sales"."orders"."operation")
FROM "scratch_2"
WHERE "sales"."orders"."id" = "scratch_2"."id";
INSERT INTO "sales"."orders" ("id", "line", "note", "operation")
SELECT "scratch_2"."id", "scratch_2"."line", "scratch_2"."note", "scratch_2"."operation"
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");

-- events with an order, truncates, partial updates, versions; stamped
CREATE TABLE IF NOT EXISTS "sales"."orders__deleted" ("id" BIGINT, "__lsn" BIGINT, "_sdc_table_version" BIGINT);
CREATE TEMP TABLE "scratch_1" (
  "id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_missing" VARCHAR(65535), "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_singer_order" BIGINT
);
CREATE TEMP TABLE "scratch_2" (
  "id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_missing" VARCHAR(65535), "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_singer_order" BIGINT
);
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
  FROM "scratch_1"
  GROUP BY "id"
) AS keyed;
DELETE FROM "scratch_1"
WHERE COALESCE("__op" IN ('m'), FALSE);
DELETE FROM "scratch_1"
USING "sales"."orders"
WHERE "sales"."orders"."id" = "scratch_1"."id"
  AND (
    COALESCE(
      "sales"."orders"."_sdc_table_version" > "scratch_1"."_sdc_table_version",
      "sales"."orders"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders"."_sdc_table_version" = "scratch_1"."_sdc_table_version",
        "sales"."orders"."_sdc_table_version" IS NULL AND "scratch_1"."_sdc_table_version" IS NULL
      )
      AND COALESCE("sales"."orders"."__lsn" > "scratch_1"."__lsn", "sales"."orders"."__lsn" IS NOT NULL)
    )
  );
DELETE FROM "scratch_1"
USING "sales"."orders__deleted"
WHERE "sales"."orders__deleted"."id" = "scratch_1"."id"
  AND (
    COALESCE(
      "sales"."orders__deleted"."_sdc_table_version" > "scratch_1"."_sdc_table_version",
      "sales"."orders__deleted"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders__deleted"."_sdc_table_version" = "scratch_1"."_sdc_table_version",
        "sales"."orders__deleted"."_sdc_table_version" IS NULL AND "scratch_1"."_sdc_table_version" IS NULL
      )
      AND COALESCE(
        "sales"."orders__deleted"."__lsn" > "scratch_1"."__lsn", "sales"."orders__deleted"."__lsn" IS NOT NULL
      )
    )
  );
DELETE FROM "scratch_1"
WHERE "_singer_order" IN (
  SELECT "scratch_1"."_singer_order"
  FROM "scratch_1", "sales"."orders__deleted"
  WHERE "sales"."orders__deleted"."id" IS NULL
    AND (
      COALESCE(
        "sales"."orders__deleted"."_sdc_table_version" > "scratch_1"."_sdc_table_version",
        "sales"."orders__deleted"."_sdc_table_version" IS NOT NULL
      )
      OR (
        COALESCE(
          "sales"."orders__deleted"."_sdc_table_version" = "scratch_1"."_sdc_table_version",
          "sales"."orders__deleted"."_sdc_table_version" IS NULL AND "scratch_1"."_sdc_table_version" IS NULL
        )
        AND COALESCE(
          "sales"."orders__deleted"."__lsn" > "scratch_1"."__lsn", "sales"."orders__deleted"."__lsn" IS NOT NULL
        )
      )
    )
);
INSERT INTO "scratch_2" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
)
SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
FROM (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
    ROW_NUMBER() OVER (
      ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST
    ) AS "_singer_rank"
  FROM "scratch_1"
  WHERE COALESCE("__op" IN ('t'), FALSE)
) AS ranked
WHERE "_singer_rank" = 1;
SELECT COUNT(*)
FROM "scratch_2";
UPDATE "sales"."orders"
SET "__op" = (SELECT "__op" FROM "scratch_2"), "__lsn" = (SELECT "__lsn" FROM "scratch_2")
WHERE (SELECT COUNT(*) FROM "scratch_2") = 1
  AND NOT (
    COALESCE(
      "sales"."orders"."_sdc_table_version" > (SELECT "_sdc_table_version" FROM "scratch_2"),
      "sales"."orders"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders"."_sdc_table_version" = (SELECT "_sdc_table_version" FROM "scratch_2"),
        "sales"."orders"."_sdc_table_version" IS NULL AND (SELECT "_sdc_table_version" FROM "scratch_2") IS NULL
      )
      AND COALESCE("sales"."orders"."__lsn" > (SELECT "__lsn" FROM "scratch_2"), "sales"."orders"."__lsn" IS NOT NULL)
    )
  );
SELECT COUNT(*)
FROM "sales"."orders"
WHERE (SELECT COUNT(*) FROM "scratch_2") = 1
  AND NOT (
    COALESCE(
      "sales"."orders"."_sdc_table_version" > (SELECT "_sdc_table_version" FROM "scratch_2"),
      "sales"."orders"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders"."_sdc_table_version" = (SELECT "_sdc_table_version" FROM "scratch_2"),
        "sales"."orders"."_sdc_table_version" IS NULL AND (SELECT "_sdc_table_version" FROM "scratch_2") IS NULL
      )
      AND COALESCE("sales"."orders"."__lsn" > (SELECT "__lsn" FROM "scratch_2"), "sales"."orders"."__lsn" IS NOT NULL)
    )
  )
  AND NOT (COALESCE("sales"."orders"."__op" IN ('t'), FALSE));
DELETE FROM "sales"."orders__deleted"
WHERE "sales"."orders__deleted"."id" IS NULL
  AND (SELECT COUNT(*) FROM "scratch_2") = 1
  AND NOT (
    COALESCE(
      "sales"."orders__deleted"."_sdc_table_version" > (SELECT "_sdc_table_version" FROM "scratch_2"),
      "sales"."orders__deleted"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders__deleted"."_sdc_table_version" = (SELECT "_sdc_table_version" FROM "scratch_2"),
        "sales"."orders__deleted"."_sdc_table_version" IS NULL
          AND (SELECT "_sdc_table_version" FROM "scratch_2") IS NULL
      )
      AND COALESCE(
        "sales"."orders__deleted"."__lsn" > (SELECT "__lsn" FROM "scratch_2"),
        "sales"."orders__deleted"."__lsn" IS NOT NULL
      )
    )
  );
INSERT INTO "sales"."orders__deleted" ("__lsn", "_sdc_table_version")
SELECT "__lsn", "_sdc_table_version"
FROM "scratch_2";
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders__deleted" WHERE "sales"."orders__deleted"."id" IS NULL);
DELETE FROM "scratch_2";
INSERT INTO "scratch_2" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
)
WITH events AS (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
    CASE WHEN COALESCE("__op" IN ('d'), FALSE) THEN TRUE ELSE FALSE END AS "_singer_deleted",
    SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
      ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST,
        "_singer_order" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
    ) AS "_singer_epoch"
  FROM "scratch_1"
),
  numbered AS (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order", "_singer_deleted", "_singer_epoch",
      ROW_NUMBER() OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_sdc_table_version" NULLS FIRST, "__lsn" NULLS FIRST, "_singer_order" NULLS FIRST
      ) AS "_singer_number",
      ROW_NUMBER() OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY CASE WHEN "_singer_deleted" THEN 1 ELSE 0 END, "_sdc_table_version" DESC NULLS LAST,
          "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST
      ) AS "_singer_rank"
    FROM events
  ),
  traced AS (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order", "_singer_deleted", "_singer_epoch",
      "_singer_number", "_singer_rank",
      MAX(CASE WHEN "_singer_deleted" THEN "_singer_number" END) OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_singer_number" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS "_singer_gone",
      MAX(CASE WHEN NOT COALESCE(POSITION('"note"' IN "_sdc_missing") > 0, FALSE) THEN "_singer_number" END) OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_singer_number" ROWS UNBOUNDED PRECEDING
      ) AS "_singer_from_1"
    FROM numbered
  )
SELECT traced."id", traced."line", said_1."note", traced."__op", traced."__lsn", traced."__ts_ms",
  CASE WHEN traced."_singer_from_1" IS NULL AND traced."_singer_gone" IS NULL THEN '"note"' ELSE '' END,
  traced."_sdc_extracted_at", traced."_sdc_received_at", traced."_sdc_deleted_at", traced."_sdc_sequence",
  traced."_sdc_table_version", traced."_singer_order"
FROM (SELECT * FROM traced WHERE "_singer_rank" = 1 AND NOT "_singer_deleted" AND "_singer_epoch" = 0) AS traced LEFT
  JOIN numbered AS said_1
ON said_1."id" = traced."id"
  AND said_1."_singer_epoch" = traced."_singer_epoch"
  AND said_1."_singer_number" = traced."_singer_from_1"
  AND traced."_singer_from_1" > COALESCE(traced."_singer_gone", 0);
SELECT COUNT(*)
FROM "scratch_2";
UPDATE "scratch_2"
SET "note" = "sales"."orders"."note"
FROM "sales"."orders"
WHERE "sales"."orders"."id" = "scratch_2"."id"
  AND COALESCE(POSITION('"note"' IN "scratch_2"."_sdc_missing") > 0, FALSE)
  AND NOT (COALESCE("sales"."orders"."__op" IN ('d'), FALSE))
  AND NOT (COALESCE("sales"."orders"."__op" IN ('t'), FALSE));
MERGE INTO "sales"."orders"
USING "scratch_2"
ON "sales"."orders"."id" = "scratch_2"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_2"."id", "line" = "scratch_2"."line", "note" = "scratch_2"."note", "__op" = "scratch_2"."__op",
  "__lsn" = "scratch_2"."__lsn", "__ts_ms" = "scratch_2"."__ts_ms",
  "_sdc_extracted_at" = "scratch_2"."_sdc_extracted_at", "_sdc_received_at" = "scratch_2"."_sdc_received_at",
  "_sdc_deleted_at" = "scratch_2"."_sdc_deleted_at", "_sdc_sequence" = "scratch_2"."_sdc_sequence",
  "_sdc_table_version" = "scratch_2"."_sdc_table_version"
WHEN NOT MATCHED THEN INSERT (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
  "_sdc_sequence", "_sdc_table_version"
)
VALUES (
  "scratch_2"."id", "scratch_2"."line", "scratch_2"."note", "scratch_2"."__op", "scratch_2"."__lsn",
  "scratch_2"."__ts_ms", "scratch_2"."_sdc_extracted_at", "scratch_2"."_sdc_received_at",
  "scratch_2"."_sdc_deleted_at", "scratch_2"."_sdc_sequence", "scratch_2"."_sdc_table_version"
);
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");
DELETE FROM "scratch_2";
INSERT INTO "scratch_2" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
)
SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
FROM (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
    ROW_NUMBER() OVER (
      PARTITION BY "id"
      ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST
    ) AS "_singer_rank"
  FROM (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
      SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
        ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST,
          "_singer_order" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
      ) AS "_singer_epoch"
    FROM "scratch_1"
  ) AS counted
  WHERE "_singer_epoch" = 0
) AS ranked
WHERE "_singer_rank" = 1 AND (COALESCE("__op" IN ('d'), FALSE));
SELECT COUNT(*)
FROM "scratch_2";
UPDATE "sales"."orders"
SET "id" = COALESCE("scratch_2"."id", "sales"."orders"."id"),
  "line" = COALESCE("scratch_2"."line", "sales"."orders"."line"),
  "note" = COALESCE("scratch_2"."note", "sales"."orders"."note"),
  "__op" = COALESCE("scratch_2"."__op", "sales"."orders"."__op"),
  "__lsn" = COALESCE("scratch_2"."__lsn", "sales"."orders"."__lsn"),
  "__ts_ms" = COALESCE("scratch_2"."__ts_ms", "sales"."orders"."__ts_ms"),
  "_sdc_extracted_at" = COALESCE("scratch_2"."_sdc_extracted_at", "sales"."orders"."_sdc_extracted_at"),
  "_sdc_received_at" = COALESCE("scratch_2"."_sdc_received_at", "sales"."orders"."_sdc_received_at"),
  "_sdc_deleted_at" = COALESCE("scratch_2"."_sdc_deleted_at", "sales"."orders"."_sdc_deleted_at"),
  "_sdc_sequence" = COALESCE("scratch_2"."_sdc_sequence", "sales"."orders"."_sdc_sequence"),
  "_sdc_table_version" = COALESCE("scratch_2"."_sdc_table_version", "sales"."orders"."_sdc_table_version")
FROM "scratch_2"
WHERE "sales"."orders"."id" = "scratch_2"."id";
INSERT INTO "sales"."orders" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
  "_sdc_sequence", "_sdc_table_version"
)
SELECT "scratch_2"."id", "scratch_2"."line", "scratch_2"."note", "scratch_2"."__op", "scratch_2"."__lsn",
  "scratch_2"."__ts_ms", "scratch_2"."_sdc_extracted_at", "scratch_2"."_sdc_received_at",
  "scratch_2"."_sdc_deleted_at", "scratch_2"."_sdc_sequence", "scratch_2"."_sdc_table_version"
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");
UPDATE "sales"."orders"
SET "_sdc_deleted_at" = '2020-06-01 12:00:00+00'
WHERE "_sdc_table_version" < 7 AND "_sdc_deleted_at" IS NULL;
SELECT COUNT(*)
FROM "sales"."orders"
WHERE "_sdc_table_version" < 7 AND "_sdc_deleted_at" IS NULL;

-- the same, removed
CREATE TABLE IF NOT EXISTS "sales"."orders__deleted" ("id" BIGINT, "__lsn" BIGINT, "_sdc_table_version" BIGINT);
CREATE TEMP TABLE "scratch_1" (
  "id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_missing" VARCHAR(65535), "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_singer_order" BIGINT
);
CREATE TEMP TABLE "scratch_2" (
  "id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_missing" VARCHAR(65535), "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_singer_order" BIGINT
);
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
  FROM "scratch_1"
  GROUP BY "id"
) AS keyed;
DELETE FROM "scratch_1"
WHERE COALESCE("__op" IN ('m'), FALSE);
DELETE FROM "scratch_1"
USING "sales"."orders"
WHERE "sales"."orders"."id" = "scratch_1"."id"
  AND (
    COALESCE(
      "sales"."orders"."_sdc_table_version" > "scratch_1"."_sdc_table_version",
      "sales"."orders"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders"."_sdc_table_version" = "scratch_1"."_sdc_table_version",
        "sales"."orders"."_sdc_table_version" IS NULL AND "scratch_1"."_sdc_table_version" IS NULL
      )
      AND COALESCE("sales"."orders"."__lsn" > "scratch_1"."__lsn", "sales"."orders"."__lsn" IS NOT NULL)
    )
  );
DELETE FROM "scratch_1"
USING "sales"."orders__deleted"
WHERE "sales"."orders__deleted"."id" = "scratch_1"."id"
  AND (
    COALESCE(
      "sales"."orders__deleted"."_sdc_table_version" > "scratch_1"."_sdc_table_version",
      "sales"."orders__deleted"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders__deleted"."_sdc_table_version" = "scratch_1"."_sdc_table_version",
        "sales"."orders__deleted"."_sdc_table_version" IS NULL AND "scratch_1"."_sdc_table_version" IS NULL
      )
      AND COALESCE(
        "sales"."orders__deleted"."__lsn" > "scratch_1"."__lsn", "sales"."orders__deleted"."__lsn" IS NOT NULL
      )
    )
  );
DELETE FROM "scratch_1"
WHERE "_singer_order" IN (
  SELECT "scratch_1"."_singer_order"
  FROM "scratch_1", "sales"."orders__deleted"
  WHERE "sales"."orders__deleted"."id" IS NULL
    AND (
      COALESCE(
        "sales"."orders__deleted"."_sdc_table_version" > "scratch_1"."_sdc_table_version",
        "sales"."orders__deleted"."_sdc_table_version" IS NOT NULL
      )
      OR (
        COALESCE(
          "sales"."orders__deleted"."_sdc_table_version" = "scratch_1"."_sdc_table_version",
          "sales"."orders__deleted"."_sdc_table_version" IS NULL AND "scratch_1"."_sdc_table_version" IS NULL
        )
        AND COALESCE(
          "sales"."orders__deleted"."__lsn" > "scratch_1"."__lsn", "sales"."orders__deleted"."__lsn" IS NOT NULL
        )
      )
    )
);
INSERT INTO "scratch_2" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
)
SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
FROM (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
    ROW_NUMBER() OVER (
      ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST
    ) AS "_singer_rank"
  FROM "scratch_1"
  WHERE COALESCE("__op" IN ('t'), FALSE)
) AS ranked
WHERE "_singer_rank" = 1;
SELECT COUNT(*)
FROM "scratch_2";
DELETE FROM "sales"."orders"
WHERE (SELECT COUNT(*) FROM "scratch_2") = 1
  AND NOT (
    COALESCE(
      "sales"."orders"."_sdc_table_version" > (SELECT "_sdc_table_version" FROM "scratch_2"),
      "sales"."orders"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders"."_sdc_table_version" = (SELECT "_sdc_table_version" FROM "scratch_2"),
        "sales"."orders"."_sdc_table_version" IS NULL AND (SELECT "_sdc_table_version" FROM "scratch_2") IS NULL
      )
      AND COALESCE("sales"."orders"."__lsn" > (SELECT "__lsn" FROM "scratch_2"), "sales"."orders"."__lsn" IS NOT NULL)
    )
  );
DELETE FROM "sales"."orders__deleted"
WHERE "sales"."orders__deleted"."id" IS NULL
  AND (SELECT COUNT(*) FROM "scratch_2") = 1
  AND NOT (
    COALESCE(
      "sales"."orders__deleted"."_sdc_table_version" > (SELECT "_sdc_table_version" FROM "scratch_2"),
      "sales"."orders__deleted"."_sdc_table_version" IS NOT NULL
    )
    OR (
      COALESCE(
        "sales"."orders__deleted"."_sdc_table_version" = (SELECT "_sdc_table_version" FROM "scratch_2"),
        "sales"."orders__deleted"."_sdc_table_version" IS NULL
          AND (SELECT "_sdc_table_version" FROM "scratch_2") IS NULL
      )
      AND COALESCE(
        "sales"."orders__deleted"."__lsn" > (SELECT "__lsn" FROM "scratch_2"),
        "sales"."orders__deleted"."__lsn" IS NOT NULL
      )
    )
  );
INSERT INTO "sales"."orders__deleted" ("__lsn", "_sdc_table_version")
SELECT "__lsn", "_sdc_table_version"
FROM "scratch_2";
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders__deleted" WHERE "sales"."orders__deleted"."id" IS NULL);
DELETE FROM "scratch_2";
INSERT INTO "scratch_2" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
)
WITH events AS (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
    CASE WHEN COALESCE("__op" IN ('d'), FALSE) THEN TRUE ELSE FALSE END AS "_singer_deleted",
    SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
      ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST,
        "_singer_order" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
    ) AS "_singer_epoch"
  FROM "scratch_1"
),
  numbered AS (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order", "_singer_deleted", "_singer_epoch",
      ROW_NUMBER() OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_sdc_table_version" NULLS FIRST, "__lsn" NULLS FIRST, "_singer_order" NULLS FIRST
      ) AS "_singer_number",
      ROW_NUMBER() OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST
      ) AS "_singer_rank"
    FROM events
  ),
  traced AS (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order", "_singer_deleted", "_singer_epoch",
      "_singer_number", "_singer_rank",
      MAX(CASE WHEN "_singer_deleted" THEN "_singer_number" END) OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_singer_number" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS "_singer_gone",
      MAX(CASE WHEN NOT COALESCE(POSITION('"line"' IN "_sdc_missing") > 0, FALSE) THEN "_singer_number" END) OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_singer_number" ROWS UNBOUNDED PRECEDING
      ) AS "_singer_from_1",
      MAX(CASE WHEN NOT COALESCE(POSITION('"note"' IN "_sdc_missing") > 0, FALSE) THEN "_singer_number" END) OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_singer_number" ROWS UNBOUNDED PRECEDING
      ) AS "_singer_from_2"
    FROM numbered
  )
SELECT traced."id", said_1."line", said_2."note", traced."__op", traced."__lsn", traced."__ts_ms",
  CASE
    WHEN traced."_singer_from_1" IS NULL
    AND traced."_singer_gone" IS NULL THEN '"line"'
    ELSE '' END || CASE
    WHEN traced."_singer_from_2" IS NULL
    AND traced."_singer_gone" IS NULL THEN '"note"'
    ELSE '' END,
  traced."_sdc_extracted_at", traced."_sdc_received_at", traced."_sdc_deleted_at", traced."_sdc_sequence",
  traced."_sdc_table_version", traced."_singer_order"
FROM (SELECT * FROM traced WHERE "_singer_rank" = 1 AND NOT "_singer_deleted" AND "_singer_epoch" = 0) AS traced LEFT
  JOIN numbered AS said_1
ON said_1."id" = traced."id"
  AND said_1."_singer_epoch" = traced."_singer_epoch"
  AND said_1."_singer_number" = traced."_singer_from_1"
  AND traced."_singer_from_1" > COALESCE(traced."_singer_gone", 0) LEFT JOIN numbered AS said_2
ON said_2."id" = traced."id"
  AND said_2."_singer_epoch" = traced."_singer_epoch"
  AND said_2."_singer_number" = traced."_singer_from_2"
  AND traced."_singer_from_2" > COALESCE(traced."_singer_gone", 0);
SELECT COUNT(*)
FROM "scratch_2";
UPDATE "scratch_2"
SET "line" = "sales"."orders"."line"
FROM "sales"."orders"
WHERE "sales"."orders"."id" = "scratch_2"."id"
  AND COALESCE(POSITION('"line"' IN "scratch_2"."_sdc_missing") > 0, FALSE);
UPDATE "scratch_2"
SET "note" = "sales"."orders"."note"
FROM "sales"."orders"
WHERE "sales"."orders"."id" = "scratch_2"."id"
  AND COALESCE(POSITION('"note"' IN "scratch_2"."_sdc_missing") > 0, FALSE);
MERGE INTO "sales"."orders"
USING "scratch_2"
ON "sales"."orders"."id" = "scratch_2"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_2"."id", "line" = "scratch_2"."line", "note" = "scratch_2"."note", "__op" = "scratch_2"."__op",
  "__lsn" = "scratch_2"."__lsn", "__ts_ms" = "scratch_2"."__ts_ms",
  "_sdc_extracted_at" = "scratch_2"."_sdc_extracted_at", "_sdc_received_at" = "scratch_2"."_sdc_received_at",
  "_sdc_deleted_at" = "scratch_2"."_sdc_deleted_at", "_sdc_sequence" = "scratch_2"."_sdc_sequence",
  "_sdc_table_version" = "scratch_2"."_sdc_table_version"
WHEN NOT MATCHED THEN INSERT (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
  "_sdc_sequence", "_sdc_table_version"
)
VALUES (
  "scratch_2"."id", "scratch_2"."line", "scratch_2"."note", "scratch_2"."__op", "scratch_2"."__lsn",
  "scratch_2"."__ts_ms", "scratch_2"."_sdc_extracted_at", "scratch_2"."_sdc_received_at",
  "scratch_2"."_sdc_deleted_at", "scratch_2"."_sdc_sequence", "scratch_2"."_sdc_table_version"
);
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders" WHERE "sales"."orders"."id" = "scratch_2"."id");
DELETE FROM "scratch_2";
INSERT INTO "scratch_2" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
)
SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
FROM (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
    ROW_NUMBER() OVER (
      PARTITION BY "id"
      ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST
    ) AS "_singer_rank"
  FROM (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
      SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
        ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST,
          "_singer_order" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
      ) AS "_singer_epoch"
    FROM "scratch_1"
  ) AS counted
  WHERE "_singer_epoch" = 0
) AS ranked
WHERE "_singer_rank" = 1 AND (COALESCE("__op" IN ('d'), FALSE));
SELECT COUNT(*)
FROM "scratch_2";
DELETE FROM "sales"."orders"
USING "scratch_2"
WHERE "sales"."orders"."id" = "scratch_2"."id";
DELETE FROM "sales"."orders__deleted"
USING "scratch_1"
WHERE "sales"."orders__deleted"."id" = "scratch_1"."id";
INSERT INTO "sales"."orders__deleted" ("id", "__lsn", "_sdc_table_version")
SELECT "id", "__lsn", "_sdc_table_version"
FROM "scratch_2";
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders__deleted" WHERE "sales"."orders__deleted"."id" = "scratch_2"."id");
DELETE FROM "sales"."orders"
WHERE "_sdc_table_version" < 7;

-- the current state beside a history
CREATE TABLE IF NOT EXISTS "sales"."orders_live" (
  "id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ, "_sdc_deleted_at" TIMESTAMPTZ,
  "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT
);
CREATE TABLE IF NOT EXISTS "sales"."orders_live__deleted" ("id" BIGINT, "__lsn" BIGINT);
CREATE TEMP TABLE "scratch_1" (
  "id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_missing" VARCHAR(65535), "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_singer_order" BIGINT
);
CREATE TEMP TABLE "scratch_2" (
  "id" BIGINT, "line" VARCHAR(65535), "note" VARCHAR(65535), "__op" VARCHAR(65535), "__lsn" BIGINT, "__ts_ms" BIGINT,
  "_sdc_missing" VARCHAR(65535), "_sdc_extracted_at" TIMESTAMPTZ, "_sdc_received_at" TIMESTAMPTZ,
  "_sdc_deleted_at" TIMESTAMPTZ, "_sdc_sequence" BIGINT, "_sdc_table_version" BIGINT, "_singer_order" BIGINT
);
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
  FROM "scratch_1"
  GROUP BY "id"
) AS keyed;
INSERT INTO "sales"."orders" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version"
)
SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version"
FROM "scratch_1";
DELETE FROM "scratch_1"
WHERE COALESCE("__op" IN ('m'), FALSE);
DELETE FROM "scratch_1"
USING "sales"."orders_live"
WHERE "sales"."orders_live"."id" = "scratch_1"."id"
  AND COALESCE("sales"."orders_live"."__lsn" > "scratch_1"."__lsn", "sales"."orders_live"."__lsn" IS NOT NULL);
DELETE FROM "scratch_1"
USING "sales"."orders_live__deleted"
WHERE "sales"."orders_live__deleted"."id" = "scratch_1"."id"
  AND COALESCE(
    "sales"."orders_live__deleted"."__lsn" > "scratch_1"."__lsn", "sales"."orders_live__deleted"."__lsn" IS NOT NULL
  );
DELETE FROM "scratch_1"
WHERE "_singer_order" IN (
  SELECT "scratch_1"."_singer_order"
  FROM "scratch_1", "sales"."orders_live__deleted"
  WHERE "sales"."orders_live__deleted"."id" IS NULL
    AND COALESCE(
      "sales"."orders_live__deleted"."__lsn" > "scratch_1"."__lsn", "sales"."orders_live__deleted"."__lsn" IS NOT NULL
    )
);
INSERT INTO "scratch_2" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
)
SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
FROM (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
    ROW_NUMBER() OVER (ORDER BY "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST) AS "_singer_rank"
  FROM "scratch_1"
  WHERE COALESCE("__op" IN ('t'), FALSE)
) AS ranked
WHERE "_singer_rank" = 1;
SELECT COUNT(*)
FROM "scratch_2";
DELETE FROM "sales"."orders_live"
WHERE (SELECT COUNT(*) FROM "scratch_2") = 1
  AND NOT COALESCE(
    "sales"."orders_live"."__lsn" > (SELECT "__lsn" FROM "scratch_2"), "sales"."orders_live"."__lsn" IS NOT NULL
  );
DELETE FROM "sales"."orders_live__deleted"
WHERE "sales"."orders_live__deleted"."id" IS NULL
  AND (SELECT COUNT(*) FROM "scratch_2") = 1
  AND NOT COALESCE(
    "sales"."orders_live__deleted"."__lsn" > (SELECT "__lsn" FROM "scratch_2"),
    "sales"."orders_live__deleted"."__lsn" IS NOT NULL
  );
INSERT INTO "sales"."orders_live__deleted" ("__lsn")
SELECT "__lsn"
FROM "scratch_2";
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders_live__deleted" WHERE "sales"."orders_live__deleted"."id" IS NULL);
DELETE FROM "scratch_2";
INSERT INTO "scratch_2" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
)
SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
FROM (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST) AS
      "_singer_rank"
  FROM (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
      SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
        ORDER BY "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
      ) AS "_singer_epoch"
    FROM "scratch_1"
  ) AS counted
  WHERE "_singer_epoch" = 0
) AS ranked
WHERE "_singer_rank" = 1 AND NOT (COALESCE("__op" IN ('d'), FALSE));
SELECT COUNT(*)
FROM "scratch_2";
MERGE INTO "sales"."orders_live"
USING "scratch_2"
ON "sales"."orders_live"."id" = "scratch_2"."id"
WHEN MATCHED THEN UPDATE
SET "id" = "scratch_2"."id", "line" = "scratch_2"."line", "note" = "scratch_2"."note", "__op" = "scratch_2"."__op",
  "__lsn" = "scratch_2"."__lsn", "__ts_ms" = "scratch_2"."__ts_ms",
  "_sdc_extracted_at" = "scratch_2"."_sdc_extracted_at", "_sdc_received_at" = "scratch_2"."_sdc_received_at",
  "_sdc_deleted_at" = "scratch_2"."_sdc_deleted_at", "_sdc_sequence" = "scratch_2"."_sdc_sequence",
  "_sdc_table_version" = "scratch_2"."_sdc_table_version"
WHEN NOT MATCHED THEN INSERT (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
  "_sdc_sequence", "_sdc_table_version"
)
VALUES (
  "scratch_2"."id", "scratch_2"."line", "scratch_2"."note", "scratch_2"."__op", "scratch_2"."__lsn",
  "scratch_2"."__ts_ms", "scratch_2"."_sdc_extracted_at", "scratch_2"."_sdc_received_at",
  "scratch_2"."_sdc_deleted_at", "scratch_2"."_sdc_sequence", "scratch_2"."_sdc_table_version"
);
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (SELECT 1 FROM "sales"."orders_live" WHERE "sales"."orders_live"."id" = "scratch_2"."id");
DELETE FROM "scratch_2";
INSERT INTO "scratch_2" (
  "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
)
SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
  "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order"
FROM (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
    ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST) AS
      "_singer_rank"
  FROM (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_order",
      SUM(CASE WHEN COALESCE("__op" IN ('t'), FALSE) THEN 1 ELSE 0 END) OVER (
        ORDER BY "__lsn" DESC NULLS LAST, "_singer_order" DESC NULLS LAST ROWS UNBOUNDED PRECEDING
      ) AS "_singer_epoch"
    FROM "scratch_1"
  ) AS counted
  WHERE "_singer_epoch" = 0
) AS ranked
WHERE "_singer_rank" = 1 AND (COALESCE("__op" IN ('d'), FALSE));
SELECT COUNT(*)
FROM "scratch_2";
DELETE FROM "sales"."orders_live"
USING "scratch_2"
WHERE "sales"."orders_live"."id" = "scratch_2"."id";
DELETE FROM "sales"."orders_live__deleted"
USING "scratch_1"
WHERE "sales"."orders_live__deleted"."id" = "scratch_1"."id";
INSERT INTO "sales"."orders_live__deleted" ("id", "__lsn")
SELECT "id", "__lsn"
FROM "scratch_2";
SELECT COUNT(*)
FROM "scratch_2"
WHERE NOT EXISTS (
  SELECT 1
  FROM "sales"."orders_live__deleted"
  WHERE "sales"."orders_live__deleted"."id" = "scratch_2"."id"
);

-- views of whole events
CREATE OR REPLACE VIEW "sales"."orders__current" AS
WITH events AS (
  SELECT "id", "line", "note", "operation", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
    "_sdc_sequence", "_sdc_table_version",
    CASE
      WHEN COALESCE("operation" IN ('delete', 'DELETE', 'Delete'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN TRUE
      ELSE FALSE END AS "_singer_deleted",
    CASE
      WHEN COALESCE("operation" IN ('delete', 'DELETE', 'Delete'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN 'delete'
      WHEN COALESCE("operation" IN ('insert', 'INSERT', 'Insert'), FALSE) THEN 'insert'
      WHEN COALESCE("operation" IN ('update', 'UPDATE', 'Update'), FALSE) THEN 'update'
      ELSE 'upsert' END AS "_singer_operation",
    COALESCE("_sdc_extracted_at", "_sdc_received_at") AS "_singer_moment"
  FROM "sales"."orders"
),
  numbered AS (
    SELECT "id", "line", "note", "operation", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
      "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation", "_singer_moment",
      ROW_NUMBER() OVER (PARTITION BY "id", "line" ORDER BY "_sdc_sequence" DESC NULLS LAST) AS "_singer_rank"
    FROM events
  ),
  traced AS (
    SELECT "id", "line", "note", "operation", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
      "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation", "_singer_moment", "_singer_rank"
    FROM numbered
  )
SELECT traced."id", traced."line", traced."note"
FROM (SELECT * FROM traced WHERE "_singer_rank" = 1 AND NOT "_singer_deleted") AS traced
WITH NO SCHEMA BINDING;
CREATE OR REPLACE VIEW "sales"."orders__history" AS
WITH events AS (
  SELECT "id", "line", "note", "operation", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
    "_sdc_sequence", "_sdc_table_version",
    CASE
      WHEN COALESCE("operation" IN ('delete', 'DELETE', 'Delete'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN TRUE
      ELSE FALSE END AS "_singer_deleted",
    CASE
      WHEN COALESCE("operation" IN ('delete', 'DELETE', 'Delete'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN 'delete'
      WHEN COALESCE("operation" IN ('insert', 'INSERT', 'Insert'), FALSE) THEN 'insert'
      WHEN COALESCE("operation" IN ('update', 'UPDATE', 'Update'), FALSE) THEN 'update'
      ELSE 'upsert' END AS "_singer_operation",
    COALESCE("_sdc_extracted_at", "_sdc_received_at") AS "_singer_moment"
  FROM "sales"."orders"
),
  numbered AS (
    SELECT "id", "line", "note", "operation", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
      "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation", "_singer_moment",
      CASE
        WHEN "_singer_deleted" THEN "_singer_moment"
        ELSE LEAD("_singer_moment") OVER (PARTITION BY "id", "line" ORDER BY "_sdc_sequence" NULLS FIRST) END AS
        "_singer_end"
    FROM events
  ),
  traced AS (
    SELECT "id", "line", "note", "operation", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
      "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation", "_singer_moment", "_singer_end"
    FROM numbered
  )
SELECT traced."_singer_moment" AS "valid_from", traced."_singer_end" AS "valid_to",
  traced."_singer_operation" AS "operation", traced."id", traced."line", traced."note"
FROM traced
WITH NO SCHEMA BINDING;
DROP VIEW IF EXISTS "sales"."orders__current";
DROP VIEW IF EXISTS "sales"."orders__history";

-- views of flags and nulls
CREATE OR REPLACE VIEW "sales"."orders__current" AS
WITH events AS (
  SELECT "id", "line", "note", "op", "ar_h_change_seq", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
    "_sdc_sequence", "_sdc_table_version",
    CASE
      WHEN COALESCE("op" IN ('D'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN TRUE
      ELSE FALSE END AS "_singer_deleted",
    CASE
      WHEN COALESCE("op" IN ('D'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN 'delete'
      WHEN COALESCE("op" IN ('I'), FALSE)
      OR "op" IS NULL THEN 'insert'
      WHEN COALESCE("op" IN ('U'), FALSE) THEN 'update'
      ELSE 'upsert' END AS "_singer_operation",
    COALESCE("_sdc_extracted_at", "_sdc_received_at") AS "_singer_moment"
  FROM "sales"."orders"
),
  numbered AS (
    SELECT "id", "line", "note", "op", "ar_h_change_seq", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
      "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation", "_singer_moment",
      ROW_NUMBER() OVER (
        PARTITION BY "id"
        ORDER BY "ar_h_change_seq" DESC NULLS LAST, "_sdc_sequence" DESC NULLS LAST
      ) AS "_singer_rank"
    FROM events
  ),
  traced AS (
    SELECT "id", "line", "note", "op", "ar_h_change_seq", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
      "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation", "_singer_moment", "_singer_rank"
    FROM numbered
  )
SELECT traced."id", traced."line", traced."note"
FROM (SELECT * FROM traced WHERE "_singer_rank" = 1 AND NOT "_singer_deleted") AS traced
WITH NO SCHEMA BINDING;
CREATE OR REPLACE VIEW "sales"."orders__history" AS
WITH events AS (
  SELECT "id", "line", "note", "op", "ar_h_change_seq", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
    "_sdc_sequence", "_sdc_table_version",
    CASE
      WHEN COALESCE("op" IN ('D'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN TRUE
      ELSE FALSE END AS "_singer_deleted",
    CASE
      WHEN COALESCE("op" IN ('D'), FALSE)
      OR "_sdc_deleted_at" IS NOT NULL THEN 'delete'
      WHEN COALESCE("op" IN ('I'), FALSE)
      OR "op" IS NULL THEN 'insert'
      WHEN COALESCE("op" IN ('U'), FALSE) THEN 'update'
      ELSE 'upsert' END AS "_singer_operation",
    COALESCE("_sdc_extracted_at", "_sdc_received_at") AS "_singer_moment"
  FROM "sales"."orders"
),
  numbered AS (
    SELECT "id", "line", "note", "op", "ar_h_change_seq", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
      "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation", "_singer_moment",
      CASE
        WHEN "_singer_deleted" THEN "_singer_moment"
        ELSE LEAD("_singer_moment") OVER (
          PARTITION BY "id"
          ORDER BY "ar_h_change_seq" NULLS FIRST, "_sdc_sequence" NULLS FIRST
        ) END AS "_singer_end"
    FROM events
  ),
  traced AS (
    SELECT "id", "line", "note", "op", "ar_h_change_seq", "_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at",
      "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation", "_singer_moment", "_singer_end"
    FROM numbered
  )
SELECT traced."_singer_moment" AS "valid_from", traced."_singer_end" AS "valid_to",
  traced."_singer_operation" AS "operation", traced."id", traced."line", traced."note"
FROM traced
WITH NO SCHEMA BINDING;
DROP VIEW IF EXISTS "sales"."orders__current";
DROP VIEW IF EXISTS "sales"."orders__history";

-- views of truncates, partial updates and versions
CREATE OR REPLACE VIEW "sales"."orders__current" AS
WITH events AS (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version",
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
    AND ("_sdc_table_version" IS NULL OR "_sdc_table_version" = (SELECT MAX(activated) FROM "sales"."ledger"))
),
  numbered AS (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation",
      "_singer_moment", "_singer_epoch",
      ROW_NUMBER() OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_sdc_table_version" NULLS FIRST, "__lsn" NULLS FIRST, "_sdc_sequence" NULLS FIRST
      ) AS "_singer_number",
      ROW_NUMBER() OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_sdc_table_version" DESC NULLS LAST, "__lsn" DESC NULLS LAST, "_sdc_sequence" DESC NULLS LAST
      ) AS "_singer_rank"
    FROM events
  ),
  traced AS (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation",
      "_singer_moment", "_singer_epoch", "_singer_number", "_singer_rank",
      MAX(CASE WHEN "_singer_deleted" THEN "_singer_number" END) OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_singer_number" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS "_singer_gone",
      MAX(CASE WHEN NOT COALESCE(POSITION('"note"' IN "_sdc_missing") > 0, FALSE) THEN "_singer_number" END) OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_singer_number" ROWS UNBOUNDED PRECEDING
      ) AS "_singer_from_1"
    FROM numbered
  )
SELECT traced."id", traced."line", said_1."note"
FROM (SELECT * FROM traced WHERE "_singer_rank" = 1 AND NOT "_singer_deleted" AND "_singer_epoch" = 0) AS traced LEFT
  JOIN numbered AS said_1
ON said_1."id" = traced."id"
  AND said_1."_singer_epoch" = traced."_singer_epoch"
  AND said_1."_singer_number" = traced."_singer_from_1"
  AND traced."_singer_from_1" > COALESCE(traced."_singer_gone", 0)
WITH NO SCHEMA BINDING;
CREATE OR REPLACE VIEW "sales"."orders__history" AS
WITH events AS (
  SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
    "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version",
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
    (SELECT MAX(activated) FROM "sales"."ledger") AS "_singer_activated"
  FROM "sales"."orders"
  WHERE NOT (COALESCE("__op" IN ('m'), FALSE))
    AND ("_sdc_table_version" IS NULL OR "_sdc_table_version" <= (SELECT MAX(activated) FROM "sales"."ledger"))
),
  numbered AS (
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation",
      "_singer_moment", "_singer_epoch",
      ROW_NUMBER() OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_sdc_table_version" NULLS FIRST, "__lsn" NULLS FIRST, "_sdc_sequence" NULLS FIRST
      ) AS "_singer_number",
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
    SELECT "id", "line", "note", "__op", "__lsn", "__ts_ms", "_sdc_missing", "_sdc_extracted_at", "_sdc_received_at",
      "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version", "_singer_deleted", "_singer_operation",
      "_singer_moment", "_singer_epoch", "_singer_number", "_singer_end",
      MAX(CASE WHEN "_singer_deleted" THEN "_singer_number" END) OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_singer_number" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS "_singer_gone",
      MAX(CASE WHEN NOT COALESCE(POSITION('"note"' IN "_sdc_missing") > 0, FALSE) THEN "_singer_number" END) OVER (
        PARTITION BY "_singer_epoch", "id"
        ORDER BY "_singer_number" ROWS UNBOUNDED PRECEDING
      ) AS "_singer_from_1"
    FROM numbered
  )
SELECT traced."_singer_moment" AS "valid_from", traced."_singer_end" AS "valid_to",
  traced."_singer_operation" AS "operation", traced."id", traced."line", said_1."note"
FROM traced LEFT JOIN numbered AS said_1
ON said_1."id" = traced."id"
  AND said_1."_singer_epoch" = traced."_singer_epoch"
  AND said_1."_singer_number" = traced."_singer_from_1"
  AND traced."_singer_from_1" > COALESCE(traced."_singer_gone", 0)
WITH NO SCHEMA BINDING;
DROP VIEW IF EXISTS "sales"."orders__current";
DROP VIEW IF EXISTS "sales"."orders__history";

