using Functional.Base;
using Functional.Dialogues;
using Functional.Execution;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;

namespace Functional;

/// <content>Choosing among answers, and answering more than once.</content>
public sealed partial class LanguageModel
{
    /// <summary>
    /// How the model chooses among the answers to questions, by how likely it finds each: of the rows of a file, or of the embedded world's questions that the run
    /// has not learned. A run that learned a text goes on with a text; others answer by their template.
    /// </summary>
    /// <param name="options">Which questions, and how they are asked; how answers are drawn does not matter.</param>
    /// <param name="progress">Is told how many choices are read, on the thread that computes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">
    /// An option is out of range, rows cannot be read or are of no form that is known, a choice has no room, the model writes no text, or the device has no room.
    /// </exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<ChoiceScores> ChooseAsync(AnswerOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        var valid = (options ?? new()).Validate().OrThrow();
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(() =>
            (from like in valid.Like is { } other ? RunFolder.Open(other).Map(Prelude.Some) : Option<RunFolder>.None
             from questions in Choices.Of(model.Run, valid.File, valid.Template, valid.Columns, valid.Questions, like.IfNoneUnsafe((RunFolder?)null), cancellation)
             from chosen in model.Choose(questions, progress is null ? null : progress.Report, cancellation)
             select chosen).OrThrow().IfNone(() => throw new OperationCanceledException(cancellation))), cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// What more answers to each prompt buy: the best of n as a judge chooses, what most of n say, and, where it is asked for, what the model makes of its own
    /// criticism; each as a curve over answers and tokens.
    /// </summary>
    /// <param name="options">Which prompts, how they are answered, and who judges.</param>
    /// <param name="judge">Who chooses, in place of <see cref="BestOfOptions.Judge"/>.</param>
    /// <param name="measure">What answers are measured by, in place of <see cref="BestOfOptions.Measure"/>.</param>
    /// <param name="progress">Is told how many answers are written, on the thread that computes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">
    /// An option is out of range, rows cannot be read or have no room, a judge is none, the model writes no text, or the device has no room.
    /// </exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<TestTimeResult> BestOfAsync(BestOfOptions? options = null, Reward? judge = null, Reward? measure = null, IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        var valid = (options ?? new()).Validate().OrThrow();
        Fault[] twice = [.. Twice(nameof(BestOfOptions.Judge), valid.Judge, judge), .. Twice(nameof(BestOfOptions.Measure), valid.Measure, measure)];
        if (twice.Length > 0) throw new FunctionalException(twice);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(() => model.Try(valid.File, valid.Template, valid.Columns, valid.Questions,
            judge is null ? valid.Judge ?? "exact" : PracticeConfig.Function, measure is null ? valid.Measure : PracticeConfig.Function, valid.Rules, judge, measure,
            progress is null ? null : progress.Report, cancellation).OrThrow().IfNone(() => throw new OperationCanceledException(cancellation))), cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes a run whose matrices are kept in 8 or 4 bits, in groups of 32 numbers with a scale: it writes in a fraction of the memory and time, is measured like any
    /// other, and is not trained further; a run that begins with it begins with its weights as float32.
    /// </summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="run">The new run's folder; there must be nothing there. It is there whole, or not at all.</param>
    /// <param name="bits">8 or 4.</param>
    /// <param name="data">A text file that the loss is measured on, before and after; nothing for what the run kept for evaluation.</param>
    /// <param name="engine">What it computes on; nothing for the best that is there.</param>
    /// <param name="checkpoint">Which checkpoint.</param>
    /// <param name="stage">Of which of its stages; nothing for the last that has a checkpoint.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Sizes and losses before and after.</returns>
    /// <exception cref="ArgumentException">A folder has no name.</exception>
    /// <exception cref="FunctionalException">As for <see cref="LoadAsync"/>; the bits are others, the run is in few bits already, a number cannot be kept, or the
    /// folder cannot be written.</exception>
    public static Task<Quantised> QuantiseAsync(string folder, string run, int bits = 8, string? data = null, EngineOptions? engine = null,
        CheckpointChoice checkpoint = default, string? stage = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(run);
        return Compute(() =>
        {
            using var made = Engine.Create(engine);
            return Quantising.Run(made, folder, run, bits, data, checkpoint, stage, cancellation).OrThrow();
        }, cancellation);
    }

    /// <summary>Writes the model and its tokenizer as llama.cpp reads them: a GGUF file.</summary>
    /// <param name="file">The file; there must be none. It is there whole, or not at all.</param>
    /// <param name="type">How matrices are kept: f32, f16, q8_0 or q4_0; nothing for what the run keeps, or else f16.</param>
    /// <param name="family">The family, such as <c>llama</c>; nothing for the one that it came from, or else the first that has words for it.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <returns>The architecture, and the type of its matrices.</returns>
    /// <exception cref="ArgumentException">The file has no name.</exception>
    /// <exception cref="FunctionalException">llama.cpp has no words for the family, a setting or the tokenizer, a number is too large for the type, or the file
    /// cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<(string Architecture, string Type)> ExportGgufAsync(string file, string? type = null, string? family = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => model.ExportGgufTo(file, type, family).OrThrow(), cancellation).ConfigureAwait(false);
    }

    static IEnumerable<Fault> Twice(string where, string? word, Reward? function) => word is null || function is null ? []
        : [new(where, $"is {word}, and a function is given, too", "allowed: one of them")];
}
