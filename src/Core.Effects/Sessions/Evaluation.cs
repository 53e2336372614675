using Functional.Base;
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
    readonly Vec<string> shown;

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
        shown = objective.Loss(training: false).Shown.Names;
    }

    /// <summary>What is shown beside the loss, each as its mean over all rows of the last <see cref="Run"/>.</summary>
    public Params<double> Shown { get; private set; } = Params<double>.Empty;

    /// <summary>The mean loss of each part of the last <see cref="Run"/>, by name; empty where all rows count alike.</summary>
    public Params<double> Parts { get; private set; } = Params<double>.Empty;

    /// <summary>The mean loss over all rows, or that of the parts' means, each with its share; nothing when the token asks to stop.</summary>
    public double? Run(CancellationToken stop = default)
    {
        if (source.Parts.Count == 0) return Over(source, stop);
        var (loss, each, beside) = (0.0, Params<double>.Empty, shown.Select(static name => (name, 0.0)).ToParams());
        foreach (var part in source.Parts)
        {
            if (Over(part.Source, stop) is not { } its) return null;
            (loss, each, beside) = (loss + part.Share * its, each.Add(part.Name, its), beside.Zip(Shown, (sum, value) => sum + part.Share * value));
        }
        (Shown, Parts) = (beside, each);
        return loss;
    }

    double? Over(Source source, CancellationToken stop)
    {
        var (sum, weight, place, beside) = (0.0, 0.0, default(Place), new (double Sum, double Weight)[shown.Count]);
        for (long done = 0; done < source.Rows; done += batch.Rows)
        {
            if (stop.IsCancellationRequested) return null;
            source.Fill(place, 0, batch);
            foreach (var (name, _) in batch.Feed) own[Names.Feed(name)].Write(batch[name]);
            measure.Run();
            (sum, weight) = (sum + measure[Names.LossSum].Scalar(), weight + measure[Names.Weight].Scalar());
            for (var i = 0; i < beside.Length; i++)
                beside[i] = (beside[i].Sum + measure[Names.ShownSum(shown[i])].Scalar(), beside[i].Weight + measure[Names.ShownWeight(shown[i])].Scalar());
            place = source.After(place, batch.Rows);
        }
        Shown = shown.Select((name, i) => (name, beside[i].Sum / beside[i].Weight)).ToParams();
        return sum / weight;
    }

    /// <inheritdoc/>
    public void Dispose() => own.Dispose();
}
