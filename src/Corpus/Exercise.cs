using System.Globalization;
using Functional.Base;

namespace Functional.Stories;

/// <summary>What an exercise trains.</summary>
public enum ExerciseKind
{
    /// <summary>A question about a story.</summary>
    Story,
    /// <summary>Counting letters, words, or from one number to another.</summary>
    Count,
    /// <summary>Repeating words.</summary>
    Copy,
    /// <summary>Words in reverse order, or a word's letters.</summary>
    Reverse,
    /// <summary>The larger or smaller number, the longer or shorter word.</summary>
    Compare,
    /// <summary>Adding and subtracting, plainly or as a tale.</summary>
    Sum,
}

/// <summary>Something to do that has one right answer.</summary>
/// <param name="Kind">What it trains.</param>
/// <param name="Prompt">The text up to and with <c>Answer:</c>; in the corpus a space, the answer and a line break follow.</param>
/// <param name="Answer">The right answer.</param>
public sealed record Exercise(ExerciseKind Kind, string Prompt, string Answer)
{
    /// <summary>The exercise of a kind that a key stands for; for <see cref="ExerciseKind.Story"/> the first question of a story.</summary>
    public static Exercise Of(ExerciseKind kind, Key key)
    {
        if (kind == ExerciseKind.Story) return Story.Of(key).Exercises[0];
        var dice = new Dice(key);
        var (question, answer) = kind switch
        {
            ExerciseKind.Count => Count(dice),
            ExerciseKind.Copy => Copy(dice),
            ExerciseKind.Reverse => Reverse(dice),
            ExerciseKind.Compare => Compare(dice),
            ExerciseKind.Sum => Sum(dice),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind of exercise"),
        };
        return new(kind, Ask(question), answer);
    }

    /// <summary>Prompt, answer and line break, as they stand in the corpus.</summary>
    public string Text => $"{Prompt} {Answer}\n";

    /// <summary>
    /// Whether an answer is right. Spaces at its ends and a final full stop do not count, nor does a capital letter except in copies and
    /// reversals; for places <c>the kitchen</c> or <c>kitchen</c> is as good as <c>in the kitchen</c>.
    /// </summary>
    /// <param name="exercise">What was asked.</param>
    /// <param name="answer">What was answered.</param>
    public static bool Verify(Exercise exercise, string answer) => Plain(exercise.Kind, answer) == Plain(exercise.Kind, exercise.Answer);

    internal static string Ask(string question) => $"Question: {question}\nAnswer:";

    static string Plain(ExerciseKind kind, string answer)
    {
        var text = answer.Trim();
        if (kind is ExerciseKind.Copy or ExerciseKind.Reverse) return text;
        if (text.EndsWith('.')) text = text[..^1];
        text = text.ToLowerInvariant();
        if (kind != ExerciseKind.Story) return text;
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).AsSpan();
        if (words is ["in" or "at" or "by" or "on", _, ..]) words = words[1..];
        if (words is ["the", _, ..]) words = words[1..];
        return string.Join(' ', words!);
    }

    static string Digits(int n) => n.ToString(CultureInfo.InvariantCulture);

    static (string, string) Count(Dice dice)
    {
        var words = dice.Some(Lexicon.Words, dice.From(1, 6));
        var (from, length) = (dice.From(1, 20), dice.From(2, 6));
        return dice.Below(3) switch
        {
            0 => ($"How many words are in this list: {string.Join(' ', words)}?", Digits(words.Count)),
            1 => ($"How many letters are in {words[0]}?", Digits(words[0].Length)),
            _ => ($"Count from {from} to {from + length}.", string.Join(' ', Enumerable.Range(from, length + 1).Select(Digits))),
        };
    }

    static (string, string) Copy(Dice dice)
    {
        var words = string.Join(' ', dice.Some(Lexicon.Words, dice.From(2, 5)));
        return ($"Copy these words: {words}.", words);
    }

    static (string, string) Reverse(Dice dice)
    {
        var words = dice.Some(Lexicon.Words, dice.From(2, 5));
        return dice.Percent(50)
            ? ($"Put these words in reverse order: {string.Join(' ', words)}.", string.Join(' ', words.Reverse()))
            : ($"Spell {words[0]} backwards.", string.Concat(words[0].Reverse()));
    }

    static (string, string) Compare(Dice dice)
    {
        var (a, b) = (dice.From(0, 99), dice.From(0, 99));
        if (a == b) b = (b + 1) % 100;
        var words = dice.Some(Lexicon.Words, 2);
        while (words[0].Length == words[1].Length) words = dice.Some(Lexicon.Words, 2);
        var more = dice.Percent(50);
        return dice.Percent(60)
            ? ($"Which number is {(more ? "larger" : "smaller")}, {a} or {b}?", Digits(more ? Math.Max(a, b) : Math.Min(a, b)))
            : ($"Which word is {(more ? "longer" : "shorter")}, {words[0]} or {words[1]}?", words[0].Length > words[1].Length == more ? words[0] : words[1]);
    }

    static (string, string) Sum(Dice dice)
    {
        var (a, b) = (dice.From(2, 20), dice.From(1, 20));
        var less = dice.From(1, a - 1);
        var (who, goods) = (dice.One(Lexicon.People), dice.One(Lexicon.Goods));
        return dice.Below(5) switch
        {
            0 => ($"What is {a} plus {b}?", Digits(a + b)),
            1 => ($"What is {a} minus {less}?", Digits(a - less)),
            2 => dice.Percent(50) ? ($"What is {a} + {b}?", Digits(a + b)) : ($"What is {a} - {less}?", Digits(a - less)),
            3 => ($"{who} has {goods.Count(a)} and gets {b} more. How many {goods} does {who} have now?", Digits(a + b)),
            _ => ($"{who} had {goods.Count(a)} and {goods.Spent} {less} of them. How many {goods} does {who} have now?", Digits(a - less)),
        };
    }
}
