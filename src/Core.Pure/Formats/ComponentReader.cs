using System.Text;
using System.Text.Json;
using Functional.Base;
using Functional.Subwords;
using Functional.Unicode;

namespace Functional.Formats;

/// <summary>Reads normalisers, pre-tokenizers, post-processors and decoders of a <c>tokenizer.json</c>. What is not known is refused by name.</summary>
sealed class ComponentReader(JsonFields fields)
{
    const string Refused = "is not supported";

    static JsonElement? Member(JsonElement? element, string name) => JsonFields.Member(element, name);

    public TextNormalizer? Normalizer(JsonElement? element, string where)
    {
        var read = Step(element, where);
        if (read is { Growth: > MostGrowth })
            fields.Add(where, $"makes a text up to {read.Growth:G3} times as long", $"allowed: up to {MostGrowth} times");
        return read;
    }

    // A few replacements one after the other would make a line fill all memory.
    const double MostGrowth = 10_000;

    TextNormalizer? Step(JsonElement? element, string where)
    {
        if (element is not { } given || fields.Type(given, where) is not { } type) return null;
        switch (type)
        {
            case "NFC": return new FormNormalizer(false, true);
            case "NFD": return new FormNormalizer(false, false);
            case "NFKC": return new FormNormalizer(true, true);
            case "NFKD": return new FormNormalizer(true, false);
            case "Lowercase": return RuneNormalizer.Lower;
            case "StripAccents": return RuneNormalizer.NoAccents;
            case "Strip":
                return new StripNormalizer(fields.Truth(Member(given, "strip_left"), $"{where}.strip_left", true),
                    fields.Truth(Member(given, "strip_right"), $"{where}.strip_right", true));
            case "Prepend":
                return fields.Text(Member(given, "prepend"), $"{where}.prepend") is { Length: > 0 } prefix ? new PrependNormalizer(prefix) : null;
            case "Replace":
                var content = fields.Text(Member(given, "content"), $"{where}.content") ?? "";
                return Expression(Member(given, "pattern"), $"{where}.pattern") is (var pattern, var literal)
                    ? new ReplaceNormalizer(pattern, literal, content) : null;
            case "Precompiled": return Precompiled(Member(given, "precompiled_charsmap"), $"{where}.precompiled_charsmap");
            case "Sequence":
                TextNormalizer[] parts = [.. fields.Items(Member(given, "normalizers"), $"{where}.normalizers").ToList()
                    .Select(n => Step(n.Item, n.Where)).OfType<TextNormalizer>()];
                return Member(given, SentencePieceParts.Member) is not { } rules ? new SequenceNormalizer(parts) : SentencePieceParts.Read(fields, rules,
                    $"{where}.{SentencePieceParts.Member}", parts.OfType<PrecompiledNormalizer>().FirstOrDefault()?.Table);
            default:
                fields.Add($"{where}.type", $"{type} {Refused}", "allowed: NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, Precompiled, Sequence");
                return null;
        }
    }

    PrecompiledNormalizer? Precompiled(JsonElement? element, string where)
    {
        var text = fields.Text(element, where) ?? "";
        var bytes = new byte[text.Length];
        if (text.Length == 0) fields.Add(where, "is missing or empty", "expected a table in base 64");
        else if (!Convert.TryFromBase64String(text, bytes, out var length)) fields.Add(where, "is not in base 64", "expected a table in base 64");
        else return CharacterTable.Parse(bytes.AsSpan(0, length), where).MatchUnsafe(static t => new PrecompiledNormalizer(t), Noted<PrecompiledNormalizer>);
        return null;
    }

    T? Noted<T>(LanguageExt.Seq<Fault> faults) where T : class
    {
        foreach (var fault in faults) fields.Add(fault.Where, fault.What, fault.Allowed);
        return null;
    }

    // A pattern as {"String": …} or {"Regex": …}; the literal text where it is one.
    (Pattern Pattern, string? Literal)? Expression(JsonElement? element, string where)
    {
        var literal = element is { ValueKind: JsonValueKind.String } bare ? bare.GetString() : fields.Text(Member(element, "String"), $"{where}.String");
        var regex = fields.Text(Member(element, "Regex"), $"{where}.Regex");
        if (literal is null == regex is null || literal is "" || regex is "")
        {
            fields.Add(where, "is no pattern", "expected a String or a Regex that is not empty");
            return null;
        }
        return Pattern(regex ?? Escaped(literal!), where) is { } pattern ? (pattern, literal) : null;
    }

    // What is found only when a text is searched is told by the whole name.
    Pattern? Pattern(string regex, string where) => Unicode.Pattern.Parse(regex, fields.Named(where)).MatchUnsafe(static p => p,
        faults => Noted<Pattern>(faults.Map(fault => fault with { Where = where })));

    static string Escaped(string literal) => literal.EnumerateRunes()
        .Aggregate(new StringBuilder(), static (all, r) => all.Append(r.IsAscii && !Rune.IsLetterOrDigit(r) ? $"\\x{r.Value:X2}" : r.ToString())).ToString();

    /// <summary>The steps of a pre-tokenizer.</summary>
    /// <param name="element">The pre-tokenizer.</param>
    /// <param name="where">What faults call it.</param>
    /// <param name="byBytes">Whether it makes text bytes.</param>
    public List<PieceStep> PreTokenizer(JsonElement? element, string where, ref bool byBytes)
    {
        if (element is not { } given || fields.Type(given, where) is not { } type) return [];
        switch (type)
        {
            case "ByteLevel":
                byBytes = true;
                return
                [
                    .. fields.Truth(Member(given, "add_prefix_space"), $"{where}.add_prefix_space", true) ? [new PrefixStep(" ", false)] : (PieceStep[])[],
                    .. fields.Truth(Member(given, "use_regex"), $"{where}.use_regex", true) ? [new SplitterStep(Splitter.Gpt2)] : (PieceStep[])[],
                ];
            case "Split": return [.. Split(given, where)];
            case "Whitespace": return [Known(@"[\w&&[^²³¹¼-¾]]+|[[^\w\s]²³¹¼-¾]+", SplitBehavior.Removed, invert: true)];
            case "WhitespaceSplit": return [Known(@"\s", SplitBehavior.Removed)];
            case "Digits":
                return [Known(@"\p{N}", fields.Truth(Member(given, "individual_digits"), $"{where}.individual_digits") ? SplitBehavior.Isolated : SplitBehavior.Contiguous)];
            case "Punctuation": return [Known(Punctuation, Behavior(given, where))];
            case "BertPreTokenizer": return [Known(@"\s", SplitBehavior.Removed), Known(Punctuation, SplitBehavior.Isolated)];
            case "CharDelimiterSplit":
                return fields.Text(Member(given, "delimiter"), $"{where}.delimiter") is { Length: > 0 } delimiter ? [Known(Escaped(delimiter), SplitBehavior.Removed)] : [];
            case "Metaspace": return Metaspace(given, where);
            case "Sequence":
                var steps = new List<PieceStep>();
                foreach (var (item, place) in fields.Items(Member(given, "pretokenizers"), $"{where}.pretokenizers").ToList())
                    steps.AddRange(PreTokenizer(item, place, ref byBytes));
                return steps;
            default:
                fields.Add($"{where}.type", $"{type} {Refused}",
                    "allowed: ByteLevel, Split, Whitespace, WhitespaceSplit, Digits, Punctuation, BertPreTokenizer, CharDelimiterSplit, Metaspace, Sequence");
                return [];
        }
    }

    const string Punctuation = @"[!-/:-@\[-`{-~\p{P}]";

    static PieceStep Known(string regex, SplitBehavior behavior, bool invert = false) => Unicode.Pattern.Parse(regex, "").Match(
        pattern => new PatternStepOf(pattern, behavior, invert), static faults => throw new System.Diagnostics.UnreachableException(faults.Lines()));

    IEnumerable<PieceStep> Split(JsonElement given, string where)
    {
        var behavior = Behavior(given, where);
        var invert = fields.Truth(Member(given, "invert"), $"{where}.invert");
        if (Expression(Member(given, "pattern"), $"{where}.pattern") is not (var pattern, _)) return [];
        return behavior == SplitBehavior.Isolated && !invert && Splitter.Of(pattern.Source) is { } scanner ? [new SplitterStep(scanner)]
            : [new PatternStepOf(pattern, behavior, invert)];
    }

    SplitBehavior Behavior(JsonElement given, string where)
    {
        if (fields.Text(Member(given, "behavior"), $"{where}.behavior") is not { } word) return SplitBehavior.Isolated;
        if (Enum.TryParse<SplitBehavior>(word, out var behavior) && Enum.GetName(behavior) == word) return behavior;
        fields.Add($"{where}.behavior", $"is {word}", $"allowed: {string.Join(", ", Enum.GetNames<SplitBehavior>())}");
        return SplitBehavior.Isolated;
    }

    List<PieceStep> Metaspace(JsonElement given, string where)
    {
        var replacement = fields.Text(Member(given, "replacement"), $"{where}.replacement") ?? "▁";
        var scheme = Scheme(given, where);
        if (replacement.Length != 1)
        {
            fields.Add($"{where}.replacement", $"is {replacement}", "allowed: one character");
            return [];
        }
        return
        [
            new ReplaceStep(' ', replacement),
            .. scheme == "never" ? [] : (PieceStep[])[new PrefixStep(replacement, scheme == "first")],
            .. fields.Truth(Member(given, "split"), $"{where}.split", true) ? [Known(Escaped(replacement), SplitBehavior.MergedWithNext)] : (PieceStep[])[],
        ];
    }

    // Older files say add_prefix_space.
    string Scheme(JsonElement given, string where)
    {
        var scheme = fields.Text(Member(given, "prepend_scheme"), $"{where}.prepend_scheme")
            ?? (fields.Truth(Member(given, "add_prefix_space"), $"{where}.add_prefix_space", true) ? "always" : "never");
        if (scheme is not ("always" or "first" or "never")) fields.Add($"{where}.prepend_scheme", $"is {scheme}", "allowed: always, first, never");
        return scheme;
    }

    public DecodingRules Decoder(JsonElement? element, string where)
    {
        var rules = DecodingRules.Plain;
        if (element is not { } given) return rules;
        var steps = fields.Type(given, where) == "Sequence"
            ? fields.Items(Member(given, "decoders"), $"{where}.decoders").ToList() : [(given, where)];
        foreach (var (step, place) in steps)
            rules = fields.Type(step, place) switch
            {
                "ByteLevel" => rules with { StandIns = true },
                "ByteFallback" => rules with { ByteFallback = true },
                "Fuse" or null => rules,
                "Replace" when Member(Member(step, "pattern"), "String") is { } pattern => rules with
                {
                    Replacements = [.. rules.Replacements, (fields.Text(pattern, $"{place}.pattern.String") is { Length: > 0 } what ? what : "\0",
                        fields.Text(Member(step, "content"), $"{place}.content") ?? "")],
                },
                "Strip" when fields.Whole(Member(step, "stop"), $"{place}.stop", 0, 0, 0) == 0 => rules with
                {
                    Strip = fields.Text(Member(step, "content"), $"{place}.content") ?? " ",
                    Times = fields.Whole(Member(step, "start"), $"{place}.start", 0, 1024, 0),
                },
                "Metaspace" => rules with
                {
                    Replacements = [.. rules.Replacements, (fields.Text(Member(step, "replacement"), $"{place}.replacement") is { Length: > 0 } what ? what : "▁", " ")],
                    Strip = " ", Times = Scheme(step, place) == "never" ? 0 : 1,
                },
                var other => Unknown(other, place, rules),
            };
        return rules;
    }

    DecodingRules Unknown(string type, string where, DecodingRules rules)
    {
        fields.Add($"{where}.type", $"{type} {Refused}", "allowed: ByteLevel, ByteFallback, Fuse, Replace (of a String), Strip (at the start), Metaspace, Sequence of them");
        return rules;
    }

    public PostRules PostProcessor(JsonElement? element, string where)
    {
        if (element is not { } given || fields.Type(given, where) is not { } type) return PostRules.None;
        switch (type)
        {
            case "ByteLevel":
                return PostRules.None with
                {
                    Trim = fields.Truth(Member(given, "trim_offsets"), $"{where}.trim_offsets", true),
                    KeepsFirst = fields.Truth(Member(given, "add_prefix_space"), $"{where}.add_prefix_space", true),
                };
            case "TemplateProcessing":
                var special = Member(given, "special_tokens");
                return PostRules.None with
                {
                    Single = Template(Member(given, "single"), special, $"{where}.single"), Pair = Template(Member(given, "pair"), special, $"{where}.pair"),
                };
            case "Sequence":
                return fields.Items(Member(given, "processors"), $"{where}.processors").ToList().Select(p => PostProcessor(p.Item, p.Where))
                    .Aggregate(PostRules.None, static (all, one) => new(one.Single.Count > 0 ? one.Single : all.Single, one.Pair.Count > 0 ? one.Pair : all.Pair,
                        all.Trim || one.Trim, one.Trim ? one.KeepsFirst : all.KeepsFirst));
            default:
                fields.Add($"{where}.type", $"{type} {Refused}", "allowed: ByteLevel, TemplateProcessing, Sequence");
                return PostRules.None;
        }
    }

    Vec<TemplateItem> Template(JsonElement? element, JsonElement? special, string where)
    {
        var items = new List<TemplateItem>();
        foreach (var (item, place) in fields.Items(element, where).ToList())
        {
            if (Member(item, "Sequence") is { } sequence) items.Add(new([], fields.Text(Member(sequence, "id"), place) == "B" ? 1 : 0));
            else if (fields.Text(Member(Member(item, "SpecialToken"), "id"), place) is { } name && Member(Member(special, name), "ids") is { } ids)
                items.Add(new([.. fields.Items(ids, place).ToList().Select(id => fields.Whole(id.Item, id.Where, 0, ModelReader.MostId, 0))], -1));
            else fields.Add(place, $"is {JsonFields.Shown(item)}", "expected a Sequence, or a SpecialToken that stands among special_tokens");
        }
        return items.ToVec();
    }
}
