using Functional.Base;
using Functional.Engines;
using Functional.Generation;
using Functional.Layers;
using Functional.Learning;
using LanguageExt;

namespace Functional.Sessions;

/// <content>Many texts at once, for callers who come and go; what texts are as numbers.</content>
public sealed partial class TrainedModel
{
    readonly Dictionary<int, (Workspace Buffers, BoundProgram Program)> embedders = [];

    /// <summary>The caches of one text that is written, in bytes.</summary>
    public long CacheBytes => Model.Caches(new(1, Batcher.MostPiece)).Values.Sum(static type => type.Bytes);

    /// <summary>A place for texts to be written side by side that is nobody else's; whoever asked disposes of both.</summary>
    /// <param name="rows">How many at once, 1 or more.</param>
    public Validation<Fault, (Streams Streams, Batcher Batcher)> Host(int rows) => Writes().Map(_ =>
    {
        var batcher = new Batcher(engine, Model, parameters.Buffers, rows);
        return (new Streams(batcher, Run.Tokenizer), batcher);
    });

    /// <summary>What a text to go on from asks for.</summary>
    /// <param name="prompt">The text; an empty one begins as texts of the model do.</param>
    /// <param name="decoding">How it goes on.</param>
    /// <param name="most">How many tokens at most, 1 or more.</param>
    /// <param name="key">What they are drawn with.</param>
    /// <param name="stopsAtEnd">Whether it ends where the model says its end.</param>
    public Validation<Fault, Request> Continued(string prompt, Decoding decoding, int most, Key key, bool stopsAtEnd = true) =>
        from generator in Generator(stops: stopsAtEnd)
        from ids in generator.Encode(prompt)
        from request in Request(decoding, [.. ids], most, key, generator.Ends)
        select request;

    /// <summary>What tokens to go on from ask for.</summary>
    /// <param name="prompt">Tokens: one or more.</param>
    /// <param name="decoding">How they go on.</param>
    /// <param name="most">How many tokens at most, 1 or more.</param>
    /// <param name="key">What they are drawn with.</param>
    /// <param name="stopsAtEnd">Whether the text ends where the model says its end.</param>
    public Validation<Fault, Request> Continued(Vec<int> prompt, Decoding decoding, int most, Key key, bool stopsAtEnd = true) =>
        from some in Fault.Unless(prompt.Count > 0, "prompt", "has no tokens", "needed: one or more")
        from known in Fault.Unless(prompt.All(id => id >= 0 && id < Model.Vocabulary), "prompt", "has tokens that the model does not know", $"allowed: 0 to {Model.Vocabulary - 1}")
        from generator in Generator(stops: stopsAtEnd)
        from request in Request(decoding, prompt, most, key, generator.Ends)
        select request;

    /// <summary>
    /// A text as numbers: the mean of its tokens' last hidden states, of length 1. Texts that mean alike to the model have a large product.
    /// </summary>
    /// <param name="ids">Its tokens: one or more, and no more than the model's context where that bounds it.</param>
    /// <returns><c>[width]</c>; faults for what are no tokens, too many, or numbers that are not finite.</returns>
    public Validation<Fault, float[]> Embedding(IReadOnlyList<int> ids) =>
        from some in Fault.Unless(ids.Count >= 1, "text", "has no tokens", "needed: one or more")
        from fits in Fault.Unless(ids.Count <= Model.Context, "text", $"has {ids.Count} tokens", $"allowed: up to {Model.Context}, the model's context")
        from known in Fault.Unless(ids.All(id => id >= 0 && id < Model.Vocabulary), "text", "has tokens that the model does not know", $"allowed: 0 to {Model.Vocabulary - 1}")
        let mean = MeanState(ids)
        from finite in Fault.Unless(System.Array.TrueForAll(mean, float.IsFinite), Checkpoint.Folder, "the model's numbers are not finite", "allowed: another checkpoint")
        select mean;

    // What stands behind a text is not seen from it, so that texts of similar lengths share a program; a model that sees both sides has one a length.
    float[] MeanState(IReadOnlyList<int> ids)
    {
        var time = Model.SeesBothSides ? ids.Count : Math.Min(Model.Context, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(8, ids.Count)));
        if (!embedders.TryGetValue(time, out var embedder))
        {
            var buffers = new Workspace(engine, Params.Of((Names.Inputs, new BatchShape(1, time).Tokens)));
            buffers.Alias(parameters.Buffers.Rename(Names.Param));
            embedders.Add(time, embedder = (buffers, buffers.Bind(Programs.Hidden(Model, new(1, time)))));
        }
        var read = new int[time];
        for (var i = 0; i < ids.Count; i++) read[i] = ids[i];
        embedder.Buffers[Names.Inputs].Write<int>(read);
        embedder.Program.Run();
        var states = embedder.Program[Names.Hidden].ToArray<float>();
        var width = states.Length / time;
        var mean = new double[width];
        for (var t = 0; t < ids.Count; t++)
            for (var i = 0; i < width; i++) mean[i] += states[t * width + i];
        var length = Math.Sqrt(mean.Sum(static m => m * m));
        return [.. mean.Select(m => (float)(length > 0 ? m / length : 0))];
    }
}
