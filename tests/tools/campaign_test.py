#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Campaigns as a user meets them: shards and their merging, what was found, what was known, and how
# one is ended. Called with the path of the built command.
import json
import os
import pty
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

from commanded import GOOD, MATRIX, Commanded, main


class Campaign(Commanded):
    def explore(self, *arguments, **environment):
        return subprocess.run([self.command, "explore", *arguments], capture_output=True, text=True,
                              timeout=120, env={"PATH": "/usr/bin:/bin", **environment})

    def wait_until_it_listens(self, campaign):
        """To a request to end."""
        status = Path(f"/proc/{campaign.pid}/status")
        terminate = 1 << (signal.SIGTERM - 1)

        def listens():
            return int(re.search(r"SigCgt:\s*(\w+)", status.read_text()).group(1), 16) & terminate

        end = time.monotonic() + 60
        while not listens():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_results_that_find_no_room_are_not_left_by_halves(self):
        path = self.write(GOOD)
        target = Path(self.folder.name) / "results.json"
        target.write_text("of another campaign\n")
        # Python ignores the signal of a file that may not grow, and so does who inherits it.
        run = subprocess.run([self.command, "explore", path, "--runs", "3", "--json", str(target)],
                             capture_output=True, text=True, timeout=120, restore_signals=False,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (99, 99)))
        self.assertEqual(run.returncode, 3, run.stdout + run.stderr)
        self.assertIn(f"cannot write {target}", run.stderr)
        self.assertEqual(target.read_text(), "of another campaign\n")
        self.assertEqual([one.name for one in target.parent.iterdir() if "part" in one.name], [])

    def test_a_number_of_runs_is_the_same_campaign_however_it_is_divided(self):
        path = self.write(GOOD)
        folder = Path(self.folder.name)
        results = []
        for jobs in ("1", "3"):
            name = f"{jobs}.json"
            run = self.explore(path, "--runs", "200", "--jobs", jobs, "--json", str(folder / name),
                               "--findings", str(folder / "found"))
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            results.append({**json.loads((folder / name).read_text()), "seconds": 0})
        self.assertEqual(results[0], results[1])
        self.assertIn("200 runs,", run.stdout)
        self.assertIn("0 findings", run.stdout)
        self.assertIn("marks reached:", run.stdout)
        shards = []
        for index, environment in enumerate((
                {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "7",
                 "SLURM_ARRAY_TASK_MAX": "9", "SLURM_ARRAY_TASK_STEP": "2"},
                {"JOB_COMPLETION_INDEX": "1", "SUNDER_SHARDS": "2"})):
            shards.append(str(folder / f"shard-{index}.json"))
            run = self.explore(path, "--runs", "200", "--jobs", "1", "--json", shards[-1],
                               "--findings", str(folder / "found"), **environment)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        merged = folder / "merged.json"
        run = self.sunder("report", "merge", *shards, "--json", str(merged))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        all_of_them = json.loads(merged.read_text())
        self.assertEqual(all_of_them["shards"], ["1/2", "2/2"])
        self.assertEqual(all_of_them["cases"], results[0]["cases"])
        lonely = self.sunder("report", "merge", shards[0])
        self.assertEqual(lonely.returncode, 2)
        self.assertIn("1 of 2 shards: 1/2", lonely.stdout)
        run = self.explore(path, "--runs", "1", "--jobs", "1", "--shard", "3/3", "--json",
                           str(folder / "other.json"))
        self.assertIn("nothing to do", run.stdout)
        mixed = self.sunder("report", "merge", shards[0], str(folder / "other.json"))
        self.assertEqual(mixed.returncode, 3)
        self.assertIn("its number of runs is 1, that of the others 200", mixed.stderr)
        twice = self.sunder("report", "merge", shards[0], shards[0])
        self.assertEqual(twice.returncode, 3)
        self.assertIn("shard 1/2 is there twice", twice.stderr)

    def test_results_of_several_programs_are_told_one_by_one(self):
        path = self.write(GOOD)
        folder = Path(self.folder.name)
        results = []
        for commit, seed in (("abc", "1"), ("def", "1"), ("abc", "2")):
            results.append(str(folder / f"{commit}-{seed}.json"))
            run = self.explore(path, "--runs", "3", "--jobs", "1", "--commit", commit, "--seed",
                               seed, "--json", results[-1])
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        merged = self.sunder("report", "merge", *results)
        self.assertEqual(merged.returncode, 0, merged.stdout + merged.stderr)
        self.assertEqual(re.findall("== .*", merged.stdout),
                         ["== commit abc, seed 1", "== commit def, seed 1",
                          "== commit abc, seed 2"])
        self.assertEqual(merged.stdout.count("3 runs,"), 6, merged.stdout)
        written = self.sunder("report", "merge", *results, "--json", str(folder / "all.json"))
        self.assertEqual(written.returncode, 3)
        self.assertIn("--json takes one campaign, and these are 3", written.stderr)

    def test_shards_that_have_no_run_of_some_cases_merge_to_the_whole(self):
        paths = [self.write(GOOD), self.write(MATRIX, "two.yaml"),
                 self.write(GOOD.replace("latency: 200 us", "latency: 300 us"), "three.yaml")]
        folder = Path(self.folder.name)
        whole = folder / "whole.json"
        run = self.explore(*paths, "--runs", "9", "--json", str(whole))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        shards = []
        for index in range(1, 6):
            shards.append(str(folder / f"shard-{index}.json"))
            run = self.explore(*paths, "--runs", "9", "--shard", f"{index}/5", "--json", shards[-1])
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("shard 5/5 of 9 runs has nothing to do", run.stdout)
        merged = folder / "merged.json"
        run = self.sunder("report", "merge", *shards, "--json", str(merged))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        cases = [json.loads(one.read_text())["cases"] for one in (whole, merged)]
        self.assertEqual(len(cases[0]), 3)  # one of them is the twin of another
        self.assertEqual(cases[0], cases[1])
        # A case that none of the shards that are there has run is not known to hold.
        run = self.sunder("report", "merge", *shards[1:])
        self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
        self.assertIn("  --   no run\n", run.stdout)
        self.assertIn("4 of 5 shards", run.stdout)

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
        known = len(case["known"])
        reached = case["reached_of_known"]
        self.assertTrue(0 < reached <= known)
        self.assertEqual(reached, len(case["features"]))
        self.assertIn(f"reached {reached} of {known} abstract states", run.stdout)
        merged = self.sunder("report", "merge", str(results))
        self.assertIn(f"reached {reached} of {known} abstract states", merged.stdout)
        # Runs at random moments are held against the same states, when that is asked for.
        by_time = self.explore(bounded, "--runs", "100", "--known-states", "100000",
                               "--findings", str(folder / "found"))
        told = re.search(r"reached (\d+) of (\d+) abstract states", by_time.stdout)
        self.assertIsNotNone(told, by_time.stdout + by_time.stderr)
        self.assertEqual(int(told[2]), known)
        self.assertTrue(0 < int(told[1]) <= known)
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
            [self.command, "explore", self.write(GOOD), "--time", "100 s", "--jobs", "1", "--json",
             str(results)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.wait_until_it_listens(campaign)
        campaign.terminate()
        told, _ = campaign.communicate(timeout=60)
        # Perhaps before the first run, which leaves everything unknown.
        self.assertIn(campaign.returncode, (0, 2), told)
        self.assertIn("stopped before its end", told)
        self.assertEqual(json.loads(results.read_text())["shards"], ["1/1"])
        merged = self.sunder("report", "merge", str(results))
        self.assertEqual(merged.returncode, 2, merged.stdout + merged.stderr)
        self.assertIn("stopped before their end: 1/1", merged.stdout)

    def test_a_shard_that_is_killed_leaves_nothing_and_is_missing(self):
        path = self.write(GOOD)
        folder = Path(self.folder.name)
        whole = folder / "shard-1.json"
        run = self.explore(path, "--runs", "4", "--jobs", "1", "--shard", "1/2", "--json",
                           str(whole))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        killed = folder / "shard-2.json"
        campaign = subprocess.Popen(
            [self.command, "explore", path, "--runs", "1000000", "--jobs", "1", "--shard", "2/2",
             "--json", str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until_it_listens(campaign)
        campaign.kill()
        campaign.wait()
        self.assertEqual(list(folder.glob("shard-*")), [whole])
        killed.write_text("")  # by a shell, perhaps
        merged = self.sunder("report", "merge", str(killed), str(whole))
        self.assertEqual(merged.returncode, 2, merged.stdout + merged.stderr)
        self.assertIn(f"{killed} is empty: its shard was killed", merged.stdout)
        self.assertIn("1 of 2 shards: 1/2", merged.stdout)
        nothing = self.sunder("report", "merge", str(killed))
        self.assertEqual(nothing.returncode, 3)
        self.assertIn("nothing to merge", nothing.stderr)
        absent = self.sunder("report", "merge", str(folder / "none.json"))
        self.assertEqual(absent.returncode, 3)
        self.assertIn("it cannot be opened", absent.stderr)

    def test_what_is_found_is_written_at_once(self):
        path = self.write(GOOD.replace("bandwidth: 1 Gbit/s", "bandwidth: 1 bit/s"))
        found = Path(self.folder.name) / "found"
        campaign = subprocess.Popen(
            [self.command, "explore", path, "--runs", "1000000", "--jobs", "1", "--findings",
             str(found)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not list(found.glob("test-both-back-in-service.yaml")):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        campaign.kill()
        campaign.wait()

    def test_time_bounds_what_is_compared_and_a_signal_ends_a_search(self):
        bound = "bounded: {blocks: 2, writes: 3, crashes: 2, power_cuts: 1, cuts: 1}\n"
        path = self.write(GOOD + bound)
        priority = (path, "--schedule", "priority", "--known-states", "1000000000", "--jobs", "1")
        began = time.monotonic()
        run = self.explore(*priority, "--time", "2 s")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertLess(time.monotonic() - began, 20)
        self.assertIn(f"unknown how many abstract states {path} has: no time was left", run.stdout)
        campaign = subprocess.Popen([self.command, "explore", *priority, "--runs", "10"],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.wait_until_it_listens(campaign)
        campaign.terminate()
        told, _ = campaign.communicate(timeout=20)
        self.assertEqual(campaign.returncode, 2, told)
        self.assertIn("stopped before its end", told)

    def test_progress_and_report_speak_of_the_same_rules(self):
        ours, theirs = pty.openpty()
        run = subprocess.run([self.command, "explore", self.write(GOOD), "--time", "3 s", "--jobs",
                              "1"], stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=60)
        os.close(theirs)
        self.assertEqual(run.returncode, 0, run.stdout)
        told = os.read(ours, 100000).decode()
        os.close(ours)
        never, rules, named = re.findall(r"(\d+) of (\d+) rules \(([^)]*)\.\.\.\)", told)[-1]
        reached, of_all, names = re.search(r"rules reached: (\d+) of (\d+); never: (.*)",
                                           run.stdout).groups()
        self.assertEqual(rules, of_all)
        self.assertGreaterEqual(int(never), int(of_all) - int(reached))
        self.assertEqual(len(named.split(", ")), 3)

    def test_what_is_wrong_with_a_campaign_is_said(self):
        path = self.write(GOOD)
        for arguments, environment, words in (
            (["--shard", "3/2"], {}, "'3/2' is no shard: write i/n"),
            (["--shard", "x"], {}, "'x' is no shard"),
            (["--time", "soon"], {}, "--time:"),
            (["--json", path], {}, "is the scenario itself"),
            (["--schedule", "priority", "--all-faults"], {}, "is of --schedule time"),
            (["--in-budget", "--all-faults"], {}, "excludes"),
            (["--schedule", "priority", "--acts", "3"], {}, "--acts: it is of --schedule time"),
            (["--jobs", "100000"], {}, "--jobs: Value 100000 not in range 0 to 1024"),
            (["--depth", "3"], {}, "--depth: it is of --schedule priority"),
            (["--runs", "1", "--runs-in-all", "1"], {}, "excludes"),
            (["--runs", "1", "--time", "1 s"], {}, "excludes"),
            (["--runs-in-all", "1", "--time", "1 s"], {}, "excludes"),
            (["--json", path + "/x"], {}, "cannot write"),
            (["--findings", path + "/x"], {}, "--findings: " + path + "/x cannot be written"),
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
        command = (command.replace("sunder explore", f"{self.command} explore", 1)
                   .replace("/scenarios", self.write(GOOD)).replace("/out", self.folder.name)
                   .replace("--time '50 min'", "--runs 32"))
        run = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60,
                             env={"PATH": "/usr/bin:/bin", "JOB_COMPLETION_INDEX": "3",
                                  "SUNDER_SHARDS": completions})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        shard = json.loads((folder / "shard-3.json").read_text())
        self.assertEqual(shard["shards"], [f"4/{completions}"])
        self.assertRegex(shard["commit"], "^build-[0-9a-f]+$")


if __name__ == "__main__":
    main()
