using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Adapters;

/// <summary>
/// Weights kept in 8 or 4 bits for writing: the matrices of all linear layers, and the head; where that is tied to the tokens' table, both are one in panels,
/// and rows are looked up there. Positions, tables that are no head, norms, biases, routers, experts and the head of a judge stay as they are.
/// Activations are float32, and so are sums.
/// </summary>
public static class Panels
{
    /// <summary>The model over matrices in panels: in place of <c>NAME</c> it has <c>NAME.panels</c>, and nothing of it trains.</summary>
    /// <param name="model">The model.</param>
    /// <param name="packing">How its matrices are kept.</param>
    public static Model Of(Model model, PanelPacking packing)
    {
        var matrices = Matrices(model).Select(name => (name, Kind(model, name, packing))).ToParams();
        return model.Within(
            env => env with
            {
                Parameters = name => matrices.Contains(name) ? matrices[name].Result(0, [env.Parameters(Words(name))]) : env.Parameters(name),
            },
            model.Specs.Values.Select(spec => matrices.Contains(spec.Name)
                ? new ParamSpec(Words(spec.Name), packing.Words(matrices[spec.Name].Outputs, matrices[spec.Name].Inputs), Initializer.Zeros, false, false)
                : spec with { Trains = false }).Select(static s => (s.Name, s)).ToParams());
    }

    /// <summary>The matrices of a model that are kept in panels, by their names, in the order in which the model declares them.</summary>
    public static Vec<string> Matrices(Model model)
    {
        var names = model.Sites.Where(static s => s is { Kind: SiteKind.Linear, IsUsual: true, IsComposite: false }).SelectMany(static s => s.Stretches)
            .Select(static s => s.Matrix).ToHashSet(StringComparer.Ordinal);
        if (Head(model) is { } head) names.Add(head);
        return [.. model.Specs.Names.Where(names.Contains)];
    }

    /// <summary>The name of a matrix's words.</summary>
    public static string Words(string matrix) => $"{matrix}.panels";

    /// <summary>What a matrix of a model is when it is kept in panels.</summary>
    /// <param name="model">The model, not over panels.</param>
    /// <param name="name">One of its <see cref="Matrices"/>.</param>
    /// <param name="packing">How it is kept.</param>
    public static PanelMatrix Kind(Model model, string name, PanelPacking packing) => model.Specs[name].Type.Shape is var shape && name == Head(model)
        ? new(packing, shape[0], shape[1], false) : new(packing, shape[1], shape[0], true);

    // The head of a model that says what comes next.
    static string? Head(Model model) => model.Outputs == model.Vocabulary
        ? model.Sites.FirstOrDefault(static s => s.Kind == SiteKind.Head)?.Stretches[0].Matrix is { } name and not "score.weight" ? name : null : null;

    /// <summary>
    /// Rounds a matrix to the nearest numbers that can be kept, ties to even. A scale is the least float16 that reaches its group's largest number, so that
    /// every number is off by half a scale at most; digit · scale is exact in float32.
    /// </summary>
    /// <param name="matrix">The matrix as <paramref name="kind"/> has it, row-major; finite numbers.</param>
    /// <param name="kind">What it is to be.</param>
    /// <param name="words">Where the words go, as many as <see cref="PanelPacking.Words"/> says.</param>
    /// <returns>Nothing, or the first number that cannot be kept: one that is not finite, or is larger than a float16 times the largest digit.</returns>
    /// <exception cref="ArgumentException">A length is another than the kind says.</exception>
    public static float? Pack(ReadOnlySpan<float> matrix, PanelMatrix kind, Span<int> words)
    {
        var (packing, inputs, outputs) = (kind.Packing, kind.Inputs, kind.Outputs);
        Check(matrix.Length, kind, words.Length);
        words.Clear();
        var group = new float[PanelPacking.Group];
        var digits = new sbyte[PanelPacking.Group];
        for (var o = 0; o < PanelPacking.Panels(outputs) * PanelPacking.Panel; o++)
            for (var g = 0; g < PanelPacking.Groups(inputs); g++)
            {
                for (var i = 0; i < group.Length; i++)
                    group[i] = o < outputs && g * PanelPacking.Group + i is var at && at < inputs ? matrix[kind.Turned ? at * outputs + o : o * inputs + at] : 0;
                if (packing.Round(group, digits) is not { } scale) return packing.Unkept(group);
                Put(Tile(words, kind, o, g), o % PanelPacking.Panel, packing.Bits, scale, digits);
            }
        return null;
    }

    /// <summary>The matrix that words stand for.</summary>
    /// <param name="words">The words.</param>
    /// <param name="kind">What they are.</param>
    /// <param name="matrix">Where it goes, row-major, as the kind has it.</param>
    /// <param name="scales">Where the scale of each number goes, in the same order; nothing where nobody asks.</param>
    /// <exception cref="ArgumentException">A length is another than the kind says.</exception>
    public static void Unpack(ReadOnlySpan<int> words, PanelMatrix kind, Span<float> matrix, Span<float> scales = default)
    {
        Check(matrix.Length, kind, words.Length);
        var digits = new sbyte[PanelPacking.Group];
        for (var o = 0; o < kind.Outputs; o++)
            for (var g = 0; g < PanelPacking.Groups(kind.Inputs); g++)
            {
                var scale = (float)Group(words, kind, o, g, digits);
                for (var i = 0; i < digits.Length && g * PanelPacking.Group + i < kind.Inputs; i++)
                {
                    var (input, at) = (g * PanelPacking.Group + i, 0);
                    at = kind.Turned ? input * kind.Outputs + o : o * kind.Inputs + input;
                    matrix[at] = digits[i] * scale;
                    if (!scales.IsEmpty) scales[at] = scale;
                }
            }
    }

    /// <summary>The digits of one output in one group of inputs, and their scale: what a block of GGUF holds.</summary>
    /// <param name="words">The matrix's words.</param>
    /// <param name="kind">What they are.</param>
    /// <param name="output">The output.</param>
    /// <param name="group">The group.</param>
    /// <param name="digits">Where the digits go, one an input.</param>
    public static Half Group(ReadOnlySpan<int> words, PanelMatrix kind, int output, int group, Span<sbyte> digits)
    {
        var tile = Tile(words, kind, output, group);
        var (lane, bits) = (output % PanelPacking.Panel, kind.Packing.Bits);
        for (var i = 0; i < PanelPacking.Group; i++)
        {
            var (word, shift) = Place(i, lane, bits);
            digits[i] = bits == 8 ? (sbyte)(tile[word] >> shift) : (sbyte)(((tile[word] >> shift) & 15) - 8);
        }
        return BitConverter.UInt16BitsToHalf((ushort)(tile[lane / 2] >> (lane % 2 * 16)));
    }

    static void Put(Span<int> tile, int lane, int bits, Half scale, ReadOnlySpan<sbyte> digits)
    {
        tile[lane / 2] |= BitConverter.HalfToUInt16Bits(scale) << (lane % 2 * 16);
        for (var i = 0; i < PanelPacking.Group; i++)
        {
            var (word, shift) = Place(i, lane, bits);
            tile[word] |= (bits == 8 ? (byte)digits[i] : digits[i] + 8) << shift;
        }
    }

    // Where the digit of an input and an output of the tile lies.
    static (int Word, int Shift) Place(int input, int lane, int bits) => bits == 8
        ? (PanelPacking.ScaleWords + input * 8 + lane / 4, lane % 4 * 8)
        : (PanelPacking.ScaleWords + input * 4 + lane % 16 / 4, lane % 4 * 8 + (lane < 16 ? 0 : 4));

    static Span<int> Tile(Span<int> words, PanelMatrix kind, int output, int group) => words.Slice(First(kind, output, group), kind.Packing.TileWords);

    static ReadOnlySpan<int> Tile(ReadOnlySpan<int> words, PanelMatrix kind, int output, int group) => words.Slice(First(kind, output, group), kind.Packing.TileWords);

    static int First(PanelMatrix kind, int output, int group) =>
        (output / PanelPacking.Panel * PanelPacking.Groups(kind.Inputs) + group) * kind.Packing.TileWords;

    static void Check(long numbers, PanelMatrix kind, long words)
    {
        if (numbers != (long)kind.Outputs * kind.Inputs || words != kind.Packing.Words(kind.Outputs, kind.Inputs).Size)
            throw new ArgumentException($"{kind} has other lengths than {numbers} numbers and {words} words.");
    }
}
