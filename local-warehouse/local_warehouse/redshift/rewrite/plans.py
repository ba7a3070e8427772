"""How one statement is carried out."""

from __future__ import annotations

from dataclasses import dataclass, field

from local_warehouse.redshift.grammar.copy_statement import Copy


@dataclass
class Plan:
    """What the backend runs for one statement of a client.

    `before`, `sqls` and nothing else go to the backend together; the client sees the answer of `sqls[0]` alone.
    A statement with `outside_block` is refused in a transaction block with that text; one that `commits`
    ends the block it runs in. `tag` replaces the command tag. `tables` are the names it reads or writes.
    """

    sqls: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    copy: Copy | None = None
    outside_block: str = ""
    commits: bool = False
    setting: tuple[str, str] | None = None
    uses_last_copy: bool = False
    tag: str = ""
    tables: list[str] = field(default_factory=list)
    late_view: str = ""
    catalog_only: bool = False  # reads system tables and nothing else
    changes_catalog: bool = False
    after: list[str] = field(default_factory=list)  # runs by itself once the statement succeeded
    refusal: str = ""  # refused as not supported, unless something else refuses it first
