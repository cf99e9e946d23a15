#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# A real kernel with a real /dev/nbd0: a Debian guest attaches a mirrored volume with nbd-client,
# and makes an md raid1 of a local disk and our volume as write-mostly leg with a write-intent
# bitmap. The leg is failed and re-added and resynchronised in part; then both legs are equal, and
# so are both copies of our mirror. An ext4 on the device survives a takeover and a switchover:
# the kernel holds requests back until it has a connection to whoever serves. Called with the built
# command and the folder that vm/build made; what is not there is a failure, which says its name.
import json
import os
import re
import shutil
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

EXT4 = ATTACH + """
reconnect {host} {port} datarep 120 5 || exit 2
/sbin/mke2fs -q -t ext4 /dev/nbd0 && mount -t ext4 /dev/nbd0 /files || exit 3
(read word </dev/console; : >/run/end) &
records=0
until [ -e /run/end ]; do
    printf '%-4095d\\n' $records |
        dd of=/files/records bs=4096 seek=$records conv=notrunc,fsync 2>/dev/null || exit 4
    records=$((records + 1))
    echo "written $records"
done
umount /files || exit 5
e2fsck -f -n /dev/nbd0 >/dev/null 2>&1 || exit 6
mount -t ext4 /dev/nbd0 /files || exit 7
grep -q '^/dev/nbd0 /files ext4 rw' /proc/mounts || exit 8
seq 0 $((records - 1)) >/run/expected
tr -d ' ' </files/records | cmp - /run/expected || exit 9
echo more >/files/more && umount /files || exit 10
echo "found $records"
echo "errors $(dmesg | grep -c -i 'i/o error')"
nbd-client -d /dev/nbd0
"""


def missing():
    """What a guest needs and this system has not; nothing if it can be booted."""
    for tool in ("qemu-system-x86_64", "cpio"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed: tools/setup --full"
    for file in ("vmlinuz", "guest.cpio.gz"):
        if not (Path(IMAGE) / file).exists():
            return f"there is no guest's {file} in {IMAGE}: tests/live/vm/build makes it"
    return None


class Guests(Cluster):
    def setUp(self):
        if lacking := missing():
            self.fail(lacking)
        super().setUp()

    def serving(self):
        """Asked by the gate at any time, so also of a node that is only beginning."""
        for node in NAMES:
            if node in self.servers:
                said = self.ctl(node, "status", "--json")
                if said.returncode == 0 and json.loads(said.stdout)["mirrors"][0]["in_service"]:
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

    def until_more(self, guest, records):
        before = guest.number("written")
        until("it writes", lambda: guest.ended() or guest.number("written") >= before + records,
              guest.console)
        self.assertFalse(guest.ended(), guest.console())

    def until_reconnected(self, guest, times):
        until("it reconnects", lambda: guest.ended() or guest.said.count("reconnected") >= times,
              guest.console)

    def test_ext4_survives_a_takeover_and_a_switchover(self):
        guest = self.boot(EXT4)
        self.until_more(guest, 50)
        self.kill("server1")
        self.until_served("server2")
        self.until_reconnected(guest, 1)
        self.until_more(guest, 50)
        self.start("server1")
        self.until_mirrored()
        self.until_more(guest, 50)
        self.say("server1", "switchover", "datarep")
        self.until_reconnected(guest, 2)
        self.until_more(guest, 50)
        guest.tell("end")
        self.until_done(guest)
        self.assertTrue(guest.says("job ends with 0"), guest.console())
        records = guest.number("written")
        self.assertEqual(guest.number("found"), records, guest.console())
        self.assertTrue(guest.says("errors 0"), guest.console())
        self.assertEqual(guest.said.count("reconnected"), 2, guest.console())
        self.until_mirrored()
        self.compare_images("server1")
        print(f"ext4: {records} records over a takeover and a switchover, none lost", flush=True)


if __name__ == "__main__":
    IMAGE = os.path.abspath(sys.argv.pop(2))
    served.PATIENCE = 200
    served.main(sys.argv)
