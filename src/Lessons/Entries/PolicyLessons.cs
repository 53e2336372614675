using Functional.Base;
using Functional.Learning;
using Functional.Reports;
using Functional.Samples;

namespace Functional.Lessons;

/// <summary>Lessons 15 to 20: what a token was worth, what an update makes of it, and the whole of it on a reward that everybody can count.</summary>
static class PolicyLessons
{
    public static Vec<Lesson> All => [Returns, Ppo, Group, Estimators, Trusted, Counting];

    static Lesson Returns => new("15-returns-and-gae", "Returns and advantages on a table", "That a token is worth what came after it, less what was to be expected anyway, and whom λ decides to trust.", Lesson.Says(ReturnsAndGae.Text))
    {
        Pictures =
        [
            Picture.Lines("Advantages against λ", "At 0 only the next value counts, and a wrong critic is believed; at 1 only what came. The last token has nothing after it, so that λ is nothing to it.", "λ", "advantage", static () =>
                [.. Enumerable.Range(0, 3).Select(static t => new Trace(FormattableString.Invariant($"token {t + 1}"), [.. Enumerable.Range(0, 21).Select(i => (i / 20.0, ReturnsAndGae.Of(i / 20.0).Advantages[t]))]))]),
        ],
        Laws =
        [
            new("lambda-1", "With λ = 1 an advantage is the sum of the rewards from its token on, each step discounted, less what the critic expected.", static key =>
            {
                var (rewards, values, counts, gamma) = Answer(key);
                var sums = new double[rewards.Count];
                var sum = 0.0;
                for (var t = rewards.Count - 1; t >= 0; t--) sums[t] = sum = rewards[t] + gamma * sum;
                return LawCase.Same([.. sums.Zip(values, static (r, v) => r - v)], [.. Advantages.Gae(rewards, values, counts, gamma, 1).Advantages], $"rewards {Shown.Of(rewards)}, values {Shown.Of(values)}, γ = {gamma}");
            }),
            new("lambda-0", "With λ = 0 an advantage is the critic's error at its token alone.", static key =>
            {
                var (rewards, values, counts, gamma) = Answer(key);
                return LawCase.Same([.. rewards.Select((r, t) => r + (t + 1 < values.Count ? gamma * values[t + 1] : 0) - values[t])], [.. Advantages.Gae(rewards, values, counts, gamma, 0).Advantages],
                    $"rewards {Shown.Of(rewards)}, values {Shown.Of(values)}, γ = {gamma}");
            }),
            new("right-critic", "A critic that expected just what came has no advantage anywhere, whatever λ is.", static key =>
            {
                var (rewards, _, counts, gamma) = Answer(key);
                var estimates = Advantages.Gae(rewards, Advantages.Returns(rewards, counts, gamma), counts, gamma, new Draws(key).Between("lambda", 0, 1));
                return LawCase.Same([.. rewards.Select(static _ => 0.0)], [.. estimates.Advantages], $"rewards {Shown.Of(rewards)}, γ = {gamma}");
            }),
        ],
    };

    static (Vec<double> Rewards, Vec<double> Values, Vec<bool> Counts, double Gamma) Answer(Key key)
    {
        var draw = new Draws(key);
        var length = draw.Whole("length", 1, 8);
        return ([.. draw.Normals("rewards", length)], [.. draw.Normals("values", length)], [.. Enumerable.Repeat(true, length)], draw.Between("gamma", 0.5, 1));
    }

    static Lesson Ppo => new("16-ppo-step-by-step", "PPO, step by step", "How a token that was better than expected becomes likelier, and where nothing pulls any more.", Lesson.Says(PpoStepByStep.Text))
    {
        Pictures =
        [
            Picture.Lines("The loss of a token", "Against how much likelier it has become. Flat is where nothing pulls any more: a good token that is 20 % likelier already, a bad one that is 20 % less likely.", "ratio", "loss", static () =>
                [.. ((double[])[1, -1]).Select(static advantage => new Trace(FormattableString.Invariant($"advantage {advantage:+0;-0}"), [.. Enumerable.Range(0, 31).Select(static i => 0.4 + i * 0.04).Select(ratio => (ratio, PpoStepByStep.Of(advantage, ratio).Loss))]))]),
        ],
        Laws =
        [
            new("cut", "A good token that is 20 % likelier, or a bad one that is 20 % less likely, has no slope; every other has that of ratio times advantage.", static key =>
            {
                var draw = new Draws(key);
                var (advantage, ratio) = (draw.Normals("advantage", 1, 2)[0], Math.Exp(draw.Between("ratio", -1, 1)));
                var cut = advantage > 0 ? ratio > 1.2 : ratio < 0.8;
                return LawCase.Same(cut ? 0 : -ratio * advantage, PpoStepByStep.Of(advantage, ratio).Slope, $"advantage {advantage}, ratio {ratio}: the slope", 1e-6);
            }),
            new("never-too-glad", "The loss is never below that without cutting: what is cut is hope alone.", static key =>
            {
                var draw = new Draws(key);
                var (advantage, ratio) = (draw.Normals("advantage", 1, 2)[0], Math.Exp(draw.Between("ratio", -1, 1)));
                var loss = PpoStepByStep.Of(advantage, ratio).Loss;
                return LawCase.Of(loss >= -ratio * advantage - 1e-9, $"advantage {advantage}, ratio {ratio}: the loss is {loss}, below {-ratio * advantage}");
            }),
        ],
    };

    static Lesson Group => new("17-a-group-of-answers", "A group of answers", "How answers to one question are each other's yardstick, so that no critic is needed (GRPO and its relatives).", Lesson.Says(GroupOfAnswers.Text))
    {
        Pictures =
        [
            Picture.Lines("Four answers, three yardsticks", "By the group's deviation, by the difference from the mean alone, and from the mean of the others.", "reward", "advantage", static () =>
                [.. ((string Name, GroupOptions Options)[])[("GRPO", GroupOptions.Grpo), ("Dr. GRPO", GroupOptions.DrGrpo), ("RLOO", GroupOptions.Rloo)] is var kinds
                    ? kinds.Select(static k => new Trace(k.Name, [.. GroupOfAnswers.rewards.Zip(GroupOfAnswers.Of(GroupOfAnswers.rewards, k.Options).Each).OrderBy(static p => p.Item1)])) : []]),
        ],
        Laws =
        [
            new("sums-to-nothing", "The advantages of a group sum to 0: what one answer gains, the others lose.", static key => Groups(key, static (rewards, options) =>
                LawCase.Of(Math.Abs(GroupOfAnswers.Of(rewards, options).Each.Sum()) < 1e-9, $"rewards {Shown.Of(rewards)} have {Shown.Of(GroupOfAnswers.Of(rewards, options).Each)}"))),
            new("same-for-all", "A number that is added to all rewards of a group changes no advantage.", static key => Groups(key, (rewards, options) => new Draws(key).Between("added", -100, 100) is var added
                ? LawCase.Same([.. GroupOfAnswers.Of(rewards, options).Each], [.. GroupOfAnswers.Of([.. rewards.Select(r => r + added)], options).Each], $"rewards {Shown.Of(rewards)}, and {added} more", 1e-7) : null!)),
            new("unit-of-reward", "GRPO's advantages do not know the unit: rewards that are c times as large have the same.", static key => Groups(key, (rewards, _) => Math.Exp(new Draws(key).Between("c", -3, 3)) is var c
                ? LawCase.Same([.. GroupOfAnswers.Of(rewards, GroupOptions.Grpo).Each], [.. GroupOfAnswers.Of([.. rewards.Select(r => c * r)], GroupOptions.Grpo).Each], $"rewards {Shown.Of(rewards)}, and {c} times as much", 1e-7) : null!)),
        ],
    };

    static LawCase Groups(Key key, Func<Vec<double>, GroupOptions, LawCase> holds)
    {
        var draw = new Draws(key);
        Vec<double> rewards = [.. draw.Normals("rewards", draw.Whole("answers", 2, 8), 3)];
        return holds(rewards, draw.Whole("options", 0, 2) switch { 0 => GroupOptions.Grpo, 1 => GroupOptions.DrGrpo, _ => GroupOptions.Rloo });
    }

    static readonly KlEstimator[] estimators = [KlEstimator.K1, KlEstimator.K2, KlEstimator.K3];

    static Lesson Estimators => new("18-three-estimators", "Three estimators of one distance", "How far a policy is from its reference, told from single tokens: which of three estimators are right in the mean, and how much each varies.", Lesson.Says(ThreeEstimators.Text))
    {
        Pictures =
        [
            Picture.Lines("What a token says", "How much likelier the policy finds a token than its reference is d. Of it k1 is of either sign; k2 and k3 are never below 0.", "d = log π - log π_ref", "estimate", static () =>
                [.. estimators.Select(static e => new Trace($"{e}".ToLowerInvariant(), [.. Enumerable.Range(-20, 41).Select(static i => i / 10.0).Select(d => (d, Kl.Of(e, d, 0)))]))]),
            Picture.Lines("Means of ten drawn tokens, twenty times each", "The line is the distance. k1 jumps from above to below 0; k3 stays near.", "try", "mean", static () =>
            [
                new("the distance", [(1, ThreeEstimators.Mean(KlEstimator.K1)), (20, ThreeEstimators.Mean(KlEstimator.K1))]),
                .. ((KlEstimator[])[KlEstimator.K1, KlEstimator.K3]).Select(static e => new Trace($"{e}".ToLowerInvariant(), [.. Enumerable.Range(0, 20).Select(i => (i + 1.0, ThreeEstimators.Drawn(e, 10, Key.Seed((ulong)i))))]) { IsLine = false }),
            ]),
        ],
        Laws =
        [
            new("never-below-0", "Of no token, however likely, do k2 and k3 say less than 0.", static key =>
            {
                var likely = new Draws(key).Normals("likely", 2, 4);
                return LawCase.Of(Kl.Of(KlEstimator.K2, likely[0], likely[1]) >= 0 && Kl.Of(KlEstimator.K3, likely[0], likely[1]) >= 0, $"log-probabilities {Shown.Of(likely)}: {Kl.Of(KlEstimator.K2, likely[0], likely[1])} and {Kl.Of(KlEstimator.K3, likely[0], likely[1])}");
            }),
            new("right-in-the-mean", "Over what the policy draws, k1 and k3 have the divergence as their mean, whatever both distributions are.", static key =>
            {
                var draw = new Draws(key);
                var size = draw.Whole("tokens", 2, 8);
                var (policy, reference) = (draw.Shares("policy", size, 1.5), draw.Shares("reference", size, 1.5));
                var distance = policy.Zip(reference, static (p, q) => p * Math.Log(p / q)).Sum();
                double Mean(KlEstimator e) => policy.Zip(reference, (p, q) => p * Kl.Of(e, Math.Log(p), Math.Log(q))).Sum();
                return LawCase.Same([distance, distance], [Mean(KlEstimator.K1), Mean(KlEstimator.K3)], $"policy {Shown.Of(policy)}, reference {Shown.Of(reference)}");
            }),
        ],
    };

    static Lesson Trusted => new("19-a-trusted-step", "A trusted step", "TRPO in a page: how far a step goes is measured in what the policy does, and not in its parameters.", Lesson.Says(TrustedStep.Text))
    {
        Pictures =
        [
            Picture.Lines("Gain of a step, by how far it goes", "At the same distance from where it began, the natural direction gains more than the gradient.", "KL from the old policy", "gain", static () =>
            {
                (double Kl, double Natural, double Plain)[] steps = [.. ((double[])[0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4]).Select(static bound => TrustedStep.Step([2, 1, -2], bound) is var step ? (step.Kl, step.Gain, TrustedStep.Gain(TrustedStep.Plain(step.Kl))) : default)];
                return [new("natural direction", [.. steps.Select(static s => (s.Kl, s.Natural))]), new("gradient", [.. steps.Select(static s => (s.Kl, s.Plain))])];
            }),
        ],
        Laws =
        [
            new("within-the-bound", "No step goes further than its bound, and none loses: whatever the policy is, and however wide the bound.", static key =>
            {
                var draw = new Draws(key);
                var (logits, bound) = (draw.Normals("logits", 3, 1.5), Math.Exp(draw.Between("bound", -8, 1)));
                var step = TrustedStep.Step(logits, bound);
                return LawCase.Of(step.Kl <= bound && step.Gain >= 0, $"logits {Shown.Of(logits)}, bound {bound}: a step of KL {step.Kl} and gain {step.Gain}");
            }),
            new("shifted-logits", "Logits that are all higher by the same are the same policy, and have the same step.", static key =>
            {
                var draw = new Draws(key);
                var (logits, added) = (draw.Normals("logits", 3), draw.Between("added", -5, 5));
                return LawCase.Same(TrustedStep.Softmax(TrustedStep.Step(logits, 0.05).After), TrustedStep.Softmax(TrustedStep.Step([.. logits.Select(l => l + added)], 0.05).After), $"logits {Shown.Of(logits)}, and {added} more", 1e-5);
            }),
        ],
    };

    static Lesson Counting => new("20-counting-e", "Counting e", "The whole of it on a reward that everybody can count: a model is pretrained, learns by GRPO to write e's, and pays for leaving its text.", Count)
    {
        Seconds = 20,
        Pictures =
        [
            Picture.Lines("What a nat may cost", "If letters fell independently, how many of 24 would be e in what the best policy writes, by how many the base writes; what costs nothing is written always.", "price of a nat", "e in 24 characters", static () =>
                [.. ((double[])[1, 2, 4]).Select(static base_ => new Trace(FormattableString.Invariant($"base writes {base_}"), [.. Enumerable.Range(1, 40).Select(static i => i / 10.0).Select(price => (price, CountingE.Characters * TradeOff.Best(base_ / CountingE.Characters, price)))]))]),
        ],
        Laws =
        [
            new("rewards-add-up", "The reward of two texts one behind the other is the sum of theirs, and the order of letters does not matter.", static key =>
            {
                var draw = new Draws(key);
                var (one, other) = (draw.Text("one", 0, 24, "eE éxa\n"), draw.Text("other", 0, 24, "eE éxa\n"));
                return LawCase.Of(CountingE.Es(one + other) == CountingE.Es(one) + CountingE.Es(other) && CountingE.Es(one) == CountingE.Es(string.Concat(one.Order())), $"{Shown.Of(one)} and {Shown.Of(other)} have {CountingE.Es(one)} and {CountingE.Es(other)}, together {CountingE.Es(one + other)}");
            }),
            new("no-better-share", "No other share of e is worth more than that of the closed form, where each e is worth 1 and each nat costs its price.", static key =>
            {
                var draw = new Draws(key);
                var (share, price, other) = (draw.Between("share", 0.01, 0.9), draw.Between("price", 0.1, 5), draw.Between("other", 0.001, 0.999));
                double Worth(double s) => s - price * (s * Math.Log(s / share) + (1 - s) * Math.Log((1 - s) / (1 - share)));
                var best = TradeOff.Best(share, price);
                return LawCase.Of(best > share && Worth(Math.Min(best, 1 - 1e-12)) >= Worth(other) - 1e-9, $"a share of {share} at the price {price}: {best} is worth {Worth(best)}, and {other} is worth {Worth(other)}");
            }),
        ],
    };

    // The lesson in small, on the embedded text, so that it is over while somebody looks; the program of its own takes a file, and minutes.
    static async Task Count(TextWriter told, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("functional-");
        try
        {
            await told.WriteAsync("In small, on the embedded text. With a text of your own, and the time that it takes:\ndotnet run -c Release --project samples/20-counting-e -- TEXTFILE\n\n".AsMemory(), cancellation).ConfigureAwait(false);
            await CountingE.RunAsync(new()
            {
                Folder = folder.FullName, PretrainSteps = 200, MostPretrainSteps = 200, Updates = 40, KlWeights = [0, 0.2, 2], Measured = 40,
                Pretraining = [("layers", "1"), ("heads", "2"), ("width", "48"), ("context", "40"), ("engine", "managed"), ("eval-batches", "4")], Practice = [("lr", "0.01"), ("warmup", "0"), ("engine", "managed")],
            }, new Nameless(told, folder.FullName + Path.DirectorySeparatorChar), cancellation).ConfigureAwait(false);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // A folder that is gone when the lesson is over tells nobody anything.
    sealed class Nameless(TextWriter told, string folder) : TextWriter(System.Globalization.CultureInfo.InvariantCulture)
    {
        public override System.Text.Encoding Encoding => told.Encoding;

        public override void Write(char value) => told.Write(value);

        public override void WriteLine(string? value) => told.WriteLine(value?.Replace(folder, "", StringComparison.Ordinal));

        public override Task WriteLineAsync(string? value) => told.WriteLineAsync(value?.Replace(folder, "", StringComparison.Ordinal));
    }
}
