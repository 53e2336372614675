using System.Text.Json;

namespace Functional.Tests.Properties;

/// <summary>The values that PyTorch gave in float64 for a tiny GPT, its gradients and five clipped AdamW steps.</summary>
sealed record Golden(
    DecoderConfig Config, BatchShape Batch, Value Inputs, Value Labels, Params<Value> Parameters, Value Logits, Params<Value> Gradients,
    Vec<(double Loss, double GradientNorm)> Steps, Params<Value> After)
{
    public static Golden Read()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, "tests", "Properties", "Golden", "gpt_tiny.json")));
        var (root, sizes) = (file.RootElement, file.RootElement.GetProperty("config"));
        int Size(string name) => sizes.GetProperty(name).GetInt32();
        var inputs = Tensor(root.GetProperty("x"), DType.I32);
        return new(
            new()
            {
                Layers = Size("layers"), Heads = Size("heads"), Width = Size("width"), Vocabulary = Size("vocab"), Context = Size("context"),
                Activation = Activation.Gelu,
            },
            new(inputs.Type.Shape[0], inputs.Type.Shape[1]), inputs, Tensor(root.GetProperty("y"), DType.I32),
            Map(root.GetProperty("params")), Tensor(root.GetProperty("logits"), DType.F32), Map(root.GetProperty("gradients")),
            [.. root.GetProperty("steps").EnumerateArray().Select(static s => (s.GetProperty("loss").GetDouble(), s.GetProperty("grad_norm").GetDouble()))],
            Map(root.GetProperty("params_after")));
    }

    static Params<Value> Map(JsonElement map) => map.EnumerateObject().Select(static p => (p.Name, Tensor(p.Value, DType.F32))).ToParams();

    static Value Tensor(JsonElement nested, DType type)
    {
        var shape = new List<int>();
        for (var inner = nested; inner.ValueKind == JsonValueKind.Array; inner = inner[0]) shape.Add(inner.GetArrayLength());
        return Value.Of(new(shape.ToVec(), type), [.. Flat(nested)]);
    }

    static IEnumerable<double> Flat(JsonElement e) => e.ValueKind == JsonValueKind.Array ? e.EnumerateArray().SelectMany(Flat) : [e.GetDouble()];
}
