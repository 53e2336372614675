using System.Text.Json;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Families;

/// <summary>Published models as runs, and runs as published models.</summary>
public sealed class ImportTests : IDisposable
{
    const double OfFloat = 2e-5;

    readonly Scratch scratch = new();

    public static TheoryData<string> Models => FamilyGoldenTests.Models;

    public static TheoryData<string> Judges => FamilyGoldenTests.Judges;

    public static TheoryData<string> Writers => FamilyGoldenTests.Writers;

    public void Dispose() => scratch.Dispose();

    /// <summary>A published folder of a test's own, with its shards where it has some.</summary>
    string Put(string name, string to = "published")
    {
        var folder = Directory.CreateDirectory(scratch[to]).FullName;
        File.Copy(Path.Combine(Hf.Folder(name), "config.json"), Path.Combine(folder, "config.json"));
        var weights = name == "llama-sharded" ? Path.Combine(SourceTree.Root, "tests", "Properties", "Weights", name) : Hf.Folder(name);
        foreach (var file in Directory.EnumerateFiles(weights, "*model*")) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return folder;
    }

    TrainedModel Imported(IEngine engine, string name, string to = "run")
    {
        var made = TinyRun.Get(Import.Run(Put(name, $"{to}-of"), scratch[to]));
        Assert.All(made.Remarks, static r => Assert.Contains("has no tokenizer", r, StringComparison.Ordinal));
        return TinyRun.Get(TrainedModel.Open(engine, scratch[to]));
    }

    static int Best(float[] logits) => Array.IndexOf(logits, logits.Max());

    [Theory, MemberData(nameof(Writers))]
    public void Logits_and_greedy_continuations_are_those_of_transformers(string name)
    {
        using var engine = new ManagedEngine();
        using var model = Imported(engine, name);
        var full = Hf.Golden(name).GetProperty("full");
        foreach (var (row, ids) in Hf.Ids(full.GetProperty("input_ids")).Index())
            foreach (var cached in (bool[])[false, true])
            {
                var logits = TinyRun.Get(model.Logits(ids, 4, cached));
                foreach (var (line, expected) in full.GetProperty("logits_last4")[row].EnumerateArray().Index())
                {
                    Assert.Equal(expected.GetArrayLength(), logits[line].Length);
                    foreach (var (token, number) in expected.EnumerateArray().Index()) Assert.Equal(number.GetDouble(), logits[line][token], OfFloat);
                }
                // Both ways of theirs are one here where they say the same; a scale that depends on the length (LongRoPE) differs between them.
                var key = cached && full.TryGetProperty("greedy16_generate_kv_cache", out _) ? "greedy16_generate_kv_cache" : "greedy16_recompute";
                List<int> text = [.. ids];
                foreach (var expected in Hf.Ids(full.GetProperty(key))[row])
                {
                    Assert.Equal(expected, Best(TinyRun.Get(model.Logits(text, 1, cached))[0]));
                    text.Add(expected);
                }
            }
    }

    [Theory, MemberData(nameof(Judges))]
    public void Scores_are_those_of_transformers(string name)
    {
        using var engine = new ManagedEngine();
        using var model = Imported(engine, name);
        var golden = Hf.Golden(name);
        foreach (var side in (string[])["right", "left"])
            foreach (var (row, ids) in Hf.Ids(golden.GetProperty($"input_ids_{side}_pad")).Index())
                foreach (var cached in (bool[])[false, true])
                    Assert.Equal(golden.GetProperty($"scores_{side}_pad")[row][0].GetDouble(), Assert.Single(TinyRun.Get(model.Logits(ids, 1, cached))[0]), OfFloat);
        Assert.Contains("judges texts", TinyRun.Faults(model.Generator()), StringComparison.Ordinal);
        Assert.Contains("judges texts", TinyRun.Faults(model.Text("any")), StringComparison.Ordinal);
        Assert.Contains("last: is 2", TinyRun.Faults(model.Logits([1, 2, 3], 2)), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Models))]
    public void Import_after_export_after_import_is_the_same_run(string name)
    {
        using var engine = new ReferenceEngine();
        using var first = Imported(engine, name);
        Assert.Equal(first.Run.Note.Map(static n => n.Family).IfNone(""), TinyRun.Get(first.ExportTo(scratch["again"], shardBytes: 40_000)));
        _ = TinyRun.Get(Import.Run(scratch["again"], scratch["second"]));
        using var second = TinyRun.Get(TrainedModel.Open(engine, scratch["second"]));
        Assert.Equal("", string.Join(", ", Canonical.Differences(first.Run.Config.Model, second.Run.Config.Model).Map(static d => d.Name)));
        Assert.Equal(first.Run.Note.Map(static n => n.Tokens), second.Run.Note.Map(static n => n.Tokens));
        Assert.True(File.ReadAllBytes(Path.Combine(first.Checkpoint.Folder, "model.safetensors"))
            .AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(second.Checkpoint.Folder, "model.safetensors"))));
        Assert.True(File.Exists(Path.Combine(scratch["again"], "model.safetensors.index.json")));
    }

    [Fact]
    public void What_lies_beside_the_weights_is_kept()
    {
        var folder = Put("llama");
        const string generation = "{\n  \"eos_token_id\": [\n    2,\n    7\n  ],\n  \"temperature\": 0.5\n}\n", config = "{\n  \"eos_token\": \"c\"\n}\n", template = "{{ messages }}\n";
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), generation);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config);
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), template);
        _ = TinyRun.Get(TokenizerFile.Write(Path.Combine(folder, "tokenizer.json"), Words));
        var made = TinyRun.Get(Import.Run(folder, scratch["run"]));
        Assert.Empty(made.Remarks);
        using var engine = new ReferenceEngine();
        using var model = TinyRun.Get(TrainedModel.Open(engine, scratch["run"]));
        // The model has more tokens than its tokenizer knows.
        Assert.Equal((96, "bpe"), (model.Run.Tokenizer.VocabularySize, model.Run.Tokenizer.Kind));
        Assert.Equal([2, 7], model.Run.Note.Map(static n => n.Ends).IfNone([]));
        _ = TinyRun.Get(model.ExportTo(scratch["out"]));
        Assert.Equal(generation, File.ReadAllText(Path.Combine(scratch["out"], "generation_config.json")));
        Assert.Equal(config, File.ReadAllText(Path.Combine(scratch["out"], "tokenizer_config.json")));
        Assert.Equal(template, File.ReadAllText(Path.Combine(scratch["out"], "chat_template.jinja")));
        Assert.Equal(File.ReadAllText(Path.Combine(folder, "tokenizer.json")), File.ReadAllText(Path.Combine(scratch["out"], "tokenizer.json")));
        // The tokenizer's own begin stands before a prompt, and the text ends where the model says so.
        var generator = TinyRun.Get(model.Generator());
        Assert.Equal([1, .. Words.Encode("abc").IfFail([])], TinyRun.Get(generator.Encode("abc")));
        Assert.Equal([1], TinyRun.Get(generator.Encode("")));
        Assert.Equal([2, 7], generator.Ends);
        Assert.Empty(TinyRun.Get(model.Generator(stops: false)).Ends);
    }

    // Eight letters and marks, and a begin before every text.
    static SubwordTokenizer Words => (SubwordTokenizer)TinyRun.Get(TokenizerJson.Parse("""
        {"version":"1.0","added_tokens":[{"id":1,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
          {"id":2,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
         "normalizer":null,"pre_tokenizer":null,
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
           "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}},
         "decoder":{"type":"Fuse"},
         "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,
           "vocab":{"<u>":0,"<s>":1,"</s>":2,"a":3,"b":4,"c":5,"ab":6," ":7,"\n":8},"merges":["a b"]}}
        """, "tokenizer.json"));

    [Fact]
    public void A_run_that_was_imported_is_measured_and_trained_further_on_a_text_of_ones_own()
    {
        var folder = Put("llama");
        _ = TinyRun.Get(TokenizerFile.Write(Path.Combine(folder, "tokenizer.json"), Words));
        _ = TinyRun.Get(Import.Run(folder, scratch["run"]));
        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat("abc ab cab\n", 200)));
        using var engine = new ReferenceEngine();
        using (var model = TinyRun.Get(TrainedModel.Open(engine, scratch["run"])))
        {
            Assert.Equal($"{scratch["run"]}: was imported, and has no text of its own; expected a text, as with --data FILE", TinyRun.Faults(model.Data()));
            Assert.True(double.IsFinite(model.Score(TinyRun.Get(model.Text(scratch["text.txt"]))).Loss));
        }
        Assert.Contains("has no training to go on with", TinyRun.Faults(RunSession.Resume(scratch["run"])), StringComparison.Ordinal);
        var config = TinyRun.Get(InitialWeights.Of(TinyRun.Config with
        {
            Stage = TinyRun.Config.Stage with { Steps = 2, SampleEvery = 0, Source = new() { File = scratch["text.txt"] } },
        }, scratch["run"], default));
        using (var session = TinyRun.Get(RunSession.Begin(scratch["tuned"], Recipe.Of(config))))
            _ = TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance, default));
        using var tuned = TinyRun.Get(TrainedModel.Open(engine, scratch["tuned"]));
        Assert.Equal((96, LineEnds.Keep), (tuned.Run.Config.Model.Vocabulary, tuned.Run.Config.LineEnds));
        Assert.Equal(TinyRun.Get(RunFolder.Open(scratch["run"])).Note, tuned.Run.Note);
        Assert.True(TinyRun.Get(tuned.Data()).Train.Length > 0);
        Assert.Equal("llama", TinyRun.Get(tuned.ExportTo(scratch["out"])));
        // A file of tokens for the run is one for what begins with it.
        _ = TinyRun.Get(TokenFile.Write(scratch["text.tokens"], [scratch["text.txt"]], Tokenizers.Load(scratch["run"]), LineEnds.Lf, default));
        Assert.Equal(TinyRun.Get(tuned.Text(scratch["text.txt"])).Length, TinyRun.Get(tuned.Text(scratch["text.tokens"])).Length);
        // And goes on like any other.
        using var again = TinyRun.Get(RunSession.Resume(scratch["tuned"]));
        Assert.Equal(2, again.From.Map(static c => c.Step).IfNone(0));
    }

    [Theory, InlineData("llama", true), InlineData("gpt2", false)]
    public void A_run_of_ones_own_comes_back_with_the_same_logits_bit_for_bit(string family, bool llama)
    {
        var config = TinyRun.Config with
        {
            Tokenizer = "bpe", Bpe = new() { Vocabulary = 300, SpecialTokens = "<|endoftext|>" },
            Model = llama ? TinyRun.Config.Model with { Dropout = 0, Context = 8, Positions = Positions.Rotary, Norm = NormKind.Rms, Activation = Activation.SwiGlu, TiedHead = false }
                : new() { Layers = 1, Heads = 2, Width = 4, Context = 8, Vocabulary = 0 },
            Stage = TinyRun.Config.Stage with { Steps = 4, SampleEvery = 0, Source = new() { CorpusSize = 3000 } },
        };
        using var engine = new ManagedEngine();
        using (var session = TinyRun.Get(RunSession.Begin(scratch["own"], Recipe.Of(config)))) _ = TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance, default));
        using var own = TinyRun.Get(TrainedModel.Open(engine, scratch["own"]));
        Assert.Equal(family, TinyRun.Get(own.ExportTo(scratch["out"])));
        _ = TinyRun.Get(Import.Run(scratch["out"], scratch["back"]));
        using var back = TinyRun.Get(TrainedModel.Open(engine, scratch["back"]));
        int[] ids = [7, 299, 0, 45, 81];
        foreach (var cached in (bool[])[false, true])
            Assert.Equal(TinyRun.Get(own.Logits(ids, 5, cached)), TinyRun.Get(back.Logits(ids, 5, cached)));
        Assert.Equal(own.Run.Tokenizer, back.Run.Tokenizer);
        Assert.Equal([0], back.Run.Note.Map(static n => n.Ends).IfNone([]));
        Assert.Equal([0], TinyRun.Get(own.Generator()).Ends);
        // Half the bytes are the nearest numbers.
        _ = TinyRun.Get(own.ExportTo(scratch["half"], dtype: "BF16"));
        Assert.True(new FileInfo(Path.Combine(scratch["half"], "model.safetensors")).Length < new FileInfo(Path.Combine(scratch["out"], "model.safetensors")).Length);
    }

    [Fact]
    public void Settings_without_words_are_told_by_family()
    {
        using var engine = new ReferenceEngine();
        _ = TinyRun.Get(TinyRun.Train(scratch["own"], TinyRun.Config with { Model = TinyRun.Config.Model with { Positions = Positions.Alibi } }));
        using var own = TinyRun.Get(TrainedModel.Open(engine, scratch["own"]));
        Assert.Contains("gpt2: positions: is alibi; gpt2 has learned", TinyRun.Faults(own.ExportTo(scratch["out"])), StringComparison.Ordinal);
        Assert.DoesNotContain("RotaryConfig", TinyRun.Faults(own.ExportTo(scratch["out"])), StringComparison.Ordinal);
        Assert.StartsWith("family: is bloom; allowed: gpt2, ", TinyRun.Faults(own.ExportTo(scratch["out"], "bloom")), StringComparison.Ordinal);
        Assert.Equal("dtype: is F8; allowed: F32, F16, BF16", TinyRun.Faults(own.ExportTo(scratch["out"], dtype: "F8")));
        Assert.False(Path.Exists(scratch["out"]));
    }

    [Fact]
    public void Ids_that_are_none_and_too_many_are_told()
    {
        using var engine = new ReferenceEngine();
        using var model = Imported(engine, "llama");
        Assert.Equal("ids: holds 96, which is no token of the model; allowed: 0 to 95\nids: holds -1, which is no token of the model; allowed: 0 to 95",
            TinyRun.Faults(model.Logits([96, 3, -1, 96])));
        Assert.StartsWith("ids: is empty", TinyRun.Faults(model.Logits([])), StringComparison.Ordinal);
        Assert.Equal("ids: is a prompt longer than the context: 65 tokens; allowed: up to 64", TinyRun.Faults(model.Logits(new int[65])));
        Assert.Equal(64, TinyRun.Get(model.Logits(new int[64], 64)).Length);
        Assert.Equal("last: is 3; allowed: 1 to 2, the tokens that are read", TinyRun.Faults(model.Logits([1, 2], 3)));
        Assert.Equal(IdTokenizer.NoText.ToString(), TinyRun.Faults(model.Generator()));
        File.WriteAllText(scratch["text.txt"], "any text");
        Assert.Contains("is missing: the model came without one", TinyRun.Faults(model.Text(scratch["text.txt"])), StringComparison.Ordinal);
    }

    /// <summary>The command passes on what it is given.</summary>
    [Fact]
    public async Task The_command_gives_every_digit_stops_where_the_model_ends_and_cuts_shards()
    {
        var folder = Put("llama");
        _ = TinyRun.Get(TokenizerFile.Write(Path.Combine(folder, "tokenizer.json"), Words));
        _ = TinyRun.Get(Import.Run(folder, scratch["plain"]));
        using var engine = new ManagedEngine();
        int end;
        int[] ids = [5, 9, 2, 40];
        using (var model = TinyRun.Get(TrainedModel.Open(engine, scratch["plain"])))
        {
            foreach (var cached in (bool[])[false, true])
            {
                var (code, text, error) = await Functional.Tests.Properties.Cli.FunctionalProcess.Run(["logits", scratch["plain"], "--ids", "5,9,2,40", "--last", "3", "--json",
                    "--engine", "managed", .. cached ? (string[])["--cached"] : []]);
                Assert.True(code == 0, error);
                var told = JsonDocument.Parse(text).RootElement;
                Assert.Equal(ids, told.GetProperty("ids").EnumerateArray().Select(static i => i.GetInt32()));
                Assert.Equal(TinyRun.Get(model.Logits(ids, 3, cached)), told.GetProperty("logits").EnumerateArray()
                    .Select(static row => row.EnumerateArray().Select(static n => n.GetSingle()).ToArray()));
            }
            end = Best(TinyRun.Get(model.Logits(TinyRun.Get(TinyRun.Get(model.Generator()).Encode("abc"))))[0]);
        }
        // What it says first of all is made the end.
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), $"{{\"eos_token_id\": {end}}}");
        _ = TinyRun.Get(Import.Run(folder, scratch["ends"]));
        using (var model = await LanguageModel.LoadAsync(scratch["ends"]))
        {
            async Task<int> Pieces(bool stops)
            {
                var count = 0;
                await foreach (var _ in model.GenerateAsync("abc", new() { Temperature = 0, Tokens = 40, StopsAtEnd = stops })) count++;
                return count;
            }
            Assert.Equal(0, await Pieces(true));
            Assert.True(await Pieces(false) > 0);
        }
        string[] sample = ["sample", "--run", scratch["ends"], "--prompt", "abc", "--temperature", "0", "--tokens", "40", "--engine", "managed"];
        Assert.Equal((0, "abc", ""), await Out(sample));
        Assert.StartsWith("abc", (await Out([.. sample, "--no-stop"])).Out, StringComparison.Ordinal);
        Assert.NotEqual("abc", (await Out([.. sample, "--no-stop"])).Out);
        Assert.Equal(0, (await Out("export", scratch["ends"], "--out", scratch["shards"], "--shard-bytes", "40000", "--dtype", "F16")).Code);
        Assert.True(Directory.EnumerateFiles(scratch["shards"], "*.safetensors").Count() > 1);
        _ = TinyRun.Get(Import.Run(scratch["shards"], scratch["from-shards"]));

        static async Task<(int Code, string Out, string Error)> Out(params string[] args) =>
            await Functional.Tests.Properties.Cli.FunctionalProcess.Run(args) is var (code, text, error) ? (code, text.TrimEnd('\r', '\n'), error) : default;
    }

    [Fact]
    public void What_cannot_be_imported_leaves_nothing()
    {
        var folder = Put("llama");
        string Faults(string? tokenizer = null) => TinyRun.Faults(Import.Run(folder, scratch["run"], tokenizer)).Replace(folder, "F", StringComparison.Ordinal);
        var weights = Path.Combine(folder, "model.safetensors");
        var (whole, config) = (File.ReadAllBytes(weights), File.ReadAllText(Path.Combine(folder, "config.json")));
        File.WriteAllBytes(weights, whole[..^8]);
        Assert.NotEqual("", Faults());
        File.WriteAllBytes(weights, whole);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.Replace("\"vocab_size\": 96", "\"vocab_size\": 95", StringComparison.Ordinal));
        Assert.Contains("model.embed_tokens.weight: is F32[96, 32]; expected [95, 32]", Faults(), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.Replace("\"eos_token_id\": 2", "\"eos_token_id\": 96", StringComparison.Ordinal));
        Assert.Equal("F: names the special token 96; allowed: 0 to 95", Faults());
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        Assert.Equal("cl100k_base: is a bpe tokenizer, 100277 tokens, but the model has 96; expected the model's own tokenizer", Faults("cl100k_base"));
        Assert.NotEqual("", Faults("nowhere"));
        Assert.False(Path.Exists(scratch["run"]));
        Directory.CreateDirectory(scratch["run"]);
        File.WriteAllText(Path.Combine(scratch["run"], "mine.txt"), "");
        Assert.Equal($"{scratch["run"]}: is there already, and is not empty; allowed: another folder", Faults());
        File.Delete(Path.Combine(scratch["run"], "mine.txt"));
        Assert.Equal("", Faults());
        Assert.False(Path.Exists(scratch["run.partial"]));
    }

    [Fact]
    public void An_import_that_a_disk_ends_or_that_is_killed_leaves_no_half_of_a_run()
    {
        var folder = Put("gpt2");
        for (var at = 0; ; at++)
        {
            var ended = false;
            try { ended = Import.Run(folder, scratch["run"], null, new FailingDisk(at, at % 2 == 1)).IsSuccess; }
            catch (KilledException) { }
            if (ended)
            {
                Assert.True(at > 5);
                break;
            }
            Assert.False(Path.Exists(scratch["run"]));
            if (at % 2 == 0) Assert.False(Path.Exists(scratch["run.partial"]));
        }
        Assert.False(Path.Exists(scratch["run.partial"]));
        using var engine = new ReferenceEngine();
        using var model = TinyRun.Get(TrainedModel.Open(engine, scratch["run"]));
    }
}
