using Functional.Base;
using Functional.Data;
using Functional.Execution;
using Functional.Learning;
using Functional.Models;
using Functional.Text;

using Schedule = Functional.Learning.Schedule;

namespace Functional.Settings;

/// <summary>The shape of the learning rate over a run.</summary>
public enum ScheduleKind
{
    /// <summary>Warm-up, then half a cosine down to the lowest rate.</summary>
    Cosine,
    /// <summary>Warm-up, then a straight line down to the lowest rate.</summary>
    Linear,
    /// <summary>Warm-up, then the same rate.</summary>
    Constant,
    /// <summary>Warm-up, then decay with the inverse square root of time; the lowest rate plays no part.</summary>
    InverseSqrt,
    /// <summary>Warm-up, a plateau, and over the last fifth of the steps a straight line down to the lowest rate.</summary>
    Wsd,
    /// <summary>Up over 30 % of the steps and down to almost nothing; warm-up and lowest rate play no part.</summary>
    OneCycle,
}

/// <summary>What turns gradients into updates.</summary>
public enum OptimiserKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,
    /// <summary>Adam, without weight decay.</summary>
    Adam,
    /// <summary>Gradient descent with momentum; weight decay is added to the gradient.</summary>
    Sgd,
}

/// <summary>
/// Everything that a run needs to know, resolved: the same configuration gives the same run. Its settings have names, texts and rules in
/// <see cref="Fields"/>, which files and command lines read. <see cref="Validate()"/> before use.
/// </summary>
public sealed partial record RunConfig
{
    /// <summary>
    /// The architecture. A vocabulary of 0 stands for the tokenizer's. The head is its own matrix: at the small vocabularies of characters and
    /// bytes it costs little, and the same steps end at a lower loss (docs/performance.md, "Learning").
    /// </summary>
    public GptConfig Model { get; init; } = new() { Vocabulary = 0, Bias = false, TiedHead = false };

    /// <summary>The text file to learn from; nothing for the embedded corpus.</summary>
    public string? DataFile { get; init; }

    /// <summary>
    /// The checkpoint whose weights the run begins with, of a run's folder or by its own; nothing for fresh ones. Architecture and tokenizer are
    /// then those of that run.
    /// </summary>
    public string? InitialWeights { get; init; }

    /// <summary>Which embedded corpus.</summary>
    public long CorpusSeed { get; init; } = 1;

    /// <summary>Characters of the embedded corpus, at least.</summary>
    public int CorpusSize { get; init; } = 1_000_000;

    /// <summary>The last part of the text, which only evaluation reads, in (0, 1).</summary>
    public double ValidationPart { get; init; } = 0.1;

    /// <summary>The kind of tokenizer made for the text: <c>char</c> or <c>byte</c>.</summary>
    public string Tokenizer { get; init; } = "char";

    /// <summary>What becomes of line ends: in the run's text, and in every text and prompt that its model reads.</summary>
    public LineEnds LineEnds { get; init; } = LineEnds.Lf;

    /// <summary>How training windows are chosen.</summary>
    public WindowOrder Order { get; init; } = WindowOrder.Random;

    /// <summary>Windows in a batch.</summary>
    public int Batch { get; init; } = 12;

    /// <summary>Batches whose gradients make one step.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>Steps in the run.</summary>
    public long Steps { get; init; } = 4000;

    /// <summary>The highest learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The learning rate that schedules fall to.</summary>
    public double MinLearningRate { get; init; } = 1e-4;

    /// <summary>Steps until the highest rate.</summary>
    public long Warmup { get; init; } = 100;

    /// <summary>How the learning rate goes.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>What makes updates.</summary>
    public OptimiserKind Optimiser { get; init; } = OptimiserKind.AdamW;

    /// <summary>Weight decay, on matrices only.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Adam's memory of gradients, or SGD's momentum, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam's memory of squared gradients, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Keeps Adam from dividing by nothing.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The limit of the gradients' global norm; 0 for none.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>The share of the target that is spread over all tokens, in [0, 1).</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Chooses first values, batches, dropout and samples.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Steps between evaluations; 0 for one at the end only.</summary>
    public long EvalEvery { get; init; } = 250;

    /// <summary>Batches of validation windows in an evaluation, the same ones each time; 0 for all.</summary>
    public int EvalBatches { get; init; } = 20;

    /// <summary>Steps between checkpoints; 0 for one at the end only.</summary>
    public long SaveEvery { get; init; } = 1000;

    /// <summary>How many of the last checkpoints stay, beside the one with the lowest validation loss.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>Steps between samples; 0 for none.</summary>
    public long SampleEvery { get; init; }

    /// <summary>Tokens in a sample.</summary>
    public int SampleTokens { get; init; } = 200;

    /// <summary>What computes. A run may go on with another engine; its numbers then agree within float32's rounding, not bit for bit.</summary>
    public EngineKind Engine { get; init; }

    /// <summary>The engine's device.</summary>
    public Device Device { get; init; }

    /// <summary>The precision of matrix products.</summary>
    public Precision Precision { get; init; }

    /// <summary>Threads that compute on the processor; 0 for one a processor. Results of the managed engine do not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>What the run is to compute on.</summary>
    public EngineOptions Execution => new() { Engine = Engine, Device = Device, Precision = Precision, Threads = Threads };

    /// <summary>The shape of a batch.</summary>
    public BatchShape BatchShape => new(Batch, Model.Context);

    /// <summary>Tokens that one step learns from; of a valid configuration, below 2^60.</summary>
    public long TokensPerStep => (long)Batch * Model.Context * Accumulate;

    /// <summary>The run's key.</summary>
    public Key Key => Key.Seed((ulong)Seed);

    /// <summary>The learning rate of each step, counted from 0.</summary>
    public Schedule LearningRates => Schedule switch
    {
        ScheduleKind.Constant => Learning.Schedule.WarmupLinear(LearningRate, Warmup, Steps, LearningRate),
        ScheduleKind.Linear => Learning.Schedule.WarmupLinear(LearningRate, Warmup, Steps, MinLearningRate),
        ScheduleKind.InverseSqrt => Learning.Schedule.WarmupInverseSqrt(LearningRate, Warmup),
        ScheduleKind.Wsd => Learning.Schedule.WarmupStableDecay(LearningRate, Warmup, Steps, Steps / 5, MinLearningRate),
        ScheduleKind.OneCycle => Learning.Schedule.OneCycle(LearningRate, Steps),
        _ => Learning.Schedule.WarmupCosine(LearningRate, Warmup, Steps, MinLearningRate),
    };

    /// <summary>The optimiser.</summary>
    public GradientTransform Transform => Optimiser switch
    {
        OptimiserKind.Adam => Optimisers.Adam(Beta1, Beta2, Epsilon),
        OptimiserKind.Sgd => Optimisers.Sgd(Beta1, nesterov: false, WeightDecay),
        _ => Optimisers.AdamW(Beta1, Beta2, Epsilon, WeightDecay),
    };

    /// <summary>What a model of the run learns.</summary>
    /// <param name="model">The run's, or some of its blocks.</param>
    public Objective ObjectiveOf(Model model) => Objectives.NextToken(model, BatchShape, LabelSmoothing);

    /// <summary>What the text is, for people.</summary>
    public string DataName => DataFile ?? "the embedded corpus";
}
