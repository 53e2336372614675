using Functional.Base;
using Functional.Unicode;

namespace Functional.Subwords;

/// <summary>Cuts a text into pieces side by side, each of which is encoded by itself. Where a piece ends depends on nothing before it.</summary>
public abstract class Splitter
{
    private protected Splitter() { }

    /// <summary>The published pattern.</summary>
    public abstract string Regex { get; }

    /// <summary>The end of the piece that begins at <paramref name="at"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="at">Where the piece begins, before the end of the text.</param>
    /// <param name="open">Whether more text behind could change where it ends.</param>
    public abstract int End(ReadOnlySpan<char> text, int at, out bool open);

    /// <summary>GPT-2's pattern (Radford et al. 2019): words and numbers with a space before them.</summary>
    public static Splitter Gpt2 { get; } = new Gpt2Splitter();

    /// <summary>GPT-4's pattern (cl100k), as Llama 3 has it: three digits at most, line ends with what is before them.</summary>
    public static Splitter Gpt4 { get; } = new Gpt4Splitter(3, false);

    /// <summary>Qwen's pattern: GPT-4's with digits one by one.</summary>
    public static Splitter Qwen { get; } = new Gpt4Splitter(1, false);

    /// <summary>
    /// GPT-4's pattern as tiktoken has it since version 0.8: white space at the end of the text is one piece. Oniguruma would take tiktoken's own <c>$</c> for the end
    /// of a line and <c>{1,3}+</c> for two repetitions; this is the same without them.
    /// </summary>
    public static Splitter Tiktoken { get; } = new Gpt4Splitter(3, true);

    /// <summary>GPT-4o's pattern (o200k): words by their case, with their contractions.</summary>
    public static Splitter Cased { get; } = new CasedSplitter();

    /// <summary>Every scanner.</summary>
    internal static Vec<Splitter> All { get; } = [Gpt2, Gpt4, Qwen, Tiktoken, Cased];

    /// <summary>The scanner of a published pattern; nothing where there is none for it.</summary>
    public static Splitter? Of(string regex) => All.FirstOrDefault(s => s.Regex == regex);

    /// <summary>
    /// A place where a text may be cut without looking at the rest: no piece goes on from a letter to white space, and none from a line feed to a letter.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="near">Where to begin looking, towards the beginning.</param>
    /// <returns>A place to cut; 0 for none.</returns>
    public static int Cut(ReadOnlySpan<char> text, int near)
    {
        for (var at = Math.Min(near, text.Length - 1); at > 0; at--)
            if ((CharClasses.Of(text[at]) & CharClass.White) != 0 ? CharClasses.Of(text[at - 1]) == CharClass.Letter
                : text[at - 1] == '\n' && CharClasses.Of(text[at]) == CharClass.Letter) return at;
        return 0;
    }

    private protected static int Run(ReadOnlySpan<char> text, int at, CharClass of)
    {
        while (at < text.Length && CharClasses.At(text, at, out var length) == of) at += length;
        return at;
    }

    private protected static int White(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && (CharClasses.Of(text[at]) & CharClass.White) != 0) at++;
        return at;
    }

    // Blanks before something keep one back, which belongs to it: \s+(?!\S)|\s+
    private protected static int Blanks(ReadOnlySpan<char> text, int at, int end) => end < text.Length && end - at > 1 ? end - 1 : end;

    // The end of an apostrophe's contraction, 0 for none, -1 where the text ends too early to tell.
    private protected static int Contraction(ReadOnlySpan<char> text, int at, bool anyCase)
    {
        if (at + 1 >= text.Length) return -1;
        int Letter(char c) => anyCase ? CharClasses.Fold(c) : c;
        var first = Letter(text[at + 1]);
        if (first is 's' or 't' or 'm' or 'd') return at + 2;
        if (first is not ('r' or 'v' or 'l')) return 0;
        if (at + 2 >= text.Length) return -1;
        return Letter(text[at + 2]) == (first == 'l' ? 'l' : 'e') ? at + 3 : 0;
    }
}

sealed class Gpt2Splitter : Splitter
{
    public override string Regex => @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public override int End(ReadOnlySpan<char> text, int at, out bool open)
    {
        var early = false;
        if (text[at] == '\'')
        {
            var end = Contraction(text, at, false);
            if (end > 0) { open = false; return end; }
            early = end < 0;
        }
        var start = text[at] == ' ' && at + 1 < text.Length ? at + 1 : at;
        var kind = CharClasses.At(text, start, out var length);
        if ((kind & CharClass.White) == 0)
        {
            var end = Run(text, start + length, kind);
            open = early || end == text.Length;
            return end;
        }
        var blank = White(text, at);
        open = blank == text.Length;
        return Blanks(text, at, blank);
    }
}

sealed class Gpt4Splitter(int digits, bool tail) : Splitter
{
    public override string Regex => tail
        ? @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++\z|\s*[\r\n]|\s+(?!\S)|\s"
        : $@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{(digits == 1 ? "" : $"{{1,{digits}}}")}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public override int End(ReadOnlySpan<char> text, int at, out bool open)
    {
        var early = false;
        if (text[at] == '\'')
        {
            var end = Contraction(text, at, true);
            if (end > 0) { open = false; return end; }
            early = end < 0;
        }
        var kind = CharClasses.At(text, at, out var length);
        var next = at + length;
        if (kind == CharClass.Number)
        {
            var count = 1;
            for (; count < digits && next < text.Length && CharClasses.At(text, next, out length) == CharClass.Number; count++) next += length;
            open = count < digits && next == text.Length;
            return next;
        }
        var isWord = kind == CharClass.Letter
            || ((kind & CharClass.LineEnd) == 0 && next < text.Length && CharClasses.At(text, next, out _) == CharClass.Letter);
        if (isWord)
        {
            var end = Run(text, next, CharClass.Letter);
            open = early || end == text.Length;
            return end;
        }
        var mark = text[at] == ' ' && next < text.Length ? next : at;
        if (CharClasses.At(text, mark, out length) == CharClass.Other)
        {
            var end = Run(text, mark + length, CharClass.Other);
            while (end < text.Length && text[end] is '\r' or '\n') end++;
            open = early || end == text.Length;
            return end;
        }
        var blank = White(text, at);
        open = blank == text.Length;
        if (tail && open) return blank;
        var line = text[at..blank].LastIndexOfAny('\r', '\n');
        return line >= 0 ? at + line + 1 : Blanks(text, at, blank);
    }
}
