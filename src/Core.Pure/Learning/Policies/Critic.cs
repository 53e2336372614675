using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>
/// What says how much reward is to be expected before each token: a model with one output, or a head of one output on the policy's own hidden states. It is a
/// part of its own, <see cref="Name"/>, whose parameters are its own.
/// </summary>
public sealed record Critic
{
    /// <summary>What the part is called.</summary>
    public const string Name = "critic";

    Critic(Model model, bool onHidden, bool detached) => (Model, OnHidden, Detached) = (model, onHidden, detached);

    /// <summary>The model, or the head as a model whose body does nothing.</summary>
    public Model Model { get; }

    /// <summary>Whether it reads the policy's hidden states; else the tokens.</summary>
    public bool OnHidden { get; }

    /// <summary>Whether the policy's hidden states learn nothing from it.</summary>
    public bool Detached { get; }

    /// <summary>A model of its own, such as one with <c>Labels = 1</c>.</summary>
    /// <exception cref="ArgumentException">The model has more outputs than one.</exception>
    public static Critic Of(Model model) => model.Outputs == 1 ? new(model, false, false)
        : throw new ArgumentException($"a critic has one output, not {model.Outputs}.", nameof(model));

    /// <summary>A head on a policy's hidden states, which begins at 0: its parameter is <c>weight [1, width]</c>.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="detached">Whether the policy's hidden states learn nothing from it.</param>
    public static Critic Head(Model policy, bool detached = false)
    {
        var weight = ParamSpec.Of("weight", [1, policy.Head(Programs.Parameters(policy)).Shape[1]], Initializer.Zeros, ParamRole.Head);
        return new(new(Params.Of((weight.Name, weight)), Layer.Identity, env => env[weight.Name], static _ => Params<TensorType>.Empty, policy.Vocabulary,
            policy.Context) { Outputs = 1 }, true, detached);
    }

    /// <summary>It as a part.</summary>
    internal Part AsPart => new(Name, Model);

    /// <summary>Values of each position, <c>[rows, time]</c>, and what the critic's own layers give beside.</summary>
    /// <param name="env">Its parameters.</param>
    /// <param name="tokens">What is read, <c>i32[rows, time]</c>.</param>
    /// <param name="hidden">The policy's hidden states, <c>[rows, time, width]</c>; they are asked for where it is a head on them.</param>
    internal Flow Values(Env env, Tensor tokens, Func<Tensor> hidden) => (OnHidden
        ? new((Detached ? hidden().StopGradient() : hidden()).MatMul(Model.Head(env).T())) : Model.Logits(env, tokens)).Map(v => v.Reshape(tokens.Shape));
}

public static partial class Programs
{
    /// <summary>
    /// What a policy thinks of tokens that were drawn: outputs <c>logprobs</c> and <c>entropies</c> in nats and, with a critic, <c>values</c>, all
    /// <c>f32[rows, time]</c>, from a batch of <c>inputs</c> and <c>labels</c>; the first two are 0 where a label is −100.
    /// </summary>
    /// <param name="model">The policy.</param>
    /// <param name="batch">The shape of the tokens.</param>
    /// <param name="temperature">Of the distribution that they were drawn from, above 0.</param>
    /// <param name="critic">What is asked for values; its parameters are called <c>critic/param/NAME</c>.</param>
    /// <param name="texts">Whether <c>starts</c> are given, as of <see cref="Objectives.NextToken"/>.</param>
    public static Program PolicyNumbers(Model model, BatchShape batch, double temperature = 1, Critic? critic = null, bool texts = false)
    {
        Tensor Fed(string name) => Create.Input(Names.Feed(name), batch.Tokens);
        Tensor? starts = texts ? Fed("starts") : null;
        var read = LogProbabilities.Of(model, Parameters(model) with { Starts = starts }, Fed("inputs"), Fed("labels"));
        var at = read.At(temperature);
        return Program.Of([new("logprobs", at.Tokens), new("entropies", at.Entropies), .. critic is null ? (Vec<Named>)[]
            : [new("values", critic.Values(ParametersOf(critic) with { Starts = starts }, Fed("inputs"), () => read.Hidden).Value)]]);
    }

    /// <summary>What a critic expects before each token: output <c>values f32[rows, time]</c>, from a batch of <c>inputs</c>.</summary>
    /// <param name="critic">The critic; its parameters are called <c>critic/param/NAME</c>.</param>
    /// <param name="policy">The policy, whose hidden states a head reads; a critic with a model of its own does not look at it.</param>
    /// <param name="batch">The shape of the tokens.</param>
    /// <param name="texts">Whether <c>starts</c> are given, as of <see cref="Objectives.NextToken"/>.</param>
    public static Program Values(Critic critic, Model policy, BatchShape batch, bool texts = false)
    {
        var inputs = Create.Input(Names.Inputs, batch.Tokens);
        Tensor? starts = texts ? Create.Input(Names.Feed("starts"), batch.Tokens) : null;
        return Program.Of([new("values", critic.Values(ParametersOf(critic) with { Starts = starts }, inputs,
            () => policy.Hidden(Parameters(policy) with { Starts = starts }, inputs).Value).Value)]);
    }

    static Env ParametersOf(Critic critic) => Env.Of(critic.Model.Specs.Map((name, spec) => Create.Input(critic.AsPart.Param(name), spec.Type))) with
    {
        Part = Critic.Name,
    };
}
