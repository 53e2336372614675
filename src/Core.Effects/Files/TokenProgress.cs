using System.Text;
using Functional.Base;
using Functional.Families;
using Functional.Text;

namespace Functional.Files;

/// <summary>
/// How far a file of tokens is written: a note beside it that is replaced as a whole, after the tokens that it counts are on the disk. It holds only for the command that it
/// was made by, and for texts that begin as they did.
/// </summary>
/// <param name="Command">What makes the tokens: the texts' names, the tokenizer's fingerprint, the line ends.</param>
/// <param name="Text">Which text is being read, from 0 on.</param>
/// <param name="Point">How far its tokens are written.</param>
/// <param name="Read">How much of it was read, in UTF-16 code units; as far as the point or further.</param>
/// <param name="Hash">SHA-256 of all that was read, of it and of those before.</param>
/// <param name="Tokens">How many tokens are written.</param>
/// <param name="Crc">CRC-32C of their bytes.</param>
sealed record TokenProgress(string Command, int Text, StreamPoint Point, long Read, string Hash, long Tokens, uint Crc)
{
    const int Version = 1;

    /// <summary>The file beside a file of tokens.</summary>
    public static string PathOf(string tokens) => tokens + ".progress";

    /// <summary>What stands in a note; nothing where there is none, or no sound one.</summary>
    public static TokenProgress? In(string path)
    {
        if (!File.Exists(path)) return null;
        var from = TextFile.Read(path).Bind(text => Json.Parse(text, path)).Match(
            json => json is Json.Map { Members: var members } ? new ConfigSource(members, path) : new(Params<Json>.Empty, path), _ => new(Params<Json>.Empty, path));
        string? Word(string name) => from.Gives(name) && from.Members[name] is Json.Text { Value: var value } ? value : null;
        long Number(string name) => from.Gives(name) && from.Members[name] is Json.Whole { Value: >= 0 and var value } ? value : -1;
        bool Flag(string name) => from.Gives(name) && from.Members[name] is Json.Bool { Value: true };
        var (text, position, read, tokens, crc) = (Number("text"), Number("position"), Number("read"), Number("tokens"), Number("crc"));
        return Number("version") == Version && text is >= 0 and <= int.MaxValue && position >= 0 && read >= position && tokens >= 0 && crc is >= 0 and <= uint.MaxValue
            && Word("command") is { } command && Word("hash") is { } hash && Number("before") is <= char.MaxValue and var before
            ? new(command, (int)text, new(position, before < 0 ? null : (char)before, Flag("goes_on")), read, hash, tokens, (uint)crc) : null;
    }

    /// <summary>Writes the note.</summary>
    public void Save(string path) => Disk.Real.Replace(path, Encoding.UTF8.GetBytes(new Json.Map(new (string, Json)[]
    {
        ("version", new Json.Whole(Version)), ("command", new Json.Text(Command)), ("text", new Json.Whole(Text)), ("position", new Json.Whole(Point.Position)),
        ("before", Point.Before is { } before ? new Json.Whole(before) : new Json.Null()), ("goes_on", new Json.Bool(Point.GoesOn)), ("read", new Json.Whole(Read)),
        ("hash", new Json.Text(Hash)), ("tokens", new Json.Whole(Tokens)), ("crc", new Json.Whole(Crc)),
    }.ToParams()).Write()));
}
