using Functional.Base;
using Functional.Engines;
using Functional.Layers;
using Functional.Learning;
using Functional.Runs;
using Functional.Settings;

namespace Functional.Sessions;

/// <summary>
/// Looks at a step from outside, every so many: norms and histograms of gradients, updates and weights by layer. It has programs and buffers of its own, a copy of
/// the parameters and, for histograms of gradients, one of those: the step's own program is the same whether anybody looks or not, and so are its bits.
/// </summary>
sealed class StepProbe : IDisposable
{
    readonly Workspace workspace;
    readonly Objective objective;
    readonly LogConfig logs;
    readonly BoundProgram keep, norms;
    readonly BoundProgram? gradients;
    readonly List<LogRecord> spread = [];

    /// <summary>A probe of a stage's steps.</summary>
    /// <param name="outer">Its parameters, batch and, where micro-batches add up, accumulators.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="logs">What is asked for.</param>
    public StepProbe(Workspace outer, Stage stage, LogConfig logs)
    {
        (objective, this.logs, workspace) = (stage.Objective, logs, outer.Within());
        try
        {
            workspace.Add(objective.Learned.Select(static p => (Programs.Before(p), p.Spec.Type)).ToParams());
            (keep, norms) = (workspace.Bind(Programs.Keep(objective)), workspace.Bind(Programs.Norms(objective)));
            // Without micro-batches no gradient is kept anywhere: it is computed once more, of the same batch with the same key.
            if (!logs.HasHistograms || stage.Accumulate > 1) return;
            workspace.Add(Programs.Accumulators(objective));
            gradients = workspace.Bind(Programs.Accumulate(objective));
        }
        catch
        {
            workspace.Dispose();
            throw;
        }
    }

    /// <summary>Whether anything is asked for.</summary>
    public static bool IsAsked(LogConfig logs) => logs.NormsEvery > 0 || logs.HasHistograms;

    /// <summary>Looks before a step replaces the parameters; its batch is there.</summary>
    public void BeforeUpdate(long step)
    {
        spread.Clear();
        if (!Norms(step) && !Histograms(step)) return;
        keep.Run();
        if (!Histograms(step)) return;
        gradients?.Run();
        var weight = Buffer(Names.AccumulatedWeight).Scalar();
        Spread(step, LayerNorms.Gradient, p => [.. Buffer(p.Part.Gradient(p.Spec.Name)).ToArray<float>().Select(g => g / weight)]);
        if (gradients is null) return;
        foreach (var (name, type) in Programs.Accumulators(objective)) Buffer(name).Write(new byte[type.Bytes]);
    }

    /// <summary>Looks after it.</summary>
    /// <param name="step">The step.</param>
    /// <param name="update">The program that did it.</param>
    public Vec<LogRecord> AfterUpdate(long step, BoundProgram update)
    {
        if (Histograms(step))
        {
            Spread(step, LayerNorms.Weight, p => Buffer(p.Name).ToArray<float>());
            Spread(step, LayerNorms.Update, p => [.. Buffer(p.Name).ToArray<float>().Zip(Buffer(Programs.Before(p)).ToArray<float>(), static (now, before) => now - before)]);
        }
        return [.. Norms(step) ? (Vec<LogRecord>)[new LogRecord.Normed(step, Normed(update))] : [], .. spread];
    }

    Params<float> Normed(BoundProgram update)
    {
        norms.Run();
        return LayerNorms.Of(LayerNorms.Gradient, Squares(p => update[p.Part.GradientSquares(p.Spec.Name)]))
            .Concat(LayerNorms.Of(LayerNorms.Update, Squares(p => norms[Programs.UpdateSquares(p)])))
            .Concat(LayerNorms.Of(LayerNorms.Weight, Squares(p => norms[Programs.WeightSquares(p)])));

        Vec<(OwnedParam, double)> Squares(Func<OwnedParam, IBuffer> of) => objective.Learned.Map(p => (p, (double)of(p).Scalar()));
    }

    void Spread(long step, string of, Func<OwnedParam, float[]> numbers) => spread.AddRange(objective.Learned.GroupBy(LayerNorms.LayerOf, StringComparer.Ordinal)
        .Select(layer => new LogRecord.Spread(step, $"{of}/{layer.Key}", Histogram.Of(layer.Select(numbers)))));

    bool Norms(long step) => logs.NormsEvery > 0 && step % logs.NormsEvery == 0;

    bool Histograms(long step) => logs.HasHistograms && step % logs.HistogramsEvery == 0;

    IBuffer Buffer(string name) => workspace[name];

    public void Dispose() => workspace.Dispose();
}
