#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# A real Linux host on a volume: nbdfuse and a loop device carry ext4 and XFS. Copies made under a
# file system that is written to hold what they owe: the moment, when it was frozen; every synced
# record, when it was not. Needs root, FUSE and loop devices, and says so when it skips.
import hashlib
import os
import subprocess
import sys
import threading
import unittest
from pathlib import Path

import served
from served import Served, until

ARRAY = """\
array: eva1
profile: eva-p6000
{store}listen: {{socket: nbd.sock}}
disk_groups:
  dg1: {{capacity: 4 GiB}}
  dg2: {{capacity: 4 GiB}}
volumes:
  data: {{group: dg1, size: 384 MiB}}
hosts:
  web1: [{{volume: data, lun: 1}}]
"""
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}
# Two file systems of one name may not be mounted at once, which a copy and its source are.
OPTIONS = {"ext4": "defaults", "xfs": "nouuid"}
CHECK = {"ext4": ["e2fsck", "-fn"], "xfs": ["xfs_repair", "-n"]}


def missing():
    if os.geteuid() != 0:
        return "not root"
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not os.access(device, os.R_OK | os.W_OK):
            return f"no {device}"
    for tool in ("nbdfuse", "losetup", "fsfreeze", "mkfs.xfs", "mkfs.ext4", "fio"):
        if subprocess.run(["which", tool], capture_output=True).returncode != 0:
            return f"no {tool}"
    # What is there need not work: a container may forbid it.
    probe = subprocess.run(["losetup", "--find"], capture_output=True, text=True)
    return f"no loop devices: {probe.stderr}" if probe.returncode != 0 else None


MISSING = missing()


class Attached:
    """An export as a block device, and mounted while it is wanted."""

    def __init__(self, test, export):
        self.test = test
        self.place = test.folder / export
        self.place.mkdir()
        self.mounted = None
        self.fuse = subprocess.Popen(["nbdfuse", "-C", "4", str(self.place), test.uri(export)])
        test.addCleanup(self.detach)
        file = self.place / "nbd"
        until("nbdfuse shows it", lambda: file.exists() or self.fuse.poll() is not None)
        self.device = test.run_tool("losetup", "--find", "--show", str(file)).strip()

    def mount(self, kind):
        self.mounted = self.test.folder / (self.place.name + "-files")
        self.mounted.mkdir(exist_ok=True)
        self.test.run_tool("mount", "-t", kind, "-o", OPTIONS[kind], self.device,
                           str(self.mounted))
        return self.mounted

    def unmount(self):
        self.test.run_tool("umount", str(self.mounted))
        self.mounted = None

    def detach(self):
        if self.fuse is None:
            return
        if self.mounted:
            subprocess.run(["umount", str(self.mounted)])
        subprocess.run(["losetup", "--detach", self.device])
        subprocess.run(["fusermount3", "-u", str(self.place)])
        self.fuse.wait(served.PATIENCE)
        self.fuse = None


def sums(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


class Records:
    """A program that writes numbered records, and knows which of them are synced."""

    def __init__(self, path):
        self.path = path
        self.synced = 0
        self.stopping = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        with open(self.path, "wb", buffering=0) as file:
            while not self.stopping:
                file.write(b"%08d\n" % self.synced)
                os.fsync(file.fileno())
                self.synced += 1

    def stop(self):
        self.stopping = True
        self.thread.join(served.PATIENCE)

    @staticmethod
    def count(path):
        """How many there are; every one has to be there, in order."""
        lines = path.read_bytes().split(b"\n")
        whole = lines[:-1]
        if whole != [b"%08d" % number for number in range(len(whole))]:
            raise AssertionError(f"{path}: no prefix of the records")
        return len(whole)


@unittest.skipIf(MISSING, MISSING)
class Host(Served):
    text = ARRAY

    def present(self, volume, lun):
        self.say("present", volume, "to=web1", f"lun={lun}")

    def frozen(self, kind):
        data = Attached(self, "data")
        self.run_tool(*MAKE[kind], data.device)
        files = data.mount(kind)
        for number in range(40):
            (files / f"file{number}").write_bytes(bytes([number]) * (5000 * number))
        load = subprocess.Popen(
            ["fio", "--name=load", f"--filename={files}/load", "--rw=randwrite", "--bs=4k",
             "--size=32M", "--time_based", "--runtime=600", "--fsync=16"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until("fio writes", lambda: (files / "load").exists())
            self.run_tool("fsfreeze", "--freeze", str(files))
            try:
                moment = sums(files)
                self.say("add", "snapclone", "clone", "of=data", "group=dg2")
            finally:
                self.run_tool("fsfreeze", "--unfreeze", str(files))
            for number in range(40):
                (files / f"file{number}").write_bytes(b"later" * number)
            os.sync()
            until("it is independent", lambda: not self.volume("clone")["normalizing"])
        finally:
            load.terminate()
            load.wait(served.PATIENCE)
        self.present("clone", 2)
        clone = Attached(self, "clone")
        self.assertEqual(sums(clone.mount(kind)), moment)
        clone.unmount()
        self.run_tool(*CHECK[kind], clone.device)
        self.assertNotEqual(sums(files), moment)
        data.unmount()
        self.run_tool(*CHECK[kind], data.device)

    def test_a_snapclone_of_a_frozen_ext4_holds_the_moment(self):
        self.frozen("ext4")

    def test_a_snapclone_of_a_frozen_xfs_holds_the_moment(self):
        self.frozen("xfs")

    def crash_consistent(self, kind):
        data = Attached(self, "data")
        self.run_tool(*MAKE[kind], data.device)
        records = Records(data.mount(kind) / "records")
        try:
            for round in range(3):
                before = records.synced
                until("records are written", lambda: records.synced > before + 20)
                copy = f"copy{round}"
                least = records.synced
                self.say("add", "snapshot", copy, "of=data")
                self.present(copy, 10 + round)
                attached = Attached(self, copy)
                found = Records.count(attached.mount(kind) / "records")
                self.assertGreaterEqual(found, least)
                attached.unmount()
                self.run_tool(*CHECK[kind], attached.device)
                attached.detach()
        finally:
            records.stop()
        self.assertEqual(Records.count(records.path), records.synced)

    def test_snapshots_of_an_ext4_in_use_hold_every_synced_record(self):
        self.crash_consistent("ext4")

    def test_snapshots_of_an_xfs_in_use_hold_every_synced_record(self):
        self.crash_consistent("xfs")

    def test_fio_reads_back_what_it_wrote_through_a_file_system(self):
        data = Attached(self, "data")
        self.run_tool(*MAKE["ext4"], data.device)
        files = data.mount("ext4")
        self.say("add", "snapshot", "s1", "of=data")  # first touches below
        self.run_tool("fio", "--name=verify", f"--filename={files}/verify", "--rw=randwrite",
                      "--bs=4k", "--size=64M", "--fsync=64", "--verify=crc32c",
                      "--verify_fatal=1", "--do_verify=1")
        data.unmount()
        self.run_tool(*CHECK["ext4"], data.device)

    def test_what_nbdcopy_puts_in_it_takes_out(self):
        image = self.folder / "image"
        with open(image, "wb") as file:
            file.write(os.urandom(8 << 20))
            file.truncate(384 << 20)
            file.seek(200 << 20)
            file.write(os.urandom(8 << 20))
        self.run_tool("nbdcopy", str(image), self.uri("data"))
        self.say("add", "snapclone", "clone", "of=data")
        self.present("clone", 2)
        self.run_tool("nbdcopy", self.uri("clone"), str(self.folder / "back"))
        self.run_tool("cmp", str(image), str(self.folder / "back"))


if __name__ == "__main__":
    served.main(sys.argv)
