using Functional.Data;
using Functional.Engines;
using Functional.Layers;
using Functional.Learning;

namespace Functional.Sessions;

/// <summary>An objective measured on rows that end, without dropout and whatever else is only for training: the same rows each time.</summary>
/// <remarks>Owns its batch and its program, not the parameters.</remarks>
public sealed class Evaluation : IDisposable
{
    readonly Workspace own;
    readonly BoundProgram measure;
    readonly Source source;
    readonly Batch batch;

    /// <summary>An evaluation.</summary>
    /// <param name="parameters">Where the parameters are, under the names that the objective has for them.</param>
    /// <param name="objective">What is measured.</param>
    /// <param name="source">On what.</param>
    /// <param name="rows">How many rows are measured at once; the objective is made for so many.</param>
    public Evaluation(Workspace parameters, Objective objective, Source source, int rows)
    {
        (this.source, batch) = (source, new(rows, objective.Feed));
        own = parameters.Within();
        own.Add(objective.Feed.Rename(Names.Feed));
        measure = own.Bind(Programs.Measure(objective));
    }

    /// <summary>The mean loss over all rows; nothing when the token asks to stop.</summary>
    public double? Run(CancellationToken stop = default)
    {
        var (sum, weight, place) = (0.0, 0.0, default(Place));
        for (long done = 0; done < source.Rows; done += batch.Rows)
        {
            if (stop.IsCancellationRequested) return null;
            source.Fill(place, 0, batch);
            foreach (var (name, _) in batch.Feed) own[Names.Feed(name)].Write(batch[name]);
            measure.Run();
            (sum, weight) = (sum + measure[Names.LossSum].Scalar(), weight + measure[Names.Weight].Scalar());
            place = source.After(place, batch.Rows);
        }
        return sum / weight;
    }

    /// <inheritdoc/>
    public void Dispose() => own.Dispose();
}
