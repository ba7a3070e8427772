"""Which rights does a role of Snowflake need, and for what? One table: documents and errors read it.

https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""

from __future__ import annotations

from singer_bulk.model.rights import OWNERSHIP, Feature, Lack, Object, Right, Rights
from singer_bulk.stage.rights import DECRYPT, GET, LIST, s3_right

_ON = "GRANT {rights} ON {kind} {object} TO ROLE {to}"
# sql/grant-ownership: with COPY, what others were granted stays; without, grants that there are refuse it.
_OWNED = "GRANT OWNERSHIP ON {kind} {object} TO ROLE {to} COPY CURRENT GRANTS"
_BY_KEYS = (Feature.UPSERT, Feature.VERSIONS)
# Loads that take their turn at a table (warehouse/turn.py).
_TURNS = (*_BY_KEYS, Feature.OVERWRITE)


def _right(
    name: str, on: Object, *features: Feature, grant: str = _ON, lack: Lack = Lack.FAILS, because: str = ""
) -> Right:
    return Right(name, on, frozenset(features), grant, lack, because)


RIGHTS = Rights(
    (
        _right("ROLE", Object.USER, Feature.EVERY_RUN, grant="GRANT ROLE {object} TO USER {to}"),
        _right("USAGE", Object.WAREHOUSE, Feature.EVERY_RUN),
        _right("USAGE", Object.DATABASE, Feature.EVERY_RUN),
        _right("USAGE", Object.SCHEMA, Feature.EVERY_RUN, because="of the stage, too"),
        _right(
            "CREATE TABLE",
            Object.SCHEMA,
            Feature.MAKE_TABLES,
            because="the first run makes the ledger, too; runs by key, overwrites and fences a small table each; "
            "temporary tables need no right",
        ),
        _right("CREATE VIEW", Object.SCHEMA, Feature.VIEWS),
        _right(
            "APPLY",
            Object.TAG,
            Feature.TAGS,
            because="with USAGE of its database and schema; or APPLY TAG on the account",
        ),
        _right("CREATE SCHEMA", Object.DATABASE, Feature.CREATE_SCHEMA),
        _right("CREATE STAGE", Object.SCHEMA, Feature.MAKE_STAGE),
        _right("USAGE", Object.INTEGRATION, Feature.MAKE_STAGE, because="with `storage_integration`"),
        _right("USAGE", Object.STAGE, Feature.USE_STAGE),
        _right(
            "USAGE",
            Object.FILE_FORMAT,
            Feature.USE_STAGE,
            because="where the stage names one, as those of the target do; no page says that COPY asks for it",
        ),
        _right(
            "CREATE FILE FORMAT",
            Object.SCHEMA,
            Feature.MAKE_FORMAT,
            lack=Lack.GOES_ON,
            because="COPY states how files are read, so loads do not need it",
        ),
        _right("SELECT", Object.TABLE, *_BY_KEYS, Feature.DELETES, Feature.VIEWS),
        _right("INSERT", Object.TABLE, Feature.APPEND, Feature.UPSERT, Feature.OVERWRITE),
        _right("UPDATE", Object.TABLE, *_BY_KEYS),
        _right(
            "DELETE",
            Object.TABLE,
            Feature.OVERWRITE,
            Feature.DELETES,
            because="no page says whether DELETE needs SELECT as well",
        ),
        _right(
            OWNERSHIP,
            Object.TABLE,
            Feature.COLUMNS,
            grant=_OWNED,
            because="where columns come, are widened or replaced; `schema_evolution: freeze` does without",
        ),
        _right("SELECT", Object.PLACES, Feature.FEEDS),
        _right("INSERT", Object.PLACES, Feature.FEEDS),
        _right("DELETE", Object.PLACES, Feature.FEEDS),
        _right(OWNERSHIP, Object.VIEW, Feature.VIEWS, grant=_OWNED, because="each run replaces the views"),
        _right("SELECT", Object.LEDGER, Feature.SHARED, because="`--last-state` asks it"),
        _right("INSERT", Object.LEDGER, Feature.SHARED),
        _right(
            "UPDATE",
            Object.LEDGER,
            *_TURNS,
            because="for its lock, while programs of an older version may load into it",
        ),
        _right("SELECT", Object.FENCE, Feature.SHARED, because="of a `pipeline_id` that several roles run"),
        _right("INSERT", Object.FENCE, Feature.SHARED, because="where whoever made it died before its first row"),
        _right("UPDATE", Object.FENCE, Feature.SHARED),
        _right("SELECT", Object.TURN, *_TURNS),
        _right("INSERT", Object.TURN, *_TURNS, because="where whoever made it died before its first row"),
        _right("UPDATE", Object.TURN, *_TURNS, because="for its lock"),
    )
)

NOTES = (
    "`grants`: who makes a table or a view owns it, and may grant it. In a schema WITH MANAGED ACCESS only its owner "
    "may, or who has MANAGE GRANTS. Who is granted a table needs USAGE of its database and schema as well.",
    "Views, tables and ledger of one role need the fewest rights: let all pipelines of a schema load by the same role.",
    "A stage that is there is used by USAGE of it; whether its integration has to be usable by the role as well, or by "
    "the owner of the stage alone, no page says.",
    "The role's own transactions are seen and ended without any right (SHOW TRANSACTIONS, SYSTEM$ABORT_TRANSACTION).",
)

# Of the identity that reads the stage: the page of integrations asks for two more than Redshift's does.
# https://docs.snowflake.com/en/user-guide/data-load-s3-config-storage-integration
READER = Rights(
    (
        GET,
        s3_right("s3:GetObjectVersion", Object.OBJECTS, Feature.FILES, because="as its page asks"),
        LIST,
        s3_right("s3:GetBucketLocation", Object.BUCKET, Feature.FILES, because="as its page asks"),
        DECRYPT,
    )
)
