using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Meaning;
using Functional.Models;

namespace Functional.Lessons;

/// <summary>What cases of laws are made of: every name draws its own numbers of a key.</summary>
readonly struct Draws(Key key)
{
    /// <summary>A whole number from one to another, both among them.</summary>
    public int Whole(string name, int least, int most) => least + (int)key.FoldIn(name).Below(0, most - least + 1);

    /// <summary>A number between two.</summary>
    public double Between(string name, double low, double high) => low + (high - low) * key.FoldIn(name).Uniform(0);

    /// <summary>Whether, as a coin falls.</summary>
    public bool Flip(string name) => key.FoldIn(name).Uniform(0) < 0.5;

    /// <summary>Normal numbers.</summary>
    public double[] Normals(string name, int count, double scale = 1)
    {
        var own = key.FoldIn(name);
        return [.. Enumerable.Range(0, count).Select(i => scale * own.Normal(i))];
    }

    /// <summary>A matrix of normal numbers.</summary>
    public double[,] Matrix(string name, int rows, int columns, double scale = 1)
    {
        var (numbers, matrix) = (Normals(name, rows * columns, scale), new double[rows, columns]);
        for (var i = 0; i < numbers.Length; i++) matrix[i / columns, i % columns] = numbers[i];
        return matrix;
    }

    /// <summary>A tensor of normal numbers.</summary>
    public Tensor Tensor(string name, params ReadOnlySpan<int> shape)
    {
        Vec<int> sides = [.. shape];
        return Listed.Of([.. Normals(name, sides.Aggregate(1, static (a, b) => a * b))]).Reshape(sides);
    }

    /// <summary>Whole numbers below one.</summary>
    public int[] Below(string name, int count, int below)
    {
        var own = key.FoldIn(name);
        return [.. Enumerable.Range(0, count).Select(i => (int)own.Below(i, below))];
    }

    /// <summary>A distribution: numbers above 0 that sum to 1.</summary>
    public double[] Shares(string name, int count, double spread = 1)
    {
        var weights = Normals(name, count, spread).Select(Math.Exp).ToArray();
        var sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }

    /// <summary>A text of some characters of a set.</summary>
    public string Text(string name, int least, int most, string of)
    {
        // Whole characters, of which some are two of C#'s.
        var runes = of.EnumerateRunes().ToArray();
        return string.Concat(Below(name, Whole($"{name} length", least, most), runes.Length).Select(i => runes[i].ToString()));
    }

    /// <summary>Values of a model's parameters: norms near 1, all else small.</summary>
    public Dictionary<string, Value> Parameters(Params<ParamSpec> specs, double scale = 0.4)
    {
        var own = key.FoldIn("parameters");
        return specs.ToDictionary(static p => Names.Param(p.Name), p => Value.Of(p.Value.Type,
            [.. Enumerable.Range(0, (int)p.Value.Type.Size).Select(i => (p.Value.Type.Rank == 1 ? 1 : 0) + scale * own.FoldIn(p.Name).Normal(i))]));
    }

    /// <summary>A small model that writes from left to right, of any of the usual kinds.</summary>
    public DecoderConfig Decoder(int context = 12, int vocabulary = 11)
    {
        var modern = Flip("modern");
        return new()
        {
            Layers = Whole("layers", 1, 2), Heads = 2, KeyHeads = modern ? Whole("key heads", 1, 2) : 2, Width = 8, Context = context, Vocabulary = vocabulary, Bias = modern ? Biases.None : Biases.All,
            Norm = modern ? NormKind.Rms : NormKind.Layer, Activation = modern ? Activation.SwiGlu : Activation.Gelu, Positions = modern ? Models.Positions.Rotary : Models.Positions.Learned,
        };
    }

    /// <summary>A row of tokens as a tensor's value, <c>i32[1, tokens]</c>.</summary>
    public static Value Row(params ReadOnlySpan<int> tokens) => Rows(1, [.. tokens]);

    /// <summary>Rows of tokens, one behind the other.</summary>
    public static Value Rows(int rows, int[] tokens) => Value.Of(new([rows, tokens.Length / rows], DType.I32), [.. tokens.Select(static t => (double)t)]);
}

/// <summary>Numbers as a counterexample shows them.</summary>
static class Shown
{
    /// <summary>A row, to four digits.</summary>
    public static string Of(IEnumerable<double> numbers) => $"[{string.Join(", ", numbers.Select(static n => n.ToString("0.####", System.Globalization.CultureInfo.InvariantCulture)))}]";

    /// <summary>A row of whole numbers.</summary>
    public static string Of(IEnumerable<int> numbers) => $"[{string.Join(", ", numbers)}]";

    /// <summary>A text in quotes, on one line.</summary>
    public static string Of(string text) => $"\"{text.Replace("\n", "\\n", StringComparison.Ordinal)}\"";

    /// <summary>A matrix, row by row.</summary>
    public static string Of(double[,] matrix) =>
        $"[{string.Join(", ", Enumerable.Range(0, matrix.GetLength(0)).Select(i => Of(Enumerable.Range(0, matrix.GetLength(1)).Select(j => matrix[i, j]))))}]";
}
