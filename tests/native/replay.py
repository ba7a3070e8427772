"""The corpus of the fuzz of the native pass, once more, by whatever compiler with sanitisers the machine has.

`python -m tests.native.replay` says which lines of the native pass the corpus comes to, as gcov counts them; the names
of other folders of inputs may follow.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).parent.parent.parent
CORPUS = Path(__file__).with_name("corpus")
NATIVE = TOP / "singer-bulk" / "native"
SOURCES = [Path(__file__).with_name("fuzz_rows.c"), *sorted(NATIVE.glob("*.c"))]
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


class NoSanitizers(Exception):
    """This machine has no C compiler, or one without sanitisers."""


def built(folder: Path, options: Sequence[str] = ("-O0", "-g", *SANITIZERS)) -> Path:
    """Return the program that replays inputs, made in the folder; raises NoSanitizers."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoSanitizers("no cc")
    made = folder / "replay"
    command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-DREPLAY", *options, "-o", made, *SOURCES]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and "-fsanitize" in " ".join(options) and _is_without(compiler, folder):
        raise NoSanitizers(f"{compiler} has no address sanitizer")
    if done.returncode:
        raise AssertionError(done.stderr)
    return made


def _is_without(compiler: str, folder: Path) -> bool:
    """Return whether the compiler makes no program at all with the sanitisers."""
    source = folder / "nothing.c"
    source.write_text("int main(void) { return 0; }\n")
    command = [compiler, *SANITIZERS, "-o", folder / "nothing", source]
    return bool(subprocess.run(command, capture_output=True, check=False).returncode)


def main() -> None:
    """Print the coverage of each file, and the lines that no input comes to."""
    folders = [CORPUS, *map(Path, sys.argv[1:])]
    inputs = [path.resolve() for folder in folders for path in sorted(folder.iterdir())]
    with tempfile.TemporaryDirectory() as made:
        program = built(Path(made), ("-O0", "--coverage"))
        for first in range(0, len(inputs), 1000):
            subprocess.run([program, *inputs[first : first + 1000]], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["gcov", *Path(made).glob("*.gcda")], cwd=made, check=True, stdout=subprocess.DEVNULL)
        print(f"{len(inputs)} inputs")
        for source in SOURCES[1:]:
            lines = [line.split(":", 2) for line in (Path(made) / f"{source.name}.gcov").read_text().splitlines()]
            counted = [line for line in lines if line[0].strip() != "-"]
            missed = [line for line in counted if line[0].strip() in ("#####", "=====")]
            print(f"{source.name}: {len(counted) - len(missed)} of {len(counted)} lines")
            for _, number, text in missed:
                print(f"  {number.strip()} {text}")


if __name__ == "__main__":
    main()
