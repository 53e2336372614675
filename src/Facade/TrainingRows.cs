using Functional.Dialogues;
using Functional.Sessions;
using Functional.Text;
using static LanguageExt.Prelude;

namespace Functional;

/// <summary>How rows are looked at.</summary>
public sealed record RowOptions
{
    /// <summary>A built-in template's name, <c>own</c> for the model's own, or a file of one; null for the model's own, or Alpaca's where it has none.</summary>
    public string? Template { get; init; }

    /// <summary>The folder of the run whose model is to learn from them; null for none.</summary>
    public string? Run { get; init; }

    /// <summary>A tokenizer, as <see cref="Tokenizers.Load"/> takes it, or <c>byte</c>; null for that of the run, or bytes where there is none.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>How many tokens there is room for; null for the context of the run's model, or any number where there is none.</summary>
    public int? Context { get; init; }

    /// <summary>Which columns are meant, as <c>prompt=question,response=answer</c>; null for those that the forms of rows know.</summary>
    public string? Columns { get; init; }

    /// <summary>Whether nothing says whose tokens are counted, so that they are bytes.</summary>
    public bool CountsBytes => Run is null && Tokenizer is null;

    /// <summary>What they are read as; null for what the first looks like.</summary>
    public RowKind? Kind { get; init; }

    /// <summary>How many of the first rows are shown whole.</summary>
    public int Rows { get; init; } = 5;
}

/// <summary>Rows of files that models learn from: instructions, conversations, comparisons.</summary>
public static class TrainingRows
{
    /// <summary>What training would make of the rows of a file; what is wrong with single rows is part of it.</summary>
    /// <param name="path">A file (JSON, an object a line, CSV, TSV, Parquet, each maybe gzipped), or a folder of them.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Asks to give up.</param>
    /// <exception cref="FunctionalException">The template, the tokenizer or the run cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static RowInspection Inspect(string path, RowOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var o = options ?? new();
        var columns = o.Columns is { } written ? Columns.Parse(written).OrThrow() : Columns.AsTheyAre;
        if (o.Context is < 1) throw new FunctionalException(new Base.Fault("context", $"is {o.Context}", "allowed: 1 or more"));
        var run = o.Run is { } folder ? RunFolder.Open(folder).OrThrow() : null;
        var encoder = (o.Tokenizer is null && run is not null ? DialogueEncoders.Of(run, o.Template)
            : DialogueEncoders.Of(o.Tokenizer is null or "byte" ? ByteTokenizer.Instance : Tokenizers.Load(o.Tokenizer), o.Template, run?.Note ?? None)).OrThrow();
        return RowInspection.Of(path, encoder, o.Context ?? run?.Config.Model.Context, columns, o.Kind, o.Rows, cancellation);
    }
}
