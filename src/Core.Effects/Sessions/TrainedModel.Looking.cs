using Functional.Base;
using Functional.Engines;
using Functional.Layers;
using Functional.Learning;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>To which tokens each token of a text attends in a layer.</summary>
/// <param name="Layer">The layer's path, such as <c>blocks.0.attention</c>.</param>
/// <param name="Time">How many tokens the text has.</param>
/// <param name="Heads">Of each head the weights, a row a token: Time · Time numbers, those of a row 1 together, and 0 for what it does not see.</param>
public sealed record AttentionWeights(string Layer, int Time, Vec<Vec<float>> Heads);

/// <content>What it looks at.</content>
public sealed partial class TrainedModel
{
    // Layers · heads · tokens · tokens of them are computed at once.
    const long MostWeights = 1 << 26;

    /// <summary>The attention of every layer and head over a text.</summary>
    /// <param name="ids">Its tokens: one or more, and no more than the model's context.</param>
    /// <returns>A layer's weights each; faults for what are no tokens, too many, or numbers that are not finite.</returns>
    public Validation<Fault, Vec<AttentionWeights>> Attention(IReadOnlyList<int> ids)
    {
        var (time, config) = (ids.Count, Run.Config.Decoder);
        return from some in Fault.Unless(time >= 1, "text", "has no tokens", "needed: one or more")
               from fits in Fault.Unless(time <= Model.Context, "text", $"has {time} tokens", $"allowed: up to {Model.Context}, the model's context")
               from known in Fault.Unless(ids.All(id => id >= 0 && id < Model.Vocabulary), "text", "has tokens that the model does not know", $"allowed: 0 to {Model.Vocabulary - 1}")
               from room in Fault.Unless((long)config.Layers * config.Heads * time * time <= MostWeights, "text", $"has {time} tokens, of which {config.Layers} layers of {config.Heads} heads have too many pairs", "allowed: fewer")
               from weights in Computed()
               from finite in Fault.Unless(weights.All(static l => l.Heads.All(static h => h.All(float.IsFinite))), Checkpoint.Folder, "the model's numbers are not finite", "allowed: another checkpoint")
               select weights;

        Validation<Fault, Vec<AttentionWeights>> Computed()
        {
            using var workspace = new Workspace(engine, Params.Of((Names.Inputs, new BatchShape(1, time).Tokens)));
            workspace.Alias(parameters.Buffers.Rename(Names.Param));
            var program = Programs.AttentionWeights(Model, new(1, time));
            using var bound = workspace.Bind(program);
            workspace[Names.Inputs].Write<int>([.. ids]);
            bound.Run();
            return Prelude.Success<Fault, Vec<AttentionWeights>>([.. program.Outputs.Where(static o => o.Name.StartsWith(Names.Weights(""), StringComparison.Ordinal)).Select(o =>
                new AttentionWeights(o.Name[Names.Weights("").Length..], time, [.. bound[o.Name].ToArray<float>().Chunk(time * time).Select(static head => head.ToVec())]))]);
        }
    }
}
