using Functional.Base;
using Functional.Dialogues;
using Functional.Execution;
using Functional.Learning;
using Functional.Sessions;
using Functional.Storage;

namespace Functional;

/// <content>Questions, judgements and adapters.</content>
public sealed partial class LanguageModel
{
    /// <summary>What the model answers to questions of rows, and how near that is to the answers that are expected, where the rows have any.</summary>
    /// <param name="options">Which questions, and how it answers.</param>
    /// <param name="progress">Is told how many are answered, on the thread that computes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">
    /// An option is out of range, rows cannot be read or are of no form that is known, the model writes no text, or the device has no room.
    /// </exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<AnswerScores> AnswerAsync(AnswerOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        var valid = (options ?? new()).Validate().OrThrow();
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(() =>
            (from like in valid.Like is { } other ? RunFolder.Open(other).Map(LanguageExt.Prelude.Some) : LanguageExt.Option<RunFolder>.None
             from questions in Questions.Of(model.Run, valid.File, valid.Template, valid.Columns, valid.Questions, like.IfNoneUnsafe((RunFolder?)null), cancellation)
             from answered in model.Ask(questions, valid.Sampling, valid.Tokens, Key.Seed((ulong)valid.Seed), progress is null ? null : progress.Report, cancellation)
             select answered).OrThrow().IfNone(() => throw new OperationCanceledException(cancellation))), cancellation).ConfigureAwait(false);
    }

    /// <summary>Begins to judge the model's answers to prompts, two at a time, or goes on where a file stands.</summary>
    /// <param name="options">Which prompts (<see cref="AnswerOptions.File"/> names them), and how answers are drawn.</param>
    /// <param name="file">Where judgements are written, a line of JSON each.</param>
    /// <param name="annotator">Who judges.</param>
    /// <param name="cancellation">Gives up while prompts are read.</param>
    /// <exception cref="ArgumentException">The file or the annotator has no name, or no prompts are named.</exception>
    /// <exception cref="FunctionalException">An option is out of range, the prompts or the file cannot be read, or the model writes no text.</exception>
    public Task<Annotating> AnnotateAsync(AnswerOptions options, string file, string annotator, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(file);
        ArgumentException.ThrowIfNullOrEmpty(annotator);
        ArgumentException.ThrowIfNullOrEmpty(options.File, nameof(options));
        var valid = options.Validate().OrThrow();
        return Task.Run(() =>
        {
            var (prompts, encoder) = model.Prompts(valid.File!, valid.Template, valid.Columns, cancellation).OrThrow();
            return new Annotating(AnnotationFile.Open(file).OrThrow(), prompts, annotator, Pair);

            async Task<(string, string)?> Pair(Vec<Message> prompt, int at, int draws, CancellationToken stop)
            {
                using var turn = turns.Ask();
                await turn.Come(stop).ConfigureAwait(false);
                return await Compute(() => Finite(() => model.Pair(encoder, prompt, valid.Sampling, valid.Tokens, draws, Key.Seed((ulong)valid.Seed).FoldIn(at), stop)
                    .OrThrow().ToNullable()), stop).ConfigureAwait(false);
            }
        }, cancellation);
    }

    /// <summary>Makes a run of its own out of one, or of a published model, and adapters of PEFT for it.</summary>
    /// <param name="run">The run's folder, or the published model's.</param>
    /// <param name="adapter">The folder with <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</param>
    /// <param name="folder">The new run's folder; there must be nothing there.</param>
    /// <param name="engine">What it computes on; nothing for the best that is there.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <exception cref="ArgumentException">A folder has no name.</exception>
    /// <exception cref="FunctionalException">The adapters are for another model or of a kind that is not known, or a folder cannot be read or written.</exception>
    public static Task MergeAsync(string run, string adapter, string folder, EngineOptions? engine = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(run);
        ArgumentException.ThrowIfNullOrEmpty(adapter);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(() => Outcomes.OnDevice(() =>
        {
            using var made = Engine.Create(engine);
            return AdapterMerge.Run(made, run, adapter, folder).OrThrow();
        }), cancellation);
    }

    /// <summary>Writes the adapters that a run learned as PEFT reads them: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>, without the base.</summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="folder">A folder; there must be nothing there. It is there whole, or not at all.</param>
    /// <param name="checkpoint">Which checkpoint of the run.</param>
    /// <param name="stage">Of which of its stages; nothing for the last that has a checkpoint.</param>
    /// <param name="family">The family by whose names; nothing for the one that it came from, or else the first that has words for it.</param>
    /// <param name="dtype">The numbers' type: F32, F16 or BF16.</param>
    /// <param name="engine">Where they are held meanwhile; nothing for the best that is there.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <returns>The family's name, and how many numbers the adapters have.</returns>
    /// <exception cref="ArgumentException">A folder has no name.</exception>
    /// <exception cref="FunctionalException">The run learned no adapters, its family has no such layers, an argument is out of range, or the folder cannot be written.</exception>
    public static Task<(string Family, long Numbers)> ExportAdapterAsync(string run, string folder, CheckpointChoice checkpoint = default, string? stage = null, string? family = null,
        string dtype = "F32", EngineOptions? engine = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(run);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(() => Outcomes.OnDevice(() =>
        {
            using var made = Engine.Create(engine);
            return AdapterExport.Run(made, run, folder, checkpoint, stage, family, dtype).OrThrow();
        }), cancellation);
    }

    /// <summary>What the model is worth as a judge: how often it is right and how sure, and what lengths have to do with it.</summary>
    /// <param name="options">Which comparisons; how answers are drawn does not matter.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">The model is none that learned rewards, rows cannot be read, or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<RewardStatistics> JudgeAsync(AnswerOptions? options = null, CancellationToken cancellation = default)
    {
        var valid = (options ?? new()).Validate().OrThrow();
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => (from like in valid.Like is { } other ? RunFolder.Open(other).Map(LanguageExt.Prelude.Some) : LanguageExt.Option<RunFolder>.None
                                    from judged in model.Judge(valid.File, valid.Template, valid.Columns, valid.Questions, like.IfNoneUnsafe((RunFolder?)null), cancellation)
                                    select judged).OrThrow(), cancellation).ConfigureAwait(false);
    }

    /// <summary>What the model gives an answer, where it has learned rewards: by its own template and tokenizer.</summary>
    /// <param name="prompt">What is asked.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">The model is none that learned rewards, a text has characters that it does not know, or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<double> RewardAsync(string prompt, string answer, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(answer);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => model.Reward([new(([new Message(Role.User, prompt)], answer), "answer")], null, cancellation).OrThrow()[0], cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>Whose answers to the same questions this model rewards more, where it has learned rewards: it reads them by its own template and tokenizer.</summary>
    /// <param name="first">What one model answers (<see cref="AnswerAsync"/>).</param>
    /// <param name="second">What the other answers to the same (<see cref="AnswerOptions.Like"/>).</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">The model is none that learned rewards, the questions differ, or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<Comparison> CompareAsync(AnswerScores first, AnswerScores second, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => model.Compare(first, second, cancellation).OrThrow(), cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// What the run's objective measures on all rows that it kept for evaluation: of a model that judges, how often the better answer has more
    /// (<c>accuracy</c>), and by how much (<c>margin</c>).
    /// </summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">The rows cannot be read, or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<(double Loss, IReadOnlyDictionary<string, double> Shown, long Rows)> MeasureAsync(CancellationToken cancellation = default)
    {
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        var (loss, shown, rows) = await Compute(() => model.Measure(cancellation).OrThrow(), cancellation).ConfigureAwait(false);
        return (loss, shown.ToDictionary(static s => s.Name, static s => s.Value, StringComparer.Ordinal), rows);
    }
}
