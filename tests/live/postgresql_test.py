#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The failover of a database: PostgreSQL on ext4 on a mirrored volume, under pgbench and clients
# that know which of their commits were acknowledged. The process of the source is killed; on the
# survivor PostgreSQL recovers, every acknowledged commit is there, no transaction is there in half,
# its indexes fit to its tables, and no checksum of a page is wrong. Needs the postgresql of Debian,
# root, FUSE and loop devices.
import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

import served
from block_device import CHECK, Attached
from cluster import other
from mirrored_host import FEW_ROUNDS, SEED, MirroredHost
from served import until

TOOLS = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
FOLDER = Path(TOOLS[-1]).parent if TOOLS else None
CLIENTS = 3


class Database:
    """PostgreSQL on a mounted file system; it cannot be run by root."""

    def __init__(self, test, files):
        self.test = test
        self.data = files / "data"
        self.log = test.folder / "postgresql.log"
        self.server = None

    def words(self, tool, *words):
        return ["runuser", "-u", "postgres", "--", str(FOLDER / tool), *words]

    def run(self, tool, *words, expect=0):
        return self.test.run_tool(*self.words(tool, *words), expect=expect)

    def make(self):
        self.data.mkdir()
        shutil.chown(self.data, "postgres", "postgres")
        self.run("initdb", "-D", str(self.data), "--data-checksums", "--wal-segsize=1",
                 "--no-instructions", "--no-locale", "--encoding=UTF8", "--auth=trust")

    def start(self):
        with open(self.log, "ab") as log:
            self.server = subprocess.Popen(
                [str(FOLDER / "postgres"), "-D", str(self.data), "-c", "listen_addresses=",
                 "-c", f"unix_socket_directories={self.test.folder}", "-c", "max_wal_size=16MB",
                 "-c", "checkpoint_timeout=30s"], stdout=log, stderr=log, user="postgres",
                group="postgres", extra_groups=[])
        self.test.addCleanup(self.end, signal.SIGQUIT)
        until("PostgreSQL serves", lambda: self.server.poll() is not None or subprocess.run(
            self.words("pg_isready", "-q", *self.connect())).returncode == 0, self.log.read_text)
        self.test.assertIsNone(self.server.poll(), self.log.read_text())

    def end(self, how):
        """SIGINT: in order. SIGQUIT: at once, also when the disk under it is gone."""
        if self.server is None:
            return
        self.server.send_signal(how)
        self.server.wait(served.PATIENCE)
        self.server = None

    def connect(self):
        return ["-h", str(self.test.folder), "-U", "postgres"]

    def ask(self, words):
        return self.run("psql", *self.connect(), "-v", "ON_ERROR_STOP=1", "-qAt", "-c",
                        words).strip()


class Client:
    """Commits numbers one after another, and knows which of them were acknowledged."""

    def __init__(self, database, name, first):
        self.name = name
        self.acknowledged = first - 1
        self.psql = subprocess.Popen(
            database.words("psql", *database.connect(), "-v", "ON_ERROR_STOP=1", "-qAt"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while True:
                number = self.acknowledged + 1
                # The second is not begun before the first has been told to be committed.
                self.psql.stdin.write(f"INSERT INTO commits VALUES ({self.name}, {number});\n"
                                      f"SELECT {number};\n")
                self.psql.stdin.flush()
                if self.psql.stdout.readline() != f"{number}\n":
                    return
                self.acknowledged = number
        except BrokenPipeError:
            pass

    def end(self):
        self.psql.kill()
        self.thread.join(served.PATIENCE)
        self.psql.communicate()


@unittest.skipIf(FOLDER is None, "no postgresql (Debian: apt-get install postgresql)")
class PostgreSQL(MirroredHost):
    size = "256 MiB"

    def prepare(self):
        source = self.begin()
        os.chmod(self.folder, 0o755)
        shutil.chown(self.folder, "postgres", "postgres")
        device = Attached(self, self.uri(source))
        database = Database(self, device.mount("ext4"))
        database.make()
        database.start()
        database.ask("CREATE EXTENSION amcheck; CREATE TABLE commits "
                     "(client int, number int, PRIMARY KEY (client, number))")
        database.run("pgbench", *database.connect(), "-i", "-q", "-s", "1", "postgres")
        return source, device, database

    def load_and_kill(self, source, device, database, acknowledged, chance):
        """What each client knows to be committed when the disk is lost."""
        clients = [Client(database, name, acknowledged[name] + 1) for name in range(CLIENTS)]
        bench = subprocess.Popen(
            database.words("pgbench", *database.connect(), "-n", "-c", "2", "-T", "600",
                           "postgres"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until("clients commit", lambda: all(
                one.acknowledged > acknowledged[one.name] + 5 for one in clients))
            time.sleep(chance.uniform(0, 1))  # a random moment, not a wait for anything
            self.kill(source)
        finally:
            database.end(signal.SIGQUIT)
            for client in clients:
                client.end()
            bench.wait(served.PATIENCE)  # its server is gone
        device.detach()
        return [client.acknowledged for client in clients]

    def recover(self, survivor, acknowledged):
        device = Attached(self, self.uri(survivor))
        self.run_tool(*CHECK["ext4"][:1], "-fp", device.device, expect=None)
        database = Database(self, device.mount("ext4"))
        database.start()
        found = []
        for name in range(CLIENTS):
            many, least, most = database.ask(
                "SELECT count(*), min(number), max(number) FROM commits "
                f"WHERE client = {name}").split("|")
            # One may have been committed, and its client not told.
            self.assertIn(int(most), (acknowledged[name], acknowledged[name] + 1), self.logs())
            self.assertEqual((int(least), int(many)), (1, int(most)), "there are gaps")
            found.append(int(most))
        # A transaction of pgbench changes all four by the same amount, or none.
        totals = database.ask(
            "SELECT (SELECT sum(abalance) FROM pgbench_accounts), "
            "(SELECT sum(tbalance) FROM pgbench_tellers), "
            "(SELECT sum(bbalance) FROM pgbench_branches), "
            "(SELECT coalesce(sum(delta), 0) FROM pgbench_history)").split("|")
        self.assertEqual(len(set(totals)), 1, totals)
        database.ask("SELECT bt_index_check(indexrelid, true) FROM pg_index JOIN pg_class ON "
                     "pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam "
                     "WHERE amname = 'btree' AND relpersistence = 'p'")
        history = int(database.ask("SELECT count(*) FROM pgbench_history"))
        database.end(signal.SIGINT)
        database.run("pg_checksums", "--check", "-D", str(database.data))
        device.unmount()
        self.run_tool(*CHECK["ext4"], device.device)
        database.data = device.mount("ext4") / "data"
        return device, database, found, history

    def test_every_acknowledged_commit_survives_every_kill(self):
        chance = random.Random(SEED)
        source, device, database = self.prepare()
        found = [0] * CLIENTS
        transactions = 0
        for number in range(FEW_ROUNDS):
            acknowledged = self.load_and_kill(source, device, database, found, chance)
            survivor = other(source)
            self.until_served(survivor)
            before = transactions
            device, database, found, transactions = self.recover(survivor, acknowledged)
            self.assertGreater(transactions, before, "pgbench did nothing")
            self.start(source)
            self.until_mirrored()
            print(f"database {number + 1}: {source} killed; {sum(acknowledged)} commits "
                  f"acknowledged, {sum(found)} found on {survivor}; {transactions} transactions "
                  "of pgbench, none in half; indexes and checksums right", flush=True)
            source = survivor
            database.start()
        database.end(signal.SIGINT)
        device.unmount()
        device.detach()
        self.compare_images(source)


if __name__ == "__main__":
    served.main(sys.argv)
