using System.Text.Json;
using Functional.Testing;
using Functional.Tests.Properties.Families;
using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Adapters;

/// <summary>Adapters that PEFT wrote compute here what they compute there.</summary>
public sealed class PeftGoldenTests : IDisposable
{
    // Theirs are float32, and the numbers have seven digits.
    const double OfFloat = 3e-5;

    readonly Scratch scratch = new();

    public static TheoryData<string> Folders => [.. Directory.EnumerateDirectories(Folder("")).Select(static d => Path.GetFileName(d)).Order(StringComparer.Ordinal)];

    public static TheoryData<string, string> OnEngines => [.. from folder in Folders.Select(static f => f.Data) from engine in EngineList.All.Keys select (folder, engine)];

    public static string Folder(string name) => Path.Combine(SourceTree.Root, "tests", "Properties", "Adapters", "peft", name);

    static JsonElement Golden(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(name), "golden.json"))).RootElement;

    static string BaseOf(string name) => Path.GetFileName(Golden(name).GetProperty("base_model").GetString()!);

    public void Dispose() => scratch.Dispose();

    static (PublishedModel Published, Model Based, AdapterFolder Folder, LoraPlan Plan, Dictionary<string, Value> Given) Opened(string name)
    {
        using var weights = TinyRun.Get(PublishedWeights.Open(Hf.Folder(BaseOf(name))));
        var folder = TinyRun.Get(AdapterFolder.Open(Folder(name), weights.Model));
        var based = Transformer.Of(weights.Model.Config);
        var plan = TinyRun.Get(LoraPlan.Of(based, folder.Config));
        return (weights.Model, based, folder, plan, Hf.Parameters(weights).With(plan.Specs(based.Specs).Select(s => KeyValuePair.Create(Names.Param(s.Name), Read(folder, s.Value)))));
    }

    internal static Value Read(AdapterFolder folder, ParamSpec spec)
    {
        var numbers = new float[spec.Type.Size];
        Array.Fill(numbers, float.NaN);
        _ = TinyRun.Get(folder.Read(spec.Name, numbers));
        return Value.Of(spec.Type, [.. numbers.Select(static n => (double)n)]);
    }

    static void Meets(JsonElement golden, Value logits, string what)
    {
        var (rows, time, vocabulary) = (logits.Type.Shape[0], logits.Type.Shape[1], logits.Type.Shape[2]);
        foreach (var (row, lines) in golden.GetProperty("logits_last4").EnumerateArray().Index())
            foreach (var (line, expected) in lines.EnumerateArray().Index())
                foreach (var (token, number) in expected.EnumerateArray().Index())
                    Assert.True(Math.Abs(number.GetDouble() - logits[(((row * time) + time - 4 + line) * vocabulary) + token]) <= OfFloat * (1 + Math.Abs(number.GetDouble()) / 4),
                        $"{what}: {number} and {logits[(((row * time) + time - 4 + line) * vocabulary) + token]}");
        Assert.Equal(golden.GetProperty("logits_abs_sum").GetDouble(), Enumerable.Range(0, rows * time * vocabulary).Sum(i => Math.Abs(logits[i])), 0.1);
    }

    [Theory, MemberData(nameof(OnEngines))]
    public void Logits_are_those_of_peft(string name, string engine)
    {
        var (_, based, folder, plan, given) = Opened(name);
        using var open = folder;
        using var on = EngineList.All[engine]();
        var run = Runs.On(on);
        var (golden, ids) = (Golden(name), Hf.Ids(Golden(name).GetProperty("input_ids")));
        var batch = new BatchShape(ids.Length, ids[0].Length);
        var all = given.With((Names.Inputs, Value.Of(batch.Tokens, [.. ids.SelectMany(static row => row.Select(static n => (double)n))])));
        Meets(golden.GetProperty("base"), run(Programs.Logits(based, batch), all)[Names.Logits], "base");
        Meets(golden.GetProperty("adapter"), run(Programs.Logits(Lora.Of(based, plan), batch), all)[Names.Logits], "adapter");
        var merged = all.With(run(LoraMerge.Into(based, plan), all));
        Meets(golden.GetProperty("merged"), run(Programs.Logits(based, batch), merged)[Names.Logits], "merged");
    }

    [Fact]
    public void Scales_are_those_of_peft()
    {
        foreach (var name in Folders.Select(static f => f.Data))
        {
            using var folder = Opened(name).Folder;
            var plan = Opened(name).Plan;
            foreach (var pair in Golden(name).GetProperty("scalings_in_use").EnumerateArray())
                Assert.Contains(plan.Adapters, a => a.Rank == pair[1].GetInt32() && Math.Abs(a.Scale - pair[0].GetDouble()) < 1e-6);
        }
    }

    /// <summary>The merged checkpoint that PEFT saved has the same numbers, tensor by tensor.</summary>
    [Theory, InlineData("gpt2-lora"), InlineData("llama-dora")]
    public void Merged_weights_are_those_of_peft(string name)
    {
        var (published, based, folder, plan, given) = Opened(name);
        using var open = folder;
        var merged = given.With(LoraMerge.Into(based, plan).Evaluate(given));
        using var theirs = TinyRun.Get(WeightFolder.OpenFile(Path.Combine(Folder(name), "merged.safetensors")));
        foreach (var tensor in published.Tensors)
            foreach (var piece in tensor.Pieces)
            {
                var numbers = new float[ElementView.Of(tensor.Shape).Count];
                _ = TinyRun.Get(theirs.Read(tensor.Name, numbers));
                foreach (var (from, to) in piece.From.Places().Zip(piece.To.Places())) Assert.Equal(numbers[from], merged[Names.Param(piece.Ours)][(int)to], 2e-6);
            }
    }

    /// <summary>What is read and written is the file that PEFT wrote: the same tensors, bit for bit, and a configuration that means the same.</summary>
    [Theory, MemberData(nameof(Folders))]
    public void Written_adapters_are_those_that_peft_wrote(string name)
    {
        var (published, _, folder, _, given) = Opened(name);
        using var open = folder;
        var written = Directory.CreateDirectory(scratch["written"]).FullName;
        _ = TinyRun.Get(AdapterFolder.Write(written, folder.Config, published, "F32", (ours, into) =>
        {
            for (var i = 0; i < into.Length; i++) into[i] = (float)given[Names.Param(ours)][i];
            return LanguageExt.Prelude.Success<Fault, LanguageExt.Unit>(LanguageExt.Prelude.unit);
        }, "base"));
        using WeightFolder theirs = TinyRun.Get(WeightFolder.OpenFile(Path.Combine(Folder(name), "adapter_model.safetensors"))),
            ours = TinyRun.Get(WeightFolder.OpenFile(Path.Combine(written, "adapter_model.safetensors")));
        Assert.Equal(theirs.Tensors.Names.Order(StringComparer.Ordinal), ours.Tensors.Names.Order(StringComparer.Ordinal));
        foreach (var (tensor, stored) in theirs.Tensors)
        {
            Assert.Equal(stored.Shape, ours.Tensors[tensor].Shape);
            var (a, b) = (new float[ElementView.Of(stored.Shape).Count], new float[ElementView.Of(stored.Shape).Count]);
            _ = TinyRun.Get(theirs.Read(tensor, a));
            _ = TinyRun.Get(ours.Read(tensor, b));
            Assert.Equal(a, b);
        }
        using var again = TinyRun.Get(AdapterFolder.Open(written, published));
        Assert.Equal(TinyRun.Get(LoraPlan.Of(Transformer.Of(published.Config), folder.Config)), TinyRun.Get(LoraPlan.Of(Transformer.Of(published.Config), again.Config)));
        string[] Targets(string at) => [.. ((Json.List)((Json.Map)Hf.Parsed(Path.Combine(at, "adapter_config.json"))).Members["target_modules"]).Items.Select(static i => ((Json.Text)i).Value).Order(StringComparer.Ordinal)];
        if (name != "llama-rslora-patterns") Assert.Equal(Targets(Folder(name)), Targets(written));
    }

    /// <summary>A run with an adapter merged into it says what PEFT's merged model says, and so does an imported one.</summary>
    [Theory, MemberData(nameof(Folders))]
    public void A_merged_run_computes_what_peft_s_does(string name)
    {
        using var engine = new ManagedEngine();
        _ = TinyRun.Get(Import.Run(Hf.Folder(BaseOf(name)), scratch["base"]));
        _ = TinyRun.Get(AdapterMerge.Run(engine, scratch["base"], Folder(name), scratch["merged"]));
        _ = TinyRun.Get(AdapterMerge.Run(engine, Hf.Folder(BaseOf(name)), Folder(name), scratch["imported"]));
        var golden = Golden(name);
        foreach (var folder in (string[])["merged", "imported"])
        {
            using var model = TinyRun.Get(TrainedModel.Open(engine, scratch[folder]));
            foreach (var (row, ids) in Hf.Ids(golden.GetProperty("input_ids")).Index())
                foreach (var cached in (bool[])[false, true])
                {
                    var logits = TinyRun.Get(model.Logits(ids, 4, cached));
                    foreach (var (line, expected) in golden.GetProperty("merged").GetProperty("logits_last4")[row].EnumerateArray().Index())
                        foreach (var (token, number) in expected.EnumerateArray().Index()) Assert.Equal(number.GetDouble(), logits[line][token], OfFloat * (1 + Math.Abs(number.GetDouble()) / 4));
                }
        }
        Assert.Contains("is there already", TinyRun.Faults(AdapterMerge.Run(engine, scratch["base"], Folder(name), scratch["merged"])), StringComparison.Ordinal);
    }
}
