using System.Text.Json;
using Functional.Base;
using Functional.Subwords;

namespace Functional.Formats;

/// <summary>Reads the models of a <c>tokenizer.json</c> and its added tokens.</summary>
sealed class ModelReader(JsonFields fields)
{
    /// <summary>The largest id that a file may give, so that no file asks for memory without end.</summary>
    public const int MostId = (1 << 22) - 1;

    static JsonElement? Member(JsonElement? element, string name) => JsonFields.Member(element, name);

    /// <summary>Names by id, of an object from names to ids.</summary>
    public (Vec<string?> Names, Dictionary<string, int> Ids) Vocabulary(JsonElement? vocab, string where = "model.vocab")
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        if (vocab is not { ValueKind: JsonValueKind.Object } entries)
        {
            fields.Add(where, "is missing", "expected an object of tokens and their ids");
            return ([], ids);
        }
        foreach (var entry in entries.EnumerateObject())
        {
            string Place() => $"{where}[{JsonSerializer.Serialize(entry.Name)}]";
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id is < 0 or > MostId)
                fields.Add(Place(), $"has id {JsonFields.Shown(entry.Value)}", $"allowed: 0 to {MostId}");
            else if (!ids.TryAdd(entry.Name, id)) fields.Add(Place(), "stands there twice", "allowed: each token once");
        }
        if (ids.Count == 0) fields.Add(where, "is empty", "expected at least one token");
        var names = new string?[ids.Count == 0 ? 0 : ids.Values.Max() + 1];
        foreach (var (name, id) in ids)
            if (names[id] is null) names[id] = name;
            else fields.Add($"{where}[{JsonSerializer.Serialize(name)}]", $"has id {id}, which another token has", "allowed: each id once");
        return (names.ToVec(), ids);
    }

    /// <summary>Merges by rank, each as a text with a blank in the middle or as a pair.</summary>
    public Vec<Merge> Merges(JsonElement? element, Dictionary<string, int> ids)
    {
        var merges = new List<Merge>();
        var at = 0;
        if (element is { } given && given.ValueKind != JsonValueKind.Array) fields.Add("model.merges", $"is {JsonFields.Shown(given)}", "allowed: a list");
        if (element is { ValueKind: JsonValueKind.Array } list)
            foreach (var item in list.EnumerateArray())
            {
                if (Pair(item) is (var left, var right)) Merge(left, right, ids, $"model.merges[{at}]", merges);
                else fields.Add($"model.merges[{at}]", $"is {JsonFields.Shown(item)}", "expected two tokens, as a list or with a blank between");
                at++;
            }
        return merges.ToVec();
    }

    static (string, string)? Pair(JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2 && item[0].ValueKind == JsonValueKind.String && item[1].ValueKind == JsonValueKind.String)
            return (item[0].GetString()!, item[1].GetString()!);
        return item.ValueKind == JsonValueKind.String ? Halves(item.GetString()!) : null;
    }

    /// <summary>The two parts of a text with one blank in the middle.</summary>
    public static (string, string)? Halves(string text) =>
        text.IndexOf(' ') is > 0 and var at && at < text.Length - 1 && text.IndexOf(' ', at + 1) < 0 ? (text[..at], text[(at + 1)..]) : null;

    /// <summary>Adds a merge whose tokens there are.</summary>
    public void Merge(string left, string right, Dictionary<string, int> ids, string where, List<Merge> merges)
    {
        if (!ids.TryGetValue(left, out var a)) fields.Add(where, $"merges {left}, which is not in the vocabulary", "expected tokens of the vocabulary");
        else if (!ids.TryGetValue(right, out var b)) fields.Add(where, $"merges {right}, which is not in the vocabulary", "expected tokens of the vocabulary");
        else if (!ids.TryGetValue(left + right, out var made))
            fields.Add(where, $"makes {left + right}, which is not in the vocabulary", "expected that what a merge makes is a token");
        else merges.Add(new(a, b, made));
    }

    /// <summary>Tokens and log-probabilities of a unigram model.</summary>
    public (Vec<string?> Names, Vec<double> Scores) Pieces(JsonElement? vocab)
    {
        var (names, scores) = (new List<string?>(), new List<double>());
        foreach (var (item, where) in fields.Items(vocab, "model.vocab"))
        {
            if (item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2 && item[0].ValueKind == JsonValueKind.String
                && item[1].ValueKind == JsonValueKind.Number && item[1].TryGetDouble(out var score) && double.IsFinite(score))
            {
                names.Add(item[0].GetString());
                scores.Add(score);
            }
            else fields.Add(where, $"is {JsonFields.Shown(item)}", "expected a token and its log-probability");
        }
        if (names.Count == 0) fields.Add("model.vocab", vocab is null ? "is missing" : "is empty", "expected a list of tokens and their log-probabilities");
        return (names.ToVec(), scores.ToVec());
    }

    /// <summary>Added tokens, whose ids are no others' of the vocabulary.</summary>
    public Vec<AddedToken> Added(JsonElement? element, Vec<string?> names)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < names.Count; i++)
            if (names[i] is { } name) ids.TryAdd(name, i);
        var tokens = new List<AddedToken>();
        var byId = new Dictionary<int, string>();
        foreach (var (item, where) in fields.Items(element, "added_tokens"))
        {
            var id = fields.Whole(Member(item, "id"), $"{where}.id", 0, MostId, -1);
            if (fields.Text(Member(item, "content"), $"{where}.content") is not { Length: > 0 } content || id < 0)
            {
                fields.Add(where, "has no id or no content", "expected both");
                continue;
            }
            if (id < names.Count && names[id] is { } other && other != content)
                fields.Add(where, $"has id {id}, which is {other} in the vocabulary", "allowed: an id of its own");
            else if (ids.TryGetValue(content, out var own) && own != id)
                fields.Add(where, $"has id {id}, but {content} is {own} in the vocabulary", $"allowed: {own}");
            if (!byId.TryAdd(id, content)) fields.Add(where, $"has id {id}, which {byId[id]} has", "allowed: an id of its own");
            bool Flag(string name, bool otherwise) => fields.Truth(Member(item, name), $"{where}.{name}", otherwise);
            var special = Flag("special", false);
            tokens.Add(new(id, content, Flag("single_word", false), Flag("lstrip", false), Flag("rstrip", false), Flag("normalized", !special), special));
        }
        return tokens.ToVec();
    }
}
