"""The embedded AWS's own process: ministack behind its guard, which ends with its starter.

Its standard input is a pipe without a writer. The pipe closes when the starter ends, for whatever
reason, and then ministack stops as gracefully as on a signal: it writes its state.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from ministack import app as ministack

from rollcall_infra.local.emulator_cognito import follow_amazon
from rollcall_infra.local.emulator_guard import EmulatorGuard
from rollcall_infra.local.emulator_mail import publish_mail_events


def _stop_at_end_of_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    # Without them ministack would accept keys that everyone knows.
    if not (os.environ["AWS_ACCESS_KEY_ID"] and os.environ["AWS_SECRET_ACCESS_KEY"]):
        sys.exit("The embedded AWS needs keys of its own.")
    threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    follow_amazon()
    publish_mail_events()
    origins = frozenset(os.environ.pop("EMULATOR_ORIGINS").split())
    ministack.app = EmulatorGuard(ministack.app, origins)
    ministack.main()
