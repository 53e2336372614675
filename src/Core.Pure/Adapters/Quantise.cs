using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Adapters;

/// <summary>
/// Frozen matrices kept in 8 or 4 bits (as Dettmers et al. 2022 and 2023 keep a base under adapters, here with evenly spaced numbers): those of attention,
/// MLPs and what is beside embeddings; tables, heads, routers, norms, biases and experts stay as they are.
/// </summary>
public static class Quantise
{
    /// <summary>
    /// The model over packed matrices: in place of <c>NAME.weight</c> it has <c>NAME.weight.words</c> and <c>NAME.weight.scales</c>, and nothing of it trains.
    /// <see cref="Lora.Of(Model, LoraConfig, string)"/> of it trains adapters alone.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="packing">How its matrices are kept.</param>
    public static Model Of(Model model, BitPacking packing)
    {
        var (matrices, within) = (Matrices(model).ToHashSet(StringComparer.Ordinal), Within(model, packing));
        return model.Within(within, model.Specs.Values.SelectMany(spec => matrices.Contains(spec.Name) ? Packed(spec, packing) : [spec with { Trains = false }])
            .Select(static s => (s.Name, s)).ToParams());
    }

    /// <summary>The environment of a model, given that of it over packed matrices.</summary>
    internal static Func<Env, Env> Within(Model model, BitPacking packing)
    {
        var matrices = Matrices(model).ToHashSet(StringComparer.Ordinal);
        return env => env with
        {
            Parameters = name => matrices.Contains(name) ? new PackedMatrix(packing).Result(0, [env.Parameters(Words(name)), env.Parameters(Scales(name))])
                : env.Parameters(name),
        };
    }

    /// <summary>The matrices of a model that are kept packed, by their names.</summary>
    public static Vec<string> Matrices(Model model) =>
        [.. model.Sites.Where(static s => s is { Kind: SiteKind.Linear, IsUsual: true, IsComposite: false }).SelectMany(static s =>
            s.Stretches).Select(static s => s.Matrix).Distinct()];

    /// <summary>The name of a matrix's words.</summary>
    public static string Words(string matrix) => $"{matrix}.words";

    /// <summary>The name of a matrix's scales.</summary>
    public static string Scales(string matrix) => $"{matrix}.scales";

    static IEnumerable<ParamSpec> Packed(ParamSpec spec, BitPacking packing) => spec.Type.Shape is var shape
        ? [new(Words(spec.Name), packing.Words(shape[0], shape[1]), Initializer.Zeros, false, false),
            new(Scales(spec.Name), packing.Scales(shape[0], shape[1]), Initializer.Zeros, false, false)] : [];

    /// <summary>
    /// Rounds a matrix to the nearest numbers that can be kept, ties to even. A scale is the least that reaches its group's largest number, with 16 bits of
    /// precision, so that digit · scale is exact: every number is off by half a scale at most, and what was packed is packed to the same again.
    /// </summary>
    /// <param name="matrix">The matrix, <c>[inputs, outputs]</c>, row-major; finite numbers.</param>
    /// <param name="inputs">Its rows.</param>
    /// <param name="outputs">Its columns.</param>
    /// <param name="packing">How it is kept.</param>
    /// <param name="words">Where the words go, as many as <see cref="BitPacking.Words"/> says.</param>
    /// <param name="scales">Where the scales go, as many as <see cref="BitPacking.Scales"/> says.</param>
    /// <exception cref="ArgumentException">A number is not finite, or a length is another than the sizes say.</exception>
    public static void Pack(ReadOnlySpan<float> matrix, int inputs, int outputs, BitPacking packing, Span<int> words, Span<float> scales)
    {
        var (width, length) = (packing.Words(inputs, outputs).Shape[1], packing.Group == 0 ? inputs : packing.Group);
        if (matrix.Length != (long)inputs * outputs || words.Length != (long)inputs * width || scales.Length != (long)packing.Groups(inputs) * outputs)
            throw new ArgumentException($"a matrix [{inputs}, {outputs}] has other lengths than {matrix.Length}, {words.Length} and {scales.Length}.");
        scales.Clear();
        for (var i = 0; i < inputs; i++)
        {
            var largest = scales.Slice(i / Math.Max(1, length) * outputs, outputs);
            var row = matrix.Slice(i * outputs, outputs);
            for (var j = 0; j < outputs; j++)
                largest[j] = float.IsFinite(row[j]) ? Math.Max(largest[j], Math.Abs(row[j]))
                    : throw new ArgumentException($"a number of the matrix, at [{i}, {j}], is {row[j]}.");
        }
        for (var i = 0; i < scales.Length; i++) scales[i] = Scale(scales[i], packing.Most);
        for (var i = 0; i < inputs; i++)
        {
            var scale = scales.Slice(i / Math.Max(1, length) * outputs, outputs);
            for (var w = 0; w < width; w++)
            {
                var word = 0;
                for (var d = packing.InWord - 1; d >= 0; d--)
                {
                    var j = w * packing.InWord + d;
                    var digit = j < outputs && scale[j] > 0 ? Math.Clamp((int)Math.Round((double)matrix[i * outputs + j] / scale[j]), -packing.Most,
                        packing.Most) : 0;
                    word = (word << packing.Bits) + digit + (d == packing.InWord - 1 ? 0 : packing.Bias);
                }
                words[i * width + w] = word;
            }
        }
    }

    // The least float of 16 bits of precision that is at least largest / most; in the range where all digits' products are normal.
    static float Scale(float largest, int most)
    {
        if (largest == 0) return 0;
        var exact = Math.Max((double)largest / most, 1e-36);
        var unit = Math.Pow(2, Math.Floor(Math.Log2(exact)) - 15);
        return (float)Math.Min(Math.Ceiling(exact / unit) * unit, float.MaxValue / most);
    }

    /// <summary>The matrix that words and scales stand for; the inverse of <see cref="Pack"/> on what it gives.</summary>
    /// <param name="words">The words.</param>
    /// <param name="scales">The scales.</param>
    /// <param name="inputs">The matrix's rows.</param>
    /// <param name="outputs">Its columns.</param>
    /// <param name="packing">How it is kept.</param>
    /// <param name="matrix">Where it goes, <c>[inputs, outputs]</c>.</param>
    public static void Unpack(ReadOnlySpan<int> words, ReadOnlySpan<float> scales, int inputs, int outputs, BitPacking packing, Span<float> matrix)
    {
        var (width, length) = (packing.Words(inputs, outputs).Shape[1], packing.Group == 0 ? inputs : packing.Group);
        for (var i = 0; i < inputs; i++)
            for (var j = 0; j < outputs; j++)
                matrix[i * outputs + j] = Digit(words[i * width + j / packing.InWord], j % packing.InWord,
                    packing) * scales[i / Math.Max(1, length) * outputs + j];
    }

    static int Digit(int word, int place, BitPacking packing) => place == packing.InWord - 1 ? word >> (32 - packing.Bits)
        : ((word >> (place * packing.Bits)) & ((1 << packing.Bits) - 1)) - packing.Bias;
}
