using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Models;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>Questions with answers to choose from, as tokens.</summary>
/// <param name="Encoder">What made tokens of them.</param>
/// <param name="Rows">The questions.</param>
/// <param name="Examples">Of each question its choices, behind what is left of the question.</param>
/// <param name="Cut">How many questions lost their beginning.</param>
public sealed record Choices(DialogueEncoder Encoder, Vec<Located<MultipleChoice>> Rows, Vec<Vec<Example>> Examples, int Cut)
{
    /// <summary>Those of a file, or of the embedded world those that a run has not learned.</summary>
    /// <param name="run">The run.</param>
    /// <param name="file">A file of rows; nothing for the world's.</param>
    /// <param name="template">How they are asked; nothing for what the run was trained with: one that learned a text goes on with a text.</param>
    /// <param name="columns">Which columns of the file are meant.</param>
    /// <param name="most">How many at most, spread evenly over all; 0 for all.</param>
    /// <param name="like">A run whose questions it is asked in place of its own, as that would be; nothing for itself.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Validation<Fault, Choices> Of(RunFolder run, string? file, string? template = null, string? columns = null, int most = 0, RunFolder? like = null,
        CancellationToken stop = default) =>
        from encoder in RowParts.Encoder((like ?? run).Config, run.Tokenizer, run.Note, template ?? RowParts.TextOf(like ?? run))
        from rows in file is null ? RowParts.Choices(like ?? run, stop) : RowParts.AllChoices(file, columns, stop)
        let some = Questions.Spread(rows, most)
        from fitted in Prepare.Choices(some, encoder, run.Config.Model.Context)
        select new Choices(encoder, some, fitted.Map(static f => f.Examples), fitted.Count(static f => f.Cut != Dialogues.Cut.None));

    /// <summary>What a model thinks of every choice (<see cref="TextLogProbs.Of"/>); nothing where the token asks to stop.</summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="rows">How many choices are read at once.</param>
    /// <param name="told">Is told how many choices are read.</param>
    /// <param name="stop">Asks to give up.</param>
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    public ChoiceScores? Ask(IEngine engine, Model model, Params<IBuffer> parameters, int rows = TextLogProbs.AtOnce, Action<int>? told = null, CancellationToken stop = default)
    {
        if (TextLogProbs.Of(engine, model, parameters, [.. Examples.SelectMany(static choices => choices)], rows, told, stop) is not { } sums) return null;
        var at = 0;
        return new([.. Rows.Select((row, question) => new Chosen(row.Value, [.. Examples[question].Select((example, choice) =>
            ScoredChoice.Of(sums[at++], example.Learned, row.Value.Choices[choice]))]))], Cut);
    }
}
