using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Functional.Base;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;
using Library = Microsoft.ML.Tokenizers;

namespace Functional.Files;

/// <summary>
/// A tokenizer whose text Microsoft.ML.Tokenizers encodes: published encodings and SentencePiece's models, which that library has. What tokens are, what is special and
/// where texts may be cut is known from this project's reading of the same data. The only place that calls the library, which is loaded with the first of these.
/// </summary>
sealed class MicrosoftTokenizer : Tokenizer
{
    /// <summary>What stands before the name of an encoding or a model's file.</summary>
    public const string Prefix = "microsoft:";

    readonly SubwordTokenizer known;
    readonly Library.Tokenizer library;
    readonly AddedTokens signs;

    MicrosoftTokenizer(SubwordTokenizer known, Library.Tokenizer library)
    {
        (this.known, this.library) = (known, library);
        signs = new(known.Added.Where(static t => t.Special).Select(static t => (t, t.Content)));
    }

    /// <summary>The tokenizer of an encoding's name or of a SentencePiece model's file.</summary>
    public static Validation<Fault, Tokenizer> Find(string name) => Encodings.Names.Contains(name) ? Published(name)
        : name.EndsWith(".model", StringComparison.Ordinal) ? from known in TokenizerFile.Read(name) from bytes in TokenizerFile.Bytes(name) from read in Model(known, bytes, name) select read
        : Fault.Of<Tokenizer>(name, "is nothing that Microsoft.ML.Tokenizers reads", $"allowed: SentencePiece's *.model, or one of {string.Join(", ", Encodings.Names)}");

    static Validation<Fault, Tokenizer> Published(string name) => from known in Encodings.Read(name) from ranks in Encodings.Ranks(name) select Tiktoken(known, ranks);

    static Tokenizer Tiktoken(Tokenizer known, (string Text, string Regex) ranks)
    {
        using var file = new MemoryStream(Encoding.ASCII.GetBytes(ranks.Text));
        // .NET has no possessive repetition; in these patterns nothing behind one would take a character back.
        var regex = new Regex(ranks.Regex.Replace("?+", "?", StringComparison.Ordinal).Replace("++", "+", StringComparison.Ordinal).Replace("*+", "*", StringComparison.Ordinal),
            RegexOptions.CultureInvariant | RegexOptions.Compiled);
        return new MicrosoftTokenizer((SubwordTokenizer)known, Library.TiktokenTokenizer.Create(file, new Library.RegexPreTokenizer(regex, null), null));
    }

    static Validation<Fault, Tokenizer> Model(Tokenizer known, byte[] bytes, string name)
    {
        // It does these for unigram models alone, and would give other tokens without a word.
        if (((SubwordTokenizer)known).Definition is { IsUnigram: false, Normalizer: SentencePieceNormalizer { IsPlain: false } })
            return Fault.Of<Tokenizer>(name, "is a byte-pair encoding with a character table, user-defined symbols or remove_extra_whitespaces, which Microsoft.ML.Tokenizers leaves out",
                $"allowed: the model without {Prefix} before it");
        try
        {
            using var file = new MemoryStream(bytes);
            return new MicrosoftTokenizer((SubwordTokenizer)known, Library.SentencePieceTokenizer.Create(file, addBeginningOfSentence: false, addEndOfSentence: false));
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or NotSupportedException or InvalidDataException or FormatException)
        {
            return Fault.Of<Tokenizer>(name, $"is a model that Microsoft.ML.Tokenizers does not read: {e.Message}", $"allowed: the model without {Prefix} before it");
        }
    }

    public override string Kind => "microsoft";

    public override int VocabularySize => known.VocabularySize;

    public override ReadOnlySpan<byte> Bytes(int id) => known.Bytes(id);

    public override string Name(int id) => known.Name(id);

    public override string Decode(ReadOnlySpan<int> ids) => known.Decode(ids);

    public override int Border(ReadOnlySpan<char> text, int near) => known.Border(text, near);

    public override TokenizerStream Stream(SpecialTokens special = SpecialTokens.Allow, long position = 0) => new Bordered(this, special, position);

    private protected override ReadOnlySpan<byte> Rules => Encoding.UTF8.GetBytes(Prefix + known.Fingerprint);

    public override Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, long position = 0) => Encode(text.ToString(), SpecialTokens.Allow, position);

    public override Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, SpecialTokens special) => Encode(text.ToString(), special, 0);

    Validation<Fault, int[]> Encode(string text, SpecialTokens special, long position) => Sections(text, special, position).Map(sections =>
        sections.SelectMany(s => s.Sign is { } sign ? (IEnumerable<int>)[sign.Id] : library.EncodeToIds(text[s.Start..s.End])).ToArray());

    readonly record struct Section(int Start, int End, AddedToken? Sign);

    // What lies between special tokens, and those: the library is asked for text alone.
    Validation<Fault, List<Section>> Sections(string text, SpecialTokens special, long position)
    {
        if (Characters.Half(text, position) is { } half) return half.As<List<Section>>();
        var sections = new List<Section>();
        for (var at = 0; at < text.Length;)
        {
            var (sign, start, end) = special == SpecialTokens.Text ? (null, text.Length, text.Length) : signs.Find(text, at, '\0', ends: true);
            if (sign is not null && special == SpecialTokens.Refuse) return sign.Refused(position + start).As<List<Section>>();
            if (start > at) sections.Add(new(at, start, null));
            if (sign is not null) sections.Add(new(start, end, sign));
            at = end;
        }
        return sections;
    }

    internal override Validation<Fault, Vec<Token>> Part(string text, int start, int end, SpecialTokens special)
    {
        var part = text[start..end];
        if (known.Definition.Normalizer is not SentencePieceNormalizer even) return Encode(part, special, start).Map(ids => Placed(text, start, ids));
        return Sections(part, special, start).Bind(sections => sections.Aggregate(Success<Fault, List<(int, int, int)>>([]), (so, section) => so.Bind(all => Put(all, part, section, even))))
            .Map(places => Scalars(part, start, places));
    }

    // Its places are in the text that it made even. Where each of that text's characters comes from is known where both make it the same.
    Validation<Fault, List<(int Id, int First, int Last)>> Put(List<(int Id, int First, int Last)> all, string part, Section section, SentencePieceNormalizer even)
    {
        if (section.Sign is { } sign)
        {
            all.Add((sign.Id, section.Start, section.End));
            return all;
        }
        var text = part[section.Start..section.End];
        var tokens = library.EncodeToTokens(text, out var normal);
        var shaped = even.Apply(Shaped.Of(text, section.Start), true, true);
        if (!shaped.Text.AsSpan().SequenceEqual(normal ?? text))
            return Fault.Of<List<(int, int, int)>>("Microsoft.ML.Tokenizers", "makes this text even in another way, so that places of tokens are not known",
                $"allowed: ids alone; or the model without {Prefix} before it");
        foreach (var token in tokens)
        {
            var (first, last) = (Math.Clamp(token.Offset.Start.Value, 0, shaped.Text.Length - 1), Math.Clamp(token.Offset.End.Value - 1, 0, shaped.Text.Length - 1));
            var (start, end) = (shaped.From(first), shaped.To(Math.Max(first, last)));
            // A token of some of a character's bytes is where the whole character is.
            all.Add((token.Id, char.IsLowSurrogate(part[start]) ? start - 1 : start, end < part.Length && char.IsLowSurrogate(part[end]) ? end + 1 : end));
        }
        return all;
    }

    Vec<Token> Scalars(string part, int start, List<(int Id, int First, int Last)> places)
    {
        var scalars = new int[part.Length + 1];
        for (var i = 0; i < part.Length; i++) scalars[i + 1] = scalars[i] + (char.IsHighSurrogate(part[i]) ? 0 : 1);
        return places.Select(p => new Token(p.Id, Name(p.Id), scalars[p.First], scalars[p.Last], start + p.First, start + p.Last)).ToVec();
    }

    // Keeps what is behind the last border, and looks for another when that has doubled.
    sealed class Bordered(MicrosoftTokenizer tokenizer, SpecialTokens special, long position) : TokenizerStream
    {
        readonly ArrayBufferWriter<char> waiting = new();
        int tried;
        long at = position;

        public override StreamPoint Point => new(at);

        public override Validation<Fault, int[]> Push(ReadOnlySpan<char> piece)
        {
            waiting.Write(piece);
            if (waiting.WrittenCount < 2 * tried) return Success<Fault, int[]>([]);
            return Take(waiting.WrittenCount > 0 ? Math.Max(0, tokenizer.Border(waiting.WrittenSpan, waiting.WrittenCount - 1)) : 0);
        }

        public override Validation<Fault, int[]> Finish() => Take(waiting.WrittenCount);

        public override Validation<Fault, int[]> Between(ReadOnlySpan<char> text, long position) => tokenizer.Encode(text.ToString(), special, position);

        Validation<Fault, int[]> Take(int length)
        {
            var ids = tokenizer.Encode(waiting.WrittenSpan[..length].ToString(), special, at);
            var rest = waiting.WrittenSpan[length..].ToArray();
            waiting.Clear();
            waiting.Write(rest);
            (at, tried) = (at + length, rest.Length);
            return ids;
        }
    }
}
