using Functional.Base;

namespace Functional.Models;

/// <summary>What a model does with the matrix that a site is of.</summary>
public enum SiteKind
{
    /// <summary>An input is multiplied by it: <c>[inputs, outputs]</c>.</summary>
    Linear,
    /// <summary>Its rows are looked up: <c>[rows, outputs]</c>.</summary>
    Table,
    /// <summary>Hidden states become logits by its rows: <c>[outputs, inputs]</c>.</summary>
    Head,
}

/// <summary>Neighbouring outputs of a matrix.</summary>
/// <param name="Matrix">The matrix's full name, such as <c>blocks.0.qkv.weight</c>.</param>
/// <param name="First">The first output.</param>
/// <param name="Count">How many.</param>
/// <param name="All">How many the matrix has.</param>
public sealed record Stretch(string Matrix, int First, int Count, int All)
{
    /// <summary>Whether it is all of the matrix.</summary>
    public bool IsWhole => Count == All;
}

/// <summary>
/// A place in a model where an adapter may stand: what published models have as one layer. It may be some outputs of a matrix here, as queries are of a packed
/// <c>qkv</c>, or outputs of two, one behind the other, as a packed gate and up are.
/// </summary>
/// <param name="Name">Its name, such as <c>blocks.0.q</c>.</param>
/// <param name="Kind">What is done with it.</param>
/// <param name="Inputs">How many numbers go in; of a table, how many rows there are.</param>
/// <param name="Stretches">Its outputs, in order.</param>
public sealed record Site(string Name, SiteKind Kind, int Inputs, Vec<Stretch> Stretches)
{
    /// <summary>How many numbers come out.</summary>
    public int Outputs => Stretches.Sum(static s => s.Count);

    /// <summary>Whether other sites have the same outputs between them; it is then meant only by its own name.</summary>
    public bool IsComposite { get; init; }

    /// <summary>Whether it is one of those that adapters of all layers have: neither a table nor a head nor a router.</summary>
    public bool IsUsual { get; init; } = true;

    /// <summary>The last part of the name, such as <c>q</c>.</summary>
    public string Short => Name[(Name.LastIndexOf('.') + 1)..];
}
