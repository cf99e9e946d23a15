#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The command `sunder` as a user meets it: exit status, words, files for CI. Called with the path
# of the built command; its scenarios are made here.
import json
import os
import re
import subprocess
import xml.etree.ElementTree
from pathlib import Path

from commanded import ARRAY, BROKEN, FAILING, GOOD, HEAD, MATRIX, Commanded, main


class Command(Commanded):
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

    def test_what_cannot_be_said_is_not_held(self):
        path = self.write(GOOD)
        for words in (["run", path], ["run", path, "--quiet"], ["names"]):
            with self.subTest(words=words), open("/dev/full", "w") as full:
                run = subprocess.run([self.command, *words], stdout=full, stderr=subprocess.PIPE,
                                     text=True)
                self.assertEqual(run.returncode, 2, run.stderr)
                self.assertRegex(run.stderr, "standard output cannot be written: .*No space left")

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
        return subprocess.run([self.command, "play", self.write(GOOD), *options],
                              input="\n".join(words) + "\n", capture_output=True, text=True,
                              timeout=60, cwd=self.folder.name)

    def test_a_drill_is_saved_as_a_scenario_that_replays(self):
        drill = self.play(["next", "wait: {mirror: datarep, is: fully operational}",
                           "crash server1", "next", "n", "30 s", "write datarep 64 KiB",
                           "degrade server1 server2 latency 40 ms loss 10 %",
                           "damage server2 server1", "cut server1 server2", "restart server1",
                           "7 s", "heal server1 server2",
                           "wait: {mirror: datarep, is: fully operational}", "quit"])
        self.assertEqual(drill.returncode, 0, drill.stdout + drill.stderr)
        told = [line for line in drill.stdout.splitlines() if " s  server" in line]
        self.assertIn("server2    datarep IN SERVICE", drill.stdout)
        self.assertIn("DEGRADED between server1 and server2: latency 40 ms, 10 % lost",
                      drill.stdout)
        replay = self.sunder("run", str(Path(self.folder.name) / "drill.yaml"))
        self.assertEqual(replay.returncode, 0, replay.stdout)
        narration = [line.strip() for line in replay.stdout.splitlines() if " s  server" in line]
        self.assertGreater(len(told), 20)
        # The replay goes on until all is at rest.
        self.assertEqual(narration[:len(told)], [line.strip() for line in told])

    def test_a_drill_has_words_for_what_links_do(self):
        drill = self.play(["wait: {mirror: datarep, is: fully operational}",
                           "degrade server1 server2 latency 40 ms loss 10 %",
                           "damage server1 server2", "write datarep", "1 s", "quit"])
        self.assertEqual(drill.returncode, 0, drill.stdout + drill.stderr)
        self.assertIn("DEGRADED between server1 and server2: latency 40 ms, 10 % lost",
                      drill.stdout)
        self.assertIn("server2    refuses a message from server1", drill.stdout)

    def test_a_drill_may_have_volumes_and_workloads_that_wait(self):
        text = GOOD.replace("size: 1 MiB", "volumes: {log: 512 KiB, data: 512 KiB}")
        self.assertIn("volumes", text)
        workload = ("workload: [{on: datarep, volume: log, write: random, block: 4 KiB, "
                    "rate: 100/s, started: no}]\n")
        text = text.replace("steps:", workload + "steps:\n  - start_workload: datarep", 1)
        path = self.write(text)
        words = ["wait: {mirror: datarep, is: fully operational}", "write datarep/data 4 KiB 8 KiB",
                 "save idle.yaml", "start_workload: datarep", "5 s", "save busy.yaml"]
        drill = subprocess.run([self.command, "play", path], cwd=self.folder.name, text=True,
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
        drill = subprocess.run([self.command, "play", self.write(ARRAY)], cwd=self.folder.name,
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
        self.assertIn("proved within the bound: all 5847 states", proved.stdout)
        reduced = self.sunder(*search, "--reduce", "all", "--jobs", "2", narrow)
        self.assertEqual(reduced.returncode, 0, reduced.stdout + reduced.stderr)
        self.assertRegex(reduced.stdout, r"all \d+ states with a choice, every order of events")
        # One block: nothing is symmetric, and only ways to the same states are left out.
        alone = self.write(GOOD + "bounded: {writes: 2, blocks: 1}\n")
        ways = []
        for reduce in ("none", "symmetry"):
            run = self.sunder(*search, "--reduce", reduce, alone)
            counts = re.search(r"(\d+) states, +(\d+) transitions", run.stdout)
            ways.append((counts[1], int(counts[2])))
        self.assertEqual(ways[0][0], ways[1][0])
        self.assertGreater(ways[0][1], ways[1][1])
        in_turn = self.sunder("run", "--engine", "exhaust", "--deviations", "0", narrow)
        self.assertEqual(in_turn.returncode, 0, in_turn.stdout + in_turn.stderr)
        self.assertIn("2 writes, at most 0 deviations", in_turn.stdout)
        self.assertIn("every order so ordinary", in_turn.stdout)
        wide = GOOD + "bounded: {writes: 3, faults: 3}\n"
        other = self.write(GOOD + "  - pass: 1 s\nbounded: {writes: 2, blocks: 1}\n", "other.yaml")
        both = self.sunder(*search, alone, other)
        self.assertIn(f"the search of {alone}, which has the same cluster and bound", both.stdout)
        self.assertIn("2 proved, 0 violated", both.stdout)
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
            (["--engine", "exhaust", "--seed", "5"], "--seed: it is of --engine sim and live only"),
            (["--engine", "exhaust", "--seeds", "5"], "is of --engine sim and live only"),
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
        fails = HEAD + "steps: [fail_disk: {on: server1, operations: [reads]}, pass: 5 min"
        run = self.sunder("run", self.write(fails + "]\n"))
        self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
        self.assertIn("UNKNOWN: it did not come to rest within 3 h of its last step", run.stdout)
        out = (GOOD + "  - take_out_of_service: {mirror: datarep, on: server1, await: no}\n"
               "  - crash: server1\n  - pass: 5 min\n")
        for text in (fails + ", mend_disk: server1]\n", out):
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

    def test_a_golden_narration_is_held_and_rewritten_only_when_asked(self):
        path = self.write(GOOD)
        golden = Path(self.folder.name) / "test.narration"
        environment = {"PATH": "/usr/bin:/bin"}
        rewrite = [self.command, "run", path, "--rewrite-narrations"]
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
    main()
