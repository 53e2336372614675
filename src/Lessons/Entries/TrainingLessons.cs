using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Meaning;
using Functional.Models;
using Functional.Reports;
using Functional.Samples;

namespace Functional.Lessons;

/// <summary>Lessons 3, 4, 23 and 24: a step of training, what it may learn, in which numbers, and where optimisers go.</summary>
static class TrainingLessons
{
    public static Vec<Lesson> All => [Step, Objective, Precision, Valley];

    static Lesson Step => new("03-gpt-step", "A whole training step", "That loss, gradients and new weights are one pure function of old weights and a batch, which can be printed as a graph.", Lesson.Says(GptStep.Text))
    {
        Pictures =
        [
            Picture.Lines("Loss and gradient of the forty steps", "A tiny GPT learns to spell abcabc…; the gradient is longest where the loss falls fastest, and where it is above 1 it is clipped.", "step", "loss in nats, norm", static () =>
                GptStep.Curve(40).ToList() is var curve ? [new("loss", [.. curve.Select(static p => ((double)p.Step, p.Loss))]), new("norm of the gradient", [.. curve.Select(static p => ((double)p.Step, p.Norm))])] : []),
        ],
        Laws =
        [
            new("gradient-is-slope", "In any direction, the gradient says how the loss changes there: it is what two losses nearby differ by.", static key =>
            {
                var draw = new Draws(key);
                var config = draw.Decoder(4, 5);
                var objective = Objectives.NextToken(Transformer.Of(config), new(2, 4));
                var loss = Programs.Measure(objective).Outputs.First(static o => o.Name == Names.Loss).Value;
                Vec<Tensor> parameters = [.. objective.Parameters.Select(static p => Create.Input(p.Name, p.Spec.Type))];
                var gradients = Vjp.Gradients(loss, parameters);
                var given = draw.Parameters(Transformer.Of(config).Specs);
                (given[Names.Inputs], given[Names.Labels]) = (Draws.Rows(2, draw.Below("inputs", 8, 5)), Draws.Rows(2, draw.Below("labels", 8, 5)));
                Value Direction(Tensor of) => Value.Of(of.Type, draw.Normals($"along {of}", (int)of.Type.Size, 0.1));
                Dictionary<string, Value> Moved(double by)
                {
                    var moved = new Dictionary<string, Value>(given);
                    foreach (var (p, parameter) in objective.Parameters.Zip(parameters))
                        moved[p.Name] = Direction(parameter) is var along ? Value.Of(along.Type, [.. Enumerable.Range(0, (int)along.Type.Size).Select(i => given[p.Name][i] + by * along[i])]) : given[p.Name];
                    return moved;
                }
                double Loss(double by) => Evaluator.Run([loss], Moved(by))[0][0];
                const double Near = 1e-4;
                var slope = Evaluator.Run([.. gradients], given).Zip(parameters, (gradient, parameter) => Direction(parameter) is var along
                    ? Enumerable.Range(0, (int)along.Type.Size).Sum(i => gradient[i] * along[i]) : 0).Sum();
                return LawCase.Same(slope, (Loss(Near) - Loss(-Near)) / (2 * Near), $"a model of {config.Layers} layers, {config.Norm} norms and {config.Activation}", 1e-5);
            }),
            new("clipped", "A clipped gradient is no longer than the limit, and one that was not is left alone.", static key =>
            {
                var draw = new Draws(key);
                var (norm, limit) = (Math.Exp(draw.Between("norm", -5, 8)), Math.Exp(draw.Between("limit", -3, 3)));
                var factor = Evaluator.Run(GradientClip.To(limit).Factor(Create.Scalar(norm)))[0];
                return LawCase.Of(factor * norm <= limit * (1 + 1e-9) && (norm > limit || factor == 1), $"a gradient of norm {norm} under the limit {limit} is multiplied by {factor}");
            }),
            new("no-looking-ahead", "What a GPT says of a token does not depend on the tokens behind it.", static key =>
            {
                var draw = new Draws(key);
                var config = draw.Decoder(8);
                var model = Transformer.Of(config);
                var (given, tokens, last) = (draw.Parameters(model.Specs), draw.Below("tokens", 8, config.Vocabulary), draw.Whole("last", 0, 6));
                int[] other = [.. tokens[..(last + 1)], .. draw.Below("others", 7 - last, config.Vocabulary)];
                double[] Said(int[] read)
                {
                    given[Names.Inputs] = Draws.Row(read);
                    return Programs.Logits(model, new(1, 8)).Evaluate(given)[Names.Logits].Items[..((last + 1) * config.Vocabulary)].ToArray();
                }
                return LawCase.Same(Said(tokens), Said(other), $"{Shown.Of(tokens)} and {Shown.Of(other)}, up to token {last}", 0);
            }),
        ],
    };

    static Lesson Objective => new("04-two-objectives", "Two objectives", "That what is learned is a value: the same model, optimiser and program learn the next letter, and then which of two words is the better one.", Lesson.Says(TwoObjectives.Text))
    {
        Pictures =
        [
            Picture.Lines("One program of a step, two objectives", "The loss of the next letter and of the better of two words, and how often the better word has more.", "step", "loss in nats, share", static () =>
            {
                static Trace Of(string name, double[] curve) => new(name, [.. curve.Select(static (y, i) => (i + 1.0, y))]);
                return
                [
                    Of("next letter", TwoObjectives.Curve(TwoObjectives.NextLetter(), TwoObjectives.NextLetters(), Names.Loss, 30)),
                    Of("better word", TwoObjectives.Curve(TwoObjectives.BetterWord(), TwoObjectives.PairsOfWords(), Names.Loss, 30)),
                    Of("share of words that are told right", TwoObjectives.Curve(TwoObjectives.BetterWord(), TwoObjectives.PairsOfWords(), Names.Shown("accuracy"), 30)),
                ];
            }),
        ],
        Laws =
        [
            new("rows-add-up", "The loss of a batch is the mean of its rows' losses, each weighted by how many of its labels count.", static key =>
            {
                var draw = new Draws(key);
                var (model, rows, time) = (Transformer.Of(TwoObjectives.config), draw.Whole("rows", 2, 4), TwoObjectives.config.Context);
                var given = draw.Parameters(model.Specs, 1);
                var inputs = draw.Below("inputs", rows * time, TwoObjectives.config.Vocabulary);
                // One in four counts for nothing, but for each row's first.
                int[] labels = [.. draw.Below("labels", rows * time, TwoObjectives.config.Vocabulary).Zip(draw.Below("counted", rows * time, 4), static (label, out_) => out_ == 0 ? -100 : label).Select((label, i) => i % time == 0 ? i % 4 : label)];
                (double Loss, double Weight) Measured(int first, int count)
                {
                    (given[Names.Inputs], given[Names.Labels]) = (Draws.Rows(count, inputs[(first * time)..((first + count) * time)]), Draws.Rows(count, labels[(first * time)..((first + count) * time)]));
                    var results = Programs.Measure(Objectives.NextToken(model, new(count, time))).Evaluate(given);
                    return (results[Names.Loss][0], results[Names.Weight][0]);
                }
                var (whole, each) = (Measured(0, rows), Enumerable.Range(0, rows).Select(row => Measured(row, 1)).ToArray());
                return LawCase.Same(whole.Loss, each.Sum(static r => r.Loss * r.Weight) / each.Sum(static r => r.Weight), $"{rows} rows with labels {Shown.Of(labels)}");
            }),
            new("rate-of-nothing", "With a learning rate of 0 a step leaves every weight as it is, to the bit, whatever is learned.", static key =>
            {
                var draw = new Draws(key);
                var (objective, batch, optimiser) = (TwoObjectives.BetterWord(), TwoObjectives.PairsOfWords(), Optimisers.AdamW(decay: draw.Between("decay", 0, 1)));
                var given = batch.ToDictionary(static t => Names.Feed(t.Name), static t => t.Value);
                foreach (var p in objective.Parameters) given[p.Name] = Value.Of(p.Spec.Type, draw.Normals(p.Name, (int)p.Spec.Type.Size));
                foreach (var (name, slot) in Programs.Slots(objective, optimiser)) given[name] = Value.Of(slot, new double[slot.Size]);
                foreach (var (name, value) in Programs.StepScalars(optimiser, draw.Whole("step", 1, 9), learningRate: 0)) given[name] = Value.Scalar(value);
                var after = Programs.Step(objective, optimiser, GradientClip.To(1)).Evaluate(given);
                return LawCase.Same([.. objective.Parameters.SelectMany(p => given[p.Name].Items.ToArray())], [.. objective.Parameters.SelectMany(p => after[p.Name].Items.ToArray())], $"a step of AdamW", 0);
            }),
        ],
    };

    static Lesson Precision => new("23-what-precision-loses", "What precision loses", "What 16 bits lose of weights, sums and gradients, so that mixed precision is a table and not a switch.", Lesson.Says(PrecisionLesson.Text))
    {
        Pictures =
        [
            Picture.Lines("A thousand updates of 0.001 on a weight of 1", "An update of less than half the gap between neighbours is no update: bfloat16 stands still from the first one on, and half precision falls behind.", "updates", "weight", static () =>
                [.. ((DType[])[DType.F32, DType.BF16, DType.F16]).Select(static type =>
                {
                    var (weight, points) = (1.0, new List<(double, double)> { (0, 1) });
                    for (var i = 1; i <= 1000; i++)
                    {
                        weight = PrecisionLesson.Kept(weight + 0.001, type);
                        if (i % 10 == 0) points.Add((i, weight));
                    }
                    return new Trace($"kept in {type}", [.. points]);
                })]),
            Picture.Lines("What rounding changes, by size", "The error relative to the number. Half precision is finer, but loses what is below 6e-8 whole; bfloat16 goes on.", "power of two", "relative error", static () =>
                [.. ((DType[])[DType.BF16, DType.F16]).Select(static type => new Trace($"{type}",
                    [.. Enumerable.Range(0, 160).Select(static i => -32 + i * 0.25).Select(power => Math.Pow(2, power) * 1.3 is var x ? (power, Math.Abs(PrecisionLesson.Kept(x, type) - x) / x) : default)]))], logY: true),
        ],
        Laws =
        [
            new("half-a-gap", "Rounding to bfloat16 changes a number by no more than a 256th of it, and to half precision by no more than a 2048th where it is not very small.", static key =>
            {
                var x = Math.Exp(new Draws(key).Between("size", -8, 10)) * (new Draws(key).Flip("sign") ? 1 : -1);
                double Off(DType type) => Math.Abs(PrecisionLesson.Round(x, type) - x) / Math.Abs(x);
                return LawCase.Of(Off(DType.BF16) <= 1 / 256.0 && Off(DType.F16) <= 1 / 2048.0, $"{x:R} becomes {PrecisionLesson.Round(x, DType.BF16):R} and {PrecisionLesson.Round(x, DType.F16):R}");
            }),
            new("order-is-kept", "Rounding keeps the order of numbers: a larger one never becomes the smaller.", static key =>
            {
                var draw = new Draws(key);
                var (x, nearer) = (draw.Between("x", -3, 3), Math.Exp(draw.Between("nearer", -9, 0)));
                var (low, high) = (x, x + nearer);
                return LawCase.Of(((DType[])[DType.BF16, DType.F16]).All(type => PrecisionLesson.Round(low, type) <= PrecisionLesson.Round(high, type)), $"{low:R} and {high:R} become {PrecisionLesson.Round(low, DType.BF16):R} and {PrecisionLesson.Round(high, DType.BF16):R}");
            }),
            new("once-is-enough", "What was rounded once is not changed by rounding it again.", static key =>
            {
                var x = new Draws(key).Normals("x", 1, 50)[0];
                return LawCase.Of(((DType[])[DType.BF16, DType.F16]).All(type => PrecisionLesson.Round(x, type) is var once && PrecisionLesson.Round(once, type) == once), $"{x:R}");
            }),
        ],
    };

    static Lesson Valley => new("24-a-valley", "A valley", "Where sgd, momentum, adam, lion and muon go in a valley that is a hundred times steeper across than along.", Lesson.Says(ValleyLesson.Text))
    {
        Pictures =
        [
            Picture.Lines("Paths of the first 24 steps", "The bottom is at (0, 0). Sgd swings between the walls; what looks at signs or at the root of a mean square goes along as fast as across.", "x, along", "y, across", static () =>
                [.. ValleyLesson.runs.Select(static run => new Trace(run.Name, ValleyLesson.Path(run.Transform, run.Rate, 24)))]),
            Picture.Lines("Loss over 96 steps", "Who never gets tired ends as far off as its rate; that is why a rate has to fall towards the end.", "step", "loss", static () =>
                [.. ValleyLesson.runs.Select(static run => new Trace(run.Name, [.. ValleyLesson.Path(run.Transform, run.Rate, 96).Select(static (at, i) => ((double)i, ValleyLesson.Of(at)))]))], logY: true),
        ],
        Laws =
        [
            new("deaf-to-the-scale", "However the loss is scaled, adam, lion and muon go where they went.", static key =>
            {
                var draw = new Draws(key);
                var (run, factor) = (ValleyLesson.runs[draw.Whole("which", 2, 4)], Math.Exp(draw.Between("factor", 0, 4)));
                static double[] Places(Vec<(double X, double Y)> path) => [.. path.SelectMany(static p => (double[])[p.X, p.Y])];
                return LawCase.Same(Places(ValleyLesson.Path(run.Transform, run.Rate, 6)), Places(ValleyLesson.Path(run.Transform, run.Rate, 6, factor)), $"{run.Name} with {factor} times the loss", 1e-5);
            }),
            new("sgd-goes-as-far", "A first step of sgd is as many times as long as the loss is larger.", static key =>
            {
                var (rate, factor) = (new Draws(key).Between("rate", 1e-4, 0.02), Math.Exp(new Draws(key).Between("factor", -3, 3)));
                static double Step(double rate, double factor) => ValleyLesson.Path(Optimisers.Sgd(), rate, 1, factor) is [var from, var to] ? to.Y - from.Y : double.NaN;
                return LawCase.Same(factor * Step(rate, 1), Step(rate, factor), $"rate {rate}, {factor} times the loss");
            }),
            new("below-the-edge", "Below a rate of 2 / 100 every step of sgd loses height in this valley.", static key =>
            {
                var rate = new Draws(key).Between("rate", 1e-4, 0.0199);
                double[] losses = [.. ValleyLesson.Path(Optimisers.Sgd(), rate, 12).Select(ValleyLesson.Of)];
                return LawCase.Of(losses.Zip(losses.Skip(1)).All(static pair => pair.Item2 < pair.Item1), $"rate {rate}: losses {Shown.Of(losses)}");
            }),
        ],
    };
}
