using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Settings;

/// <summary>
/// Stages one after the other over one architecture, one tokenizer and one seed. A stage begins with the weights of the one before, unless it names
/// others. A run of one stage is the recipe of it.
/// </summary>
public sealed record Recipe
{
    const string Heading = "stages";

    Recipe(Params<RunConfig> stages) => Stages = stages;

    /// <summary>Its stages in order, each with what all share.</summary>
    public Params<RunConfig> Stages { get; }

    /// <summary>The recipe of a run of one stage, which is called by its kind.</summary>
    public static Recipe Of(RunConfig config) => new(Params.Of((NameOf(config), config)));

    static string NameOf(RunConfig config) => config.Stage.Kind switch
    {
        StageKind.Sft => "sft",
        StageKind.Distill => "distill",
        StageKind.Reward => "reward",
        StageKind.Dpo => "dpo",
        StageKind.Grpo => "grpo",
        StageKind.Ppo => "ppo",
        StageKind.Trpo => "trpo",
        _ => "pretrain",
    };

    /// <summary>The recipe with one more stage at its end, which begins with the weights of the one before.</summary>
    /// <param name="stage">Its name: letters, digits, - and _.</param>
    /// <param name="settings">What is its own.</param>
    /// <exception cref="ArgumentException">There is a stage of that name, or it is none.</exception>
    public Recipe Then(string stage, StageConfig settings) => IsName(stage) ? new(Stages.Add(stage, Stages.Values[^1] with { Stage = settings }))
        : throw new ArgumentException($"'{stage}' is no name of a stage; allowed: letters, digits, - and _");

    /// <summary>Its stages before one of them.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public Recipe UpTo(string stage) => Stages.Names[0] != stage ? new(Stages.TakeWhile(s => s.Name != stage).Select(static s => (s.Name, s.Value)).ToParams())
        : throw new ArgumentException($"{stage} is the first stage");

    /// <summary>The recipe with another configuration for a stage; what it shares with others changes in all.</summary>
    public Recipe With(string stage, RunConfig config) => new(Stages.Map((name, c) => name == stage ? config : config with { Stage = c.Stage }));

    /// <summary>Each stage's configuration as <paramref name="f"/> makes it of that.</summary>
    public Recipe Map(Func<RunConfig, RunConfig> f) => new(Stages.Map(f));

    /// <summary>The same, or every fault of any stage.</summary>
    public Validation<Fault, Recipe> Each(Func<RunConfig, Validation<Fault, RunConfig>> f) =>
        Stages.Select(s => f(s.Value).Map(config => (s.Name, config))).Gather().Map(static all => new Recipe(all.ToParams()));

    /// <summary>As <see cref="Map(Func{RunConfig, RunConfig})"/>, of its name, too.</summary>
    public Recipe Map(Func<string, RunConfig, RunConfig> f) => new(Stages.Map(f));

    /// <summary>
    /// The stage whose weights one begins with: the one that it names, or the last before it whose model writes, since what judges answers is no beginning for
    /// what gives them; nothing for the first.
    /// </summary>
    public string? Before(string stage) => Stages[stage].Stage.After
        ?? Stages.TakeWhile(s => s.Name != stage).LastOrDefault(static s => s.Value.Stage.Kind != StageKind.Reward).Name;

    /// <summary>This recipe, or every fault in its stages at once, with the stage's name where there are several.</summary>
    public Validation<Fault, Recipe> Validate() => Stages
        .Select(s => new[] { s.Value.Validate().Map(static _ => unit), IsAfter(s.Name, s.Value.Stage), IsJudged(s.Name, s.Value.Stage.Practice) }.Gather()
            .MapFail(f => Stages.Count > 1 ? f with { Where = $"{s.Name}: {f.Where}" } : f).Map(static _ => unit)).Gather()
            .Map(_ => this);

    Validation<Fault, Unit> IsAfter(string name, StageConfig stage) => Names(name, "after", stage.After, stage.From is null, "from, which names weights", static s => s.Kind != StageKind.Reward, "writes");

    Validation<Fault, Unit> IsJudged(string name, PracticeConfig practice) =>
        Names(name, "judged-by", practice.JudgedBy, practice.Judge is null, "judge, which says who judges", static s => s.Kind == StageKind.Reward, "learns rewards");

    // A setting that may name one of some stages before its own, where no other says the same.
    Validation<Fault, Unit> Names(string name, string setting, string? named, bool alone, string other, Func<StageConfig, bool> may, string what)
    {
        if (named is null) return Success<Fault, Unit>(unit);
        Vec<string> earlier = [.. Stages.TakeWhile(s => s.Name != name).Where(s => may(s.Value.Stage)).Select(static s => s.Name)];
        return new[]
        {
            Fault.Unless(alone, setting, $"is {named}, beside {other}, too", "allowed: one of them"),
            Fault.Unless(earlier.Contains(named), setting, $"is {named}",
                earlier.Count == 0 ? $"allowed: nothing, since no stage before it {what}" : $"allowed: {string.Join(", ", earlier)}, or nothing"),
        }.Gather().Map(static _ => unit);
    }

    /// <summary>
    /// A recipe from a file's entries: under <c>stages</c> the stages by name, each with its own settings; everything else holds for all. Without
    /// <c>stages</c> it has one. Faults as of <see cref="RunConfig.Begin"/>.
    /// </summary>
    /// <param name="start">What holds where nothing is said.</param>
    /// <param name="entries">What stands in the file.</param>
    /// <param name="adapts">Whether what is not said is fitted to what is, as where a run begins (<see cref="RunConfig.Begin"/>).</param>
    /// <param name="over">What takes the place of the file's, in every stage.</param>
    public static Validation<Fault, Recipe> Read(RunConfig start, Vec<ConfigEntry> entries, bool adapts, Vec<ConfigEntry> over = default)
    {
        Vec<ConfigEntry> within = [.. entries.Where(static e => e.Under is [Heading, ..])],
            common = [.. entries.Where(static e => e.Under is not [Heading, ..])];
        var stages = within.Select(StageOf).Distinct().ToList();
        var faults = common.Where(static e => e.Key == Heading)
            .Select(static e => new Fault(e.Where, $"is {e.Value}", "expected a heading with the name of a stage under it, and under that its settings"))
            .Concat(within.SelectMany(Wrong)).ToList();
        if (faults.Count > 0) return Validation<Fault, Recipe>.Fail(faults.ToSeq().Strict());
        return (stages.Count == 0 ? [""] : stages)
            .Select(name =>
                RunConfig.Read(start, [[.. common.Where(e => e.Key != "from" || name == stages.FirstOrDefault(""))],
                    [.. within.Where(e => e.Under.Count > 1 && StageOf(e) == name).Select(static e => e with { Under = [.. e.Under.Skip(2)] })], over], adapts)
                .Map(config => (name.Length == 0 ? NameOf(config) : name, config)))
            .Gather().Match(all => Success<Fault, Recipe>(new(all.ToParams())), static found =>
                Validation<Fault, Recipe>.Fail(Enumerable.Distinct(found).ToSeq().Strict()));
    }

    /// <summary>Of a file's entries, those that hold for its first stage.</summary>
    public static Vec<ConfigEntry> First(Vec<ConfigEntry> entries)
    {
        var first = entries.FirstOrDefault(static e => e.Under is [Heading, ..]) is { } e ? StageOf(e) : null;
        return [.. entries.Where(e => e.Under is not [Heading, ..] || StageOf(e) == first)];
    }

    /// <summary>Of a file's entries, those that hold for a stage.</summary>
    public static Vec<ConfigEntry> For(string stage, Vec<ConfigEntry> entries) => [.. entries.Where(e => e.Under is not [Heading, ..] || StageOf(e) == stage)];

    static bool IsName(string name) => name.Length > 0 && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    static string StageOf(ConfigEntry e) => e.Under is [_, var name, ..] ? name : e.Key;

    // Names become folders; and what all stages share stands once.
    static IEnumerable<Fault> Wrong(ConfigEntry e)
    {
        var name = StageOf(e);
        if (!IsName(name))
            yield return new(e.Where, $"stands under '{name}', which is no name of a stage", "allowed: letters, digits, - and _");
        else if (e.Under.Count == 1 && e.Value is not ConfigValue.Nothing)
            yield return new(e.Where, $"is {e.Value}", "expected the settings of a stage, or nothing");
        else if (e.Under.Count > 1 && RunConfig.Field(e.Key) is { IsShared: true } shared)
            yield return new(e.Where, "is the same in all stages", $"allowed: under {shared.Section}, outside of {Heading}");
    }
}
