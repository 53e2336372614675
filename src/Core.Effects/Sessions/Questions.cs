using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Generation;
using Functional.Learning;
using Functional.Models;
using Functional.Sampling;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Questions that models are asked, with the answers that are expected where there are any.</summary>
/// <param name="Encoder">What makes tokens of them.</param>
/// <param name="Rows">What is asked, and expected.</param>
/// <param name="Prompts">What is asked, as tokens; of a question with an answer, cut so that both have room.</param>
/// <param name="Examples">Questions and answers as tokens, of those rows that expect an answer.</param>
public sealed record Questions(DialogueEncoder Encoder, Vec<Located<Asked>> Rows, Vec<Vec<int>> Prompts, Examples Examples)
{
    const int AtOnce = 16;

    /// <summary>Those that a run keeps for evaluation, or all of a file.</summary>
    /// <param name="run">The run.</param>
    /// <param name="file">A file of rows; nothing for the run's own.</param>
    /// <param name="template">How they are asked; nothing for what the run was trained with, or its model's own.</param>
    /// <param name="columns">Which columns of the file are meant.</param>
    /// <param name="most">How many at most, spread evenly over all; 0 for all.</param>
    /// <param name="like">A run whose questions it is asked in place of its own, as that would be; nothing for itself.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Validation<Fault, Questions> Of(RunFolder run, string? file, string? template = null, string? columns = null, int most = 0, RunFolder? like = null,
        CancellationToken stop = default) =>
        from encoder in RowParts.Encoder((like ?? run).Config, run.Tokenizer, run.Note, template)
        from rows in file is null ? RowParts.Kept(like ?? run, stop) : RowParts.Questions(file, columns, stop)
        from any in Fault.Unless(rows.Count > 0, file ?? (like ?? run).Location, "has no questions", "expected rows, as with --data FILE")
        let asked = Spread(rows, most)
        from examples in Prepare.Conversations(asked.Where(static r => r.Value.Expected is not null).Select(static r => new Located<Conversation>(Told(r.Value), r.Where)),
            encoder, run.Config.Model.Context)
        from open in Prepare.Prompts([.. asked.Where(static r => r.Value.Expected is null)], static r => r.Prompt, encoder, run.Config.Model.Context, 1)
        select new Questions(encoder, asked, Merged(asked, examples.Data, open.Map(static p => p.Ids)), examples.Data);

    // In the order of the rows.
    static Vec<Vec<int>> Merged(Vec<Located<Asked>> rows, Examples examples, Vec<Vec<int>> open)
    {
        var (told, alone) = (0, 0);
        return rows.Map(row => row.Value.Expected is null ? open[alone++] : examples[told++] is var example ? [.. example.Ids.Take(example.LastAnswer)] : []);
    }

    /// <summary>So many of some rows, spread evenly over them; 0 for all.</summary>
    internal static Vec<T> Spread<T>(Vec<T> rows, int most) => most == 0 || most >= rows.Count ? rows
        : [.. Enumerable.Range(0, most).Select(i => rows[(int)((long)i * rows.Count / most)])];

    // What was said before the last question is known, and not asked.
    static Conversation Told(Asked asked) => new([.. asked.Prompt.Select(static m => m with { Learns = false }), new(Role.Assistant, asked.Expected!)]);

    /// <summary>What is asked, as people read it.</summary>
    public string Prompt(int question) => string.Join("\n\n", Rows[question].Value.Prompt.Select(static m => m.Whole));

    /// <summary>The answer that is expected; nothing where the row has none.</summary>
    public string? Expected(int question) => Rows[question].Value.Expected;

    /// <summary>What a model says, and how well it predicts what is expected; nothing when the token asks to stop.</summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="sampling">How answers are drawn.</param>
    /// <param name="most">How many tokens an answer has at most.</param>
    /// <param name="key">What they are drawn with.</param>
    /// <param name="told">Is told how many are answered.</param>
    /// <param name="stop">Asks to give up.</param>
    public AnswerScores? Ask(IEngine engine, Model model, Params<IBuffer> parameters, SamplingConfig sampling, int most, Key key, Action<int>? told = null,
        CancellationToken stop = default)
    {
        if (Loss(engine, model, parameters, stop) is not { } loss) return null;
        int[][] prompts = [.. Prompts.Select(static ids => (int[])[.. ids])];
        var done = 0;
        var answers = Answers.Of(engine, model, parameters, Encoder.Tokenizer, prompts, new(sampling, most, Encoder.Stops.Tokens, Encoder.Stops.Texts),
            [.. prompts.Select((_, i) => key.FoldIn(i))], AtOnce, (_, _) => told?.Invoke(++done), stop);
        return answers.Length < prompts.Length ? null : new(loss, [.. answers.Select((answer, i) => new Answered(Prompt(i), Expected(i), answer) { Asked = Rows[i].Value.Prompt })]);
    }

    double? Loss(IEngine engine, Model model, Params<IBuffer> parameters, CancellationToken stop)
    {
        if (Examples.Count == 0) return double.NaN;
        using var workspace = new Workspace(engine);
        workspace.Alias(parameters.Rename(Layers.Names.Param));
        var time = Examples.Width(model.Context);
        var rows = Math.Min(AtOnce, Examples.Count);
        using var evaluation = new Evaluation(workspace, Objectives.NextToken(model, new(rows, time)), new ConversationRows(Examples, time, RowOrder.Once), rows);
        return evaluation.Run(stop);
    }
}
