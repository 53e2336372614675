using Functional.Base;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;

namespace Functional;

/// <summary>What a tour is made of.</summary>
public sealed record TourOptions
{
    /// <summary>A recipe in place of the tour's own; nothing for that.</summary>
    public string? Recipe { get; init; }

    /// <summary>Settings that take the place of the recipe's in every stage, such as <c>("seed", "2")</c>.</summary>
    public IReadOnlyList<(string Name, string Value)> Settings { get; init; } = [];

    /// <summary>How many questions each stage answers at the end, 1 or more.</summary>
    public int Questions { get; init; } = 1000;

    /// <summary>How many questions are answered to have comparisons to learn from, 2 or more.</summary>
    public int Compared { get; init; } = 2500;

    /// <summary>How many answers each of those has, 2 or more.</summary>
    public int Answers { get; init; } = 4;
}

/// <summary>What a tour does beside training.</summary>
/// <param name="What">What is counted.</param>
/// <param name="Done">How much of it is done.</param>
/// <param name="Of">How much there is of it.</param>
public sealed record TourNote(string What, int Done, int Of);

/// <summary>A tour as far as it has come.</summary>
/// <param name="Folder">Its run.</param>
/// <param name="Scores">What its stages are worth, in their order.</param>
/// <param name="IsDone">Whether nothing is left; else it was asked to stop, and the same call goes on.</param>
public sealed record TourResult(string Folder, Vec<TourScore> Scores, bool IsDone)
{
    /// <summary>The page that tells of it.</summary>
    public string Page => Path.Combine(Folder, Tour.PageName);

    /// <summary>The score of a stage; nothing where there is none.</summary>
    public TourScore? this[string? stage] => Scores.FirstOrDefault(s => s.Stage == stage);
}

/// <summary>
/// All of it in one run: a model is pretrained and taught to answer; its own answers are compared by what is true of the embedded world; another learns to judge;
/// policies learn from the truth and from the comparisons; and all are asked questions that none of them learned.
/// </summary>
public static class Tour
{
    internal const string PageName = "report.html";
    const string Comparisons = "preferences.jsonl";

    /// <summary>
    /// Begins a tour, or goes on with the one in a folder; what is done is not done again. Its stages are those of a recipe, and the folder is a run like any other:
    /// each stage is looked at, replaced and gone on from by its folder, <c>stages/NAME</c>.
    /// </summary>
    /// <param name="folder">Where it is kept; it is made where it is not there.</param>
    /// <param name="options">What it is made of.</param>
    /// <param name="training">Is told what happens while stages learn, as for <see cref="Training.RunAsync(Recipe, string, IProgress{TrainingEvent}?, CancellationToken)"/>.</param>
    /// <param name="notes">Is told of everything else.</param>
    /// <param name="cancellation">Asks to save and stop.</param>
    /// <exception cref="FunctionalException">As for a recipe; or the recipe has no stage of kind <c>sft</c>, whose questions all are asked.</exception>
    public static async Task<TourResult> RunAsync(string folder, TourOptions? options = null, IProgress<TrainingEvent>? training = null, IProgress<TourNote>? notes = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var (asked, recipe) = ((options ?? new()).Checked(), RecipeOf(folder, options ?? new()));
        var teacher = recipe.Stages.FirstOrDefault(static s => s.Value.Stage.Kind == StageKind.Sft).Name
            ?? throw new FunctionalException(new Fault(options?.Recipe ?? "recipe", "has no stage of kind sft", "needed: one, whose questions all stages are asked"));
        var (pairs, told) = (Path.Combine(folder, Comparisons), training is null ? null : new Whole(training, recipe.Stages.Names));
        if (recipe.Stages.FirstOrDefault(s => s.Value.Stage.Source.File is { } file && Path.GetFullPath(file) == Path.GetFullPath(pairs)).Name is { } first && !File.Exists(pairs))
        {
            if (!await Train(recipe.UpTo(first), recipe, folder, told, cancellation).ConfigureAwait(false)) return new(folder, [], false);
            await Collect(folder, recipe, recipe.Before(first)!, pairs, asked, notes, cancellation).ConfigureAwait(false);
        }
        if (!await Train(recipe, recipe, folder, told, cancellation).ConfigureAwait(false)) return new(folder, [], false);
        using var held = RunFolder.Hold(folder).OrThrow();
        using var asking = new TourScores(folder, recipe, teacher, asked, notes, cancellation);
        var scores = new List<TourScore>();
        foreach (var stage in recipe.Stages.Names) scores.Add(await asking.Of(stage).ConfigureAwait(false));
        var result = new TourResult(folder, [.. scores], true);
        await File.WriteAllTextAsync(result.Page, await TourPage.Of(result, RunFolder.Open(folder).OrThrow().Recipe).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        return result;
    }

    /// <summary>The recipe of a tour, with paths in it relative to its folder.</summary>
    /// <param name="folder">Where the tour is kept.</param>
    /// <param name="options">What it is made of.</param>
    /// <exception cref="FunctionalException">The recipe cannot be read, or something in it is no setting or no value of one.</exception>
    public static Recipe RecipeOf(string folder, TourOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(options);
        return Configuration.RecipeIn(folder, options.Recipe, options.Recipe is null ? Own : null, options.Settings);
    }

    static string Own
    {
        get
        {
            using var text = new StreamReader(typeof(Tour).Assembly.GetManifestResourceStream("tour.yaml")!);
            return text.ReadToEnd();
        }
    }

    // Whether all of it, a part of the whole, is trained.
    static async Task<bool> Train(Recipe recipe, Recipe whole, string folder, IProgress<TrainingEvent>? progress, CancellationToken stop)
    {
        if (RunFolder.IsBegun(folder))
        {
            var done = await Training.StagesAsync(folder).ConfigureAwait(false);
            if (recipe.Stages.All(s => done.Any(d => d.Name == s.Name && d.IsDone && d.Done >= s.Value.Stage.Steps)))
            {
                // What is done is what it is: another seed or another model is refused, and not passed over.
                _ = RunSession.Planned(folder, RunSession.ChangeTo(whole)).OrThrow();
                return true;
            }
        }
        return (await Training.RunAsync(recipe, folder, progress, stop).ConfigureAwait(false)).Reason == StopReason.Completed;
    }

    // Of a part of the recipe's stages, among all of them.
    sealed class Whole(IProgress<TrainingEvent> progress, IReadOnlyList<string> stages) : IProgress<TrainingEvent>
    {
        public void Report(TrainingEvent value) => progress.Report(value is TrainingEvent.Started started ? started with { Stages = stages } : value);
    }

    // Under another name until all of it is there.
    static async Task Collect(string folder, Recipe recipe, string stage, string file, TourOptions options, IProgress<TourNote>? notes, CancellationToken stop)
    {
        using var held = RunFolder.Hold(folder).OrThrow();
        using var model = await LanguageModel.LoadAsync(folder, recipe.Stages[stage].Execution, stage: stage, cancellation: stop).ConfigureAwait(false);
        var whole = new AnswerOptions { Questions = options.Compared, Tokens = TourScores.TokensOf(recipe), Temperature = 1, Seed = recipe.Stages[stage].Seed };
        var part = Path.ChangeExtension(file, "partial.jsonl");
        var collected = await model.CollectAsync(part, "exact", whole, null, options.Answers,
            notes is null ? null : new TourProgress(done => notes.Report(new("questions answered, and the answers compared", done, options.Compared))), stop).ConfigureAwait(false);
        if (collected.Written < 2)
            throw new FunctionalException(new Fault(folder, $"has answers of which {collected.Written} are better than others", "needed: 2 or more, as of a model that is sometimes right"));
        File.Move(part, file, overwrite: true);
    }

    static TourOptions Checked(this TourOptions options) => new[]
    {
        Fault.Unless(options.Questions >= 1, nameof(TourOptions.Questions), $"is {options.Questions}", "allowed: 1 or more"),
        Fault.Unless(options.Compared >= 2, nameof(TourOptions.Compared), $"is {options.Compared}", "allowed: 2 or more"),
        Fault.Unless(options.Answers >= 2, nameof(TourOptions.Answers), $"is {options.Answers}", "allowed: 2 or more"),
    }.Gather().Map(_ => options).OrThrow();
}
