using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>What a policy learns from what it drew.</summary>
public static class PolicyObjectives
{
    /// <summary>
    /// To draw more often what had an advantage and less often what had none. The batch: <c>inputs</c> and <c>labels</c> <c>i32[rows, time]</c>, a label of −100
    /// where no token of the answer is next; <c>advantages</c> and <c>old</c> <c>f32[rows, time]</c> at the labels' places (see
    /// <see cref="Programs.PolicyNumbers"/>); <c>reference</c> where the reference's numbers come with the rows; <c>sampling</c> where it is asked for; and with a
    /// critic <c>returns</c> and <c>values</c>, the old ones. What the models' layers add (<see cref="Names.Auxiliary"/>) counts in training; the loss without it
    /// is then shown as <c>objective</c>.
    /// <para>An entropy that counts is differentiated with all logits of the batch in memory; one that is only shown is not.</para>
    /// </summary>
    /// <param name="model">The policy.</param>
    /// <param name="batch">The shape of the tokens.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="options">How it counts.</param>
    /// <param name="cached">Whether the reference's numbers come with the rows.</param>
    /// <param name="reference">The model that the policy is held to, where its numbers do not come with the rows.</param>
    /// <param name="shares">Whether the reference has the policy's own parameters wherever it has any of the name, as the base of adapters does.</param>
    /// <param name="critic">What learns values beside.</param>
    /// <param name="values">How it learns them.</param>
    /// <param name="sampling">Whether the log-probabilities of what drew the tokens come with the rows.</param>
    /// <param name="texts">Whether a row may hold several texts, as of <see cref="Objectives.NextToken"/>, or begin with padding.</param>
    /// <exception cref="ArgumentException">
    /// A reference is to be kept to and there is none, it comes twice, or a correction is asked for and what drew the tokens is not known.
    /// </exception>
    public static Objective Policy(Model model, BatchShape batch, PolicyLoss loss, PolicyOptions options, bool cached = false, Model? reference = null,
        bool shares = false, Critic? critic = null, ValueOptions? values = null, bool sampling = false, bool texts = false)
    {
        if (cached && reference is not null) throw new ArgumentException("a reference is a model or comes with the rows, not both.", nameof(cached));
        if (options.Beta > 0 && !cached && reference is null) throw new ArgumentException("there is no reference that the policy could be held to.", nameof(reference));
        if (options.Correction != SamplingCorrection.None && !sampling) throw new ArgumentException("what drew the tokens is not known.", nameof(sampling));
        var number = new TensorType([batch.Rows, batch.Time]);
        Vec<string> numbers = ["advantages", "old", .. cached ? (Vec<string>)["reference"] : [], .. sampling ? (Vec<string>)["sampling"] : [],
            .. critic is null ? (Vec<string>)[] : ["returns", "values"]];
        return new(
            [
                new("", model), .. reference is null ? (Vec<Part>)[] : [new("reference", reference) { Learns = false, Shares = shares ? "" : null }],
                .. critic is null ? (Vec<Part>)[] : [critic.AsPart],
            ],
            batch.Feed.Concat(texts ? Params.Of(("starts", batch.Tokens)) : Params<TensorType>.Empty).Concat(numbers.Select(n => (n, number)).ToParams()), scene =>
            {
                Env Of(string part) => texts ? scene.Of(part) with { Starts = scene["starts"] } : scene.Of(part);
                LogProbabilities Read(Model of, string part) => LogProbabilities.Of(of, Of(part), scene["inputs"], scene["labels"]);
                var read = Read(model, "");
                var at = read.At(options.Temperature);
                var total = PolicyLosses.Of(loss, new(at.Tokens, scene["old"], scene["advantages"], at.Mask)
                {
                    Entropies = options.Entropy > 0 ? at.Entropies : at.Entropies.StopGradient(), Sampling = sampling ? scene["sampling"] : null,
                    Reference = reference is not null ? Read(reference, "reference").At(options.Temperature).Tokens : cached ? scene["reference"] : null,
                }, options);
                var side = read.Side;
                if (critic is not null)
                {
                    var (how, expected) = (values ?? new(), critic.Values(Of(Critic.Name), scene["inputs"], () => read.Hidden));
                    var mask = how.Longer ? ValueTerms.Longer(at.Mask) : at.Mask;
                    total = ValueLosses.With(total, ValueLosses.Of(new(expected.Value, scene["values"], scene["returns"], mask), how), how);
                    side = [.. side, .. expected.Under(Names.Auxiliary(""))];
                }
                return Losses.WithAuxiliary(total, scene.Training ? side : [], "objective");
            });
    }
}
