using System.Diagnostics;
using System.Globalization;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Learning;

/// <summary>
/// Schedules as text. Grammar: <c>chain = item ["until" steps "," "then" chain]</c>; <c>item = "constant" (v) | "linear" (v to v in n) |
/// "cosine" (v to v in n) | "inverse-sqrt" (v scale n) | v "*" item | (chain)</c>. Numbers are written so that they read back exactly.
/// </summary>
static class ScheduleText
{
    const int MaxDepth = 200;

    public static string Write(Schedule schedule) => schedule switch
    {
        Schedule.Then s => $"{Item(s.First)} until {Number(s.Boundary)}, then {Write(s.Next)}",
        _ => Item(schedule),
    };

    static string Item(Schedule schedule) => schedule switch
    {
        Schedule.Constant s => $"constant({Number(s.Value)})",
        Schedule.Linear s => $"linear({Number(s.From)} to {Number(s.To)} in {Number(s.Steps)})",
        Schedule.Cosine s => $"cosine({Number(s.From)} to {Number(s.To)} in {Number(s.Steps)})",
        Schedule.InverseSqrt s => $"inverse-sqrt({Number(s.Peak)} scale {Number(s.TimeScale)})",
        Schedule.Scale s => $"{Number(s.Factor)} * {Item(s.Inner)}",
        Schedule.Then => $"({Write(schedule)})",
        _ => throw new UnreachableException(),
    };

    static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static Validation<Fault, Schedule> Read(string text)
    {
        var source = new Source(text);
        return Chain(source, 0) is { } schedule && source.End() ? Success<Fault, Schedule>(schedule) : source.Fault.As<Schedule>();
    }

    static Schedule? Chain(Source source, int depth)
    {
        if (depth > MaxDepth) return source.Refuse<Schedule>($"at most {MaxDepth} levels");
        if (Item(source, depth) is not { } first) return null;
        if (!source.Take("until")) return first;
        return source.Steps() is { } boundary && source.Need(",") && source.Need("then") && Chain(source, depth + 1) is { } next
            ? new Schedule.Then(first, boundary, next) : null;
    }

    static Schedule? Item(Source source, int depth)
    {
        if (depth > MaxDepth) return source.Refuse<Schedule>($"at most {MaxDepth} levels");
        if (source.Take("(")) return Chain(source, depth + 1) is { } inner && source.Need(")") ? inner : null;
        if (source.Take("constant")) return source.Need("(") && source.Value() is { } v && source.Need(")") ? new Schedule.Constant(v) : null;
        if (source.Take("linear")) return Line(source) is var (from, to, n) ? new Schedule.Linear(from, to, n) : null;
        if (source.Take("cosine")) return Line(source) is var (from, to, n) ? new Schedule.Cosine(from, to, n) : null;
        if (source.Take("inverse-sqrt"))
            return source.Need("(") && source.Value() is { } peak && source.Need("scale") && source.Steps(1) is { } scale && source.Need(")")
                ? new Schedule.InverseSqrt(peak, scale) : null;
        return source.Value("constant, linear, cosine, inverse-sqrt, a factor or a bracket") is { } factor && source.Need("*") && Item(source, depth + 1) is { } scaled
            ? new Schedule.Scale(scaled, factor) : null;
    }

    static (double From, double To, long Steps)? Line(Source source) =>
        source.Need("(") && source.Value() is { } from && source.Need("to") && source.Value() is { } to
        && source.Need("in") && source.Steps() is { } n && source.Need(")") ? (from, to, n) : null;

    sealed class Source(string text)
    {
        int at;
        string expected = "";

        public Fault Fault => new("schedule", $"'{Shown}' at position {at}", $"expected {expected}");
        string Shown => at == text.Length ? "the end" : text.Substring(at, Math.Min(16, text.Length - at));

        public T? Refuse<T>(string what) where T : class { Skip(); expected = what; return null; }

        public bool End() { Skip(); return at == text.Length || Refuse<string>("the end") is not null; }

        public bool Take(string word)
        {
            Skip();
            if (!text.AsSpan(at).StartsWith(word, StringComparison.Ordinal)) return false;
            at += word.Length;
            return true;
        }

        public bool Need(string word) => Take(word) || Refuse<string>($"'{word}'") is not null;

        public double? Value(string what = "a number") =>
            double.TryParse(Digits(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
                ? Advance(value) : NoNumber<double>(what);

        public long? Steps(long least = 0) =>
            long.TryParse(Digits(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least
                ? Advance(value) : NoNumber<long>($"a whole number of steps from {least}");

        ReadOnlySpan<char> Digits()
        {
            Skip();
            var end = at;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '.' or '+' or '-')) end++;
            return text.AsSpan(at, end - at);
        }

        T? Advance<T>(T value) where T : struct { at += Digits().Length; return value; }
        T? NoNumber<T>(string what) where T : struct { Refuse<string>(what); return null; }

        void Skip() { while (at < text.Length && char.IsWhiteSpace(text[at])) at++; }
    }
}
