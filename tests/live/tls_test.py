#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Nodes as processes that speak TLS with each other by TCP: a kill and a return, nothing of it in
# plain text on the way, strangers that are refused by name, and files that are wrong, which nothing
# is begun with.
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading

import served
from cluster import NAMES
from encrypted import TLS, Encrypted
from served import until

BLOCK = 4096
MARK = b"marked so that it is found on its way"


class Nodes(Encrypted):
    """What is sent goes through a wire that keeps a copy of it."""

    def setUp(self):
        self.seen = bytearray()
        self.relay = socket.create_server(("127.0.0.1", 0))
        self.sockets = [self.relay]
        self.threads = []
        super().setUp()
        self.addCleanup(self.cut)
        self.run_thread(self.accept)

    def port(self, node, name):
        # server1 dials.
        if node == "server1" and name == "server2":
            return self.relay.getsockname()[1]
        return super().port(node, name)

    def run_thread(self, what, *arguments):
        self.threads.append(threading.Thread(target=what, args=arguments))
        self.threads[-1].start()

    def cut(self):
        for one in self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended already
        for thread in self.threads:
            thread.join()
        for one in self.sockets:
            one.close()

    def accept(self):
        while True:
            try:
                near = self.relay.accept()[0]
            except OSError:
                return
            far = socket.socket()
            self.sockets += [near, far]
            try:
                far.connect(("127.0.0.1", self.ports["server2"]))
            except OSError:
                near.shutdown(socket.SHUT_RDWR)
                continue
            self.run_thread(self.pass_on, near, far)
            self.run_thread(self.pass_on, far, near)

    def pass_on(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                self.seen += data
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def test_a_kill_and_a_return(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        host = self.connect("server1")
        for number in range(64):
            host.pwrite(MARK + struct.pack("<Q", number) + bytes(BLOCK - len(MARK) - 8),
                        number * BLOCK)
        host.pwrite(os.urandom(1 << 20), 1 << 20)
        self.assertGreater(len(self.seen), 1 << 20)
        for plain in (MARK, b"SunF", b"datarep"):
            self.assertNotIn(plain, self.seen)
        self.kill("server1")
        self.until_served("server2")
        host = self.connect("server2")
        for number in range(64):
            found = host.pread(BLOCK, number * BLOCK)
            self.assertEqual(found[:len(MARK) + 8], MARK + struct.pack("<Q", number))
        host.pwrite(b"later" + bytes(BLOCK - 5), 0)
        self.start("server1")
        self.until_mirrored()
        self.compare_images("server2")
        self.assertNotIn(MARK, self.seen)


class Strangers(Encrypted):
    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def dial(self, *words):
        """What OpenSSL's own client says when it comes to server2."""
        return self.openssl("s_client", "-connect", f"127.0.0.1:{self.ports['server2']}", *words,
                            input=b"x" * 64)

    def refused(self, words):
        until(words, lambda: words in self.log("server2"), self.logs)
        lines = [line for line in self.log("server2").splitlines() if words in line]
        self.assertEqual(len(lines), 1, self.logs())
        self.assertRegex(lines[0], r"a connection from 127\.0\.0\.1:\d+ was refused: ")

    def goes_on(self):
        self.connect("server1").pwrite(os.urandom(BLOCK), 0)
        self.assertEqual(self.datarep("server1")["state"], "fully operational", self.logs())

    def test_each_is_refused_by_name_and_the_nodes_go_on(self):
        self.dial()
        self.refused("it showed no certificate")
        self.make_authority("other")
        self.issue("stranger", "server1.test", by="other")
        self.dial("-cert", "stranger.pem", "-key", "stranger.key")
        self.refused("is not to be trusted")
        self.dial("-tls1_2", "-cert", "server1.pem", "-key", "server1.key")
        self.refused("it speaks another TLS, and TLS 1.3 is spoken here")
        self.dial("-cert", "server1.pem", "-key", "server1.key")
        self.refused("this is no peer")  # its certificate is right, and it does not greet
        with socket.create_connection(("127.0.0.1", self.ports["server2"])) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            self.assertEqual(plain.recv(1), b"")
        self.refused("it does not speak TLS")
        self.goes_on()

    def test_many_that_say_nothing_or_half_of_something_cost_little(self):
        def memory():
            with open(f"/proc/{self.servers['server2'].pid}/status") as status:
                text = status.read()
            return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024

        before = memory()
        # The beginning of a handshake of 16 MiB, of which so much is sent as is taken.
        half = (b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes(16380)) * 64
        strangers = []
        for _ in range(200):
            stranger = socket.create_connection(("127.0.0.1", self.ports["server2"]))
            self.addCleanup(stranger.close)
            stranger.setblocking(False)
            try:
                stranger.send(half)
            except OSError:
                pass  # one too many: it is closed
            strangers.append(stranger)
        self.goes_on()
        self.assertLess(memory() - before, 100 << 20)


class Renewed(Encrypted):
    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def shown(self):
        """The certificate that whoever dials server2 is shown."""
        said = self.openssl("s_client", "-connect", f"127.0.0.1:{self.ports['server2']}",
                            "-cert", "server1.pem", "-key", "server1.key", input=b"")
        found = re.search(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", said.stdout,
                          re.DOTALL)
        self.assertIsNotNone(found, said.stdout + said.stderr)
        return found.group()

    def test_connections_that_begin_later_go_by_the_files_as_they_are(self):
        certificate = self.folder / "server2.pem"
        first = certificate.read_bytes()
        self.assertIn(self.shown(), first)
        self.issue("server2", "server2.test")
        self.assertNotEqual(certificate.read_bytes(), first)
        self.assertIn(self.shown(), certificate.read_bytes())
        self.assertIn("connections that begin now go by them", self.log("server2"))
        self.assertNotIn("problem", self.status("server2")["tls"])
        self.kill("server1")
        self.until_served("server2")
        self.start("server1")
        self.until_mirrored()

    def test_when_a_certificate_expires_is_told(self):
        told = []
        for _ in range(2):
            said = self.openssl("x509", "-in", "server2.pem", "-noout", "-enddate")
            expires = ssl.cert_time_to_seconds(
                said.stdout.decode().strip().removeprefix("notAfter="))
            self.assertEqual(
                self.metric("server2", "sunder_certificate_expiry_timestamp_seconds"), expires)
            self.assertEqual(self.status("server2")["tls"]["certificate_expires"], expires)
            told.append(expires)
            self.issue("server2", "server2.test")
        self.assertNotEqual(*told)

    def test_files_that_are_wrong_change_nothing_and_an_operator_hears_of_it(self):
        certificate = self.folder / "server2.pem"
        first = certificate.read_bytes()
        certificate.write_text("half of one")
        for _ in range(3):
            self.assertIn(self.shown(), first)
        told = [line for line in self.log("server2").splitlines() if "have changed" in line]
        self.assertEqual(len(told), 1, told)
        self.assertIn("connections go on with what was read before", told[0])
        self.assertIn("server2.pem", told[0])
        self.assertIn("server2.pem", self.status("server2")["tls"]["problem"])
        self.assertIn("TLS goes on with files that were there before",
                      self.say("server2", "status"))
        # A certificate without its key is wrong, too; with it all is well.
        key = (self.folder / "server2.key").read_bytes()
        self.issue("server2", "server2.test")
        new_key = (self.folder / "server2.key").read_bytes()
        (self.folder / "server2.key").write_bytes(key)
        self.assertIn("it is not the key of", self.status("server2")["tls"]["problem"])
        (self.folder / "server2.key").write_bytes(new_key)
        self.assertNotIn("problem", self.status("server2")["tls"])
        self.assertIn(self.shown(), certificate.read_bytes())


class Wrong(Encrypted):
    def test_a_node_with_wrong_files_says_so_and_begins_nothing(self):
        self.issue("server3", "server3.test")
        for wrong, words in (
                ("certificate: missing.pem", "missing.pem: cannot read it: No such file"),
                ("certificate: server3.pem", "it stands for 'server3.test', and this node is "
                                             "'server1.test'; one with 'DNS:server1.test'"),
                ("key: server2.key", "it is not the key of")):
            key = wrong.split(":")[0]
            self.file("server1").write_text(
                re.sub(rf"{key}: server1\.\w+", wrong, self.text("server1")))
            ran = subprocess.run([served.SUNDER, "serve", str(self.file("server1"))],
                                 capture_output=True, text=True, timeout=served.PATIENCE)
            self.assertEqual(ran.returncode, 3, ran.stderr)
            self.assertRegex(ran.stderr, r"--> \S+server1\.yaml:\d+:\d+\n")
            self.assertIn(words, ran.stderr)
            self.assertFalse((self.folder / "server1.state").exists())

    def test_what_lies_beyond_this_machine_asks_for_tls(self):
        elsewhere = self.text("server1").replace(
            f"port: {self.ports['server2']}", f"port: {self.ports['server2']}, address: 192.0.2.1")
        without = elsewhere.replace(TLS.format(node="server1"), "")
        for text, status in ((elsewhere, 0), (without, 3)):
            self.file("server1").write_text(text)
            ran = subprocess.run([served.SUNDER, "serve", "--print", str(self.file("server1"))],
                                 capture_output=True, text=True, timeout=served.PATIENCE)
            self.assertEqual(ran.returncode, status, ran.stderr)
        self.assertIn("connections of peers are not encrypted without `tls`", ran.stderr)

    def test_one_that_speaks_tls_and_one_that_does_not_tell_each_other_apart(self):
        text = self.text("server2").replace(TLS.format(node="server2"), "")
        self.file("server2").write_text(text)
        self.start(*NAMES)
        until("both say why", lambda: "it begins as TLS does" in self.log("server2")
              and "it ended the connection during the handshake of TLS" in self.log("server1"),
              self.logs)


if __name__ == "__main__":
    served.main(sys.argv)
