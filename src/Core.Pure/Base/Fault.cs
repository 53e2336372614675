using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Base;

/// <summary>
/// Something wrong with a configuration, a file or a text, as a value: faults are collected and shown all at once.
/// </summary>
/// <param name="Where">The field, file or line, such as <c>model.heads</c> or <c>poems.txt, byte 12</c>.</param>
/// <param name="What">What stands there and why it cannot be used.</param>
/// <param name="Allowed">What would be accepted; may be empty.</param>
public sealed record Fault(string Where, string What, string Allowed)
{
    /// <summary>One line: <c>where: what; allowed</c>.</summary>
    public override string ToString() => Allowed.Length == 0 ? $"{Where}: {What}" : $"{Where}: {What}; {Allowed}";

    /// <summary>This fault as the failed outcome of something that would have given a <typeparamref name="T"/>.</summary>
    public Validation<Fault, T> As<T>() => Fail<Fault, T>(this);

    /// <summary>A failed outcome with one fault.</summary>
    /// <param name="where">The field, file or line.</param>
    /// <param name="what">What stands there and why it cannot be used.</param>
    /// <param name="allowed">What would be accepted.</param>
    public static Validation<Fault, T> Of<T>(string where, string what, string allowed = "") => new Fault(where, what, allowed).As<T>();

    /// <summary>A check without a result: success when <paramref name="holds"/>, else the fault.</summary>
    /// <param name="holds">Whether all is well.</param>
    /// <param name="where">The field, file or line.</param>
    /// <param name="what">What stands there and why it cannot be used.</param>
    /// <param name="allowed">What would be accepted.</param>
    public static Validation<Fault, Unit> Unless(bool holds, string where, string what, string allowed = "") =>
        Unless(holds, new Fault(where, what, allowed));

    /// <summary>A check without a result: success when <paramref name="holds"/>, else the fault.</summary>
    public static Validation<Fault, Unit> Unless(bool holds, Fault fault) => holds ? Success<Fault, Unit>(unit) : fault.As<Unit>();
}

/// <summary>Helpers for many faults at once.</summary>
public static class Faults
{
    /// <summary>One fault a line, in order.</summary>
    public static string Lines(this Seq<Fault> faults) => string.Join('\n', faults);

    /// <summary>The value of each outcome, or every fault of every failed one, in order.</summary>
    public static Validation<Fault, Vec<T>> Gather<T>(this IEnumerable<Validation<Fault, T>> outcomes)
    {
        var values = new List<T>();
        var faults = new List<Fault>();
        foreach (var outcome in outcomes) _ = outcome.Match(v => { values.Add(v); return unit; }, f => { faults.AddRange(f); return unit; });
        return faults.Count == 0 ? Success<Fault, Vec<T>>(values.ToVec()) : Validation<Fault, Vec<T>>.Fail(faults.ToSeq().Strict());
    }
}
