using System.Buffers;
using Functional.Base;
using Functional.Dialogues;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>Rows in JSON: an object a line, or objects in a list or one after the other.</summary>
static class JsonRows
{
    const string ExpectedLine = "expected an object on each line", ExpectedList = "expected a list of objects";

    /// <summary>An object a line; empty lines are passed over.</summary>
    public static IEnumerable<Validation<Fault, Row>> Lines(ByteFeed feed, string file)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (feed.Peek() >= 0)
        {
            var place = $"line {feed.Line}";
            bytes.ResetWrittenCount();
            if (!feed.Rest(bytes))
            {
                yield return ByteFeed.TooLarge($"{file}, {place}").As<Row>();
                yield break;
            }
            if (bytes.WrittenSpan.IndexOfAnyExcept(" \t\r"u8) >= 0) yield return Of(bytes.WrittenSpan, file, place, ExpectedLine);
        }
    }

    /// <summary>The objects of a list, or of a file of objects one after the other.</summary>
    public static IEnumerable<Validation<Fault, Row>> Values(ByteFeed feed, string file)
    {
        feed.SkipWhite();
        var isList = feed.Peek() == '[';
        if (isList) feed.Read();
        var bytes = new ArrayBufferWriter<byte>();
        for (var count = 1L; ; count++)
        {
            feed.SkipWhite();
            if (isList ? count == 1 && feed.Peek() == ']' : feed.Peek() < 0) break;
            var place = $"row {count}, line {feed.Line}";
            bytes.ResetWrittenCount();
            var fault = Value(feed, bytes, $"{file}, {place}");
            if (fault is not null)
            {
                yield return fault.As<Row>();
                yield break;
            }
            yield return Of(bytes.WrittenSpan, file, place, ExpectedList);
            feed.SkipWhite();
            if (!isList) continue;
            if (feed.Peek() == ']') break;
            if (feed.Peek() != ',')
            {
                yield return Fault.Of<Row>($"{file}, line {feed.Line}", feed.Peek() < 0 ? "ends inside the list" : $"there is no comma after row {count}", ExpectedList);
                yield break;
            }
            feed.Read();
        }
        if (!isList) yield break;
        feed.Read();
        feed.SkipWhite();
        if (feed.Peek() >= 0) yield return Fault.Of<Row>($"{file}, line {feed.Line}", "goes on behind the list", ExpectedList);
    }

    // The bytes of one value: brackets are only counted, and what is in them is read by who knows JSON.
    static Fault? Value(ByteFeed feed, ArrayBufferWriter<byte> into, string where)
    {
        var (depth, inText, escaped) = (0, false, false);
        while (true)
        {
            var next = feed.Peek();
            if (next < 0)
                return depth > 0 || inText ? new(where, "ends inside of a value", "expected a whole file")
                    : into.WrittenCount > 0 ? null : new(where, "is missing", ExpectedList);
            if (depth == 0 && !inText && next is ',' or ']' or '}' or ' ' or '\t' or '\r' or '\n')
                return into.WrittenCount > 0 ? null : new(where, $"begins with {(char)next}", ExpectedList);
            if (into.WrittenCount == RowFiles.MostRow) return ByteFeed.TooLarge(where);
            into.GetSpan(1)[0] = (byte)feed.Read();
            into.Advance(1);
            if (inText) (inText, escaped) = (escaped || next != '"', !escaped && next == '\\');
            else if (next == '"') inText = true;
            else if (next is '{' or '[') depth++;
            else if (next is '}' or ']') depth--;
            if (depth == 0 && !inText && next is '}' or ']') return null;
        }
    }

    static Validation<Fault, Row> Of(ReadOnlySpan<byte> bytes, string file, string place, string expected)
    {
        var where = $"{file}, {place}";
        return ByteFeed.Text(bytes, where).Bind(text => Json.Parse(text, where))
            .MapFail(f => f.Where.StartsWith($"{where}, line ", StringComparison.Ordinal) ? f with { Where = where } : f)
            .Bind(json => json is Json.Map { Members: var fields } ? Success<Fault, Row>(new(fields, file, place))
                : Fault.Of<Row>(where, $"is {json.Kind}", expected));
    }
}
