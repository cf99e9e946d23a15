#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# A real kernel with a real /dev/nbd0: a Debian guest attaches a mirrored volume with nbd-client,
# and makes an md raid1 of a local disk and our volume as write-mostly leg with a write-intent
# bitmap. The leg is failed and re-added and resynchronised in part; then both legs are equal, and
# so are both copies of our mirror. Called with the built command and the folder that vm/build
# made; it takes a minute.
import os
import re
import sys
from pathlib import Path

import served
from cluster import NAMES, Cluster
from served import until

sys.path.insert(0, str(Path(__file__).with_name("vm")))
from guest import HOST, Gate, Guest  # noqa: E402

IMAGE = ""

ATTACH = """\
nbd-client -b 4096 -N datarep {host} {port} /dev/nbd0 >/dev/null || exit 1
"""

MD = ATTACH + """
mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.2 --bitmap=internal \\
    --bitmap-chunk=64K --size=56M /dev/ram0 --write-mostly /dev/nbd0 2>/dev/null || exit 2
mdadm --wait /dev/md0
/sbin/mke2fs -q -t ext4 /dev/md0 && mount -t ext4 /dev/md0 /files || exit 3
dd if=/dev/urandom of=/files/first bs=64k count=64 conv=fsync 2>/dev/null || exit 4
left=600
until mdadm -X /dev/ram0 | grep -q ' 0 dirty' || [ $left = 0 ]; do
    left=$((left - 1))
    sleep 0.1
done
mdadm /dev/md0 --fail /dev/nbd0 --remove /dev/nbd0 2>/dev/null || exit 5
dd if=/dev/urandom of=/files/second bs=64k count=32 conv=fsync 2>/dev/null || exit 6
umount /files
mdadm -X /dev/ram0 |
    sed -n 's/.* \\([0-9]*\\) bits (chunks), \\([0-9]*\\) dirty.*/left \\2 of \\1/p'
mdadm /dev/md0 --re-add --write-mostly /dev/nbd0 2>/dev/null || exit 7
mdadm --wait /dev/md0
echo check >/sys/block/md0/md/sync_action
mdadm --wait /dev/md0
echo "differ $(cat /sys/block/md0/md/mismatch_cnt)"
mdadm --stop /dev/md0 2>/dev/null || exit 8
nbd-client -d /dev/nbd0
"""


class Guests(Cluster):
    def serving(self):
        for node in NAMES:
            if node in self.servers and self.serves(node):
                return f"{self.folder}/{node}.nbd"
        return None

    def boot(self, job):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.gate = Gate(self.serving)
        self.addCleanup(self.gate.close)
        guest = Guest(IMAGE, job.format(host=HOST, port=self.gate.port))
        self.addCleanup(guest.stop)
        return guest

    def until_done(self, guest):
        until("the job is done", guest.ended, guest.console)
        self.assertTrue(guest.says("job ends with 0"), guest.console())

    def test_md_resynchronises_our_leg_in_part(self):
        guest = self.boot(MD)
        self.until_done(guest)
        self.assertTrue(guest.says("differ 0"), guest.console())
        left, of = (int(words) for words in re.search(
            r"^left (\d+) of (\d+)$", guest.console(), re.MULTILINE).groups())
        self.assertTrue(0 < left < of // 2, f"{left} of {of} chunks")
        self.compare_images("server1")
        print(f"md raid1: {left} of {of} chunks were resynchronised, none differs", flush=True)


if __name__ == "__main__":
    IMAGE = os.path.abspath(sys.argv.pop(2))
    served.PATIENCE = 200
    served.main(sys.argv)
