using System.Text;
using FsCheck;
using Functional.Testing;
using Xunit;

namespace Functional.Tests.Properties.Text;

public class LineEndLaws
{
    /// <summary>Text of which most characters end lines or stand beside such.</summary>
    static string Lines(byte[] raw) => string.Concat(raw.Select(static b => "\r\n\r\na\tö\u2028\u0085\uFEFF"[b % 10]));

    /// <summary>What the rule says, on whole strings.</summary>
    static string Plain(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    static string InPieces(LineEnds kind, string text, byte[] cuts, bool inPlace)
    {
        var (stream, all, at) = (LineEndStream.Start(kind), new StringBuilder(), 0);
        foreach (var cut in cuts.Select(c => c % (text.Length + 1)).Append(text.Length).Order())
        {
            var piece = text.AsSpan(at, cut - at).ToArray();
            stream = stream.Push(piece, inPlace ? piece : new char[piece.Length], out var part);
            all.Append(part);
            at = cut;
        }
        return all.ToString();
    }

    [Property(MaxTest = 500)]
    public bool Cut_anywhere_it_is_the_replacement_on_the_whole(byte[] raw, byte[] cuts, bool inPlace) =>
        Lines(raw) is var text && InPieces(LineEnds.Lf, text, cuts, inPlace) == Plain(text);

    [Property(MaxTest = 200)]
    public bool Letter_by_letter_too(byte[] raw, bool inPlace)
    {
        var text = Lines(raw);
        return InPieces(LineEnds.Lf, text, [.. Enumerable.Range(0, text.Length).Select(static i => (byte)i)], inPlace) == Plain(text);
    }

    [Property(MaxTest = 200)]
    public bool Strings_go_the_same_way(byte[] raw, byte cut)
    {
        var text = Lines(raw);
        var at = cut % (text.Length + 1);
        var (first, next) = LineEndStream.Start(LineEnds.Lf).Push(text[..at]);
        return first + next.Push(text[at..]).Text == Plain(text) && LineEndStream.Whole(LineEnds.Lf, text) == Plain(text);
    }

    [Property(MaxTest = 200)]
    public bool Twice_is_once(byte[] raw)
    {
        var once = LineEndStream.Whole(LineEnds.Lf, Lines(raw));
        return LineEndStream.Whole(LineEnds.Lf, once) == once && !once.Contains('\r', StringComparison.Ordinal);
    }

    [Property]
    public bool Any_text_keeps_every_other_character(NonNull<string> any)
    {
        var text = LineEndStream.Whole(LineEnds.Lf, any.Get);
        return text == Plain(any.Get) && text.Where(static c => c != '\n').SequenceEqual(any.Get.Where(static c => c is not ('\r' or '\n')));
    }

    [Property]
    public bool Keep_is_the_identity(byte[] raw, byte[] cuts)
    {
        var text = Lines(raw);
        return InPieces(LineEnds.Keep, text, cuts, inPlace: false) == text && ReferenceEquals(LineEndStream.Whole(LineEnds.Keep, text), text)
            && LineEndStream.Start(LineEnds.Keep).Push(text).Next == LineEndStream.Start(LineEnds.Keep);
    }

    [Property]
    public bool It_remembers_a_return_and_nothing_else(byte[] raw)
    {
        var text = Lines(raw);
        var next = LineEndStream.Start(LineEnds.Lf).Push(text).Next;
        return next.AfterReturn == text.EndsWith('\r') && next.Push("").Next == next && next.Push("a").Next == LineEndStream.Start(LineEnds.Lf);
    }

    /// <summary>Without a CR there is nothing to copy; not even where the LF of a CRLF falls away at the front.</summary>
    [Property]
    public bool A_piece_without_a_return_is_not_copied(byte[] raw, bool after)
    {
        var text = Plain(Lines(raw));
        var stream = after ? LineEndStream.Start(LineEnds.Lf).Push("\r").Next : LineEndStream.Start(LineEnds.Lf);
        stream.Push(text, [], out var part);
        var first = after && text.StartsWith('\n') ? 1 : 0;
        return part == text.AsSpan(first) && (first == 1 || ReferenceEquals(stream.Push(text).Text, text));
    }
}
