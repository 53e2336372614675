using System.Text;
using Functional.Base;
using Functional.Learning;

namespace Functional.Samples;

/// <summary>Lesson 17: GRPO's group. Answers to one question are each other's yardstick, and no critic is needed.</summary>
public static class GroupOfAnswers
{
    internal static readonly Vec<double> rewards = [8.2, 6.5, 4.1, 2.8];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            A group of answers
            ==================
            A critic has to learn what a question is worth before it helps. Instead, let the policy answer the question several times: what is
            to be expected is what the answers have in the mean (Shao et al. 2024).

            1. Four answers to one question. Mean 5.4, deviation 2.091650; an advantage is the difference by the deviation:

                  answer  reward  advantage

            """);
        var group = Of(rewards, GroupOptions.Grpo);
        for (var i = 0; i < 4; i++)
            text.Append(FormattableString.Invariant($"      {(char)('a' + i)}          {rewards[i]:0.0}  {group.Each[i],9:+0.0000;-0.0000}  ")).Append(Bar(group.Each[i])).Append('\n');
        text.Append("""

            2. Others keep the difference alone, for dividing makes questions count more on which the answers are nearly even (Dr. GRPO; Liu et
               al. 2025), or compare with the mean of the other answers, in which an answer's own luck has no part (RLOO; Ahmadian et al. 2024):

                  answer  difference  beside the others

            """);
        var (plain, others) = (Of(rewards, GroupOptions.DrGrpo), Of(rewards, GroupOptions.Rloo));
        for (var i = 0; i < 4; i++)
            text.Append(FormattableString.Invariant($"      {(char)('a' + i)}       {plain.Each[i],9:+0.0000;-0.0000}          {others.Each[i],9:+0.0000;-0.0000}\n"));
        var flat = Of([1, 1, 1, 1], GroupOptions.Grpo);
        text.Append(FormattableString.Invariant($"""

               The law: a number that is added to all rewards of a group changes none of this. And a group in which all are right, or all are
               wrong, teaches nothing: {string.Join(", ", flat.Each.Select(static a => FormattableString.Invariant($"{a:0}")))}; {flat.Flat} of {flat.Groups} groups is even. So questions should be neither too easy nor too hard.

            Exercise: in a group of two, one answer is right (1) and one is wrong (0). What are their advantages?

            """));
        return text.ToString();
    }

    static string Bar(double advantage) => advantage < 0 ? new string('█', (int)Math.Round(-8 * advantage)).PadLeft(12) + "|" : new string(' ', 12) + "|" + new string('█', (int)Math.Round(8 * advantage));

    /// <summary>Advantages of one group.</summary>
    public static GroupAdvantages Of(Vec<double> group, GroupOptions options) => GroupAdvantages.Of(group, group.Count, options);
}
