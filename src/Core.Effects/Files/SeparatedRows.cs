using System.Buffers;
using Functional.Base;
using Functional.Dialogues;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>
/// Rows of fields with a separator between them, the names of the columns in the first line (RFC 4180): a field in quotes may hold separators, line ends and,
/// doubled, quotes. A quote inside of a field that does not begin with one is itself.
/// </summary>
static class SeparatedRows
{
    const int MostColumns = 4096;

    // In such a file these are written as JSON.
    static readonly Vec<string> lists = ["messages", "conversations", "answers"];

    public static IEnumerable<Validation<Fault, Row>> Read(ByteFeed feed, string file, char separator)
    {
        Vec<string>? names = null;
        while (feed.Peek() >= 0)
        {
            var place = $"line {feed.Line}";
            var where = $"{file}, {place}";
            var fields = Record(feed, separator, where);
            if (fields.IsFail)
            {
                // Where a quote does not end, all that comes after it is in doubt.
                yield return fields.Map(static _ => default(Row)!);
                yield break;
            }
            var record = fields.IfFail([]);
            if (record is [""] && names is not { Count: 1 }) continue;
            if (names is null)
            {
                var header = Header(record, where);
                if (header.IsFail)
                {
                    yield return header.Map(static _ => default(Row)!);
                    yield break;
                }
                names = header.IfFail([]);
            }
            else if (record.Count != names.Value.Count)
                yield return Fault.Of<Row>(where, $"has {record.Count} fields", $"expected {names.Value.Count}, as the first line has; a field with a {Called(separator)}, a quote or a line end stands in quotes");
            else
                yield return names.Value.Select((name, i) => Value(name, record[i], where).Map(value => (name, value))).Gather()
                    .Map(members => new Row(members.ToParams(), file, place));
        }
        if (names is null) yield return Fault.Of<Row>(file, "has no line of names", "expected the names of the columns in the first line");
    }

    static string Called(char separator) => separator == '\t' ? "tab" : "comma";

    static Validation<Fault, Json> Value(string name, string text, string where) =>
        lists.Contains(name) && text.StartsWith('[') ? Json.Parse(text, $"{where}, {name}") : Success<Fault, Json>(new Json.Text(text));

    // Without a name, as a table's index often is, a column is called by its number.
    static Validation<Fault, Vec<string>> Header(Vec<string> record, string where)
    {
        var names = record.Map(static (name, i) => name.Trim() is { Length: > 0 } some ? some : $"column {i + 1}");
        return names.GroupBy(static n => n).FirstOrDefault(static g => g.Count() > 1) is { Key: var twice }
            ? Fault.Of<Vec<string>>(where, $"names {twice} twice", "allowed: once")
            : Success<Fault, Vec<string>>(names);
    }

    static Validation<Fault, Vec<string>> Record(ByteFeed feed, char separator, string where)
    {
        var (fields, field, total) = (new List<Validation<Fault, string>>(), new ArrayBufferWriter<byte>(), 0L);
        while (true)
        {
            field.ResetWrittenCount();
            if (feed.Peek() == '"')
            {
                feed.Read();
                if (Quoted(feed, field, where) is { } fault) return fault.As<Vec<string>>();
                if (feed.Peek() is '\r') feed.Read();
                if (feed.Peek() is not (-1 or '\n') && feed.Peek() != separator)
                    return Fault.Of<Vec<string>>(where, $"field {fields.Count + 1} goes on behind its quotes", "expected a quote inside of quotes to be doubled");
            }
            else if (!Plain(feed, field, separator)) return ByteFeed.TooLarge(where).As<Vec<string>>();
            if ((total += field.WrittenCount) > RowFiles.MostRow) return ByteFeed.TooLarge(where).As<Vec<string>>();
            fields.Add(ByteFeed.Text(field.WrittenSpan, where));
            if (fields.Count > MostColumns) return Fault.Of<Vec<string>>(where, $"has more than {MostColumns} fields", "allowed: fewer");
            if (feed.Read() is -1 or '\n') return fields.Gather();
        }
    }

    static Fault? Quoted(ByteFeed feed, ArrayBufferWriter<byte> field, string where)
    {
        while (true)
        {
            var next = feed.Read();
            if (next < 0) return new(where, "begins a field in quotes that does not end", "expected a quote at its end, and quotes inside of it doubled");
            if (next == '"')
            {
                if (feed.Peek() != '"') return null;
                feed.Read();
            }
            if (field.WrittenCount == RowFiles.MostRow) return ByteFeed.TooLarge(where);
            Put(field, next);
        }
    }

    // Up to the separator or the line end, which stays; a CR before that is part of it.
    static bool Plain(ByteFeed feed, ArrayBufferWriter<byte> field, char separator)
    {
        while (feed.Peek() is var next && next is not (-1 or '\n') && next != separator)
        {
            feed.Read();
            if (next == '\r' && feed.Peek() is -1 or '\n') break;
            if (field.WrittenCount == RowFiles.MostRow) return false;
            Put(field, next);
        }
        return true;
    }

    static void Put(ArrayBufferWriter<byte> field, int value)
    {
        field.GetSpan(1)[0] = (byte)value;
        field.Advance(1);
    }
}
