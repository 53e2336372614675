using Functional.Base;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>
/// A model and what it is in an objective, such as a policy, its reference, a reward or a value. Its name stands before those of its tensors
/// (<c>policy/param/tokens</c>), so that two models in one program never meet; the only part of an objective needs none.
/// </summary>
/// <param name="Name">Its name, of letters, digits, - and _; empty for no name.</param>
/// <param name="Model">The model.</param>
public sealed record Part(string Name, Model Model)
{
    /// <summary>Whether training changes its parameters. Of one that does not learn, no gradient is taken.</summary>
    public bool Learns { get; init; } = true;

    /// <summary>
    /// Another part whose parameters it uses in place of its own wherever that has one of the name, as the reference of adapters uses the policy's.
    /// </summary>
    public string? Shares { get; init; }

    /// <summary>A name as programs, workspaces and checkpoints have it: <c>policy/NAME</c>, or the name alone for a part without one.</summary>
    public string Scoped(string name) => Name.Length == 0 ? name : $"{Name}/{name}";

    /// <summary>A parameter.</summary>
    public string Param(string name) => Scoped(Names.Param(name));

    /// <summary>An optimiser's state tensor of a parameter.</summary>
    public string Slot(string slot, string name) => Scoped(Names.Slot(slot, name));

    /// <summary>The accumulated gradient of a parameter.</summary>
    public string Gradient(string name) => Scoped(Names.Gradient(name));

    /// <summary>The sum of squares of a parameter's mean gradient.</summary>
    public string GradientSquares(string name) => Scoped(Names.GradientSquares(name));

    /// <summary>The part's own key among those of all parts.</summary>
    public Key KeyOf(Key key) => Name.Length == 0 ? key : key.FoldIn(Name);
}
