# SPDX-License-Identifier: BSD-3-Clause
#
# What the tests of served arrays share: an array of a file, a process that serves it, and hosts of
# it. Needs Debian's own Python, which has libnbd's binding.
import json
import os
import select
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SUNDER = ""
PATIENCE = 60  # seconds; what takes longer hangs

ARRAY = """\
array: eva1
profile: eva-p6000
{store}listen: {{socket: nbd.sock}}
disk_groups:
  dg1: {{capacity: 4 GiB}}
  dg2: {{capacity: 4 GiB}}
  small: {{capacity: 2 MiB}}
volumes:
  data: {{group: dg1, size: 256 MiB}}
  log: {{group: dg2, size: 64 MiB, vraid: vraid1}}
  thin: {{group: small, size: 64 MiB, vraid: vraid0, thin: yes}}
hosts:
  web1:
    - {{volume: data, lun: 1}}
    - {{volume: log, lun: 2, access: read-only}}
    - {{volume: thin, lun: 3}}
"""


def until(what, true, tell=lambda: ""):
    """Waits for a state of another process, which cannot wake us; `tell` says why it never came."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"it never came true: {what}\n{tell()}")
        select.select([], [], [], 0.005)


class Served(unittest.TestCase):
    store = None  # a folder's name, or memory
    text = ARRAY

    def setUp(self):
        # Short: paths of Unix sockets have at most 107 characters.
        folder = tempfile.TemporaryDirectory(prefix="sunder", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "array.yaml"
        store = f"store: {self.store}\n" if self.store else ""
        self.file.write_text(self.text.format(store=store))
        self.server = None
        self.serve()
        self.addCleanup(self.stop)

    def serve(self):
        pidfile = self.folder / "pid"
        pidfile.unlink(missing_ok=True)
        with open(self.folder / "log", "ab") as log:
            self.server = subprocess.Popen(
                [SUNDER, "serve", str(self.file), "--pidfile", str(pidfile)],
                stdout=log, stderr=log)
        until("it serves", lambda: pidfile.exists() or self.server.poll() is not None)
        self.assertIsNone(self.server.poll(), self.log())

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self, how=signal.SIGTERM):
        if self.server is None:
            return
        self.server.send_signal(how)
        self.server.wait(PATIENCE)
        self.server = None

    def uri(self, export):
        return f"nbd+unix:///{export}?socket={self.folder}/nbd.sock"

    def ask(self, *words):
        return subprocess.run(
            [SUNDER, "array", "--control", str(self.folder / "eva1.control"), *words],
            capture_output=True, text=True, timeout=PATIENCE)

    def say(self, *words):
        said = self.ask(*words)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        return said.stdout

    def show(self):
        return json.loads(self.say("show", "--json"))

    def volume(self, name):
        return next(v for v in self.show()["volumes"] if v["name"] == name)

    def connect(self, export, strict=True):
        import nbd
        host = nbd.NBD()
        if not strict:
            host.set_strict_mode(0)
        host.add_meta_context(nbd.CONTEXT_BASE_ALLOCATION)
        host.connect_uri(self.uri(export))
        return host

    def run_tool(self, *words, expect=0):
        ran = subprocess.run(words, capture_output=True, text=True, timeout=600,
                             cwd=self.folder)
        self.assertEqual(ran.returncode, expect, f"{words}\n{ran.stdout}{ran.stderr}")
        return ran.stdout


def main(module_arguments):
    """Called with the path of the built `sunder`."""
    global SUNDER
    SUNDER = os.path.abspath(module_arguments.pop(1))
    unittest.main(module="__main__", argv=module_arguments)
