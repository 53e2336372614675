using System.Globalization;
using System.Text;
using Functional.Base;
using Functional.Graphs;
using Functional.Settings;
using LanguageExt;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>Recipes as YAML: headings, and under them the names of <see cref="RunConfig.Fields"/> with their values.</summary>
public static class ConfigYaml
{
    const int MostBrackets = 1000;
    static readonly RunConfig standard = new();

    /// <summary>A whole recipe, a comment on each setting; <see cref="Recipe.Read"/> reads its <see cref="Entries"/> back.</summary>
    public static string Write(Recipe recipe)
    {
        var text = new StringBuilder("# Everything that decides this run. `functional run` takes such a file, and `functional train --config` one of one stage;\n# what it leaves out keeps its default, and headings but for stages may be left out, too.\n");
        Sections(text, "", RunConfig.Fields.Where(static f => f.IsShared), recipe.Stages.Values[0]);
        text.Append("\nstages:\n");
        foreach (var (name, config) in recipe.Stages)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {name}:\n");
            Sections(text, "    ", RunConfig.Fields.Where(static f => !f.IsShared), config);
        }
        return text.ToString();
    }

    static void Sections(StringBuilder text, string indent, IEnumerable<Field<RunConfig>> fields, RunConfig config)
    {
        var heading = RunConfig.StageSection;
        foreach (var field in fields)
        {
            if (field.IsDetail && field.Get(config) == field.Get(standard)) continue;
            if (field.Section != heading) text.Append(CultureInfo.InvariantCulture, $"{(indent.Length == 0 ? "\n" : "")}{indent}{heading = field.Section}:\n");
            text.Append(CultureInfo.InvariantCulture,
                $"{indent}{(heading == RunConfig.StageSection ? "" : "  ")}{field.Name}: {Scalar(field, config)}  # {field.Summary}\n");
        }
    }

    /// <summary>The recipe of a file; what it leaves out is the default.</summary>
    public static Validation<Fault, Recipe> Read(string path) =>
        TextFile.Read(path).Bind(text => Entries(text, path)).Bind(static entries => Recipe.Read(new(), entries, adapts: false));

    /// <summary>Keys and values as they stand in a file's text, in order, without a meaning yet.</summary>
    public static Validation<Fault, Vec<ConfigEntry>> Entries(string text, string file)
    {
        // The reader takes quadratic time over what nests deeply, and no setting nests at all.
        if (text.Count(static c => c is '[' or '{') > MostBrackets) return Fault.Of<Vec<ConfigEntry>>(file, "nests too deeply",
            "expected lines such as layers: 4");
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _)) return Success<Fault, Vec<ConfigEntry>>([]);
            if (parser.TryConsume<Scalar>(out var only) && IsNothing(only)) return Success<Fault, Vec<ConfigEntry>>([]);
            if (only is not null || !parser.Accept<MappingStart>(out _))
                return Fault.Of<Vec<ConfigEntry>>(file, "is no mapping", "expected lines such as layers: 4");
            var entries = Mapping(parser, file, []).ToList();
            parser.Consume<DocumentEnd>();
            return parser.Accept<StreamEnd>(out _)
                ? entries.Gather()
                : Fault.Of<Vec<ConfigEntry>>(At(file, parser.Current!), "begins a second document", "allowed: one");
        }
        catch (YamlException e)
        {
            return Fault.Of<Vec<ConfigEntry>>($"{file}, line {e.Start.Line}", $"is not YAML ({e.Message})", "expected lines such as layers: 4");
        }
    }

    static IEnumerable<Validation<Fault, ConfigEntry>> Mapping(Parser parser, string file, Vec<string> under)
    {
        parser.Consume<MappingStart>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var key))
            {
                var at = At(file, parser.Current!);
                parser.SkipThisAndNestedEvents();
                parser.SkipThisAndNestedEvents();
                yield return Fault.Of<ConfigEntry>(at, "a key is no word", "expected lines such as layers: 4");
            }
            else if (parser.Accept<MappingStart>(out _) && under.Count < DeepestHeading && (under is [StagesHeading] || IsHeading(key.Value)))
            {
                var entries = Mapping(parser, file, [.. under, key.Value]).ToList();
                foreach (var entry in entries) yield return entry;
                if (entries.Count == 0 && (under.Count > 0 || key.Value == StagesHeading)) yield return Success<Fault, ConfigEntry>(Entry(key, file, under, new ConfigValue.Nothing()));
            }
            else yield return Success<Fault, ConfigEntry>(Entry(key, file, under, Value(parser)));
        }
    }

    // Whatever is no setting, and the heading that one setting is called by.
    static bool IsHeading(string name) => RunConfig.Field(name) is null || RunConfig.Fields.Any(f => f.Section == name);

    // stages, a stage's name, and a heading within it.
    const int DeepestHeading = 3;
    const string StagesHeading = "stages";

    static ConfigEntry Entry(Scalar key, string file, Vec<string> under, ConfigValue value) =>
        new(key.Value, $"{At(file, key)}, {key.Value}", value) { Under = under };

    static ConfigValue Value(Parser parser)
    {
        if (parser.TryConsume<Scalar>(out var scalar))
            return IsNothing(scalar) ? new ConfigValue.Nothing()
                : scalar.Style == ScalarStyle.Plain ? new ConfigValue.Plain(scalar.Value) : new ConfigValue.Quoted(scalar.Value);
        var what = parser.Current switch { SequenceStart => "a list", MappingStart => "a mapping", _ => "a reference" };
        parser.SkipThisAndNestedEvents();
        return new ConfigValue.Nested(what);
    }

    static bool IsNothing(Scalar scalar) => scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL";

    static string At(string file, ParsingEvent e) => $"{file}, line {e.Start.Line}";

    static string Scalar(Field<RunConfig> field, RunConfig config) => field.Get(config) switch
    {
        null => "null",
        var text when field.IsText && !(IsWord(text) && !field.IsPath) => Quote(text),
        var text => text,
    };

    static bool IsWord(string text) => text.Length > 0 && text.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') && text != "null";

    // Double quotes with escapes, which hold any text.
    static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                _ when char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' or '\ufeff' or '\ufffe' or '\uffff' =>
                    quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        return quoted.Append('"').ToString();
    }
}
