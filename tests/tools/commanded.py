# SPDX-License-Identifier: BSD-3-Clause
#
# The command `sunder` in a folder of a test's own, and the scenarios that several tests give to it.
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HEAD = """\
scenario: A test of the command
cluster:
  policy: datakeeper/faithful
  nodes: {server1: {}, server2: {}}
  network: [{link: [server1, server2], latency: 200 us, bandwidth: 1 Gbit/s}]
  mirrors: {datarep: {size: 1 MiB, on: [server1, server2]}}
"""
GOOD = HEAD + "steps:\n  - wait: {mirror: datarep, is: fully operational}\n"
MATRIX = HEAD + "matrix: {mode: [synchronous, asynchronous]}\n" + GOOD[len(HEAD):]
FAILING = GOOD + "  - wait: {resource: datarep, in_service: server2, within: 5 s}\n"
ARRAY = """\
scenario: A test of arrays
cluster:
  arrays:
    array1:
      profile: eva-xcs6
      disk_groups: {dg1: {capacity: 64 MiB}, dg2: {capacity: 64 MiB}}
      volumes: {data: {size: 1 MiB, group: dg1, vraid: 1}}
workload: [{on: array1, volume: data, write: random, rate: 200/s, started: no}]
steps: [start_workload: array1]
"""
BROKEN = HEAD.replace("mirrors", "mirors").replace("server2: {}", "server1: {}") + "steps: []\n"


class Commanded(unittest.TestCase):
    command = ""  # its path, as the test was called with it

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, text, name="test.yaml"):
        path = Path(self.folder.name) / name
        path.write_text(text)
        return str(path)

    def sunder(self, *arguments):
        return subprocess.run([self.command, *arguments], capture_output=True, text=True,
                              timeout=60)


def main():
    Commanded.command = sys.argv.pop(1)
    unittest.main()
