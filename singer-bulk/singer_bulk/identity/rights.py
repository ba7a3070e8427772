"""Which rights does whoever reads a secret of AWS need? Documents read them there; errors say them (aws_secrets.py).

https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
"""

from __future__ import annotations

from singer_bulk.model.rights import Feature, Object, Right, Rights

_GRANT = "grant {rights} on {object} to {to}"

# Of the AWS identity of the environment.
SECRETS = Rights(
    (
        Right("secretsmanager:GetSecretValue", Object.SECRET, frozenset({Feature.FROM_MANAGER}), _GRANT),
        Right("ssm:GetParameter", Object.PARAMETER, frozenset({Feature.FROM_PARAMETERS}), _GRANT),
        Right(
            "kms:Decrypt",
            Object.KEY,
            frozenset({Feature.FROM_KMS}),
            _GRANT,
            because="AWS's own keys (aws/secretsmanager, aws/ssm) let the account's identities decrypt without it",
        ),
    )
)
