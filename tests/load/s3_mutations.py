"""Rules of the S3 stand-in, what breaks each, and the tests that must notice: read by tests/mutations.py.

A line is (rule, file, what stands there, what stands there instead, an expression for pytest -k).
"""

from __future__ import annotations

MUTATIONS = [
    # Conditions of policies, and whom a role trusts
    (
        "a condition that does not hold allows nothing",
        "policies.py",
        "holds is False or (holds is None and allows)",
        "(holds is None and allows)",
        "test_conditions_of_a_policy_count",
    ),
    (
        "an operator that is not known allows nothing",
        "policies.py",
        " or (holds is None and allows):",
        ":",
        "test_conditions_of_a_policy_count",
    ),
    (
        "an absent external id is not the one that is demanded",
        "policies.py",
        "            if name not in _NEGATED and name == operator:\n                return False",
        "            pass",
        "test_a_role_may_demand_an_external_id",
    ),
    (
        "the external id is compared",
        "policies.py",
        "    return value == wanted\n",
        "    return True\n",
        "test_a_role_may_demand_an_external_id",
    ),
    (
        "a role for a service is assumed by the service alone",
        "policies.py",
        'if set(SERVICES.get(source, ())) & set(_listed(wanted.get("Service", []))):',
        'if wanted.get("Service"):',
        "test_a_role_for_the_service_alone",
    ),
    # KMS
    (
        "who writes under a key needs kms:GenerateDataKey",
        "encryption.py",
        "return _key_of_new(environ, bucket), [GENERATE]",
        "return None, []",
        "test_objects_under_a_kms_key",
    ),
    (
        "who reads what lies under a key needs kms:Decrypt",
        "encryption.py",
        'found.kms_key_id if found is not None and found.encryption == "aws:kms" else None',
        "None",
        "test_objects_under_a_kms_key",
    ),
    (
        "a bucket's default key counts",
        "encryption.py",
        'return default.get("KMSMasterKeyID") if default.get("SSEAlgorithm") == "aws:kms" else None',
        "return None",
        "test_objects_under_a_kms_key",
    ),
    (
        "a key's own policy is refused",
        "encryption.py",
        """ or (target == "CreateKey" and b'"Policy"' in body):""",
        ":",
        "test_objects_under_a_kms_key",
    ),
    # Requests
    (
        "a signature is not older than 15 minutes",
        "refusals.py",
        "if abs(now - signed) <= MAX_AGE:",
        "if signed - now <= MAX_AGE:",
        "test_a_signature_that_is_too_old_is_refused",
    ),
    (
        "a signature is not of a time to come",
        "refusals.py",
        "if abs(now - signed) <= MAX_AGE:",
        "if now - signed <= MAX_AGE:",
        "test_a_signature_that_is_too_old_is_refused",
    ),
    (
        "the body is the one that was signed",
        "refusals.py",
        "hashlib.sha256(body).hexdigest() != claimed:",
        "not claimed:",
        "test_a_body_that_was_altered_on_its_way_is_refused",
    ),
    (
        "policies of buckets are refused",
        "refusals.py",
        '.startswith(("policy", "acl")):',
        '.startswith("acl"):',
        "test_what_would_be_kept_and_ignored_is_refused",
    ),
]
