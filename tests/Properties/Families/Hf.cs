using System.Text.Json;
using Functional.Testing;
using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Families;

/// <summary>Tiny models that transformers wrote, with what it made of them.</summary>
static class Hf
{
    public static string Folder(string name) => Path.Combine(SourceTree.Root, "tests", "Properties", "Families", "hf", name);

    public static IEnumerable<string> Models => Directory.EnumerateDirectories(Folder(""))
        .Select(static d => Path.GetFileName(d)).Order(StringComparer.Ordinal);

    public static Json Parsed(string path) => TinyRun.Get(Json.Parse(File.ReadAllText(path), path));

    public static PublishedModel Config(string name, string file = "config.json") => TinyRun.Get(Published.Read(Parsed(Path.Combine(Folder(name), file)),
        file));

    public static JsonElement Golden(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(name), "golden.json"))).RootElement;

    /// <summary>Every parameter of a folder, by the name of a program's input.</summary>
    public static Dictionary<string, Value> Parameters(PublishedWeights weights) => Transformer.Of(weights.Model.Config).Specs.ToDictionary(
        static s => Names.Param(s.Name), s =>
        {
            var numbers = new float[s.Value.Type.Size];
            Array.Fill(numbers, float.NaN);
            _ = TinyRun.Get(weights.Read(s.Name, numbers));
            return Value.Of(s.Value.Type, [.. numbers.Select(static n => (double)n)]);
        });

    /// <summary>Logits of rows of tokens, each of which begins somewhere, <c>[rows, time, outputs]</c>.</summary>
    public static Value Logits(PublishedModel published, Dictionary<string, Value> parameters, int[][] ids, int[]? starts = null)
    {
        var (model, batch) = (Transformer.Of(published.Config), new BatchShape(ids.Length, ids[0].Length));
        var env = Programs.Parameters(model);
        if (starts is not null) env = env with { Starts = Create.Input("starts", batch.Tokens) };
        var program = Program.Of([new(Names.Logits, model.Logits(env, Create.Input(Names.Inputs, batch.Tokens)).Value)]);
        Value Whole(IEnumerable<int> numbers) => Value.Of(batch.Tokens, [.. numbers.Select(static n => (double)n)]);
        var given = parameters.With((Names.Inputs, Whole(ids.SelectMany(static row => row))));
        return program.Evaluate(starts is null ? given : given.With(("starts", Whole(starts.SelectMany(s => Enumerable.Repeat(s, batch.Time))))))[Names.Logits];
    }

    public static int[][] Ids(JsonElement rows) => [.. rows.EnumerateArray().Select(static row => row.EnumerateArray()
        .Select(static id => id.GetInt32()).ToArray())];
}
