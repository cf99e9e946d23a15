#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Shoots a node of a test, as a node's file asks for it: fence.py FOLDER VICTIM. It kills the
# process in FOLDER/VICTIM.pid, and says with 0 that it is certainly dead. Where there is no such
# file nothing is known, and it fails.
import os
import select
import signal
import sys
from pathlib import Path

# Nothing of the node's is open in what it began: who outlives a node must keep none of its sockets.
for name in os.listdir("/proc/self/fd"):
    if int(name) > 2 and os.path.exists(f"/proc/self/fd/{name}"):
        sys.exit(f"fence.py: {os.readlink(f'/proc/self/fd/{name}')} is open")

folder, victim = Path(sys.argv[1]), sys.argv[2]
pid = int((folder / f"{victim}.pid").read_text())
try:
    handle = os.pidfd_open(pid)
except ProcessLookupError:
    sys.exit(0)  # it has died before
serves = Path(f"/proc/{pid}/cmdline").read_bytes()
if serves and str(folder).encode() not in serves:
    sys.exit(0)  # another process has its number by now
signal.pidfd_send_signal(handle, signal.SIGKILL)
# Readable when its last thread is gone; a process of which only its first thread is gone may write.
sys.exit(0 if select.select([handle], [], [], 10)[0] else 1)
