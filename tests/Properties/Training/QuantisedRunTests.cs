namespace Functional.Tests.Properties.Training;

/// <summary>Runs whose weights are kept in 8 or 4 bits: what is in them, what they are good for, and what is refused.</summary>
public sealed class QuantisedRunTests : IDisposable
{
    static readonly RunConfig config = TinyRun.Config with { Model = TinyRun.Config.Model with { Width = 12, TiedHead = false }, Stage = TinyRun.Config.Stage with { SampleEvery = 0 } };

    readonly Scratch scratch = new();
    readonly IEngine engine = new ManagedEngine(1);

    public void Dispose()
    {
        engine.Dispose();
        scratch.Dispose();
    }

    string Trained(string name = "run", RunConfig? other = null)
    {
        TinyRun.Get(TinyRun.Train(scratch[name], other ?? config));
        return scratch[name];
    }

    Quantised Made(string run, string to, int bits = 8, string? data = null) => TinyRun.Get(Quantising.Run(engine, run, scratch[to], bits, data));

    string Faults(string run, string to, int bits = 8, string? data = null) => TinyRun.Faults(Quantising.Run(engine, run, scratch[to], bits, data));

    string TextFile(string name = "text.txt")
    {
        File.WriteAllText(scratch[name], string.Concat(Enumerable.Repeat("abcab cabba. ", 9)));
        return scratch[name];
    }

    Dictionary<string, float[]> Floats(string folder)
    {
        var run = TinyRun.Get(RunFolder.Open(folder));
        using var loaded = TinyRun.Get(run.Load(engine, TinyRun.Get(run.Checkpoint())));
        return loaded.Buffers.ToDictionary(static b => b.Name, static b => b.Value.ToArray<float>());
    }

    static float[] Rounded(Model model, string name, float[] numbers, int bits)
    {
        if (!Panels.Matrices(model).Contains(name)) return numbers;
        var kind = Panels.Kind(model, name, new(bits));
        var (words, back) = (new int[kind.Packing.Words(kind.Outputs, kind.Inputs).Size], new float[numbers.Length]);
        Assert.Null(Panels.Pack(numbers, kind, words));
        Panels.Unpack(words, kind, back);
        return back;
    }

    [Theory, InlineData(8, false), InlineData(4, true)]
    public async Task It_keeps_each_matrix_rounded_and_all_else_as_it_was(int bits, bool tied)
    {
        var run = Trained(other: config with { Model = config.Model with { TiedHead = tied } });
        var text = TextFile();
        var made = Made(run, "kept", bits, text);
        var (before, after) = (Floats(run), Floats(scratch["kept"]));
        var model = Transformer.Of(TinyRun.Get(RunFolder.Open(run)).Config.Decoder);
        Assert.Equal(before.Keys, after.Keys);
        Assert.All(before, b => Assert.Equal(Rounded(model, b.Key, b.Value, bits), after[b.Key]));
        Assert.Contains(before, b => !b.Value.SequenceEqual(after[b.Key]));
        Assert.Equal(before.Sum(static b => 4L * b.Value.Length), made.BytesBefore);
        using var kept = TinyRun.Get(TrainedModel.Open(engine, scratch["kept"]));
        Assert.Equal(kept.Model.Specs.Fold(0L, static (sum, s) => sum + s.Type.Bytes), made.BytesAfter);
        using var whole = TinyRun.Get(TrainedModel.Open(engine, run));
        Assert.Equal(whole.ParameterCount, kept.ParameterCount);
        Assert.Contains((await RunComparison.OfAsync([run, scratch["kept"]])).Warnings, w => w == $"kept is a copy in {bits} bits, which has no numbers of its own");
        Assert.Equal(whole.Score(TinyRun.Get(whole.Text(text))).Loss, made.LossBefore);
        Assert.Equal(kept.Score(TinyRun.Get(kept.Text(text))).Loss, made.LossAfter);
        Assert.NotEqual(made.LossBefore, made.LossAfter);
        Assert.True(made.IsText);
        // Its checkpoint has words in place of those matrices, and no more than them.
        var names = TinyRun.Get(SafeTensors.Open(Path.Combine(kept.Checkpoint.Folder, "model.safetensors")));
        using (names) Assert.Equal(Panels.Of(model, new(bits)).Specs.Names.Order(StringComparer.Ordinal), names.Tensors.Names.Order(StringComparer.Ordinal));
    }

    /// <summary>Logits at once and through caches, with a window and without, are those of the numbers that are kept.</summary>
    [Theory, InlineData(8), InlineData(4)]
    public void It_computes_with_the_numbers_that_it_keeps(int bits)
    {
        var run = Trained(other: config with { Model = config.Model with { Context = 9, Positions = Positions.Rotary } });
        _ = Made(run, "kept", bits);
        using var kept = TinyRun.Get(TrainedModel.Open(engine, scratch["kept"]));
        using var dense = new Workspace(engine);
        foreach (var (name, numbers) in Floats(scratch["kept"])) dense.Add(name, Transformer.Of(kept.Run.Config.Decoder).Specs[name].Type).Write<float>(numbers);
        int[] ids = [0, 3, 1, 2, 4, 1, 0];
        var expected = Logits.Whole(engine, Transformer.Of(kept.Run.Config.Decoder), dense.Buffers, ids, 7, false);
        foreach (var cached in (bool[])[false, true])
            foreach (var (line, row) in TinyRun.Get(kept.Logits(ids, 7, cached)).Index())
                Assert.All(row.Zip(expected[line]), static pair => Assert.Equal(pair.Item2, pair.Item1, 1e-5f));
        var writer = TinyRun.Get(kept.Generator(3, 1));
        Assert.NotEmpty(string.Concat(writer.Text(TinyRun.Get(writer.Encode("ab")), 5, new(new()), Key.Seed(1))));
    }

    [Fact]
    public void It_is_not_trained_and_another_run_begins_with_its_numbers_as_float32()
    {
        var run = Trained();
        _ = Made(run, "kept", 4);
        var resumed = TinyRun.Faults(RunSession.Resume(scratch["kept"]));
        Assert.Contains("has weights of 4 bits, which are not trained", resumed, StringComparison.Ordinal);
        Assert.Contains("--from", resumed, StringComparison.Ordinal);
        var kept = TinyRun.Get(RunFolder.Open(scratch["kept"]));
        var weights = TinyRun.Get(InitialWeights.Open(kept.Config, scratch["kept"], kept.Tokenizer));
        using var into = new Workspace(engine, Transformer.Of(kept.Config.Decoder).Specs.Map(static s => s.Type));
        _ = TinyRun.Get(weights.Into(engine, into.Buffers, null));
        Assert.All(Floats(scratch["kept"]), b => Assert.Equal(b.Value, into[b.Key].ToArray<float>()));
    }

    [Fact]
    public void What_is_saved_of_it_is_kept_the_same_and_what_is_exported_is_float32()
    {
        var run = Trained();
        _ = Made(run, "kept");
        using (var kept = TinyRun.Get(TrainedModel.Open(engine, scratch["kept"]))) _ = TinyRun.Get(kept.Save(scratch["again"]));
        Assert.Equal(8, TinyRun.Get(RunFolder.Open(scratch["again"])).Panels?.Bits);
        var (one, two) = (Floats(scratch["kept"]), Floats(scratch["again"]));
        Assert.All(one, b => Assert.Equal(b.Value, two[b.Key]));
    }

    [Fact]
    public void What_cannot_be_made_is_told_and_nothing_is_left()
    {
        var run = Trained();
        Assert.Contains("bits is 3", Faults(run, "kept", 3).Replace(":", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("does not exist", Faults(scratch["nowhere"], "kept"), StringComparison.Ordinal);
        Assert.Contains("no.txt", Faults(run, "kept", 8, scratch["no.txt"]), StringComparison.Ordinal);
        Assert.False(Path.Exists(scratch["kept"]));
        _ = Made(run, "kept");
        Assert.Contains("is in 8 bits already", Faults(scratch["kept"], "twice"), StringComparison.Ordinal);
        Assert.Contains("is there already", Faults(run, "kept", 4), StringComparison.Ordinal);
        Assert.Equal(8, TinyRun.Get(RunFolder.Open(scratch["kept"])).Panels?.Bits);
        // The text of these runs is in memory alone: the rest is done all the same.
        Assert.Null(Made(run, "unmeasured").LossBefore);
    }

    [Fact]
    public void A_number_that_cannot_be_kept_is_named()
    {
        var run = Trained();
        var checkpoint = TinyRun.Get(TinyRun.Get(RunFolder.Open(run)).Checkpoint());
        using (var model = TinyRun.Get(TrainedModel.Open(engine, run)))
        {
            var parameters = TinyRun.Get(model.Run.LoadKept(engine, checkpoint));
            using (parameters)
            {
                var qkv = parameters["blocks.0.qkv.weight"].ToArray<float>();
                qkv[5] = float.PositiveInfinity;
                parameters["blocks.0.qkv.weight"].Write<float>(qkv);
                var own = model.Run.Alone with { Location = scratch["spoilt"] };
                _ = TinyRun.Get(own.Checkpoints.Save(checkpoint.Training, RunIdentity.Of(checkpoint.Identity.Text, own.Config), [new("", parameters.Buffers, Params<IBuffer>.Empty)], 1));
                _ = TinyRun.Get(own.Write(Disk.Real));
            }
        }
        var told = Faults(scratch["spoilt"], "kept");
        Assert.Contains("blocks.0.qkv.weight", told, StringComparison.Ordinal);
        Assert.Contains("has the number", told, StringComparison.Ordinal);
        Assert.False(Path.Exists(scratch["kept"]) || Path.Exists(scratch["kept"] + ".partial"));
    }

    /// <summary>Files of another model, another tokenizer, other bits, cut off or changed: each is told, and none is read as something else.</summary>
    [Fact]
    public void A_folder_that_is_not_what_it_says_is_refused()
    {
        var run = Trained();
        _ = Made(run, "kept");
        _ = Made(run, "four", 4);
        _ = Made(Trained("other", config with { Model = config.Model with { Width = 40 } }), "wide");
        string Opened(Action<string> change)
        {
            if (Directory.Exists(scratch["changed"])) Directory.Delete(scratch["changed"], true);
            Copy(scratch["kept"], scratch["changed"]);
            change(scratch["changed"]);
            return TinyRun.Faults(TrainedModel.Open(engine, scratch["changed"]).Map(static model => { model.Dispose(); return model; }));
        }
        static string Weights(string folder) => Directory.EnumerateFiles(folder, "model.safetensors", SearchOption.AllDirectories).Single();
        Assert.Equal("", Opened(static _ => { }));
        Assert.Contains("blocks.0.qkv.weight.panels: is i32[", Opened(static f => File.WriteAllText(Path.Combine(f, "quantised.json"), """{"bits": 4, "group": 32}""")), StringComparison.Ordinal);
        Assert.Contains("allowed: bits of 8 or 4", Opened(static f => File.WriteAllText(Path.Combine(f, "quantised.json"), """{"bits": 5, "group": 32}""")), StringComparison.Ordinal);
        Assert.Contains("allowed: bits of 8 or 4", Opened(static f => File.WriteAllText(Path.Combine(f, "quantised.json"), """{"bits": 8, "group": 64}""")), StringComparison.Ordinal);
        Assert.Contains("allowed: bits of 8 or 4", Opened(static f => File.WriteAllText(Path.Combine(f, "quantised.json"), "[]")), StringComparison.Ordinal);
        Assert.Contains("quantised.json", Opened(static f => File.WriteAllText(Path.Combine(f, "quantised.json"), "{")), StringComparison.Ordinal);
        Assert.Contains("blocks.0.qkv.weight: is missing", Opened(static f => File.Delete(Path.Combine(f, "quantised.json"))), StringComparison.Ordinal);
        Assert.Contains("bytes", Opened(static f => { using var file = File.OpenWrite(Weights(f)); file.SetLength(file.Length - 1); }), StringComparison.Ordinal);
        Assert.Contains("checksum", Opened(static f => { var all = File.ReadAllBytes(Weights(f)); all[^9] ^= 4; File.WriteAllBytes(Weights(f), all); }), StringComparison.Ordinal);
        Assert.Contains("width", Opened(f => File.Copy(Path.Combine(scratch["wide"], "config.yaml"), Path.Combine(f, "config.yaml"), true)), StringComparison.Ordinal);
        // Another's words, whole by themselves.
        foreach (var (other, word) in new[] { ("four", "is i32["), ("wide", "width"), ("run", "is missing") })
            Assert.Contains(word, Opened(f => { Directory.Delete(Path.Combine(f, "stages"), true); Copy(Path.Combine(scratch[other], "stages"), Path.Combine(f, "stages")); }), StringComparison.Ordinal);

        static void Copy(string from, string to)
        {
            foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            {
                var path = Path.Combine(to, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.Copy(file, path);
            }
        }
    }

    [Fact]
    public void Wherever_the_disk_fails_nothing_is_there_or_all_of_it()
    {
        var run = Trained();
        for (var (at, ended) = (0, false); !ended; at++)
        {
            var kill = at % 2 == 1;
            try { ended = Quantising.Run(engine, run, scratch["kept"], 8, null, default, null, new FailingDisk(at, kill), default).IsSuccess; }
            catch (KilledException) { }
            if (!ended && Directory.Exists(scratch["kept"])) Assert.Equal("", TinyRun.Faults(TrainedModel.Open(engine, scratch["kept"]).Map(static model => { model.Dispose(); return model; })));
            if (Directory.Exists(scratch["kept"])) Directory.Delete(scratch["kept"], true);
            Assert.True(at < 100);
        }
    }
}
