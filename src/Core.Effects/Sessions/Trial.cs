using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Generation;
using Functional.Sampling;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>A question that a model was asked, with what it answered and what each answer is worth.</summary>
/// <param name="Asked">The question.</param>
/// <param name="Prompt">The same as tokens.</param>
/// <param name="Answers">What was answered.</param>
/// <param name="Rewards">What each answer is worth; NaN where that is not known.</param>
public sealed record JudgedAnswers(Asked Asked, Vec<int> Prompt, Vec<Answer> Answers, Vec<double> Rewards)
{
    /// <summary>
    /// The best answer beside the worst, as a judgement; nothing where no two have different worth and different words, or one has no words.
    /// </summary>
    /// <param name="judge">Who judged.</param>
    public Option<Annotation> Comparison(string judge)
    {
        var known = Answers.Select((a, i) => (Text: a.Text.Trim(), Reward: Rewards[i])).Where(static a => double.IsFinite(a.Reward) && a.Text.Length > 0)
            .OrderByDescending(static a => a.Reward).ToArray();
        return known is [var best, .., var worst] && best.Reward > worst.Reward && best.Text != worst.Text
            ? Some(new Annotation(Asked.Prompt, best.Text, worst.Text, Verdict.Better, judge) { Margin = best.Reward - worst.Reward }) : None;
    }
}

/// <summary>
/// Questions that a model answers, with a judge. What is answered to a question depends on the model, the question and the key alone, whatever is asked beside it.
/// </summary>
/// <param name="Encoder">What makes tokens of questions.</param>
/// <param name="Rows">The questions.</param>
public sealed record Trial(DialogueEncoder Encoder, Vec<PromptRow> Rows)
{
    const int AtOnce = 64;

    /// <summary>The questions of a run, of which a part is learned and a part is kept for evaluation; or all of a file.</summary>
    /// <param name="run">The run.</param>
    /// <param name="kept">Whether those that are kept; else those that are learned.</param>
    /// <param name="judge">Who is going to judge: one that compares with expected answers needs rows that have them.</param>
    /// <param name="tokens">How many tokens an answer has at most, for which there has to be room.</param>
    /// <param name="file">A file of rows; nothing for the run's own.</param>
    /// <param name="template">How they are asked; nothing for what the run was trained with, or its model's own.</param>
    /// <param name="columns">Which columns of the file are meant.</param>
    /// <param name="most">How many at most, spread evenly over all; 0 for all.</param>
    /// <param name="like">A run whose questions it is asked in place of its own, as that would be; nothing for itself.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Validation<Fault, Trial> Of(RunFolder run, bool kept, string judge, int tokens, string? file = null, string? template = null, string? columns = null, int most = 0,
        RunFolder? like = null, CancellationToken stop = default) =>
        from encoder in RowParts.Encoder((like ?? run).Config, run.Tokenizer, run.Note, template)
        from asked in RowParts.Questions(like ?? run, kept, judge, file, columns, stop)
        // The world asks what nobody can change: what of it is too long is left out, and not counted.
        let own = file is null && (like ?? run).Config.Stage.Source.IsEmbedded
        from prompts in Prepare.Prompts(own ? asked : Questions.Spread(asked, most), static a => a.Prompt, encoder, run.Config.Model.Context, tokens, skips: own)
        from some in Fault.Unless(prompts.Count > 0, file ?? (like ?? run).Location, $"asks nothing that has room in a context of {run.Config.Model.Context}",
            $"allowed: fewer tokens of an answer than {tokens}, or a model of a larger context")
        select new Trial(encoder, Questions.Spread(prompts, most).Map(static p => new PromptRow(p.Row, p.Ids)));

    /// <summary>A key for each question.</summary>
    public Vec<Key> Keys(Key key) => Rows.Map((_, i) => key.FoldIn(i));

    /// <summary>Asks a model each question several times and has the answers judged; fewer questions where the token asks to stop.</summary>
    /// <param name="model">The model.</param>
    /// <param name="judge">The judge.</param>
    /// <param name="each">How many answers a question has.</param>
    /// <param name="sampling">How answers are drawn.</param>
    /// <param name="most">How many tokens an answer has at most.</param>
    /// <param name="keys">What each question's answers are drawn with.</param>
    /// <param name="told">Is told how many answers there are, one by one.</param>
    /// <param name="stop">Asks to give up.</param>
    public Vec<JudgedAnswers> Ask(TrainedModel model, IJudge judge, int each, SamplingConfig sampling, int most, Vec<Key> keys, Action<int>? told = null, CancellationToken stop = default)
    {
        var done = 0;
        var answers = model.Write([.. Rows.SelectMany(row => Enumerable.Repeat(row.Ids, each))], new(sampling, most, Encoder.Stops.Tokens, Encoder.Stops.Texts),
            [.. Enumerable.Range(0, Rows.Count * each).Select(i => keys[i / each].FoldIn(i % each))], AtOnce, (_, _) => told?.Invoke(++done), stop);
        var whole = answers.Length / each;
        var rewards = judge.Rewards([.. answers.Take(whole * each).Select((answer, i) => (Rows[i / each].Asked, answer.Text))]);
        return [.. Enumerable.Range(0, whole).Select(i => new JudgedAnswers(Rows[i].Asked, Rows[i].Ids, [.. answers.Skip(i * each).Take(each)], [.. rewards.Skip(i * each).Take(each)]))];
    }
}
