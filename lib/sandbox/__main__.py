"""The child process. Not for people to start.

Loading takes seconds. Until it is done nobody reads the socket, so a thread waits for the other side to close it.
"""

from __future__ import annotations

import os
import select
import threading
from functools import partial


def _main() -> None:
    end, loading = os.pipe()
    # Of its own: standard input soon points elsewhere.
    waiting = threading.Thread(target=_leave_when_closed, args=(os.dup(0), end), daemon=True)
    waiting.start()

    from lib.sandbox import child  # what takes seconds

    child.main(partial(_loaded, loading, waiting))


def _leave_when_closed(socket: int, end: int) -> None:
    """End this process if the other side closes the socket before we close the pipe."""
    poll = select.poll()
    for one in (socket, end):
        poll.register(one, 0)  # for nothing but a hang-up
    if any(one == socket for one, _ in poll.poll()):
        os._exit(0)
    os.close(socket)
    os.close(end)


def _loaded(loading: int, waiting: threading.Thread) -> None:
    os.close(loading)
    waiting.join()


_main()
