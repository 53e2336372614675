using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties.Storage;

/// <summary>A header that someone has tampered with, and as many bytes of data as it may or may not promise.</summary>
public sealed record HostileHeader(string Json, long DataBytes);

public static class AnyHostile
{
    static readonly string[] pieces =
    [
        "0", "1", "-1", "-0", "0.0", "1.5", "1e99", "4611686018427387904", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "18446744073709551616", "null", "true", "\"\"", "\"\\ud800\"", "\"__metadata__\"", "{}", "[]", "[0]", "[0,0]", "{\"dtype\":\"F32\"}", "\"a\":1,",
        " ", "\0", "\\", "\"", ",", "}", "]", new('[', 200), string.Concat(Enumerable.Repeat("{\"a\":", 70)),
    ];

    /// <summary>One to three times, a stretch of the header is left out, replaced or said twice; they begin and end where words do.</summary>
    public static Arbitrary<HostileHeader> Headers() => (
        from file in ForeignFile.Any
        from changes in Gen.Choose(1, 3)
        from json in Enumerable.Range(0, changes).Aggregate(Gen.Constant(file.Json()), static (text, _) => text.SelectMany(Changed))
        from bytes in Gen.OneOf(Gen.Constant(file.DataBytes), Gen.Elements(0, 1, 4, 1L << 31, long.MaxValue))
        select new HostileHeader(json, bytes)).ToArbitrary();

    static Gen<string> Changed(string text)
    {
        var words = Enumerable.Range(0, text.Length).Where(i => i == 0 || !char.IsAsciiLetterOrDigit(text[i]) || !char.IsAsciiLetterOrDigit(text[i - 1]));
        int[] bounds = [.. words, text.Length];
        return
            from first in Gen.Choose(0, bounds.Length - 1)
            from count in Gen.Frequency((5, Gen.Constant(1)), (1, Gen.Choose(0, 30)))
            let begin = bounds[first]
            let end = bounds[Math.Min(bounds.Length - 1, first + count)]
            from piece in Gen.Frequency((4, Gen.Elements(pieces)), (1, Gen.Constant("")), (1, Gen.Constant(text[begin..end] + ',')))
            from kept in Gen.Elements(begin, end, end)
            select text[..begin] + piece + text[kept..];
    }
}
