using Functional.Testing;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Tests.Properties.Training;

/// <summary>A run so small that the reference engine trains it in a moment.</summary>
static class TinyRun
{
    public static RunConfig Config { get; } = new()
    { Model = new() { Layers = 1, Heads = 2, Width = 4, Context = 3, Vocabulary = 0, Bias = Biases.None, Dropout = 0.2 },
        Stage = new() { Batch = 2, Steps = 7, EvalEvery = 3, EvalBatches = 2, SaveEvery = 2, SampleEvery = 2, SampleTokens = 3, Keep = 2,
            Source = new() { CorpusSize = 300 }, Optimiser = new() { Warmup = 2 } } };

    public static RunData Data(RunConfig config)
    {
        var text = string.Concat(Enumerable.Repeat("abcab cabba. ", 20));
        var tokenizer = CharTokenizer.Of(RuneSet.Empty.Add(text));
        return Get(tokenizer.Encode(text).Bind(ids => RunData.Of(config, tokenizer, TokenStream.Of(ids))));
    }

    /// <summary>What a run of a configuration does, on the text of all these runs.</summary>
    public static Stage Stage(RunConfig config) => Data(config) is var data ? data.Stage(Get(data.Resolve(config))) : throw new InvalidOperationException();

    public static T Get<T>(Validation<Fault, T> outcome) => outcome.IfFail(f => throw new InvalidOperationException(f.Lines()));

    public static string Faults<T>(Validation<Fault, T> outcome) => outcome.Match(static _ => "", static f => f.Lines());

    /// <summary>Begins a run, or goes on with it, and trains.</summary>
    public static Validation<Fault, RunResult> Train(string folder, RunConfig config, Disk? disk = null, IRunObserver? observer = null,
        TimeProvider? clock = null, CancellationToken stop = default)
    {
        var data = Data(config);
        using var engine = new ReferenceEngine();
        var opened = RunFolder.Holds(folder) ? Resume(folder, config, data, disk ?? Disk.Real)
            : RunSession.Begin(folder, Recipe.Of(config), data, disk ?? Disk.Real);
        return opened.Bind(session =>
        {
            using (session) return Loop.Run(engine, session, observer, clock ?? StillClock.Instance, stop);
        });
    }

    /// <summary>Goes on with a run as another configuration says.</summary>
    public static Validation<Fault, RunSession> Resume(string folder, RunConfig config, RunData data, Disk disk) =>
        RunFolder.Open(folder).Bind(begun => RunSession.Resume(begun with { Recipe = begun.Recipe.With(begun.Stage, config) }, data, disk));

    /// <summary>All that a finished run leaves, by file: the newest checkpoint's tensors and state, and the metrics.</summary>
    public static SortedDictionary<string, byte[]> Remains(string folder)
    {
        var run = Get(RunFolder.Open(folder));
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { ["metrics.jsonl"] = File.ReadAllBytes(run.Metrics) };
        foreach (var file in Directory.EnumerateFiles(Get(run.Checkpoint()).Folder)) files.Add(Path.GetFileName(file), File.ReadAllBytes(file));
        return files;
    }

    public static string Differences(SortedDictionary<string, byte[]> a, SortedDictionary<string, byte[]> b) =>
        string.Join(", ", a.Keys.Union(b.Keys).Where(name => !a.ContainsKey(name) || !b.ContainsKey(name) || !a[name].AsSpan().SequenceEqual(b[name])));
}

/// <summary>A clock that stands still, so that metrics are the same on every run.</summary>
class StillClock : TimeProvider
{
    public static StillClock Instance { get; } = new();

    public override long GetTimestamp() => 0;
}

/// <summary>A folder of a test's own that goes with it.</summary>
sealed class Scratch : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("functional-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>The process ends here, as far as files can tell: nothing after it happens, and nobody cleans up.</summary>
sealed class KilledException : Exception;

/// <summary>A disk that fails at the n-th operation: the process ends before it, or half of it is done, or there is no room.</summary>
sealed class FailingDisk(int at, bool kill) : Disk
{
    int done;

    public int Done => done;

    void Count(Action? half = null)
    {
        if (done++ != at) return;
        half?.Invoke();
        if (kill) throw new KilledException();
        throw new IOException("No space left on device : '/somewhere'");
    }

    public override void CreateFolder(string path) { Count(); base.CreateFolder(path); }
    public override Stream Create(string path) { Count(); return new Torn(base.Create(path), this); }
    public override void Flush(Stream file) { Count(); base.Flush(file is Torn torn ? torn.Inner : file); }
    public override void MoveFolder(string from, string to) { Count(); base.MoveFolder(from, to); }
    public override void MoveFile(string from, string to) { Count(); base.MoveFile(from, to); }
    public override void DeleteFolder(string path)
    {
        Count(() => { if (Directory.EnumerateFiles(path).FirstOrDefault() is { } file) File.Delete(file); });
        base.DeleteFolder(path);
    }

    sealed class Torn(Stream inner, FailingDisk disk) : Stream
    {
        public Stream Inner => inner;
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            var half = buffer[..(buffer.Length / 2)].ToArray();
            disk.Count(() => inner.Write(half));
            inner.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => inner.Length;
        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }
        public override void Flush() => inner.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        protected override void Dispose(bool disposing) { if (disposing) inner.Dispose(); base.Dispose(disposing); }
    }
}
