using System.Text;
using FsCheck;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Storage;

public class CheckpointLaws
{
    static readonly RunIdentity identity = new(new("00ff", 12, "abcdef01"), Params.Of(("heads", "2"), ("seed", "1")));
    static readonly Params<TensorType> types = Params.Of(("tokens", new TensorType([3, 2])), ("norm", new TensorType([2], DType.BF16)));

    static RunState State(long step) => RunState.Start(Key.Seed(7)) with { Step = step, Saved = step, Tokens = 5 * step, BestLoss = 1.25, BestStep = 2 };

    static Workspace Filled(IEngine engine, byte value)
    {
        var set = new Workspace(engine, types);
        foreach (var buffer in set.Buffers.Values) buffer.Write([.. Enumerable.Range(0, (int)buffer.Type.Bytes).Select(i => (byte)(value + i))]);
        return set;
    }

    static string Save(CheckpointStore store, long step, int keep = 3)
    {
        using var engine = new ReferenceEngine();
        using var model = Filled(engine, (byte)step);
        using var slots = Filled(engine, (byte)(step + 100));
        return TinyRun.Get(store.Save(State(step), identity, [new("", model.Buffers, slots.Buffers)], keep));
    }

    static string Load(CheckpointStore store)
    {
        using var engine = new ReferenceEngine();
        using var model = new Workspace(engine, types);
        using var slots = new Workspace(engine, types);
        return (from found in store.Newest()
                from checkpoint in found.ToValidation(new Fault("store", "is empty", ""))
                from loaded in checkpoint.Load(new("", model.Buffers, slots.Buffers))
                select $"{checkpoint.Training} {checkpoint.Identity} {Hex(model)} {Hex(slots)}").IfFail(static f => f.Lines());

        static string Hex(Workspace set) =>
            string.Join(' ', set.Buffers.Values.Select(static b => { var bytes = new byte[b.Type.Bytes]; b.Read(bytes); return Convert.ToHexString(bytes); }));
    }

    /// <summary>A checkpoint lists two files for each part, within it or in a folder of the part's name; nothing that lies deeper or leads out.</summary>
    [Theory]
    [InlineData("", true)]
    [InlineData("a", true)]
    [InlineData("a", true, "b-2_c")]
    [InlineData("..", false)]
    [InlineData("../other", false)]
    [InlineData("a/b", false)]
    [InlineData("a/", false)]
    [InlineData("a", false, "a.b")]
    public void Files_of_parts_are_known_by_their_names(string part, bool known, string? more = null)
    {
        using var scratch = new Scratch();
        var folder = Save(new(scratch["c"]), 5);
        Vec<FileSum> Files(string? name) => name is null ? [] : [.. new[] { "model", "optimizer" }.Select(file => new FileSum($"{name}{(name.Length == 0 ? "" : "/")}{file}.safetensors", 1, 0))];
        bool IsKnown(Vec<FileSum> files)
        {
            File.WriteAllBytes(Path.Combine(folder, "state.json"), new CheckpointManifest(State(5), identity, files).Write());
            return !TinyRun.Faults(Checkpoint.Open(folder)).Contains("lists other files", StringComparison.Ordinal);
        }
        Assert.Equal(known, IsKnown([.. Files(part), .. Files(more)]));
        Assert.False(IsKnown([.. Files(part).Take(1), .. Files(more)]));
        Assert.False(IsKnown([.. Files(part).Reverse(), .. Files(more)]));
    }

    [Fact]
    public void Every_cut_and_every_changed_byte_is_a_fault_that_names_the_file()
    {
        using var scratch = new Scratch();
        var store = new CheckpointStore(scratch["c"]);
        Save(store, 2);
        var folder = Save(store, 5);
        var whole = Load(store);
        Assert.StartsWith("RunState {", whole, StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(folder))
        {
            var bytes = File.ReadAllBytes(file);
            for (var at = 0; at < bytes.Length; at++)
                foreach (var damaged in (byte[][])[bytes[..at], [.. bytes[..at], (byte)(bytes[at] ^ 1 << at % 8), .. bytes[(at + 1)..]]])
                {
                    File.WriteAllBytes(file, damaged);
                    var faults = Load(store);
                    Assert.StartsWith(file, faults, StringComparison.Ordinal);
                    Assert.DoesNotContain('\n', faults);
                }
            File.WriteAllBytes(file, bytes);
            Assert.Equal(whole, Load(store));
        }
    }

    [Fact]
    public void A_damaged_checkpoint_names_the_one_before()
    {
        using var scratch = new Scratch();
        var store = new CheckpointStore(scratch["c"]);
        Save(store, 2);
        var newest = Save(store, 5);
        File.WriteAllText(Path.Combine(newest, "state.json"), "{}");
        Assert.Equal($"{newest}/state.json: is damaged: its checksum does not fit; expected what training wrote; remove {newest} to go on from step 2",
            Load(store));
        File.Delete(Path.Combine(newest, "state.json"));
        // Never silently the one before: what has the name was whole once.
        Assert.Equal($"{newest}: lacks state.json; expected a whole checkpoint; remove {newest} to go on from step 2", Load(store));
        Directory.Delete(newest, recursive: true);
        Assert.StartsWith("RunState { Key = 00000000:00000007, Step = 2,", Load(store), StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_under_another_name_is_a_fault()
    {
        using var scratch = new Scratch();
        var store = new CheckpointStore(scratch["c"]);
        Directory.Move(Save(store, 5), store.PathOf(6));
        Assert.Equal($"{store.PathOf(6)}: holds step 5; expected the step of its name; there is no other checkpoint; begin anew in another folder",
            Load(store));
    }

    [Fact]
    public void The_last_and_the_best_stay()
    {
        using var scratch = new Scratch();
        var store = new CheckpointStore(scratch["c"]);
        foreach (var step in (long[])[1, 2, 3, 4, 5, 6]) Save(store, step, keep: 2);
        Assert.Equal([6, 5, 2], store.Steps);
        Assert.Equal((6, 2, 5), (Step("last"), Step("best"), Step(5)));
        Assert.Equal($"{store.Folder}: has no checkpoint of step 4; allowed: last, 2, 5, 6", TinyRun.Faults(CheckpointChoice.At(4).In(store)));
        Directory.Delete(store.PathOf(2), recursive: true);
        Assert.Equal($"{store.Folder}: has no checkpoint of step 2, which was the best; allowed: last, 5, 6", TinyRun.Faults(CheckpointChoice.Best.In(store)));

        long Step(CheckpointChoice choice) => TinyRun.Get(choice.In(store)).Step;
    }

    /// <summary>A run that was never evaluated has no best: another checkpoint is not given out for it.</summary>
    [Fact]
    public void Without_an_evaluation_there_is_no_best()
    {
        using var scratch = new Scratch();
        using var engine = new ReferenceEngine();
        using var set = Filled(engine, 1);
        var store = new CheckpointStore(scratch["c"]);
        Assert.Equal($"{store.Folder}: has no checkpoint yet; expected a run that has saved once", TinyRun.Faults(CheckpointChoice.Best.In(store)));
        TinyRun.Get(store.Save(State(5) with { BestLoss = double.PositiveInfinity, BestStep = -1 }, identity, [new("", set.Buffers, set.Buffers)], 1));
        Assert.Equal($"{store.Folder}: knows of no evaluation, so that no checkpoint is the best; allowed: last, 5",
            TinyRun.Faults(CheckpointChoice.Best.In(store)));
        Assert.Equal(5, TinyRun.Get(CheckpointChoice.Last.In(store)).Step);
    }

    /// <summary>Each fixed setting is recorded, whatever its value; one that is younger than a checkpoint had its default then.</summary>
    [Fact]
    public void A_checkpoint_records_every_fixed_setting()
    {
        var config = new RunConfig { Seed = 3, Stage = new() { Optimiser = new() { Epsilon = 1e-6 } } };
        var of = RunIdentity.Of(identity.Text, config);
        Assert.Equal(RunConfig.Fields.Where(static f => f.Fixed).Select(static f => f.Name), of.Settings.Names);
        Assert.Equal("", TinyRun.Faults(of.Check(config, "config.yaml")));
        foreach (var field in RunConfig.Fields.Where(static f => f.Fixed))
        {
            var older = of with { Settings = of.Settings.Where(s => s.Name != field.Name).ToParams() };
            var standard = field.Set(config, field.Get(new()))!;
            Assert.Equal("", TinyRun.Faults(older.Check(standard, "config.yaml")));
            if (field.Get(config) != field.Get(standard)) Assert.StartsWith($"config.yaml: {field.Name}: is {field.Show(config)}, but the checkpoint was written with", TinyRun.Faults(older.Check(config, "config.yaml")), StringComparison.Ordinal);
        }
    }

    [Property]
    public bool A_choice_of_checkpoint_reads_back(NonNegativeInt step) =>
        TinyRun.Get(CheckpointChoice.Parse($"{step.Get}", "")) == step.Get && CheckpointChoice.At(step.Get).ToString() == $"{step.Get}"
        && new[] { CheckpointChoice.Last, CheckpointChoice.Best }.All(static c => TinyRun.Get(CheckpointChoice.Parse(c.ToString(), "")) == c);

    [Theory]
    [InlineData("")]
    [InlineData("first")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("BEST")]
    public void What_is_no_choice_is_refused(string text)
    {
        Assert.Equal($"--checkpoint: is {text}; allowed: best, last, the step of a checkpoint, or average; with :average behind it the mean of its weights",
            TinyRun.Faults(CheckpointChoice.Parse(text, "--checkpoint")));
        Assert.Throws<ArgumentException>(() => (CheckpointChoice)text);
        Assert.Throws<ArgumentOutOfRangeException>(() => (CheckpointChoice)(-1L));
    }

    /// <summary>A step that is saved once more, and killed or refused at any operation, leaves the checkpoint before or the new one, whole.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_checkpoint_that_is_written_again_is_never_lost(bool kill)
    {
        for (int at = 0, done = int.MaxValue; at < done; at++)
        {
            using var scratch = new Scratch();
            Save(new(scratch["c"]), 5);
            var disk = new FailingDisk(at, kill);
            try
            {
                if (Again(new(scratch["c"], disk))) done = disk.Done;
            }
            catch (KilledException) { }
            var store = new CheckpointStore(scratch["c"]);
            TinyRun.Get(store.Clean());
            Assert.StartsWith("RunState {", Load(store), StringComparison.Ordinal);
            Assert.Equal([5], store.Steps);
            Assert.Single(Directory.GetDirectories(scratch["c"]));
        }

        static bool Again(CheckpointStore store)
        {
            using var engine = new ReferenceEngine();
            using Workspace model = Filled(engine, 50), slots = Filled(engine, 60);
            return store.Save(State(5) with { BestStep = 5 }, identity, [new("", model.Buffers, slots.Buffers)], 3).IsSuccess;
        }
    }

    [Fact]
    public void What_a_crash_left_is_removed_and_nothing_else()
    {
        using var scratch = new Scratch();
        var store = new CheckpointStore(scratch["c"]);
        Save(store, 5);
        foreach (var left in (string[])["step-00000007.partial", "step-00000001.removed"])
        {
            Directory.CreateDirectory(scratch[$"c/{left}"]);
            File.WriteAllText(scratch[$"c/{left}/model.safetensors"], "half");
        }
        Directory.CreateDirectory(scratch["c/notes"]);
        TinyRun.Get(store.Clean());
        Assert.Equal(["notes", "step-00000005"], Directory.EnumerateDirectories(scratch["c"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Files_are_on_the_medium_before_they_have_their_name()
    {
        using var scratch = new Scratch();
        using var engine = new ReferenceEngine();
        using var set = Filled(engine, 1);
        var disk = new RecordingDisk();
        TinyRun.Get(new CheckpointStore(scratch["c"], disk).Save(State(5), identity, [new("", set.Buffers, set.Buffers)], 1));
        Assert.Equal(["create model.safetensors", "flush", "create optimizer.safetensors", "flush", "create state.json", "flush",
            "move step-00000005.partial step-00000005"], disk.Done);
    }

    sealed class RecordingDisk : Disk
    {
        public List<string> Done { get; } = [];
        public override Stream Create(string path) { Done.Add($"create {Path.GetFileName(path)}"); return base.Create(path); }
        public override void Flush(Stream file) { Done.Add("flush"); base.Flush(file); }
        public override void MoveFolder(string from, string to) { Done.Add($"move {Path.GetFileName(from)} {Path.GetFileName(to)}"); base.MoveFolder(from,
            to); }
    }

    [Fact]
    public void State_reads_as_json()
    {
        using var scratch = new Scratch();
        var text = File.ReadAllText(Path.Combine(Save(new(scratch["c"]), 5), "state.json"), Encoding.UTF8);
        using var json = System.Text.Json.JsonDocument.Parse(text);
        Assert.Equal(5, json.RootElement.GetProperty("step").GetInt64());
        Assert.Equal(8, json.RootElement.GetProperty("check").GetString()!.Length);
    }

    [Property]
    public bool The_checksum_does_not_depend_on_pieces(byte[] bytes, byte cut)
    {
        var at = bytes.Length == 0 ? 0 : cut % bytes.Length;
        return Crc32C.Of(bytes) == ~Crc32C.Append(Crc32C.Append(~0u, bytes.AsSpan(0, at)), bytes.AsSpan(at));
    }

    // RFC 3720, B.4.
    [Fact]
    public void The_checksum_is_the_published_one() =>
        Assert.Equal((0x8A9136AAu, 0x46DD794Eu), (Crc32C.Of(new byte[32]), Crc32C.Of([.. Enumerable.Range(0, 32).Select(static i => (byte)i)])));
}
