using System.Text;
using Functional.Base;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Formats;

/// <summary>
/// SentencePiece's models (Kudo and Richardson 2018): byte-pair encoding, whose tokens have scores in place of merges, and unigram models. The
/// format is <c>sentencepiece_model.proto</c>'s.
/// </summary>
public static class SentencePieceModel
{
    enum Kind { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 }

    readonly record struct Entry(string Text, float Score, Kind Kind);

    sealed record Header(int Type, bool ByteFallback, bool BlanksBehind, bool DummyPrefix, bool RemovesExtra, bool Escapes, byte[] Table, bool MapsBack);

    const string Space = "▁";

    /// <summary>The tokenizer of a <c>.model</c> file.</summary>
    /// <param name="model">The whole file.</param>
    /// <param name="file">What faults call the file.</param>
    public static Validation<Fault, Tokenizer> Parse(ReadOnlySpan<byte> model, string file = "tokenizer.model")
    {
        try
        {
            var entries = new List<Entry>();
            var header = new Header(1, false, false, true, true, true, [], false);
            for (var reader = new WireReader(model); reader.Next();)
                if (reader.Field == 1) entries.Add(Piece(reader.Bytes));
                else if (reader.Field == 2) header = Trainer(reader.Bytes, header);
                else if (reader.Field == 3) header = Normalizer(reader.Bytes, header);
                else if (reader.Field == 5) header = header with { MapsBack = Normalizer(reader.Bytes, header with { Table = [] }).Table.Length > 0 };
            return Build(entries, header, file);
        }
        catch (FormatException e)
        {
            return Fault.Of<Tokenizer>(file, e.Message, "expected a model of SentencePiece");
        }
    }

    static Entry Piece(ReadOnlySpan<byte> message)
    {
        var entry = new Entry("", 0, Kind.Normal);
        for (var reader = new WireReader(message); reader.Next();)
            entry = reader.Field switch
            {
                1 => entry with { Text = Utf8(reader.Bytes) },
                2 => entry with { Score = reader.Float },
                3 => entry with { Kind = (Kind)reader.Number },
                _ => entry,
            };
        return entry;
    }

    static string Utf8(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw new FormatException("has a token that is not UTF-8");

    static Header Trainer(ReadOnlySpan<byte> message, Header header)
    {
        for (var reader = new WireReader(message); reader.Next();)
            header = reader.Field switch
            {
                3 => header with { Type = (int)Math.Min(reader.Number, int.MaxValue) },
                24 => header with { BlanksBehind = reader.Number != 0 },
                35 => header with { ByteFallback = reader.Number != 0 },
                _ => header,
            };
        return header;
    }

    static Header Normalizer(ReadOnlySpan<byte> message, Header header)
    {
        for (var reader = new WireReader(message); reader.Next();)
            header = reader.Field switch
            {
                2 => header with { Table = reader.Bytes.ToArray() },
                3 => header with { DummyPrefix = reader.Number != 0 },
                4 => header with { RemovesExtra = reader.Number != 0 },
                5 => header with { Escapes = reader.Number != 0 },
                _ => header,
            };
        return header;
    }

    static Validation<Fault, Tokenizer> Build(List<Entry> entries, Header header, string file)
    {
        var faults = new List<Fault>();
        if (entries.Count == 0) faults.Add(new(file, "has no tokens", "expected a model of SentencePiece"));
        if (header.Type is not (1 or 2))
            faults.Add(new(file, $"is a model of kind {header.Type switch { 3 => "word", 4 => "char", var n => n.ToString(System.Globalization.CultureInfo.InvariantCulture) }}",
                "allowed: unigram, bpe"));
        if (header.Table.Length > 0) faults.AddRange(CharacterTable.Parse(header.Table, $"{file}: precompiled_charsmap").FailToSeq());
        if (header.MapsBack) faults.Add(new(file, "has a denormalizer that maps characters, which is not supported", "allowed: none"));
        if (header.BlanksBehind) faults.Add(new(file, "puts blanks behind words, which is not supported", "allowed: treat_whitespace_as_suffix false"));
        if (entries.FindIndex(static e => e.Text.Length == 0) is >= 0 and var empty) faults.Add(new($"{file}: token {empty}", "is empty", "expected a text"));
        if (entries.FindIndex(static e => !float.IsFinite(e.Score)) is >= 0 and var odd) faults.Add(new($"{file}: token {odd}", "has a score that is no number", "allowed: numbers"));
        var seen = new System.Collections.Generic.HashSet<string>(StringComparer.Ordinal);
        if (entries.FindIndex(e => !seen.Add(e.Text)) is >= 0 and var twice) faults.Add(new($"{file}: token {twice}", $"is {entries[twice].Text} for the second time", "allowed: each token once"));
        return faults.Count > 0 ? Validation<Fault, Tokenizer>.Fail(faults.ToSeq().Strict()) : TokenizerJson.Parse(Json(entries, header), file);
    }

    // What SentencePiece does by itself becomes a normaliser and a decoder. What users defined is found in the text that was made even, control symbols before.
    static string Json(List<Entry> entries, Header header)
    {
        var names = entries.Select(static e => e.Text).ToList();
        var unknown = entries.FindIndex(static e => e.Kind == Kind.Unknown);
        var added = entries.Select(static (e, id) => (Entry: e, Id: id)).Where(static e => e.Entry.Kind is Kind.Unknown or Kind.Control or Kind.UserDefined)
            .Select(static e => new AddedToken(e.Id, e.Entry.Text, Normalized: e.Entry.Kind == Kind.UserDefined, Special: e.Entry.Kind != Kind.UserDefined)).ToVec();
        var unigram = header.Type == 1;
        var even = new SentencePieceRules(header.DummyPrefix, header.RemovesExtra, header.Escapes,
            [.. entries.Where(static e => e.Kind == Kind.UserDefined).Select(static e => e.Text)],
            [.. Enumerable.Range(0, entries.Count).Where(id => entries[id].Kind is not (Kind.Normal or Kind.UserDefined))]);
        string[] decoders =
        [
            .. header.Escapes ? [$"{{\"type\":\"Replace\",\"pattern\":{{\"String\":\"{Space}\"}},\"content\":\" \"}}"] : (string[])[],
            "{\"type\":\"ByteFallback\"}", "{\"type\":\"Fuse\"}",
            .. header.DummyPrefix ? ["{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}"] : (string[])[],
        ];
        var parts = new PartsJson(SentencePieceParts.Json(header.Table, even), null, null, $"{{\"type\":\"Sequence\",\"decoders\":[{string.Join(',', decoders)}]}}");
        var rules = new BpeRules(false, false, unknown, true, header.ByteFallback);
        var merges = unigram ? [] : Merges(entries);
        Vec<double> scores = unigram ? [.. entries.Select(static e => (double)e.Score)] : [];
        return TokenizerJson.Write(new SubwordTokenizer(new([.. names.Select(static n => (string?)n)], merges, scores, rules, added, null, [], DecodingRules.Plain, PostRules.None, parts)));
    }

    // A pair merges where both together are a token, the token of the highest score first.
    static Vec<Merge> Merges(List<Entry> entries)
    {
        var tokens = new TokenTable([.. entries.Select(static e => e.Kind == Kind.Normal ? Encoding.UTF8.GetBytes(e.Text) : null)]);
        return PairMerges.Of(tokens, [.. Enumerable.Range(0, entries.Count).OrderByDescending(id => entries[id].Score)], static b => (b & 0xC0) != 0x80);
    }
}
