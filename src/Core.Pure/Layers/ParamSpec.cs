using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

/// <summary>What a parameter does in a model, by which optimisers tell parameters apart.</summary>
public enum ParamRole
{
    /// <summary>Multiplies hidden states: the weight of a linear layer inside the model, of an expert, a router, an adapter.</summary>
    Matrix,
    /// <summary>A table of tokens or positions; also where the head shares it.</summary>
    Embedding,
    /// <summary>What makes logits, or a judge's score, of the last hidden states.</summary>
    Head,
    /// <summary>The scale or shift of a norm.</summary>
    Norm,
    /// <summary>The bias of a linear layer, and whatever else is a vector.</summary>
    Bias,
}

/// <summary>What a parameter is, without its value.</summary>
/// <param name="Name">Its full name, such as <c>blocks.0.qkv.weight</c>; what checkpoints and programs call it.</param>
/// <param name="Type">Its shape and element type.</param>
/// <param name="Init">Its first value.</param>
/// <param name="Decays">Whether weight decay applies: usually to matrices, not to biases and norms.</param>
/// <param name="Trains">Whether training changes it.</param>
public sealed record ParamSpec(string Name, TensorType Type, Initializer Init, bool Decays, bool Trains = true)
{
    /// <summary>What it does in its model.</summary>
    public ParamRole Role { get; init; } = Type.Rank >= 2 ? ParamRole.Matrix : ParamRole.Bias;

    /// <summary>A trained float32 parameter that decays when it has two axes or more.</summary>
    public static ParamSpec Of(string name, Vec<int> shape, Initializer init) => new(name, new(shape), init, shape.Count >= 2);

    /// <summary>The same of a role that its shape does not tell.</summary>
    public static ParamSpec Of(string name, Vec<int> shape, Initializer init, ParamRole role) => Of(name, shape, init) with { Role = role };

    /// <summary>
    /// The part of the first value that begins at element <paramref name="start"/>: a function of the run's key and the parameter's
    /// name alone, whatever order parameters are made in and however the elements are divided over calls.
    /// </summary>
    /// <param name="run">The run's key for parameters.</param>
    /// <param name="start">The first element, in row-major order.</param>
    /// <param name="destination">Where the elements go.</param>
    public void Fill(Key run, long start, Span<float> destination) => Init.Fill(run.FoldIn(Name), start, destination);

    /// <summary>As <c>qkv.weight f32[16, 48] normal(0.02)</c>.</summary>
    public override string ToString() => $"{Name} {Type} {Init}{(Decays ? ", decays" : "")}{(Trains ? "" : ", frozen")}";
}
