"""The process of the embedded AWS: ministack, which stops when its parent process ends.

Its standard input is a pipe that is never written to. The pipe closes when the parent ends for any
reason. Then ministack stops gracefully, as on a signal, and writes its state.
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
