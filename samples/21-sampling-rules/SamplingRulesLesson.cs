using System.Text;
using Functional.Base;
using Functional.Sampling;

namespace Functional.Samples;

/// <summary>Lesson 21: rules of sampling. Each is a function from logits to logits; a list of them, gone through in order, is one, too.</summary>
public static class SamplingRulesLesson
{
    internal static readonly string[] words = ["the", "a", "old", "my", "his", "red", "Zur", "qx"];

    // What a model may find behind "he took".
    internal static readonly float[] logits = [.. new[] { 0.36, 0.22, 0.14, 0.10, 0.08, 0.06, 0.03, 0.01 }.Select(static p => MathF.Log((float)p))];

    // The prompt held "his"; "the" was written twice, "a" once.
    internal static readonly int[] prompt = [4], written = [0, 1, 0];

    internal static readonly (string Name, SamplingRule Rule)[] rules =
    [
        ("temperature 0.5", new TemperatureRule(0.5)), ("temperature 2", new TemperatureRule(2)), ("top-k 3", new TopKRule(3)), ("top-p 0.7", new TopPRule(0.7)), ("min-p 0.2", new MinPRule(0.2)),
        ("typical-p 0.5", new TypicalPRule(0.5)), ("repetition 1.5", new RepetitionRule(1.5)), ("presence 1", new PresenceRule(1)), ("frequency 1", new FrequencyRule(1)),
        ("ban the", new BanRule([0])), ("bias Zur +3", new BiasRule([new(6, 3)])), ("force red at 3", new ForceRule([new(3, 5)])),
    ];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            Rules of sampling
            =================
            1. A model has read "his", and written "the a the". This is what it finds likely now, in percent, and what each rule makes of it:


            """);
        text.Append($"   {"",-16}{string.Concat(words.Select(static w => $"{w,6}"))}\n");
        Row(text, "no rule", []);
        foreach (var (name, rule) in rules) Row(text, name, [rule]);
        text.Append("""

               Temperature changes all, and keeps the order. Top-k, top-p and min-p leave out from below: so many, up to a share of all, below a
               share of the likeliest. Typical-p may leave out "the" as well: what is so likely says less than is expected here.
               Repetition looks at the prompt, too; presence and frequency only at what was written.

            2. Order matters. Top-k 2 and then a ban of "the" leaves one word; a ban and then top-k leaves two:


            """);
        SamplingRule ban = new BanRule([0]), top = new TopKRule(2);
        Row(text, "top-k 2, ban", [top, ban]);
        Row(text, "ban, top-k 2", [ban, top]);
        text.Append("""

               A list keeps the order that it is given. The usual one has what changes single tokens first, then temperature, then what leaves out.

            3. The law: whatever the rules, what is left sums to one, and a draw never gives what they leave out. 10,000 draws by min-p 0.2:


            """);
        var (counts, minP) = (new int[words.Length], new SamplingRules([new MinPRule(0.2)]));
        for (var i = 0; i < 10_000; i++) counts[minP.Next(logits, new(prompt, written), Key.Seed(21).FoldIn(i))]++;
        for (var i = 0; i < words.Length; i++) text.Append($"   {words[i],-4}{counts[i],6}  {new string('█', counts[i] / 150)}".TrimEnd()).Append('\n');
        text.Append("""

            Exercise: how many words does min-p 0.5 leave, and how many at temperature 2 before it?

            """);
        return text.ToString();
    }

    /// <summary>How many words min-p leaves behind a temperature.</summary>
    public static int Left(double share, double temperature) =>
        new SamplingRules([new TemperatureRule(temperature), new MinPRule(share)]).Probabilities(logits, new(prompt, written)).Count(static p => p > 0);

    static void Row(StringBuilder text, string name, Vec<SamplingRule> list) => text.Append($"   {name,-16}")
        .Append(string.Concat(new SamplingRules(list).Probabilities(logits, new(prompt, written)).Select(static p => p == 0 ? $"{"·",6}" : FormattableString.Invariant($"{100 * p,6:0.0}")))).Append('\n');
}
