#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Volumes as clients of NBD meet them: what is listed, what may be done, which errno says what, and
# whether the tools of the field are content. Faults, as those who test on a bad disk meet them.
import errno
import http.client
import json
import socket
import subprocess
import sys
import time
import unittest

import served
from served import Served

try:
    import nbd
except ImportError:  # another Python than Debian's
    nbd = None

MIB = 1 << 20
CHUNK = 65536


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class Exports(Served):
    def fails(self, number, call, *arguments):
        with self.assertRaises(nbd.Error) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.errnum, number, caught.exception.string)

    def test_who_is_told_to_end_does_so_whoever_is_there(self):
        idle = self.connect("data")
        idle.pwrite(b"x" * 4096, 0)
        self.stop()
        with self.assertRaises(nbd.Error):
            idle.pread(4096, 0)

    def test_who_is_told_to_end_waits_for_no_delay(self):
        host = self.connect("data")

        def delayed():
            self.say("add", "fault", "slow", "kind=delay", "time=1h", "volume=data", "on=write")
            cookie = host.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(4096)), 0)

            def befell():
                host.poll(0)
                return "befell 1" in self.say("list", "faults")

            served.until("it is delayed", befell)
            return cookie

        released = delayed()
        self.say("add", "host", "web2")  # takes nothing from anybody, so it waits for nobody
        self.say("remove", "fault", "slow")
        while not host.aio_command_completed(released):
            host.poll(-1)
        delayed()
        self.stop()

    def test_what_is_presented_is_listed_with_what_it_is(self):
        listed = json.loads(self.run_tool("nbdinfo", "--list", "--json", self.uri("")))
        exports = {e["export-name"]: e for e in listed["exports"]}
        self.assertEqual(sorted(exports), ["data", "log", "thin"])
        data = exports["data"]
        self.assertEqual(data["export-size"], 256 * MIB)
        self.assertEqual(data["description"], "256 MiB, read_write of vraid5 in dg1")
        for flag in ("can_flush", "can_fua", "can_multi_conn", "can_trim", "can_zero",
                     "can_fast_zero", "can_cache"):
            self.assertTrue(data[flag], flag)
        self.assertEqual([data["block_size_" + which] for which in
                          ("minimum", "preferred", "maximum")], [512, 4096, 32 * MIB])
        self.assertTrue(exports["log"]["is_read_only"])

    def test_the_only_one_is_the_default_and_others_have_to_be_named(self):
        with self.assertRaises(nbd.Error):
            self.connect("")
        self.say("unpresent", "web1", "lun=2")
        self.say("unpresent", "web1", "lun=3")
        self.assertEqual(self.connect("").get_size(), 256 * MIB)
        self.assertEqual(self.connect("web1/data").get_size(), 256 * MIB)
        self.say("add", "host", "web2")
        self.say("present", "log", "to=web2", "lun=1")
        self.assertEqual(self.connect("web2/log").get_size(), 64 * MIB)
        with self.assertRaises(nbd.Error):
            self.connect("web2/data")
        self.assertIn("no volume is presented as 'web2/data', did you mean 'web1/data'?",
                      self.log())

    def test_errors_are_those_that_clients_know(self):
        host = self.connect("data", strict=False)
        page = b"x" * 4096
        self.fails(errno.EINVAL, host.pwrite, page, 100)
        self.assertIn("data: 4096 bytes at 100: both have to be multiples", self.log())
        self.fails(errno.EINVAL, host.pread, 100, 0)
        self.fails(errno.ENOSPC, host.pwrite, page, 256 * MIB)
        self.fails(errno.EINVAL, host.pread, 4096, 256 * MIB)
        self.fails(errno.EPERM, self.connect("log", strict=False).pwrite, page, 0)
        self.say("set", "write-protect", "data", "on=yes")
        self.fails(errno.EPERM, host.pwrite, page, 0)
        self.say("set", "write-protect", "data", "on=no")
        host.pwrite(page, 0)
        self.say("fail", "disk-group", "dg1")
        self.fails(errno.EIO, host.pread, 4096, 0)
        self.fails(errno.EIO, host.flush)
        shown = self.say("show")
        self.assertIn("FAILED with its disk group", shown)
        self.assertIn("data: the disk group that has the data, or has to take it, failed",
                      self.log())

    def test_what_is_taken_from_a_host_is_taken_at_once(self):
        host = self.connect("data", strict=False)
        page = b"x" * 4096
        host.pwrite(page, 0)
        self.say("unpresent", "web1", "lun=1")
        for ask in (lambda: host.pread(4096, 0), lambda: host.pwrite(page, 0), host.flush,
                    lambda: host.trim(4096, 0), lambda: host.zero(4096, 0)):
            self.fails(errno.ESHUTDOWN, ask)
        self.say("present", "data", "to=web1", "lun=5", "access=read-only")
        self.assertEqual(host.pread(4096, 0), page)
        self.fails(errno.EPERM, host.pwrite, page, 0)
        self.assertIn("data: the volume is presented read-only", self.log())
        self.say("unpresent", "web1", "lun=5")
        self.say("present", "data", "to=web1", "lun=1")
        host.pwrite(page, 0)

    def test_another_host_changes_nobodys_names(self):
        self.say("add", "host", "web2")
        self.assertEqual(self.connect("data").get_size(), 256 * MIB)
        self.say("present", "data", "to=web2", "lun=1")
        with self.assertRaises(nbd.Error):
            self.connect("data")
        self.assertEqual(self.connect("web2/data").get_size(), 256 * MIB)

    def test_a_volume_that_is_deleted_shuts_its_hosts_out(self):
        host = self.connect("data")
        refused = self.ask("delete", "volume", "data")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("[is_presented]", refused.stderr)
        self.say("unpresent", "web1", "lun=1")
        self.say("delete", "volume", "data")
        self.fails(errno.ESHUTDOWN, host.pread, 4096, 0)
        self.fails(errno.ESHUTDOWN, host.flush)
        with self.assertRaises(nbd.Error):
            self.connect("data")

    def test_a_full_disk_group_is_told_to_who_writes(self):
        host = self.connect("thin")
        with self.assertRaises(nbd.Error) as caught:
            for chunk in range(1024):
                host.pwrite(b"y" * 4096, chunk * CHUNK)
        self.assertEqual(caught.exception.errnum, errno.ENOSPC)
        self.assertGreater(chunk, 8)
        # Space that is given back is to be had again.
        host.trim(CHUNK, 0)
        host.flush()
        host.pwrite(b"z" * 4096, chunk * CHUNK)
        self.assertEqual(host.pread(4096, chunk * CHUNK), b"z" * 4096)

    def overwrite_beside_a_snapshot_that_cannot_grow(self):
        """The snapshot's host, and the errno of who writes its source; none: it was written."""
        self.say("add", "volume", "old", "group=small", "size=1MiB", "vraid=vraid0")
        self.say("present", "old", "to=web1", "lun=11")
        old = self.connect("old")
        old.pwrite(b"a" * MIB, 0)
        self.say("add", "snapshot", "s", "of=old")
        self.say("present", "s", "to=web1", "lun=12")
        snapshot = self.connect("s")
        thin = self.connect("thin")
        with self.assertRaises(nbd.Error):
            for chunk in range(64):
                thin.pwrite(b"y" * 4096, chunk * CHUNK)
        try:
            old.pwrite(b"b" * MIB, 0)
        except nbd.Error as error:
            return snapshot, error.errnum
        return snapshot, None

    def test_a_snapshot_that_cannot_grow_reads_errors(self):
        snapshot, failure = self.overwrite_beside_a_snapshot_that_cannot_grow()
        self.assertIsNone(failure)
        self.fails(errno.EIO, snapshot.pread, 4096, 0)
        self.assertFalse(self.volume("s")["valid"])
        self.assertIn("[snapshot_invalid]", self.ask("rename", "volume", "s", "to=t").stderr)

    def test_a_snapshot_that_cannot_grow_stops_its_source_by_a_switch(self):
        self.stop()
        self.file.write_text(self.file.read_text().replace("store: store", "store: other").replace(
            "listen:", "switches: {overcommit: fail_writes}\nlisten:"))
        self.serve()
        snapshot, failure = self.overwrite_beside_a_snapshot_that_cannot_grow()
        self.assertEqual(failure, errno.ENOSPC)
        self.assertEqual(snapshot.pread(4096, 0), b"a" * 4096)
        self.assertTrue(self.volume("s")["valid"])

    def test_extents_trims_and_zeroes(self):
        host = self.connect("data")

        def extents(offset, count):
            found = []
            host.block_status(count, offset, lambda _, at, entries, error: found.extend(entries))
            return list(zip(found[0::2], found[1::2]))

        host.pwrite(b"x" * CHUNK, 2 * CHUNK)
        self.assertEqual(extents(0, 4 * CHUNK), [(2 * CHUNK, 3), (CHUNK, 0), (CHUNK, 3)])
        host.trim(CHUNK, 2 * CHUNK)
        self.assertEqual(extents(0, 4 * CHUNK), [(4 * CHUNK, 3)])
        self.assertEqual(host.pread(CHUNK, 2 * CHUNK), bytes(CHUNK))
        host.pwrite(b"x" * CHUNK, 2 * CHUNK)
        host.zero(4096, 2 * CHUNK + 512, nbd.CMD_FLAG_FAST_ZERO)
        self.assertEqual(host.pread(8192, 2 * CHUNK),
                         b"x" * 512 + bytes(4096) + b"x" * (8192 - 512 - 4096))
        thin = self.connect("thin")
        self.fails(errno.ENOTSUP, thin.zero, 4096, 0,
                   nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_NO_HOLE)
        thin.zero(4096, 0, nbd.CMD_FLAG_NO_HOLE)
        found = []
        thin.block_status(CHUNK, 0, lambda _, at, entries, error: found.extend(entries))
        self.assertEqual(found[:2], [4096, 0])  # space is kept for it

    def test_a_snapshot_keeps_its_moment_for_other_connections(self):
        first, second = self.connect("data"), self.connect("data")
        first.pwrite(b"old" + bytes(4093), CHUNK)
        self.say("add", "snapshot", "s1", "of=data")
        self.say("present", "s1", "to=web1", "lun=9")
        second.pwrite(b"new" + bytes(4093), CHUNK)
        first.flush()
        copy = self.connect("s1")
        self.assertEqual(copy.pread(512, CHUNK)[:3], b"old")
        self.assertEqual(first.pread(512, CHUNK)[:3], b"new")
        copy.pwrite(b"own" + bytes(509), CHUNK)
        self.assertEqual(first.pread(512, CHUNK)[:3], b"new")

    def test_copies_and_restores_while_hosts_are_attached(self):
        host = self.connect("data")
        host.pwrite(b"1" * 4096, MIB)
        self.say("add", "mirrorclone", "m", "of=data", "group=dg2")
        served.until("it is synchronized",
                     lambda: self.volume("m")["mirror"] == "Synchronized")
        self.assertEqual(self.ask("present", "m", "to=web1", "lun=8").returncode, 1)
        host.pwrite(b"2" * 4096, MIB)
        self.say("fracture", "m")
        host.pwrite(b"3" * 4096, MIB)
        self.say("present", "m", "to=web1", "lun=8")
        self.assertEqual(self.connect("m").pread(4096, MIB), b"2" * 4096)
        self.say("unpresent", "web1", "lun=8")
        self.say("restore", "mirrorclone", "m")
        self.assertEqual(host.pread(4096, MIB), b"2" * 4096)  # at once
        served.until("it is restored", lambda: self.volume("m")["mirror"] == "Synchronized")
        self.say("fracture", "m")
        self.say("detach", "m")
        self.say("delete", "volume", "m")
        self.say("add", "snapshot", "s", "of=data")
        host.pwrite(b"4" * 4096, MIB)
        refused = self.ask("restore", "data", "from=s")  # arrays A9
        self.assertIn("[is_presented]", refused.stderr)
        self.say("unpresent", "web1", "lun=1")
        self.say("restore", "data", "from=s")
        self.say("present", "data", "to=web1", "lun=1")
        self.assertEqual(self.connect("data").pread(4096, MIB), b"2" * 4096)

    def test_faults_befall_hosts_and_can_be_taken_away(self):
        host = self.connect("data")
        page = b"f" * 4096
        host.pwrite(page, MIB)
        self.say("add", "fault", "bad", "kind=error", "volume=data", "on=read", "from=1MiB",
                 "length=64KiB", "error=EIO", "count=2")
        self.assertEqual(host.pread(4096, 0), bytes(4096))
        self.fails(errno.EIO, host.pread, 4096, MIB)
        self.fails(errno.EIO, host.pread, 512, MIB + CHUNK - 512)
        self.assertEqual(host.pread(4096, MIB), page)
        self.assertIn("befell 2", self.say("list", "faults"))
        self.say("add", "fault", "gone", "kind=lost", "volume=data",
                 f"while-file={self.folder}/trigger")
        host.pwrite(b"g" * 4096, MIB)
        self.assertEqual(host.pread(4096, MIB), b"g" * 4096)
        (self.folder / "trigger").touch()
        host.pwrite(page, MIB)
        self.assertEqual(host.pread(4096, MIB), b"g" * 4096)
        self.say("remove", "faults")
        host.pwrite(page, MIB)
        self.assertEqual(host.pread(4096, MIB), page)
        self.say("add", "fault", "unsynced", "kind=error", "on=flush", "volume=data",
                 "error=ENOSPC")
        self.fails(errno.ENOSPC, host.pwrite, page, MIB, nbd.CMD_FLAG_FUA)
        self.assertIn("error ENOSPC", self.say("list", "faults"))
        self.assertRegex(self.say("show"), r"faults\n(.*\n)*.* error ENOSPC")
        self.say("add", "volume", "brief", "group=dg2", "size=1MiB")
        self.say("add", "fault", "theirs", "kind=lost", "volume=brief")
        self.say("delete", "volume", "brief")
        self.assertRegex(self.say("list", "faults"), "theirs .* a deleted volume .* befell 0")
        self.say("remove", "faults")
        for words, wrong in (("kind=delay", "what a delay takes"),
                             ("kind=error count=0", "at least 1"),
                             ("kind=torn on=read", "a torn befalls writes only"),
                             ("kind=error rate=2", "expected a share"),
                             ("kind=eror", "did you mean 'error'?")):
            said = self.ask("add", "fault", "x", *words.split())
            self.assertEqual(said.returncode, 3, said.stdout + said.stderr)
            self.assertIn(wrong, said.stderr)

    def test_what_is_shown_to_people_says_all_that_was_set(self):
        self.say("add", "snapshot", "s", "of=data", "allocation=full")
        shown = self.say("show")
        self.assertIn("snapshot of data, fully allocated", shown)
        self.assertRegex(shown, r"thin .* volume, thin")
        ran = subprocess.run(
            [served.SUNDER, "array", "--control", str(self.folder / "eva1.control"), "add",
             "fault", "f1", "kind=delay", "time=20ms", "on=write", "from=1MiB", "length=64KiB",
             "rate=1.5%", "count=3", "while-file=trigger"],
            capture_output=True, text=True, timeout=served.PATIENCE, cwd=self.folder)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        # The path is meant from where it was said, and not from where the array is served.
        self.assertIn("delay 20 ms      every volume         befell 0, on=write, from=1 MiB "
                      f"length=64 KiB, rate=1.5%, count=3, while-file={self.folder}/trigger",
                      self.say("list", "faults"))
        refused = self.ask("add", "fault", "a\n\u202eb", "kind=lost")
        self.assertEqual(refused.returncode, 3)
        self.assertIn("a name begins with a letter", refused.stderr)

    def test_tools_of_the_field_are_content(self):
        image = self.folder / "image"
        content = bytearray()
        for block in range(1024):
            content += (bytes([block % 251]) if block % 3 else b"\0") * 16384
        image.write_bytes(content)
        self.run_tool("nbdcopy", str(image), self.uri("data"))
        back = self.folder / "back"
        self.run_tool("nbdcopy", self.uri("data"), str(back))
        with open(back, "rb") as copied:
            self.assertEqual(copied.read(len(content)), bytes(content))
        info = json.loads(self.run_tool("qemu-img", "info", "--output=json", self.uri("data")))
        self.assertEqual(info["virtual-size"], 256 * MIB)
        self.run_tool("qemu-img", "convert", "-O", "raw", self.uri("data"),
                      str(self.folder / "third"))
        self.run_tool("cmp", str(back), str(self.folder / "third"))
        self.run_tool("fio", "--name=verify", "--ioengine=nbd", "--uri=" + self.uri("data"),
                      "--rw=randwrite", "--bs=4k", "--size=32M", "--iodepth=32",
                      "--verify=crc32c", "--do_verify=1", "--verify_fatal=1",
                      f"--directory={self.folder}")


class ExportsOfAStore(Exports):
    store = "store"

    def test_what_was_there_is_there_again(self):
        host = self.connect("data")
        host.pwrite(b"kept" * 1024, MIB)
        self.say("add", "snapshot", "s1", "of=data")
        self.say("rename", "volume", "log", "to=old")
        host.pwrite(b"late" * 1024, MIB)
        before = self.show()
        del host
        self.stop()
        self.assertIn("nothing is wrong", self.ask("check", str(self.folder / "store")).stdout)
        self.file.write_text(self.file.read_text().replace("  log: {", "  old: {")
                             .replace("volume: log", "volume: old"))
        self.serve()
        self.assertEqual(self.show(), before)
        self.assertEqual(self.connect("data").pread(4096, MIB), b"late" * 1024)
        self.say("present", "s1", "to=web1", "lun=9")
        self.assertEqual(self.connect("s1").pread(4096, MIB), b"kept" * 1024)

    def test_who_describes_it_otherwise_changes_nothing(self):
        self.say("rename", "volume", "data", "to=DATA")
        before = self.show()
        self.stop()
        described = self.file.read_text()

        def refused(*changes):
            text = described
            for old, new in changes:
                self.assertIn(old, text)
                text = text.replace(old, new)
            self.file.write_text(text)
            ran = subprocess.run([served.SUNDER, "serve", str(self.file)], capture_output=True,
                                 text=True, timeout=served.PATIENCE)
            self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
            self.assertIn("describe the array as it is", ran.stderr)
            return ran.stderr

        self.assertIn("LUN 1 of web1 is 'DATA'", refused())
        named = (("  data:", "  DATA:"), ("volume: data", "volume: DATA"))
        for change, words in (
                (("size: 64 MiB, vraid: vraid1", "size: 32 MiB, vraid: vraid1"),
                 "volume 'log' is there with size 64 MiB, not 32 MiB"),
                (("group: dg2", "group: dg1"), "volume 'log' is there with group dg2, not dg1"),
                (("vraid: vraid1", "vraid: vraid0"), "with vraid vraid1, not vraid0"),
                (("access: read-only", "access: read-write"),
                 "LUN 2 of web1 is there with access read-only, not read-write"),
                (("lun: 2", "lun: 7"), "LUN 2 of web1 is 'log'"),
                (("small: {capacity: 2 MiB", "small: {capacity: 3 MiB"),
                 "disk group 'small' is there with capacity 2 MiB, not 3 MiB")):
            self.assertIn(words, refused(*named, change))
        # What is not said is no contradiction.
        text = described.replace(", access: read-only", "").replace(", vraid: vraid1", "")
        for old, new in named:
            text = text.replace(old, new)
        self.file.write_text(text)
        self.serve()
        self.assertEqual(self.show(), before)

    def test_an_emptied_database_is_said_to_be_none(self):
        self.stop()
        (self.folder / "store" / "array.db").write_bytes(b"")
        checked = self.ask("check", str(self.folder / "store"))
        self.assertEqual(checked.returncode, 1)
        opened = subprocess.run([served.SUNDER, "serve", str(self.file)], capture_output=True,
                                text=True, timeout=served.PATIENCE)
        self.assertEqual(opened.returncode, 1)
        for said in (checked.stdout, opened.stderr):
            self.assertIn("array.db", said)
            self.assertIn("it is empty", said)
            self.assertNotIn("Read-only", said)

    def test_an_array_that_is_not_as_its_profile_stays_so(self):
        self.stop()
        described = self.file.read_text()
        switched = self.folder / "switched.yaml"

        def serve(switches, licensed):
            switched.write_text(described.replace("store: store", "store: other").replace(
                "listen:", f"licensed: {licensed}\nswitches: {switches}\nlisten:"))
            return subprocess.run([served.SUNDER, "serve", str(switched), "--print"],
                                  capture_output=True, text=True, timeout=served.PATIENCE)

        printed = serve("{overcommit: fail_writes, delete_while_unsharing: yes}", "no")
        for words in ("licence=no", "switch=overcommit=fail_writes",
                      "switch=delete_while_unsharing=yes"):
            self.assertIn(words, printed.stdout)
        usual, self.file = self.file, switched
        self.serve()
        shown = self.show()
        self.assertFalse(shown["licensed"])
        self.assertEqual(shown["switches"]["overcommit"], "fail_writes")
        self.assertEqual(shown["switches"]["delete_while_unsharing"], "yes")
        self.assertIn("[no_licence]", self.ask("add", "snapshot", "s", "of=data").stderr)
        self.stop()
        for switches, licensed, words in (
                ("{overcommit: invalidate_snapshots}", "no", "switch overcommit is fail_writes"),
                ("{overcommit: fail_writes}", "yes", "licence for local copies is no")):
            serve(switches, licensed)
            ran = subprocess.run([served.SUNDER, "serve", str(switched)], capture_output=True,
                                 text=True, timeout=served.PATIENCE)
            self.assertNotEqual(ran.returncode, 0)
            self.assertIn(words, ran.stderr)
        wrong = serve("{overcommit: ask}", "no")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("fail_writes", wrong.stdout + wrong.stderr)
        self.file = usual

    def test_a_store_has_one_user(self):
        other = self.folder / "other.yaml"
        other.write_text(self.file.read_text().replace("array: eva1", "array: eva2"))
        second = subprocess.run([served.SUNDER, "serve", str(other), "--socket",
                                 str(self.folder / "other.sock")],
                                capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(str(self.folder / "store"), second.stderr)
        checked = self.ask("check", str(self.folder / "store"))
        self.assertEqual(checked.returncode, 2, checked.stdout + checked.stderr)
        for words in (second.stderr, checked.stderr):
            self.assertIn("somebody has this store open", words)

    def test_damage_is_named_and_nothing_is_served(self):
        self.connect("data").pwrite(b"x" * 4096, 0)
        self.stop()
        for file in (self.folder / "store").iterdir():
            if file.name == "array.db":
                content = bytearray(file.read_bytes())
                for at in range(8192, len(content), 512):
                    content[at] ^= 0xff
                file.write_bytes(content)
        checked = self.ask("check", str(self.folder / "store"))
        self.assertEqual(checked.returncode, 1)
        self.assertIn("array.db", checked.stdout)
        opened = subprocess.run([served.SUNDER, "serve", str(self.file)], capture_output=True,
                                text=True, timeout=served.PATIENCE)
        self.assertNotEqual(opened.returncode, 0)
        self.assertIn("array.db", opened.stderr)


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class Control(Served):
    def send(self, method, path, body=""):
        connection = http.client.HTTPConnection("localhost", timeout=served.PATIENCE)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.folder / "eva1.control"))
        self.addCleanup(connection.close)
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def test_what_is_asked_wrongly_is_answered_with_what_would_be_right(self):
        self.assertEqual(self.send("GET", "/status")[1]["profile"], "eva-p6000")
        for method, path, body, status, words in (
                ("GET", "/other", "", 404, "POST /array"),
                ("GET", "/array", "", 405, "use POST"),
                ("POST", "/array", "{", 400, "expected a list of words"),
                ("POST", "/array", "[1]", 400, "expected a list of words"),
                ("POST", "/array", "[]", 400, "nothing was asked"),
                ("POST", "/array", '["add","volum"]', 400, "did you mean 'add volume'?"),
                ("POST", "/array", '["delete","volume","x"]', 409, "no volume")):
            found = self.send(method, path, body)
            self.assertEqual(found[0], status, (body[:40], found))
            self.assertIn(words, found[1]["error"])

    def test_what_is_too_long_is_not_read(self):
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(served.PATIENCE)
        raw.connect(str(self.folder / "eva1.control"))
        raw.sendall(b"POST /array HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n")
        self.assertTrue(raw.recv(65536).startswith(b"HTTP/1.1 413 "))
        raw.close()

    def test_who_asks_nothing_keeps_nobody_out(self):
        silent = [socket.socket(socket.AF_UNIX) for _ in range(70)]
        for one in silent:
            one.connect(str(self.folder / "eva1.control"))
            self.addCleanup(one.close)
        begun = time.monotonic()
        self.say("show")
        self.assertLess(time.monotonic() - begun, 15)

    def test_what_is_no_http_ends_the_connection_and_nothing_else(self):
        for garbage in (b"\0" * 100, b"\xff" * 70000, b"GET\r\n\r\n", b""):
            raw = socket.socket(socket.AF_UNIX)
            raw.settimeout(served.PATIENCE)
            raw.connect(str(self.folder / "eva1.control"))
            try:
                raw.sendall(garbage)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(65536):
                    pass
            except OSError:
                pass  # it hung up first
            raw.close()
        self.say("show")

    def test_an_array_is_served_once(self):
        second = subprocess.run([served.SUNDER, "serve", str(self.file), "--socket",
                                 str(self.folder / "other.sock")],
                                capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("somebody listens there", second.stderr)
        self.say("show")

    def test_a_file_that_is_wrong_serves_nothing(self):
        wrong = self.folder / "wrong.yaml"
        wrong.write_text(self.file.read_text().replace("group: dg2", "group: dg3")
                         .replace("lun: 1", "lun: one"))
        ran = subprocess.run([served.SUNDER, "serve", str(wrong)], capture_output=True, text=True,
                             timeout=served.PATIENCE)
        self.assertEqual(ran.returncode, 3)
        self.assertIn("there is no disk group 'dg3'", ran.stderr + ran.stdout)
        self.assertIn("expected a LUN", ran.stderr + ran.stdout)
        wrong.write_text(self.file.read_text().replace("lun: 1", "lun: 0")
                         .replace("  web1:", "  we/b:")
                         .replace("listen:", "background_rate: 0 B\nlisten:"))
        ran = subprocess.run([served.SUNDER, "serve", str(wrong)], capture_output=True, text=True,
                             timeout=served.PATIENCE)
        self.assertEqual(ran.returncode, 3)
        for words in ("a LUN: 1 to 255", "a name begins with a letter",
                      "nothing would ever be copied"):
            self.assertIn(words, ran.stderr + ran.stdout)
        self.assertEqual((ran.stderr + ran.stdout).count("we/b"), 2)  # the error, and its line
        for old, new, place, words in (
                ("size: 256 MiB", "size: 0 B", 9, "a size is above zero"),
                ("size: 256 MiB", "size: 1000 B", 9, "in whole sectors of 512 bytes"),
                ("size: 256 MiB", "size: 64 TiB", 9,
                 "larger than the profile's largest volume: 64 TiB of at most 32 TiB"),
                ("size: 256 MiB", "size: 8 GiB", 9,
                 "not enough free space: 'dg1' has 4 GiB free, and 10 GiB are needed"),
                ("dg1: {", "dg1: {alarm: 50, warning: 60, ", 5, "the warning not above the alarm"),
                ("socket: nbd.sock", "socket: none/sock", 3, "there is no folder"),
                ("socket: nbd.sock", "port: 7, address: here", 3, "expected an IP address"),
                ("lun: 2", "lun: 1", 15, "LUN 1 of web1 is 'data'")):
            self.assertIn(old, self.file.read_text())
            wrong.write_text(self.file.read_text().replace(old, new))
            ran = subprocess.run([served.SUNDER, "serve", str(wrong)], capture_output=True,
                                 text=True, timeout=served.PATIENCE)
            self.assertEqual(ran.returncode, 3, ran.stdout + ran.stderr)
            self.assertIn(f"wrong.yaml:{place}:", ran.stderr + ran.stdout)
            self.assertIn(words, ran.stderr + ran.stdout)
            self.assertEqual((ran.stderr + ran.stdout).count("error:"), 1)
        ran = subprocess.run([served.SUNDER, "serve", str(self.folder)], capture_output=True,
                             text=True, timeout=served.PATIENCE)
        self.assertEqual(ran.returncode, 3)
        self.assertIn("it is a folder", ran.stderr + ran.stdout)
        printed = subprocess.run([served.SUNDER, "serve", str(self.file), "--print", "--socket",
                                  "it's here"], capture_output=True, text=True, check=True)
        self.assertIn(r"'it'\''s here'", printed.stdout)


if __name__ == "__main__":
    served.main(sys.argv)
