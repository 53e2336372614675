using System.Text;
using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Meaning;

namespace Functional.Samples;

/// <summary>Lesson 24: optimisers in a valley, a hundred times steeper across than along. All of them are chains of the same few transforms.</summary>
public static class ValleyLesson
{
    const int Columns = 61, Rows = 13;

    static readonly double[] start = [-2.6, 0.9];

    internal static readonly (char Mark, string Name, double Rate, GradientTransform Transform)[] runs =
    [
        ('s', "sgd", 0.015, Optimisers.Sgd()), ('m', "momentum", 0.015, Optimisers.Sgd(0.8)), ('a', "adam", 0.15, Optimisers.Adam(0.9, 0.99)),
        ('l', "lion", 0.08, Optimisers.Lion()), ('u', "muon", 0.6, Muon.ScaleByMuon(0.6).Then(Optimisers.ScaleByLearningRate())),
    ];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            A valley
            ========
            f(x, y) = ½x² + ½ 100 y² is a hundred times steeper across than along. A plain gradient step points at the walls: the rate has to be small enough for
            y, and then x hardly moves. What each of them makes of the gradient:

                sgd       the gradient itself
                momentum  a running sum of gradients: what keeps its sign grows, what swings cancels
                adam      gradients by the root of their mean square: every coordinate goes as fast
                lion      the sign of a mean: every coordinate goes exactly as far
                muon      a matrix by its singular values: every direction goes as far (of one row, it is the direction alone)

            From (-2.6, 0.9) with rates that suit each, the first 24 steps (o is the bottom):


            """);
        var picture = Enumerable.Range(0, Rows).Select(static _ => Enumerable.Repeat(' ', Columns).ToArray()).ToArray();
        foreach (var run in runs)
            foreach (var (x, y) in Path(run.Transform, run.Rate, 24))
                if (Place(x, y) is var (column, row) && row >= 0 && row < Rows && column >= 0 && column < Columns) picture[row][column] = run.Mark;
        var (bottom, level) = Place(0, 0);
        picture[level][bottom] = 'o';
        foreach (var row in picture) text.Append("    ").Append(new string(row).TrimEnd()).Append('\n');
        text.Append("\n    optimiser   rate   loss after 6    24     96 steps\n");
        foreach (var run in runs)
            text.Append(FormattableString.Invariant($"    {run.Mark} {run.Name,-9} {run.Rate,5:0.000}  {Loss(run, 6),12:0.0000} {Loss(run, 24),8:0.0000} {Loss(run, 96),8:0.0000}\n"));
        text.Append("""

            The law: ten times the loss is ten times the gradient, and sgd goes ten times as far; adam, lion and muon go where they went. That is why one rate
            serves many models with them, and why their rate has to fall towards the end: they never get tired (see lion, which ends as far off as its rate).

            Exercise: from which rate on does sgd leave this valley for ever?

            """);
        return text.ToString();
    }

    /// <summary>Where an optimiser goes.</summary>
    /// <param name="transform">The optimiser.</param>
    /// <param name="rate">Its rate.</param>
    /// <param name="steps">How many steps.</param>
    /// <param name="factor">What the loss is multiplied by.</param>
    public static Vec<(double X, double Y)> Path(GradientTransform transform, double rate, int steps, double factor = 1)
    {
        var spec = ParamSpec.Of("w", [1, 2], Initializer.Zeros);
        var weight = Create.Input("w", spec.Type);
        var curves = Movement.Concat(1, Create.Fill(0.5, [1, 1]), Create.Fill(50, [1, 1]));
        var gradient = Vjp.Gradients((weight * weight * curves).SumAll() * factor, weight)[0];
        var slots = transform.Slots(spec).Select(static s => (s.Name, Create.Input(s.Name, s.Type))).ToParams();
        var after = transform.Apply(new(spec, weight, gradient, slots, static name => Create.Input(Names.Scalar(name), [])));
        var program = Compiling.Program.Of([new("next", weight + after.Update), .. after.Slots.Select(static s => new Named(s.Name, s.Value))]);
        var state = transform.Slots(spec).ToDictionary(static s => s.Name, static s => Value.Of(s.Type, new double[s.Type.Size]));
        state["w"] = Value.Of(spec.Type, start);
        var path = new List<(double, double)> { (start[0], start[1]) };
        for (var step = 1; step <= steps; step++)
        {
            foreach (var (name, value) in Programs.StepScalars(transform, step, rate)) state[name] = Value.Scalar(value);
            var result = program.Evaluate(state);
            foreach (var (name, value) in result) state[name == "next" ? "w" : name] = value;
            path.Add((state["w"][0], state["w"][1]));
        }
        return [.. path];
    }

    /// <summary>The loss somewhere.</summary>
    public static double Of((double X, double Y) at) => 0.5 * at.X * at.X + 50 * at.Y * at.Y;

    static double Loss((char, string, double Rate, GradientTransform Transform) run, int steps) => Of(Path(run.Transform, run.Rate, steps)[^1]);

    static (int Column, int Row) Place(double x, double y) => ((int)Math.Round((x + 3) * 12), (int)Math.Round((1.1 - y) * (Rows - 1) / 2.2));
}
