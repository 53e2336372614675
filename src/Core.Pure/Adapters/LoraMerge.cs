using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Adapters;

/// <summary>Adapters put into the matrices that they stand on, and taken out again.</summary>
public static class LoraMerge
{
    /// <summary>
    /// The parameters of the base that computes by itself what it computes with adapters: inputs are parameters of both, outputs those of the base's that
    /// change; and for each adapter with learned norms <c>norm/SITE</c>, what the outputs were divided by, without which it cannot be taken out. Where a
    /// head is tied to the table of tokens and only one of them changes (<see cref="Unties"/>), <c>head.weight</c> is an output, too.
    /// </summary>
    /// <param name="model">The base.</param>
    /// <param name="plan">The adapters.</param>
    public static Program Into(Model model, LoraPlan plan)
    {
        var env = Inputs(model, plan);
        Vec<Named> norms = [.. plan.Adapters.Where(static a => a.Dora).Select(a => new Named(Norm(a), Norms(plan, env, a)))];
        return InPlace([.. Changed(model, plan, env, (adapter, stretch, from, w, low) => adapter.Dora
            ? (w + low) * (env.Parameters(adapter.Magnitude) / Norms(plan, env, adapter)).Slice(0, from, stretch.Count) : w + low), .. norms]);
    }

    /// <summary>The inverse of <see cref="Into"/>: its outputs and the adapters' parameters in, the base's parameters out.</summary>
    /// <exception cref="ArgumentException">There are copies, whose originals are not to be had from them.</exception>
    public static Program OutOf(Model model, LoraPlan plan)
    {
        if (plan.Copies.Count > 0) throw new ArgumentException($"{plan.Copies[0].Of} was replaced, and cannot be had from its copy.");
        var env = Inputs(model, plan);
        // A head that was made a matrix of its own is left behind.
        var shared = Unties(model, plan) ? plan with { Adapters = [.. plan.Adapters.Where(static a => a.Site.Kind != SiteKind.Head)] } : plan;
        return InPlace([.. Changed(model, shared, env, (adapter, stretch, from, w, low) => adapter.Dora
            ? w * (Create.Input(Norm(adapter), [adapter.Site.Outputs]) / env.Parameters(adapter.Magnitude)).Slice(0, from, stretch.Count) - low : w - low)
            .Where(n => n.Name != Names.Param(Untied))]);
    }

    /// <summary>Whether what is merged has a head of its own, <c>head.weight</c>, where the base's is its table of tokens.</summary>
    public static bool Unties(Model model, LoraPlan plan) => model.Body.Params.Contains(LoraPlan.HeadOf(model))
        && (plan.Adapters.Any(static a => a.Site.Kind != SiteKind.Linear) || plan.Copies.Any(c => c.Of == LoraPlan.HeadOf(model)));

    const string Untied = "head.weight";

    static string Norm(Adapter adapter) => $"norm/{adapter.Own("lora_magnitude")}";

    // A parameter that is read becomes the one that is made of it.
    static Program InPlace(Vec<Named> outputs)
    {
        var read = Program.Of(outputs).Inputs.Select(static i => i.Name).ToVec();
        return Program.Of(outputs, [.. outputs.Where(o => read.Contains(o.Name)).Select(static o => new Donation(o.Name, o.Name))]);
    }

    // Of the matrix that the adapter stands on, which may be a copy.
    static Tensor Norms(LoraPlan plan, Env env, Adapter adapter) => LoraNorm.Of(new LoraEnv(plan, adapter.Site.Kind == SiteKind.Head).Of(env), adapter);

    static Env Inputs(Model model, LoraPlan plan) =>
        Env.Of(model.Specs.Concat(plan.Specs(model.Specs)).Map(static (name, spec) => Create.Input(Names.Param(name), spec.Type)));

    // Given an adapter, a stretch of it and where that begins among its outputs, the stretch's matrix as columns and scale · A B.
    delegate Tensor Change(Adapter adapter, Stretch stretch, int from, Tensor columns, Tensor low);

    static IEnumerable<Named> Changed(Model model, LoraPlan plan, Env env, Change change)
    {
        var (head, unties) = (LoraPlan.HeadOf(model), Unties(model, plan));
        foreach (var (name, _) in model.Specs)
        {
            var ofBody = With(plan, env, name, forHead: false, change);
            if ((name != head || unties) && ofBody is not null) yield return new(Names.Param(name), ofBody);
            if (name != head) continue;
            var ofHead = With(plan, env, name, forHead: true, change);
            if (unties) yield return new(Names.Param(Untied), ofHead ?? env.Parameters(name));
            else if (ofHead is not null) yield return new(Names.Param(name), ofHead);
        }
    }

    // Nothing where a parameter stays as it is.
    static Tensor? With(LoraPlan plan, Env env, string name, bool forHead, Change change)
    {
        var copies = new LoraEnv(plan, forHead).Of(env).Parameters(name);
        var sites = plan.Adapters.Where(a => a.Site.Kind == SiteKind.Head == forHead && a.Site.Stretches.Any(s => s.Matrix == name)).ToList();
        if (sites.Count == 0) return copies.Equals(env.Parameters(name)) ? null : copies;
        var columns = forHead ? copies.T() : copies;
        var (parts, at) = (new List<Tensor>(), 0);
        foreach (var (adapter, stretch, from) in sites.SelectMany(LoraEnv.Pieces).Where(p => p.Stretch.Matrix == name).OrderBy(static p => p.Stretch.First))
        {
            if (stretch.First > at) parts.Add(columns.Slice(1, at, stretch.First - at));
            var low = (env.Parameters(adapter.A) * adapter.Scale).MatMul(env.Parameters(adapter.B).Slice(1, from, stretch.Count));
            parts.Add(change(adapter, stretch, from, columns.Slice(1, stretch.First, stretch.Count), low));
            at = stretch.First + stretch.Count;
        }
        if (at < columns.Shape[1]) parts.Add(columns.Slice(1, at, columns.Shape[1] - at));
        var all = Movement.Concat(1, [.. parts]);
        return forHead ? all.T() : all;
    }
}
