using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>The shape of a batch of token windows.</summary>
/// <param name="Rows">Windows.</param>
/// <param name="Time">Tokens in each.</param>
public readonly record struct BatchShape(int Rows, int Time)
{
    /// <summary>The type of inputs and of labels, <c>i32[rows, time]</c>.</summary>
    public TensorType Tokens => new([Rows, Time], DType.I32);

    /// <summary>Tokens to read, and what comes next at each.</summary>
    public Params<TensorType> Feed => Params.Of(("inputs", Tokens), ("labels", Tokens));
}

/// <summary>
/// The programs of a model and of an objective, by pure construction. Inputs and outputs are named as <see cref="Names"/> says; a program has only the
/// inputs that it uses (<see cref="Names.Key"/> only with dropout).
/// </summary>
public static partial class Programs
{
    /// <summary>All logits of a batch: output <c>logits [rows, time, vocabulary]</c>.</summary>
    public static Program Logits(Model model, BatchShape batch) =>
        Program.Of([new(Names.Logits, model.Logits(Parameters(model), Create.Input(Names.Inputs, batch.Tokens)).Value)]);

    /// <summary>Logits of a batch's last positions: output <c>logits [rows, positions, vocabulary]</c>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">What is read.</param>
    /// <param name="positions">How many, 1 to the batch's time.</param>
    public static Program LastLogits(Model model, BatchShape batch, int positions) =>
        Program.Of([new(Names.Logits, model.LastLogits(Parameters(model), Create.Input(Names.Inputs, batch.Tokens), positions).Value)]);

    /// <summary>
    /// What a model that judges gives texts: inputs <c>batch/inputs i32[rows, time]</c> and <c>batch/lengths i32[rows]</c>, behind which there is padding; output
    /// <c>logits [rows, outputs]</c>.
    /// </summary>
    public static Program Judged(Model model, BatchShape batch) => Program.Of([new(Names.Logits, model.Judged(Parameters(model),
        Create.Input(Names.Inputs, batch.Tokens), Create.Input(Names.Feed("lengths"), [batch.Rows], DType.I32)).Value)]);

    /// <summary>The last hidden states of a batch: output <c>hidden [rows, time, width]</c>.</summary>
    public static Program Hidden(Model model, BatchShape batch) =>
        Program.Of([new(Names.Hidden, model.Hidden(Parameters(model), Create.Input(Names.Inputs, batch.Tokens)).Value)]);

    /// <summary>All logits and every attention layer's weights: outputs <c>logits</c> and <c>weights/PATH [rows, heads, time, time]</c>.</summary>
    public static Program AttentionWeights(Model model, BatchShape batch)
    {
        var env = Parameters(model) with { Wants = static name => name.StartsWith(Names.Weights(""), StringComparison.Ordinal) };
        var logits = model.Logits(env, Create.Input(Names.Inputs, batch.Tokens));
        return Program.Of([new(Names.Logits, logits.Value), .. logits.Under(Names.Weights(""))]);
    }

    /// <summary>
    /// How often each expert is chosen for the tokens of a batch whose label counts: outputs <c>router/PATH [experts]</c>, one of each layer that has experts.
    /// </summary>
    /// <param name="model">A model with a mixture of experts in some layer.</param>
    /// <param name="batch">The shape of <c>inputs</c> and <c>labels</c>; where a label is −100, as in rows behind a text's end, no choice counts.</param>
    public static Program ExpertLoad(Model model, BatchShape batch)
    {
        var env = Parameters(model) with
        {
            Wants = static name => name.StartsWith(Names.Router(""), StringComparison.Ordinal),
            Counted = Graphs.LinearCrossEntropy.Counts(Create.Input(Names.Labels, batch.Tokens)),
        };
        // Of an Nn.Experts' numbers the first row; short ones have columns that are no experts.
        return Program.Of(model.Hidden(env, Create.Input(Names.Inputs, batch.Tokens)).Under(Names.Router("")).Map(router =>
        {
            var experts = model.Specs[env.In(router.Name[Names.Router("").Length..]).In("router").Full("weight")].Type.Shape[1];
            return new Named(router.Name, router.Value.Slice(0, 0, 1).Slice(1, 0, experts).Reshape(experts));
        }));
    }

    /// <summary>
    /// A step of cached decoding: inputs <c>batch/inputs i32[rows, time]</c>, <c>position i32[rows]</c> and caches; outputs <c>logits</c> of the
    /// last position, <c>[rows, vocabulary]</c>, and the new caches in place of the old. Position + time of no row may exceed the context.
    /// With a time above 1 it reads prompts, with 1 it continues.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">How many rows at once, and how many tokens of each.</param>
    /// <param name="cacheRows">
    /// How many rows the caches have, where the batch is only some of them: input <c>cache_row i32[rows]</c>, no two the same, then says which;
    /// the others are neither read nor written. Nothing for caches of the batch's rows.
    /// </param>
    /// <param name="results">What comes out in place of logits, from logits <c>[rows, vocabulary]</c>.</param>
    /// <param name="atOnce">For how many tokens at once the caches are made, where that is more than the batch's.</param>
    /// <param name="all">Whether the logits are of every position, <c>[rows, time, vocabulary]</c>.</param>
    /// <exception cref="ArgumentException">The model sees both sides of a text: what it gives a token is not known before the text's end.</exception>
    public static Program CachedStep(Model model, BatchShape batch, int? cacheRows = null, Func<Tensor, Vec<Named>>? results = null, int? atOnce = null, bool all = false)
    {
        if (model.SeesBothSides) throw new ArgumentException("a model that sees both sides of a text cannot read it a token at a time.", nameof(model));
        var caches = model.Caches(new(cacheRows ?? batch.Rows, atOnce ?? batch.Time)).Map(static (name, type) => Create.Input(Names.Cache(name), type));
        var env = Parameters(model) with
        {
            Position = Create.Input(Names.Position, [batch.Rows], DType.I32),
            CacheRow = cacheRows is null ? null : Create.Input(Names.CacheRow, [batch.Rows], DType.I32),
            Caches = name => caches.Contains(name) ? caches[name] : null,
        };
        var inputs = Create.Input(Names.Inputs, batch.Tokens);
        var logits = all ? model.Logits(env, inputs) : model.LastLogits(env, inputs);
        var written = logits.Under(Names.Cache(""));
        Vec<Named> first = results is null ? [new(Names.Logits, logits.Value)] : results(logits.Value);
        return Program.Of([.. first, .. written], written.Map(static c => new Donation(c.Name, c.Name)));
    }

    /// <summary>One row of all caches: input <c>cache_row i32[1]</c> and the caches, outputs <c>kept/NAME [1, places, heads, size]</c>.</summary>
    /// <param name="model">Whose caches.</param>
    /// <param name="caches">Their size.</param>
    public static Program KeepRow(Model model, CacheShape caches)
    {
        var row = Create.Input(Names.CacheRow, [1], DType.I32);
        return Program.Of([.. model.Caches(caches).Select(c => new Named(Names.Kept(c.Name), Create.Input(Names.Cache(c.Name), c.Value).Gather(row)))]);
    }

    /// <summary>What <see cref="KeepRow"/> kept, into a row of all caches, which come out in place of the old.</summary>
    /// <param name="model">Whose caches.</param>
    /// <param name="caches">Their size.</param>
    /// <param name="to">The name of the input that says into which row, <c>i32[1]</c>.</param>
    public static Program RestoreRow(Model model, CacheShape caches, string to)
    {
        var (row, first) = (Create.Input(to, [1], DType.I32), Create.Fill(0, [1], DType.I32));
        var written = model.Caches(caches).Select(c => new Named(Names.Cache(c.Name), new CacheWrite().Result(0,
            [Create.Input(Names.Cache(c.Name), c.Value), Create.Input(Names.Kept(c.Name), c.Value with { Shape = c.Value.Shape.With(0, 1) }), first, row]))).ToVec();
        return Program.Of(written, written.Map(static c => new Donation(c.Name, c.Name)));
    }

    /// <summary>
    /// How likely a model finds both answers of pairs: outputs <c>reference_chosen</c> and <c>reference_rejected</c>, <c>f32[rows]</c>, from a batch of
    /// <c>chosen</c>, <c>chosen_labels</c>, <c>rejected</c> and <c>rejected_labels</c>.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">The shape of the answers.</param>
    /// <param name="lengthShare">As of <see cref="PreferenceOptions.LengthShare"/>.</param>
    public static Program PairLogProbs(Model model, BatchShape batch, double lengthShare = 1)
    {
        var feed = Params.Of(("chosen", batch.Tokens), ("chosen_labels", batch.Tokens), ("rejected", batch.Tokens), ("rejected_labels", batch.Tokens));
        var env = Parameters(model);
        var scene = new Scene(feed.Map(static (name, type) => Create.Input(Names.Feed(name), type)), false, _ => env);
        var (chosen, rejected) = AnswerLogProbs.Pairs(AnswerLogProbs.Read(model, env, scene), lengthShare);
        return Program.Of([new(AnswerLogProbs.ReferenceOf(true), chosen.Sum), new(AnswerLogProbs.ReferenceOf(false), rejected.Sum)]);
    }

    /// <summary>
    /// How likely a model finds judged answers and those to other questions: outputs <c>reference</c> and <c>reference_kl</c>, <c>f32[rows]</c>, from a batch
    /// of <c>inputs</c>, <c>labels</c>, <c>kl_inputs</c> and <c>kl_labels</c>.
    /// </summary>
    public static Program JudgedLogProbs(Model model, BatchShape batch)
    {
        Tensor Sum(string tokens, string labels) => LogProbabilities.Of(model, Parameters(model), Create.Input(Names.Feed(tokens), batch.Tokens),
            Create.Input(Names.Feed(labels), batch.Tokens)).Sums;
        return Program.Of([new("reference", Sum("inputs", "labels")), new("reference_kl", Sum("kl_inputs", "kl_labels"))]);
    }

    /// <summary>
    /// How likely a model finds the labels of a batch of <c>inputs</c> and <c>labels</c>: output <c>logprob f32[rows, time]</c> in nats, 0 where a label is −100.
    /// </summary>
    public static Program TokenLogProbs(Model model, BatchShape batch) => Program.Of([new(Names.LogProb, LogProbabilities.Of(model, Parameters(model),
        Create.Input(Names.Inputs, batch.Tokens), Create.Input(Names.Labels, batch.Tokens)).Tokens)]);

    /// <summary>An environment whose parameters are program inputs.</summary>
    public static Env Parameters(Model model)
    {
        var inputs = model.Specs.Map(static (name, spec) => Create.Input(Names.Param(name), spec.Type));
        return Env.Of(inputs);
    }
}
