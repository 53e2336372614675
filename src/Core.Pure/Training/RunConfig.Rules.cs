using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional;

public sealed partial record RunConfig
{
    /// <summary>This configuration, or every fault in it at once, each under the name of its setting.</summary>
    public Validation<Fault, RunConfig> Validate()
    {
        Vec<Validation<Fault, Unit>> checks =
        [
            .. Fields.Select(f => Fault.Unless(f.Holds(this), f.Name, $"is {f.Show(this)}", $"allowed: {f.Allowed}")),
            Fault.Unless(!(MinLearningRate > LearningRate), "min-lr", FormattableString.Invariant($"{MinLearningRate:R} is above lr {LearningRate:R}"), "allowed: up to lr"),
            Fault.Unless(Warmup <= Steps, "warmup", $"{Warmup} is more than steps {Steps}", "allowed: up to steps"),
            Fault.Unless(Batch < 1 || Model.Context < 1 || (long)Batch * Model.Context <= 1 << 28, "batch", $"makes batch × context = {(long)Batch * Model.Context}", $"allowed: up to {1 << 28}"),
        ];
        return checks.Concat(ModelRules()).Gather().Map(_ => this);

        // Rules over several settings, which single fields cannot know.
        IEnumerable<Validation<Fault, Unit>> ModelRules() => (Model with { Vocabulary = Math.Max(1, Model.Vocabulary) }).Validate().Match(
            static _ => [],
            faults => faults.Where(f => Fields.All(field => field.Name != f.Where || field.Holds(this))).Select(static f => f.As<Unit>()));
    }

    /// <summary>
    /// <paramref name="start"/> with the settings of a file or command line in place of its own, or every fault at once: unknown keys with
    /// the nearest known one, keys given twice, values of another type, and what <see cref="Validate"/> finds.
    /// </summary>
    /// <param name="start">What holds where nothing is said.</param>
    /// <param name="entries">What is said.</param>
    public static Validation<Fault, RunConfig> Read(RunConfig start, IEnumerable<ConfigEntry> entries)
    {
        var config = start;
        var faults = new List<Fault>();
        var seen = new Dictionary<string, ConfigEntry>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (Fields.FirstOrDefault(f => f.Name == entry.Key) is not { } field) faults.Add(Unknown(entry));
            else if (!seen.TryAdd(entry.Key, entry)) faults.Add(new(entry.Where, "is given twice", $"first at {seen[entry.Key].Where}"));
            else if (Given(field, entry.Value) is not (true, var text) || field.Set(config, text) is not { } changed)
                faults.Add(new(entry.Where, $"is {entry.Value}", $"allowed: {field.Allowed}"));
            else config = changed;
        }
        var wrong = faults.Select(static f => f.Where).ToList();
        var rules = config.Validate().Match(static _ => [], found => found
            .Select(f => seen.TryGetValue(f.Where, out var entry) ? f with { Where = entry.Where } : f)
            .Where(f => !wrong.Contains(f.Where)));
        faults.AddRange(rules);
        return faults.Count == 0 ? Success<Fault, RunConfig>(config) : Validation<Fault, RunConfig>.Fail(faults.ToSeq().Strict());
    }

    /// <summary>What keeps a run that was begun with <paramref name="begun"/> from going on with <paramref name="now"/>: one fault for each fixed setting that differs.</summary>
    public static Validation<Fault, RunConfig> Resume(RunConfig begun, RunConfig now) => Fields
        .Where(static f => f.Fixed)
        .Select(f => Fault.Unless(f.Get(begun) == f.Get(now), f.Name, $"is {f.Show(now)}, but the run was begun with {f.Show(begun)}", $"allowed: {f.Show(begun)}"))
        .Gather().Map(_ => now);

    // Text may be bare or in quotes, or absent; everything else is bare.
    static (bool Given, string? Text) Given(ConfigField field, ConfigValue value) => value switch
    {
        ConfigValue.Plain p => (true, p.Text),
        ConfigValue.Quoted q when field.IsText => (true, q.Text),
        ConfigValue.Nothing when field.IsText => (true, null),
        _ => (false, null),
    };

    static Fault Unknown(ConfigEntry entry)
    {
        var nearest = Fields.Select(static f => f.Name).MinBy(name => EditDistance(name, entry.Key))!;
        var known = EditDistance(nearest, entry.Key) <= Math.Max(2, nearest.Length / 2) ? "" : $"; allowed: {string.Join(", ", Fields.Select(static f => f.Name))}";
        return new(entry.Where, $"is no setting; the nearest is {nearest}", $"it takes {Fields.First(f => f.Name == nearest).Allowed}{known}");
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
