using Functional.Base;
using Functional.Graphs;

namespace Functional.Data;

/// <summary>One of several texts that are learned together.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Weight">What it counts beside the others.</param>
/// <param name="Train">What is learned of it.</param>
/// <param name="Validation">What of it is only evaluated.</param>
public sealed record MixedText(string Name, double Weight, TokenStream Train, TokenStream Validation);

/// <summary>
/// Windows of several texts, without end: of each text its own, in its own order, and from which text a row comes, a <see cref="Mixture"/> says. A place's
/// position counts the rows of all texts.
/// </summary>
/// <param name="mixture">Which text each row comes from.</param>
/// <param name="parts">The windows of each text, of the same context.</param>
public sealed class MixedWindows(Mixture mixture, Vec<TrainingWindows> parts) : Source
{
    /// <inheritdoc/>
    public override Params<TensorType> Feed(int rows) => parts[0].Feed(rows);

    /// <inheritdoc/>
    public override long Tokens(long rows) => parts[0].Tokens(rows);

    /// <inheritdoc/>
    public override Place After(Place place, long rows) => Checked(place) with { Position = place.Position + rows };

    /// <inheritdoc/>
    public override void Fill(Place place, long first, Batch batch)
    {
        var begin = Checked(place).Position + first;
        for (var row = 0; row < batch.Rows; row++)
        {
            var (part, its) = mixture.At(begin + row);
            parts[part].Fill(batch, row, default, its);
        }
    }

    static Place Checked(Place place) => place is { Round: 0, Position: >= 0 } ? place
        : throw new ArgumentOutOfRangeException(nameof(place), place, "not a place of a mixture");
}

/// <summary>Windows of several texts that a model is measured on, one text after the other; what is measured is the mean of the texts' means, each with its share.</summary>
public sealed class MixedMeasure : Source
{
    readonly Vec<MeasuringWindows> windows;

    /// <summary>A measurement of several texts.</summary>
    /// <param name="parts">Each text's name, share of the whole and windows; the shares' sum is 1.</param>
    public MixedMeasure(Vec<(string Name, double Share, MeasuringWindows Windows)> parts) =>
        (windows, Parts) = (parts.Map(static p => p.Windows), parts.Map(static p => new SourcePart(p.Name, p.Share, p.Windows)));

    /// <inheritdoc/>
    public override Vec<SourcePart> Parts { get; }

    /// <inheritdoc/>
    public override long? Rows => windows.Sum(static w => w.Rows);

    /// <inheritdoc/>
    public override Params<TensorType> Feed(int rows) => windows[0].Feed(rows);

    /// <inheritdoc/>
    public override long Tokens(long rows) => windows[0].Tokens(rows);

    /// <inheritdoc/>
    public override Place After(Place place, long rows) => place with { Position = place.Position + rows };

    /// <inheritdoc/>
    public override void Fill(Place place, long first, Batch batch)
    {
        for (var row = 0; row < batch.Rows; row++)
        {
            var (part, window) = (0, place.Position + first + row);
            for (; part < windows.Count - 1 && window >= windows[part].Rows; part++) window -= windows[part].Rows!.Value;
            windows[part].Fill(batch, row, window);
        }
    }
}
