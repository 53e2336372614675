using Functional.Base;
using Functional.Reports;
using Functional.Sessions;
using Functional.Settings;
using LanguageExt;

namespace Functional;

/// <summary>A run's numbers beside those of others. What is not known is not a number.</summary>
/// <param name="Name">What it is called here.</param>
/// <param name="Stage">Which of its stages is compared.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps that it has.</param>
/// <param name="Loss">The last training loss.</param>
/// <param name="Last">The last measurement of what is not learned.</param>
/// <param name="Best">The best.</param>
/// <param name="BestStep">After which step that was.</param>
/// <param name="BitsPerByte">Bits that coding a byte takes at the best, about.</param>
/// <param name="TokensPerSecond">The median speed.</param>
public sealed record ComparedRun(string Name, string Stage, long Step, long Steps, double Loss, double Last, double Best, double BestStep, double BitsPerByte, double TokensPerSecond);

/// <summary>A setting that is not the same in all runs.</summary>
/// <param name="Setting">Its name.</param>
/// <param name="Values">Its value in each run, in their order.</param>
public sealed record ComparedSetting(string Setting, Vec<string> Values);

/// <summary>Runs that differ in their seed alone.</summary>
/// <param name="Runs">Their names.</param>
/// <param name="Loss">Their last training losses.</param>
/// <param name="Last">Their last measurements.</param>
/// <param name="Best">Their best measurements.</param>
public sealed record ComparedSeeds(Vec<string> Runs, SeedSpread? Loss, SeedSpread? Last, SeedSpread? Best);

/// <summary>Runs side by side: what differs in their settings, how they learned, what they came to.</summary>
/// <example><code>
/// var compared = await RunComparison.OfAsync(["runs/a", "runs/b"]);
/// Console.Write(compared.Text);
/// </code></example>
public sealed record RunComparison
{
    readonly Vec<(string Name, StageHistory Stage)> stages;

    RunComparison(Vec<(string Name, StageHistory Stage)> stages, Vec<RunFolder> folders)
    {
        this.stages = stages;
        Runs = stages.Map(static s => Row(s.Name, s.Stage));
        Settings = [.. RunConfig.Fields.Where(RunTexts.IsTelling).Select(f => (Field: f, Values: stages.Map(s => f.Show(s.Stage.Config)))).Where(static f => f.Values.Distinct().Count() > 1)
            .Select(f => new ComparedSetting(f.Field.Name, RunTexts.IsPlace(f.Field) && stages.Select(s => RunTexts.Value(f.Field, s.Stage.Config)).Distinct().Count() > 1 ? stages.Map(s => RunTexts.Value(f.Field, s.Stage.Config)) : f.Values))];
        Seeds = [.. stages.Select((s, i) => (s.Stage, Run: Runs[i])).GroupBy(static s => Key(s.Stage), StringComparer.Ordinal).Where(static g => g.Count() > 1)
            .Select(static g => new ComparedSeeds([.. g.Select(static s => s.Run.Name)], SeedSpread.Of(g.Select(static s => s.Run.Loss)), SeedSpread.Of(g.Select(static s => s.Run.Last)), SeedSpread.Of(g.Select(static s => s.Run.Best))))];
        Vec<string> unlike = [.. Unlike(stages, folders)];
        (IsAlike, Warnings) = (unlike.Count == 0, [.. unlike, .. Gaps(stages, folders)]);
        Measure = stages.Select(static s => RunTexts.Measure(s.Stage)).Distinct().Count() == 1 ? RunTexts.Measure(stages[0].Stage) : "measurement";
        IsReward = stages.All(static s => s.Stage.IsReward);
    }

    /// <summary>The runs, in the order in which they were given.</summary>
    public Vec<ComparedRun> Runs { get; }

    /// <summary>Settings that differ.</summary>
    public Vec<ComparedSetting> Settings { get; }

    /// <summary>Those that differ in their seed alone, two or more each.</summary>
    public Vec<ComparedSeeds> Seeds { get; }

    /// <summary>What keeps numbers from being compared.</summary>
    public Vec<string> Warnings { get; }

    /// <summary>What the runs are measured by.</summary>
    public string Measure { get; }

    /// <summary>Whether their numbers may be held against each other.</summary>
    public bool IsAlike { get; }

    /// <summary>Whether more is better.</summary>
    public bool IsReward { get; }

    /// <summary>Reads runs, which may be done, go on or be broken off.</summary>
    /// <param name="folders">Their folders, or those of stages in them: two or more, each once.</param>
    /// <param name="stage">Which stage of each; nothing for the last that has learned something.</param>
    /// <exception cref="ArgumentException">There are fewer than two folders.</exception>
    /// <exception cref="FunctionalException">There is no run, or no such stage.</exception>
    public static Task<RunComparison> OfAsync(IReadOnlyList<string> folders, string? stage = null)
    {
        ArgumentNullException.ThrowIfNull(folders);
        if (folders.Count < 2) throw new ArgumentException("two or more are compared", nameof(folders));
        return Task.Run(() => (from once in folders.GroupBy(static f => Path.TrimEndingDirectorySeparator(Path.GetFullPath(f))).Where(static g => g.Count() > 1).Select(static g => Fault.Of<Unit>(g.First(), "is given twice", "allowed: once")).Gather()
                               from runs in folders.Select(f => RunHistory.Of(f).Bind(run => Chosen(run, f, stage))).Gather()
                               select new RunComparison([.. runs.Select((r, i) => (NameOf(runs.Map(static x => x.Run), folders, i), r.Stage))], runs.Map(static r => r.Run.Folder))).OrThrow());
    }

    /// <summary>As <see cref="OfAsync"/>, of stages that are read already.</summary>
    /// <param name="stages">Two or more, with the folders of their runs.</param>
    public static RunComparison Of(IReadOnlyList<(NamedStage Stage, RunFolder Run)> stages)
    {
        ArgumentNullException.ThrowIfNull(stages);
        return new([.. stages.Select(static s => (s.Stage.Name, s.Stage.Stage))], [.. stages.Select(static s => s.Run)]);
    }

    // The stage that is named, by a folder of its own or for all; else the last of which there is something.
    static Validation<Fault, (RunHistory Run, StageHistory Stage)> Chosen(RunHistory run, string folder, string? stage)
    {
        var wanted = stage ?? (RunFolder.Holds(folder) ? null : run.Folder.Stage);
        var found = wanted is null ? run.Stages.LastOrDefault(static s => s.Lines.Count > 0) ?? run.Stages[0] : run.Stages.FirstOrDefault(s => s.Name == wanted);
        return found is null ? Fault.Of<(RunHistory, StageHistory)>(folder, $"has no stage {wanted}", $"allowed: {string.Join(", ", run.Stages.Select(static s => s.Name))}")
            : Prelude.Success<Fault, (RunHistory, StageHistory)>((run, found));
    }

    // Folders of one name are called as they were given.
    static string NameOf(Vec<RunHistory> runs, IReadOnlyList<string> folders, int i) => runs.Count(r => r.Name == runs[i].Name) == 1 ? runs[i].Name : folders[i];

    static ComparedRun Row(string name, StageHistory stage)
    {
        var (loss, speed, best) = (stage.Series("loss"), stage.Series("tokens_per_second"), stage.Best);
        return new(name, stage.Name, stage.Step, stage.Config.Stage.Steps, loss.Count == 0 ? double.NaN : loss[^1].Value, stage.Measured is { Count: > 0 } all ? all[^1].Value : double.NaN,
            best?.Value ?? double.NaN, best?.Step ?? double.NaN, best is { } b && stage.BitsPerByte(b.Value) is { } bits ? bits : double.NaN,
            speed.Count == 0 ? double.NaN : speed.Select(static s => s.Value).Order().ElementAt(speed.Count / 2));
    }

    // All settings but the seed, and how far it has come: a run that goes on is no repetition of one that is done.
    static string Key(StageHistory stage) => string.Join('\n', RunConfig.Fields.Where(static f => RunTexts.IsTelling(f) && f.Name is not ("seed" or "threads")).Select(f => f.Get(stage.Config) ?? "\0")
        .Append($"{stage.Name} {stage.Step} {stage.Config.Stage.Kind}"));

    // Why numbers of one are not to be held against those of another.
    static IEnumerable<string> Unlike(Vec<(string Name, StageHistory Stage)> stages, Vec<RunFolder> folders)
    {
        if (folders.Select(static f => f.Tokenizer.Fingerprint).Distinct().Count() > 1)
            yield return "tokenizers differ: a loss in nats a token is not comparable between them" + (stages.All(static s => s.Stage.Best is { } b && s.Stage.BitsPerByte(b.Value) is not null) ? "; bits a byte are" : "");
        if (stages.Select(static s => (s.Stage.Config.Stage.Source.File ?? s.Stage.Config.Stage.Source.Mixture ?? "", s.Stage.Config.Stage.Source.CorpusSeed, s.Stage.Config.Stage.Source.CorpusSize, s.Stage.Config.Stage.Source.ValidationPart)).Distinct().Count() > 1)
            yield return "data differ: losses are of other texts or rows";
        if (stages.Select(static s => s.Stage.Config.Stage.Kind).Distinct().Count() > 1) yield return "kinds of stages differ: their losses are of other kinds";
    }

    // What numbers are not there.
    static IEnumerable<string> Gaps(Vec<(string Name, StageHistory Stage)> stages, Vec<RunFolder> folders)
    {
        foreach (var ((name, _), folder) in stages.Zip(folders))
            if (folder.Panels is { } panels) yield return $"{name} is a copy in {panels.Bits} bits, which has no numbers of its own";
        if (stages.Where((s, i) => s.Stage.Step < s.Stage.Config.Stage.Steps && folders[i].Panels is null).Select(static s => s.Name).ToArray() is { Length: > 0 } unfinished)
            yield return $"not all steps are done: {string.Join(", ", unfinished)}";
        foreach (var (name, stage) in stages.Where(static s => s.Stage.Broken > 0)) yield return $"{name}: {stage.Broken} lines of its metrics could not be read, and are left out";
    }

    /// <summary>All of it as text, for a console.</summary>
    public string Text => ComparisonText.Of(this);

    /// <summary>All of it as a page in one file that needs nothing else.</summary>
    public string Html => new Page($"{Runs.Count} runs compared",
    [
        .. Warnings.Select(static w => $"<p class=\"bad\">{Page.Safe(w)}</p>"),
        Page.Heading("What they came to"), Page.Table([.. ComparisonText.Heads(this)], [.. ComparisonText.Rows(this)]),
        .. Seeds.Count == 0 ? [] : (Vec<string>)[Page.Heading("Runs that differ in their seed alone"), Page.Table([.. ComparisonText.SeedHeads(this)], [.. ComparisonText.SeedRows(this)]),
            Page.Text("Mean ± standard deviation between seeds, and the interval in which the mean lies with 95 %, by Student's t.")],
        Page.Heading("How they learned"),
        Page.Pictures([.. new[] { Curves(char.ToUpperInvariant(Measure[0]) + Measure[1..], static s => s.Measured), Curves("Training loss", static s => RunCharts.Thinned(s.Series("loss"))),
            Curves("Learning rate", static s => RunCharts.Thinned(s.Series("lr"))), Curves("Gradient norm", static s => RunCharts.Thinned(s.Series("grad_norm"))) with { LogY = true } }
            .Where(static c => c.Traces.Count > 0).Select(RunCharts.Svg)]),
        Page.Heading("Settings that differ"),
        Settings.Count == 0 ? Page.Text("None.") : Page.Table(["setting", .. Runs.Select(static r => r.Name)], [.. Settings.Select(static s => (Vec<string>)[s.Setting, .. s.Values])]),
    ]).Html;

    Chart Curves(string title, Func<StageHistory, Vec<(double, double)>> of) => new(title, "step", "",
        [.. stages.Select(s => new Trace(s.Name, of(s.Stage))).Where(static t => t.Points.Count > 0).Select(static t => t with { IsLine = t.Points.Count > 1 })]) { NamesBelow = true };

    /// <summary>Writes the page.</summary>
    /// <param name="file">The page; one that is there is replaced.</param>
    /// <exception cref="FunctionalException">It cannot be written.</exception>
    public Task WriteAsync(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return Task.Run(() => PageFile.Write(file, Html).OrThrow());
    }

    /// <inheritdoc/>
    public bool Equals(RunComparison? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => Runs.GetHashCode();

    /// <summary>Its text.</summary>
    public override string ToString() => Text;
}
