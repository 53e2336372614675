using System.Text;
using Functional.Generation;
using Functional.Text;

namespace Functional.Cli;

/// <summary>Whole texts as people and scripts see them.</summary>
static class AnswerView
{
    /// <summary>Texts as they were asked for: a line of JSON, or one below the other.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="prompt">What was asked, for JSON.</param>
    /// <param name="before">What is shown before each text.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="options">How they were asked for.</param>
    /// <param name="most">How many tokens had room.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="json">Whether a script reads it.</param>
    public static void Write(Terminal terminal, string prompt, string before, IReadOnlyList<Answer> texts, DecodingOptions options, int most, Tokenizer tokenizer, bool json)
    {
        if (json)
        {
            terminal.Line(Json(prompt, texts, tokenizer, options.LogProbs > 0));
            return;
        }
        for (var i = 0; i < texts.Count; i++)
        {
            if (texts.Count > 1) terminal.Line($"{(i == 0 ? "" : "\n")}-- {i + 1}: {Summary(texts[i])}");
            new PieceWriter(terminal).Report(before + texts[i].Text);
            terminal.Line();
            if (options.LogProbs > 0) terminal.Line(Table(texts[i], tokenizer));
        }
        if (texts is [{ End: AnswerEnd.Length, IsWhole: false }] && (options.Regex ?? options.Schema) is not null)
            terminal.Error.WriteLine($"note: the text is unfinished, for {most} tokens have no room for its end; --tokens allows more");
    }

    /// <summary>Why it ends, and how likely the model finds it.</summary>
    static string Summary(Answer answer) => FormattableString.Invariant(
        $"{answer.Tokens.Count} tokens, log-probability {answer.LogProb:0.00} ({Mean(answer):0.000} a token), {End(answer)}");

    /// <summary>A line for each token: what it is, how likely, and the likeliest in its place.</summary>
    static string Table(Answer answer, Tokenizer tokenizer)
    {
        var text = new StringBuilder();
        for (var i = 0; i < answer.Tokens.Count; i++)
        {
            text.Append(FormattableString.Invariant($"  {tokenizer.Describe(answer.Tokens[i]),-12} {answer.LogProbs[i],8:0.000}  "));
            text.AppendJoin("  ", answer.Likely[i].Select(l => FormattableString.Invariant($"{tokenizer.Describe(l.Token)} {l.LogProb:0.00}"))).Append('\n');
        }
        return Show.Harmless(text.ToString()).TrimEnd('\n');
    }

    /// <summary>A line of JSON.</summary>
    static string Json(string prompt, IReadOnlyList<Answer> answers, Tokenizer tokenizer, bool each) => JsonLine.Of(json =>
    {
        json.WriteString("prompt", prompt);
        json.Objects("samples", answers, answer =>
        {
            json.WriteString("text", answer.Text);
            json.WriteString("end", End(answer));
            json.WriteBoolean("whole", answer.IsWhole);
            json.Number("log_prob", answer.LogProb);
            json.Number("mean_log_prob", Mean(answer));
            json.WriteNumber("token_count", answer.Tokens.Count);
            if (each) json.Objects("tokens", answer.Tokens.Select(static (token, i) => (token, i)), item =>
            {
                json.WriteNumber("id", item.token);
                json.WriteString("token", tokenizer.Name(item.token));
                if (answer.LogProbs.Count > 0) json.Number("log_prob", answer.LogProbs[item.i]);
                if (answer.Likely.Count > 0) json.Objects("likely", answer.Likely[item.i], other =>
                {
                    json.WriteNumber("id", other.Token);
                    json.WriteString("token", tokenizer.Name(other.Token));
                    json.Number("log_prob", other.LogProb);
                });
            });
        });
    });

    static double Mean(Answer answer) => answer.LogProb / Math.Max(1, answer.Tokens.Count);

    static string End(Answer answer) => answer.End switch { AnswerEnd.Said => "end", AnswerEnd.Stopped => "stop", AnswerEnd.Complete => "complete", _ => "length" };
}
