using System.Buffers.Binary;
using System.Text;
using LanguageExt;

namespace Functional.Tests.Properties.Logs;

/// <summary>
/// TensorBoard's event files, read by the published formats alone: TFRecord, and protocol buffers' wire format by field numbers. It shares nothing with what writes them, the checksum
/// included.
/// </summary>
static class EventReader
{
    static readonly uint[] table = [.. Enumerable.Range(0, 256).Select(static i => Enumerable.Range(0, 8).Aggregate((uint)i, static (c, _) => (c & 1) == 1 ? (c >> 1) ^ 0x82f63b78 : c >> 1))];

    /// <summary>What an event says.</summary>
    public sealed record Event(double Time, long Step, string? Version, long? Session, List<Value> Values);

    /// <summary>A value of a summary.</summary>
    public sealed record Value(string Tag, string Plugin, byte[] Content, float? Simple, List<(int Field, object Value)>? Histogram, List<string> Texts);

    /// <summary>The CRC-32C of Castagnoli, bit by bit from a table of its own.</summary>
    public static uint Crc(ReadOnlySpan<byte> data)
    {
        var c = ~0u;
        foreach (var b in data) c = table[(c ^ b) & 0xff] ^ (c >> 8);
        return ~c;
    }

    /// <summary>All events of a folder's files, in the order of their names; a checksum that is wrong throws.</summary>
    public static List<Event> Read(string folder) => [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).SelectMany(static file => Of(File.ReadAllBytes(file)))];

    /// <summary>The scalars that TensorBoard shows of events: those that a restart purges are gone.</summary>
    public static List<(string Tag, long Step, float Value)> Scalars(List<Event> events)
    {
        var all = new List<(string, long Step, float)>();
        foreach (var e in events)
        {
            if (e.Session == 1) all.RemoveAll(s => s.Step >= e.Step);
            all.AddRange(e.Values.Where(static v => v.Simple is not null).Select(v => (v.Tag, e.Step, v.Simple!.Value)));
        }
        return all;
    }

    static IEnumerable<Event> Of(byte[] file)
    {
        for (var at = 0; at < file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Check(file.AsSpan(at, 8), file.AsSpan(at + 8));
            var data = file.AsSpan(at + 12, length).ToArray();
            Check(data, file.AsSpan(at + 12 + length));
            at += length + 16;
            var fields = Fields(data);
            yield return new((double)One(fields, 1)!, One(fields, 2) is long step ? step : 0, One(fields, 3) is byte[] version ? Encoding.UTF8.GetString(version) : null,
                One(fields, 7) is byte[] session ? One(Fields(session), 1) as long? : null,
                One(fields, 5) is byte[] summary ? [.. Fields(summary).Where(static f => f.Field == 1).Select(static f => ValueOf(Fields((byte[])f.Value)))] : []);
        }
    }

    static Value ValueOf(List<(int Field, object Value)> fields)
    {
        var plugin = One(fields, 9) is byte[] metadata && One(Fields(metadata), 1) is byte[] p ? Fields(p) : [];
        return new(Encoding.UTF8.GetString((byte[])One(fields, 1)!), One(plugin, 1) is byte[] name ? Encoding.UTF8.GetString(name) : "", One(plugin, 2) as byte[] ?? [],
            One(fields, 2) as float?, One(fields, 5) is byte[] histogram ? Fields(histogram) : null,
            One(fields, 8) is byte[] tensor ? [.. Fields(tensor).Where(static f => f.Field == 8).Select(static f => Encoding.UTF8.GetString((byte[])f.Value))] : []);
    }

    /// <summary>The hyper-parameters of a value whose plugin is <c>hparams</c>.</summary>
    public static Dictionary<string, object> HParams(Value value) => Fields((byte[])One(Fields(value.Content), 3)!).Where(static f => f.Field == 1)
        .ToDictionary(static f => Encoding.UTF8.GetString((byte[])One(Fields((byte[])f.Value), 1)!), static f => Fields((byte[])One(Fields((byte[])f.Value), 2)!) switch
        {
            [(2, double number)] => number, [(3, byte[] text)] => Encoding.UTF8.GetString(text), [(4, long truth)] => truth == 1, var other => (object)other,
        }, StringComparer.Ordinal);

    /// <summary>Packed doubles of a field.</summary>
    public static double[] Doubles(List<(int Field, object Value)> fields, int field) =>
        One(fields, field) is byte[] packed ? [.. packed.Chunk(8).Select(static d => BinaryPrimitives.ReadDoubleLittleEndian(d))] : [];

    public static object? One(List<(int Field, object Value)> fields, int field) => fields.LastOrDefault(f => f.Field == field).Value;

    static List<(int Field, object Value)> Fields(byte[] data)
    {
        var all = new List<(int, object)>();
        for (var at = 0; at < data.Length;)
        {
            var tag = Varint(data, ref at);
            object value;
            switch (tag & 7)
            {
                case 0: value = (long)Varint(data, ref at); break;
                case 1: value = BinaryPrimitives.ReadDoubleLittleEndian(data.AsSpan(at)); at += 8; break;
                case 5: value = BinaryPrimitives.ReadSingleLittleEndian(data.AsSpan(at)); at += 4; break;
                case 2:
                    var length = (int)Varint(data, ref at);
                    value = data.AsSpan(at, length).ToArray();
                    at += length;
                    break;
                default: throw new InvalidDataException("a kind of field that there is not");
            }
            all.Add(((int)(tag >> 3), value));
        }
        return all;
    }

    static ulong Varint(byte[] data, ref int at)
    {
        var (value, shift) = (0ul, 0);
        while (true)
        {
            var b = data[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
            shift += 7;
        }
    }

    static void Check(ReadOnlySpan<byte> data, ReadOnlySpan<byte> written)
    {
        var crc = Crc(data);
        if (BinaryPrimitives.ReadUInt32LittleEndian(written) != unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8u)) throw new InvalidDataException("a checksum is wrong");
    }
}
