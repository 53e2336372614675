using Functional.Base;

namespace Functional.Graphs;

/// <summary>Numbers that no formula gives, as a tensor <c>[n]</c>; no arguments.</summary>
/// <param name="Values">The numbers, one or more; each becomes the nearest float32.</param>
public sealed record Listed(Vec<double> Values) : FusedKind
{
    /// <summary>The tensor of these numbers.</summary>
    public static Tensor Of(Vec<double> values) => new Listed(values).Result(0, []);

    /// <inheritdoc/>
    public override string Text => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"listed({string.Join(", ", Values.Map(static v =>
        v.ToString("R", System.Globalization.CultureInfo.InvariantCulture)))})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count == 0 && Values.Count > 0, args, "needs a number or more, and no arguments");
        return [new([Values.Count])];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args) => [Movement.Concat(0, [.. Values.Select(static v => Create.Fill(v, [1]))])];

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 0;
}
