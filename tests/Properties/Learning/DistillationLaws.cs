using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Learning;

/// <summary>What a student learns from a teacher.</summary>
public sealed class DistillationLaws
{
    const int Vocabulary = 5;

    static readonly BatchShape batch = new(3, 4);
    static readonly DecoderConfig small = new() { Layers = 1, Heads = 2, Width = 6, Context = 4, Vocabulary = 7 }, large = small with { Layers = 2, Width = 8 };

    static double[] Logits(byte seed, string name, double scale = 2) => [.. Enumerable.Range(0, Vocabulary).Select(i => scale * Key.Seed(seed).FoldIn(name).Normal(i))];

    static double[] Shares(double[] logits)
    {
        var (most, all) = (logits.Max(), 0.0);
        foreach (var z in logits) all += Math.Exp(z - most);
        return [.. logits.Select(z => Math.Exp(z - most) / all)];
    }

    static double Kl(double[] p, double[] q) => p.Zip(q, static (a, b) => a * Math.Log(a / b)).Sum();

    static Tensor Row(string name) => Create.Input(name, [1, Vocabulary]);

    static Value Of(double[] logits) => Value.Of(new([1, Vocabulary]), logits);

    // The divergence, and its gradients by teacher and student.
    static (double Value, double[] Teacher, double[] Student) Divergence(double[] teacher, double[] student, double beta)
    {
        var (p, q) = (Row("teacher"), Row("student"));
        var value = Distillation.Divergence(p, q, beta);
        var gradients = Vjp.Gradients(value.SumAll(), p, q);
        var results = Program.Of([new("value", value), new("p", gradients[0]), new("q", gradients[1])]).Evaluate(new Dictionary<string, Value> { ["teacher"] = Of(teacher), ["student"] = Of(student) });
        double[] All(string name) => [.. Enumerable.Range(0, Vocabulary).Select(i => results[name][i])];
        return (results["value"][0], All("p"), All("q"));
    }

    /// <summary>It is what the papers write: forward and reverse KL at the ends, and between them the mixture's (Agarwal et al. 2024, equation 1).</summary>
    [Property(MaxTest = 40)]
    public void A_divergence_is_that_of_the_paper(byte seed, byte at)
    {
        var (p, q, beta) = (Logits(seed, "p"), Logits(seed, "q"), at % 5 / 4.0);
        var (teacher, student) = (Shares(p), Shares(q));
        var mixed = teacher.Zip(student, (a, b) => beta * a + (1 - beta) * b).ToArray();
        var expected = beta == 0 ? Kl(teacher, student) : beta == 1 ? Kl(student, teacher) : beta * Kl(teacher, mixed) + (1 - beta) * Kl(student, mixed);
        var (value, toTeacher, toStudent) = Divergence(p, q, beta);
        Assert.Equal(expected, value, 1e-5);
        Assert.True(value > 0, $"{value}");
        Assert.All(toTeacher, static g => Assert.Equal(0, g));
        Assert.Contains(toStudent, static g => Math.Abs(g) > 1e-6);
        // What teacher and student change places in is the other end.
        Assert.Equal(value, Divergence(q, p, 1 - beta).Value, 1e-5);
        if (beta is > 0 and < 1) Assert.InRange(value, 0, -beta * Math.Log(beta) - (1 - beta) * Math.Log(1 - beta) + 1e-6);
    }

    /// <summary>A student that expects what its teacher does has nothing to learn, and so has one whose logits are another's by a number.</summary>
    [Property(MaxTest = 20)]
    public void Nothing_is_learned_from_an_equal(byte seed, byte at, byte shift)
    {
        var p = Logits(seed, "p");
        var (value, _, student) = Divergence(p, [.. p.Select(z => z + shift / 32.0)], at % 5 / 4.0);
        Assert.Equal(0, value, 1e-5);
        Assert.All(student, static g => Assert.Equal(0, g, 1e-5));
    }

    /// <summary>Tokens that one of both holds to be impossible make nothing that is no number.</summary>
    [Theory, InlineData(0), InlineData(0.5), InlineData(1)]
    public void What_is_all_but_impossible_stays_finite(double beta)
    {
        var (value, _, student) = Divergence([200, 0, -200, 0, 0], [-200, 0, 200, 0, 0], beta);
        Assert.True(double.IsFinite(value) && student.All(double.IsFinite), $"{value}");
    }

    /// <summary>Every engine computes it and its gradient, in rows of any number and length.</summary>
    [Theory, InlineData(1, 5, 0.5), InlineData(7, 65, 0.5), InlineData(96, 65, 0), InlineData(96, 65, 0.25), InlineData(96, 65, 1), InlineData(33, 700, 0.5)]
    public void Engines_agree_about_divergences(int rows, int vocabulary, double beta)
    {
        Tensor teacher = Create.Input("teacher", [rows, vocabulary]), student = Create.Input("student", [rows, vocabulary]);
        var each = Distillation.Divergence(teacher, student, beta);
        var program = Program.Of([new("each", each), new("sum", each.SumAll()), new("gradient", Vjp.Gradients(each.SumAll(), student)[0])]);
        var given = new[] { "teacher", "student" }.ToDictionary(static n => n, n => Runs.Normal(new([rows, vocabulary]), Key.Seed(7).FoldIn(n), 2));
        var expected = program.Evaluate(given);
        foreach (var (name, engine) in EngineList.All)
            using (var made = engine())
                foreach (var (output, value) in Runs.On(made)(program, given)) Runs.Close(expected[output], value, 1e-4 * (1 + rows), $"{name}: {output}");
    }

    static Dictionary<string, Value> Inputs(Objective objective, ulong seed)
    {
        var values = objective.Parameters.ToDictionary(static p => p.Name, p => Runs.Normal(p.Spec.Type, Key.Seed(seed).FoldIn(p.Name), 0.5));
        values[Names.Feed("inputs")] = Runs.Tokens(batch, small.Vocabulary, seed);
        values[Names.Feed("labels")] = Runs.Labels(batch, small.Vocabulary, seed);
        values[Names.Key] = Runs.KeyOf(seed);
        return values;
    }

    static IReadOnlyDictionary<string, Value> Evaluate(Program program, IReadOnlyDictionary<string, Value> given) => program.Evaluate(program.Inputs.ToDictionary(static i => i.Name, i => given[i.Name]));

    /// <summary>
    /// The loss is the mean over tokens that are learned, of a teacher of any size, which is read without dropout and does not learn; what the rows say counts beside it in training
    /// alone.
    /// </summary>
    [Property(MaxTest = 10)]
    public void A_student_learns_the_mean_of_what_counts(byte seed, byte at)
    {
        var options = new DistillOptions { Beta = at % 5 / 4.0, Temperature = 0.5 + at % 3, AnswerWeight = at % 4 * 0.5 };
        var (student, teacher) = (Transformer.Of(small), Transformer.Of(large with { Dropout = 0.3 }));
        var objective = Distillation.Of(student, teacher, batch, options);
        Assert.All(objective.Learned, static p => Assert.Equal("", p.Part.Name));
        var given = Inputs(objective, seed);
        double[] LogitsOf(Model model, Func<string, string> name)
        {
            var program = Programs.Logits(model, batch);
            var logits = program.Evaluate(program.Inputs.ToDictionary(static i => i.Name,
                i => i.Name == Names.Inputs ? given[Names.Feed("inputs")] : given[name(i.Name[Names.Param("").Length..])]))[Names.Logits];
            return [.. Enumerable.Range(0, (int)logits.Type.Size).Select(i => logits[i] / options.Temperature)];
        }
        var (own, taught) = (LogitsOf(student, Names.Param), LogitsOf(teacher, objective["teacher"].Param));
        var (sum, cross, count) = (0.0, 0.0, 0);
        for (var i = 0; i < batch.Rows * batch.Time; i++)
        {
            var label = (int)given[Names.Feed("labels")][i];
            if (label < 0) continue;
            double[] Row(double[] of) => of[(i * small.Vocabulary)..((i + 1) * small.Vocabulary)];
            var (p, q) = (Shares(Row(taught)), Shares(Row(own)));
            var mixed = p.Zip(q, (a, b) => options.Beta * a + (1 - options.Beta) * b).ToArray();
            sum += options.Beta == 0 ? Kl(p, q) : options.Beta == 1 ? Kl(q, p) : options.Beta * Kl(p, mixed) + (1 - options.Beta) * Kl(q, mixed);
            cross -= Math.Log(Shares([.. Row(own).Select(z => z * options.Temperature)])[label]);
            count++;
        }
        double Mean(bool training) => Evaluate(Program.Of([new("loss", objective.Loss(training).Total.Mean)]), given)["loss"][0];
        Assert.Equal(sum / count, Mean(false), 1e-4);
        Assert.Equal((sum + options.AnswerWeight * cross) / count, Mean(true), 1e-4);
    }

    /// <summary>Of texts that share a row both read each as if it were alone.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Texts_in_a_row_are_read_alone(int first)
    {
        double Sum(int time, int at, bool texts)
        {
            var shape = new BatchShape(batch.Rows, time);
            var objective = Distillation.Of(Transformer.Of(small), Transformer.Of(large), shape, new(), texts);
            var given = Inputs(objective, 5);
            foreach (var name in new[] { "inputs", "labels" })
                given[Names.Feed(name)] = Value.Of(shape.Tokens, [.. Enumerable.Range(0, shape.Rows * time).Select(i => given[Names.Feed(name)][i / time * batch.Time + at + i % time])]);
            if (texts) given[Names.Feed("starts")] = Value.Of(shape.Tokens, [.. Enumerable.Range(0, shape.Rows * time).Select(i => i % time < first ? 0.0 : first)]);
            return Evaluate(Program.Of([new("loss", objective.Loss(false).Total.Sum)]), given)["loss"][0];
        }
        Assert.Equal(Sum(first, 0, false) + Sum(batch.Time - first, first, false), Sum(batch.Time, 0, true), 1e-5);
    }

    /// <summary>Teacher and student have the same tokens.</summary>
    [Fact]
    public void A_teacher_of_other_tokens_teaches_nothing() => Assert.Throws<ArgumentException>(() =>
        Distillation.Of(Transformer.Of(small), Transformer.Of(large with { Vocabulary = 9 }), batch, new()));
}
