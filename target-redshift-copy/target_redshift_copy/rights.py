"""Which rights does a user of Redshift need, and for what? One table: documents and errors read it.

https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
"""

from __future__ import annotations

from singer_bulk.model.rights import OWNERSHIP, Feature, Object, Right, Rights

_ON_KIND = "GRANT {rights} ON {kind} {object} TO {to}"
_ON_TABLE = "GRANT {rights} ON {object} TO {to}"
# ALTER TABLE takes a view, too (r_ALTER_TABLE). COMMENT asks for the ownership (r_COMMENT), so ALTER is not enough.
_OWNED = "ALTER TABLE {object} OWNER TO {to}"
_BY_KEYS = (Feature.UPSERT, Feature.VERSIONS)
# Loads that take their turn at a table (warehouse/turn.py).
_TURNS = (*_BY_KEYS, Feature.OVERWRITE)


def _right(name: str, on: Object, *features: Feature, grant: str = _ON_TABLE, because: str = "") -> Right:
    return Right(name, on, frozenset(features), grant, because=because)


RIGHTS = Rights(
    (
        _right("USAGE", Object.SCHEMA, Feature.EVERY_RUN, grant=_ON_KIND),
        _right(
            "CREATE",
            Object.SCHEMA,
            Feature.MAKE_TABLES,
            Feature.VIEWS,
            grant=_ON_KIND,
            because="the first run makes the ledger, too; runs by key, overwrites and fences a small table each",
        ),
        _right(
            "TEMPORARY",
            Object.DATABASE,
            Feature.UPSERT,
            grant=_ON_KIND,
            because="all users have it by PUBLIC, unless it was taken away; appends only if a type changes",
        ),
        _right("CREATE", Object.DATABASE, Feature.CREATE_SCHEMA, grant=_ON_KIND),
        _right(
            "SELECT",
            Object.TABLE,
            Feature.APPEND,
            *_BY_KEYS,
            Feature.OVERWRITE,
            Feature.DELETES,
            Feature.VIEWS,
            because="its columns are asked of SVV_COLUMNS; UPDATE, DELETE and MERGE want it, and of a view its owner",
        ),
        _right("INSERT", Object.TABLE, Feature.APPEND, Feature.UPSERT, Feature.OVERWRITE),
        _right("UPDATE", Object.TABLE, *_BY_KEYS),
        _right("DELETE", Object.TABLE, Feature.OVERWRITE, Feature.DELETES),
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
        _right(OWNERSHIP, Object.VIEW, Feature.VIEWS, grant=_OWNED, because="where the view is to be another one"),
        _right("SELECT", Object.LEDGER, Feature.SHARED, because="`--last-state` asks it"),
        _right("INSERT", Object.LEDGER, Feature.SHARED),
        _right(
            "UPDATE",
            Object.LEDGER,
            *_TURNS,
            because="for LOCK, while programs of an older version may load into it",
        ),
        _right("SELECT", Object.FENCE, Feature.SHARED, because="of a `pipeline_id` that several users run"),
        _right("INSERT", Object.FENCE, Feature.SHARED, because="where whoever made it died before its first row"),
        _right("UPDATE", Object.FENCE, Feature.SHARED),
        _right("SELECT", Object.TURN, *_TURNS, because="to be seen in SVV_COLUMNS"),
        _right("UPDATE", Object.TURN, *_TURNS, because="for LOCK, which r_LOCK says nothing of"),
        _right(
            "SELECT",
            Object.SYSTEM_VIEW,
            Feature.RECOVERY,
            because="`svv_transactions`: all users have it by PUBLIC, unless it was taken away",
        ),
    )
)

_IAM = "grant {rights} on {object} to {to}"


def _action(name: str, on: Object, *features: Feature, because: str = "") -> Right:
    return Right(name, on, frozenset(features), _IAM, because=because)


# Of the identity that signs in: boto3's own, or that of the `login_` settings.
# https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-role-permissions.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftserverless.html
SIGN_IN = Rights(
    (
        _action("redshift:DescribeClusters", Object.CLUSTER, Feature.LOOK_UP),
        _action("redshift-serverless:GetWorkgroup", Object.WORKGROUP, Feature.LOOK_UP),
        _action(
            "redshift-serverless:GetNamespace", Object.NAMESPACE, Feature.LOOK_UP, because="without `database` alone"
        ),
        _action("redshift:GetClusterCredentials", Object.DB_USER, Feature.BY_USER),
        _action("redshift:GetClusterCredentials", Object.DB_NAME, Feature.BY_USER),
        _action("redshift:CreateClusterUser", Object.DB_USER, Feature.AUTO_CREATE),
        _action("redshift:JoinGroup", Object.DB_GROUP, Feature.GROUPS),
        _action("redshift:GetClusterCredentialsWithIAM", Object.DB_NAME, Feature.BY_IAM),
        _action("redshift-serverless:GetCredentials", Object.WORKGROUP, Feature.BY_WORKGROUP),
        _action("secretsmanager:GetSecretValue", Object.SECRET, Feature.SECRET),
        _action(
            "kms:Decrypt", Object.SECRET_KEY, Feature.SECRET, because="where it is another than aws/secretsmanager"
        ),
    )
)


# What is refused without a word that a statement could answer, or not at all.
NOTES = (
    "`grants`: who makes a table or a view owns it, and may grant it. Who is granted a table needs USAGE of its schema "
    "as well: `GRANT USAGE ON SCHEMA <schema> TO ROLE <role>`.",
    "How tables lie is asked of SVV_REDSHIFT_COLUMNS and PG_CLASS_INFO, which show all users what is their own; where "
    "they are refused, the log says so, and nothing is compared.",
    "A table with row-level security: DELETE and MERGE see visible rows only, and COPY would add the others again. The "
    "user must be free of it: `GRANT IGNORE RLS TO ROLE <role>`, and `GRANT ROLE <role> TO <user>` (r_GRANT). No error "
    "tells.",
    "All users may use the roles that are attached to the cluster, unless ASSUMEROLE was taken from PUBLIC: then "
    "`GRANT ASSUMEROLE ON '<iam_role>' TO <user> FOR COPY` (r_GRANT-usage-notes).",
    "The password must not be kept as SHA-256 (`CREATE USER .. PASSWORD 'sha256|..'`), which libpq does not know; "
    "who signs in by IAM needs none.",
)
