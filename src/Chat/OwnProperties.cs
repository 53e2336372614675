using System.Globalization;
using System.Text.Json;
using Functional.Base;
using Microsoft.Extensions.AI;

namespace Functional.Chat;

/// <summary>Additional properties of a request that this library knows; others are nobody's business here.</summary>
/// <param name="properties">The properties.</param>
/// <param name="faults">Is told what is of the wrong kind.</param>
sealed class OwnProperties(AdditionalPropertiesDictionary? properties, List<Fault> faults)
{
    /// <summary>Who asks: callers have turns.</summary>
    public string Client => Text("client") ?? "";

    /// <summary>Whether schemas are taken to the letter.</summary>
    public bool IsExact => Value("exact_schema") switch
    {
        null => false,
        bool truth => truth,
        JsonElement { ValueKind: JsonValueKind.True or JsonValueKind.False } truth => truth.GetBoolean(),
        var other => Wrong("exact_schema", other, "true or false", false),
    };

    /// <summary>Options with those that are given.</summary>
    public AskOptions On(AskOptions options) => options with
    {
        MinP = Number("min_p") ?? options.MinP, TypicalP = Number("typical_p") ?? options.TypicalP, RepetitionPenalty = Number("repetition_penalty") ?? options.RepetitionPenalty,
        LogProbs = Whole("logprobs") ?? options.LogProbs, Regex = Text("regex") ?? options.Regex, Template = Text("template") ?? options.Template,
    };

    object? Value(string name) => properties is null ? null : properties.TryGetValue(name, out var value) && value is not JsonElement { ValueKind: JsonValueKind.Null } ? value : null;

    double? Number(string name) => Value(name) switch
    {
        null => null,
        float single => (double)(decimal)single,
        JsonElement { ValueKind: JsonValueKind.Number } number => number.GetDouble(),
        double or int or long or decimal or Half => Convert.ToDouble(Value(name), CultureInfo.InvariantCulture),
        var other => Wrong(name, other, "a number", 0.0),
    };

    int? Whole(string name) => Value(name) switch
    {
        null => null,
        int whole => whole,
        long and >= int.MinValue and <= int.MaxValue and var whole => (int)whole,
        JsonElement { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out var whole) => whole,
        var other => Wrong(name, other, "a whole number", 0),
    };

    string? Text(string name) => Value(name) switch
    {
        null => null,
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString(),
        var other => Wrong(name, other, "a text", ""),
    };

    T Wrong<T>(string name, object value, string expected, T otherwise)
    {
        faults.Add(new($"AdditionalProperties[{name}]", $"is {Convert.ToString(value, CultureInfo.InvariantCulture)}, a {value.GetType().Name}", $"expected {expected}"));
        return otherwise;
    }
}
