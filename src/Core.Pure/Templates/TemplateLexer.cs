using System.Text;
using Functional.Base;

namespace Functional.Templates;

/// <summary>What a token is.</summary>
enum TokenKind { Text, Begin, End, PrintBegin, PrintEnd, Name, Sign, String, Whole, Real, Last }

/// <summary>A piece of a template's text.</summary>
readonly record struct Token(TokenKind Kind, string Text, Spot At)
{
    /// <summary>As faults show it.</summary>
    public string Shown => Kind switch
    {
        TokenKind.Last => "the end of the template",
        TokenKind.Text => "text",
        TokenKind.End => "%}",
        TokenKind.PrintEnd => "}}",
        _ => $"'{Text}'",
    };
}

/// <summary>
/// Cuts a template into text and tokens by Jinja's rules with <c>trim_blocks</c> and <c>lstrip_blocks</c>, which is how chat templates are read: the first
/// line end after a block or comment goes, and so do blanks from the beginning of a line to a block or comment; <c>-</c> takes all white space on its side
/// and <c>+</c> keeps it. Line ends are <c>\n</c>, and a last one is dropped.
/// </summary>
sealed class TemplateLexer
{
    readonly string source;
    readonly List<Token> tokens = [];
    readonly List<int> lines = [0];
    int at;
    // Whether what was read last ended with a line end, so that blanks after it begin a line.
    bool lineStart = true;

    TemplateLexer(string text)
    {
        source = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n')) source = source[..^1];
        for (var i = 0; i < source.Length; i++) if (source[i] == '\n') lines.Add(i + 1);
    }

    /// <summary>The tokens of a template, the last of which is <see cref="TokenKind.Last"/>.</summary>
    public static Vec<Token> Read(string text)
    {
        var lexer = new TemplateLexer(text);
        while (lexer.at < lexer.source.Length) lexer.Piece();
        lexer.Add(TokenKind.Last, "", lexer.at);
        return lexer.tokens.ToVec();
    }

    Spot Place(int index)
    {
        var line = lines.BinarySearch(index);
        if (line < 0) line = ~line - 1;
        return new(line + 1, index - lines[line] + 1);
    }

    void Add(TokenKind kind, string text, int from) => tokens.Add(new(kind, text, Place(from)));

    TemplateException Wrong(int from, string what, string allowed = "") => new(Place(from), what, allowed);

    void Piece()
    {
        var open = at;
        while ((open = source.IndexOf('{', open)) >= 0 && !(open + 1 < source.Length && source[open + 1] is '{' or '%' or '#')) open++;
        if (open < 0) open = source.Length;
        if (open == source.Length) { Text(at, open, '\0', false); at = open; return; }
        var kind = source[open + 1];
        var sign = open + 2 < source.Length && source[open + 2] is '-' or '+' ? source[open + 2] : '\0';
        Text(at, open, sign, kind != '{');
        at = open + (sign == '\0' ? 2 : 3);
        if (kind == '#') Comment(open);
        else if (kind == '%' && Raw(open)) return;
        else Code(open, kind == '%');
    }

    void Text(int from, int to, char sign, bool block)
    {
        var text = source[from..to];
        if (sign == '-') text = PythonText.Strip(text, PythonText.Space, left: false, right: true);
        else if (block && sign != '+')
        {
            var line = text.LastIndexOf('\n') + 1;
            if ((line > 0 || lineStart) && text.AsSpan(line).Trim(PythonText.Space).IsEmpty) text = text[..line];
        }
        if (text.Length > 0) Add(TokenKind.Text, text, from);
    }

    // After '%}' or '#}' the first line end goes, unless a sign before it says otherwise.
    void Close(char sign, bool trims)
    {
        var from = at;
        if (sign == '-') while (at < source.Length && PythonText.IsSpace(source[at])) at++;
        else if (trims && sign != '+' && at < source.Length && source[at] == '\n') at++;
        lineStart = at > from && source[at - 1] == '\n';
    }

    void Comment(int open)
    {
        var end = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (end < 0) throw Wrong(open, "the comment is not closed", "expected #}");
        var sign = end > at && source[end - 1] is '-' or '+' ? source[end - 1] : '\0';
        at = end + 2;
        Close(sign, true);
    }

    bool Raw(int open)
    {
        if (!Word(at, "raw", out var inside, out var first)) return false;
        at = inside;
        if (first == '-') Close('-', false); else lineStart = false;
        var start = at;
        for (var end = at; (end = source.IndexOf("{%", end, StringComparison.Ordinal)) >= 0; end += 2)
        {
            var sign = end + 2 < source.Length && source[end + 2] is '-' or '+' ? source[end + 2] : '\0';
            if (!Word(end + (sign == '\0' ? 2 : 3), "endraw", out var after, out var last)) continue;
            Text(start, end, sign, true);
            at = after;
            Close(last, true);
            return true;
        }
        throw Wrong(open, "raw is not closed", "expected {% endraw %}");
    }

    // Whether a block is this word alone; where it ends, and the sign before its end.
    bool Word(int from, string word, out int end, out char sign)
    {
        (end, sign) = (from, '\0');
        while (end < source.Length && PythonText.IsSpace(source[end])) end++;
        if (string.CompareOrdinal(source, end, word, 0, word.Length) != 0) return false;
        end += word.Length;
        while (end < source.Length && PythonText.IsSpace(source[end])) end++;
        if (end < source.Length && source[end] is '-' or '+') sign = source[end++];
        if (string.CompareOrdinal(source, end, "%}", 0, 2) != 0) return false;
        end += 2;
        return true;
    }

    void Code(int open, bool block)
    {
        Add(block ? TokenKind.Begin : TokenKind.PrintBegin, block ? "{%" : "{{", open);
        var brackets = new Stack<char>();
        while (true)
        {
            while (at < source.Length && PythonText.IsSpace(source[at])) at++;
            if (at == source.Length) throw Wrong(open, block ? "the block is not closed" : "the expression is not closed", block ? "expected %}"
                : "expected }}");
            if (brackets.Count == 0 && Ends(block)) return;
            Inside(brackets);
        }
    }

    bool Ends(bool block)
    {
        var sign = source[at] == '-' || (block && source[at] == '+') ? source[at] : '\0';
        var end = sign == '\0' ? at : at + 1;
        if (string.CompareOrdinal(source, end, block ? "%}" : "}}", 0, 2) != 0) return false;
        Add(block ? TokenKind.End : TokenKind.PrintEnd, block ? "%}" : "}}", at);
        at = end + 2;
        Close(sign, block);
        return true;
    }

    void Inside(Stack<char> brackets)
    {
        var from = at;
        var c = source[at];
        if (char.IsLetter(c) || c == '_')
        {
            while (at < source.Length && (char.IsLetterOrDigit(source[at]) || source[at] == '_')) at++;
            Add(TokenKind.Name, source[from..at], from);
        }
        else if (char.IsAsciiDigit(c)) Number();
        else if (c is '\'' or '"') Add(TokenKind.String, Quoted(c), from);
        else Sign(brackets);
    }

    void Number()
    {
        var from = at;
        void Digits()
        {
            while (at < source.Length && (char.IsAsciiDigit(source[at]) || (source[at] == '_' && at + 1 < source.Length
                && char.IsAsciiDigit(source[at + 1])))) at++;
        }
        Digits();
        var real = false;
        if (at + 1 < source.Length && source[at] == '.' && char.IsAsciiDigit(source[at + 1]))
        {
            real = true;
            at++;
            Digits();
        }
        if (at < source.Length && source[at] is 'e' or 'E')
        {
            var digit = at + 1 < source.Length && source[at + 1] is '+' or '-' ? at + 2 : at + 1;
            if (digit < source.Length && char.IsAsciiDigit(source[digit]))
            {
                real = true;
                at = digit;
                Digits();
            }
        }
        if (at < source.Length && (char.IsLetter(source[at]) || source[at] == '_'))
            throw Wrong(from, $"'{source[from..(at + 1)]}' is no number", "allowed: decimal digits with a point or an exponent");
        Add(real ? TokenKind.Real : TokenKind.Whole, source[from..at].Replace("_", "", StringComparison.Ordinal), from);
    }

    void Sign(Stack<char> brackets)
    {
        var two = at + 1 < source.Length ? source.Substring(at, 2) : "";
        var sign = two is "==" or "!=" or "<=" or ">=" or "//" or "**" ? two : source[at].ToString();
        if (sign is not { Length: 2 } && !"+-*/%~<>=.:|,()[]{}".Contains(sign[0], StringComparison.Ordinal))
            throw Wrong(at, $"'{sign}' is no part of an expression");
        if (sign is "(" or "[" or "{") brackets.Push(sign[0]);
        else if (sign is ")" or "]" or "}")
        {
            var match = sign switch { ")" => '(', "]" => '[', _ => '{' };
            if (brackets.Count == 0 || brackets.Pop() != match) throw Wrong(at, $"'{sign}' closes nothing");
        }
        Add(TokenKind.Sign, sign, at);
        at += sign.Length;
    }

    // Escapes are those of Python's string literals; an unknown one stays as it is.
    string Quoted(char quote)
    {
        var (from, text) = (at++, new StringBuilder());
        while (true)
        {
            if (at >= source.Length) throw Wrong(from, "the text is not closed", $"expected {quote}");
            var c = source[at++];
            if (c == quote) return text.ToString();
            if (c != '\\' || at >= source.Length) { _ = text.Append(c); continue; }
            var escape = source[at++];
            _ = escape switch
            {
                '\n' => text,
                'n' => text.Append('\n'),
                't' => text.Append('\t'),
                'r' => text.Append('\r'),
                'a' => text.Append('\a'),
                'b' => text.Append('\b'),
                'f' => text.Append('\f'),
                'v' => text.Append('\v'),
                '\\' or '\'' or '"' => text.Append(escape),
                'x' => text.Append(Code(2)),
                'u' => text.Append(Code(4)),
                'U' => text.Append(Code(8)),
                'N' => throw Wrong(at - 2, @"\N is not supported", @"allowed: \x, \u and \U with digits"),
                >= '0' and <= '7' => text.Append(Octal()),
                _ => text.Append('\\').Append(escape),
            };
        }
    }

    string Octal()
    {
        var (from, value) = (at - 1, 0);
        for (at = from; at < source.Length && at < from + 3 && source[at] is >= '0' and <= '7'; at++) value = (value * 8) + source[at] - '0';
        return ((char)value).ToString();
    }

    string Code(int digits)
    {
        if (at + digits > source.Length || !uint.TryParse(source.AsSpan(at, digits), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value)
            || value > 0x10FFFF)
            throw Wrong(at - 2, "the escape is no character", $"expected {digits} hexadecimal digits, at most 10FFFF");
        at += digits;
        return value < 0x10000 ? ((char)value).ToString() : char.ConvertFromUtf32((int)value);
    }
}
