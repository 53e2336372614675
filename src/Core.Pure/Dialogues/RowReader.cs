using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>What rows say.</summary>
/// <param name="Shapes">The forms that the files have, each once.</param>
/// <param name="Rows">What was read, in order.</param>
/// <param name="LeftOut">How many rows were left out on purpose.</param>
public sealed record ReadRows<T>(Vec<string> Shapes, Vec<Located<T>> Rows, long LeftOut);

/// <summary>What a row says.</summary>
/// <param name="Shape">The form that it has.</param>
/// <param name="Value">What; nothing where it is left out on purpose.</param>
/// <param name="Where">Where it stands.</param>
public sealed record ReadRow<T>(string Shape, Option<T> Value, string Where);

/// <summary>Reads what rows say.</summary>
public static class RowReader
{
    /// <summary>How many faults are told one by one.</summary>
    public const int FaultsShown = 20;

    /// <summary>What rows say, one after the other. The first row of a file decides its form, and all others must have it.</summary>
    /// <param name="rows">Rows, or why there is none.</param>
    /// <param name="shapes">The forms that are known.</param>
    /// <param name="columns">Which columns are meant.</param>
    public static IEnumerable<Validation<Fault, ReadRow<T>>> Each<T>(IEnumerable<Validation<Fault, Row>> rows, Vec<RowShape<T>> shapes, Columns columns)
    {
        var (file, shape) = ("", (RowShape<T>?)null);
        foreach (var row in rows)
            yield return row.Bind(columns.Of).Bind(one =>
                (one.File == file && shape is not null ? Success<Fault, RowShape<T>>(shape) : RowShapes.Detect(shapes, one)).Bind(found =>
                {
                    (file, shape) = (one.File, found);
                    return RowShapes.Read(shapes, found, one).Map(value => new ReadRow<T>(found.Name, value, one.Where));
                }));
    }

    /// <summary>
    /// As <see cref="Each"/>, all of them. Faults of many rows are told together: the first <see cref="FaultsShown"/>, and how many more there are.
    /// </summary>
    /// <param name="rows">Rows, or why there is none; gone through once.</param>
    /// <param name="shapes">The forms that are known.</param>
    /// <param name="columns">Which columns are meant.</param>
    /// <param name="name">What a fault calls it that there are no rows.</param>
    public static Validation<Fault, ReadRows<T>> Read<T>(IEnumerable<Validation<Fault, Row>> rows, Vec<RowShape<T>> shapes, Columns columns, string name)
    {
        var (read, faults, names, leftOut) = (new List<Located<T>>(), new FaultList(), new List<string>(), 0L);
        foreach (var row in Each(rows, shapes, columns))
            faults.Add(row.Map(one =>
            {
                if (!names.Contains(one.Shape)) names.Add(one.Shape);
                _ = one.Value.Match(v => read.Add(new(v, one.Where)), () => leftOut++);
                return unit;
            }));
        return faults.IsEmpty && read.Count == 0
            ? Fault.Of<ReadRows<T>>(name, leftOut == 0 ? "has no rows" : $"has no row to learn from: all {leftOut} are left out", $"expected {string.Join("; ", shapes)}")
            : faults.Or(() => new ReadRows<T>([.. names], [.. read], leftOut));
    }
}

/// <summary>Faults of many rows: the first few, and how many more. Used by one owner.</summary>
sealed class FaultList
{
    readonly List<Fault> first = [];
    long count;

    public bool IsEmpty => count == 0;

    public void Add<T>(Validation<Fault, T> outcome) => _ = outcome.Match(static _ => unit, faults =>
    {
        foreach (var fault in faults)
            if (++count <= RowReader.FaultsShown) first.Add(fault);
        return unit;
    });

    public Validation<Fault, T> Or<T>(Func<T> value) => count == 0 ? Success<Fault, T>(value())
        : Validation<Fault, T>.Fail((count <= RowReader.FaultsShown ? first
            : first.Append(new Fault("rows", $"{count - RowReader.FaultsShown} more faults like these", ""))).ToSeq().Strict());
}
