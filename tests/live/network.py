# SPDX-License-Identifier: BSD-3-Clause
#
# What lies between nodes: for each of them a relay, at which the others find it. A network that is
# cut loses beats and holds back what travels on connections, as TCP does; who is connected is not
# told. It decides nothing else: which bytes pass, and whether they arrive as they were sent, is the
# test's business (`mangle`).
import select
import socket
import threading
import time

CHUNK = 1 << 16
DROP = 1 << 11  # of a connection that drips


class Network:
    def __init__(self, folder, nodes):
        self.folder = folder
        self.whole = threading.Event()
        self.whole.set()
        # Called with (the node that was dialled and hears them, or None; bytes); returns what is
        # heard. Less than was sent: the connection ends there.
        self.mangle = None
        self.rate = None  # bytes a second, of each connection in each direction; None: any
        self.stopping = False
        self.sockets = []
        self.threads = []
        for node in nodes:
            stream = self.listen(f"{node}.relay", socket.SOCK_STREAM)
            stream.listen(64)
            self.run(self.accept, stream, node)
            self.run(self.pass_beats, self.listen(f"{node}.relay.beats", socket.SOCK_DGRAM), node)

    def listen(self, name, kind):
        made = socket.socket(socket.AF_UNIX, kind)
        made.bind(str(self.folder / name))
        self.sockets.append(made)
        return made

    def run(self, what, *arguments):
        thread = threading.Thread(target=what, args=arguments)
        self.threads.append(thread)
        thread.start()

    def cut(self):
        self.whole.clear()

    def drip(self, rate):
        """Little by little, and never nothing for long; None: as before."""
        self.rate = rate

    def heal(self):
        self.whole.set()

    def stop(self):
        self.stopping = True
        self.whole.set()
        for one in list(self.sockets):
            self.end(one)
        for thread in list(self.threads):
            thread.join()
        for one in self.sockets:
            one.close()

    @staticmethod
    def end(one):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended already, or was never connected

    def accept(self, listener, node):
        while not self.stopping:
            try:
                near = listener.accept()[0]
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            self.sockets += [near, far]
            if self.stopping:
                return
            self.whole.wait()
            try:
                far.connect(str(self.folder / f"{node}.peers"))
            except OSError:
                self.end(near)  # nobody hears there
                continue
            self.run(self.pass_on, near, far, node)
            self.run(self.pass_on, far, near, None)

    def pass_on(self, source, sink, node):
        try:
            while data := source.recv(DROP if self.rate else CHUNK):
                if self.rate:
                    time.sleep(len(data) / self.rate)
                self.whole.wait()
                passed = self.mangle(node, data) if self.mangle else data
                sink.sendall(passed)
                if len(passed) < len(data):
                    break  # the connection is cut off here
        except OSError:
            pass
        # That one end is gone is not known behind a cut.
        self.whole.wait()
        self.end(source)
        self.end(sink)

    def pass_beats(self, beats, node):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as onward:
            while not self.stopping:
                if not select.select([beats], [], [], 0.1)[0]:
                    continue
                beat = beats.recv(CHUNK)
                if not self.whole.is_set():
                    continue
                try:
                    onward.sendto(beat, socket.MSG_DONTWAIT,
                                  str(self.folder / f"{node}.peers.beats"))
                except OSError:
                    pass  # nobody hears there, or it stands still
