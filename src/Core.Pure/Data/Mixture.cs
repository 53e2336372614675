using Functional.Base;

namespace Functional.Data;

/// <summary>
/// Which of several sources each row comes from: a pure function of the row's number. Every beginning of the rows has of each source its share, up to less
/// than two rows; up to less than one where there are three sources or fewer.
/// </summary>
/// <remarks>
/// A tree of sources, made as Huffman's (1952) of codes: of the rows that reach a node, each branch takes its share, rounded. So it is a closed form how many of
/// the first n rows each source has had, and where a run stands is one number. A branch that divides again has at most two thirds of its node's weight, so
/// errors of half a row a node add up to less than two.
/// </remarks>
public sealed class Mixture
{
    // Weights are whole numbers of a grid: shares are then exact, and products of them and any number of rows have room in 128 bits.
    const int Bits = 40;

    readonly Node root;
    readonly double[] shares;

    Mixture(Node root, double[] shares) => (this.root, this.shares) = (root, shares);

    /// <summary>How much lighter than the heaviest a weight may be.</summary>
    public const double Lightest = 1e-9;

    /// <summary>A mixture of sources with these weights.</summary>
    /// <param name="weights">What each counts: finite, above 0, and at least <see cref="Lightest"/> of the heaviest.</param>
    /// <exception cref="ArgumentException">There is none, or one is no such weight.</exception>
    public static Mixture Of(Vec<double> weights)
    {
        if (weights.Count == 0 || weights.Any(static w => !(double.IsFinite(w) && w > 0)) || weights.Any(w => w < weights.Max() * Lightest))
            throw new ArgumentException($"are {weights}, not weights above 0 of which none is below {Lightest} of the heaviest", nameof(weights));
        var scale = Bits - Math.ILogB(weights.Max());
        Vec<long> units = [.. weights.Select(w => (long)Math.Round(Math.ScaleB(w, scale)))];
        var open = units.Select(static Node (weight, source) => new(weight, source, null, null)).ToList();
        while (open.Count > 1)
        {
            // The lightest two; of equals, those that are named or made first, and of them the first begins.
            Vec<Node> two = [.. open.OrderBy(static n => n.Weight).Take(2)];
            var (first, second) = two[0].Weight == two[1].Weight ? (two[0], two[1]) : (two[1], two[0]);
            _ = (open.Remove(first), open.Remove(second));
            open.Add(new(first.Weight + second.Weight, -1, first, second));
        }
        return new(open[0], [.. units.Select(u => (double)u / open[0].Weight)]);
    }

    /// <summary>How many sources there are.</summary>
    public int Count => shares.Length;

    /// <summary>A source's share of the rows, in (0, 1].</summary>
    /// <param name="source">Which source, from 0.</param>
    public double Share(int source) => shares[source];

    /// <summary>How many of the first rows come from a source.</summary>
    /// <param name="source">Which source, from 0.</param>
    /// <param name="rows">How many rows, 0 or more.</param>
    public long Taken(int source, long rows) => Taken(root, source, rows) ?? throw new ArgumentOutOfRangeException(nameof(source), source, $"is none of {Count} sources");

    /// <summary>Which source a row comes from, and which of that source's rows it is.</summary>
    /// <param name="row">The row's number, 0 or more.</param>
    public (int Source, long Row) At(long row)
    {
        var node = root;
        while (node is { First: { } first, Second: { } second })
        {
            var before = node.ToFirst(row);
            (node, row) = node.ToFirst(row + 1) > before ? (first, before) : (second, row - before);
        }
        return (node.Source, row);
    }

    static long? Taken(Node node, int source, long rows) => node is { First: { } first, Second: { } second }
        ? node.ToFirst(rows) is var there ? Taken(first, source, there) ?? Taken(second, source, rows - there) : null
        : node.Source == source ? rows : null;

    sealed record Node(long Weight, int Source, Node? First, Node? Second)
    {
        // Rows that the first branch has of so many: its share, rounded.
        public long ToFirst(long rows) => (long)(((Int128)rows * First!.Weight * 2 + Weight) / ((Int128)Weight * 2));
    }
}
