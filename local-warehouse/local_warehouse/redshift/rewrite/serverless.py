"""Which system tables does Redshift Serverless refuse?  Those of clusters, and all SVV views that its list leaves out.

SYS views, PG_ catalogs and the information schema answer on both. A user of one workgroup saw "permission denied" for
STL and STV tables; the guide gives no text.
Sources: https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-monitoring.html (the list: its edition of 2023),
cm_chap_system-tables (all STL, STV, SVCS and SVL, some SVV)
"""

from __future__ import annotations

from collections.abc import Sequence

from local_warehouse.redshift.errors import RedshiftError
from local_warehouse.redshift.grammar.lexer import Token, words
from local_warehouse.redshift.grammar.references import references

OF_CLUSTERS = ("stl_", "stv_", "svcs_", "svl_")
SVV_OF_SERVERLESS = words(
    """
    svv_all_columns svv_all_schemas svv_all_tables svv_alter_table_recommendations svv_columns svv_column_privileges
    svv_database_privileges svv_datashares svv_datashare_consumers svv_datashare_objects svv_datashare_privileges
    svv_default_privileges svv_external_columns svv_external_databases svv_external_partitions svv_external_schemas
    svv_external_tables svv_mv_dependency svv_mv_info svv_function_privileges svv_identity_providers
    svv_interleaved_columns svv_language_privileges svv_ml_model_privileges svv_ml_model_info svv_redshift_columns
    svv_redshift_databases svv_redshift_functions svv_redshift_schemas svv_redshift_tables svv_relation_privileges
    svv_rls_attached_policy svv_rls_policy svv_rls_relation svv_role_grants svv_roles svv_schema_privileges
    svv_system_privileges svv_tables svv_table_info svv_transactions svv_user_info svv_user_grants
    """
)


def refuse(tokens: Sequence[Token]) -> None:
    """Raise RedshiftError for the first table that a statement names and Serverless has not."""
    for reference in references([token for token in tokens if token.kind != "space"]):
        name = reference.last_part
        if name.startswith(OF_CLUSTERS) or (name.startswith("svv_") and name not in SVV_OF_SERVERLESS):
            raise RedshiftError("42501", f"permission denied for relation {name}")
