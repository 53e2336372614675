using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>A row of a file: names and values.</summary>
/// <param name="Fields">The values by name.</param>
/// <param name="File">The file.</param>
/// <param name="Place">Where in it: <c>line 12</c>, or <c>row 12</c> where lines say nothing; both counted from 1.</param>
public sealed record Row(Params<Json> Fields, string File, string Place)
{
    /// <summary>What faults call it: <c>file.jsonl, line 12</c>.</summary>
    public string Where => $"{File}, {Place}";
}

/// <summary>Something that was read from a row.</summary>
/// <param name="Value">What.</param>
/// <param name="Where">Where the row stands.</param>
public sealed record Located<T>(T Value, string Where);

/// <summary>A form that rows have.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Fields">Its columns, for messages.</param>
/// <param name="Fits">Whether a row's columns are of this form.</param>
/// <param name="Read">What a row says; nothing where it is left out on purpose, such as one that an annotator skipped.</param>
public sealed record RowShape<T>(string Name, string Fields, Func<Params<Json>, bool> Fits, Func<Row, Validation<Fault, Option<T>>> Read)
{
    /// <summary>The same form, of which something else is made.</summary>
    public RowShape<R> Then<R>(Func<T, Row, Validation<Fault, R>> make) =>
        new(Name, Fields, Fits, row => Read(row).Bind(read => read.Match(value => make(value, row).Map(Some), static () => Success<Fault, Option<R>>(None))));

    /// <summary>As <c>Alpaca (instruction, input, output)</c>.</summary>
    public override string ToString() => $"{Name} ({Fields})";
}

/// <summary>Which columns of a file are meant, where a user says so: only these are looked at.</summary>
/// <param name="Names">The names that shapes know, each with the file's own.</param>
public sealed record Columns(Vec<(string Name, string Column)> Names)
{
    /// <summary>Every column by its own name.</summary>
    public static Columns AsTheyAre { get; } = new([]);

    /// <summary>Reads <c>prompt=question,response=answer</c>.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="where">What faults call the option.</param>
    public static Validation<Fault, Columns> Parse(string text, string where = "--columns") => text.Split(',').Select(part => part.Split('=') switch
    {
        [{ Length: > 0 } name, { Length: > 0 } column] => RowShapes.Words.Contains(name.Trim())
            ? Success<Fault, (string, string)>((name.Trim(), column.Trim()))
            : Fault.Of<(string, string)>(where, $"has {name.Trim()}, which no form of rows knows", $"allowed: {string.Join(", ", RowShapes.Words)}"),
        _ => Fault.Of<(string, string)>(where, $"has '{part}'", "expected NAME=COLUMN, with commas between them, such as prompt=question,response=answer"),
    }).Gather().Bind(all => all.GroupBy(static n => n.Item1).FirstOrDefault(static g => g.Count() > 1) is { Key: var twice }
        ? Fault.Of<Columns>(where, $"has {twice} twice", "allowed: once")
        : Success<Fault, Columns>(new(all)));

    /// <summary>The row under the names that shapes know.</summary>
    public Validation<Fault, Row> Of(Row row) => Names.Count == 0 ? Success<Fault, Row>(row)
        : Names.Select(n => row.Fields.Contains(n.Column) ? Success<Fault, (string, Json)>((n.Name, row.Fields[n.Column]))
            : Fault.Of<(string, Json)>(row.Where, $"has no column {n.Column}", $"it has {RowShapes.Listed(row.Fields)}"))
            .Gather().Map(fields => row with { Fields = fields.ToParams() });
}
