"""Who ends PostgreSQL when the server was killed?  This process, run by path with the standard library alone.

Its standard input is a pipe from the server. At end of file, or when PostgreSQL ends, it stops PostgreSQL
at once and removes the directory and the shared memory. Arguments: directory, user id or -1, group id,
then PostgreSQL's command.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading


def main(directory: str, user: int, group: int, command: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    identity = {"user": user, "group": group, "extra_groups": []} if user >= 0 else {}
    server = subprocess.Popen(  # type: ignore[call-overload]
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=sys.stderr, cwd="/", **identity
    )
    print(server.pid, flush=True)  # noqa: T201
    threading.Thread(target=_stop_at_end_of_file, args=(server,), daemon=True).start()
    server.wait()
    free_shared_memory(os.path.join(directory, "data"))
    shutil.rmtree(directory, ignore_errors=True)
    return 0


def free_shared_memory(data: str) -> None:
    """Remove the System V segment of a PostgreSQL that was killed; its id stands in postmaster.pid, line 7.

    https://www.postgresql.org/docs/18/storage-file-layout.html
    """
    try:
        with open(os.path.join(data, "postmaster.pid")) as file:
            segment = int(file.read().splitlines()[6].split()[1])
    except (OSError, IndexError, ValueError):
        return  # it ended in good order, or had not come so far
    ipc_rmid = 0
    ctypes.CDLL(None).shmctl(segment, ipc_rmid, None)


def _stop_at_end_of_file(server: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 1024):
        pass
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
