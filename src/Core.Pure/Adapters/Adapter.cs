using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Adapters;

/// <summary>An adapter at a site.</summary>
/// <param name="Site">Where.</param>
/// <param name="Rank">Its rank.</param>
/// <param name="Scale">What its output is multiplied by.</param>
/// <param name="Dropout">The rate of dropout on its input in training.</param>
/// <param name="Dora">Whether outputs have learned norms.</param>
/// <param name="Set">The name of the set of adapters that it is of; empty where there is one.</param>
public sealed record Adapter(Site Site, int Rank, double Scale, double Dropout, bool Dora, string Set)
{
    /// <summary>The parameter A, <c>[inputs, rank]</c>.</summary>
    public string A => Own("lora_a");

    /// <summary>The parameter B, <c>[rank, outputs]</c>.</summary>
    public string B => Own("lora_b");

    /// <summary>The parameter of learned norms, <c>[outputs]</c>, where there are any.</summary>
    public string Magnitude => Own("lora_magnitude");

    /// <summary>
    /// Its parameters. One of A and B begins with zeros, so that it changes nothing: B, and A begins uniform within ±1/√inputs; but for a table, whose A begins
    /// with zeros and B normal, as in PEFT.
    /// </summary>
    public Vec<ParamSpec> Specs =>
    [
        ParamSpec.Of(A, [Site.Inputs, Rank], Site.Kind == SiteKind.Table ? Initializer.Zeros : new Initializer.Uniform(1 / Math.Sqrt(Site.Inputs))),
        ParamSpec.Of(B, [Rank, Site.Outputs], Site.Kind == SiteKind.Table ? new Initializer.Normal(1) : Initializer.Zeros),
        // What it begins with follows from the base: see Lora.Begin.
        .. Dora ? (Vec<ParamSpec>)[ParamSpec.Of(Magnitude, [Site.Outputs], Initializer.Ones)] : [],
    ];

    /// <summary>The name of something of its own, such as <c>blocks.0.q.lora_a</c>, or of a set, <c>blocks.0.q.SET.lora_a</c>.</summary>
    internal string Own(string role) => Named(Site.Name, Set, role);

    internal static string Named(string name, string set, string role) => set.Length == 0 ? $"{name}.{role}" : $"{name}.{set}.{role}";

    /// <summary>The input as dropout leaves it in training; else as it is. Tables have none.</summary>
    internal Tensor Dropped(Env env, Tensor x) => Nn.Dropout(Dropout).Apply(env with { Path = Own("lora_dropout") }, x).Value;
}

/// <summary>A copy of a parameter, or of some of its last axis, that stands in its place.</summary>
/// <param name="Name">The copy's name.</param>
/// <param name="Of">The parameter's name.</param>
/// <param name="First">Where on the last axis it begins.</param>
/// <param name="Count">How many of the last axis it has.</param>
/// <param name="Learns">Whether it learns.</param>
/// <param name="ForHead">Whether it is what the head reads; else what the layers read.</param>
public sealed record OwnCopy(string Name, string Of, int First, int Count, bool Learns, bool ForHead);
