using System.Globalization;
using Functional.Base;
using Functional.Dialogues;

namespace Functional.Cli;

/// <content>How models choose among answers.</content>
static partial class EvaluateCommand
{
    static Vec<(string Name, string Json, ChoiceRule Rule)> Rules =>
    [
        ("right, by log-probability", "acc", ChoiceRule.Sum), ("… by character", "acc_norm", ChoiceRule.PerCharacter), ("… by byte", "acc_bytes", ChoiceRule.PerByte),
        ("… by token", "acc_token", ChoiceRule.PerToken),
    ];

    static async Task<List<(string Name, ChoiceScores Scores)>> Choices(Given given, Execution.EngineOptions engine, Storage.CheckpointChoice checkpoint, AnswerOptions options,
        CancellationToken stop)
    {
        var all = new List<(string Name, ChoiceScores Scores)>();
        foreach (var run in (string[])[given.Text("--from")!, .. given.Text("--beside") is { } other ? (string[])[other] : []])
        {
            using var model = await (all.Count == 0 ? Models.Load(given, run, engine, checkpoint, given.Text("--stage"), stop)
                : LanguageModel.LoadAsync(run, engine, cancellation: stop)).ConfigureAwait(false);
            all.Add((run, await model.ChooseAsync(options with { Like = all.Count == 0 ? null : given.Text("--from") }, null, stop).ConfigureAwait(false)));
        }
        return all;
    }

    static void TellChoices(Terminal terminal, List<(string Name, ChoiceScores Scores)> all, int shown, Key key)
    {
        var first = all[0].Scores;
        terminal.Line($"{Show.Count(first.Questions.Count)} questions; whoever guesses is right in {first.Chance.ToString("0.0000", CultureInfo.InvariantCulture)}");
        var width = Math.Max(26, all.Max(static a => a.Name.Length));
        void Row(string name, Func<ChoiceScores, string> of) => terminal.Line($"{name,-28}{string.Join("  ", all.Select(a => of(a.Scores).PadRight(width)))}".TrimEnd());
        if (all.Count > 1) Row("", s => all.First(a => ReferenceEquals(a.Scores, s)).Name);
        foreach (var (name, _, rule) in Rules) Row(name, s => s.Accuracy(rule).ToString());
        Row("loss of right answers", static s => s.Loss.ToString("0.0000", CultureInfo.InvariantCulture));
        Row("perplexity", static s => s.Perplexity.ToString("0.0000", CultureInfo.InvariantCulture));
        if (all.Any(static a => a.Scores.Cut > 0)) Row("cut at their beginning", static s => Show.Count(s.Cut));
        if (all.Count > 1)
            foreach (var (name, _, rule) in Rules) terminal.Line($"{name}, {all[0].Name} less {all[1].Name}: {first.Difference(all[1].Scores, rule, key)}");
        for (var i = 0; i < Math.Min(shown, first.Questions.Count); i++)
        {
            var question = first.Questions[i].Question;
            terminal.Line($"\n{TrainText.Indented(question.Prompt is [.., var last] ? last.Whole : "")}");
            for (var choice = 0; choice < question.Choices.Count; choice++)
                terminal.Line($"  {(choice == question.Right ? "=" : " ")} {string.Join("  ", all.Select(a => $"{a.Scores.Questions[i].Choices[choice].LogProb.ToString("0.00", CultureInfo.InvariantCulture),9}{
                    (a.Scores.Questions[i].Pick(ChoiceRule.Sum) == choice ? "*" : " ")}"))}  {Show.OneLine(question.Choices[choice])}");
        }
    }

    static string ChoicesJson(List<(string Name, ChoiceScores Scores)> all, Key key) => JsonLine.Of(json =>
    {
        json.Objects("runs", all, one =>
        {
            json.WriteString("run", one.Name);
            json.WriteNumber("questions", one.Scores.Questions.Count);
            json.WriteNumber("cut", one.Scores.Cut);
            json.WriteNumber("chance", one.Scores.Chance);
            foreach (var (_, name, rule) in Rules) json.Rate(name, one.Scores.Accuracy(rule));
            json.WriteNumber("loss", one.Scores.Loss);
            json.WriteNumber("perplexity", one.Scores.Perplexity);
            json.Objects("choices", one.Scores.Questions, q =>
            {
                json.WriteString("question", q.Question.Prompt is [.., var last] ? last.Whole : "");
                json.WriteNumber("answer", q.Question.Right);
                json.WriteNumber("chosen", q.Pick(ChoiceRule.Sum));
                json.Objects("choices", q.Choices.Select((c, i) => (c, i)), c =>
                {
                    json.WriteString("text", q.Question.Choices[c.i]);
                    json.WriteNumber("logprob", c.c.LogProb);
                    json.WriteNumber("tokens", c.c.Tokens);
                });
            });
        });
        if (all.Count < 2) return;
        json.WriteStartObject("differences");
        foreach (var (_, name, rule) in Rules) json.Rate(name, all[0].Scores.Difference(all[1].Scores, rule, key));
        json.WriteEndObject();
    });
}
