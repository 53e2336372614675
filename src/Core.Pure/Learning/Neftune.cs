using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

/// <summary>Noise on embeddings in training, which makes fine-tuned models answer more fully (NEFTune; Jain et al. 2023).</summary>
public static class Neftune
{
    const string Tokens = "tokens";

    /// <summary>
    /// The model whose token embeddings have uniform noise of ±alpha / √(time · width) added in training; anything else is as it was. What is drawn is a
    /// function of the run's key. A head that is tied to the table is not touched.
    /// </summary>
    /// <param name="model">The model; its table is called <c>tokens</c>.</param>
    /// <param name="alpha">How strong the noise is, above 0; 5 is usual.</param>
    public static Model Of(Model model, double alpha) => model with
    {
        Body = model.Body with
        {
            Apply = (env, ids) => env.RandomKey is not { } key ? model.Body.Apply(env, ids)
                : Noisy(model, env, ids, key, alpha),
        },
    };

    // Each place of a row reads a row of its own: the tokens' embeddings, one after the other, with the noise added.
    static Flow Noisy(Model model, Env env, Tensor ids, Tensor key, double alpha)
    {
        var table = env.Parameters(Tokens);
        var (rows, time, width) = (ids.Shape[0], ids.Shape[1], table.Shape[1]);
        var noise = Create.RandomBits(key, [rows * time, width], (env with { Path = "neftune" }).Stream >> 1).Cast(DType.F32)
            * (alpha / Math.Sqrt((double)time * width) / 2147483648.0);
        var embedded = table.Gather(ids.Reshape(rows * time)) + noise;
        return model.Body.Apply(env with { Parameters = name => name == Tokens ? embedded : env.Parameters(name) }, Create.Range(rows * time).Reshape(rows, time));
    }
}
