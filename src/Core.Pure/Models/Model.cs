using Functional.Base;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Models;

/// <summary>
/// A language model as a value: parameter specifications and pure functions over an environment. A model over a model (adapters, other
/// heads) is made by changing what the environment looks up; see <see cref="Within"/>.
/// </summary>
/// <param name="Specs">Every parameter, in the order in which the model declares them.</param>
/// <param name="Body">Token ids to hidden states: <c>i32[batch, time] → [batch, time, width]</c>.</param>
/// <param name="Head">The matrix that turns hidden states into logits, <c>[vocabulary, width]</c>.</param>
/// <param name="Caches">The caches of cached decoding for a number of rows, by name.</param>
/// <param name="Vocabulary">How many tokens there are.</param>
/// <param name="Context">The longest sequence.</param>
public sealed record Model(
    Params<ParamSpec> Specs, Layer Body, Func<Env, Tensor> Head, Func<int, Params<TensorType>> Caches, int Vocabulary, int Context)
{
    /// <summary>The last hidden states, <c>[batch, time, width]</c>, of tokens <c>i32[batch, time]</c>.</summary>
    public Flow Hidden(Env env, Tensor tokens) => Body.Apply(env, tokens);

    /// <summary>Logits of every position, <c>[batch, time, vocabulary]</c>, of tokens <c>i32[batch, time]</c>.</summary>
    public Flow Logits(Env env, Tensor tokens) => Hidden(env, tokens).Map(h => h.MatMul(Head(env).T()));

    /// <summary>Logits of the last position only, <c>[batch, vocabulary]</c>.</summary>
    public Flow LastLogits(Env env, Tensor tokens) => Hidden(env, tokens)
        .Map(h => h.Slice(1, h.Shape[1] - 1, 1).Reshape(h.Shape[0], h.Shape[2]).MatMul(Head(env).T()));

    /// <summary>The same functions in a changed environment, over the same or other parameters.</summary>
    /// <param name="change">Gives the environment of the original model, such as one whose weights have an adapter added.</param>
    /// <param name="specs">The parameters of the new model.</param>
    public Model Within(Func<Env, Env> change, Params<ParamSpec> specs) => this with
    {
        Specs = specs,
        Body = new(specs, (env, x) => Body.Apply(change(env), x)),
        Head = env => Head(change(env)),
    };

    /// <summary>How many numbers the parameters hold.</summary>
    public long ParameterCount => Specs.Fold(0L, static (n, s) => n + s.Type.Size);
}
