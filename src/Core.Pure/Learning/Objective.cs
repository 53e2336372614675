using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Learning;

/// <summary>A parameter of an objective: whose it is, and what it is there.</summary>
/// <param name="Part">The part that owns it.</param>
/// <param name="Spec">Its specification, under the name that its model gives it.</param>
public sealed record OwnedParam(Part Part, ParamSpec Spec)
{
    /// <summary>Its name among all parts.</summary>
    public string Name => Part.Param(Spec.Name);

    /// <summary>Whether a step changes it.</summary>
    public bool Learns => Part.Learns && Spec.Trains;
}

/// <summary>What an objective's loss is a function of.</summary>
/// <param name="Feed">The tensors of a batch, by name.</param>
/// <param name="Training">Whether gradients will be taken: models then drop out, and the loss may be another than the one that is measured.</param>
/// <param name="Of">The environment of a part.</param>
public sealed record Scene(Params<Tensor> Feed, bool Training, Func<string, Env> Of)
{
    /// <summary>A tensor of the batch.</summary>
    public Tensor this[string feed] => Feed[feed];
}

/// <summary>
/// What is learned from what: models, the tensors of a batch, and a loss. Everything that trains or measures is made of it
/// (<see cref="Programs"/>), so that an algorithm is its objective and nothing else has to know it.
/// </summary>
public sealed record Objective
{
    readonly Func<Scene, Loss> loss;

    /// <summary>An objective.</summary>
    /// <param name="parts">The models, each with a name of its own.</param>
    /// <param name="feed">The types of a batch's tensors, by name.</param>
    /// <param name="of">The loss of a scene.</param>
    /// <exception cref="ArgumentException">
    /// Two parts have one name, a name has other signs than letters, digits, - and _, or a part shares with one that is not there or shares itself.
    /// </exception>
    public Objective(Vec<Part> parts, Params<TensorType> feed, Func<Scene, Loss> of)
    {
        foreach (var part in parts)
        {
            if (!part.Name.All(static c => char.IsAsciiLetterOrDigit(c)
                || c is '-' or '_')) throw new ArgumentException($"'{part.Name}' is no name of a part.");
            if (parts.Count(p => p.Name == part.Name) > 1) throw new ArgumentException($"two parts are called '{part.Name}'.");
            if (part.Shares is { } other && parts.FirstOrDefault(p => p.Name == other) is not { Shares: null })
                throw new ArgumentException($"'{part.Name}' shares with '{other}', which is no part with parameters of its own.");
        }
        (Parts, Feed, loss) = (parts, feed, of);
    }

    /// <summary>How products are rounded where gradients are taken; nothing for float32.</summary>
    public MixedPrecision? Precision { get; init; }

    /// <summary>
    /// After how many blocks of a model that learns one state is kept for the backward pass, which computes what lies between again; 0 keeps all.
    /// </summary>
    public int Recomputed { get; init; }

    /// <summary>The models.</summary>
    public Vec<Part> Parts { get; }

    /// <summary>The types of a batch's tensors; programs call them <c>batch/NAME</c>.</summary>
    public Params<TensorType> Feed { get; }

    /// <summary>Every parameter once, whoever uses it, in the order of the parts and of their models.</summary>
    public Vec<OwnedParam> Parameters =>
        [.. Parts.SelectMany(part => part.Model.Specs.Values.Where(spec => Owner(part, spec.Name) == part).Select(spec => new OwnedParam(part, spec)))];

    /// <summary>The parameters that a step changes.</summary>
    public Vec<OwnedParam> Learned => [.. Parameters.Where(static p => p.Learns)];

    /// <summary>The loss as a graph whose leaves are the inputs of programs.</summary>
    /// <param name="training">Whether gradients will be taken of it.</param>
    public Loss Loss(bool training) => loss(SceneOf(training));

    /// <summary>The loss in a scene of what holds this objective and more.</summary>
    internal Loss In(Scene scene) => loss(scene);

    /// <summary>Any numbers of a scene as a program: what its models think of a batch when nobody learns.</summary>
    public Program Numbers(Func<Scene, Vec<Named>> of) => Program.Of(of(SceneOf(training: false)));

    Scene SceneOf(bool training) =>
        new(Feed.Map(static (name, type) => Create.Input(Names.Feed(name), type)), training, name => EnvOf(this[name], training));

    /// <summary>A part by its name.</summary>
    public Part this[string name] => Parts.FirstOrDefault(p => p.Name == name) ?? throw new KeyNotFoundException($"no part is called '{name}'.");

    /// <summary>What programs call a parameter of a part, whoever owns it.</summary>
    public string NameOf(Part part, string name) => Owner(part, name).Param(name);

    // What does not learn is a constant, whoever else learns the same tensor.
    Env EnvOf(Part part, bool training)
    {
        var parameters = part.Model.Specs.Map((name, spec) => Create.Input(NameOf(part, name), spec.Type)).Map(p => part.Learns ? p : p.StopGradient());
        var learns = training && part.Learns;
        return Env.Of(parameters) with { Part = part.Name, RandomKey = learns ? Create.Input(Names.Key, [2], DType.I32) : null, Recomputed = learns ? Recomputed : 0 };
    }

    Part Owner(Part part, string name) => part.Shares is { } other && this[other].Model.Specs.Contains(name) ? this[other] : part;
}
