using Functional.Base;
using Functional.Data;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>
/// A model that is being trained, on an engine: parameters and slots as buffers, and the programs of a step bound to them once. A step
/// allocates nothing of its own. The policy is elsewhere: this only does what it is told.
/// </summary>
public sealed class Trainer : IDisposable
{
    readonly RunConfig config;
    readonly Objective objective;
    readonly RunData data;
    readonly Windows windows, validation;
    readonly Workspace workspace;
    readonly BoundProgram forward, update, evaluate;
    readonly (IBuffer Buffer, Func<long, double> At)[] scalars;
    readonly (string Name, IBuffer Value)[] squares;
    readonly int[] tokens, labels;
    (Key Key, long Step, Cursor Cursor)? fed;

    /// <summary>A model with zeros for parameters; <see cref="Initialise"/> or <see cref="Load"/> before use.</summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="config">The run, resolved.</param>
    /// <param name="data">Its text.</param>
    public Trainer(IEngine engine, RunConfig config, RunData data)
    {
        (this.config, this.data) = (config, data);
        (windows, validation) = (Valid(Windows.Of(data.Train.Length, config.Model.Context)), Valid(Windows.Of(data.Validation.Length, config.Model.Context)));
        Model = Gpt.Of(config.Model);
        objective = config.ObjectiveOf(Model);
        var (transform, shape) = (config.Transform, config.BatchShape);
        workspace = new(engine, Model.Specs.Map(static s => s.Type).Rename(Names.Param));
        workspace.Add(Programs.Slots(objective, transform));
        workspace.Add(Params.Of((Names.Inputs, shape.Tokens), (Names.Labels, shape.Tokens), (Names.Key, new TensorType([2], DType.I32)), (Names.LearningRate, new TensorType([]))));
        workspace.Add(transform.Scalars.Select(static s => (Names.Scalar(s.Name), new TensorType([]))).ToParams());
        if (config.Accumulate > 1) workspace.Add(Programs.Accumulators(objective));
        (Parameters, Slots) = (workspace.Under(Names.Param("")), workspace.Under(Names.Slots));
        var clip = GradientClip.To(config.Clip);
        forward = workspace.Bind(config.Accumulate > 1
            ? Programs.Accumulate(objective) : Programs.Step(objective, transform, clip));
        update = config.Accumulate > 1 ? workspace.Bind(Programs.Apply(objective, transform, clip)) : forward;
        evaluate = workspace.Bind(Programs.Measure(objective));
        scalars = [.. transform.Scalars.Select(s => (workspace[Names.Scalar(s.Name)], s.At))];
        squares = [.. Model.Specs.Where(static s => s.Value.Trains).Select(s => (s.Name, update[Names.GradientSquares(s.Name)]))];
        (tokens, labels) = (new int[shape.Tokens.Size], new int[shape.Tokens.Size]);
    }

    /// <summary>What is trained.</summary>
    public Model Model { get; }

    /// <summary>Its parameters as they are now.</summary>
    public Params<IBuffer> Parameters { get; }

    /// <summary>The optimiser's state tensors, named <c>SLOT/PARAMETER</c>.</summary>
    public Params<IBuffer> Slots { get; }

    /// <summary>The training windows.</summary>
    public Windows Windows => windows;

    /// <summary>Bytes that parameters, slots and the working memory of programs take together.</summary>
    public long Bytes => workspace.Bytes;

    /// <summary>Gives every parameter its first value and every slot zero.</summary>
    public void Initialise(Key key)
    {
        var largest = new float[Model.Specs.Fold(0L, static (most, s) => Math.Max(most, s.Type.Size))];
        foreach (var (name, spec) in Model.Specs)
        {
            var values = largest.AsSpan(0, (int)spec.Type.Size);
            spec.Fill(key.FoldIn("params"), 0, values);
            Parameters[name].Write<float>(values);
        }
        foreach (var (_, slot) in Slots) slot.Write(new byte[slot.Type.Bytes]);
    }

    /// <summary>Takes parameters and slots from a checkpoint; what does not fit is faults.</summary>
    public Validation<Fault, Unit> Load(Checkpoint checkpoint) => checkpoint.LoadModel(Parameters).Bind(_ => checkpoint.LoadOptimizer(Slots));

    /// <summary>Computes the step after <paramref name="state"/>. When what it gives is not finite, parameters and slots keep their values.</summary>
    /// <param name="state">Where the run stands.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="stop">Asks to give the step up, which it hears before each micro-batch.</param>
    /// <returns>The mean loss, and the norm of the mean gradient; nothing when the step was given up, and then nothing has changed.</returns>
    public (float Loss, float GradientNorm)? Step(TrainState state, double rate, CancellationToken stop = default)
    {
        Write(workspace[Names.LearningRate], rate);
        foreach (var (buffer, at) in scalars) Write(buffer, at(state.Step + 1));
        for (var part = 0; part < config.Accumulate; part++)
        {
            if (stop.IsCancellationRequested) return GiveUp(part);
            if (part > 0 || fed != (state.Key, state.Step, state.Cursor)) Feed(state, part);
            forward.Run();
        }
        if (!ReferenceEquals(update, forward)) update.Run();
        // The next batch goes up while a device still computes; reading the loss waits for it.
        var next = state.After(config, windows);
        Feed(next, 0);
        fed = (next.Key, next.Step, next.Cursor);
        return (update[Names.Loss].Scalar(), update[Names.GradientNorm].Scalar());
    }

    /// <summary>What of the last step is not finite: parameters by their gradients, and the loss and the norm themselves.</summary>
    public Vec<string> NotFinite() =>
    [
        .. float.IsFinite(update[Names.Loss].Scalar()) ? System.Array.Empty<string>() : ["loss"],
        .. squares.Where(static s => !float.IsFinite(s.Value.Scalar())).Select(static s => s.Name),
        .. float.IsFinite(update[Names.GradientNorm].Scalar()) || squares.Any(static s => !float.IsFinite(s.Value.Scalar())) ? System.Array.Empty<string>() : ["gradient norm"],
    ];

    /// <summary>
    /// The mean loss over validation windows in nats a token, without dropout and label smoothing: the same windows each time, spread evenly
    /// over the text. Nothing when the token asks to stop.
    /// </summary>
    public double? Evaluate(CancellationToken stop = default) => Evaluate(data.Validation, validation, config.EvalBatches, stop);

    /// <summary>As <see cref="Evaluate(CancellationToken)"/>, over any text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="places">Its windows, of the model's context.</param>
    /// <param name="batches">How many batches; 0 for every window.</param>
    /// <param name="stop">Asks to stop.</param>
    public double? Evaluate(TokenStream text, Windows places, int batches, CancellationToken stop = default)
    {
        var (rows, context) = (config.Batch, config.Model.Context);
        var count = batches == 0 ? places.InOrder : Math.Min(places.InOrder, (long)batches * rows);
        var (sum, weight) = (0.0, 0.0);
        for (long first = 0; first < count; first += rows)
        {
            if (stop.IsCancellationRequested) return null;
            for (var row = 0; row < rows; row++)
            {
                // Rows beyond the last window repeat it, with labels that count for nothing.
                var window = Math.Min(first + row, count - 1);
                Fill(text, (long)((Int128)window * places.InOrder / count) * context, row);
                if (first + row >= count) labels.AsSpan(row * context, context).Fill(LinearCrossEntropy.Ignore);
            }
            Push();
            evaluate.Run();
            (sum, weight) = (sum + evaluate[Names.LossSum].Scalar(), weight + evaluate[Names.Weight].Scalar());
        }
        return sum / weight;
    }

    /// <inheritdoc/>
    public void Dispose() => workspace.Dispose();

    // What the micro-batches before have added up must not count in another step.
    (float, float)? GiveUp(int parts)
    {
        if (parts > 0)
            foreach (var (name, _) in Programs.Accumulators(objective)) workspace[name].Write(new byte[workspace[name].Type.Bytes]);
        return null;
    }

    // The windows of a micro-batch are those that one large batch would have there.
    void Feed(TrainState state, int part)
    {
        for (var row = 0; row < config.Batch; row++)
        {
            var index = part * config.Batch + row;
            var start = config.Order switch
            {
                WindowOrder.Random => windows.Start(state.DataKey, state.Step, index),
                WindowOrder.Shuffled => windows.At(windows.Advance(state.Cursor, index), state.DataKey),
                _ => windows.At(windows.Advance(state.Cursor, index)),
            };
            Fill(data.Train, start, row);
        }
        Push();
        var key = state.StepKey(part);
        workspace[Names.Key].Write<int>([(int)key.A, (int)key.B]);
    }

    void Fill(TokenStream text, long start, int row)
    {
        var context = config.Model.Context;
        text.CopyTo(start, tokens.AsSpan(row * context, context));
        text.CopyTo(start + 1, labels.AsSpan(row * context, context));
    }

    void Push()
    {
        fed = null;
        workspace[Names.Inputs].Write<int>(tokens);
        workspace[Names.Labels].Write<int>(labels);
    }

    static void Write(IBuffer scalar, double value) => scalar.Write<float>([(float)value]);

    static T Valid<T>(Validation<Fault, T> outcome) => outcome.IfFail(faults => throw new ArgumentException(faults.Lines()));
}
