using System.Buffers.Binary;
using System.Collections;
using System.Globalization;
using Functional.Base;
using Functional.Dialogues;
using LanguageExt;
using Parquet;
using Parquet.Serialization;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>Rows in Parquet, a group of rows at a time.</summary>
static class ParquetRows
{
    const long MostGroup = 1L << 31, MostGzipped = 1L << 30;
    const int MostRows = 1 << 24, MostDepth = 64;

    public static IEnumerable<Validation<Fault, Row>> Read(Stream stream, string file)
    {
        var whole = Seekable(stream, file);
        if (whole.IsFail)
        {
            yield return whole.Map(static _ => default(Row)!);
            yield break;
        }
        using var from = whole.IfFail(static _ => throw new InvalidOperationException());
        var groups = Directory(from, file).Bind(_ => Groups(from, file));
        if (groups.IsFail) yield return groups.Map(static _ => default(Row)!);
        var count = 0L;
        for (var i = 0; i < groups.Map(static g => g.Count).IfFail(0); i++)
        {
            var group = i;
            var rows = Guard(file, () => ParquetSerializer.DeserializeUntypedAsync(from, null, group).GetAwaiter().GetResult());
            if (rows.IsFail)
            {
                yield return rows.Map(static _ => default(Row)!);
                yield break;
            }
            foreach (var row in rows.Map(static r => r.Data).IfFail([]))
            {
                var place = $"row {++count}";
                yield return groups.Bind(names => names.Names.Select(name => Of(row.GetValueOrDefault(name), $"{file}, {place}: {name}", 0).Map(value => (name, value))).Gather())
                    .Map(members => new Row(members.ToParams(), file, place));
            }
        }
    }

    // Its directory is at the end, so that a gzipped file is unpacked first.
    static Validation<Fault, Stream> Seekable(Stream stream, string file)
    {
        if (stream.CanSeek) return Success<Fault, Stream>(stream);
        var memory = new MemoryStream();
        var block = new byte[1 << 20];
        for (int count; (count = stream.Read(block)) > 0;)
        {
            if (memory.Length + count > MostGzipped) return Fault.Of<Stream>(file, $"has more than {MostGzipped >> 20} MiB when it is unpacked", "allowed: the file as it is, without .gz");
            memory.Write(block, 0, count);
        }
        memory.Position = 0;
        return Success<Fault, Stream>(memory);
    }

    // The last bytes are the directory's length and PAR1; the library takes memory for a length before it looks whether the file has so much.
    static Validation<Fault, Unit> Directory(Stream from, string file) => Guard(file, () =>
    {
        Span<byte> end = stackalloc byte[8];
        if (from.Length < 12) return 0L;
        from.Position = from.Length - end.Length;
        from.ReadExactly(end);
        from.Position = 0;
        return end[4..].SequenceEqual("PAR1"u8) ? BinaryPrimitives.ReadUInt32LittleEndian(end) : 0L;
    }).Bind(length => length > from.Length - 12
        ? Fault.Of<Unit>(file, $"cannot be read as Parquet (its directory is to have {length} bytes, where there is room for {from.Length - 12})", "expected a whole Parquet file")
        : Success<Fault, Unit>(unit));

    static Validation<Fault, (int Count, Vec<string> Names)> Groups(Stream from, string file) => Guard(file, () =>
    {
        var reader = ParquetReader.CreateAsync(from, null, leaveStreamOpen: true).GetAwaiter().GetResult();
        var sizes = Enumerable.Range(0, reader.RowGroupCount).Select(i => reader.OpenRowGroupReader(i).RowGroup).Select(static g => (g.NumRows, g.TotalByteSize)).ToList();
        return (Sizes: sizes, Names: reader.Schema.Fields.Select(static f => f.Name).ToVec());
    }).Bind(found => found.Sizes.FindIndex(static s => s.NumRows is < 0 or > MostRows || s.TotalByteSize is < 0 or > MostGroup) is >= 0 and var i
        ? Fault.Of<(int, Vec<string>)>($"{file}, row group {i + 1}", $"has {found.Sizes[i].NumRows} rows of {found.Sizes[i].TotalByteSize} bytes together",
            $"allowed: up to {MostRows} rows and {MostGroup} bytes in a group")
        : found.Names.Distinct().Count() < found.Names.Count ? Fault.Of<(int, Vec<string>)>(file, "has two columns of one name", "allowed: names that differ")
        : Success<Fault, (int, Vec<string>)>((found.Sizes.Count, found.Names)));

    // What the library meets in a damaged file it may say in any exception.
    static Validation<Fault, T> Guard<T>(string file, Func<T> work)
    {
        try
        {
            return Success<Fault, T>(work());
        }
        catch (OutOfMemoryException)
        {
            return Fault.Of<T>(file, "asks for more memory than there is", "expected a whole Parquet file, with smaller groups of rows");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return Fault.Of<T>(file, $"cannot be read as Parquet ({e.Message.Split('\n')[0].TrimEnd('.', '\r')})", "expected a whole Parquet file");
        }
    }

    static Validation<Fault, Json> Of(object? value, string where, int depth) => depth > MostDepth ? Fault.Of<Json>(where, "nests too deeply", $"allowed: {MostDepth} deep") : value switch
    {
        null => Success<Fault, Json>(new Json.Null()),
        string text => Success<Fault, Json>(new Json.Text(text)),
        ReadOnlyMemory<char> text => Success<Fault, Json>(new Json.Text(text.ToString())),
        bool truth => Success<Fault, Json>(new Json.Bool(truth)),
        sbyte or byte or short or ushort or int or uint or long => Success<Fault, Json>(new Json.Whole(Convert.ToInt64(value, CultureInfo.InvariantCulture))),
        float or double or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture) is var real && double.IsFinite(real)
            ? Success<Fault, Json>(new Json.Real(real)) : Success<Fault, Json>(new Json.Null()),
        IDictionary map => map.Keys.Cast<object>().Select(key => (Name: key.ToString() ?? "", Value: map[key]))
            .Select(m => Of(m.Value, $"{where}: {m.Name}", depth + 1).Map(v => (m.Name, v))).Gather().Map(static m => (Json)new Json.Map(m.ToParams())),
        byte[] or ReadOnlyMemory<byte> => Fault.Of<Json>(where, "holds bytes that are no text", "expected text"),
        IEnumerable items => items.Cast<object?>().Select((item, i) => Of(item, $"{where}[{i}]", depth + 1)).Gather().Map(static all => (Json)new Json.List(all)),
        // Times and the like, which no form of rows reads.
        var other => Success<Fault, Json>(new Json.Text(Convert.ToString(other, CultureInfo.InvariantCulture) ?? "")),
    };
}
