"""What of the check can be tested without a GPU, PyTorch or the program: run.sh --self-test."""
import json
import os
import struct
import sys
import tempfile
import unittest

import check
import libraries
import report

SHIM = None


def library(needed=(), undefined=(), defined=(), weak=()):
    """A little shared library, of nothing but what is read of one."""
    strings = bytearray(b"\0")

    def text(name):
        strings.extend(name.encode() + b"\0")
        return len(strings) - len(name.encode()) - 1

    symbols = b"".join([bytes(24), *(struct.pack("<IBBHQQ", text(name), bind << 4 | 2, 0, section, 0, 0)
                                     for names, bind, section in ((undefined, 1, 0), (weak, 2, 0), (defined, 1, 7)) for name in names)])
    dynamic = b"".join(struct.pack("<QQ", 1, text(name)) for name in needed) + bytes(16)
    contents, at = [symbols, dynamic, bytes(strings)], 64
    headers, body = [bytes(64)], b""
    for kind, content in zip((libraries.DYNSYM, libraries.DYNAMIC, 3), contents):
        headers.append(struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, at + len(body), len(content), 3, 0, 1, 0))
        body += content
    head = b"\x7fELF\x02\x01".ljust(40, b"\0") + struct.pack("<QIHHHHHH", at + len(body), 0, 64, 0, 0, 64, len(headers), 0)
    return head + body + b"".join(headers)


class Libraries(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)

    def path(self, *parts, content=b""):
        path = os.path.join(self.root.name, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def fit(self, **shim):
        path = self.path("shim.so", content=library(**shim))
        return libraries.Fit(path, [os.path.join(self.root.name, "lib")], lambda name, folders: next((p for p in (os.path.join(f, name) for f in folders) if os.path.exists(p)), None))

    def test_what_fits_says_nothing(self):
        self.path("lib", "libtorch.so", content=library(defined=["add", "mul"]))
        self.assertEqual([], list(self.fit(needed=["libtorch.so"], undefined=["add"], weak=["later"]).lines()))

    def test_every_missing_function_is_named(self):
        self.path("lib", "libtorch.so", content=library(defined=["add"]))
        fit = self.fit(needed=["libtorch.so"], undefined=["add", "_ZN2at3subEv", "mul"])
        self.assertEqual(["_ZN2at3subEv", "mul"], fit.missing_symbols)
        self.assertEqual("2 of the 3 functions that it may call are missing:", next(fit.lines()))
        self.assertEqual("  and 1 more", list(fit.lines(most=1))[-1])

    def test_a_missing_library_is_named(self):
        self.assertEqual(["the library libtorch.so is missing"], list(self.fit(needed=["libtorch.so"], undefined=["add"]).lines()))

    def test_what_is_no_library_is_refused(self):
        self.assertRaises(ValueError, libraries.Elf, self.path("no.so", content=b"not one"))

    def test_the_libraries_of_one_package_each_and_of_one_for_all_are_found(self):
        for place in (("torch", "lib"), ("nvidia", "cublas", "lib"), ("nvidia", "cudnn", "lib"), ("other", "nvidia", "cu13", "lib")):
            self.path(*place, "some.so")
        root = self.root.name
        found = libraries.library_folders(os.path.join(root, "torch"), [root, os.path.join(root, "other"), os.path.join(root, "nowhere")])
        self.assertEqual([("torch", "lib"), ("nvidia", "cublas", "lib"), ("nvidia", "cudnn", "lib"), ("other", "nvidia", "cu13", "lib")],
                         [tuple(os.path.relpath(folder, root).split(os.sep)) for folder in found])

    def test_the_version_is_read_without_importing(self):
        self.path("torch", "version.py", content=b"from typing import Optional\n__version__ = '2.11.0+cu130'\n")
        self.assertEqual("2.11.0+cu130", libraries.torch_version(os.path.join(self.root.name, "torch")))
        self.assertEqual("unknown", libraries.torch_version(self.root.name))

    def test_the_shim_is_read(self):
        if not SHIM or not os.path.exists(SHIM):
            self.skipTest("no shim here")
        shim = libraries.Elf(SHIM)
        self.assertLessEqual({"libtorch.so", "libc10.so", "libtorch_cpu.so", "libstdc++.so.6"}, set(shim.needed))
        self.assertIn("GLIBCXX_3.4.32", shim.versions_needed["libstdc++.so.6"])
        self.assertIn("THSTensor_add", shim.defined)
        self.assertTrue(any("add" in name and name.startswith("_ZN2at4_ops") for name in shim.undefined))

    def test_the_systems_libraries_have_versions(self):
        path = libraries.loaded("libc.so.6")
        if path is None:
            self.skipTest("not glibc")
        self.assertTrue(any(version.startswith("GLIBC_2.") for version in libraries.Elf(path).versions))


class Report(unittest.TestCase):
    def test_numbers_have_three_digits(self):
        for value, text in ((0, "0"), (0.1234, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (1234, "1,230"), (1234567, "1,230,000"), (9.999, "10.0")):
            self.assertEqual(text, report.number(value))

    def test_the_table(self):
        def ours(*speeds):
            return [{"tokens_per_second": s, "device_buffers_mb": 9.5, "device_workspace_mb": 26.5} for s in speeds]

        def theirs(*speeds):
            return [{"tokens_per_second": s, "peak_mb": 2048} for s in speeds]

        results = {
            (report.SHAPES[0], "f32"): {"ours": ours(100, 300, 200), "pytorch": theirs(200, 200, 200)},
            (report.SHAPES[1], "tf32"): {"ours": ours(50), "pytorch": theirs(100)},
            (report.SHAPES[1], "bf16"): {"ours": [{"error": "memory: 2.0 GiB | were asked for"}], "pytorch": theirs(100)},
            (report.SHAPES[2], "f32"): {"ours": [], "pytorch": []},
        }
        self.assertEqual([
            "| step, tokens | precision | here, tokens/s | PyTorch, tokens/s | ratio | device memory, here / PyTorch |",
            "| --- | --- | --- | --- | --- | --- |",
            "| 4/4/128/65, 12 × 64 | f32 | 200 (100–300) | 200 (200–200) | 1.00 | 36.0 MiB / 2.00 GiB |",
            "| 6/6/384/65, 8 × 256 | tf32 | 50.0 | 100 | 0.50 | 36.0 MiB / 2.00 GiB |",
            "| 6/6/384/65, 8 × 256 | bf16 | memory: 2.0 GiB / were asked for | 100 | – | – / 2.00 GiB |",
            "| 12/12/768/50257, 4 × 64 | f32 | not run | not run | – | – / – |",
        ], list(report.table(results)))

    def test_the_runners_stream(self):
        suites = report.Suites()
        for message in (
                {"$type": "test-class-starting", "TestClassUniqueID": "c", "TestClassName": "Laws"},
                {"$type": "test-starting", "TestUniqueID": "1", "TestDisplayName": "Laws.One"},
                {"$type": "test-passed", "TestUniqueID": "1", "ExecutionTime": 0.5},
                {"$type": "test-starting", "TestUniqueID": "2", "TestDisplayName": "Laws.Two"},
                {"$type": "test-failed", "TestUniqueID": "2", "ExecutionTime": 1, "Messages": ["expected 1", "got 2"]},
                {"$type": "test-skipped", "TestUniqueID": "3", "Reason": "not here"},
                {"$type": "test-class-finished", "TestClassUniqueID": "c"},
                {"$type": "test-starting", "TestUniqueID": "4", "TestDisplayName": "Laws.Four"}):
            suites.read(json.dumps(message))
        for noise in ("", "not json", "7", "{}"):
            suites.read(noise)
        self.assertEqual("1 passed, 1 failed, 1 skipped", suites.summary())
        self.assertEqual([("Laws.Two", "expected 1 got 2")], suites.failures)
        self.assertEqual(["Laws.Four"], suites.unfinished)
        self.assertEqual({"Laws"}, suites.finished_classes)
        self.assertEqual(5, len(list(suites.lines())))


class Whole(unittest.TestCase):
    def test_without_pytorch_it_says_so_and_ends(self):
        with tempfile.TemporaryDirectory() as out:
            given = type("Given", (), {"minutes": 0.1, "device": "cpu", "out": out, "only": None, "rounds": 1, "shim": None})
            one = check.Check(given)
            one.torch = None
            self.assertEqual(check.MISFIT, one.run())
            with open(os.path.join(out, "result.md"), encoding="utf-8") as file:
                self.assertIn("has no PyTorch", file.read())

    def test_what_takes_too_long_is_ended(self):
        self.assertEqual((None, "", ""), check.Budget(0.005).run([sys.executable, "-c", "import time; time.sleep(60)"], 60, dict(os.environ)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SHIM = sys.argv.pop(1)
    unittest.main()
