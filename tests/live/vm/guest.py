# SPDX-License-Identifier: BSD-3-Clause
#
# A Debian guest under QEMU, without KVM, that runs a job and says how it goes on its console. And
# the address at which it finds a mirrored volume, wherever that is in service: a gate that leads a
# connection to the node that serves, as an address that moves along does.
import re
import select
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

CHUNK = 1 << 16
HOST = "10.0.2.2"  # as the guest sees this system's loopback


class Gate:
    def __init__(self, find):
        """`find` names the socket of the node that serves, or nothing."""
        self.find = find
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        self.closed = False
        self.run(self.accept)

    @staticmethod
    def run(what, *arguments):
        threading.Thread(target=what, args=arguments, daemon=True).start()

    def accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            self.open.append(near)
            self.run(self.lead, near)

    def lead(self, near):
        """Nobody is turned away, who would not come again: he waits until somebody serves."""
        far = socket.socket(socket.AF_UNIX)
        self.open.append(far)
        while not self.closed:
            try:
                far.connect(self.find())
                break
            except (OSError, TypeError):
                select.select([], [], [], 0.05)  # nobody does
        else:
            return
        self.run(self.pass_on, near, far)
        self.run(self.pass_on, far, near)

    def pass_on(self, source, sink):
        try:
            while data := source.recv(CHUNK):
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other direction has ended it

    def close(self):
        self.closed = True
        for one in [self.listener, *self.open]:
            one.close()


class Guest:
    def __init__(self, image, job):
        """`image` is the folder that vm/build made."""
        self.folder = tempfile.TemporaryDirectory(prefix="sunder")
        root = Path(self.folder.name)
        (root / "job").write_text(job)
        packed = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], input=b"job\n", cwd=root,
                                capture_output=True, check=True)
        archive = root / "archive"
        first = (Path(image) / "guest.cpio.gz").read_bytes()
        archive.write_bytes(first + bytes(-len(first) % 4) + packed.stdout)
        self.said = []
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
             "-smp", "2", "-m", "1024", "-nographic", "-nodefaults", "-no-reboot",
             "-serial", "stdio", "-kernel", str(Path(image) / "vmlinuz"), "-initrd", str(archive),
             "-append", "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off",
             "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace")
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.said.append(line.strip())

    def says(self, words):
        return any(line.startswith(words) for line in list(self.said))

    def number(self, what):
        """The last that it said behind these words; 0 if it did not."""
        return next((int(line.split()[-1]) for line in reversed(list(self.said))
                     if re.fullmatch(f"{what} [0-9]+", line)), 0)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ended(self):
        return self.process.poll() is not None

    def console(self):
        return "\n".join(self.said)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()
        self.folder.cleanup()
