"""What a connector brings to a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from singer_bulk.model.file_format import FileFormat, FileLayout
from singer_bulk.stage.base import Stage
from singer_bulk.warehouse.session import Warehouse


@dataclass(frozen=True)
class Connector:
    """The warehouse and the stage of a configuration, and how files for them look.

    `layout` is called once, and may ask the warehouse. namespace: the warehouse as OpenLineage names it.
    """

    warehouse: Warehouse
    stage: Stage
    file_format: Callable[[], FileFormat]
    layout: Callable[[Warehouse], FileLayout]
    namespace: str = ""
    database: str = ""
