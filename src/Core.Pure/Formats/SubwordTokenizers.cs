using System.Text.Json;
using Functional.Base;
using Functional.Subwords;
using Functional.Text;
using Functional.Unicode;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Formats;

/// <summary>Tokenizers of vocabularies and merges, put together as <c>tokenizer.json</c> has them.</summary>
public static class SubwordTokenizers
{
    const string Level = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}";
    const string LevelOnly = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}";

    /// <summary>The tokenizer of a training: special tokens first, then the bytes, then what merges made.</summary>
    /// <param name="trained">What was learned.</param>
    /// <param name="training">What was asked for.</param>
    /// <param name="splitter">What cut the text into pieces.</param>
    public static SubwordTokenizer Of(BpeTrained trained, BpeTraining training, Splitter splitter)
    {
        var first = training.Special.Count;
        var names = training.Special.Concat(trained.Tokens.Select(static t => StandIns.Text(t))).ToList();
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = first; id < names.Count; id++) ids[names[id]] = id;
        return ByBytes([.. names.Select(static n => (string?)n)],
            trained.Merges.Map(m => new Merge(first + m.Left, first + m.Right, ids[names[first + m.Left] + names[first + m.Right]])), splitter,
            training.Special.Map(static (content, id) => new AddedToken(id, content)), ignoresMerges: false);
    }

    internal static SubwordTokenizer ByBytes(Vec<string?> names, Vec<Merge> merges, Splitter splitter, Vec<AddedToken> added, bool ignoresMerges) =>
        ByBytes(names, merges, splitter.Regex, new SplitterStep(splitter), added, ignoresMerges);

    /// <summary>The tokenizer whose pieces are a pattern's matches and what lies between; the fault in the pattern where it is none.</summary>
    internal static Validation<Fault, Tokenizer> ByBytes(Vec<string?> names, Vec<Merge> merges, string regex, Vec<AddedToken> added, bool ignoresMerges, string file) =>
        Splitter.Of(regex) is { } scanner ? Success<Fault, Tokenizer>(ByBytes(names, merges, scanner, added, ignoresMerges))
            : Pattern.Parse(regex, file).Map(Tokenizer (pattern) => ByBytes(names, merges, regex, new PatternStepOf(pattern, SplitBehavior.Isolated, false), added, ignoresMerges));

    static SubwordTokenizer ByBytes(Vec<string?> names, Vec<Merge> merges, string regex, PieceStep step, Vec<AddedToken> added, bool ignoresMerges)
    {
        var pre = regex == Splitter.Gpt2.Regex ? Level
            : $"{{\"type\":\"Sequence\",\"pretokenizers\":[{{\"type\":\"Split\",\"pattern\":{{\"Regex\":{Quoted(regex)}}},\"behavior\":\"Isolated\",\"invert\":false}},{LevelOnly}]}}";
        return new(new(names, merges, [], new(true, ignoresMerges), added, null, [step], DecodingRules.Plain with { StandIns = true }, PostRules.None,
            new(null, Compact(pre), null, LevelOnly)));
    }

    static string Compact(string json)
    {
        using var document = JsonDocument.Parse(json);
        return TokenizerJson.Compact(document.RootElement)!;
    }

    static string Quoted(string text) => "\"" + JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping) + "\"";
}
