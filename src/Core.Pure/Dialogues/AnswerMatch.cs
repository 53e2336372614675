using System.Globalization;
using System.Text;
using Functional.Unicode;

namespace Functional.Dialogues;

/// <summary>How near an answer is to the one that is expected.</summary>
/// <param name="Exact">Whether they are the same, but for case, white space, canonical forms of characters, and full stops or quotation marks around them.</param>
/// <param name="F1">The harmonic mean of precision and recall of words, each as often as it stands there (Rajpurkar et al. 2016), in [0, 1].</param>
/// <param name="Rouge2">The same of pairs of neighbouring words (Lin 2004), in [0, 1].</param>
/// <param name="RougeL">The same of the longest common subsequence of words, in [0, 1].</param>
public sealed record AnswerMatch(bool Exact, double F1, double Rouge2, double RougeL)
{
    /// <summary>ROUGE-1, the mean of single words, which is the F1.</summary>
    public double Rouge1 => F1;

    // The longest common subsequence takes the product of both lengths.
    const int MostWords = 4096;

    /// <summary>Compares two texts.</summary>
    /// <param name="answer">What was said.</param>
    /// <param name="expected">What is right.</param>
    public static AnswerMatch Of(string answer, string expected)
    {
        var (a, b) = (WordsOf(answer), WordsOf(expected));
        return new(Plain(answer) == Plain(expected), Overlap(a, b), Overlap(Pairs(a), Pairs(b)), Mean(Common(a, b), a.Count, b.Count));
    }

    /// <summary>
    /// A text in the form in which it is compared: canonical composition, small letters, single blanks, without full stops and quotation marks around it. Marks
    /// of letters, signs and whatever else tells texts apart stay.
    /// </summary>
    public static string Plain(string text)
    {
        const string ends = ".!?…。！？।॥؟\"'“”‘’«»„`";
        var words = NormalForm.Of(text, compatible: false, composes: true).ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var plain = string.Join(' ', words).Trim(ends.ToCharArray()).Trim();
        // What is nothing else is itself.
        return plain.Length > 0 ? plain : string.Join(' ', words);
    }

    /// <summary>
    /// The words of a text, in small letters and canonical composition: runs of letters with their marks and of digits; an ideograph or a kana is a word by itself,
    /// and so is a sign such as +. Punctuation is none.
    /// </summary>
    public static IReadOnlyList<string> WordsOf(string text)
    {
        var (words, word) = (new List<string>(), new StringBuilder());
        foreach (var rune in NormalForm.Of(text, compatible: false, composes: true).ToLowerInvariant().EnumerateRunes())
        {
            var kind = Rune.GetUnicodeCategory(rune);
            var inside = kind is <= UnicodeCategory.OtherNumber;
            if (inside && !IsAlone(rune))
            {
                word.Append(rune);
                continue;
            }
            End();
            if (inside || kind is UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.OtherSymbol) words.Add(rune.ToString());
        }
        End();
        return words;

        void End()
        {
            if (word.Length > 0) words.Add(word.ToString());
            word.Clear();
        }
    }

    // Of scripts that write no blanks between words.
    static bool IsAlone(Rune rune) => rune.Value is >= 0x3040 and <= 0x30FF or >= 0x3400 and <= 0x9FFF or >= 0xF900 and <= 0xFAFF or >= 0x20000 and <= 0x3FFFF;

    static List<(string, string)> Pairs(IReadOnlyList<string> words) => [.. words.Skip(1).Select((w, i) => (words[i], w))];

    static double Overlap<T>(IReadOnlyList<T> a, IReadOnlyList<T> b) where T : notnull
    {
        var left = b.GroupBy(static w => w).ToDictionary(static g => g.Key, static g => g.Count());
        var common = 0;
        foreach (var item in a)
            if (left.TryGetValue(item, out var n) && n > 0) (left[item], common) = (n - 1, common + 1);
        return Mean(common, a.Count, b.Count);
    }

    // 2pr / (p + r); two texts without anything to count are the same.
    static double Mean(int common, int a, int b) => a + b == 0 ? 1 : 2.0 * common / (a + b);

    static int Common(IReadOnlyList<string> a, IReadOnlyList<string> b)
    {
        var (n, m) = (Math.Min(a.Count, MostWords), Math.Min(b.Count, MostWords));
        var row = new int[m + 1];
        for (var i = 0; i < n; i++)
            for (int j = 0, diagonal = 0; j < m; j++)
                (diagonal, row[j + 1]) = (row[j + 1], a[i] == b[j] ? diagonal + 1 : Math.Max(row[j + 1], row[j]));
        return row[m];
    }
}
