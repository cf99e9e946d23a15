# SPDX-License-Identifier: BSD-3-Clause
#
# What the tests of served nodes share: two nodes of a cluster, each a process of its own, on Unix
# sockets in one folder, and what is asked of them.
import json
import os
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import served
from network import Network
from served import until

NODE = """\
node: {node}
called: test
cluster:
  policy: {policy}
  nodes: {{server1: {{}}, server2: {{}}}}
  network: [{{link: [server1, server2], latency: 100 us, bandwidth: 10 Gbit/s}}]
  mirrors:
    datarep:
      size: {size}
      on: [server1, server2]
      mode: {mode}
{mirror}{fencing}  detection: {{interval: 100 ms, missed: {missed}, connection_timeout: 2 s,
    reconnect: 100 ms, boot_wait: 3 s}}
  settle_interval: 1 s
at:
  server1: {{peers: {{socket: {at[server1]}}}}}
  server2: {{peers: {{socket: {at[server2]}}}}}
listen: {{socket: {node}.nbd}}
{state}{more}"""
NAMES = ("server1", "server2")
SHOWN = 40  # lines of a log


def other(node):
    return NAMES[1 - NAMES.index(node)]


class Cluster(unittest.TestCase):
    policy = "datakeeper/faithful"
    mode = "synchronous"
    size = "64 MiB"
    mirror = ""  # more of the mirror, each line with its blanks
    more = ""    # more of the file
    fencing = ""  # of the cluster, a line with its blanks
    missed = 5    # heartbeats, until a node is taken for dead
    stored = True
    relayed = False  # whether what lies between the nodes can be cut

    def environment(self, node):
        """Of its process; None: that of the test."""
        return None

    def within(self, node):
        """What its process is begun by, in words before its own."""
        return []

    def setUp(self):
        # Short: paths of Unix sockets have at most 107 characters.
        folder = tempfile.TemporaryDirectory(prefix="sunder", dir="/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.servers = {}
        self.addCleanup(self.stop_all)
        if self.relayed:
            self.network = Network(self.folder, NAMES)
            self.addCleanup(self.network.stop)
        for node in NAMES:
            self.file(node).write_text(self.text(node))

    def text(self, node):
        # Each has its own socket, and finds the other's at a relay.
        at = {name: f"{name}.relay" if self.relayed and name != node else f"{name}.peers"
              for name in NAMES}
        return NODE.format(node=node, policy=self.policy, mode=self.mode, size=self.size, at=at,
                           mirror=self.mirror, more=self.more, fencing=self.fencing,
                           missed=self.missed,
                           state=f"state: {node}.state\n" if self.stored else "")

    def file(self, node):
        return self.folder / f"{node}.yaml"

    def start(self, *nodes):
        for node in nodes:
            pidfile = self.folder / f"{node}.pid"
            pidfile.unlink(missing_ok=True)
            with open(self.folder / f"{node}.log", "ab") as log:
                self.servers[node] = subprocess.Popen(
                    [*self.within(node), served.SUNDER, "serve", str(self.file(node)),
                     "--pidfile", str(pidfile)],
                    stdout=log, stderr=log, env=self.environment(node))
        for node in nodes:
            until(f"{node} serves", lambda: (self.folder / f"{node}.pid").exists()
                  or self.servers[node].poll() is not None)
            self.assertIsNone(self.servers[node].poll(), self.log(node))

    def log(self, node):
        path = self.folder / f"{node}.log"
        return path.read_text(errors="replace") if path.exists() else "it was never started\n"

    def logs(self):
        """The end of each: what is told of a failure is cut short by who shows it."""
        return "".join("\n".join([f"--- {node}", *self.log(node).splitlines()[-SHOWN:], ""])
                       for node in NAMES)

    def tell(self, node, how):
        self.servers[node].send_signal(how)
        if how == signal.SIGSTOP:
            # Its threads do not all stop at once.
            tasks = Path(f"/proc/{self.servers[node].pid}/task")
            until(f"{node} stands still", lambda: all(
                (task / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
                for task in tasks.iterdir()))

    def kill(self, node, how=signal.SIGKILL):
        server = self.servers.pop(node)
        server.send_signal(how)
        server.wait(served.PATIENCE)

    def stop_all(self):
        for node in list(self.servers):
            self.servers[node].send_signal(signal.SIGCONT)
            self.kill(node, signal.SIGTERM)

    def ctl(self, node, *words):
        return subprocess.run(
            [served.SUNDER, "ctl", "--control", str(self.folder / f"{node}.control"), *words],
            capture_output=True, text=True, timeout=served.PATIENCE)

    def say(self, node, *words):
        said = self.ctl(node, *words)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr + self.logs())
        return said.stdout

    def status(self, node):
        return json.loads(self.say(node, "status", "--json"))

    def metric(self, node, series):
        """The value of one, with its labels; None: there is none."""
        for line in self.say(node, "metrics").splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return None

    def datarep(self, node):
        return self.status(node)["mirrors"][0]

    def serves(self, node):
        return self.datarep(node)["in_service"]

    def until_served(self, node):
        until(f"{node} serves", lambda: self.serves(node), self.logs)

    def switch_to(self, node):
        """A target may hear a moment after its source that they mirror, and refuses until then."""
        until(f"{node} takes over when it is asked",
              lambda: self.ctl(node, "switchover", "datarep").returncode == 0, self.logs)
        self.until_served(node)

    def until_mirrored(self):
        """A source says so; its target may not take over before it has heard it, too (R30)."""
        def mirrored():
            mirrors = [self.datarep(node) for node in NAMES]
            legs = [leg for mirror in mirrors for leg in mirror["legs"]]
            return (any(mirror["state"] == "fully operational" for mirror in mirrors) and
                    all(leg["state"] == "mirroring" for leg in legs))
        until("they mirror", mirrored, self.logs)

    def uri(self, node, export="datarep"):
        return f"nbd+unix:///{export}?socket={self.folder}/{node}.nbd"

    def connect(self, node, export="datarep"):
        import nbd
        host = nbd.NBD()
        host.connect_uri(self.uri(node, export))
        return host

    def compare_images(self, source):
        """Both copies, byte for byte; the target's is shown while it is kept apart (R58)."""
        target = other(source)
        self.say(source, "pause", "datarep")
        until("the target is kept apart", lambda: self.datarep(target)["open_apart"])
        images = []
        for node in NAMES:
            image = self.folder / f"{node}.image"
            self.run_tool("nbdcopy", self.uri(node), str(image))
            images.append(image)
        self.run_tool("cmp", *map(str, images))
        self.say(source, "resume", "datarep")
        self.until_mirrored()

    def run_tool(self, *words, expect=0):
        ran = subprocess.run(words, capture_output=True, text=True, timeout=600, cwd=self.folder)
        if expect is not None:
            self.assertEqual(ran.returncode, expect, f"{words}\n{ran.stdout}{ran.stderr}")
        return ran.stdout
