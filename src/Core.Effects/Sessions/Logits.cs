using Functional.Base;
using Functional.Engines;
using Functional.Families;
using Functional.Generation;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>The numbers that a model gives for what comes next, or, of a model that judges texts, for the whole text.</summary>
static class Logits
{
    /// <summary>The ids that are read, checked: each is a token, and there are some, but no more than the model can see.</summary>
    /// <param name="config">The model.</param>
    /// <param name="marks">Its special tokens; a judge does not read pads around a text.</param>
    /// <param name="ids">What was given.</param>
    /// <param name="last">How many positions are asked for.</param>
    /// <param name="cached">Whether they are to be read a token at a time, which shows only what came before.</param>
    public static Validation<Fault, int[]> Checked(DecoderConfig config, TokenMarks marks, IReadOnlyList<int> ids, int last, bool cached = false)
    {
        var strange = ids.Where(id => id < 0 || id >= config.Vocabulary).Distinct().Take(10).Select(id =>
            Fault.Of<Unit>("ids", $"holds {id}, which is no token of the model", $"allowed: 0 to {config.Vocabulary - 1}"));
        var read = config.Labels > 0 ? WithoutPads(ids, marks.Pad) : [.. ids];
        return strange.Concat(
        [
            Fault.Unless(ids.Count > 0, "ids", "is empty", "expected one token or more"),
            Fault.Unless(read.Length <= config.Context || !config.IsBounded, "ids", $"is a prompt longer than the context: {read.Length} tokens",
                $"allowed: up to {config.Context}"),
            Fault.Unless(last >= 1 && (last <= read.Length || ids.Count == 0), "last", $"is {last}", $"allowed: 1 to {read.Length}, the tokens that are read"),
            Fault.Unless(!cached || config is { Bidirectional: false, Pooling: Pooling.Last }, "cached", "is asked of a model that reads texts as a whole",
                $"allowed: all tokens at once, for it has {(config.Bidirectional ? "bidirectional true" : "pooling mean")}"),
            Fault.Unless(last == 1 || config.Labels == 0, "last", $"is {last}, but a model that judges texts has numbers for the whole text", "allowed: 1"),
        ]).Gather().Map(_ => read);
    }

    // All of them are pads, perhaps: then one of them is what there is.
    static int[] WithoutPads(IReadOnlyList<int> ids, Option<int> pad) => pad.Match(p =>
    {
        var first = Enumerable.Range(0, ids.Count).FirstOrDefault(i => ids[i] != p, Math.Max(0, ids.Count - 1));
        var end = Enumerable.Range(0, ids.Count).LastOrDefault(i => ids[i] != p, ids.Count - 1);
        return (int[])[.. ids.Skip(first).Take(end - first + 1)];
    }, () => [.. ids]);

    /// <summary>By the full forward pass, all positions at once: <c>[last, outputs]</c>.</summary>
    public static float[][] Whole(IEngine engine, Model model, Params<IBuffer> parameters, int[] ids, int last, bool judges)
    {
        var batch = new BatchShape(1, ids.Length);
        using var workspace = new Workspace(engine);
        workspace.Alias(parameters.Rename(Names.Param));
        workspace.Add(Names.Inputs, batch.Tokens).Write<int>(ids);
        if (judges) workspace.Add(Names.Feed("lengths"), new([1], DType.I32)).Write<int>([ids.Length]);
        var program = workspace.Bind(judges ? Programs.Judged(model, batch) : Programs.LastLogits(model, batch, last));
        program.Run();
        return [.. program[Names.Logits].ToArray<float>().Chunk(model.Outputs)];
    }

    /// <summary>By the decoder, as when text is written: what comes first at once, and then a token at a time.</summary>
    public static float[][] Cached(IEngine engine, Model model, Params<IBuffer> parameters, int[] ids, int last)
    {
        using var decoder = new Decoder(engine, model, parameters);
        return [.. Enumerable.Range(0, last).Select(i =>
        {
            var next = new float[model.Outputs];
            var at = ids.Length - last + i;
            decoder.Read(i == 0 ? ids.AsSpan(0, at + 1) : ids.AsSpan(at, 1), next);
            return next;
        })];
    }
}
