using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Adapters;

/// <summary>
/// Low-rank adapters over a frozen base (Hu et al. 2021), as model → model. They are computed on activations, x W + scale · (dropout(x) A) B: the base's
/// matrices take no gradient and no state of an optimiser, and W + A B is never formed.
/// </summary>
public static class Lora
{
    /// <summary>
    /// The model with adapters, which begins as its base (with norms or copies, after <see cref="Begin"/>). Its parameters are the base's, which no longer
    /// train, and those of the adapters. With an adapter on the head, hidden states and the head's matrix have as many more columns as that has ranks.
    /// </summary>
    /// <param name="model">The base.</param>
    /// <param name="config">The adapters.</param>
    /// <param name="set">Their name, which tells several sets over one base apart; of letters, digits, - and _; empty for one without a name.</param>
    /// <exception cref="ArgumentException">The configuration has faults; <see cref="LoraPlan.Of"/> has them as values.</exception>
    public static Model Of(Model model, LoraConfig config, string set = "") =>
        Of(model, LoraPlan.Of(model, config, set).IfFail(faults => throw new ArgumentException(faults.Lines())));

    /// <summary>The model with the adapters of a plan.</summary>
    public static Model Of(Model model, LoraPlan plan)
    {
        var frozen = model.Specs.Map(static s => s with { Trains = false });
        var specs = frozen.Concat(plan.Specs(model.Specs));
        var (body, head) = (new LoraEnv(plan, false), new LoraEnv(plan, true));
        return model with
        {
            Specs = specs,
            Body = new(specs.Filter((name, _) => model.Body.Params.Contains(name) || !model.Specs.Contains(name)),
                (env, x) => model.Body.Apply(body.Of(env), x).Map(hidden => body.Read(env, hidden))),
            Head = env => head.Head(env, model.Head(head.Of(env))),
        };
    }

    /// <summary>Whether a parameter is the B of an adapter, which LoRA+ gives a higher rate (Hayou et al. 2024).</summary>
    public static bool IsB(ParamSpec spec) => spec.Name.EndsWith(".lora_b", StringComparison.Ordinal);

    /// <summary>
    /// Gives what begins with something of the base its first value, when base and adapters have theirs: norms those of the base's outputs, copies what they
    /// are of. Inputs and outputs are parameters; without norms and copies there are no outputs, and nothing has to be done.
    /// </summary>
    /// <param name="model">The base.</param>
    /// <param name="plan">The adapters.</param>
    /// <param name="param">What programs call a parameter; nothing for <see cref="Names.Param"/>.</param>
    /// <param name="packing">How the base's matrices are kept, see <see cref="Quantise.Of"/>; nothing for as they are.</param>
    public static Program Begin(Model model, LoraPlan plan, Func<string, string>? param = null, BitPacking? packing = null)
    {
        var named = param ?? Names.Param;
        var specs = (packing is null ? model : Quantise.Of(model, packing)).Specs.Concat(plan.Specs(model.Specs));
        var inputs = new Env(name => Create.Input(named(name), specs[name].Type));
        var env = packing is null ? inputs : Quantise.Within(model, packing)(inputs);
        return Program.Of(
        [
            .. plan.Adapters.Where(static a => a.Dora).Select(a => new Named(named(a.Magnitude), LoraNorm.Of(env, a))),
            .. plan.Copies.Select(c => new Named(named(c.Name), env.Parameters(c.Of).Slice(-1, c.First, c.Count))),
        ]);
    }
}
