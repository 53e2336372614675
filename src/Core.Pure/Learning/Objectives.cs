using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>What can be learned.</summary>
public static class Objectives
{
    /// <summary>
    /// To predict each next token: the cross-entropy of a model's tokens against labels, in nats. In training, what the model's layers add to the loss
    /// (<see cref="Names.Auxiliary"/>) counts, too; what is measured is the cross-entropy alone, without smoothing.
    /// </summary>
    /// <param name="model">What learns.</param>
    /// <param name="batch">The shape of <c>inputs</c> and <c>labels</c>, both <c>i32[rows, time]</c>; a label of −100 counts for nothing.</param>
    /// <param name="smoothing">The share of the target spread over the whole vocabulary in training, in [0, 1).</param>
    /// <param name="texts">Whether a row may hold several texts, which see nothing of each other: <c>starts i32[rows, time]</c> says where each token's begins.</param>
    public static Objective NextToken(Model model, BatchShape batch, double smoothing = 0, bool texts = false) => new(
        [new("", model)], texts ? batch.Feed.Add("starts", batch.Tokens) : batch.Feed,
        scene => Losses.NextToken(model, texts ? scene.Of("") with { Starts = scene["starts"] } : scene.Of(""), scene["inputs"], scene["labels"],
            scene.Training ? smoothing : 0));

    /// <summary>To predict each next token by <see cref="Losses.Dft"/>; what is measured is the cross-entropy, as of <see cref="NextToken"/>, whose feed it has.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="batch">The shape of <c>inputs</c> and <c>labels</c>, both <c>i32[rows, time]</c>; a label of −100 counts for nothing.</param>
    /// <param name="texts">Whether a row may hold several texts, as of <see cref="NextToken"/>.</param>
    public static Objective Dft(Model model, BatchShape batch, bool texts = false)
    {
        var plain = NextToken(model, batch, 0, texts);
        return new(plain.Parts, plain.Feed, scene =>
        {
            var env = texts ? scene.Of("") with { Starts = scene["starts"] } : scene.Of("");
            if (!scene.Training) return Losses.NextToken(model, env, scene["inputs"], scene["labels"]);
            var read = LogProbabilities.Of(model, env, scene["inputs"], scene["labels"]);
            return Losses.WithAuxiliary(Losses.Dft(read), read.Side, "dft");
        });
    }

    /// <summary>
    /// To prefer the better of two answers, without a reward in between: both are read in one pass. What the reference thinks of them comes with the rows as
    /// <c>reference_chosen</c> and <c>reference_rejected</c>, or from a part of its own.
    /// </summary>
    /// <param name="model">What learns.</param>
    /// <param name="batch">The shape of <c>chosen</c>, <c>chosen_labels</c>, <c>rejected</c> and <c>rejected_labels</c>; beside them there is <c>margin f32[rows]</c>.</param>
    /// <param name="losses">The losses, each with its weight.</param>
    /// <param name="options">What they have in common.</param>
    /// <param name="cached">Whether the reference's numbers come with the rows; without them, and without a model, there is no reference.</param>
    /// <param name="reference">The model that the policy began as, where its numbers do not come with the rows.</param>
    /// <param name="shares">Whether the reference has the policy's own parameters wherever it has any of the name, as the base of adapters does.</param>
    public static Objective Preference(Model model, BatchShape batch, Vec<(PreferenceLoss Loss, double Weight)> losses, PreferenceOptions options,
        bool cached = true, Model? reference = null, bool shares = false)
    {
        var numbers = new TensorType([batch.Rows]);
        var known = cached && reference is null && losses.Any(static l => l.Loss.HasReference);
        var policy = new Part("", model);
        return new(reference is null ? [policy] : [policy, new Part("reference", reference) { Learns = false, Shares = shares ? "" : null }],
            Pairs(batch).Concat(known ? Params.Of((AnswerLogProbs.ReferenceOf(true), numbers), (AnswerLogProbs.ReferenceOf(false), numbers)) : Params<TensorType>.Empty), scene =>
            {
                var (read, none) = (AnswerLogProbs.Read(model, scene.Of(""), scene), scene["margin"].Like(0));
                var (chosen, rejected) = AnswerLogProbs.Pairs(read, options.LengthShare);
                var (better, worse) = reference is not null && AnswerLogProbs.Pairs(AnswerLogProbs.Read(reference, scene.Of("reference"), scene), options.LengthShare)
                    is var (r, s) ? (r.Sum, s.Sum) : known ? (scene[AnswerLogProbs.ReferenceOf(true)], scene[AnswerLogProbs.ReferenceOf(false)]) : (none, none);
                var text = options is { Sft: > 0, SftOnText: true } ? AnswerLogProbs.Of(read with
                {
                    Hidden = read.Hidden.Slice(0, 0, batch.Rows), Labels = AnswerLogProbs.Whole(scene["chosen"], scene["chosen_labels"]),
                }) : null;
                return Losses.WithAuxiliary(PreferenceLosses.Of(losses, new(chosen, rejected, better, worse, scene["margin"]) { Text = text }, options),
                    scene.Training ? read.Side : [], "preference");
            });
    }

    /// <summary>To give the better of two answers more: rewards are those of a model with a head that judges (<see cref="Model.Judged"/>).</summary>
    /// <param name="model">What learns; its head has one output.</param>
    /// <param name="batch">As of <see cref="Preference"/>.</param>
    /// <param name="options">How rewards are learned.</param>
    public static Objective Reward(Model model, BatchShape batch, RewardOptions options) => new([new("", model)], Pairs(batch), scene =>
    {
        var (tokens, labels) = (Movement.Concat(0, scene["chosen"], scene["rejected"]), Movement.Concat(0, scene["chosen_labels"], scene["rejected_labels"]));
        var rewards = model.Judged(scene.Of(""), tokens, AnswerLogProbs.LengthsOf(labels)).Value.Slice(1, 0, 1).Reshape(2 * batch.Rows);
        var count = AnswerLogProbs.CountOf(labels);
        var counts = (count.Slice(0, 0, batch.Rows) * count.Slice(0, batch.Rows, batch.Rows)).Min(scene["margin"].Like(1));
        return RewardLosses.Pairs(rewards.Slice(0, 0, batch.Rows), rewards.Slice(0, batch.Rows, batch.Rows), scene["margin"], counts, options);
    });

    /// <summary>To reward ranked answers in their order (<see cref="RewardLosses.Rankings"/>).</summary>
    /// <param name="model">What learns; its head has one output.</param>
    /// <param name="batch">Rows, and the tokens of an answer with its prompt.</param>
    /// <param name="most">The most answers of a row: <c>answers</c> and <c>answer_labels</c> are <c>i32[rows, most · time]</c>, <c>count</c> is <c>i32[rows]</c>.</param>
    public static Objective Rankings(Model model, BatchShape batch, int most)
    {
        var tokens = new TensorType([batch.Rows, most * batch.Time], DType.I32);
        return new([new("", model)], Params.Of(("answers", tokens), ("answer_labels", tokens), ("count", new TensorType([batch.Rows], DType.I32)),
            ("margin", new TensorType([batch.Rows]))), scene =>
            {
                Tensor Each(string name) => scene[name].Reshape(batch.Rows * most, batch.Time);
                var rewards = model.Judged(scene.Of(""), Each("answers"), AnswerLogProbs.LengthsOf(Each("answer_labels"))).Value.Slice(1, 0, 1);
                return RewardLosses.Rankings(rewards.Reshape(batch.Rows, most), scene["count"].Cast(DType.F32));
            });
    }

    /// <summary>To make good answers likelier and bad ones less so, where each was judged by itself.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="batch">The shape of <c>inputs</c>, <c>labels</c>, <c>kl_inputs</c> and <c>kl_labels</c>; beside them there are <c>good</c>, <c>reference</c> and, where
    /// the loss looks at answers to other questions, <c>reference_kl</c>, all <c>f32[rows]</c>.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="options">How answers count.</param>
    public static Objective Judged(Model model, BatchShape batch, JudgedLoss loss, JudgedOptions options)
    {
        var numbers = new TensorType([batch.Rows]);
        return new([new("", model)], Params.Of(("inputs", batch.Tokens), ("labels", batch.Tokens), ("kl_inputs", batch.Tokens), ("kl_labels", batch.Tokens),
            ("good", numbers), ("reference", numbers), ("reference_kl", numbers)), scene =>
            {
                var env = scene.Of("");
                var read = LogProbabilities.Of(model, env, scene["inputs"], scene["labels"]);
                var own = AnswerLogProbs.Of(read);
                // No gradient goes through them, so that nothing of their pass is kept.
                var others = loss.HasStrangers ? AnswerLogProbs.Of(LogProbabilities.Of(model, env with { RandomKey = null }, scene["kl_inputs"], scene["kl_labels"])) is var s
                    ? s with { Sum = s.Sum.StopGradient() } : own : own;
                return Losses.WithAuxiliary(JudgedLosses.Of(loss, new(own, scene["reference"], scene["good"], others, scene["reference_kl"]), options),
                    scene.Training ? read.Side : [], "preference");
            });
    }

    static Params<TensorType> Pairs(BatchShape batch) => Params.Of(("chosen", batch.Tokens), ("chosen_labels", batch.Tokens), ("rejected", batch.Tokens),
        ("rejected_labels", batch.Tokens), ("margin", new TensorType([batch.Rows])));
}
