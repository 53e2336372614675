"""The peer: training steps of PyTorch's own."""
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading

from processes import kill, last_line

HERE = os.path.dirname(os.path.abspath(__file__))


class Peer:
    """PyTorch's own step, in a process that stays: importing PyTorch for each run would take longer than the runs."""

    def __init__(self, check):
        self.check, self.process, self.hello = check, None, {}

    def measure(self, shape, precision, steps):
        try:
            if self.process is None:
                self.start()
            self.process.stdin.write(json.dumps({"shape": shape, "precision": precision, "steps": steps}) + "\n")
            self.process.stdin.flush()
            return self.answer()
        except (OSError, ValueError, queue.Empty) as e:
            self.end()
            return {"error": "took too long" if isinstance(e, queue.Empty) else str(e)}

    def start(self):
        command = [sys.executable, os.path.join(HERE, "torch_gpt.py"), "--serve", "--fused", "--settle", "0.5", "--device", self.check.given.device]
        # As a user has it: PyTorch finds its libraries itself.
        env = {**os.environ, "OMP_WAIT_POLICY": self.check.env["OMP_WAIT_POLICY"]}
        self.errors = tempfile.TemporaryFile("w+", errors="replace")
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, start_new_session=True)
        self.lines, process = queue.Queue(), self.process
        threading.Thread(target=lambda: [self.lines.put(line) for line in process.stdout] + [self.lines.put("")], daemon=True).start()
        self.hello = self.answer()

    def answer(self):
        line = self.lines.get(timeout=max(1, min(self.check.run_seconds, self.check.budget.left)))
        if not line:
            self.errors.seek(0)
            raise ValueError(f"ended: {last_line(self.errors.read())}")
        return json.loads(line)

    def end(self):
        if self.process is not None:
            kill(self.process)
            self.process.wait()
        self.process = None
