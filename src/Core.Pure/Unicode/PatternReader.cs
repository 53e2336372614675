using System.Globalization;

namespace Functional.Unicode;

/// <summary>Reads regular expressions.</summary>
sealed class PatternReader
{
    const int MostLength = 20_000, Deepest = 64, MostTimes = 1000;
    readonly string source;
    readonly bool lines, ascii;
    int at, depth;

    PatternReader(string source, bool lines, bool ascii) => (this.source, this.lines, this.ascii) = (source, lines, ascii);

    /// <param name="source">The regular expression.</param>
    /// <param name="lines">Whether it is Oniguruma's, where ^ and $ are of lines.</param>
    /// <param name="ascii">Whether \d and \w are of ASCII and \s is as JavaScript has it, as JSON Schema asks for (ECMA-262, without its flag v).</param>
    /// <exception cref="FormatException">It is none, or uses what is not known here.</exception>
    public static PatternNode Read(string source, bool lines, bool ascii = false)
    {
        if (source.Length > MostLength) throw new FormatException($"has {source.Length} characters, more than {MostLength}");
        var reader = new PatternReader(source, lines, ascii);
        var node = reader.Alternatives(false);
        return reader.at == source.Length ? node : throw reader.Wrong("closes no group");
    }

    FormatException Wrong(string what) => new($"the regular expression {what} at character {at + 1}");

    bool Next(char c)
    {
        if (at >= source.Length || source[at] != c) return false;
        at++;
        return true;
    }

    bool Next(string s)
    {
        if (string.CompareOrdinal(source, at, s, 0, s.Length) != 0) return false;
        at += s.Length;
        return true;
    }

    PatternNode Alternatives(bool blind)
    {
        if (++depth > Deepest) throw Wrong("nests too deeply");
        var parts = new List<PatternNode> { Row(blind) };
        while (Next('|')) parts.Add(Row(blind));
        depth--;
        return parts.Count == 1 ? parts[0] : new PatternNode.OneOf(parts);
    }

    PatternNode Row(bool blind)
    {
        var parts = new List<PatternNode>();
        while (at < source.Length && source[at] is not ('|' or ')')) parts.Add(Repeated(Atom(blind)));
        return parts.Count == 1 ? parts[0] : new PatternNode.Row(parts);
    }

    PatternNode Repeated(PatternNode part)
    {
        while (at < source.Length && source[at] is '*' or '+' or '?' or '{')
        {
            var braced = source[at] == '{';
            var (least, most) = source[at++] switch { '*' => (0, int.MaxValue), '+' => (1, int.MaxValue), '?' => (0, 1), _ => Times() };
            var how = Next('?') ? PatternNode.Eagerness.Lazy : !braced && Next('+') ? PatternNode.Eagerness.Possessive : PatternNode.Eagerness.Greedy;
            // After braces a plus repeats again in Oniguruma and is possessive elsewhere.
            if (braced && !lines && Next('+')) how = PatternNode.Eagerness.Possessive;
            part = new PatternNode.Repeat(part, least, most, how);
        }
        return part;
    }

    (int, int) Times()
    {
        var least = Number() ?? 0;
        var most = !Next(',') ? least : Number() ?? int.MaxValue;
        if (!Next('}') || least > most) throw Wrong("counts wrongly");
        if (least > MostTimes || (most > MostTimes && most != int.MaxValue)) throw Wrong($"counts beyond {MostTimes}");
        return (least, most);
    }

    int? Number()
    {
        var from = at;
        while (at < source.Length && char.IsAsciiDigit(source[at])) at++;
        return from == at ? null : int.TryParse(source.AsSpan(from, at - from), CultureInfo.InvariantCulture, out var n) ? n : throw Wrong("counts wrongly");
    }

    PatternNode Atom(bool blind)
    {
        switch (source[at])
        {
            case '(': return Group(blind);
            case '[':
                at++;
                return Chars(Class(blind), false);
            case '.':
                at++;
                return Chars(CharSet.Range('\n', '\n').Not, false);
            case '^':
                at++;
                return new PatternNode.Mark(lines ? PatternOp.BeginLine : PatternOp.Begin);
            case '$':
                at++;
                return new PatternNode.Mark(lines ? PatternOp.EndLine : PatternOp.End);
            case '*' or '+' or '?': throw Wrong("repeats nothing");
            case '\\':
                if (at + 1 >= source.Length) throw Wrong("ends in \\");
                if (Mark(source[at + 1]) is { } mark)
                {
                    at += 2;
                    return new PatternNode.Mark(mark);
                }
                var escaped = Escape();
                return Chars(escaped.Set ?? CharSet.Range(escaped.Rune, escaped.Rune), blind);
            default:
                var rune = Rune();
                return Chars(CharSet.Range(rune, rune), blind);
        }
    }

    static PatternNode Chars(CharSet set, bool blind) => new PatternNode.Chars(blind ? set.Folded : set);

    static PatternOp? Mark(char c) => c switch
    {
        'b' => PatternOp.Border, 'B' => PatternOp.NoBorder, 'A' => PatternOp.Begin, 'z' => PatternOp.End, _ => null,
    };

    PatternNode Group(bool blind)
    {
        at++;
        Func<PatternNode, PatternNode> wrap = static n => n;
        if (Next("?:")) { }
        else if (Next("?i:")) blind = true;
        else if (Next("?-i:")) blind = false;
        else if (Next("?=")) wrap = static n => new PatternNode.Look(n, false);
        else if (Next("?!")) wrap = static n => new PatternNode.Look(n, true);
        else if (Next("?>")) wrap = static n => new PatternNode.Atomic(n);
        else if (Next("?i)")) return Alternatives(true);
        else if (at < source.Length && source[at] == '?') throw Wrong("has a group that is not known");
        var inner = Alternatives(blind);
        return Next(')') ? wrap(inner) : throw Wrong("lacks a )");
    }

    CharSet Class(bool blind)
    {
        if (++depth > Deepest) throw Wrong("nests too deeply");
        var not = Next('^');
        var parts = new List<CharSet>();
        CharSet? before = null;
        for (var first = true; ; first = false)
        {
            if (at >= source.Length) throw Wrong("lacks a ]");
            if (source[at] == ']' && !first) { at++; break; }
            if (Next("&&"))
            {
                before = before is null ? Joined(parts) : CharSet.Both(before, Joined(parts));
                parts = [];
                continue;
            }
            if (Next("[:")) throw Wrong("has a POSIX class, which is not known,");
            if (Next('[')) { parts.Add(Class(blind)); continue; }
            var (set, from) = source[at] == '\\' ? Escape() : (null, Rune());
            if (set is not null) { parts.Add(set); continue; }
            var last = from;
            if (at + 1 < source.Length && source[at] == '-' && source[at + 1] != ']')
            {
                at++;
                (set, last) = source[at] == '\\' ? Escape() : (null, Rune());
                if (set is not null || last < from) throw Wrong("has a range without an end");
            }
            parts.Add(CharSet.Range(from, last));
        }
        depth--;
        var all = before is null ? Joined(parts) : CharSet.Both(before, Joined(parts));
        if (blind) all = all.Folded;
        return not ? all.Not : all;
    }

    static CharSet Joined(List<CharSet> parts) => CharSet.Any(parts);

    int Rune()
    {
        if (at + 1 < source.Length && char.IsSurrogatePair(source[at], source[at + 1]))
        {
            at += 2;
            return char.ConvertToUtf32(source[at - 2], source[at - 1]);
        }
        return source[at++];
    }

    (CharSet? Set, int Rune) Escape()
    {
        at++;
        if (at >= source.Length) throw Wrong("ends in \\");
        var c = source[at++];
        return c switch
        {
            'n' => (null, '\n'), 'r' => (null, '\r'), 't' => (null, '\t'), 'f' => (null, '\f'), 'v' => (null, '\v'), 'e' => (null, 27), '0' => (null, 0),
            's' => (White, 0), 'S' => (White.Not, 0),
            'd' => (Digit, 0), 'D' => (Digit.Not, 0),
            'w' => (Word, 0), 'W' => (Word.Not, 0),
            'p' or 'P' => (Property(c == 'P'), 0),
            'x' => (null, Next('{') ? Hex(until: '}') : Hex(2)),
            'u' => (null, Hex(4)),
            _ when !char.IsAsciiLetterOrDigit(c) => (null, c),
            _ => throw Wrong($"has \\{c}, which is not known,"),
        };
    }

    // Oniguruma takes the numbers of Latin-1 for parts of words, though no others of their category.
    static bool IsWord(int rune) => CharClasses.IsWord(rune) || rune is 0xB2 or 0xB3 or 0xB9 or 0xBC or 0xBD or 0xBE;

    CharSet White => ascii ? CharSet.Where(static r => r is 0xFEFF || (r is not 0x85 && CharClasses.IsWhite(r))) : CharSet.Where(CharClasses.IsWhite);

    CharSet Digit => ascii ? CharSet.Where(static r => r is >= '0' and <= '9') : CharSet.Categories(Digits);

    CharSet Word => ascii ? CharSet.Where(static r => r is '_' or (>= '0' and <= '9') or (>= 'A' and <= 'Z') or (>= 'a' and <= 'z')) : CharSet.Where(IsWord);

    static uint Digits => 1u << (int)UnicodeCategory.DecimalDigitNumber;

    CharSet Property(bool not)
    {
        string name;
        if (Next('{'))
        {
            var end = source.IndexOf('}', at);
            if (end < 0) throw Wrong("lacks a }");
            name = source[at..end];
            at = end + 1;
        }
        else name = at < source.Length ? source[at++].ToString() : "";
        if (name.StartsWith('^')) (not, name) = (!not, name[1..]);
        var set = CharSet.Category(name) is { } mask ? CharSet.Categories(mask) : throw Wrong($"asks for \\p{{{name}}}, which is no general category,");
        return not ? set.Not : set;
    }

    int Hex(int digits = 0, char until = '\0')
    {
        var end = until == '\0' ? at + digits : source.IndexOf(until, at);
        if (end < at || end > source.Length || !int.TryParse(source.AsSpan(at, end - at), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || value is < 0 or > 0x10FFFF)
            throw Wrong("has a wrong code point");
        at = until == '\0' ? end : end + 1;
        return value;
    }
}
