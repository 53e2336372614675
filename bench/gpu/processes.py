"""Processes that end within the time that is left."""
import os
import signal
import subprocess
import time


class Budget:
    """The time that is left, and processes that end within it."""

    def __init__(self, minutes):
        self.end = time.monotonic() + 60 * minutes

    @property
    def left(self):
        return max(0.0, self.end - time.monotonic())

    def run(self, command, seconds, env):
        """Its exit code, output and errors; killed, with all that it started, when the time is over (the code is then nothing)."""
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
        try:
            out, error = process.communicate(timeout=min(seconds, self.left))
            return process.returncode, out, error
        except subprocess.TimeoutExpired:
            kill(process)
            out, error = process.communicate()
            return None, out, error
        except BaseException:
            kill(process)
            raise


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def last_line(*texts):
    """What a program said at last that is not empty."""
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
