using Functional.Adapters;
using Functional.Base;
using Functional.Compiling;
using Functional.Execution;
using Functional.Graphs;
using Functional.Learning;
using Functional.Models;
using Functional.Text;

namespace Functional.Settings;

/// <summary>
/// Everything that a run of one stage needs to know, resolved: the same configuration gives the same run. Its settings have names, texts and rules in
/// <see cref="Fields"/>, which files and command lines read. <see cref="Validate()"/> before use.
/// </summary>
public sealed partial record RunConfig
{
    /// <summary>
    /// The architecture. A vocabulary of 0 stands for the tokenizer's. The head is its own matrix: at the small vocabularies of characters and
    /// bytes it costs little, and the same steps end at a lower loss (docs/performance.md, "Learning").
    /// </summary>
    public DecoderConfig Model { get; init; } = new() { Vocabulary = 0, Bias = Biases.None, TiedHead = false };

    /// <summary>
    /// What a token is: <c>char</c>, <c>byte</c> or <c>bpe</c> for one made for the text; else a file or folder with a tokenizer, or the name of an encoding such as
    /// <c>cl100k_base</c>.
    /// </summary>
    public string Tokenizer { get; init; } = "char";

    /// <summary>How a byte-pair encoding is trained, where <see cref="Tokenizer"/> is <c>bpe</c>.</summary>
    public BpeConfig Bpe { get; init; } = new();

    /// <summary>What becomes of line ends: in the run's text, and in every text and prompt that its model reads.</summary>
    public LineEnds LineEnds { get; init; } = LineEnds.Lf;

    /// <summary>Chooses first values, batches, dropout and samples.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>What the run is to compute on. It may go on with another engine; its numbers then agree within float32's rounding, not bit for bit.</summary>
    public EngineOptions Execution { get; init; } = new();

    /// <summary>What is told of the run beside its own files.</summary>
    public LogConfig Logs { get; init; } = new();

    /// <summary>What is learned, from what, and for how long.</summary>
    public StageConfig Stage { get; init; } = new();

    /// <summary>What a run of a kind is where nothing is said: of those that begin with weights, shorter and at a lower rate.</summary>
    public static RunConfig For(StageKind kind) => kind == StageKind.Pretrain ? new() : new()
    {
        Stage = new()
        {
            Kind = kind, Steps = kind >= StageKind.Grpo ? 200 : 500, Batch = kind == StageKind.Trpo ? 64 : kind >= StageKind.Grpo ? 16 : 8, Accumulate = kind == StageKind.Grpo ? 4 : 1,
            EvalEvery = kind >= StageKind.Grpo ? 50 : 100, EvalBatches = kind >= StageKind.Grpo ? 6 : 20, SaveEvery = kind >= StageKind.Grpo ? 50 : 250,
            Optimiser = new()
            {
                LearningRate = kind >= StageKind.Dpo ? 5e-5 : 3e-4, MinLearningRate = kind >= StageKind.Dpo ? 5e-6 : 3e-5, Warmup = kind >= StageKind.Grpo ? 10 : 50,
                WeightDecay = kind >= StageKind.Grpo ? 0 : 0.01,
            },
            Practice = kind switch
            {
                StageKind.Grpo or StageKind.Trpo => new() { Prompts = 8, Answers = 8 }, StageKind.Ppo => new() { Prompts = 64, Answers = 1, Epochs = 2 },
                StageKind.Distill => new() { Prompts = 8, Answers = 1 }, _ => new(),
            },
        },
    };

    /// <summary>The shape of a batch.</summary>
    public BatchShape BatchShape => new(Stage.Batch, Model.Context);

    /// <summary>Tokens that one step learns from; of a valid configuration, below 2^60.</summary>
    public long TokensPerStep => (long)Stage.Batch * Model.Context * Stage.Accumulate;

    /// <summary>The run's key.</summary>
    public Key Key => Key.Seed((ulong)Seed);

    /// <summary>The architecture of the stage: the run's, and where rewards are learned with a head that judges, on what the stage's settings say.</summary>
    public DecoderConfig Decoder => Stage.Kind != StageKind.Reward ? Model : Model with
    {
        Labels = Math.Max(1, Model.Labels), Bidirectional = Stage.Preference.Bidirectional, Pooling = Stage.Preference.Pooling,
    };

    /// <summary>The stage's model, or the first of its blocks.</summary>
    /// <param name="blocks">How many blocks; nothing for all.</param>
    public Model ModelOf(int? blocks = null) => BaseOf(blocks) is var whole && Lora is { } adapters ? Adapters.Lora.Of(whole, adapters) : whole;

    // What adapters stand on, or what learns without them.
    Model BaseOf(int? blocks = null) => Transformer.Of(Decoder, blocks ?? Model.Layers) is var whole && Stage.Adapter.Packing is { } packing ? Quantise.Of(whole, packing) : whole;

    /// <summary>The adapters that the stage learns; nothing where it learns the model's weights.</summary>
    public LoraConfig? Lora => Stage.Adapter.Lora(Stage.Kind == StageKind.Reward);

    /// <summary>
    /// The model that the stage's policy is held to, or the first of its blocks: the one that it begins as. Adapters that it begins with stand there once more, as a
    /// set of their own that does not learn; fresh ones change nothing, and are left out.
    /// </summary>
    /// <param name="blocks">How many blocks; nothing for all.</param>
    public Model ReferenceOf(int? blocks = null) => BaseOf(blocks) is var whole && Lora is { } adapters && Stage.Adapter.From is not null
        ? Adapters.Lora.Of(whole, adapters, ReferenceSet) : whole;

    /// <summary>What the adapters of <see cref="ReferenceOf"/> are called.</summary>
    public const string ReferenceSet = "reference";

    /// <summary>What a student learns from: its teacher's model, whole however many blocks the student has.</summary>
    public Model TeacherOf() => Transformer.Of(Stage.Distill.Architecture ?? Model);

    /// <summary>After how many blocks all is as before.</summary>
    internal int Period => Stage.Adapter.NamesBlocks ? Model.Layers : (int)Math.Min(Model.Layers, DecoderConfig.Lcm(Model.Period, Math.Max(1, Stage.Recompute)));

    /// <summary>What gives adapters their first values that follow from the model's weights; nothing where none do.</summary>
    public Program? FirstValues() => Lora is { } adapters && Transformer.Of(Decoder) is var whole
        && Adapters.Lora.Begin(whole, LoraPlan.Of(whole, adapters).IfFail(static faults => throw new ArgumentException(faults.Lines())), packing: Stage.Adapter.Packing)
            is { Outputs.Count: > 0 } first
            ? first : null;

    /// <summary>Rows that an evaluation has at most.</summary>
    public long MeasuredRows => Stage.EvalBatches == 0 ? long.MaxValue : (long)Stage.EvalBatches * Stage.Batch;

    /// <summary>Whether a stage has to know the weights that it begins with again when it goes on: what it learns is adapters for them, or is held to them.</summary>
    public bool KeepsStart => Lora is not null || HasReference;

    /// <summary>Whether the stage holds its policy to a reference.</summary>
    public bool HasReference => Stage.Kind == StageKind.Dpo ? Stage.Preference.HasReference : Stage.Kind is StageKind.Grpo or StageKind.Ppo or StageKind.Trpo && Stage.Policy.Kl > 0;

    /// <summary>Whether the reference is a model beside the policy: what a policy writes itself nobody can have computed before.</summary>
    bool ReferenceIsLive => HasReference && (Stage.Preference.Reference == ReferenceKind.Live || Stage.Practises);

    /// <summary>Whether rows have the probabilities that their tokens were drawn with.</summary>
    public bool HasSampling => Stage.Kind is StageKind.Grpo or StageKind.Ppo && Stage.Policy.Correction != SamplingCorrection.None;

    /// <summary>Whether a text is learned beside what a policy writes.</summary>
    public bool HasText => Stage.Kind is StageKind.Grpo or StageKind.Ppo && Stage.Policy.PretrainWeight > 0;

    /// <summary>What expects rewards: a head on the policy, or a model of the run's architecture with one output.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="blocks">How many blocks; nothing for all.</param>
    public Critic CriticOf(Model policy, int? blocks = null) =>
        Stage.Policy.Critic == PolicyConfig.Head ? Critic.Head(policy) : Critic.Of(Transformer.Of(Model with { Labels = 1 }, blocks ?? Model.Layers));

    /// <summary>What turns gradients into updates.</summary>
    public GradientTransform Transform => Stage.Kind == StageKind.Trpo ? GradientTransform.Identity
        : Stage.Adapter.Over(Stage.Optimiser.Transform(Stage.Steps)) is var optimiser && Stage.Optimiser.Average > 0
            ? optimiser.Then(Optimisers.Averaged(Stage.Optimiser.Average)) : optimiser;

    /// <summary>What makes a step of the stage's objective where no optimiser does; nothing where one does.</summary>
    /// <param name="objective">The objective.</param>
    /// <param name="blocks">How many blocks its models have; nothing for all.</param>
    public Program? UpdateOf(Objective objective, int? blocks = null) => Stage.Kind != StageKind.Trpo ? null : Programs.TrustRegion(objective, scene =>
    {
        var logits = ModelOf(blocks).Logits(scene.Of(""), scene["inputs"]).Value / Stage.Practice.Sampling.Temperature;
        return (logits.Reshape(-1, logits.Shape[^1]), LinearCrossEntropy.Counts(scene["labels"]).Where(Create.Scalar(1), Create.Scalar(0)).Reshape(-1));
    }, Stage.Policy.Trust);

    /// <summary>What the stage learns.</summary>
    /// <param name="blocks">How many blocks its models have; nothing for all.</param>
    /// <param name="time">Tokens in a row; nothing for as many as the model's context.</param>
    /// <param name="answers">The most answers of a row that ranks them.</param>
    public Objective ObjectiveOf(int? blocks = null, int? time = null, int answers = 2)
    {
        var (model, shape, preference) = (ModelOf(blocks), new BatchShape(Stage.Batch, time ?? Model.Context), Stage.Preference);
        Objective objective = Stage.Kind switch
        {
            StageKind.Sft => (Stage.Rows.Neftune > 0 ? Neftune.Of(model, Stage.Rows.Neftune) : model) is var noisy && Stage.Rows.Dft
                ? Objectives.Dft(noisy, shape, Stage.Rows.Packing) : Objectives.NextToken(noisy, shape, Stage.LabelSmoothing, Stage.Rows.Packing),
            StageKind.Distill => Distillation.Of(model, TeacherOf(), shape, Stage.Distill.Options, Stage.Distill.OnText ? Stage.Source.Separator is not null : Stage.Packs),
            StageKind.Reward => answers > 2 ? Objectives.Rankings(model, shape, answers) : Objectives.Reward(model, shape, preference.Rewards),
            StageKind.Dpo when preference.Judged is { } loss => Objectives.Judged(model, shape, loss, preference.JudgedOptions),
            StageKind.Dpo => Objectives.Preference(model, shape, preference.Losses, preference.Options, preference.Reference == ReferenceKind.Cached,
                ReferenceIsLive ? ReferenceOf(blocks) : null, shares: Lora is not null),
            StageKind.Grpo or StageKind.Ppo or StageKind.Trpo => TextMix.Of(PolicyObjectives.Policy(model, shape, Stage.Policy.LossOf(Stage.Kind)!, Stage.Policy.OptionsOf(Stage.Kind, Stage.Practice),
                reference: ReferenceIsLive ? ReferenceOf(blocks) : null, shares: Lora is not null,
                critic: Stage.Kind == StageKind.Ppo ? CriticOf(model, blocks) : null, values: Stage.Policy.Values,
                sampling: HasSampling), shape, HasText ? Stage.Policy.PretrainWeight : 0),
            _ => Objectives.NextToken(model, shape, Stage.LabelSmoothing, Stage.Source.Separator is not null),
        };
        return objective with { Precision = MixedPrecision.Of(Execution.Precision), Recomputed = Stage.Recompute };
    }

    /// <summary>Every setting, in the order in which files list them.</summary>
    public static Vec<Field<RunConfig>> Fields { get; } =
    [
        .. ModelFields.All.Select(static f => f.In(Make.Part<RunConfig, DecoderConfig>(static c => c.Model, static (c, v) => c with { Model = v }), "model")),
        Make.Name<RunConfig>("tokenizer", "what a token is", "char, byte, bpe, a file or folder with a tokenizer, or an encoding such as cl100k_base", static c => c.Tokenizer,
            static (c, v) => c with { Tokenizer = v }) with { Fixed = true, Section = "text" },
        .. BpeConfig.Fields.Select(static f => f.In(Make.Part<RunConfig, BpeConfig>(static c => c.Bpe, static (c, v) => c with { Bpe = v }), "text")),
        Make.OneOf<RunConfig, LineEnds>("line-ends", "what CRLF and CR line ends become", static c => c.LineEnds, static (c, v) => c with { LineEnds = v },
            [("lf", LineEnds.Lf), ("keep", LineEnds.Keep)]) with { Fixed = true, Section = "text" },
        Make.Whole<RunConfig>("seed", "chooses first values, batches, dropout and samples", static c => c.Seed, static (c, v) => c with { Seed = v }, 0)
            with { Fixed = true, Section = "run" },
        .. EngineFields.All.Select(static f =>
            f.In(Make.Part<RunConfig, EngineOptions>(static c => c.Execution, static (c, v) => c with { Execution = v }), "run")),
        .. LogConfig.Fields.Select(static f => f.In(Make.Part<RunConfig, LogConfig>(static c => c.Logs, static (c, v) => c with { Logs = v }), "run")),
        .. StageConfig.Fields.Select(static f =>
            f.In(Make.Part<RunConfig, StageConfig>(static c => c.Stage, static (c, v) => c with { Stage = v }), StageSection)),
    ];

    /// <summary>The heading of what a stage does not share with others, where it has none of its own.</summary>
    public const string StageSection = "stage";
}
