using System.Globalization;
using System.Text.Json;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Runs;

/// <summary>A <see cref="RunState"/> as JSON, read back exactly.</summary>
public static class RunStateJson
{
    /// <summary>Writes the members of a state into an object that is open.</summary>
    public static void Write(Utf8JsonWriter json, RunState state)
    {
        json.WriteNumber("step", state.Step);
        json.WriteString("key", state.Key.ToString());
        json.WriteNumber("round", state.Place.Round);
        json.WriteNumber("position", state.Place.Position);
        json.WriteNumber("tokens", state.Tokens);
        if (double.IsFinite(state.BestLoss)) json.WriteNumber("best_loss", state.BestLoss); else json.WriteNull("best_loss");
        json.WriteNumber("best_step", state.BestStep);
        json.WriteNumber("saved", state.Saved);
        if (state.RolledOut >= 0) json.WriteNumber("rolled_out", state.RolledOut);
        json.WriteString("due", state.Due.ToString());
    }

    /// <summary>Reads what <see cref="Write"/> wrote; nothing but that is read.</summary>
    /// <param name="json">The object.</param>
    /// <param name="file">What faults call the file.</param>
    public static Validation<Fault, RunState> Read(JsonElement json, string file)
    {
        var faults = new List<Fault>();
        var state = new RunState(Key(Text("key")))
        {
            Step = Number("step", 0),
            Place = new(Number("round", 0), Number("position", 0)),
            Tokens = Number("tokens", 0),
            BestLoss = Loss(),
            BestStep = Number("best_step", -1),
            Saved = Number("saved", -1),
            RolledOut = Member("rolled_out").ValueKind == JsonValueKind.Undefined ? -1 : Number("rolled_out", 0),
            Due = Enum.TryParse<Due>(Text("due"), out var due) && (int)due is >= 0 and < 8 ? due : Wrong<Due>("due", "what is still to be done"),
        };
        return faults.Count == 0 ? Success<Fault, RunState>(state) : Validation<Fault, RunState>.Fail(faults.ToSeq().Strict());

        JsonElement Member(string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) ? member : default;
        string Text(string name) => Member(name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";
        long Number(string name, long least) =>
            Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) && value >= least
            ? value : Wrong<long>(name, $"a whole number, {least} or more");
        double Loss() => Member("best_loss") switch
        {
            { ValueKind: JsonValueKind.Null } => double.PositiveInfinity,
            { ValueKind: JsonValueKind.Number } number when number.TryGetDouble(out var value) && double.IsFinite(value) => value,
            _ => Wrong<double>("best_loss", "a number or null"),
        };
        Key Key(string text) => text.Length == 17 && text[8] == ':'
            && uint.TryParse(text.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var a)
            && uint.TryParse(text.AsSpan(9), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b) ? new(a, b)
                : Wrong<Key>("key", "two words of eight hexadecimal digits");
        T Wrong<T>(string name, string allowed)
        {
            faults.Add(new($"{file}: {name}", Member(name).ValueKind == JsonValueKind.Undefined ? "is missing" : $"is {Member(name)}", $"expected {allowed}"));
            return default!;
        }
    }
}
