# SPDX-License-Identifier: BSD-3-Clause
#
# What the tests of nodes that speak TLS share: a cluster that meets by TCP, with certificates as an
# operator makes them.
import socket
import subprocess
from pathlib import Path

import served
from cluster import NAMES, Cluster

MAKE = Path(__file__).parents[2] / "nodes/live/example/make-certificates"
TLS = "tls: {{ca: ca.pem, certificate: {node}.pem, key: {node}.key}}\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Encrypted(Cluster):
    def setUp(self):
        self.ports = {node: free_port() for node in NAMES}
        super().setUp()
        made = subprocess.run([str(MAKE), "test", *NAMES], cwd=self.folder, capture_output=True,
                              timeout=served.PATIENCE)
        self.assertEqual(made.returncode, 0, made.stderr)

    def text(self, node):
        text = super().text(node)
        for name in NAMES:
            text = text.replace(f"socket: {name}.peers", self.endpoint(node, name))
        return text + TLS.format(node=node)

    def endpoint(self, node, name):
        """Where a node finds that one, or itself, as its file has it."""
        return f"port: {self.port(node, name)}"

    def port(self, node, name):
        return self.ports[name]

    def openssl(self, *words, **options):
        return subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True,
                              timeout=served.PATIENCE, **options)

    def make(self, *words):
        made = self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", *words)
        self.assertEqual(made.returncode, 0, made.stderr)

    def make_authority(self, name):
        self.make("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")

    def issue(self, file, name, by="ca"):
        self.make("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-addext",
                  "basicConstraints=critical,CA:FALSE", "-CA", f"{by}.pem",
                  "-CAkey", f"{by}.key", "-keyout", f"{file}.key", "-out", f"{file}.pem")
