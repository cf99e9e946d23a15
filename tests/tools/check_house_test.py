#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Proves that each rule of tools/check-house can fail, and that it fails on nothing else.

Each case is a tiny tree in a temporary folder, twice: the clean twin, on which check-house is
silent, and the same tree with one breach, of which it must say the rule, the file and the line, and
nothing more.
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

CHECK_HOUSE = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check-house"
LICENCE = "SPDX-License-Identifier: BSD-3-Clause"


def cc(*body: str) -> str:
    """A .cc file; its body begins in line 4."""
    return "\n".join([f"// {LICENCE}", "//", "// Decides nothing.", *body, ""])


def h(*body: str) -> str:
    """A .h file; its body begins in line 5."""
    return cc("#pragma once", *body)


def cmake(*body: str) -> str:
    return "\n".join([f"# {LICENCE}", *body, ""])


def write(root: pathlib.Path, files: dict[str, str]) -> None:
    """The files, and a CMakeLists.txt that names them unless the case brings its own."""
    named = [path for path in files if path.endswith((".cc", ".h"))]
    for path, text in {"CMakeLists.txt": cmake("add_library(all", *named, ")"), **files}.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def load(program: pathlib.Path):
    """The program as a module: hundreds of runs in one process take seconds."""
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("check_house", str(program))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


check_house = load(CHECK_HOUSE)


def check(root: pathlib.Path, *options: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, CHECK_HOUSE, "--root", root, *options],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


class Rules(unittest.TestCase):
    def findings(self, files: dict[str, str], *options: str) -> list[str]:
        """What check-house finds, each as `file:line rule`."""
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder), files)
            with contextlib.redirect_stdout(io.StringIO()) as said:
                with contextlib.redirect_stderr(io.StringIO()):
                    status = check_house.main(["--root", folder, *options])
        lines = said.getvalue().splitlines()
        self.assertEqual(status, 1 if lines else 0)
        form = re.compile(r"(\S+:\d+): .+ \[(\w+)\]")
        for line in lines:
            self.assertRegex(line, form)
        return [form.sub(r"\1 \2", line) for line in lines]

    def clean(self, files: dict[str, str], *options: str) -> None:
        self.assertEqual(self.findings(files, *options), [])

    def proves(
        self, rule: str, at: str, right: dict[str, str], wrong: dict[str, str], *options: str
    ) -> None:
        """`right` is clean; with the files of `wrong` put in, `rule` fails at `at` and no other."""
        with self.subTest(rule=rule, at=at, wrong=wrong):
            self.clean(right, *options)
            self.assertEqual(self.findings(right | wrong, *options), [f"{at} {rule}"])

    def line(self, rule: str, path: str, right: str, wrong: str) -> None:
        """The same for one line in the body of one C++ file."""
        text, number = (h, 5) if path.endswith(".h") else (cc, 4)
        self.proves(rule, f"{path}:{number}", {path: text(right)}, {path: text(wrong)})


class Arrows(Rules):
    def include(self, room: str, right: str, wrong: str) -> None:
        self.line("arrows", f"{room}/a.cc", f'#include "{right}"', f'#include "{wrong}"')

    def test_each_room_uses_only_what_its_arrows_lead_to(self):
        self.include("base", "base/x.h", "replication/x.h")
        self.include("emulator", "base/x.h", "replication/x.h")
        self.include("replication", "base/x.h", "emulator/x.h")
        self.include("nodes", "emulator/x.h", "netsim/x.h")
        self.include("netsim", "nodes/x.h", "scenarios/language/x.h")
        self.include("emulator/media", "emulator/x.h", "nodes/x.h")
        self.include("nodes/live", "emulator/media/x.h", "netsim/x.h")
        self.include("emulator/nbdkit", "nodes/live/x.h", "scenarios/live/x.h")
        self.include("scenarios/language", "netsim/x.h", "nodes/live/x.h")
        self.include("scenarios/live", "scenarios/language/x.h", "emulator/nbdkit/x.h")
        self.include("tools", "scenarios/live/x.h", "tests/x.h")

    def test_tests_may_use_everything(self):
        for room in ["base", "emulator/nbdkit", "scenarios/live", "tools", "tests/support"]:
            self.clean({"tests/base/a_test.cc": cc(f'#include "{room}/x.h"')})

    def test_arrows_reach_through_rooms(self):
        self.include("netsim", "base/x.h", "nodes/live/x.h")
        self.include("scenarios/language", "replication/x.h", "emulator/media/x.h")
        self.include("nodes/live", "replication/x.h", "emulator/nbdkit/x.h")

    def test_a_sub_folder_that_is_no_room_belongs_to_the_room_around_it(self):
        self.include("netsim/checkers", "netsim/x.h", "tools/x.h")
        self.include("netsim", "replication/leg/x.h", "tests/netsim/x.h")

    def test_an_inner_room_is_not_the_room_around_it(self):
        self.include("emulator", "emulator/x.h", "emulator/media/x.h")
        self.include("nodes", "nodes/x.h", "nodes/live/x.h")

    def test_includes_are_written_from_the_root(self):
        self.include("base", "base/x.h", "x.h")
        self.include("base", "base/x.h", "../base/x.h")
        self.line("arrows", "base/a.cc", '#include "base/x.h"', "#include <base/x.h>")

    def test_a_file_lies_in_a_room(self):
        self.proves("arrows", "misc/a.cc:1", {"base/a.cc": cc()}, {"misc/a.cc": cc()})
        self.proves("arrows", "scenarios/a.cc:1", {"base/a.cc": cc()}, {"scenarios/a.cc": cc()})

    def test_comments_and_strings_include_nothing(self):
        self.clean({"base/a.cc": cc('// #include "nodes/x.h"', '/*', '#include "nodes/x.h"', "*/")})
        self.clean({"base/a.cc": cc('auto text = R"(', '#include "nodes/x.h"', ')";')})


class Libraries(Rules):
    def test_a_library_stays_in_its_rooms(self):
        for header, right, wrong in [
            ("boost/graph/topological_sort.hpp", "nodes", "replication"),
            ("boost/graph/adjacency_list.hpp", "netsim", "scenarios/language"),
            ("boost/asio/ip/tcp.hpp", "nodes/live", "netsim"),
            ("boost/asio.hpp", "tests", "nodes"),
            ("boost/beast/http.hpp", "scenarios/live", "base"),
            ("nbdkit-plugin.h", "emulator/nbdkit", "nodes/live"),
            ("libnbd.h", "emulator/media", "emulator"),
        ]:
            text = cc(f"#include <{header}>")
            right_files = {f"{right}/a.cc": text}
            self.proves("libraries", f"{wrong}/b.cc:4", right_files, {f"{wrong}/b.cc": text})


class Purity(Rules):
    def test_pure_rooms_have_no_clock_chance_thread_or_file(self):
        for header in (
            "random thread fstream iostream mutex shared_mutex chrono atomic condition_variable "
            "future filesystem ctime print unordered_map unordered_set"
        ).split():
            self.line("purity", "nodes/a.cc", "#include <vector>", f"#include <{header}>")
        for room in ["emulator", "replication", "nodes", "replication/leg"]:
            self.line("purity", f"{room}/a.h", '#include "base/hash.h"', "#include <chrono>")
        self.line("purity", "nodes/a.h", '#include "base/hash.h"', '#include "base/random.h"')

    def test_the_rooms_inside_pure_rooms_are_not_pure(self):
        for room in ["emulator/media", "emulator/nbdkit", "nodes/live", "base", "tools"]:
            self.clean({f"{room}/a.cc": cc("#include <thread>", "int x = std::rand();")})

    def test_pure_rooms_call_nothing_that_is_no_input(self):
        for right, wrong in [
            ("int x = operand(3);", "int x = std::rand();"),
            ("int x = link.time(now);", "auto x = std::time(nullptr);"),
            ("Duration time(Link const&);", "auto x = time(0);"),
            ("int getenvelope();", 'auto x = getenv("HOME");'),
            ("void printf_like();", 'printf("here");'),
            ('auto x = fmt::format("here");', 'fmt::print("here");'),
            ("using A = std::hash_of<B>;", "using A = std::hash<B>;"),
        ]:
            self.line("purity", "replication/a.cc", right, wrong)
        harmless = ["// Not printf(), and no time(nullptr).", 'auto x = "rand()";']
        self.clean({"nodes/a.cc": cc(*harmless)})

    def test_the_world_and_the_language_are_the_same_everywhere(self):
        for room in ["netsim", "scenarios/language"]:
            for header in "random chrono thread unordered_map unordered_set".split():
                self.line("purity", f"{room}/a.cc", "#include <map>", f"#include <{header}>")
            self.line("purity", f"{room}/a.cc", "auto x = hash_words(1);", "std::hash<int> x;")
            self.clean({f"{room}/a.cc": cc("#include <fstream>", '#include "base/random.h"')})

    def test_no_distribution_of_the_standard_library_anywhere(self):
        wrong = "std::uniform_int_distribution<int> d(0, 9);"
        for room in ["tests", "tools", "base"]:
            self.line("purity", f"{room}/a.cc", "auto d = stream.below(10);", wrong)


class Size(Rules):
    def test_files_have_600_lines(self):
        for path, beginning, line in [
            ("base/a.cc", cc(), "int x;\n"),
            ("tools/a.py", f"# {LICENCE}\n", "x = 1\n"),
            ("tools/a", f"#!/bin/bash\n# {LICENCE}\n", "echo\n"),
        ]:
            lines = beginning.count("\n")
            right = beginning + line * (600 - lines)
            self.proves("size", f"{path}:601", {path: right}, {path: right + line})
        self.clean({"tests/data.txt": "x\n" * 700})

    def test_what_is_no_file_is_passed_by(self):
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder), {"base/a.h": h("int a();")})
            with socket.socket(socket.AF_UNIX) as served:
                served.bind(f"{folder}/base/served.sock")
            run = check(pathlib.Path(folder))
        self.assertNotIn("served.sock", run.stdout + run.stderr)
        self.assertNotIn("Traceback", run.stderr)

    def test_lines_have_100_columns(self):
        full = "// " + "ä" * 97
        self.line("size", "base/a.cc", full, full + "x")
        self.line("size", "base/a.cc", "// https://example.org/" + "x" * 99, full + "x")
        comment = "#" * 100
        right = {"tools/a": f"#!/bin/bash\n# {LICENCE}\n{comment}\n"}
        self.proves("size", "tools/a:3", right, {"tools/a": right["tools/a"][:-1] + "#\n"})
        path = "base/CMakeLists.txt"
        self.proves("size", f"{path}:2", {path: cmake(comment)}, {path: cmake(comment + "#")})
        self.clean({"README.md": "| " + "x" * 120 + " |\n"})


class Functions(Rules):
    def long(self, path: str, first: str) -> None:
        text, line = (h, 5) if path.endswith(".h") else (cc, 4)
        right = {path: text(first, *["    step();"] * 68, "}")}
        wrong = {path: text(first, *["    step();"] * 69, "}")}
        self.proves("functions", f"{path}:{line}", right, wrong)

    def test_cpp_functions_have_70_lines(self):
        self.long("base/a.cc", "int f() {")
        self.long("base/a.cc", "auto f(int x) noexcept -> std::expected<int, std::string> {")
        self.long("base/a.cc", "void Machine::step(Input const&, Outbox&) noexcept {")
        self.long("base/a.h", "template <class T> requires std::integral<T> T f(T x) {")
        self.long("tests/a.cc", 'TEST_CASE("it holds", "[base]") {')

    def test_lambdas_and_braces_in_text_are_understood(self):
        begin = ["void f() {", "    auto g = [&](char c) {", "        return c == '}';", "    };"]
        body = ["    g('\"');"] * 65
        right = {"base/a.cc": cc(*begin, *body, "}")}
        wrong = {"base/a.cc": cc(*begin, *body, '    g("}");', "}")}
        self.proves("functions", "base/a.cc:4", right, wrong)

    def test_python_functions_have_70_lines(self):
        begin = f"#!/usr/bin/env python3\n# {LICENCE}\ndef f():\n"
        for path in ["tools/a.py", "tools/a"]:
            right = {path: begin + "    step()\n" * 69}
            self.proves("functions", f"{path}:3", right, {path: begin + "    step()\n" * 70})


class Switches(Rules):
    def test_no_default_over_our_own_enums(self):
        numbers = "f(1'000); default: g('x');"
        for wrong in ["default: f();", "default : f();", "default: f();  // foreign:", numbers]:
            self.line("switches", "nodes/a.cc", "case A: f();", wrong)
        reason = "default: return 1;  // foreign: libyaml may add token types"
        self.line("switches", "nodes/a.h", reason, "default: return 1;  // other")
        self.clean({"nodes/a.cc": cc("A() = default;", "// default: 3", 'f("default: 3");')})


class Openings(Rules):
    def test_cpp_files_begin_with_licence_and_paragraph(self):
        paragraph = "// Decides nothing."
        clean = {"base/a.cc": cc()}
        for line, wrong in [
            (1, f"{paragraph}\n"),
            (1, f"\n// {LICENCE}\n{paragraph}\n"),
            (1, ""),
            (2, f"// {LICENCE}\n"),
            (2, f"// {LICENCE}\n\n#include <map>\n"),
        ]:
            self.proves("openings", f"base/a.cc:{line}", clean, {"base/a.cc": wrong})
        self.clean({"base/a.cc": f"// {LICENCE}\n{paragraph}\n"})

    def test_headers_have_pragma_once(self):
        self.proves("openings", "base/a.h:1", {"base/a.h": h()}, {"base/a.h": cc()})

    def test_scripts_and_cmake_files_have_the_licence(self):
        late = f"#!/bin/bash\n#\n#\n# {LICENCE}\n"
        right = {"tools/a": f"#!/bin/bash\n#\n# {LICENCE}\n", "base/CMakeLists.txt": cmake()}
        self.proves("openings", "tools/a:1", right, {"tools/a": late})
        self.proves("openings", "base/CMakeLists.txt:1", right, {"base/CMakeLists.txt": "# x\n"})


class Unused(Rules):
    def test_each_source_is_named_in_cmake(self):
        for place, name in [
            ("base/CMakeLists.txt", "a.cc"),
            ("CMakeLists.txt", "base/a.cc"),
            ("CMakeLists.txt", "${PROJECT_SOURCE_DIR}/base/a.cc"),
        ]:
            right = {"CMakeLists.txt": cmake(), "base/a.cc": cc(), place: cmake(f"f({name})")}
            for wrong in ["f(b.cc)", "f(xa.cc)", f"# {name}"]:
                self.proves("unused", "base/a.cc:1", right, {place: cmake(wrong)})

    def test_each_header_is_included_by_another_file(self):
        named = {"CMakeLists.txt": cmake("f(base/b.cc)"), "base/a.h": h()}
        right = named | {"base/b.cc": cc('#include "base/a.h"')}
        self.proves("unused", "base/a.h:1", right, {"base/b.cc": cc()})
        itself = {"base/b.cc": cc(), "base/a.h": h('#include "base/a.h"')}
        self.proves("unused", "base/a.h:1", right, itself)

    def test_cpp_files_are_called_cc_and_h(self):
        for name in ["b.cpp", "b.hpp", "b.cxx", "b.hh"]:
            self.proves("unused", f"base/{name}:1", {"base/a.cc": cc()}, {f"base/{name}": cc()})


class Scenarios(Rules):
    def test_scenarios_lie_where_a_run_finds_them(self):
        right = {"scenarios/datakeeper/a.yaml": "scenario: A\n",
                 "scenarios/datakeeper/a.narration": "",
                 "scenarios/datakeeper/a.cluster.yaml": "nodes: {}\n"}
        for path in [
            "scenarios/a.yaml",
            "scenarios/datakeeper/more/a.yaml",
            "scenarios/language/a.yaml",
            "scenarios/live/a.yaml",
            "scenarios/datakeeper/untold.yaml",
            "scenarios/datakeeper/a.yml",
        ]:
            self.proves("scenarios", f"{path}:1", right, {path: "scenario: A\n"})
        self.clean({"tests/scenarios/broken/a.yaml": "scenario: A\n"})


class Words(Rules):
    # Each joined of halves, because this file lies in the tree that the rule guards.
    FORBIDDEN = ["mas" "ter", "Sla" "ve", "sr" "c", "ds" "t", "TO" "DO", "FIX" "ME", "XX" "X"]

    def test_words_are_the_fields(self):
        for word in [*self.FORBIDDEN, "v" "2", "im" "proved"]:
            self.line("words", "base/a.cc", "// a source", f"// a {word}.")
            self.proves("words", "README.md:1", {"README.md": "x\n"}, {"README.md": f"({word})\n"})

    def test_parts_of_names_count(self):
        source, second = "sr" "c", "v" "2"
        camel = source.title()
        for name in [f"{source}_node", f"{source}1", f"{camel}Node", f"old{camel}"]:
            self.line("words", "base/a.cc", "int source_node;", f"int {name};")
        self.line("words", "base/a.cc", "int map_wide;", f"int map_{second};")
        self.proves("words", f"map_{second}.md:1", {"map.md": "x"}, {f"map_{second}.md": "x"})

    def test_other_words_are_left_alone(self):
        harmless = ["mas" "tery", "sr" "cery", "to" "do", "XX" "XXXX", "v" "21", "unim" "proved"]
        self.clean({"base/a.cc": cc(*[f"// a {word}" for word in harmless])})
        self.clean({"README.md": "See https://example.org/blob/" + "mas" "ter/README.md.\n"})
        self.clean({"emulator/media/a.cc": cc("int a = sqlite3_open_" + "v" "2(b);")})


class Paths(Rules):
    def test_no_path_of_one_machine(self):
        for wrong in ["/wo" "rk/main", "see /ho" "me/me/x", '"/Us' 'ers/me"', "-I/ho" "me/me"]:
            right = {"README.md": "From work/main, at home/me.\n"}
            self.proves("paths", "README.md:1", right, {"README.md": wrong + "\n"})
        self.clean({"README.md": "https://example.org/ho" "me/x ${HOME}/wo" "rk/x ~/wo" "rk/x\n"})


class Formatting(Rules):
    STYLE = {".clang-format": "BasedOnStyle: Google\nIndentWidth: 4\n"}

    @unittest.skipUnless(shutil.which("clang-format-19"), "clang-format-19 is not installed")
    def test_files_are_formatted_when_asked(self):
        right = self.STYLE | {"base/a.cc": cc("int x = 1;")}
        wrong = {"base/a.cc": cc("int x=1;")}
        self.proves("formatting", "base/a.cc:4", right, wrong, "--format")
        self.clean(right | wrong)


class Program(unittest.TestCase):
    def test_built_and_hidden_folders_are_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for place in ["build/release", "build-clang", ".git", "tools/__pycache__"]:
                write(root / place, {"a.cc": "wrong"})
            self.assertEqual(check(root).stdout, "")
            for place in [".ci", ".github", "tools/builders"]:
                write(root / place, {"run": "#!/bin/bash\n"})
                self.assertIn(f"{place}/run:1:", check(root).stdout)

    def test_files_that_are_no_text_are_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "picture.cc").write_bytes(b"\xff\xfe\x00")
            self.assertEqual(check(pathlib.Path(folder)).returncode, 0)

    def test_what_it_cannot_look_at_is_not_called_clean(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(check(pathlib.Path(folder, "absent")).returncode, 2)
            done = check(pathlib.Path(folder), PATH=folder)
            self.assertEqual(done.returncode, 2)
            self.assertIn("ctags is not installed", done.stderr)

    def test_a_breach_says_what_would_be_right(self):
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder), {"base/a.cc": cc('#include "x.h"')})
            done = check(pathlib.Path(folder))
        self.assertEqual(
            done.stdout,
            'base/a.cc:4: "x.h" is not written from the root: write "base/x.h" if it is ours, '
            "<x.h> if not [arrows]\n",
        )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "check-house: breaches of the house's rules: 1\n")


if __name__ == "__main__":
    unittest.main()
