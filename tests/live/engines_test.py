#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Scenarios that real nodes play: what the command says of them, beside the other engines, and that
# nothing is left behind.
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import served

HEAD = """\
scenario: A test of engines
cluster:
  policy: datakeeper/faithful
  nodes: {server1: {}, server2: {}}
  network: [{link: [server1, server2], latency: 200 us, bandwidth: 1 Gbit/s}]
  mirrors: {datarep: {size: 1 MiB, on: [server1, server2]}}
workload: [{on: datarep, write: random, block: 4 KiB, rate: 50/s}]
steps:
  - wait: {mirror: datarep, is: fully operational}
  - pass: 2 s
"""
GOOD = HEAD + """\
  - crash: server1
  - wait: {resource: datarep, in_service: server2, within: 60 s}
expect: {sometimes: [failover]}
"""
# Nobody has parted them.
WRONG = HEAD + "  - wait: {mirror: datarep, is: split brain, within: 1 s}\n"
NEVER = HEAD + "expect: {sometimes: [failover]}\n"
# A database that fails for good takes its mirror along.
ABOVE = HEAD.replace("workload", """\
  resources:
    data: {type: file_system, needs: [datarep]}
    db: {type: application, needs: [data], check: 10 s}
workload""") + """\
  - wait: {resource: db, in_service: server1}
  - fail_resource: {resource: db, on: server1, operations: [run, recovery]}
  - wait: {resource: db, state: failed, on: server1}
  - wait: {resource: db, in_service: server2}
  - hold: {for: 5 s, resource: data, in_service: server2}
expect: {sometimes: [resource_failed, hierarchy_in_service, switchover]}
"""
STOPPED = ABOVE.replace("on: server1, operations: [run, recovery]", "on: server2")
EDITED = ABOVE.replace("check: 10 s}", """check: 10 s}
    web: {type: application, needs: [data], created: no}""")


class Engines(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_it(self, text, *options):
        path = self.folder / "test.yaml"
        path.write_text(text)
        return subprocess.run([served.SUNDER, "run", str(path), *options], capture_output=True,
                              text=True, timeout=300)

    def test_what_holds_is_told_like_a_simulated_run(self):
        run = self.run_it(GOOD, "--engine", "live", "--speed", "20")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("1 passed, 0 failed, 0 skipped", run.stdout)
        self.assertRegex(run.stdout, r"[1-9][0-9]* requests acknowledged, 2 times in service")

    def test_what_does_not_come_true_is_told_with_what_is_so_instead(self):
        run = self.run_it(WRONG, "--engine", "live", "--speed", "20")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("did not come true", run.stdout)
        self.assertIn("instead: server1 has it in service", run.stdout)
        self.assertIn("replay: sunder run --engine live", run.stdout)

    def test_a_scenario_that_proves_nothing_fails(self):
        run = self.run_it(NEVER, "--engine", "live", "--speed", "20")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("NEVER REACHED failover", run.stdout)

    def test_what_stands_on_a_mirror_is_programs(self):
        run = self.run_it(ABOVE, "--engine", "live", "--speed", "10")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("1 passed, 0 failed, 0 skipped", run.stdout)

    def test_what_does_not_run_cannot_fail(self):
        run = self.run_it(STOPPED, "--engine", "live", "--speed", "10")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("db does not run on server2", run.stdout)

    def test_a_skip_is_named(self):
        run = self.run_it(EDITED, "--engine", "live")
        self.assertIn("what stands on a mirror is changed while it runs", run.stdout)
        self.assertIn("1 skipped", run.stdout)

    def test_what_nodes_left_can_be_kept_and_replayed(self):
        run = self.run_it(GOOD, "--engine", "live", "--speed", "20", "--keep")
        kept = re.search(r"kept: (\S+)", run.stdout)
        self.assertIsNotNone(kept, run.stdout)
        folder = Path(kept.group(1))
        self.addCleanup(subprocess.run, ["rm", "-r", str(folder)])
        for node in ("server1", "server2"):
            self.assertTrue((folder / f"{node}.log").stat().st_size > 0)
            again = subprocess.run([served.SUNDER, "replay", str(folder / f"{node}.recordings")],
                                   capture_output=True, text=True, timeout=60)
            self.assertEqual(again.returncode, 0, again.stdout + again.stderr)

    def test_all_engines_have_a_column(self):
        junit = self.folder / "all.xml"
        run = self.run_it(GOOD + "bounded: {writes: 1}\n", "--engine", "all", "--speed", "20",
                          "--junit", str(junit))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"test.yaml +held +proved +held")
        self.assertIn("0 on which engines disagree, 0 violated, 0 not played live", run.stdout)
        self.assertEqual(re.findall(r"/ (sim|exhaust|live)\b", junit.read_text()),
                         ["sim", "exhaust", "live"])
        run = self.run_it(WRONG, "--engine", "all", "--speed", "20")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"test.yaml +VIOLATED +skipped +VIOLATED")
        self.assertIn("0 on which engines disagree, 1 violated", run.stdout)

    def test_who_interrupts_it_leaves_no_node_and_no_folder_behind(self):
        path = self.folder / "test.yaml"
        path.write_text(GOOD)
        run = subprocess.Popen(
            [served.SUNDER, "run", str(path), "--engine", "live", "--speed", "1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.stderr.close)
        self.addCleanup(run.kill)

        def nodes():
            found = {}
            for task in Path(f"/proc/{run.pid}/task").glob("*/children"):
                for child in task.read_text().split():
                    words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
                    if "--unix" in words:
                        found[child] = Path(words[words.index("--unix") + 1]).parent
            return found

        served.until("both nodes run", lambda: len(nodes()) == 2)
        left = nodes()
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(served.PATIENCE), 3)
        self.assertIn("stopped before its end", run.stderr.read())
        for node, folder in left.items():
            self.assertFalse(Path(f"/proc/{node}").exists())
            self.assertFalse(folder.exists())

    def test_a_plugin_that_is_not_there_is_named(self):
        run = self.run_it(GOOD, "--engine", "live", "--plugin", "/nowhere/plugin.so")
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("/nowhere/plugin.so", run.stdout)


if __name__ == "__main__":
    served.main(sys.argv)
