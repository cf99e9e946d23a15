#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# What stands on a mirror of real nodes: programs that are started after it and stopped before it
# leaves, in order, that fail, hang and are found dead, and what a killed node leaves behind.
import json
import signal
import subprocess
import sys
from pathlib import Path

import served
from cluster import NAMES, Cluster
from served import until

# What a resource is: a file for each node that says that it runs, and a line for each word it was
# told. Files of an operator's make it fail or hang.
PROGRAM = """\
#!/bin/sh
cd "$(dirname "$0")" || exit 9
me=$SUNDER_NODE.$SUNDER_RESOURCE
[ "$1" = check ] || echo "$SUNDER_NODE $1 $SUNDER_RESOURCE $SUNDER_MIRROR" >>told
[ ! -e "hang.$1.$me" ] || { sleep 1000 & echo $! >>hanging; sleep 1000; }
[ ! -e "fail.$1.$me" ] || exit 1
case $1 in
    start) ls /proc/$$/fd >"files.$me"; : >"runs.$me" ;;
    stop) rm -f "runs.$me" ;;
    check) [ -e "runs.$me" ] ;;
esac
"""
CLUSTER = """\
  resources:
    mount: {type: file_system, needs: [datarep], check: 200 ms}
    web: {type: application, needs: [mount], check: 200 ms}
"""
TREE = """\
web (application): in service
  mount (file_system): in service
    datarep (mirror): in service
"""


PARTS = (("mount", "file_system", "datarep"), ("web", "application", "mount"))


class Above(Cluster):
    fencing = CLUSTER
    programs = ("mount", "web")

    def setUp(self):
        super().setUp()
        program = self.folder / "program"
        program.write_text(PROGRAM)
        program.chmod(0o755)

    def text(self, node):
        program = self.folder / "program"
        self.more = "resources:\n" + "".join(
            f"  {name}: {{start: [{program}, start], stop: [{program}, stop], "
            f"check: [{program}, check], within: 2 s}}\n" for name in self.programs)
        return super().text(node)


class Resources(Above):
    def told(self):
        path = self.folder / "told"
        return path.read_text().splitlines() if path.exists() else []

    def forget(self):
        (self.folder / "told").write_text("")

    def mark(self, *names):
        for name in names:
            (self.folder / name).touch()

    def runs(self, node, name):
        return (self.folder / f"runs.{node}.{name}").exists()

    @staticmethod
    def is_dead(pid):
        try:
            state = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return True
        return state.rsplit(")", 1)[1].split()[0] == "Z"  # nobody has asked how it ended

    def states(self, node):
        return {one["name"]: one["state"] for one in self.datarep(node)["resources"]}

    def until_up(self, node):
        until(f"all is up on {node}", lambda: set(self.states(node).values()) == {"in service"},
              self.logs)
        self.assertTrue(self.runs(node, "mount") and self.runs(node, "web"))

    @staticmethod
    def branch(in_service):
        """As programs are told of it: what others need comes first."""
        state = "in service" if in_service else "out of service"
        return {"mirror": "datarep", "in_service": in_service, "resources": [
            {"name": name, "type": kind, "state": state, "needs": [needs]}
            for name, kind, needs in PARTS]}

    def begin(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.until_up("server1")

    def test_they_move_with_their_mirror_and_in_order(self):
        self.begin()
        self.assertEqual(self.say("server1", "tree"), TREE)
        self.assertEqual(self.say("server2", "tree"),
                         TREE.replace("in service", "out of service"))
        for node in NAMES:
            self.assertEqual(json.loads(self.say(node, "tree", "--json")),
                             [self.branch(node == "server1")])
        self.assertIn('sunder_resource_in_service{mirror="datarep",resource="web"} 1',
                      self.say("server1", "metrics").splitlines())
        starts = [line for line in self.told() if " start " in line]
        self.assertEqual(starts, ["server1 start mount datarep", "server1 start web datarep"])
        # Nothing of the node's is open in what it began; a shell's own are 10 and 11.
        self.assertLessEqual(set((self.folder / "files.server1.web").read_text().split()),
                             {"0", "1", "2", "10", "11"})
        self.forget()
        self.say("server2", "switchover", "datarep")
        self.until_up("server2")
        self.assertEqual(self.told(), [
            "server1 stop web datarep", "server1 stop mount datarep",
            "server2 start mount datarep", "server2 start web datarep"])
        self.assertFalse(self.runs("server1", "web") or self.runs("server1", "mount"))
        self.assertIn("web: out of service here", self.log("server1"))
        self.assertIn("datarep: all that stands on it is in service here",
                      self.say("server2", "events"))

    def test_what_a_killed_node_left_behind_is_stopped_when_it_is_back(self):
        self.begin()
        self.kill("server1")
        self.until_up("server2")
        self.assertTrue(self.runs("server1", "web"))
        self.forget()
        self.start("server1")
        until("nothing runs there", lambda: not self.runs("server1", "mount"))
        self.assertEqual(self.told(), ["server1 stop web datarep", "server1 stop mount datarep"])
        self.until_mirrored()
        self.assertEqual(self.states("server1"), {"mount": "out of service",
                                                  "web": "out of service"})

    def clean_up(self, node):
        return subprocess.run([served.SUNDER, "serve", str(self.file(node)), "--clean-up"],
                              capture_output=True, text=True, timeout=served.PATIENCE)

    def test_what_a_killed_node_left_behind_is_stopped_by_who_watches_over_it(self):
        self.begin()
        refused = self.clean_up("server1")
        self.assertEqual(refused.returncode, 3)
        self.assertIn("runs, and what stands on its mirrors is its own", refused.stderr)
        self.kill("server1")
        self.forget()
        self.mark("fail.stop.server1.web")
        failed = self.clean_up("server1")
        self.assertEqual(failed.returncode, 1)
        self.assertIn("web: ", failed.stderr)
        (self.folder / "fail.stop.server1.web").unlink()
        self.forget()
        self.assertEqual(self.clean_up("server1").returncode, 0)
        here = [line for line in self.told() if line.startswith("server1")]
        self.assertEqual(here, ["server1 stop web datarep", "server1 stop mount datarep"])
        self.assertFalse(self.runs("server1", "mount") or self.runs("server1", "web"))

    def test_a_node_that_is_stopped_stops_them_first(self):
        self.begin()
        self.forget()
        self.kill("server1", signal.SIGTERM)
        self.assertEqual([line for line in self.told() if line.startswith("server1")],
                         ["server1 stop web datarep", "server1 stop mount datarep"])

    def test_one_that_does_not_stop_keeps_its_mirror_here(self):
        self.begin()
        self.mark("fail.stop.server1.mount")
        refused = self.ctl("server2", "switchover", "datarep")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("resource_does_not_stop", refused.stderr)
        self.until_up("server1")  # what had stopped comes back
        self.assertTrue(self.serves("server1"))

    def test_one_that_hangs_is_killed_and_has_failed(self):
        self.begin()
        self.mark("hang.stop.server1.web")
        refused = self.ctl("server2", "switchover", "datarep")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("resource_does_not_stop", refused.stderr)
        self.assertIn("took longer than 2 s, and was killed", self.log("server1"))
        for pid in (self.folder / "hanging").read_text().split():
            until("it is gone with what it began", lambda: self.is_dead(pid))
        self.until_up("server1")

    def test_one_that_is_found_dead_is_recovered_and_if_that_fails_moves(self):
        self.begin()
        (self.folder / "runs.server1.web").unlink()
        until("it runs again", lambda: self.runs("server1", "web"), self.logs)
        self.until_up("server1")
        self.assertIn("web: recovered", self.log("server1"))
        self.mark("fail.start.server1.web")
        (self.folder / "runs.server1.web").unlink()
        self.until_served("server2")
        self.until_up("server2")
        self.assertFalse(self.serves("server1"))
        self.assertIn("web: FAILED here", self.log("server1"))


class Files(Above):
    """What is wrong with a file is said, with what would be right."""
    programs = ("mount", "wbe")

    def test_programs_are_needed_and_named_rightly(self):
        said = subprocess.run([served.SUNDER, "serve", str(self.file("server1")), "--print"],
                              capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertEqual(said.returncode, 3)
        self.assertIn("the cluster has no resource 'wbe'", said.stderr)
        self.assertIn("did you mean 'web'", said.stderr)
        self.assertIn("the programs of web are missing", said.stderr)


if __name__ == "__main__":
    served.main(sys.argv)
