"""Proves that the torch engine runs on this machine's GPU, runs the engines' suites there, and measures training steps beside PyTorch.

Run by run.sh, in the bundle that bench/gpu-check.sh makes. Needs a Python with PyTorch, whose libtorch is used; no .NET, no network,
nothing else. Asks nothing, changes nothing on the GPU, and ends in the time that it was given, with a table of what was done until then.
"""
import argparse
import datetime
import functools
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time

import libraries
import report
from peer import Peer
from processes import Budget, kill, last_line

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "program")
SHIM = os.path.join(PROGRAM, "libLibTorchSharp.so")
PASSED, FAILED, MISFIT = 0, 1, 3

# Steps that are measured, by shape: about a second's on a GPU of 2022, a few on a processor.
STEPS = {"cuda": [200, 60, 40], "cpu": [5, 1, 1]}


def say(text=""):
    print(text, flush=True)


class Misfit(Exception):
    """The libraries that are here do not serve."""


class Check:
    def __init__(self, given):
        self.given, self.budget, self.is_gpu = given, Budget(given.minutes), given.device != "cpu"
        self.out = os.path.abspath(given.out)
        self.notes, self.suites, self.results, self.doctor, self.peer_hello = [], None, {}, {}, {}
        self.suites_ended, self.suites_seconds = "", 0.0
        self.date = datetime.date.today().isoformat()
        self.torch = libraries.torch_folder()
        self.bundle = {}
        if os.path.exists(os.path.join(HERE, "bundle.json")):
            with open(os.path.join(HERE, "bundle.json"), encoding="utf-8") as file:
                self.bundle = json.load(file)

    # ---- libtorch

    def prepare(self):
        """Finds the libraries, and makes the environment in which our programs find them."""
        if self.torch is None:
            raise Misfit(f"{sys.executable} has no PyTorch; PYTHON=PATH names a Python that has")
        if self.given.shim:
            shutil.copyfile(self.given.shim, SHIM)
            self.note(f"with the shim {self.given.shim} in place of the bundle's")
        self.version = libraries.torch_version(self.torch)
        self.folders = libraries.library_folders(self.torch, sys.path)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("DOTNET_", "COREHOST_"))}
        self.env.update(FUNCTIONAL_LIBTORCH=self.folders[0], CI="true", NO_COLOR="1", DOTNET_EnableDiagnostics="0",
                        LD_LIBRARY_PATH=os.pathsep.join([*self.folders, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]))
        # Threads that wait for work by counting take the processor from those that have some.
        self.env.setdefault("OMP_WAIT_POLICY", "passive")
        say(f"PyTorch {self.version} in {self.torch}")
        say(f"libraries in {len(self.folders)} folders: {' '.join(self.folders[:6])}{' …' if len(self.folders) > 6 else ''}")
        if self.is_gpu and not os.path.exists(os.path.join(self.torch, "lib", "libtorch_cuda.so")):
            raise Misfit(f"PyTorch {self.version} is built without CUDA")

    def fits(self):
        """Whether the shim loads and computes with this libtorch; raises with everything that does not fit."""
        fit = libraries.Fit(SHIM, self.folders)
        unfit = list(fit.lines())
        for line in unfit:
            say(f"  {line}")
        if unfit:
            self.note(f"{len(fit.missing_symbols)} functions of the shim's are missing in this libtorch" if fit.missing_symbols else unfit[0])
        code, out, error = self.budget.run([self.functional, "doctor", "--json", "--engine", "torch", "--device", self.given.device], 120, self.env)
        try:
            self.doctor = json.loads(out)
        except ValueError:
            raise Misfit(f"functional doctor {self.ending(code)}: {last_line(out, error)}") from None
        self.write("doctor.json", out)
        engine = next((e for e in self.doctor["engines"] if e["engine"] == "torch"), {"version": "no torch engine", "devices": []})
        self.engine = engine["version"]
        say(f"doctor: {self.engine}: {', '.join(d['device'] + ' ' + d['name'] for d in engine['devices']) or 'no device'}")
        if code != 0 or all(d["device"] != self.given.device for d in engine["devices"]):
            faults = [fault for fault in self.doctor["missing"] if self.is_gpu or fault["where"] != "NVIDIA driver"]
            for fault in faults:
                say(f"  {fault['where']}: {fault['what']}; {fault['fix']}")
            _, heard, _ = self.budget.run(libraries.loading(self.torch, SHIM, self.is_gpu), 120, self.env)
            why = heard.strip() or "; ".join(f"{fault['where']} {fault['what']}" for fault in faults)
            raise Misfit(f"libtorch {self.version} does not serve on {self.given.device}: {why}")
        tiny = ["--layers", "1", "--heads", "1", "--width", "8", "--vocab", "5", "--context", "4", "--batch", "1", "--steps", "1"]
        code, out, error = self.budget.run([self.functional, "bench", "step", *tiny, "--engine", "torch", "--device", self.given.device, "--json"], 180, self.env)
        if code != 0:
            raise Misfit(f"{self.engine}, does not fit libtorch {self.version}: a training step {self.ending(code)}: {last_line(out, error)}")
        say(f"a training step runs on {self.given.device}")

    @property
    def functional(self):
        return os.path.join(PROGRAM, "functional")

    @staticmethod
    def ending(code):
        return "took too long" if code is None else f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"

    # ---- the suites

    def run_suites(self, seconds):
        """Runs every class of engine tests in one process; those that a crash took along once more, each alone."""
        with open(os.path.join(HERE, "classes.txt"), encoding="utf-8") as file:
            classes = [line.strip() for line in file if line.strip() and not line.startswith("#")]
        self.suites, began = report.Suites(), time.monotonic()
        end = began + min(seconds, self.budget.left)
        say(f"suites: {', '.join(name.rsplit('.', 1)[-1] for name in classes)}, for {end - began:.0f} s at most")
        code = self.run_classes(classes, end)
        rest = [name for name in classes if name not in self.suites.finished_classes]
        if code is not None and rest:
            self.suites_ended = f"the tests' process {self.ending(code)}: {self.suites_error}"
            say(f"suites: {self.suites_ended}")
            for name in rest:
                if time.monotonic() < end:
                    self.run_classes([name], end)
        elif code is None:
            self.suites_ended = f"the time was over, with {len(rest)} classes unfinished"
        self.suites_seconds = time.monotonic() - began
        self.write("suites.txt", "\n".join([self.suites_line(), *self.suites.lines(), ""]))
        say(f"suites: {self.suites_line()}")
        for name, text in self.suites.failures[:20]:
            say(f"  failed: {name}: {text.splitlines()[0][:300] if text else ''}")
        for name in self.suites.unfinished[:20]:
            say(f"  unfinished: {name}")

    def run_classes(self, classes, end):
        command = [os.path.join(PROGRAM, "Functional.Properties"), "-noLogo", "-noColor", "-noAutoReporters", "-reporter", "json"]
        # Many small computations: more threads only wait for each other.
        env = {**self.env, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        errors_path = os.path.join(self.out, "suites-errors.txt")
        with open(errors_path, "w", encoding="utf-8") as errors:
            process = subprocess.Popen([*command, *(part for name in classes for part in ("-class", name))], env=env, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace", start_new_session=True)
            reader = threading.Thread(target=lambda: [self.suites.read(line) for line in process.stdout], daemon=True)
            reader.start()
            try:
                said = time.monotonic()
                while process.poll() is None and time.monotonic() < end:
                    time.sleep(0.2)
                    if time.monotonic() - said > 20:
                        said = time.monotonic()
                        say(f"suites: {self.suites.summary()}, {end - said:.0f} s left")
            finally:
                if process.poll() is None:
                    kill(process)
                    process.wait()
                    code = None
                else:
                    code = process.returncode
                reader.join(10)
        with open(errors_path, encoding="utf-8", errors="replace") as errors:
            self.suites_error = last_line(errors.read())
        os.remove(errors_path)
        return code

    def suites_line(self):
        return f"{self.suites.summary()} in {self.suites_seconds:.0f} s" + (f"; {self.suites_ended}" if self.suites_ended else "")

    # ---- training steps

    def run_bench(self):
        """Rounds over all shapes and precisions, ours and PyTorch's in turns; every second round the other way round."""
        combinations = [(shape, precision) for shape in report.SHAPES[:self.given.shapes] for precision in report.PRECISIONS if self.is_gpu or precision != "tf32"]
        self.results = {combination: {"ours": [], "pytorch": []} for combination in combinations}
        took, peer = {}, Peer(self)
        try:
            for number in range(self.given.rounds):
                for shape, precision in combinations:
                    if self.budget.left < 5 + 1.2 * took.get((shape, precision), 0 if number == 0 else 30):
                        return
                    began, steps = time.monotonic(), STEPS["cuda" if self.is_gpu else "cpu"][report.SHAPES.index(shape)]
                    runs = self.results[shape, precision]
                    sides = [("ours", self.measure), ("pytorch", peer.measure)]
                    for side, measure in sides if number % 2 == 0 else reversed(sides):
                        runs[side].append(measure(shape, precision, steps))
                    took[shape, precision] = time.monotonic() - began
                    say(f"round {number + 1}: {report.shape_name(shape)} {precision}: "
                        + ", ".join(f"{side} {runs[side][-1].get('tokens_per_second', runs[side][-1].get('error'))}" for side in ("ours", "pytorch")) + " tokens/s")
        finally:
            peer.end()
            self.peer_hello = peer.hello

    def measure(self, shape, precision, steps):
        layers, heads, width, vocab, batch, context = map(str, shape)
        code, out, error = self.budget.run(
            [self.functional, "bench", "step", "--layers", layers, "--heads", heads, "--width", width, "--vocab", vocab, "--batch", batch, "--context", context,
             "--steps", str(steps), "--engine", "torch", "--device", self.given.device, "--precision", precision, "--json"], self.run_seconds, self.env)
        try:
            return json.loads(out) if code == 0 else {"error": self.ending(code) if code is None else f"{self.ending(code)}: {last_line(out, error)}"}
        except ValueError:
            return {"error": last_line(out, error)}

    @property
    def run_seconds(self):
        return 90 if self.is_gpu else 240

    # ---- what comes of it

    def note(self, text):
        self.notes.append(text)

    def write(self, name, text):
        os.makedirs(self.out, exist_ok=True)
        with open(os.path.join(self.out, name), "w", encoding="utf-8") as file:
            file.write(text)

    @functools.cached_property
    def machine(self):
        """The GPU with its driver, or the processor."""
        if not self.is_gpu:
            return f"{os.cpu_count()} cores of {processor()}"
        index = self.given.device.partition(":")[2] or "0"
        try:
            _, out, _ = Budget(1).run(["nvidia-smi", f"--id={index}", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"], 20, dict(os.environ))
            name, driver, memory = (part.strip() for part in out.splitlines()[0].split(","))
            return f"{name} ({memory}), driver {driver}"
        except (OSError, ValueError, IndexError):
            gpus = self.doctor.get("nvidia", {}).get("gpus", [])
            return next((g["name"] for g in gpus if str(g["index"]) == index), "a GPU")

    def conclude(self):
        """The table and what belongs to it, on the screen and in files."""
        lines = [f"{self.machine}; libtorch and PyTorch {getattr(self, 'version', 'none')}{self.cuda()}; {getattr(self, 'engine', 'TorchSharp not loaded')}; "
                 f"commit {self.bundle.get('commit', 'unknown')}; {self.date}.",
                 *(f"Note: {note.rstrip('.')}." for note in self.notes)]
        if self.suites:
            lines.append(f"Suites of every engine, on {self.given.device}{' and cpu' if self.is_gpu else ''}: {self.suites_line()}.")
        if any(runs["ours"] or runs["pytorch"] for runs in self.results.values()):
            rounds = max(len(runs["ours"]) for runs in self.results.values())
            lines += [f"Training steps on {self.given.device}, medians of {rounds} round{'s' if rounds != 1 else ''} in turns; PyTorch with its own attention and fused AdamW, not compiled:",
                      "", *report.table(self.results)]
        text = "\n".join(lines)
        say(f"\n{text}\n")
        self.write("result.md", text + "\n")
        self.write("raw.json", json.dumps({
            "date": self.date, "device": self.given.device, "machine": self.machine, "python": platform.python_version(), "libtorch": getattr(self, "version", None), "bundle": self.bundle,
            "pytorch": self.peer_hello, "doctor": self.doctor, "notes": self.notes,
            "suites": {what: self.suites.count(what) for what in ("passed", "failed", "skipped")} if self.suites else None,
            "steps": [{"shape": shape, "precision": precision, **runs} for (shape, precision), runs in self.results.items()]}, indent=1) + "\n")
        say(f"written to {self.out}: {', '.join(sorted(os.listdir(self.out)))}")

    def cuda(self):
        return f" (cuDNN {self.peer_hello['cudnn']})" if self.peer_hello.get("cudnn") else ""

    @property
    def succeeded(self):
        return not (self.suites and (self.suites.failures or self.suites_ended or not self.suites.count("passed"))) \
            and all(r and "error" not in r[0] for runs in self.results.values() for r in [runs["ours"]])

    def run(self):
        code = FAILED
        try:
            self.prepare()
            self.fits()
            parts = self.given.only or ["suites", "bench"]
            if "suites" in parts:
                self.run_suites(self.budget.left * (0.5 if "bench" in parts else 1))
            if "bench" in parts:
                self.run_bench()
            code = PASSED if self.succeeded else FAILED
        except Misfit as e:
            say(f"\nDOES NOT FIT: {e}")
            self.note(str(e))
            code = MISFIT
        finally:
            self.conclude()
        return code


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def main():
    parser = argparse.ArgumentParser(prog="run.sh", description="Checks and measures the torch engine on this machine.")
    parser.add_argument("--device", default="cuda:0", help="cuda:N, or cpu to try it without a GPU (default: cuda:0)")
    parser.add_argument("--minutes", default=10, type=float, help="for everything together (default: 10)")
    parser.add_argument("--only", action="append", choices=["doctor", "suites", "bench"], help="this part, after the look at the libraries")
    parser.add_argument("--rounds", default=3, type=int, help="of the training steps, as many as fit in the time (default: 3)")
    parser.add_argument("--shapes", default=len(report.SHAPES), type=int, help="of the training steps, from the smallest (default: all)")
    parser.add_argument("--shim", help="another libLibTorchSharp.so, made for the libtorch that is here")
    parser.add_argument("--out", default=os.environ.get("OUT") or "out", help="folder for the results (default: $OUT, or ./out)")
    given = parser.parse_args()
    # The end of an outer time limit: the table comes all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(FAILED))
    if given.device == "cuda":
        given.device = "cuda:0"
    if given.device != "cpu" and not (given.device.startswith("cuda:") and given.device[5:].isdigit()):
        parser.error(f"--device is {given.device}; allowed: cpu, cuda:N")
    os.makedirs(given.out, exist_ok=True)
    return Check(given).run()


if __name__ == "__main__":
    sys.exit(main())
