#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The command `sunder` as a user meets it: exit status, words, files for CI. Called with the path
# of the built command; its scenarios are made here.
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree
from pathlib import Path

SUNDER = ""

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


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, text, name="test.yaml"):
        path = Path(self.folder.name) / name
        path.write_text(text)
        return str(path)

    def sunder(self, *arguments):
        return subprocess.run([SUNDER, *arguments], capture_output=True, text=True, timeout=60)

    def test_the_schema_of_node_files_that_editors_use_is_current(self):
        """SUNDER_REWRITE=1 makes it so."""
        path = Path(__file__).parents[2] / "nodes/live/node.schema.json"
        schema = self.sunder("schema", "--node").stdout
        if os.environ.get("SUNDER_REWRITE"):
            path.write_text(schema)
        self.assertEqual(path.read_text(), schema, "SUNDER_REWRITE=1 writes it anew")
        self.assertEqual(json.loads(schema)["title"], "Sunder node")

    def test_what_held_is_told_and_exits_with_0(self):
        run = self.sunder("run", self.write(GOOD))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("server1    datarep IN SERVICE", run.stdout)
        self.assertIn("1 passed, 0 failed", run.stdout)

    def test_what_failed_exits_with_1_and_says_where_why_and_how_to_see_it_again(self):
        path = self.write(FAILING)
        run = self.sunder("run", path, "--quiet")
        self.assertEqual(run.returncode, 1)
        self.assertIn(f"{path}:9:5: did not come true", run.stdout)
        self.assertIn("the peer has it in service (peer_is_source: R3)", run.stdout)
        self.assertIn(f"replay: tools/run run {path} --seed 1 --explain", run.stdout)

    def test_what_is_no_recording_is_not_replayed(self):
        for path, words in [
            (self.write("recording"), "this is no recording"),
            (self.folder.name, "no recording is in this folder"),
            (self.folder.name + "/none", "No such file or directory"),
        ]:
            run = self.sunder("replay", path)
            self.assertEqual(run.returncode, 3, run.stdout + run.stderr)
            self.assertIn(words, run.stderr)

    def test_a_file_that_is_wrong_exits_with_3_and_runs_nothing(self):
        for command in ("run", "check"):
            run = self.sunder(command, self.write(BROKEN), self.write(GOOD, "good.yaml"))
            self.assertEqual(run.returncode, 3)
            self.assertIn("did you mean 'mirrors'", run.stderr)
            self.assertIn("test.yaml:4:", run.stderr)
            self.assertNotIn("IN SERVICE", run.stdout)

    def test_paths_that_lead_nowhere_and_bad_options_exit_with_3(self):
        path = self.write(GOOD)
        for arguments in (["run", "no/file"], ["run"], ["run", path, "--seeds", "0"], ["fly"], []):
            self.assertEqual(self.sunder(*arguments).returncode, 3, arguments)
        nowhere = self.sunder("run", "no/file")
        self.assertIn("neither a scenario file nor a folder", nowhere.stderr)

    def test_a_mirror_may_have_eight_copies_and_no_more(self):
        def several(copies):
            names = [f"server{n + 1}" for n in range(copies)]
            return f"""
scenario: Many copies
about: A test of the command.
source: none
cluster:
  policy: datakeeper/faithful
  nodes: {{{", ".join(name + ": {}" for name in names)}}}
  switches: [lan]
  network: [{", ".join(f"{{link: [{name}, lan], latency: 100 us, bandwidth: 1 Gbit/s}}"
                       for name in names)}]
  mirrors: {{datarep: {{size: 1 MiB, on: [{", ".join(names)}]}}}}
steps: [{{wait: {{mirror: datarep, is: fully operational}}}}]
"""
        eight = self.sunder("run", self.write(several(8)))
        self.assertEqual(eight.returncode, 0, eight.stdout + eight.stderr)
        self.assertEqual(eight.stdout.count("mirrors to server"), 7)
        nine = self.sunder("run", self.write(several(9)))
        self.assertEqual(nine.returncode, 3, nine.stdout + nine.stderr)
        self.assertIn("test.yaml:", nine.stderr)

    def test_a_hundred_nodes_with_fifty_mirrors_run(self):
        nodes = ", ".join(f"node{n}: {{}}" for n in range(100))
        links = ", ".join(f"{{link: [node{n}, lan], latency: 100 us, bandwidth: 1 Gbit/s}}"
                          for n in range(100))
        mirrors = ", ".join(f"mirror{m}: {{size: 1 MiB, on: [node{2 * m}, node{2 * m + 1}]}}"
                            for m in range(50))
        waits = "\n".join(f"  - wait: {{mirror: mirror{m}, is: fully operational}}"
                          for m in range(50))
        run = self.sunder("run", "--quiet", self.write(f"""
scenario: Fifty pairs
about: A test of the command.
source: none
cluster:
  policy: datakeeper/faithful
  nodes: {{{nodes}}}
  switches: [lan]
  network: [{links}]
  mirrors: {{{mirrors}}}
steps:
{waits}
  - crash: node98
  - wait: {{resource: mirror49, in_service: node99, within: 60 s}}
expect:
  finally:
    - {{resource: mirror0, in_service: node0}}
"""))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("51 times in service", run.stdout)

    def test_check_and_list_run_nothing(self):
        path = self.write(MATRIX)
        check = self.sunder("check", path)
        self.assertEqual((check.returncode, check.stdout), (0, "1 file, 2 cases, nothing wrong\n"))
        listed = self.sunder("list", path)
        self.assertEqual(listed.returncode, 0)
        self.assertIn("mode=asynchronous", listed.stdout)

    def test_one_case_can_be_chosen(self):
        path = self.write(MATRIX)
        self.assertIn("1 passed", self.sunder("run", path, "--case", "mode=asynchronous").stdout)
        wrong = self.sunder("run", path, "--case", "mode=sideways")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("no case is called", wrong.stderr)

    def test_junit_has_a_testcase_per_case_with_the_explanation_of_a_failure(self):
        report = str(Path(self.folder.name) / "junit.xml")
        self.sunder("run", self.write(FAILING), self.write(MATRIX, "other.yaml"), "--junit", report)
        suite = xml.etree.ElementTree.parse(report).getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("3", "1"))
        failure = suite.find("testcase/failure")
        self.assertIn("instead: after 5 s: server1 holds up to date data", failure.text)
        self.assertIn("replay: ", failure.text)

    def test_json_says_the_same_for_machines(self):
        report = Path(self.folder.name) / "report.json"
        self.sunder("run", self.write(MATRIX), "--seeds", "3", "--json", str(report))
        cases = json.loads(report.read_text())
        self.assertEqual([case["case"]["mode"] for case in cases], ["synchronous", "asynchronous"])
        self.assertTrue(all(case["good"] and case["runs"] == 3 for case in cases))

    def test_recovery_is_judged_over_seeds_and_the_worst_seed_can_be_seen(self):
        outage = GOOD + ("  - crash: server1\n"
                         "  - wait: {resource: datarep, in_service: server2}\n")
        report = Path(self.folder.name) / "report.json"
        aims = outage + "expect: {rto: {p50: 15 s, max: 16 s}, rpo: {max: 0 writes}}\n"
        run = self.sunder("run", self.write(aims), "--quiet", "--seeds", "40", "--json",
                          str(report))
        self.assertEqual(run.returncode, 0, run.stdout)
        recovery = json.loads(report.read_text())[0]["recovery"]
        self.assertEqual(recovery["outages"], 40)
        self.assertIn("recovery time: 40 outages, p50 ", run.stdout)
        path = self.write(outage + "expect: {rto: {max: 12 s}}\n", "slow.yaml")
        run = self.sunder("run", path, "--quiet", "--seeds", "40")
        self.assertEqual(run.returncode, 1)
        worst = recovery["seconds"]["worst_seed"]
        self.assertIn(f"expected at most 12 s; worst in seed {worst}\n", run.stdout)
        self.assertIn(f"replay: tools/run run {path} --seed {worst} --explain", run.stdout)

    def play(self, words, *options):
        return subprocess.run([SUNDER, "play", self.write(GOOD), *options],
                              input="\n".join(words) + "\n", capture_output=True, text=True,
                              timeout=60, cwd=self.folder.name)

    def test_a_drill_is_saved_as_a_scenario_that_replays(self):
        drill = self.play(["next", "wait: {mirror: datarep, is: fully operational}",
                           "crash server1", "next", "n", "30 s", "write datarep 64 KiB",
                           "cut server1 server2", "restart server1", "7 s", "heal server1 server2",
                           "wait: {mirror: datarep, is: fully operational}", "quit"])
        self.assertEqual(drill.returncode, 0, drill.stdout + drill.stderr)
        told = [line for line in drill.stdout.splitlines() if " s  server" in line]
        self.assertIn("server2    datarep IN SERVICE", drill.stdout)
        replay = self.sunder("run", str(Path(self.folder.name) / "drill.yaml"))
        self.assertEqual(replay.returncode, 0, replay.stdout)
        narration = [line.strip() for line in replay.stdout.splitlines() if " s  server" in line]
        self.assertGreater(len(told), 20)
        self.assertEqual(narration, [line.strip() for line in told])

    def test_a_drill_may_have_volumes_and_workloads_that_wait(self):
        text = GOOD.replace("size: 1 MiB", "volumes: {log: 512 KiB, data: 512 KiB}")
        self.assertIn("volumes", text)
        workload = ("workload: [{on: datarep, volume: log, write: random, block: 4 KiB, "
                    "rate: 100/s, started: no}]\n")
        text = text.replace("steps:", workload + "steps:\n  - start_workload: datarep", 1)
        path = self.write(text)
        words = ["wait: {mirror: datarep, is: fully operational}", "write datarep/data 4 KiB 8 KiB",
                 "save idle.yaml", "start_workload: datarep", "5 s", "save busy.yaml"]
        drill = subprocess.run([SUNDER, "play", path], cwd=self.folder.name, text=True,
                               input="\n".join(words), capture_output=True, timeout=60)
        self.assertEqual(drill.returncode, 0, drill.stdout + drill.stderr)
        self.assertNotIn("no step starts", drill.stdout)
        for name, busy in (("idle.yaml", False), ("busy.yaml", True)):
            saved = Path(self.folder.name) / name
            self.assertIn("volume: data, at: 4 KiB, length: 8 KiB", saved.read_text())
            self.assertEqual("started: no" in saved.read_text(), busy)
            replay = self.sunder("run", str(saved))
            self.assertEqual(replay.returncode, 0, replay.stdout + replay.stderr)

    def test_a_drill_may_have_arrays(self):
        words = ["add_snapshot: {array: array1, name: monday, source: data}", "next", "why",
                 "add_snapclone: {array: array1, name: clone, source: data}",
                 "start_workload: array1", "next", "power_cut array1", "power_on array1",
                 "delete_volume: {array: array1, name: monday}", "undo", "status", "save"]
        drill = subprocess.run([SUNDER, "play", self.write(ARRAY)], cwd=self.folder.name,
                               input="\n".join(words), capture_output=True, text=True, timeout=60)
        self.assertEqual(drill.returncode, 0, drill.stdout + drill.stderr)
        for word in ("OPERATOR makes snapshot monday", "refused by clone_source_has_snapshot",
                     "nothing to tell until", "array1     LOSES POWER",
                     "data independent; monday snapshot", "arrays decide nothing"):
            self.assertIn(word, drill.stdout)
        replay = self.sunder("run", str(Path(self.folder.name) / "drill.yaml"))
        self.assertEqual(replay.returncode, 0, replay.stdout + replay.stderr)

    def test_what_leaves_arrays_out_says_so(self):
        path = self.write(ARRAY)
        search = self.sunder("run", "--engine", "exhaust", path)
        self.assertIn(f"skipped: {path} has arrays, which are not searched", search.stdout)
        campaign = self.sunder("explore", path, "--runs", "1")
        self.assertIn(f"skipped: {path} has arrays, which are not searched", campaign.stdout)
        self.assertEqual(campaign.returncode, 3)

    def test_a_file_that_is_named_twice_is_run_once(self):
        path = self.write(GOOD)
        run = self.sunder("run", path, self.folder.name, path)
        self.assertIn("1 passed, 0 failed", run.stdout, run.stderr)

    def test_what_a_drill_refuses_leaves_it_as_it_was(self):
        drill = self.play(["10 s", "crash server3", "crash server1", "crash server1", "fly",
                           "force datarep server1", "move datarep server2", "why server2", "steps",
                           "undo", "undo", "undo", "steps", "why server9", "save"])
        self.assertEqual(drill.returncode, 0, drill.stderr)
        for word in ("there is no node 'server3'", "'server1' is crashed here",
                     "a step has no key 'fly'", "server1 is down",
                     "it was refused by source_unreachable", "    on these facts: ",
                     "  - crash: server1\n", "taken back: crash: server1; it is 10 s again",
                     "there is no node 'server9'; there are server1, server2",
                     "nothing was done yet, so there is nothing to save"):
            self.assertIn(word, drill.stdout)
        self.assertFalse((Path(self.folder.name) / "drill.yaml").exists())

    def test_a_drill_overwrites_neither_its_scenario_nor_an_earlier_drill(self):
        for _ in range(2):
            self.play(["5 s", "quit"])
        self.assertTrue((Path(self.folder.name) / "drill-2.yaml").exists())
        drill = self.play(["5 s", "quit"], "--output", "test.yaml")
        self.assertEqual(drill.returncode, 3)
        self.assertIn("test.yaml is the scenario itself", drill.stderr)

    def test_a_run_is_the_same_with_any_number_of_jobs(self):
        path = self.write(MATRIX)
        hashes = set()
        for jobs in ("1", "4"):
            report = Path(self.folder.name) / f"{jobs}.json"
            self.sunder("run", path, "--seeds", "8", "--jobs", jobs, "--json", str(report))
            hashes.add(tuple(case["trace_hash"] for case in json.loads(report.read_text())))
        self.assertEqual(len(hashes), 1)

    def test_a_trace_has_a_column_per_node(self):
        trace = Path(self.folder.name) / "trace.txt"
        self.assertEqual(self.sunder("run", self.write(GOOD), "--trace", str(trace)).returncode, 0)
        lines = trace.read_text().splitlines()
        first, second = lines[2].index("server1"), lines[2].index("server2")
        self.assertTrue(any(line[first:].startswith("Su") for line in lines))
        self.assertTrue(any(line[second:].startswith("ti resync from server1") for line in lines))
        many = self.sunder("run", self.write(MATRIX), "--trace", str(trace))
        self.assertEqual(many.returncode, 3)

    def test_explain_gives_the_facts_of_a_decision(self):
        run = self.sunder("run", self.write(GOOD), "--explain")
        facts = "because: last_owner=yes data_corrupt=no contact=reachable peer=not_owner"
        self.assertIn(facts, run.stdout)

    def test_a_bound_is_proved_and_a_short_limit_leaves_it_unknown(self):
        narrow = self.write(GOOD + "bounded: {writes: 2}\n")
        search = ["run", "--engine", "exhaust"]
        proved = self.sunder(*search, "--reduce", "none", "--jobs", "1", narrow)
        self.assertEqual(proved.returncode, 0, proved.stdout + proved.stderr)
        self.assertIn("proved within the bound: all 6383 states", proved.stdout)
        reduced = self.sunder(*search, "--reduce", "all", "--jobs", "2", narrow)
        self.assertEqual(reduced.returncode, 0, reduced.stdout + reduced.stderr)
        self.assertRegex(reduced.stdout, r"all \d+ states with a choice, every order of events")
        in_turn = self.sunder("run", "--engine", "exhaust", "--deviations", "0", narrow)
        self.assertEqual(in_turn.returncode, 0, in_turn.stdout + in_turn.stderr)
        self.assertIn("2 writes, at most 0 deviations", in_turn.stdout)
        self.assertIn("every order so ordinary", in_turn.stdout)
        wide = GOOD + "bounded: {writes: 3, faults: 3}\n"
        unknown = self.sunder("run", "--engine", "exhaust", "--time-limit", "0.2", self.write(wide))
        self.assertEqual(unknown.returncode, 2, unknown.stdout + unknown.stderr)
        self.assertIn("states by depth:", unknown.stdout)
        self.assertIn("stopped by its time limit", unknown.stdout)
        self.assertIn("0 proved, 0 violated, 1 unknown, 0 skipped", unknown.stdout)

    def test_options_of_the_other_engine_and_outputs_that_lose_the_input_are_refused(self):
        path = self.write(GOOD + "bounded: {writes: 1}\n")
        for arguments, words in (
            (["--deviations", "0"], "is of --engine exhaust only"),
            (["--engine", "exhaust", "--trace", "x"], "is of one run"),
            (["--engine", "live", "--trace", "x"], "is of one run"),
            (["--speed", "3"], "is of --engine live only"),
            (["--engine", "live", "--speed", "0"], "not in range"),
            (["--engine", "exhaust", "--counterexample", path], "is the scenario itself"),
            (["--json", path], "is the scenario itself"),
            (["--time-limit", "nan"], "expected a number of seconds such as 60, found 'nan'"),
            (["--memory-limit", "17179869184"], "not in range"),
        ):
            run = self.sunder("run", path, *arguments)
            self.assertEqual(run.returncode, 3, (arguments, run.stdout, run.stderr))
            self.assertIn(words, run.stderr)
        self.assertEqual(Path(path).read_text(), GOOD + "bounded: {writes: 1}\n")

    def test_a_folder_that_cannot_be_read_is_wrong_input(self):
        Path(self.folder.name, "loop").symlink_to("loop")
        Path(self.folder.name, "loop.yaml").symlink_to("loop.yaml")
        run = self.sunder("check", self.folder.name)
        self.assertEqual(run.returncode, 3, run.stdout + run.stderr)
        self.assertIn("there is no scenario", run.stderr)

    def test_a_step_on_a_paused_node_says_that_it_is_paused(self):
        for step in ("ask: {mirror: datarep, on: server1, op: write}",
                     "switch_over: {mirror: datarep, to: server1}",
                     "force_online: {mirror: datarep, on: server1}",
                     "examine_intent_log: {mirror: datarep, on: server1}"):
            run = self.sunder("run", self.write(GOOD + f"  - pause: server1\n  - {step}\n"))
            self.assertEqual(run.returncode, 1, (step, run.stdout, run.stderr))
            self.assertIn("server1 is paused", run.stdout)

    def test_what_cannot_come_to_its_end_is_not_held_against_the_nodes(self):
        broken = HEAD + "steps: [fail_disk: {on: server1, operations: [reads]}, pass: 5 min]\n"
        out = (GOOD + "  - take_out_of_service: {mirror: datarep, on: server1, await: no}\n"
               "  - crash: server1\n  - pass: 5 min\n")
        for text in (broken, out):
            run = self.sunder("run", self.write(text))
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_what_real_nodes_cannot_do_is_skipped_by_name(self):
        disk = self.write(GOOD + "  - slow_disk: {on: server2, factor: 10}\n", "disk.yaml")
        for path, why in ((disk, "its disk is simulated: slow_disk"),
                          (self.write(ARRAY, "array.yaml"), "it has disk arrays")):
            run = self.sunder("run", "--engine", "live", path)
            self.assertEqual(run.returncode, 3, run.stdout + run.stderr)
            self.assertIn(f"skipped: {path}: {why}", run.stdout)
            self.assertIn("0 passed, 0 failed, 1 skipped", run.stdout)

    def test_without_a_bound_there_is_nothing_to_explore(self):
        run = self.sunder("run", "--engine", "exhaust", self.write(GOOD))
        self.assertEqual(run.returncode, 3)
        self.assertIn("add 'bounded:", run.stderr)

    def test_a_failing_scenario_shrinks_to_one_that_fails_alike(self):
        noise = GOOD + "  - pass: 1 s\n  - reset: {between: [server1, server2]}\n  - pass: 1 s\n"
        never = "  - wait: {resource: datarep, in_service: server2, within: 5 s}\n"
        path = self.write(noise + never)
        small = str(Path(self.folder.name) / "small.yaml")
        run = self.sunder("shrink", path, "--output", small)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("0 requests, 0 faults, 1 steps", run.stdout)
        self.assertEqual(self.sunder("run", small).returncode, 1)
        nothing = self.sunder("shrink", self.write(GOOD, "good.yaml"), "--output", small)
        self.assertEqual(nothing.returncode, 3)
        self.assertIn("does not fail under seed 1", nothing.stderr)

    def explore(self, *arguments, **environment):
        return subprocess.run([SUNDER, "explore", *arguments], capture_output=True, text=True,
                              timeout=120, env={"PATH": "/usr/bin:/bin", **environment})

    def test_a_campaign_of_a_number_of_runs_repeats_itself_and_its_shards_merge(self):
        path = self.write(GOOD)
        folder = Path(self.folder.name)
        results = []
        for name in ("one.json", "two.json"):
            run = self.explore(path, "--runs", "40", "--jobs", "2", "--json", str(folder / name),
                               "--findings", str(folder / "found"))
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            results.append({**json.loads((folder / name).read_text()), "seconds": 0})
        self.assertEqual(results[0], results[1])
        self.assertIn("40 runs,", run.stdout)
        self.assertIn("0 findings", run.stdout)
        self.assertIn("marks reached:", run.stdout)
        shards = []
        for index, environment in enumerate((
                {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "7",
                 "SLURM_ARRAY_TASK_MAX": "9", "SLURM_ARRAY_TASK_STEP": "2"},
                {"JOB_COMPLETION_INDEX": "1", "SUNDER_SHARDS": "2"})):
            shards.append(str(folder / f"shard-{index}.json"))
            run = self.explore(path, "--runs", "40", "--jobs", "1", "--json", shards[-1],
                               "--findings", str(folder / "found"), **environment)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        merged = folder / "merged.json"
        run = self.sunder("report", "merge", *shards, "--json", str(merged))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        all_of_them = json.loads(merged.read_text())
        self.assertEqual(all_of_them["shards"], ["1/2", "2/2"])
        self.assertEqual(all_of_them["cases"], results[0]["cases"])
        lonely = self.sunder("report", "merge", shards[0])
        self.assertEqual(lonely.returncode, 0)
        self.assertIn("1 of 2 shards: 1/2", lonely.stdout)
        run = self.explore(path, "--runs", "1", "--jobs", "1", "--shard", "3/3", "--json",
                           str(folder / "other.json"))
        self.assertIn("nothing to do", run.stdout)
        mixed = self.sunder("report", "merge", shards[0], str(folder / "other.json"))
        self.assertEqual(mixed.returncode, 3)
        self.assertIn("of different campaigns", mixed.stderr)
        twice = self.sunder("report", "merge", shards[0], shards[0])
        self.assertEqual(twice.returncode, 3)
        self.assertIn("shard 1/2 is there twice", twice.stderr)

    def test_by_priority_the_chance_and_the_share_of_all_states_are_told(self):
        bounded = self.write(GOOD + "bounded: {blocks: 1, writes: 0, crashes: 1}\n", "bounded.yaml")
        without = self.write(GOOD)
        folder = Path(self.folder.name)
        results = folder / "results.json"
        run = self.explore(bounded, without, "--schedule", "priority", "--runs", "300", "--jobs",
                           "2", "--json", str(results), "--findings", str(folder / "found"))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("skipped: " + without, run.stdout)
        case = json.loads(results.read_text())["cases"][0]
        schedules = case["schedules"]
        self.assertEqual(schedules["streams"], 22)
        self.assertEqual(schedules["scripts"], 4)
        self.assertEqual(schedules["runs_by_depth"], [100, 100, 100])
        events = schedules["events"]
        self.assertIn(f"22 streams, up to {events} events a run", run.stdout)
        found = "within that is found with a probability of at least"
        self.assertIn(f"a bug of depth 1 {found} 1/88 a run", run.stdout)
        self.assertIn(f"a bug of depth 3 {found} 1/{88 * events**2} a run", run.stdout)
        known = len(schedules["known"])
        reached = case["reached_of_known"]
        self.assertTrue(0 < reached <= known)
        self.assertEqual(reached, len(case["features"]))
        self.assertIn(f"reached {reached} of {known} abstract states", run.stdout)
        merged = self.sunder("report", "merge", str(results))
        self.assertIn(f"reached {reached} of {known} abstract states", merged.stdout)
        unknown = self.explore(bounded, "--schedule", "priority", "--runs", "10", "--known-states",
                               "0", "--findings", str(folder / "found"))
        self.assertIn("how many abstract states there are is unknown", unknown.stdout)
        nothing = self.explore(without, "--schedule", "priority", "--runs", "1")
        self.assertEqual(nothing.returncode, 3)
        self.assertIn("add 'bounded:", nothing.stderr)

    def test_cases_whose_runs_would_be_the_same_are_played_once(self):
        one = self.write(GOOD, "one.yaml")
        other = self.write(GOOD + "  - pass: 1 s\n", "two.yaml")
        run = self.explore(one, other, self.write(MATRIX, "three.yaml"), "--runs-in-all", "5",
                           "--jobs", "1", "--quiet")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("2 of 4 cases are left out", run.stdout)
        self.assertIn("\n6 runs,", run.stdout)  # three of each of two, which is no fewer than five
        self.assertNotIn("one.yaml", run.stdout)

    def test_what_a_campaign_finds_is_written_down_and_replays(self):
        # No word gets through such a link in time, and nobody comes in service.
        path = self.write(GOOD.replace("latency: 200 us, bandwidth: 1 Gbit/s",
                                       "latency: 200 us, bandwidth: 1 bit/s"))
        found = Path(self.folder.name) / "found"
        run = self.explore(path, "--runs", "1", "--jobs", "1", "--findings", str(found))
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("FOUND both_back_in_service (LIV-4) in 1 of 1 runs", run.stdout)
        replay = self.sunder("run", str(found / "test-both-back-in-service.yaml"))
        self.assertEqual(replay.returncode, 1, replay.stdout + replay.stderr)

    def test_a_campaign_that_is_asked_to_end_tells_what_it_has(self):
        results = Path(self.folder.name) / "results.json"
        campaign = subprocess.Popen(
            [SUNDER, "explore", self.write(GOOD), "--time", "100 s", "--jobs", "1", "--json",
             str(results)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        status = Path(f"/proc/{campaign.pid}/status")
        terminate = 1 << (signal.SIGTERM - 1)

        def listens():
            return int(re.search(r"SigCgt:\s*(\w+)", status.read_text()).group(1), 16) & terminate

        end = time.monotonic() + 60
        while not listens():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        campaign.terminate()
        told, _ = campaign.communicate(timeout=60)
        # Perhaps before the first run, which leaves everything unknown.
        self.assertIn(campaign.returncode, (0, 2), told)
        self.assertIn("stopped before its end", told)
        self.assertEqual(json.loads(results.read_text())["shards"], ["1/1"])
        merged = self.sunder("report", "merge", str(results))
        self.assertEqual(merged.returncode, 2, merged.stdout + merged.stderr)
        self.assertIn("stopped before their end: 1/1", merged.stdout)

    def test_what_is_wrong_with_a_campaign_is_said(self):
        path = self.write(GOOD)
        for arguments, environment, words in (
            (["--shard", "3/2"], {}, "'3/2' is no shard: write i/n"),
            (["--shard", "x"], {}, "'x' is no shard"),
            (["--time", "soon"], {}, "--time:"),
            (["--json", path], {}, "is the scenario itself"),
            (["--schedule", "priority", "--all-faults"], {}, "is of --schedule time"),
            (["--schedule", "priority", "--acts", "3"], {}, "--acts: it is of --schedule time"),
            (["--depth", "3"], {}, "--depth: it is of --schedule priority"),
            (["--runs", "1", "--runs-in-all", "1"], {}, "excludes"),
            (["--case", "none"], {}, "no case is called 'none'"),
            ([], {"SLURM_ARRAY_TASK_ID": "1"}, "SLURM_ARRAY_TASK_MAX is not set"),
            ([], {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "1",
                  "SLURM_ARRAY_TASK_MAX": "4"}, "is not one of 1-4:1"),
            ([], {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "1",
                  "SLURM_ARRAY_TASK_MAX": "7", "SLURM_ARRAY_TASK_COUNT": "3"},
             "the array has 3 tasks, which are not all of 1-7:1"),
            ([], {"SLURM_ARRAY_TASK_ID": "0",
                  "SLURM_ARRAY_TASK_MAX": "18446744073709551615"}, "is not one of"),
            ([], {"JOB_COMPLETION_INDEX": "0"}, "set it to the job's number of completions"),
            ([], {"JOB_COMPLETION_INDEX": "4", "SUNDER_SHARDS": "4"}, "but SUNDER_SHARDS only 4"),
        ):
            run = self.explore(path, *arguments, **environment)
            self.assertEqual(run.returncode, 3, (arguments, run.stdout, run.stderr))
            self.assertIn(words, run.stderr)
        broken = self.sunder("report", "merge", path)
        self.assertEqual(broken.returncode, 3)
        self.assertIn("it cannot be read", broken.stderr)

    def test_the_manifest_of_the_indexed_job_names_as_many_shards_as_completions(self):
        root = Path(__file__).resolve().parents[2]
        text = (root / "tools/cluster/campaign-job.yaml").read_text()
        completions = re.search(r"completions: (\d+)", text).group(1)
        self.assertIn(f'{{name: SUNDER_SHARDS, value: "{completions}"}}', text)
        command = " ".join(re.search(r">-\n((?: {14}.*\n)+)", text).group(1).split())
        folder = Path(self.folder.name)
        command = (command.replace("sunder explore", f"{SUNDER} explore", 1)
                   .replace("/scenarios", self.write(GOOD)).replace("/out", self.folder.name)
                   .replace("--time '50 min'", "--runs 32"))
        run = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60,
                             env={"PATH": "/usr/bin:/bin", "JOB_COMPLETION_INDEX": "3",
                                  "SUNDER_SHARDS": completions, "SUNDER_COMMIT": "abc"})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        shard = json.loads((folder / "shard-3.json").read_text())
        self.assertEqual(shard["shards"], [f"4/{completions}"])
        self.assertEqual(shard["commit"], "abc")

    def test_a_golden_narration_is_held_and_rewritten_only_when_asked(self):
        path = self.write(GOOD)
        golden = Path(self.folder.name) / "test.narration"
        environment = {"PATH": "/usr/bin:/bin"}
        rewrite = [SUNDER, "run", path, "--rewrite-narrations"]
        subprocess.run(rewrite, env=environment, capture_output=True, check=True)
        kept = golden.read_text()
        self.assertEqual(self.sunder("run", path).returncode, 0)
        golden.write_text(kept.replace("IN SERVICE", "out of service"))
        differs = self.sunder("run", path)
        self.assertEqual(differs.returncode, 1)
        self.assertIn("NARRATION differs", differs.stdout)
        in_ci = subprocess.run(rewrite, env={**environment, "CI": "true"}, capture_output=True)
        self.assertEqual(in_ci.returncode, 1)
        self.write(FAILING)
        golden.write_text(kept)
        subprocess.run(rewrite, env=environment, capture_output=True)
        self.assertEqual(golden.read_text(), kept)


if __name__ == "__main__":
    SUNDER = sys.argv.pop(1)
    unittest.main()
