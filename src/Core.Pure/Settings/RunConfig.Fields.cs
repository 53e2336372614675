using Functional.Base;
using Functional.Data;
using Functional.Execution;
using Functional.Layers;
using Functional.Models;
using Functional.Text;

namespace Functional.Settings;

public sealed partial record RunConfig
{
    const string Share = "at least 0 and less than 1";

    /// <summary>Every setting, in the order in which files list them.</summary>
    public static Vec<ConfigField> Fields { get; } = [.. ModelFields(), .. DataFields(), .. TrainingFields(), .. RunFields()];

    static IEnumerable<ConfigField> ModelFields() =>
    [
        ConfigField.Whole("layers", "model", "blocks of the model", static c => c.Model.Layers, static (c, v) => c with { Model = c.Model with { Layers = v } }, 1)
            with { Fixed = true, Aliases = ["n-layer", "n-layers", "num-layers", "num-hidden-layers", "depth"] },
        ConfigField.Whole("heads", "model", "attention heads in a block; divides the width", static c => c.Model.Heads,
            static (c, v) => c with { Model = c.Model with { Heads = v } }, 1) with { Fixed = true, Aliases = ["n-head", "n-heads", "num-heads", "num-attention-heads"] },
        ConfigField.Whole("width", "model", "numbers in a hidden state", static c => c.Model.Width, static (c, v) => c with { Model = c.Model with { Width = v } }, 1)
            with { Fixed = true, Aliases = ["n-embd", "d-model", "hidden-size", "embedding-size", "dim"] },
        ConfigField.Whole("context", "model", "tokens that the model sees at most", static c => c.Model.Context,
            static (c, v) => c with { Model = c.Model with { Context = v } }, 1)
            with { Fixed = true, Aliases = ["block-size", "seq-len", "sequence-length", "max-length", "context-length", "n-ctx", "n-positions"] },
        ConfigField.Truth("bias", "model", "whether linear layers and norms have biases", static c => c.Model.Bias,
            static (c, v) => c with { Model = c.Model with { Bias = v } }) with { Fixed = true },
        ConfigField.OneOf("activation", "model", "the nonlinearity of the MLPs", static c => c.Model.Activation,
            static (c, v) => c with { Model = c.Model with { Activation = v } },
            [("gelu-tanh", Activation.GeluTanh), ("gelu", Activation.Gelu)]) with { Fixed = true },
        ConfigField.OneOf("norm", "model", "where blocks normalise", static c => c.Model.NormPlacement,
            static (c, v) => c with { Model = c.Model with { NormPlacement = v } },
            [("pre", NormPlacement.Pre), ("post", NormPlacement.Post)]) with { Fixed = true },
        ConfigField.OneOf("positions", "model", "how the model knows where a token stands", static c => c.Model.Positions,
            static (c, v) => c with { Model = c.Model with { Positions = v } },
            [("learned", Positions.Learned), ("sinusoidal", Positions.Sinusoidal)]) with { Fixed = true },
        ConfigField.Truth("tied-head", "model", "whether the output layer is the token embedding", static c => c.Model.TiedHead,
            static (c, v) => c with { Model = c.Model with { TiedHead = v } }) with { Fixed = true, Aliases = ["tie-weights", "tie-word-embeddings"] },
        ConfigField.Number("dropout", "model", "share of numbers dropped while training", Share, static c => c.Model.Dropout,
            static (c, v) => c with { Model = c.Model with { Dropout = v } }, static v => v is >= 0 and < 1),
        ConfigField.Path("from", "model", "checkpoint whose weights the run begins with; fresh ones where none is given", "a run's folder or a checkpoint in it",
            static c => c.InitialWeights, static (c, text) => c with { InitialWeights = text }) with { Fixed = true, Aliases = ["init-from", "pretrained", "load"] },
    ];

    static IEnumerable<ConfigField> DataFields() =>
    [
        ConfigField.Path("data", "data", "text file to learn from; the embedded corpus where none is given", "the name of a text file",
            static c => c.DataFile, static (c, text) => c with { DataFile = text }) with { Aliases = ["dataset", "file", "text", "input", "train-file"] },
        ConfigField.Whole("corpus-seed", "data", "which embedded corpus", static c => c.CorpusSeed, static (c, v) => c with { CorpusSeed = v }, 0) with { Fixed = true },
        ConfigField.Whole("corpus-size", "data", "characters of the embedded corpus", static c => c.CorpusSize, static (c, v) => c with { CorpusSize = v }, 1)
            with { Fixed = true },
        ConfigField.Number("validation-part", "data", "the last part of the text, kept for evaluation", "above 0 and less than 1", static c => c.ValidationPart,
            static (c, v) => c with { ValidationPart = v }, static v => v is > 0 and < 1) with { Fixed = true, Aliases = ["val-split", "validation-split", "val-fraction"] },
        ConfigField.OneOf("tokenizer", "data", "what a token is", static c => c.Tokenizer, static (c, v) => c with { Tokenizer = v },
            [("char", "char"), ("byte", "byte")]) with { Fixed = true },
        ConfigField.OneOf("line-ends", "data", "what CRLF and CR line ends become", static c => c.LineEnds, static (c, v) => c with { LineEnds = v },
            [("lf", LineEnds.Lf), ("keep", LineEnds.Keep)]) with { Fixed = true },
        ConfigField.OneOf("order", "data", "which windows of the text make up the batches", static c => c.Order, static (c, v) => c with { Order = v },
            [("random", WindowOrder.Random), ("ordered", WindowOrder.Ordered), ("shuffled", WindowOrder.Shuffled)]) with { Fixed = true },
    ];

    static IEnumerable<ConfigField> TrainingFields() =>
    [
        ConfigField.Whole("batch", "training", "windows in a batch", static c => c.Batch, static (c, v) => c with { Batch = v }, 1)
            with { Aliases = ["batch-size", "bs", "micro-batch-size", "per-device-train-batch-size"] },
        ConfigField.Whole("accumulate", "training", "batches whose gradients make one step", static c => c.Accumulate, static (c, v) => c with { Accumulate = v }, 1)
            with { Aliases = ["gradient-accumulation-steps", "grad-accum", "accumulation-steps"] },
        ConfigField.Whole("steps", "training", "steps in the run", static c => c.Steps, static (c, v) => c with { Steps = v }, 1)
            with { Aliases = ["max-iters", "max-steps", "iterations", "iters", "epochs", "num-epochs", "num-train-epochs"] },
        ConfigField.Whole("seed", "training", "chooses first values, batches, dropout and samples", static c => c.Seed, static (c, v) => c with { Seed = v }, 0)
            with { Fixed = true },
        ConfigField.OneOf("optimiser", "training", "what makes updates of gradients", static c => c.Optimiser, static (c, v) => c with { Optimiser = v },
            [("adamw", OptimiserKind.AdamW), ("adam", OptimiserKind.Adam), ("sgd", OptimiserKind.Sgd)]) with { Fixed = true },
        ConfigField.Number("lr", "training", "the highest learning rate", "above 0", static c => c.LearningRate, static (c, v) => c with { LearningRate = v },
            static v => v > 0) with { Aliases = ["learning-rate", "max-lr", "rate"] },
        ConfigField.Number("min-lr", "training", "the learning rate at the end", "0 or more", static c => c.MinLearningRate,
            static (c, v) => c with { MinLearningRate = v }, static v => v >= 0) with { Aliases = ["min-learning-rate", "final-lr"] },
        ConfigField.Whole("warmup", "training", "steps until the highest learning rate", static c => c.Warmup, static (c, v) => c with { Warmup = v }, 0)
            with { Aliases = ["warmup-iters", "warmup-steps", "num-warmup-steps"] },
        ConfigField.OneOf("schedule", "training", "how the learning rate goes", static c => c.Schedule, static (c, v) => c with { Schedule = v },
            [("cosine", ScheduleKind.Cosine), ("linear", ScheduleKind.Linear), ("constant", ScheduleKind.Constant),
            ("inverse-sqrt", ScheduleKind.InverseSqrt), ("wsd", ScheduleKind.Wsd), ("one-cycle", ScheduleKind.OneCycle)])
            with { Aliases = ["lr-schedule", "lr-scheduler", "lr-scheduler-type", "scheduler"] },
        ConfigField.Number("weight-decay", "training", "pull of matrices towards 0", "0 or more", static c => c.WeightDecay,
            static (c, v) => c with { WeightDecay = v }, static v => v >= 0) with { Aliases = ["wd", "decay"] },
        ConfigField.Number("beta1", "training", "memory of gradients, or momentum", Share, static c => c.Beta1, static (c, v) => c with { Beta1 = v },
            static v => v is >= 0 and < 1) with { Fixed = true, Aliases = ["adam-beta1", "momentum"] },
        ConfigField.Number("beta2", "training", "memory of squared gradients", Share, static c => c.Beta2, static (c, v) => c with { Beta2 = v },
            static v => v is >= 0 and < 1) with { Fixed = true, Aliases = ["adam-beta2"] },
        ConfigField.Number("eps", "training", "keeps Adam from dividing by 0", "above 0", static c => c.Epsilon, static (c, v) => c with { Epsilon = v },
            static v => v > 0) with { Fixed = true, Aliases = ["epsilon", "adam-epsilon"] },
        ConfigField.Number("clip", "training", "limit of the gradients' global norm; 0 for none", "0 or more", static c => c.Clip,
            static (c, v) => c with { Clip = v }, static v => v >= 0) with { Aliases = ["grad-clip", "max-grad-norm", "gradient-clipping"] },
        ConfigField.Number("label-smoothing", "training", "share of the target spread over all tokens", Share, static c => c.LabelSmoothing,
            static (c, v) => c with { LabelSmoothing = v }, static v => v is >= 0 and < 1),
    ];

    static IEnumerable<ConfigField> RunFields() =>
    [
        ConfigField.Whole("eval-every", "run", "steps between evaluations; 0 for one at the end", static c => c.EvalEvery,
            static (c, v) => c with { EvalEvery = v }, 0) with { Aliases = ["eval-interval", "eval-steps"] },
        ConfigField.Whole("eval-batches", "run", "batches in an evaluation; 0 for all of the validation text", static c => c.EvalBatches,
            static (c, v) => c with { EvalBatches = v }, 0) with { Aliases = ["eval-iters"] },
        ConfigField.Whole("save-every", "run", "steps between checkpoints; 0 for one at the end", static c => c.SaveEvery,
            static (c, v) => c with { SaveEvery = v }, 0) with { Aliases = ["save-steps", "save-interval", "checkpoint-every"] },
        ConfigField.Whole("keep", "run", "checkpoints kept beside the best", static c => c.Keep, static (c, v) => c with { Keep = v }, 1)
            with { Aliases = ["save-total-limit"] },
        ConfigField.Whole("sample-every", "run", "steps between samples; 0 for none", static c => c.SampleEvery, static (c, v) => c with { SampleEvery = v }, 0),
        ConfigField.Whole("sample-tokens", "run", "tokens in a sample", static c => c.SampleTokens, static (c, v) => c with { SampleTokens = v }, 1),
        ConfigField.OneOf("engine", "run", "what computes", static c => c.Engine, static (c, v) => c with { Engine = v }, Choices<EngineKind>(EngineChoice.Text)),
        new ConfigField("device", nameof(Device), "run", "where it computes", "auto, cpu, cuda, cuda:N", static c => $"{c.Device}",
            static (c, text) => Device.Parse(text) is { } device ? c with { Device = device } : null, static _ => true) { Aliases = ["gpu", "cuda"] },
        ConfigField.OneOf("precision", "run", "precision of matrix products", static c => c.Precision, static (c, v) => c with { Precision = v },
            Choices<Precision>(EngineChoice.Text)) with { Aliases = ["dtype"] },
        ConfigField.Whole("threads", "run", "threads that compute; 0 for one a processor", static c => c.Threads,
            static (c, v) => c with { Threads = (int)Math.Clamp(v, int.MinValue, int.MaxValue) }, 0, EngineOptions.MostThreads) with { Aliases = ["num-threads", "workers"] },
    ];

    static (string, T)[] Choices<T>(Func<T, string> text) where T : struct, Enum => [.. Enum.GetValues<T>().Select(value => (text(value), value))];
}
