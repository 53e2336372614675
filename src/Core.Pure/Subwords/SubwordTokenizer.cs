using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Functional.Base;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Subwords;

/// <summary>
/// A tokenizer whose tokens are parts of words: byte-pair encoding by bytes (GPT-2, Llama 3, Qwen) or by characters (Llama 2, Gemma), or a unigram model
/// (T5), with what stands around them in a <c>tokenizer.json</c>: normaliser, pre-tokenizer, added tokens, post-processor, decoder.
/// </summary>
public sealed class SubwordTokenizer : Tokenizer
{
    readonly string?[] names;
    readonly byte[][] bytes;
    readonly SubwordPipeline pipeline;

    internal SubwordTokenizer(SubwordDefinition definition)
    {
        Definition = definition;
        var size = Math.Max(definition.Names.Count, definition.Added.Select(static t => t.Id + 1).DefaultIfEmpty(0).Max());
        names = new string?[size];
        for (var id = 0; id < definition.Names.Count; id++) names[id] = definition.Names[id];
        foreach (var token in definition.Added) names[token.Id] = token.Content;
        bytes = [.. names.Select(n => n is null ? [] : definition.Decoding.Bytes(n))];
        // An added token is its own text, whatever stand-ins it may look like.
        foreach (var token in definition.Added)
            if (definition.Decoding.StandIns) bytes[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        // The model finds its tokens in UTF-8: those of stand-ins as bytes, and none that holds anything else.
        var reserved = (definition.Normalizer as SentencePieceNormalizer)?.Reserved.ToHashSet() ?? [];
        var table = new TokenTable([.. definition.Names.Select((n, id) => n is null || reserved.Contains(id) ? null
            : definition.Rules.ByBytes ? StandIns.Bytes(n) : Encoding.UTF8.GetBytes(n))]);
        pipeline = new(definition.Added, definition.Normalizer, definition.Steps, definition.IsUnigram
            ? new UnigramModel(table, [.. definition.Scores], definition.Rules, Fallback(definition))
            : new BpeModel(table, definition.Merges, definition.Rules, Fallback(definition)));
    }

    internal SubwordDefinition Definition { get; }

    // The tokens of bytes that stand for parts of characters without a token; -1 where there is none.
    static int[] Fallback(SubwordDefinition definition)
    {
        var ids = new int[256];
        ids.AsSpan().Fill(-1);
        for (var id = 0; definition.Rules.ByteFallback && id < definition.Names.Count; id++)
            if (definition.Names[id] is { } name && DecodingRules.IsFallback(name, out var value) && name == BpeModel.FallbackName(value)) ids[value] = id;
        return ids;
    }

    /// <summary>Tokens beside those of the model, such as special ones.</summary>
    public Vec<AddedToken> Added => Definition.Added;

    /// <summary>The merges of a byte-pair encoding, by rank.</summary>
    public Vec<Merge> Merges => Definition.Merges;

    /// <inheritdoc/>
    public override string Kind => Definition.IsUnigram ? "unigram" : "bpe";

    /// <summary>The number of ids: one more than the largest, whether all are there or not.</summary>
    public override int VocabularySize => bytes.Length;

    /// <summary>The UTF-8 bytes of one token; none for an id that no token has.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When the id is not in the vocabulary.</exception>
    public override ReadOnlySpan<byte> Bytes(int id)
    {
        Check(id);
        return bytes[id];
    }

    /// <inheritdoc/>
    public override string Name(int id)
    {
        Check(id);
        return names[id] ?? "";
    }

    /// <summary>The id of a token by its name in files, added ones included; nothing where there is none.</summary>
    public int? Find(string name) => System.Array.IndexOf(names, name) is >= 0 and var id ? id : null;

    /// <inheritdoc/>
    public override Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, long position = 0) => Encode(text, SpecialTokens.Allow, position);

    /// <inheritdoc/>
    public override Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, SpecialTokens special) => Encode(text, special, 0);

    Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, SpecialTokens special, long position)
    {
        var encoder = new Encoder(pipeline, special, places: false, position);
        return encoder.Feed(text, ends: true).Map(_ => encoder.Ids.Span.ToArray());
    }

    /// <summary>The tokens of a text between those that the post-processor puts around it, such as one at its beginning.</summary>
    /// <param name="text">The text.</param>
    /// <param name="special">What becomes of special tokens in it.</param>
    public Validation<Fault, int[]> EncodeFramed(string text, SpecialTokens special = SpecialTokens.Allow) =>
        Encode(text, special).Map(ids => Framed(Definition.Post.Single, [ids]));

    /// <summary>The tokens that the post-processor puts before a text, such as one for its beginning.</summary>
    public Vec<int> Before => [.. Definition.Post.Single.TakeWhile(static item => item.Sequence < 0).SelectMany(static item => item.Ids)];

    /// <summary>
    /// The same tokenizer with so many ids, as a model has them that it belongs to: behind its own come ids that no token has, and added tokens beyond are
    /// left out. Nothing where a token of its model would be left out, or one that the post-processor puts in.
    /// </summary>
    /// <param name="size">How many ids, 1 or more.</param>
    public SubwordTokenizer? Sized(int size)
    {
        if (size == VocabularySize) return this;
        if (Definition.Names.Count > size || Definition.Post.Single.Concat(Definition.Post.Pair).Any(item => item.Ids.Any(id => id >= size))) return null;
        return new(Definition with
        {
            Names = [.. Definition.Names, .. Enumerable.Repeat<string?>(null, size - Definition.Names.Count)],
            Added = [.. Definition.Added.Where(token => token.Id < size)],
        });
    }

    /// <summary>The tokens of two texts, as the post-processor puts them together.</summary>
    /// <param name="first">The one.</param>
    /// <param name="second">The other.</param>
    /// <param name="special">What becomes of special tokens in them.</param>
    public Validation<Fault, int[]> EncodePair(string first, string second, SpecialTokens special = SpecialTokens.Allow) =>
        (Encode(first, special), Encode(second, special)).Apply((a, b) => Framed(Definition.Post.Pair, [a, b]));

    static int[] Framed(Vec<TemplateItem> template, int[][] texts) => template.Count == 0
        ? [.. texts.SelectMany(static t => t)]
        : [.. template.SelectMany(item => item.Sequence >= 0 ? texts[item.Sequence] : (IEnumerable<int>)item.Ids)];

    internal override Validation<Fault, Vec<Token>> Part(string text, int start, int end, SpecialTokens special)
    {
        var encoder = new Encoder(pipeline, special, places: true, start);
        return encoder.Feed(text.AsSpan(start, end - start), ends: true).Map(_ =>
        {
            var taking = Added.Where(static t => t.LeftStrip || t.RightStrip).Select(static t => t.Id).ToHashSet();
            var scalars = new int[end - start + 1];
            for (var i = 0; i < end - start; i++) scalars[i + 1] = scalars[i] + (char.IsHighSurrogate(text[start + i]) ? 0 : 1);
            return encoder.Places!.Select((place, i) =>
            {
                var (first, last) = Definition.Post.Trim ? Trimmed(names[encoder.Ids[i]]!, place, start == 0 && (i == 0 || place.Start == 0)) : place;
                // One that took white space along is called as it stands in the text.
                var name = taking.Contains(encoder.Ids[i]) ? text[(start + place.Start)..(start + place.End)] : names[encoder.Ids[i]]!;
                return new Token(encoder.Ids[i], name, scalars[first], scalars[last], start + first, start + last);
            }).ToVec();
        });
    }

    // As the official library trims: as many as the token's name has blanks at its ends, of which the first may have been put there.
    (int, int) Trimmed(string name, (int Start, int End) place, bool isFirst)
    {
        static bool IsBlank(char c) => c == 'Ġ' || char.IsWhiteSpace(c);
        var (leading, trailing) = (name.TakeWhile(IsBlank).Count(), name.Reverse().TakeWhile(IsBlank).Count());
        if (leading > 0 && isFirst && Definition.Post.KeepsFirst) leading--;
        var start = Math.Min(place.Start + leading, place.End);
        return (start, place.End >= trailing ? Math.Max(place.End - trailing, start) : place.End);
    }

    /// <summary>The text of a row of tokens; bytes that are not UTF-8 become U+FFFD, and a blank that stands before every text is left out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When an id is not in the vocabulary.</exception>
    public override string Decode(ReadOnlySpan<int> ids)
    {
        var text = base.Decode(ids);
        for (var i = 0; i < Definition.Decoding.Times && text.StartsWith(Definition.Decoding.Strip, StringComparison.Ordinal); i++)
            text = text[Definition.Decoding.Strip.Length..];
        return text;
    }

    /// <summary>As <see cref="Decode(ReadOnlySpan{int})"/>, without special tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When an id is not in the vocabulary.</exception>
    public string DecodeText(ReadOnlySpan<int> ids)
    {
        var special = Added.Where(static t => t.Special).Select(static t => t.Id).ToHashSet();
        return Decode([.. ids.ToArray().Where(id => !special.Contains(id))]);
    }

    /// <inheritdoc/>
    public override TokenizerStream Stream(SpecialTokens special = SpecialTokens.Allow, long position = 0) => new Carrying(new(pipeline, special, false, position));

    /// <inheritdoc/>
    public override TokenizerStream Stream(StreamPoint from, SpecialTokens special = SpecialTokens.Allow)
    {
        var encoder = new Encoder(pipeline, special, false, from.Position);
        encoder.Restart(from);
        return new Carrying(encoder);
    }

    /// <inheritdoc/>
    public override int Border(ReadOnlySpan<char> text, int near) => pipeline.IsPlain && pipeline.Steps is [SplitterStep, ..]
        && Added.All(static t => !t.LeftStrip && !t.RightStrip && !t.SingleWord && !t.Content.Any(char.IsWhiteSpace))
        ? Splitter.Cut(text, near) : 0;

    private protected override ReadOnlySpan<byte> Rules
    {
        get
        {
            var all = new ArrayBufferWriter<byte>();
            foreach (var merge in Definition.Merges) all.Write(MemoryMarshal.AsBytes([merge.Left, merge.Right, merge.Made]));
            foreach (var score in Definition.Scores) all.Write(BitConverter.GetBytes(score));
            all.Write(Encoding.UTF8.GetBytes($"{Definition.Rules} {Definition.Json} {string.Join(' ', Definition.Added)}"));
            return all.WrittenSpan;
        }
    }

    // Keeps what may yet change, and looks at it again when it has doubled, so that a text without an end costs no square of its length.
    sealed class Carrying(Encoder encoder) : TokenizerStream
    {
        readonly ArrayBufferWriter<char> waiting = new();
        int tried;

        public override StreamPoint Point => encoder.Point;

        public override Validation<Fault, int[]> Push(ReadOnlySpan<char> piece)
        {
            waiting.Write(piece);
            return waiting.WrittenCount < 2 * tried ? Success<Fault, int[]>([]) : Feed(false);
        }

        public override Validation<Fault, int[]> Finish() => Feed(true);

        public override Validation<Fault, int[]> Between(ReadOnlySpan<char> text, long position)
        {
            encoder.Restart(new(position));
            return encoder.Feed(text, ends: true).Map(_ => Taken());
        }

        int[] Taken()
        {
            var ids = encoder.Ids.Span.ToArray();
            encoder.Ids.Cut(0);
            return ids;
        }

        Validation<Fault, int[]> Feed(bool ends) => encoder.Feed(waiting.WrittenSpan, ends).Map(used =>
        {
            var rest = waiting.WrittenSpan[used..].ToArray();
            waiting.Clear();
            waiting.Write(rest);
            tried = rest.Length;
            return Taken();
        });
    }
}
