"""What the check says: medians, one table, and the tests' results out of the runner's stream of messages."""
import json
import statistics

SHAPES = [(4, 4, 128, 65, 12, 64), (6, 6, 384, 65, 8, 256), (12, 12, 768, 50257, 4, 64)]
PRECISIONS = ["f32", "tf32", "bf16"]


def shape_name(shape):
    """As docs/performance.md has it."""
    layers, heads, width, vocab, batch, context = shape
    return f"{layers}/{heads}/{width}/{vocab}, {batch} × {context}"


def number(value, digits=3):
    """Rounded to so many digits, with commas between thousands."""
    value = float(f"{value:.{digits}g}")
    return f"{value:,.{max(0, digits - len(str(int(abs(value))))) if abs(value) >= 1 else digits if value else 0}f}"


def spread(values):
    """The median, and the range where there are several."""
    if not values:
        return "–"
    middle = number(statistics.median(values))
    return f"{middle} ({number(min(values))}–{number(max(values))})" if len(values) > 1 else middle


def mebibytes(value):
    return f"{number(value / 1024)} GiB" if value >= 1000 else f"{number(value)} MiB"


def memory(runs):
    """Buffers and work memory of our step, and the most that PyTorch's allocator gave at once, where it says."""
    ours = next((r["device_buffers_mb"] + r["device_workspace_mb"] for r in runs["ours"] if "device_buffers_mb" in r), None)
    theirs = next((r["peak_mb"] for r in runs["pytorch"] if "peak_mb" in r), None)
    return " / ".join("–" if m is None else mebibytes(m) for m in ([ours] if theirs is None and ours is not None else [ours, theirs]))


def cell(runs):
    """A side's tokens a second, or what kept it from having any."""
    speeds = [r["tokens_per_second"] for r in runs if "tokens_per_second" in r and "error" not in r]
    errors = [r["error"] for r in runs if "error" in r]
    return spread(speeds) if speeds else errors[0].replace("|", "/")[:60] if errors else "not run"


def ratio(runs):
    """The median of the rounds' ratios: each is of two runs within the same minute."""
    pairs = [a["tokens_per_second"] / b["tokens_per_second"] for a, b in zip(runs["ours"], runs["pytorch"])
             if not {"error"} & (a.keys() | b.keys())]
    return f"{statistics.median(pairs):.2f}" if pairs else "–"


def table(results):
    """The one table, of results by (shape, precision): {"ours": [...], "pytorch": [...]}, a run for each round."""
    yield "| step, tokens | precision | here, tokens/s | PyTorch, tokens/s | ratio | device memory, here / PyTorch |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for (shape, precision), runs in results.items():
        yield f"| {shape_name(shape)} | {precision} | {cell(runs['ours'])} | {cell(runs['pytorch'])} | {ratio(runs)} | {memory(runs)} |"


class Suites:
    """The tests' results, of the messages that xunit's runner writes with -reporter json."""

    def __init__(self):
        self.names, self.outcomes, self.finished_classes, self.class_of = {}, {}, set(), {}

    def read(self, line):
        """Takes one line; what is no message is passed over."""
        try:
            message = json.loads(line)
            kind = message["$type"]
        except (ValueError, TypeError, KeyError):
            return
        test = message.get("TestUniqueID")
        if kind == "test-class-starting":
            self.class_of[message["TestClassUniqueID"]] = message["TestClassName"]
        elif kind == "test-class-finished":
            self.finished_classes.add(self.class_of.get(message["TestClassUniqueID"], ""))
        elif kind == "test-starting":
            self.names[test] = message.get("TestDisplayName", test)
        elif kind in ("test-passed", "test-failed", "test-skipped", "test-not-run"):
            self.outcomes[test] = (kind[5:], message.get("ExecutionTime", 0), " ".join(filter(None, message.get("Messages", []))) or message.get("Reason", ""))
        elif kind == "error-message" or kind.endswith("-cleanup-failure"):
            self.outcomes[f"{kind} {len(self.outcomes)}"] = ("failed", 0, " ".join(filter(None, message.get("Messages", []))))

    def count(self, outcome):
        return sum(1 for what, _, _ in self.outcomes.values() if what == outcome)

    @property
    def failures(self):
        """Names of failed tests with what they say."""
        return [(self.names.get(test, test), text) for test, (what, _, text) in self.outcomes.items() if what == "failed"]

    @property
    def unfinished(self):
        """Tests that had begun when the process ended."""
        return [name for test, name in self.names.items() if test not in self.outcomes]

    def summary(self):
        line = f"{self.count('passed')} passed, {self.count('failed')} failed"
        return f"{line}, {self.count('skipped')} skipped" if self.count("skipped") else line

    def lines(self):
        """A line a test, failures with their messages."""
        for test, (what, seconds, text) in self.outcomes.items():
            yield f"{what:<8} {seconds:8.3f} s  {self.names.get(test, test)}"
            if what == "failed":
                yield from (f"    {line}" for line in text.splitlines()[:40])
        yield from (f"unfinished           {name}" for name in self.unfinished)
