using Functional.Base;
using Functional.Dialogues;
using LanguageExt;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>Templates of dialogues that users write, in YAML or JSON.</summary>
public static class TemplateFile
{
    const int MostBrackets = 1000, MostDepth = 8;

    /// <summary>Whether a word names a template's file, rather than a template.</summary>
    public static bool IsOne(string word) => Path.GetExtension(word).ToLowerInvariant() is ".yaml" or ".yml" or ".json";

    /// <summary>Reads a template, or says everything that is wrong with it.</summary>
    /// <param name="path">The file.</param>
    public static Validation<Fault, DialogueTemplate> Read(string path) => TextFile.Read(path).Bind(text =>
        Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase) ? Json.Parse(text, path) : Parse(text, path))
        .Bind(json => WrittenTemplate.Read(json, path));

    static Validation<Fault, Json> Parse(string text, string file)
    {
        // The reader takes quadratic time over what nests deeply.
        if (text.Count(static c => c is '[' or '{') > MostBrackets) return Fault.Of<Json>(file, "nests too deeply", WrittenTemplate.Allowed);
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _)) return Fault.Of<Json>(file, "is empty", WrittenTemplate.Allowed);
            return Value(parser, file, 0);
        }
        catch (YamlException e)
        {
            return Fault.Of<Json>($"{file}, line {e.Start.Line}", $"is not YAML ({e.Message})", "expected lines such as user: {before: \"User: \"}");
        }
    }

    static Validation<Fault, Json> Value(Parser parser, string file, int depth)
    {
        var line = parser.Current!.Start.Line;
        if (parser.TryConsume<Scalar>(out var scalar))
            return Success<Fault, Json>((scalar.Style, scalar.Value) switch
            {
                (ScalarStyle.Plain, "" or "~" or "null") => new Json.Null(),
                (ScalarStyle.Plain, "true") => new Json.Bool(true),
                (ScalarStyle.Plain, "false") => new Json.Bool(false),
                var (_, words) => new Json.Text(words),
            });
        if (depth >= MostDepth || !parser.TryConsume<MappingStart>(out _)) return Fault.Of<Json>($"{file}, line {line}", "is no text and no mapping", WrittenTemplate.Allowed);
        var members = new List<Validation<Fault, (string Name, Json Value)>>();
        var seen = new System.Collections.Generic.HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var at = $"{file}, line {parser.Current!.Start.Line}";
            if (!parser.TryConsume<Scalar>(out var key)) return Fault.Of<Json>(at, "a key is no word", WrittenTemplate.Allowed);
            var value = Value(parser, file, depth + 1);
            if (value.IsFail) return value;
            members.Add(seen.Add(key.Value) ? value.Map(v => (key.Value, v)) : Fault.Of<(string, Json)>(at, $"has {key.Value} twice", "allowed: once"));
        }
        return members.Gather().Map(static all => (Json)new Json.Map(all.ToParams()));
    }
}
