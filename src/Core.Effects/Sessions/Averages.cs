using Functional.Base;
using Functional.Data;
using Functional.Engines;
using Functional.Layers;
using Functional.Learning;
using Functional.Storage;

namespace Functional.Sessions;

/// <summary>The mean of the weights beside the weights: computed where it is measured or saved, in buffers of its own.</summary>
/// <remarks>Owns its buffers and programs, not the trainer's.</remarks>
sealed class Averages : IDisposable
{
    readonly Workspace own;
    readonly BoundProgram means;
    readonly Evaluation? evaluation;

    /// <summary>Means of what learns.</summary>
    /// <param name="trained">The parameters and slots, under the objective's names.</param>
    /// <param name="objective">What learns.</param>
    /// <param name="measured">What it is measured on; nothing where answers are judged.</param>
    /// <param name="rows">How many rows are measured at once.</param>
    public Averages(Workspace trained, Objective objective, Source? measured, int rows)
    {
        own = trained.Within();
        try
        {
            means = own.Bind(Programs.Averages(objective));
            // From here on the parameters' names are the means'.
            foreach (var p in objective.Learned) own.Alias(p.Name, means[Names.Average(p.Name)]);
            if (measured is not null) evaluation = new(own, objective, measured, rows);
        }
        catch
        {
            own.Dispose();
            throw;
        }
        Parts = [.. objective.Parts.Where(static p => p.Learns).Select(part => new SavedPart(Checkpoint.AverageOf(part.Name),
            objective.Learned.Where(p => p.Part == part).Select(p => (p.Spec.Name, own[p.Name])).ToParams(), Params<IBuffer>.Empty))];
    }

    /// <summary>What a checkpoint keeps beside the parts that learn, as of the last <see cref="Take"/>.</summary>
    public Vec<SavedPart> Parts { get; }

    /// <summary>Takes the means as they are now.</summary>
    public void Take() => means.Run();

    /// <summary>The mean loss of the means; nothing when the token asks to stop, or where answers are judged.</summary>
    public double? Measure(CancellationToken stop)
    {
        if (evaluation is null) return null;
        Take();
        return evaluation.Run(stop);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        evaluation?.Dispose();
        own.Dispose();
    }
}
