using Functional.Base;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Weights;

/// <summary>A <c>.index.json</c>: in which file each tensor is.</summary>
/// <param name="Path">The index itself.</param>
/// <param name="Places">The file of each tensor, a plain name.</param>
/// <param name="TotalSize">Bytes of all tensors, as it says.</param>
sealed record ShardIndex(string Path, Params<string> Places, Option<long> TotalSize)
{
    const long MostBytes = 100_000_000;

    /// <summary>The files that it names, in order, once each.</summary>
    public IEnumerable<string> Files => Places.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>The index in a file, or every fault in it.</summary>
    public static Validation<Fault, ShardIndex> Read(string path) =>
        new FileInfo(path).Length is > MostBytes and var length
            ? Fault.Of<ShardIndex>(path, $"has {length} bytes", $"allowed: up to {MostBytes}")
            : TextFile.Read(path).Bind(text => Json.Parse(text, path)).Bind(json => Parse(json, path));

    static Validation<Fault, ShardIndex> Parse(Json json, string path)
    {
        if (json["weight_map"].IfNone(new Json.Null()) is not Json.Map { Members: var map }) return Fault.Of<ShardIndex>($"{path}: weight_map",
            "is missing or no object",
            "expected the file of each tensor");
        var suffix = path.EndsWith(".safetensors.index.json", StringComparison.Ordinal) ? ".safetensors" : ".bin";
        var places = map.Select(entry => entry.Value is Json.Text file
            ? Name(file.Value, suffix, $"{path}: weight_map: {entry.Name}").Map(name => (entry.Name, name))
            : Fault.Of<(string, string)>($"{path}: weight_map: {entry.Name}", $"is {entry.Value.Kind}", "expected the name of a file")).Gather();
        var total = json.Given("metadata").Bind(static m => m.Given("total_size")).Match(
            size => size switch
            {
                Json.Whole { Value: >= 0 and var whole } => Success<Fault, Option<long>>(whole),
                Json.Real { Value: >= 0 and < 9e18 and var real } when real == Math.Floor(real) => Success<Fault, Option<long>>((long)real),
                _ => Fault.Of<Option<long>>($"{path}: metadata.total_size", $"is {size.Kind}", "expected a whole number of bytes from 0 on"),
            },
            static () => Success<Fault, Option<long>>(None));
        return (places, total).Apply((found, size) => new ShardIndex(path, found.ToParams(), size));
    }

    // A name that leads elsewhere could make the reader open any file of the machine.
    static Validation<Fault, string> Name(string file, string suffix, string where) =>
        file.Length > suffix.Length && file.EndsWith(suffix, StringComparison.Ordinal) && !file.AsSpan().ContainsAny('/', '\\', ':')
            && !file.Any(char.IsControl)
            && !file.StartsWith('.')
            ? Success<Fault, string>(file)
            : Fault.Of<string>(where, $"names the file '{(file.Length > 80 ? file[..80] + "…" : file)}'",
                $"allowed: a name that ends with {suffix}, in the same folder");
}
