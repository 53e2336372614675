using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Learning;

public static partial class Programs
{
    /// <summary>What a parameter was before a step.</summary>
    public static string Before(OwnedParam param) => $"before/{param.Name}";

    /// <summary>The sum of squares of a parameter.</summary>
    public static string WeightSquares(OwnedParam param) => $"weight_sq/{param.Name}";

    /// <summary>The sum of squares of what a step added to a parameter.</summary>
    public static string UpdateSquares(OwnedParam param) => $"update_sq/{param.Name}";

    /// <summary>The learned parameters as they are, to be kept while a step replaces them: outputs <see cref="Before"/>.</summary>
    public static Program Keep(Objective objective) => Program.Of(objective.Learned.Map(static p => new Named(Before(p), Create.Input(p.Name, p.Spec.Type))));

    /// <summary>
    /// Sums of squares of each learned parameter and of its last update, from the parameters and what <see cref="Keep"/> kept. A program of its own, so that a
    /// step is the same program, bit for bit, whether anybody looks at it or not.
    /// </summary>
    public static Program Norms(Objective objective) => Program.Of([.. objective.Learned.SelectMany(static p =>
    {
        var (now, before) = (Create.Input(p.Name, p.Spec.Type), Create.Input(Before(p), p.Spec.Type));
        var update = now - before;
        return new[] { new Named(WeightSquares(p), (now * now).SumAll()), new Named(UpdateSquares(p), (update * update).SumAll()) };
    })]);
}
