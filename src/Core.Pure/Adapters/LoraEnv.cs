using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Adapters;

/// <summary>What adapters change in the environment of a model's layers, or of its head.</summary>
sealed class LoraEnv
{
    readonly ILookup<string, (Adapter Adapter, Stretch Stretch, int From)> pieces;
    readonly ILookup<string, OwnCopy> copies;
    readonly Adapter? head;

    public LoraEnv(LoraPlan plan, bool forHead)
    {
        pieces = plan.Adapters.Where(static a => a.Site.Kind != SiteKind.Head).SelectMany(Pieces)
            .OrderBy(static p => p.Stretch.First).ToLookup(static p => Key(p.Adapter.Site.Kind, p.Stretch.Matrix), StringComparer.Ordinal);
        copies = plan.Copies.Where(c => c.ForHead == forHead).OrderBy(static c => c.First).ToLookup(static c => c.Of, StringComparer.Ordinal);
        head = plan.Adapters.FirstOrDefault(static a => a.Site.Kind == SiteKind.Head);
    }

    /// <summary>The environment, changed.</summary>
    public Env Of(Env env) => env with
    {
        Parameters = name => copies[name].Any() ? WithCopies(env, name) : env.Parameters(name),
        Product = (here, matrix, x) => Adapted(here, Key(SiteKind.Linear, matrix), env.Product(here, matrix, x), env, x),
        Lookup = (here, table, rows) => Adapted(here, Key(SiteKind.Table, table), env.Lookup(here, table, rows), env, rows),
    };

    /// <summary>Hidden states as the head of <see cref="Head"/> takes them: with what its adapter makes of them behind.</summary>
    public Tensor Read(Env env, Tensor hidden)
    {
        if (head is null) return hidden;
        var own = hidden.Slice(-1, 0, head.Site.Inputs);
        var dropped = head.Dropped(env, own);
        var low = dropped.MatMul(env.Parameters(head.A)) * head.Scale;
        return DropsOut(env, head) ? Movement.Concat(-1, hidden, dropped, low) : Movement.Concat(-1, hidden, low);
    }

    /// <summary>The head's matrix with the adapter's columns.</summary>
    /// <param name="env">The parameters.</param>
    /// <param name="rows">The matrix without, <c>[outputs, inputs or more]</c>.</param>
    public Tensor Head(Env env, Tensor rows)
    {
        if (head is null) return rows;
        var low = env.Parameters(head.B).T();
        if (!head.Dora) return Movement.Concat(1, rows, low);
        var ratio = Ratio(Of(env), head, head.Site.Stretches[0], 0).Reshape(head.Site.Outputs, 1);
        return DropsOut(env, head) ? Movement.Concat(1, rows, rows.Slice(1, 0, head.Site.Inputs) * (ratio - 1), low * ratio)
            : Movement.Concat(1, rows, low) * ratio;
    }

    // As PEFT: what is scaled is the product of what dropout leaves, and the rest of the product is of all.
    static bool DropsOut(Env env, Adapter adapter) => adapter is { Dora: true, Dropout: > 0 } && env.Training;

    Tensor Adapted(Env here, string key, Tensor y, Env outer, Tensor x)
    {
        var (parts, at) = (new List<Tensor>(), 0);
        foreach (var (adapter, stretch, from) in pieces[key])
        {
            if (stretch.First > at) parts.Add(y.Slice(-1, at, stretch.First - at));
            parts.Add(Piece(here, outer, adapter, stretch, from, y.Slice(-1, stretch.First, stretch.Count), x));
            at = stretch.First + stretch.Count;
        }
        if (at < y.Shape[^1]) parts.Add(y.Slice(-1, at, y.Shape[^1] - at));
        return Movement.Concat(-1, [.. parts]);
    }

    static Tensor Piece(Env here, Env outer, Adapter adapter, Stretch stretch, int from, Tensor y, Tensor x)
    {
        var a = here.Parameters(adapter.A);
        var dropped = adapter.Site.Kind == SiteKind.Table ? x : adapter.Dropped(here, x);
        var low = (adapter.Site.Kind == SiteKind.Table ? a.Gather(x) : dropped.MatMul(a)) * adapter.Scale;
        var delta = low.MatMul(here.Parameters(adapter.B).Slice(1, from, stretch.Count));
        if (!adapter.Dora) return y + delta;
        var ratio = Ratio(here, adapter, stretch, from);
        if (!DropsOut(here, adapter)) return (y + delta) * ratio;
        var scaled = stretch.IsWhole ? outer.Product(here, stretch.Matrix, dropped) : dropped.MatMul(LoraNorm.Columns(here, adapter.Site.Kind, stretch));
        return y + scaled * (ratio - 1) + delta * ratio;
    }

    static Tensor Ratio(Env env, Adapter adapter, Stretch stretch, int from) =>
        env.Parameters(adapter.Magnitude).Slice(0, from, stretch.Count) / LoraNorm.Of(env, adapter, stretch, from);

    Tensor WithCopies(Env env, string name)
    {
        var (parts, at, all) = (new List<Tensor>(), 0, env.Parameters(name));
        foreach (var copy in copies[name])
        {
            if (copy.First > at) parts.Add(all.Slice(-1, at, copy.First - at));
            parts.Add(env.Parameters(copy.Name));
            at = copy.First + copy.Count;
        }
        if (at < all.Shape[^1]) parts.Add(all.Slice(-1, at, all.Shape[^1] - at));
        return Movement.Concat(-1, [.. parts]);
    }

    // A table may also be a head's matrix.
    static string Key(SiteKind kind, string matrix) => $"{kind}/{matrix}";

    /// <summary>The stretches of an adapter's site, and where each begins among its outputs.</summary>
    public static IEnumerable<(Adapter Adapter, Stretch Stretch, int From)> Pieces(Adapter adapter)
    {
        var at = 0;
        foreach (var stretch in adapter.Site.Stretches)
        {
            yield return (adapter, stretch, at);
            at += stretch.Count;
        }
    }
}
