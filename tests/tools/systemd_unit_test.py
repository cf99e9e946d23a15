#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The unit of systemd by which a node is served: systemd itself says whether it understands all of
# it. Called with the path of the built command, which stands in for the one that is not installed.
# Skipped, with the reason, where there is no systemd-analyze.
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SUNDER = ""
UNIT = Path(__file__).resolve().parents[2] / "nodes/live/sunder-node@.service"
INSTALLED = "/usr/bin/sunder"


@unittest.skipIf(shutil.which("systemd-analyze") is None, "systemd-analyze is not installed")
class SystemdUnit(unittest.TestCase):
    def verify(self, text):
        """Whether it is taken, and what systemd says of it."""
        with tempfile.TemporaryDirectory(prefix="sunder") as folder:
            unit = Path(folder) / UNIT.name
            unit.write_text(text.replace(INSTALLED, SUNDER))
            # Of what it stands on, other units of this system may be wrong.
            ran = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)],
                capture_output=True, text=True, timeout=60)
            return ran.returncode == 0, ran.stdout + ran.stderr

    def test_systemd_understands_all_of_it(self):
        taken, said = self.verify(UNIT.read_text())
        self.assertTrue(taken, said)
        self.assertNotIn(UNIT.stem, said)

    def test_what_it_does_not_understand_is_said(self):
        """So that being silent says something."""
        for right, wrong, words in (
                ("Restart=on-failure", "Restart=on-failur", "on-failur"),
                ("RestartSec=1", "RestartSecs=1", "RestartSecs"),
                (f"ExecStart={INSTALLED}", f"ExecStart={INSTALLED}r", "not executable")):
            text = UNIT.read_text()
            self.assertIn(right, text)
            taken, said = self.verify(text.replace(right, wrong))
            self.assertFalse(taken, said)
            self.assertIn(words, said)


if __name__ == "__main__":
    SUNDER = os.path.abspath(sys.argv.pop(1))
    unittest.main()
