"""Functions that build and take apart VARIANT, OBJECT and ARRAY values."""

from __future__ import annotations

from local_warehouse.snowflake.bind.binder import Binder
from local_warehouse.snowflake.bind.casts import literal
from local_warehouse.snowflake.bind.functions import register
from local_warehouse.snowflake.bind.scope import Scope, Typed
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.values.types import ARRAY, INTEGER, OBJECT, SEMI, VARIANT, T


@register("ARRAY_CONSTRUCT", low=0, high=10_000)
def _array(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    parts = [f"coalesce({binder.convert(binder.expr(arg, scope), VARIANT)}, 'undefined')" for arg in node.args]
    if any(isinstance(arg, ast.Null) for arg in node.args):
        raise Unsupported("ARRAY_CONSTRUCT of NULL (undefined elements)")
    return Typed("('[' || " + " || ',' || ".join(parts or ["''"]) + " || ']')", ARRAY)


@register("OBJECT_CONSTRUCT", low=0, high=10_000)
def _object(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    """Pairs whose value is NULL are left out; keys must be literals here."""
    if len(node.args) % 2:
        raise compilation("OBJECT_CONSTRUCT needs pairs of key and value", 938)
    pairs: dict[str, str] = {}
    for key, value in zip(node.args[::2], node.args[1::2], strict=True):
        if not isinstance(key, ast.Text):
            raise Unsupported("OBJECT_CONSTRUCT with a key that is not a literal")
        if key.value in pairs:
            raise compilation(f"duplicate field key '{key.value}'", 100103, "22000")
        import json

        start = literal(json.dumps(key.value, ensure_ascii=False) + ":")
        pairs[key.value] = f"{start} || {binder.convert(binder.expr(value, scope), VARIANT)}"
    listed = ", ".join(pairs[key] for key in sorted(pairs))
    inner = f"coalesce(array_to_string(list_filter([{listed}], lambda x: x IS NOT NULL), ','), '')" if pairs else "''"
    return Typed("('{' || " + inner + " || '}')", OBJECT)


@register("ARRAY_SIZE")
def _array_size(binder: Binder, node: ast.Call, scope: Scope) -> Typed:
    value = binder.expr(node.args[0], scope)
    if value.type.kind not in SEMI:
        raise compilation(f"Invalid argument types for function 'ARRAY_SIZE': ({value.type})", 1044, "42P13")
    x = value.sql
    return Typed(
        f"CASE WHEN {x}[1] = '[' THEN CAST(json_array_length({x}) AS DECIMAL(38,0)) END", T("NUMBER", INTEGER.size, 0)
    )
