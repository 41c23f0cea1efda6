"""The embedded AWS's own process: ministack, which ends with the one who started it.

Its standard input is a pipe that nobody writes to. The pipe closes when the starter ends, however
that comes about, and then ministack stops as gracefully as on a signal: it writes its state.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from ministack.app import main


def _stop_at_end_of_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    main()
