using System.Text.RegularExpressions;
using Functional.Base;
using Functional.Dialogues;
using Microsoft.Extensions.AI;

namespace Functional.Chat;

/// <summary>What may be called, what an answer must look like, and what the system says of it.</summary>
/// <param name="Offered">The tools that may be called.</param>
/// <param name="Schema">What is written; nothing for any text.</param>
/// <param name="IsOptional">Whether a text may be written in its place.</param>
/// <param name="Told">What the system says.</param>
sealed partial record ChatTools(Vec<Tool> Offered, Json? Schema, bool IsOptional, string? Told)
{
    static readonly Json anyObject = new Json.Map(Params.Of<Json>(("type", new Json.Text("object"))));

    /// <summary>Of a request's tools, mode and format.</summary>
    /// <param name="asked">The request.</param>
    /// <param name="exact">Whether schemas are taken to the letter.</param>
    /// <param name="faults">Is told what cannot be kept.</param>
    public static ChatTools Of(ChatOptions asked, bool exact, List<Fault> faults)
    {
        var format = asked.ResponseFormat switch
        {
            ChatResponseFormatJson { Schema: { } element } => Parsed(element.GetRawText(), nameof(asked.ResponseFormat), faults),
            ChatResponseFormatJson => anyObject,
            _ => null,
        };
        // As they are told, and as they are kept.
        var (all, kept) = (new List<Tool>(), new List<Tool>());
        foreach (var (tool, i) in (asked.Tools ?? []).Select(static (t, i) => (t, i)))
        {
            if (tool is not AIFunctionDeclaration function) faults.Add(new($"Tools[{i}]", $"is {tool?.GetType().Name ?? "null"}", "allowed: functions"));
            else if (all.Exists(t => t.Name == function.Name)) faults.Add(new($"Tools[{i}]", $"is called {function.Name}, as one before it", "allowed: a name of its own"));
            else if (Parsed(function.JsonSchema.GetRawText(), $"Tools[{i}]", faults) is { } parameters)
            {
                all.Add(new(function.Name, function.Description, Schemas.Plain(parameters)));
                kept.Add(exact || (function as AIFunction)?.UnderlyingMethod is null ? all[^1] : all[^1] with { Parameters = Schemas.OfCSharp(parameters) });
            }
        }
        var needed = asked.ToolMode as RequiredChatToolMode;
        if (needed?.RequiredFunctionName is { } name && !all.Exists(t => t.Name == name))
            faults.Add(new(nameof(asked.ToolMode), $"requires {name}, which is no tool", all.Count > 0 ? $"allowed: {string.Join(", ", all.Select(static t => t.Name))}" : "expected tools"));
        else if (needed is not null && all.Count == 0) faults.Add(new(nameof(asked.ToolMode), "requires a call, and there are no tools", "expected a tool or more"));
        Vec<Tool> Of(List<Tool> tools) => [.. tools.Where(t => needed?.RequiredFunctionName is null || t.Name == needed.RequiredFunctionName)];
        var offered = asked.ToolMode is NoneChatToolMode ? [] : Of(kept);
        var answer = format is null ? null : exact ? Schemas.Plain(format) : Schemas.OfCSharp(format);
        if (offered.Count == 0) return new(offered, answer, false, null);
        var calls = ToolCalls.Schema(offered);
        // A call, or what the answer must look like.
        var schema = answer is not null && needed is null && calls["anyOf"].Case is Json.List { Items: var ways }
            ? new Json.Map(Params.Of<Json>(("anyOf", new Json.List([.. ways, JsonSchemas.Moved(answer, $"#/anyOf/{ways.Count}")])))) : calls;
        return new(offered, schema, needed is null && answer is null, ToolCalls.Told(Of(all), needed is not null));
    }

    static Json? Parsed(string text, string where, List<Fault> faults)
    {
        var parsed = Json.Parse(text, where);
        faults.AddRange(parsed.Match(static _ => [], static found => found));
        return parsed.ToOption().Case as Json;
    }

    /// <summary>A path of a schema as the caller knows it: that of a tool's parameters, or of the answer.</summary>
    /// <param name="path">A path, such as <c>schema.anyOf[0].properties.arguments.properties.x</c>.</param>
    /// <param name="tools">The tools.</param>
    public static string Called(string path, Vec<Tool> tools)
    {
        if (path != "schema" && !path.StartsWith("schema.", StringComparison.Ordinal)) return path;
        if (tools.Count == 0) return nameof(ChatOptions.ResponseFormat) + path["schema".Length..];
        return Way().Match(path) is { Success: true, Groups: var groups } && int.Parse(groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) is var at
            ? at < tools.Count ? $"Tools[{tools[at].Name}]{groups[3].Value}" : $"{nameof(ChatOptions.ResponseFormat)}{groups[2].Value}{groups[3].Value}"
            : nameof(ChatOptions.Tools) + path["schema".Length..];
    }

    // References name the same place with dots: anyOf.0.properties.
    [GeneratedRegex(@"^schema\.anyOf(?:\[|\.)(\d+)\]?(\.properties\.arguments)?(.*)$", RegexOptions.Singleline)]
    private static partial Regex Way();
}
