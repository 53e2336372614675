using System.Globalization;
using System.Text.RegularExpressions;
using Functional.Testing;
using Xunit;

namespace Functional.Tests.Properties.Data;

public partial class ExerciseLaws
{
    static Exercise Any(ulong seed, byte kind) => Exercise.Of((ExerciseKind)(kind % 6), Key.Seed(seed));

    [GeneratedRegex(@"^Question: (?<q>.*)\nAnswer:$")]
    private static partial Regex Form();

    /// <summary>The answer worked out from the question's words alone.</summary>
    static string Solve(string prompt)
    {
        var q = Form().Match(prompt).Groups["q"].Value;
        int[] n = [.. Regex.Matches(q, @"\d+").Select(m => int.Parse(m.Value, CultureInfo.InvariantCulture))];
        string[] after = q.Split(": ") is [_, var list] ? list.TrimEnd('.', '?').Split(' ') : [];
        string[] words = q.TrimEnd('.', '?').Split(' ');
        bool Has(string pattern) => Regex.IsMatch(q, pattern);
        if (Has("^How many words ")) return Show(after.Length);
        if (Has("^How many letters ")) return Show(words[^1].Length);
        if (Has("^Count from ")) return string.Join(' ', Enumerable.Range(n[0], n[1] - n[0] + 1));
        if (Has("^Copy ")) return string.Join(' ', after);
        if (Has("^Put ")) return string.Join(' ', after.AsEnumerable().Reverse());
        if (Has("^Spell ")) return string.Concat(words[1].Reverse());
        if (Has("^Which number is larger, ")) return Show(n.Max());
        if (Has("^Which number is smaller, ")) return Show(n.Min());
        if (Has("^Which word is longer, ")) return new[] { words[^3], words[^1] }.MaxBy(w => w.Length)!;
        if (Has("^Which word is shorter, ")) return new[] { words[^3], words[^1] }.MinBy(w => w.Length)!;
        if (Has(@"^What is \d+ (plus|\+) ") || Has(@"^\w+ has .* gets ")) return Show(n[0] + n[1]);
        if (Has(@"^What is \d+ (minus|-) ") || Has(@"^\w+ had ")) return Show(n[0] - n[1]);
        throw new FormatException(q);
    }

    static string Show(int n) => n.ToString(CultureInfo.InvariantCulture);

    [Property(MaxTest = 2000)]
    public bool Answers_are_right(ulong seed, byte kind) =>
        Any(seed, (byte)(1 + kind % 5)) is var e && e.Answer == Solve(e.Prompt) && !e.Answer.StartsWith('-');

    [Property(MaxTest = 300)]
    public bool Right_answers_are_accepted_and_others_not(ulong seed, byte kind, byte other)
    {
        var e = Any(seed, kind);
        var wrong = Any(seed + 1 + other, kind).Answer;
        return Exercise.Verify(e, e.Answer) && Exercise.Verify(e, $" {e.Answer}\n") && !Exercise.Verify(e, "") && !Exercise.Verify(e, e.Answer + e.Answer)
            && (wrong == e.Answer || !Exercise.Verify(e, wrong));
    }

    [Theory]
    [InlineData(ExerciseKind.Story, "in the kitchen", "the kitchen", true)]
    [InlineData(ExerciseKind.Story, "in the kitchen", "Kitchen.", true)]
    [InlineData(ExerciseKind.Story, "in the kitchen", "in the garden", false)]
    [InlineData(ExerciseKind.Story, "in the kitchen", "in", false)]
    [InlineData(ExerciseKind.Story, "Anna", "anna", true)]
    [InlineData(ExerciseKind.Sum, "12", "12.", true)]
    [InlineData(ExerciseKind.Sum, "12", "21", false)]
    [InlineData(ExerciseKind.Copy, "sun moon", "Sun moon", false)]
    [InlineData(ExerciseKind.Copy, "sun moon", "sun moon.", false)]
    [InlineData(ExerciseKind.Compare, "sun", "Sun", true)]
    public void Small_differences_by_hand(ExerciseKind kind, string right, string given, bool accepted) =>
        Assert.Equal(accepted, Exercise.Verify(new(kind, "", right), given));

    [Fact]
    public void Kinds_that_are_none_are_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Exercise.Of((ExerciseKind)99, Key.Seed(0)));
}
