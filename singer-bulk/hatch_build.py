"""What is in a wheel of singer-bulk beside the Python modules: the native library, if there can be one.

hatchling calls this for wheels and for editable installs. What is compiled, how, and what the variable
SINGER_BULK_NATIVE says of it: native/build.py.

A wheel takes its library from a folder of the build's own, so that wheels of other platforms can be built in a checkout
that is in use; an editable install gets it into the checkout, which is where it is loaded from.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
from native import build


class NativeLibrary(BuildHookInterface):
    """The build hook `custom` of pyproject.toml."""

    PLUGIN_NAME = "custom"
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """Return what the front end (pip, uv) has to install into the environment of the build."""
        return build.requirements()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say where the library belongs and which platform it binds the wheel to."""
        self._folder = tempfile.TemporaryDirectory(prefix="singer-bulk-")
        built = build.build(Path(self._folder.name))
        if version == "editable":
            build.install(built)
        elif built is not None:
            build_data["force_include"][str(built.path)] = f"singer_bulk/encode/{built.path.name}"
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{built.platforms}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder of the build."""
        if self._folder is not None:
            self._folder.cleanup()
