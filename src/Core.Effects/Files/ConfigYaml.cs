using System.Text;
using Functional.Base;
using Functional.Graphs;
using Functional.Settings;
using LanguageExt;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>Configurations as YAML: a mapping from the names of <see cref="RunConfig.Fields"/> to their values.</summary>
public static class ConfigYaml
{
    const int MostBrackets = 1000;

    /// <summary>The whole configuration, a comment on each setting; <see cref="Parse"/> reads it back.</summary>
    public static string Write(RunConfig config)
    {
        var text = new StringBuilder("# Everything that decides this run. `functional train --config` takes such a file; what it leaves out keeps its default.\n");
        foreach (var group in RunConfig.Fields.GroupBy(static f => f.Group))
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n# {group.Key}\n");
            foreach (var field in group)
                text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{field.Name}: {Scalar(field, config)}  # {field.Summary}\n");
        }
        return text.ToString();
    }

    /// <summary>The configuration of a file's text over <paramref name="start"/>, or every fault in it, each with its line.</summary>
    /// <param name="text">The whole file.</param>
    /// <param name="file">What faults call the file.</param>
    /// <param name="start">What holds where the file says nothing.</param>
    public static Validation<Fault, RunConfig> Parse(string text, string file, RunConfig start) =>
        Entries(text, file).Bind(entries => RunConfig.Read(start, entries));

    /// <summary>As <see cref="Parse"/>, from a file.</summary>
    public static Validation<Fault, RunConfig> Read(string path, RunConfig start) =>
        TextFile.Read(path).Bind(text => Parse(text, path, start));

    /// <summary>Keys and values as they stand in a file's text, in order, without a meaning yet.</summary>
    public static Validation<Fault, Vec<ConfigEntry>> Entries(string text, string file)
    {
        // The reader takes quadratic time over what nests deeply, and no setting nests at all.
        if (text.Count(static c => c is '[' or '{') > MostBrackets) return Fault.Of<Vec<ConfigEntry>>(file, "nests too deeply", "expected lines such as layers: 4");
        try
        {
            var parser = new Parser(new StringReader(text));
            var entries = new List<Validation<Fault, ConfigEntry>>();
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _)) return Success<Fault, Vec<ConfigEntry>>([]);
            if (parser.TryConsume<Scalar>(out var only) && IsNothing(only)) return Success<Fault, Vec<ConfigEntry>>([]);
            if (only is not null || !parser.TryConsume<MappingStart>(out _))
                return Fault.Of<Vec<ConfigEntry>>(file, "is no mapping", "expected lines such as layers: 4");
            while (!parser.TryConsume<MappingEnd>(out _)) entries.Add(Entry(parser, file));
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

    static Validation<Fault, ConfigEntry> Entry(Parser parser, string file)
    {
        if (!parser.TryConsume<Scalar>(out var key))
        {
            var at = At(file, parser.Current!);
            parser.SkipThisAndNestedEvents();
            parser.SkipThisAndNestedEvents();
            return Fault.Of<ConfigEntry>(at, "a key is no word", "expected lines such as layers: 4");
        }
        return Success<Fault, ConfigEntry>(new(key.Value, $"{At(file, key)}, {key.Value}", Value(parser)));
    }

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

    static string Scalar(ConfigField field, RunConfig config) => field.Get(config) switch
    {
        null => "null",
        var text when field.IsText => Quote(text),
        var text => text,
    };

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
                _ when char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' or '\ufeff' or '\ufffe' or '\uffff' => quoted.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        return quoted.Append('"').ToString();
    }
}
