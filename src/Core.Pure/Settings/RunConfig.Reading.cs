using Functional.Adapters;
using Functional.Base;
using Functional.Data;
using Functional.Execution;
using Functional.Graphs;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Settings;

public sealed partial record RunConfig
{
    const int MostTokens = 1 << 28;

    /// <summary>This configuration, or every fault in it at once, each under the name of its setting in files.</summary>
    public Validation<Fault, RunConfig> Validate() => Validate(static field => field.Name);

    /// <summary>This configuration, or every fault in it at once.</summary>
    /// <param name="name">What faults call a setting: its name in files, or its member in C#.</param>
    public Validation<Fault, RunConfig> Validate(Func<Field<RunConfig>, string> name)
    {
        string N(string setting) => name(Field(setting)!);
        Vec<Validation<Fault, Unit>> checks =
        [
            .. Fields.Select(f => Fault.Unless(f.Holds(this), name(f), $"is {f.Show(this)}", $"allowed: {f.Allowed}")),
            Fault.Unless(!(Stage.Optimiser.MinLearningRate > Stage.Optimiser.LearningRate), N("min-lr"),
                FormattableString.Invariant($"{Stage.Optimiser.MinLearningRate:R} is above {N("lr")} {Stage.Optimiser.LearningRate:R}"),
                    $"allowed: up to {N("lr")}"),
            Fault.Unless(Tokenizer != "bpe" || Bpe.Vocabulary >= 256 + Bpe.Special.Count, N("vocabulary"), $"is {Bpe.Vocabulary}",
                $"allowed: {256 + Bpe.Special.Count} or more, for 256 bytes and {Bpe.Special.Count} special tokens"),
            Fault.Unless(Stage.Optimiser.Warmup <= Stage.Steps, N("warmup"), $"{Stage.Optimiser.Warmup} is more than {N("steps")} {Stage.Steps}",
                $"allowed: up to {N("steps")}"),
            Fault.Unless(Stage.Adapter is { BaseBits: 32 } or { Rank: > 0 } or { From: not null }, N("base-bits"), $"is {Stage.Adapter.BaseBits}, and all weights learn",
                $"allowed: 32, or {N("lora-rank")} above 0"),
            // A step within a trust region is a program of its own.
            Fault.Unless(Stage.Kind != StageKind.Trpo || Stage.Optimiser.Average == 0, N("average"), FormattableString.Invariant($"is {Stage.Optimiser.Average:R}, and trpo keeps no mean"), "allowed with it: 0"),
            Fault.Unless(Stage.Kind != StageKind.Trpo || Stage.Recompute == 0, N("recompute"), $"is {Stage.Recompute}, and trpo keeps all", "allowed with it: 0"),
            Fault.Unless(Stage.Kind != StageKind.Trpo || Execution.Precision != Precision.F16, N("precision"), "is f16, and trpo scales no loss", "allowed with it: f32, tf32, bf16"),
            Fault.Unless(Stage.Kind != StageKind.Distill || !Stage.Distill.OnText || Stage.Distill.OwnShare == 0, N("own-share"),
                FormattableString.Invariant($"is {Stage.Distill.OwnShare:R} beside {N("on-text")}, and a text asks nothing"), $"allowed: 0, or {N("on-text")} false"),
            .. SizeRules(N),
            .. MixtureRules(N),
            .. PracticeRules(N),
            Fault.Unless(Stage.Kind == StageKind.Reward || !Stage.Preference.Bidirectional, N("bidirectional"), "is true in a stage whose model writes from left to right",
                "allowed: false, or kind reward"),
            Fault.Unless(Stage.Kind == StageKind.Reward || Stage.Preference.Pooling == Pooling.Last, N("pooling"), "is mean in a stage whose model judges no texts",
                "allowed: last, or kind reward"),
        ];
        return checks.Concat(ModelRules()).Gather().Bind(_ => Adapts(N)).Map(_ => this);

        // Rules over several settings, which single fields cannot know.
        IEnumerable<Validation<Fault, Unit>> ModelRules() => (Decoder with { Vocabulary = Math.Max(1, Model.Vocabulary) }).Validate().Match(
            static _ => [],
            faults => faults.Where(f => Fields.All(field => field.Name != f.Where || field.Holds(this)))
                .Select(f => Field(f.Where) is { } field ? f with { Where = name(field) } : f).Select(static f => f.As<Unit>()));
    }

    // Which layers there are to adapt, only a sound model tells.
    Validation<Fault, Unit> Adapts(Func<string, string> name)
    {
        if (Lora is not { } adapters) return Success<Fault, Unit>(unit);
        var whole = (this with { Model = Model with { Vocabulary = Math.Max(1, Model.Vocabulary) } }).BaseOf();
        return LoraPlan.Of(whole, adapters).Bind(plan => Fault.Unless(!LoraMerge.Unties(whole, plan), "targets",
                "change the table of tokens or the head, which are one matrix here", $"allowed: other layers, or {name("tied-head")} false"))
            .MapFail(f => f with { Where = name(f.Where switch
            {
                "targets" => "lora-targets", "ranks" => "lora-ranks", "alphas" => "lora-alphas", "saved" => "lora-saved", _ => "lora-rank",
            }) });
    }

    // Weights that mean something, of texts that are not the same.
    IEnumerable<Validation<Fault, Unit>> MixtureRules(Func<string, string> name)
    {
        if (Stage.Source.Mixture is null) yield break;
        var texts = Stage.Source.Texts;
        yield return Fault.Unless(Stage.LearnsText, name("mixture"), $"stands in a stage that learns from rows", "allowed: in one that learns a text");
        yield return Fault.Unless(Stage.Source.File is null, name("mixture"), $"stands beside {name("data")}", "allowed: one of them");
        foreach (var text in texts)
            yield return Fault.Unless(double.IsFinite(text.Weight) && text.Weight > 0, name("mixture"), FormattableString.Invariant($"gives {text.Name} the weight {text.Weight:R}"),
                "allowed: a finite number above 0");
        foreach (var text in texts.Where(t => t.Weight > 0 && t.Weight < texts.Max(static t => t.Weight) * Mixture.Lightest && texts.All(static t => double.IsFinite(t.Weight))))
            yield return Fault.Of<Unit>(name("mixture"), FormattableString.Invariant($"gives {text.Name} the weight {text.Weight:R}, next to nothing beside the heaviest"),
                FormattableString.Invariant($"allowed: {texts.Max(static t => t.Weight) * Mixture.Lightest:R} or more"));
        foreach (var twice in texts.GroupBy(static t => t.Name, StringComparer.Ordinal).Where(static g => g.Count() > 1))
            yield return Fault.Of<Unit>(name("mixture"), $"names {twice.Key} more than once", "allowed: each text once");
    }

    // A round is learned whole, and its answers have room.
    IEnumerable<Validation<Fault, Unit>> PracticeRules(Func<string, string> name)
    {
        if (!Stage.Practises || Stage.Batch < 1 || Stage.Accumulate < 1) yield break;
        var (practice, step) = (Stage.Practice, (long)Stage.Batch * Stage.Accumulate);
        if (practice.Prompts < 1 || practice.Answers < 1 || practice.Epochs < 1) yield break;
        var (rows, words) = ((long)practice.Prompts * (Stage.Kind == StageKind.Dpo ? 1 : practice.Answers) * practice.Epochs,
            Stage.Kind == StageKind.Dpo ? name("round-prompts") : $"{name("round-prompts")} × {name("round-answers")}");
        yield return Fault.Unless(rows % step == 0, name("round-prompts"),
            $"makes {words} × {name("round-epochs")} = {rows} rows a round, of which a step takes {name("batch")} × {name("accumulate")} = {step}", $"allowed: a multiple of {step}");
        yield return Fault.Unless(rows <= int.MaxValue, name("round-prompts"), $"makes {rows} rows a round", $"allowed: up to {int.MaxValue}");
        yield return Fault.Unless(Stage.OwnPrompts > 0, name("own-share"),
            FormattableString.Invariant($"is {Stage.Distill.OwnShare:R}, which is none of {practice.Prompts} prompts"), FormattableString.Invariant($"allowed: 0, or {0.5 / practice.Prompts:R} or more"));
        yield return Fault.Unless(practice.Answers > 1 || Stage.Kind is StageKind.Ppo or StageKind.Distill, name("round-answers"), "is 1, and answers to a prompt are compared with each other",
            "allowed: 2 or more, or kind ppo");
        yield return Fault.Unless(practice.Tokens < Model.Context, name("answer-tokens"), $"is {practice.Tokens}, which leaves a context of {Model.Context} no room for a prompt",
            $"allowed: less than {name("context")}");
        var (reward, policy) = (Stage.Reward, Stage.Policy);
        yield return Fault.Unless(Stage.Kind != StageKind.Trpo || (rows == Stage.Batch && Stage.Accumulate == 1 && practice.Epochs == 1), name("batch"),
            $"is {Stage.Batch} with {name("accumulate")} {Stage.Accumulate} and {name("round-epochs")} {practice.Epochs}, and a step of trpo takes a whole round of {Stage.RoundRows} rows",
            $"allowed: {Stage.RoundRows}, with {name("accumulate")} 1 and {name("round-epochs")} 1");
        yield return Fault.Unless(reward.OverlongTokens <= practice.Tokens, name("overlong-tokens"), $"is {reward.OverlongTokens}", $"allowed: up to {name("answer-tokens")} {practice.Tokens}");
        yield return Fault.Unless(policy.CorrectionLeast <= policy.CorrectionMost, name("correction-least"),
            FormattableString.Invariant($"{policy.CorrectionLeast:R} is above {name("correction-most")} {policy.CorrectionMost:R}"), $"allowed: up to {name("correction-most")}");
        yield return Fault.Unless(Stage.Kind != StageKind.Ppo || policy.KlTarget == 0 || (policy.Kl > 0 && policy.PlaceOf(Stage.Kind) == KlPlace.Reward), name("kl-target"),
            FormattableString.Invariant($"is {policy.KlTarget:R}, and the distance from a reference costs nothing in rewards"),
            $"allowed: 0, or {name("kl-weight")} above 0 with {name("kl-place")} reward");
        yield return Fault.Unless(Stage.Kind != StageKind.Dpo || Stage.Preference.Judged is null, name("preference-loss"),
            $"is {Stage.Preference.Loss}, which takes no pairs, and answers that are judged here are paired", $"allowed: another loss, or no {name("judge")}");
    }

    // What a step computes and counts in one piece. Sizes below 1 are faults of their own, and so are those that are too large alone.
    IEnumerable<Validation<Fault, Unit>> SizeRules(Func<string, string> name)
    {
        if (Stage.Batch < 1 || Stage.Accumulate < 1 || Model.Context < 1 || Model.Width < 1 || Model.Heads < 1) yield break;
        var tokens = (long)Stage.Batch * Model.Context;
        yield return Fault.Unless(tokens <= MostTokens, name("batch"), $"makes {name("batch")} × {name("context")} = {tokens}", $"allowed: up to {MostTokens}");
        var windows = (long)Stage.Batch * Stage.Accumulate;
        yield return Fault.Unless(windows <= int.MaxValue, name("accumulate"), $"makes {name("batch")} × {name("accumulate")} = {windows}",
            $"allowed: up to {int.MaxValue}, the most windows that one step counts");
        if (tokens > MostTokens || (Model with { Vocabulary = Math.Max(1, Model.Vocabulary) }).Validate().IsFail) yield break;
        var (most, words) = MostOfAToken(name);
        yield return DecoderConfig.Fits(name("batch"), $"{name("batch")} × {name("context")} × {words}", tokens * most);
        // Only dropout needs the weights of attention spelt out.
        if (Model.Dropout > 0)
            yield return DecoderConfig.Fits(name("dropout"), $"{name("batch")} × {name("heads")} × {name("context")} × {name("context")}",
                (Int128)tokens * Model.Heads * Model.Context);
    }

    // Of all that a step computes for each token, what has the most numbers, and how it is said.
    (Int128 Numbers, string Words) MostOfAToken(Func<string, string> name)
    {
        var (m, e) = (Model, Model.Experts);
        var inside = m.Hidden > 0 ? (m.Hidden, name("hidden"))
            : m.HiddenWidth == 4L * m.Width ? (m.HiddenWidth, $"4 × {name("width")}") : ((Int128)m.HiddenWidth, $"{m.HiddenWidth}");
        Vec<Int128> others =
        [
            m.Width, m.EmbeddingWidth, ((Int128)m.Heads + 2 * (Int128)m.KeyHeadCount) * m.SizeOfHead,
            .. e.Count > 0 ? (Vec<Int128>)[e.Shared, e.Chosen * Int128.Max(e.Count, Int128.Max(m.Width, e.Hidden > 0 ? e.Hidden : m.HiddenWidth))] : [],
        ];
        var most = others.Aggregate(Int128.Max);
        return most > inside.Item1 ? (most, $"{most}") : inside;
    }

    /// <summary>
    /// Whether there is something to learn: a model that judges texts can be read, but a run has no next token for it; and a policy's answers need somebody who judges
    /// them, who may still come to a configuration.
    /// </summary>
    public Validation<Fault, Unit> Learns() => new[]
    {
        Fault.Unless(Model.Labels <= 0, "labels", $"is {Model.Labels}, and a model that judges texts has no next token to learn", "allowed: 0"),
        Fault.Unless(Stage.Kind != StageKind.Distill || Stage.Distill.Teacher is not null, "teacher", "is not given, and a student learns from one", $"allowed: {Field("teacher")!.Allowed}"),
        Fault.Unless(!Stage.IsJudged || (Stage.Practice.Judge ?? Stage.Practice.JudgedBy) is not null, "judge", "is not given, and a policy learns from answers that are judged", $"allowed: {Field("judge")!.Allowed}"),
    }.Gather().Map(static _ => unit);

    /// <summary>The setting of a name; nothing when there is none.</summary>
    public static Field<RunConfig>? Field(string name) => Fields.FirstOrDefault(f => f.Name == name);

    /// <summary>
    /// <paramref name="start"/> with the settings of a file or command line in place of its own, or every fault at once: unknown keys with
    /// the nearest known one, keys given twice, values of another type, and what <see cref="Validate()"/> finds.
    /// </summary>
    /// <param name="start">What holds where nothing is said.</param>
    /// <param name="entries">What is said.</param>
    public static Validation<Fault, RunConfig> Read(RunConfig start, IEnumerable<ConfigEntry> entries) => Read(start, [entries.ToVec()], adapts: false);

    /// <summary>
    /// As <see cref="Read(RunConfig, IEnumerable{ConfigEntry})"/>, from several places, of which a later one takes the place of an earlier one. A
    /// place that gives <c>steps</c> without <c>warmup</c> shortens the warm-up to a tenth of them, and one that gives an <c>lr</c> below
    /// <c>min-lr</c> without giving that lowers it to a tenth of the rate; one that gives an
    /// <c>optimiser</c> has its usual rate, where none was said before: nobody who asks for the one means to be refused for the other.
    /// </summary>
    /// <param name="start">What holds where nothing is said.</param>
    /// <param name="places">What is said, place by place.</param>
    public static Validation<Fault, RunConfig> Begin(RunConfig start, params Vec<Vec<ConfigEntry>> places) => Read(start, places, adapts: true);

    internal static Validation<Fault, RunConfig> Read(RunConfig start, Vec<Vec<ConfigEntry>> places, bool adapts)
    {
        var config = start;
        var faults = new List<Fault>();
        var givenBy = new Dictionary<string, ConfigEntry>(StringComparer.Ordinal);
        for (var place = 0; place < places.Count; place++)
        {
            var later = places.Skip(place + 1).SelectMany(static p => p).Select(static e => e.Key).ToHashSet(StringComparer.Ordinal);
            var seen = new Dictionary<string, ConfigEntry>(StringComparer.Ordinal);
            foreach (var entry in places[place])
            {
                // A heading with nothing under it.
                if (entry is { Value: ConfigValue.Nothing, Under.Count: 0 } && Fields.Any(f => f.Section == entry.Key)) continue;
                if (entry.Under.Count == 0 && Field(entry.Key) is null && Fields.Any(f => f.Section == entry.Key))
                    faults.Add(new(entry.Where, $"is {entry.Value}", $"expected settings under it, such as {Fields.First(f => f.Section == entry.Key).Name}"));
                else if (Field(entry.Key) is not { } field) faults.Add(Unknown(entry));
                else if (entry.Under.Count > 0 && entry.Under != [field.Section]) faults.Add(new(entry.Where, $"stands under {string.Join(", ", entry.Under)}",
                    $"allowed: under {field.Section}, or under nothing"));
                else if (!seen.TryAdd(entry.Key, entry)) faults.Add(new(entry.Where, "is given twice", $"first at {seen[entry.Key].Where}"));
                else if (later.Contains(entry.Key)) { }
                else if (Given(field, entry.Value) is not (true, var text) || field.Set(config, text) is not { } changed)
                    faults.Add(new(entry.Where, $"is {entry.Value}", $"allowed: {field.Allowed}"));
                else (config, givenBy[entry.Key]) = (changed, entry);
            }
            if (adapts) config = config.Adapted(seen.Keys, givenBy.ContainsKey("lr"));
        }
        var wrong = faults.Select(static f => f.Where).ToList();
        var rules = config.Validate().Match(static _ => [], found => found
            .Select(f => givenBy.TryGetValue(f.Where, out var entry) ? f with { Where = entry.Where } : f)
            .Where(f => !wrong.Contains(f.Where)));
        faults.AddRange(rules);
        return faults.Count == 0 ? Success<Fault, RunConfig>(config) : Validation<Fault, RunConfig>.Fail(faults.ToSeq().Strict());
    }

    RunConfig Adapted(ICollection<string> given, bool hasRate)
    {
        var (usual, optimiser) = (new OptimiserConfig(), Stage.Optimiser);
        // Where nobody has said a rate, another optimiser has its own.
        if (given.Contains("optimiser") && !hasRate && optimiser.LearningRate == usual.LearningRate && OptimiserConfig.UsualRates(optimiser.Kind) is var (rate, last))
            optimiser = optimiser with
            {
                LearningRate = rate, MinLearningRate = !given.Contains("min-lr") && optimiser.MinLearningRate == usual.MinLearningRate ? last : optimiser.MinLearningRate,
            };
        return this with
        {
            Stage = Stage with
            {
                Optimiser = optimiser with
                {
                    Warmup = given.Contains("steps") && !given.Contains("warmup") ? Math.Min(optimiser.Warmup, Stage.Steps / 10) : optimiser.Warmup,
                    MinLearningRate = given.Contains("lr") && !given.Contains("min-lr") && optimiser.MinLearningRate > optimiser.LearningRate
                        ? optimiser.LearningRate / 10 : optimiser.MinLearningRate,
                },
            },
        };
    }

    /// <summary>
    /// What keeps a run that was begun with <paramref name="begun"/> from going on with <paramref name="now"/>: one fault for each fixed setting that
    /// differs.
    /// </summary>
    public static Validation<Fault, RunConfig> Resume(RunConfig begun, RunConfig now) => Fields
        .Where(static f => f.Fixed)
        .Select(f => Fault.Unless(f.Kept(begun) == f.Kept(now), f.Name, $"is {f.Show(now)}, but the run was begun with {f.Show(begun)}",
            $"allowed: {f.Show(begun)}"))
        .Gather().Map(_ => now);

    // Text may be bare or in quotes, or absent; everything else is bare.
    static (bool Given, string? Text) Given(Field<RunConfig> field, ConfigValue value) => value switch
    {
        ConfigValue.Plain p => (true, p.Text),
        ConfigValue.Quoted q when field.IsText => (true, q.Text),
        ConfigValue.Nothing when field.IsText => (true, null),
        _ => (false, null),
    };

    static Fault Unknown(ConfigEntry entry)
    {
        var (nearest, isClose) = Nearest(entry.Key);
        var known = isClose ? "" : $"; allowed: {string.Join(", ", Fields.Select(static f => f.Name))}";
        return new(entry.Where, $"is no setting; the nearest is {nearest.Name}", $"it takes {nearest.Allowed}{known}");
    }

    /// <summary>The setting whose name, or whose name elsewhere, is nearest to a word, however it is cased and joined; and whether that is near.</summary>
    public static (Field<RunConfig> Field, bool IsClose) Nearest(string word)
    {
#pragma warning disable CA1308 // Names are lower case.
        var written = word.ToLowerInvariant().Replace('_', '-');
#pragma warning restore CA1308
        var (field, name) = Fields.SelectMany(static f => f.Aliases.Prepend(f.Name).Select(name => (Field: f, Name: name))).MinBy(f =>
            EditDistance(f.Name, written));
        return (field, EditDistance(name, written) <= Math.Max(1, name.Length / 3));
    }

    /// <summary>The least number of letters to insert, delete, replace or swap with a neighbour (Damerau 1964, as optimal string alignment).</summary>
    public static int EditDistance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0) { d[i, j] = i + j; continue; }
                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        return d[a.Length, b.Length];
    }
}
