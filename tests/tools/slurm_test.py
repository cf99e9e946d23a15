#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The sbatch file on a real Slurm: a controller, a node and munge of its own, in a network namespace
# of its own, on a free port of nobody. Three tasks share a campaign; their results merge to what
# one process finds with three searchers. Skipped, with the reason, where Slurm cannot be started.
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SUNDER = ""
ROOT = Path(__file__).resolve().parents[2]

SCENARIO = """\
scenario: A campaign of the queue
cluster:
  policy: datakeeper/faithful
  nodes: {server1: {}, server2: {}}
  network: [{link: [server1, server2], latency: 200 us, bandwidth: 1 Gbit/s}]
  mirrors: {datarep: {size: 1 MiB, on: [server1, server2]}}
workload: [{on: datarep, write: random, block: 4 KiB, rate: 20/s}]
steps: [pass: 1 s]
"""

CONFIG = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket={base}/munge/socket
CredType=cred/munge
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool
SlurmctldPidFile={base}/controller.pid
SlurmdPidFile={base}/node.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MailProg=/bin/true
SlurmctldLogFile={base}/controller.log
SlurmdLogFile={base}/node.log
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={processors} RealMemory=500 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""

NETWORK = ("ip link set lo up && ip link add queue type veth peer name nobody && "
           "ip address add 192.0.2.1/24 dev queue && ip link set queue up && ")


def why_not() -> str:
    for command in ("slurmctld", "slurmd", "sbatch", "munged", "unshare", "ip", "runuser"):
        if shutil.which(command) is None:
            return f"{command} is not installed"
    if os.geteuid() != 0:
        return "only root may start it"
    if os.environ.get("SUNDER_IN_NAMESPACE") is not None:
        return ""
    # As below: a network of its own, with an interface that has an address.
    tried = subprocess.run(["unshare", "--net", "sh", "-c", NETWORK + "true"],
                           capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"no network of its own: {tried.stderr.strip()}"


class DoesNotComeUp(Exception):
    """Slurm itself cannot be started here; of a test's own business it says nothing."""


class Queue:
    """A Slurm of one node."""

    def __init__(self, base: Path):
        self.base = base
        self.processes = []
        self.environment = {**os.environ, "SLURM_CONF": str(base / "slurm.conf")}

    def come_up(self):
        base = self.base
        host = socket.gethostname().split(".")[0]
        for name in ("state", "spool", "munge"):
            (base / name).mkdir()
        secrets = base / "munge"
        key = secrets / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        for path in (key, secrets):
            shutil.chown(path, "munge", "munge")
        config = base / "slurm.conf"
        config.write_text(CONFIG.format(host=host, base=base, processors=os.cpu_count()))
        self.start("runuser", "-u", "munge", "--", "munged", "-F", "--force",
                   f"--key-file={key}", f"--socket={secrets}/socket", f"--pid-file={secrets}/pid",
                   f"--log-file={secrets}/log", f"--seed-file={secrets}/seed")
        self.until_up(lambda: (secrets / "socket").exists(), "munge", secrets / "log")
        self.start("slurmctld", "-D", "-f", str(config))
        self.start("slurmd", "-D", "-f", str(config), "-N", host)
        self.until_up(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%t"), "the node",
                      base / "node.log")

    def until_up(self, true, what, log):
        try:
            self.until(true, what)
        except TimeoutError as late:
            told = log.read_text(errors="replace").splitlines() if log.exists() else []
            raise DoesNotComeUp("; ".join([str(late), *told[-3:]])) from late

    def start(self, *command):
        self.processes.append(subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def ask(self, *command):
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True,
                             timeout=30)
        return run.stdout

    def until(self, true, what, patience=60):
        end = time.monotonic() + patience
        while not true():
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come up in {patience} s")
            time.sleep(0.1)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(timeout=30)


class Array(unittest.TestCase):
    def test_an_array_shares_a_campaign_and_its_results_merge(self):
        reason = why_not()
        if reason:
            self.skipTest(f"Slurm: {reason}")
        folder = Path(tempfile.mkdtemp(prefix="sunder-slurm-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        scenario = folder / "campaign.yaml"
        scenario.write_text(SCENARIO)
        (folder / "queue").mkdir()
        for path in (folder, folder / "queue"):
            path.chmod(0o755)  # munge runs as a user of its own
        queue = Queue(folder / "queue")
        self.addCleanup(queue.stop)
        try:
            queue.come_up()
        except DoesNotComeUp as why:
            self.skipTest(f"Slurm: {why}")
        queue.environment |= {"SUNDER": SUNDER, "SUNDER_RUNS": "90", "SUNDER_COMMIT": "abc",
                              "SUNDER_OUT": str(folder / "out")}
        told = queue.ask("sbatch", "--array=3-5", "-o", f"{folder}/task-%a.log",
                         str(ROOT / "tools/cluster/campaign.sbatch"), str(scenario))
        self.assertIn("Submitted batch job", told)
        queue.until(lambda: not queue.ask("squeue", "-h").strip(), "the end of the array", 300)
        shards = sorted(folder.glob("out/shard-*.json"))
        logs = "".join(log.read_text() for log in folder.glob("task-*.log"))
        self.assertEqual(len(shards), 3, logs)
        merged = folder / "merged.json"
        merge = subprocess.run([SUNDER, "report", "merge", *map(str, shards), "--json",
                                str(merged), "--findings", str(folder / "found")],
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(merge.returncode, 0, merge.stdout + merge.stderr)
        all_of_them = json.loads(merged.read_text())
        self.assertEqual(all_of_them["shards"], ["1/3", "2/3", "3/3"])
        self.assertEqual(all_of_them["cases"][0]["runs"], 90)
        alone = folder / "alone.json"
        subprocess.run([SUNDER, "explore", str(scenario), "--runs", "90", "--jobs", "3", "--commit",
                        "abc", "--json", str(alone), "--findings", str(folder / "found")],
                       capture_output=True, check=True, timeout=300)
        self.assertEqual(json.loads(alone.read_text())["cases"], all_of_them["cases"])


if __name__ == "__main__":
    if not why_not() and os.environ.get("SUNDER_IN_NAMESPACE") is None:
        # Slurm asks for names as hosts with an address do, so there has to be one beside loopback.
        inside = ["sh", "-c", NETWORK + 'exec "$0" "$@"', sys.executable, *sys.argv]
        os.environ["SUNDER_IN_NAMESPACE"] = "yes"
        os.execvp("unshare", ["unshare", "--net", *inside])
    SUNDER = sys.argv.pop(1)
    unittest.main()
