# SPDX-License-Identifier: BSD-3-Clause
#
# An export as a block device of a real Linux host, by nbdfuse and a loop device, with a file system
# on it. Needs root, FUSE and loop devices, and says what is missing.
import os
import subprocess
import tempfile
import threading
from pathlib import Path

import served
from served import until

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

    def __init__(self, test, uri):
        self.test = test
        self.place = Path(tempfile.mkdtemp(prefix="device", dir=test.folder))
        self.mounted = None
        # It does not survive the loss of its server, and says so.
        self.fuse = subprocess.Popen(["nbdfuse", "-C", "4", str(self.place), uri],
                                     stderr=subprocess.DEVNULL)
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
        """Also when what it was attached to is gone."""
        if self.fuse is None:
            return
        if self.mounted:
            subprocess.run(["umount", str(self.mounted)], stderr=subprocess.DEVNULL)
            self.mounted = None
        subprocess.run(["losetup", "--detach", self.device])

        def let_go():
            # Who looks at all loop devices may hold this one for a moment. What it was attached to
            # may be gone, and then it is mounted yet.
            subprocess.run(["fusermount3", "-u", str(self.place)], stderr=subprocess.DEVNULL)
            return f" {self.place} " not in Path("/proc/self/mounts").read_text()

        until("nothing uses it", let_go)
        self.fuse.wait(served.PATIENCE)
        self.fuse = None


class Records:
    """A program that writes numbered records, and knows which of them are synced."""

    def __init__(self, path, may_lose_disk=False):
        self.path = path
        self.may_lose_disk = may_lose_disk
        self.synced = 0
        self.stopping = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            with open(self.path, "wb", buffering=0) as file:
                while not self.stopping:
                    file.write(b"%08d\n" % self.synced)
                    os.fsync(file.fileno())
                    self.synced += 1
        except OSError:
            if not self.may_lose_disk:
                raise

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
