"""How a statement of a policy is read: action, resource, principal and conditions, as IAM does it.

moto reads conditions of two kinds and takes every other one as fulfilled, also where its key is absent; it takes a
trust policy's Deny for an Allow. So the gate puts this reading in the place of moto's. An operator that is not known
here never allows, and always denies.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

SERVICES = {"redshift": ("redshift.amazonaws.com", "redshift-serverless.amazonaws.com")}
# What the request under way says of itself: condition keys in lower case, and the service that makes it.
_request = threading.local()


def begin(context: Mapping[str, str], source: str = "") -> None:
    """Evaluate policies for this request from now on, in this thread."""
    _request.context, _request.source, _request.decided = dict(context), source, None


def decide(action: str, resource: str, allowed: bool) -> None:
    """Let this be the answer, whatever the policies say: for what moto asks about another resource than AWS does."""
    _request.decided = (action, resource), "PERMITTED" if allowed else "DENIED"


def _same(value: str, wanted: str) -> bool:
    return value == wanted


def _like(value: str, wanted: str) -> bool:
    pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, value, re.DOTALL) is not None


def _same_folded(value: str, wanted: str) -> bool:
    return value.casefold() == wanted.casefold()


# Operator -> how a value fits one that is wanted; with Not the result is turned round.
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringEqualsIgnoreCase": _same_folded,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": _same_folded,
}
_NEGATED = {
    "StringNotEquals": "StringEquals", "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike", "ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike",
}  # fmt: skip


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]


def fulfilled(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool | None:
    """Whether all conditions hold; None where an operator is not known."""
    results = [_holds(operator, keys, context) for operator, keys in condition.items()]
    return None if None in results else all(results)


def _holds(operator: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool | None:
    if operator == "Null":
        return all((key.lower() not in context) == (_listed(value)[0] == "true") for key, value in keys.items())
    name = operator.removesuffix("IfExists")
    fits = OPERATORS.get(_NEGATED.get(name, name))
    if fits is None:
        return None
    for key, value in keys.items():
        given = context.get(key.lower())
        if given is None:
            # An absent key fits no value: what is negated holds, and what may be absent.
            if name not in _NEGATED and name == operator:
                return False
        elif any(fits(given, wanted) for wanted in _listed(value)) == (name in _NEGATED):
            return False
    return True


def _matches(patterns: Any, value: str, folded: bool = False) -> bool:
    return any(_like(value.lower(), one.lower()) if folded else _like(value, one) for one in _listed(patterns))


def _is_principal(wanted: Any, arn: str, source: str) -> bool:
    """Whether who asks is one of the principals: a user, a role or its session, an account, or a service."""
    if wanted == "*":
        return True
    if not isinstance(wanted, Mapping):
        return False
    if set(SERVICES.get(source, ())) & set(_listed(wanted.get("Service", []))):
        return True
    account = arn.split(":")[4]
    role = re.sub(r":sts::(\d+):assumed-role/([^/]+)/.*", r":iam::\1:role/\2", arn)
    return any(
        one in ("*", arn, role, account, f"arn:aws:iam::{account}:root") for one in _listed(wanted.get("AWS", []))
    )


def result(statement: Mapping[str, Any], action: str, resource: str, principal: str | None) -> str:
    """PERMITTED, DENIED or NEUTRAL; `principal` is given for the statements of a trust policy."""
    decided = getattr(_request, "decided", None)
    if decided is not None and decided[0] == (action, resource):
        return str(decided[1])
    concerned = (
        not _matches(statement["NotAction"], action, folded=True)
        if "NotAction" in statement
        else _matches(statement["Action"], action, folded=True)
    )
    if "Resource" in statement:
        concerned = concerned and _matches(statement["Resource"], resource)
    elif "NotResource" in statement:
        concerned = concerned and not _matches(statement["NotResource"], resource)
    if principal is not None:
        concerned = concerned and _is_principal(statement.get("Principal"), principal, getattr(_request, "source", ""))
    holds = fulfilled(statement.get("Condition") or {}, getattr(_request, "context", {}))
    allows = statement["Effect"] == "Allow"
    if not concerned or holds is False or (holds is None and allows):
        return "NEUTRAL"
    return "PERMITTED" if allows else "DENIED"


def install() -> None:
    """Put this reading in the place of moto's."""
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult

    def is_action_permitted(
        self: Any, action: str, resource: str = "*", principal: str | None = None, _: Any = None
    ) -> PermissionResult:
        return PermissionResult[result(self._statement, action, resource, principal)]

    IAMPolicyStatement.is_action_permitted = is_action_permitted  # type: ignore[method-assign,assignment]


def may(account_id: str, access_key_id: str, token: str | None, actions: Iterable[str], resource: str) -> str | None:
    """The first of the actions that the policies of a key's owner do not allow, with the owner's ARN; None if all are.

    A key that is not known, or whose token is wrong, is left to moto, which refuses it.
    """
    from moto.iam.access_control import CreateAccessKeyFailure, IAMPolicy, PermissionResult, create_access_key

    headers = {} if token is None else {"X-Amz-Security-Token": token}
    try:
        owner = create_access_key(account_id, "aws", access_key_id, headers)
    except CreateAccessKeyFailure:
        return None
    policies = [IAMPolicy(policy) for policy in owner.collect_policies()]
    for action in actions:
        results = [policy.is_action_permitted(action, resource) for policy in policies]
        if PermissionResult.DENIED in results or PermissionResult.PERMITTED not in results:
            return f"User: {owner.arn} is not authorized to perform: {action} on resource: {resource}"
    return None
