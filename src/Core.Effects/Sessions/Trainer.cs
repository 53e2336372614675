using Functional.Base;
using Functional.Engines;
using Functional.Layers;
using Functional.Learning;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>
/// A stage on an engine: parameters and slots of its parts as buffers, and the programs of a step bound to them once. A step allocates nothing of its
/// own. The policy is elsewhere: this only does what it is told.
/// </summary>
public sealed class Trainer : IDisposable
{
    readonly Workspace workspace;
    readonly Feeder feeder;
    readonly Evaluation? evaluation;
    readonly Rollouts? rollouts;
    readonly Averages? averages;
    readonly BoundProgram forward, update;
    readonly (IBuffer Buffer, Func<long, double> At)[] scalars;
    readonly (string Name, IBuffer Value)[] shown;
    readonly StepProbe? probe;

    /// <summary>A stage whose parameters are zeros; <see cref="Initialise"/> or <see cref="Load"/> before use.</summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="stage">What it does.</param>
    /// <param name="judging">What judges answers, of a stage that practises; owned by the caller.</param>
    /// <param name="logs">What is looked at beside; nothing for nothing.</param>
    /// <exception cref="ArgumentException">The stage's source does not give what its objective takes, or nobody judges what it practises.</exception>
    public Trainer(IEngine engine, Stage stage, Judging? judging = null, LogConfig? logs = null)
    {
        Stage = stage;
        var (objective, optimiser) = (stage.Objective, stage.Optimiser);
        workspace = new(engine, objective.Parameters.Select(static p => (p.Name, p.Spec.Type)).ToParams());
        try
        {
            workspace.Add(Programs.Slots(objective, optimiser));
            workspace.Add(Programs.StepScalars(optimiser, 1, 0).Map(static _ => new Graphs.TensorType([])));
            if (stage.Accumulate > 1) workspace.Add(Programs.Accumulators(objective));
            feeder = new(workspace, stage);
            var end = stage.Update is { } own ? own(objective) : stage.Accumulate > 1 ? Programs.Apply(objective, optimiser, stage.Clip) : Programs.Step(objective, optimiser, stage.Clip);
            update = workspace.Bind(end);
            forward = stage.Accumulate > 1 ? workspace.Bind(Programs.Accumulate(objective)) : update;
            shown = [.. end.Outputs.Select(static o => o.Name).Where(static n => n.StartsWith(Names.Shown(""), StringComparison.Ordinal))
                .Select(n => (n[Names.Shown("").Length..], update[n]))];
            if (stage.Practice is { } practice)
                rollouts = new(workspace, stage, practice, Parameters(objective.Parts[0]),
                    practice.IsJudged ? judging ?? throw new ArgumentException("nobody judges.", nameof(judging)) : null);
            if (optimiser.Slots(objective.Learned[0].Spec).Any(static s => s.Name == Optimisers.AverageShare))
                averages = new(workspace, objective, stage.Practice is { IsJudged: true } ? null : stage.Measured, stage.Rows);
            if (logs is not null && StepProbe.IsAsked(logs)) probe = new(workspace, stage, logs);
            if (stage.Practice is not { IsJudged: true }) evaluation = new(workspace, objective, stage.Measured, stage.Rows);
        }
        catch
        {
            averages?.Dispose();
            workspace.Dispose();
            throw;
        }
        scalars = [.. optimiser.Scalars.Select(s => (workspace[Names.Scalar(s.Name)], s.At))];
        Parts = [.. objective.Parts.Where(static p => p.Learns).Select(Saved), .. rollouts is null ? Array.Empty<SavedPart>() : [rollouts.Saved]];
    }

    /// <summary>What it does.</summary>
    public Stage Stage { get; }

    /// <summary>What a checkpoint keeps: the parameters and slots of what learns.</summary>
    public Vec<SavedPart> Parts { get; }

    /// <summary>What a checkpoint of this moment keeps: the parts, and the means of their weights where there are any.</summary>
    public Vec<SavedPart> Snapshot()
    {
        averages?.Take();
        return averages is null ? Parts : [.. Parts, .. averages.Parts];
    }

    /// <summary>What was looked at in the last step; nothing where nobody asked for it.</summary>
    public Vec<LogRecord> Looked { get; private set; }

    /// <summary>The parameters of a part as they are now, by the names that its model has for them.</summary>
    public Params<IBuffer> Parameters(Part part) => part.Model.Specs.Map((name, _) => workspace[Stage.Objective.NameOf(part, name)]);

    /// <summary>Gives every parameter its first value and every slot zero.</summary>
    public void Initialise(Key key)
    {
        var largest = new float[Stage.Objective.Parameters.Max(static p => p.Spec.Type.Size)];
        foreach (var p in Stage.Objective.Parameters)
        {
            var values = largest.AsSpan(0, (int)p.Spec.Type.Size);
            p.Spec.Fill(p.Part.KeyOf(key.FoldIn("params")), 0, values);
            workspace[p.Name].Write<float>(values);
        }
        Clear(Programs.Slots(Stage.Objective, Stage.Optimiser).Names);
    }

    /// <summary>Takes parameters and slots from a checkpoint; what does not fit is faults.</summary>
    public Validation<Fault, Unit> Load(Checkpoint checkpoint) => Parts.Select(checkpoint.Load).Gather().Map(_ =>
    {
        rollouts?.Loaded();
        return Unit.Default;
    });

    /// <summary>Lets the policy write what the next steps learn from, as it is now.</summary>
    /// <param name="state">Where the run stands.</param>
    /// <param name="stop">Asks to give up.</param>
    /// <returns>What is known of it; nothing when it was given up, and then nothing has changed.</returns>
    public Params<float>? RollOut(in RunState state, CancellationToken stop = default)
    {
        var numbers = rollouts?.Make(state, stop);
        feeder.Forget();
        return numbers;
    }

    /// <summary>Whether all that its parts compute with is learned, so that a checkpoint holds all of it.</summary>
    public bool LearnsAll => Stage.Objective.Parameters.All(static p => p.Learns);

    /// <summary>
    /// Gives every parameter its first value, from weights where there are any; what those lack keeps its own, what follows from others' values is computed of
    /// them, and adapters that it begins with come last.
    /// </summary>
    /// <param name="key">What fresh values are drawn with.</param>
    /// <param name="weights">The weights that its models begin with; nothing for fresh ones.</param>
    /// <param name="others">Those that parts begin with where they are others, by the parts' names.</param>
    public Validation<Fault, Unit> Begin(Key key, Option<StartWeights> weights, Params<StartWeights>? others = null)
    {
        var own = others ?? Params<StartWeights>.Empty;
        Initialise(key);
        return weights.Match(
            w => Stage.Objective.Parts.Where(part => part.Shares is null && !own.Contains(part.Name)).Select(part => w.Into(workspace.Engine, Parameters(part), Stage.Packing)).Gather()
                .Map(static _ => Unit.Default),
            static () => Prelude.Success<Fault, Unit>(Unit.Default))
            .Map(_ =>
            {
                if (Stage.First is not { } first) return Unit.Default;
                using var once = workspace.Within();
                using var values = once.Bind(first);
                values.Run();
                foreach (var output in first.Outputs) values[output.Name].CopyTo(workspace[output.Name]);
                return Unit.Default;
            })
            .Bind(_ => own.Select(o => o.Value.Into(workspace.Engine, Parameters(Stage.Objective[o.Name]), null)
                .MapFail(f => f with { Where = $"{o.Name}: {f.Where}", Allowed = "needed: that checkpoint as it was written" })).Gather().Map(static _ => Unit.Default))
            .Bind(_ => weights.Bind(static w => w.Adapter).Match(
                adapter => Stage.Objective.Parts.Select(part => adapter.Into(Parameters(part))).Gather().Map(static _ => Unit.Default),
                static () => Prelude.Success<Fault, Unit>(Unit.Default)));
    }

    /// <summary>Computes the step after <paramref name="state"/>. When what it gives is not finite, parameters and slots keep their values.</summary>
    /// <param name="state">Where the run stands.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="stop">Asks to give the step up, which it hears before each micro-batch.</param>
    /// <returns>What it gave; nothing when the step was given up, and then nothing has changed.</returns>
    public StepOutcome? Step(in RunState state, double rate, CancellationToken stop = default)
    {
        workspace[Names.LearningRate].Write<float>([(float)rate]);
        foreach (var (buffer, at) in scalars) buffer.Write<float>([(float)at(state.Step + 1)]);
        for (var part = 0; part < Stage.Accumulate; part++)
        {
            if (stop.IsCancellationRequested)
            {
                // What the micro-batches before have added up must not count in another step.
                if (part > 0) Clear(Programs.Accumulators(Stage.Objective).Names);
                return null;
            }
            feeder.Feed(state, part);
            if (ReferenceEquals(update, forward)) probe?.BeforeUpdate(state.Step + 1);
            forward.Run();
        }
        if (!ReferenceEquals(update, forward))
        {
            probe?.BeforeUpdate(state.Step + 1);
            update.Run();
        }
        Looked = probe?.AfterUpdate(state.Step + 1, update) ?? [];
        // The next batch goes up while a device still computes; reading the loss waits for it.
        var next = feeder.Ahead(state);
        var outcome = new StepOutcome(update[Names.Loss].Scalar(), update[Names.GradientNorm].Scalar(), next,
            Stage.Source.Tokens((long)Stage.Rows * Stage.Accumulate));
        return outcome.IsFinite ? outcome with { Shown = Shown() } : outcome with { NotFinite = NotFinite(outcome) };
    }

    /// <summary>
    /// The mean loss on what is not learned, or, of a stage whose own answers are judged, the mean reward of answers to prompts that are not learned, below 0 where it is above:
    /// of both, less is better. Nothing when the token asks to stop.
    /// </summary>
    public double? Measure(CancellationToken stop = default) => evaluation is null ? rollouts!.Measure(stop) : evaluation.Run(stop);

    /// <summary>The loss of each of several texts, as of the last <see cref="Measure"/>; empty where there is one.</summary>
    public Params<double> MeasuredParts => evaluation?.Parts ?? Params<double>.Empty;

    /// <summary>Whether means of the weights are kept beside them.</summary>
    public bool KeepsAverage => averages is not null;

    /// <summary>The same loss of the means of the weights; nothing where there are none, answers are judged, or the token asks to stop.</summary>
    public double? MeasureAverage(CancellationToken stop = default) => averages?.Measure(stop);

    /// <inheritdoc/>
    public void Dispose()
    {
        averages?.Dispose();
        probe?.Dispose();
        evaluation?.Dispose();
        rollouts?.Dispose();
        workspace.Dispose();
    }

    Params<float>? Shown() => shown.Length == 0 ? null : shown.Select(s => (s.Name, s.Value.Scalar())).ToParams();

    // What of a step is not finite: parameters by their gradients, and the loss and the norm themselves.
    Vec<string> NotFinite(StepOutcome outcome)
    {
        Vec<string> gradients = [.. Stage.Objective.Learned
            .Where(p => !float.IsFinite(update[p.Part.GradientSquares(p.Spec.Name)].Scalar())).Select(static p => p.Part.Scoped(p.Spec.Name))];
        return
        [
            .. float.IsFinite(outcome.Loss) ? Array.Empty<string>() : ["loss"], .. gradients,
            .. float.IsFinite(outcome.GradientNorm) || gradients.Count > 0 ? Array.Empty<string>() : ["gradient norm"],
        ];
    }

    SavedPart Saved(Part part) => new(part.Name,
        Stage.Objective.Learned.Where(p => p.Part == part).Select(p => (p.Spec.Name, workspace[p.Name])).ToParams(), workspace.Under(part.Scoped(Names.Slots)));

    void Clear(Vec<string> names)
    {
        foreach (var name in names) workspace[name].Write(new byte[workspace[name].Type.Bytes]);
    }
}
