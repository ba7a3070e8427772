"""What peers ask of Snowflake for many small streams.

pipelinewise-target-snowflake loads into the stand-in, which counts. meltanolabs-target-snowflake is counted where its
statements leave it (`many_meltanolabs.py`). Both are in environments of their own, as in `peers.py`.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from bench import peers
from bench.many_ground import Counts, Ground, kind_of, row, write_messages
from bench.measure import RunFailed, run

PEERS = {peer.driver: peer for peer in peers.PEERS}
DRIVER = Path(__file__).parent / "many_meltanolabs.py"
# pipelinewise takes no host.
START = """
import json, sys, snowflake.connector as connector
at = json.loads(sys.argv.pop(1))
real = connector.connect
connector.connect = lambda *a, **k: real(*a, **{**k, **at})
import target_snowflake; target_snowflake.main()
"""


def measure(ground: Ground, chosen: Any, folder: Path) -> None:
    """Print the rows of the table."""
    for name, counted in (("meltanolabs", meltanolabs), ("pipelinewise", pipelinewise)):
        for method in ("append-only", "upsert"):
            one: tuple[Counts, ...] | None = None
            for streams in chosen.streams:
                try:
                    runs = counted(ground, chosen, folder, streams, method)
                except RunFailed as failed:
                    print(f"| {name} | {method} | {streams} | fails: {str(failed).strip().splitlines()[-1][:80]} |")
                    break
                for which, counts, few in zip(("first", "second"), runs, one or (None, None), strict=True):
                    print(row(PEERS[name].name, method, streams, which, counts, few), flush=True)
                one = one or runs


def meltanolabs(ground: Ground, chosen: Any, folder: Path, streams: int, method: str) -> tuple[Counts, ...]:
    """Count at the connector's connection; nothing of the peer is changed above it."""
    home = folder / f"meltanolabs-{method}-{streams}"
    home.mkdir()
    command = [str(peers.environment(PEERS["meltanolabs"]) / "bin" / "python"), "-W", "ignore", str(DRIVER), str(home)]
    variables = {"MANY_METHOD": method, "MANY_ANSWER": str(chosen.answer), "MANY_COPY": str(chosen.copy)}
    made = []
    for number in range(2):
        cost = run(command, write_messages(folder, chosen, streams, number), environment=variables)
        calls = json.loads((home / "calls.json").read_text())
        made.append(Counts(Counter(map(kind_of, calls)), len(calls), cost))
    return tuple(made)


def pipelinewise(ground: Ground, chosen: Any, folder: Path, streams: int, method: str) -> tuple[Counts, ...]:
    """Count what the stand-in is asked, with a stage and a file format that are there; without keys it appends."""
    config = ground.stand_ins.configs["snowflake"]
    schema = f"MANY_PW_{method[:2].upper()}_{streams}"
    connection = _connected(config)
    query = connection.cursor().execute
    query(f"CREATE SCHEMA {schema}")
    query(
        f"CREATE STAGE {schema}.PW URL = 's3://{config['s3_bucket']}/' "
        f"STORAGE_INTEGRATION = {config['storage_integration']}"
    )
    query(f"CREATE FILE FORMAT {schema}.FF TYPE = CSV ESCAPE = '\\\\' FIELD_OPTIONALLY_ENCLOSED_BY = '\"'")
    connection.close()
    names = ("account", "user", "password", "role", "warehouse", "s3_bucket", "s3_endpoint_url")
    settings = {name: config[name] for name in (*names, "aws_access_key_id", "aws_secret_access_key")}
    settings |= {"dbname": config["database"], "default_target_schema": schema, "stage": f"{schema}.PW"}
    settings |= {"file_format": f"{schema}.FF", "s3_key_prefix": f"many/{schema}/"}
    settings |= {"primary_key_required": False}
    path = folder / f"{schema}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(settings))
    at = json.dumps({name: config[name] for name in ("host", "port", "protocol")})
    python = str(peers.environment(PEERS["pipelinewise"]) / "bin" / "python")
    command = [python, "-W", "ignore", "-c", START, at, "--config", str(path)]
    variables = {"AWS_ENDPOINT_URL": config["s3_endpoint_url"], "AWS_DEFAULT_REGION": config["s3_region"]}
    made = []
    for number in range(2):
        source = write_messages(folder, chosen, streams, number, prefix="public-", keyed=method == "upsert")
        made.append(ground.counted("snowflake", command, source, chosen, variables))
    return tuple(made)


def _connected(config: dict[str, Any]) -> Any:
    import snowflake.connector

    names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
    return snowflake.connector.connect(
        **{name: config[name] for name in names}, enable_server_session_keep_alive_auto_detection=False
    )
