using Functional.Base;
using Functional.Families;
using Functional.Files;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Weights;

/// <summary>
/// A folder with a published model: its <c>config.json</c> and its weights, which have been found to be what the configuration says, tensor by tensor. A
/// parameter of ours is read when it is asked for, out of whichever of theirs it is made of.
/// </summary>
public sealed class PublishedWeights : IDisposable
{
    readonly WeightFolder weights;
    readonly ILookup<string, (string Theirs, TensorPiece Piece)> pieces;

    PublishedWeights(PublishedModel model, WeightFolder weights, Func<string, string> rename)
    {
        (Model, this.weights) = (model, weights);
        pieces = model.Tensors.SelectMany(t => t.Pieces.Select(piece => (rename(t.Name), piece))).ToLookup(static p => p.piece.Ours, StringComparer.Ordinal);
    }

    /// <summary>What the configuration says.</summary>
    public PublishedModel Model { get; }

    /// <summary>What is odd, but does no harm; a line each.</summary>
    public Vec<string> Remarks => [.. Model.Remarks, .. weights.Remarks];

    /// <summary>Opens a folder and checks all of it: what is missing, left over, of another shape or of a type that cannot be read is told at once.</summary>
    public static Validation<Fault, PublishedWeights> Open(string folder) => Disk.Guard(Path.Combine(folder, "config.json"), "expected a published model", () =>
        Directory.Exists(folder)
            ? Config(Path.Combine(folder, "config.json"))
                .Bind(json => Published.Read(json, Path.Combine(folder, "config.json")))
                .Bind(model => WeightFolder.Open(folder).Bind(weights => Checked(folder, model, weights)))
            : Fault.Of<PublishedWeights>(folder, File.Exists(folder) ? "is a file" : "does not exist", "expected a folder with a published model"));

    static Validation<Fault, Json> Config(string path) => File.Exists(path) ? TextFile.Read(path).Bind(text => Json.Parse(text, path))
        : Fault.Of<Json>(path, "does not exist", "expected a published model");

    static Validation<Fault, PublishedWeights> Checked(string folder, PublishedModel model, WeightFolder weights)
    {
        // A file of the body alone has no prefix.
        var prefix = model.Family.Prefix;
        var bare = !weights.Tensors.Names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));
        string Name(string theirs) => bare && theirs.StartsWith(prefix, StringComparison.Ordinal) ? theirs[prefix.Length..] : theirs;
        var needed = model.Tensors.Select(t => (Name: Name(t.Name), t.Shape)).ToParams();
        Vec<Fault> faults =
        [
            .. needed.Where(t => !weights.Tensors.Contains(t.Name)).Select(t => new Fault($"{folder}: {t.Name}", "is missing",
                $"expected {t.Value}, as config.json says")),
            .. from t in needed
               where weights.Tensors.Contains(t.Name)
               let there = weights.Tensors[t.Name]
               where there.Shape != t.Value || ElementType.Of(there.DType) is not { IsReal: true }
               select new Fault($"{Path.Combine(folder, there.File)}: {t.Name}", $"is {there}",
                   $"expected {t.Value} of F32, F16, BF16 or F64, as config.json says"),
            .. weights.Tensors.Where(t => !needed.Contains(t.Name) && !model.Family.Ignores(t.Name, model.Config))
                .Select(t => new Fault($"{Path.Combine(folder, t.Value.File)}: {t.Name}", $"is {t.Value}, and left over",
                    $"{model.Family.Name} of this config.json has no such tensor")),
        ];
        if (faults.Count == 0) return Success<Fault, PublishedWeights>(new(model, weights, Name));
        weights.Dispose();
        return Validation<Fault, PublishedWeights>.Fail(faults.ToSeq().Strict());
    }

    /// <summary>Reads a parameter of ours.</summary>
    /// <param name="name">Its name, as the model of the configuration has it.</param>
    /// <param name="into">Memory for all of its elements.</param>
    /// <exception cref="ArgumentException">The model has no such parameter, or the memory is too small.</exception>
    public Validation<Fault, Unit> Read(string name, Span<float> into)
    {
        if (!pieces.Contains(name)) throw new ArgumentException($"the model has no parameter '{name}'.");
        foreach (var (theirs, piece) in pieces[name])
            if (weights.Read(theirs, piece.From, into, piece.To) is { IsFail: true } failed) return failed;
        return FiniteWeights.Check(weights, pieces[name], into);
    }

    /// <inheritdoc/>
    public void Dispose() => weights.Dispose();

    /// <summary>Writes a model as its family publishes it: <c>config.json</c> and the weights.</summary>
    /// <param name="folder">Where; it must exist and have neither yet.</param>
    /// <param name="family">The family.</param>
    /// <param name="config">The model's settings; what the family has no words for is a fault.</param>
    /// <param name="tokens">Special tokens.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="fill">Gives a parameter of ours.</param>
    /// <param name="shardBytes">How large a file may become.</param>
    public static Validation<Fault, Unit> Write(
        string folder, Family family, DecoderConfig config, TokenMarks tokens, string dtype, FillWeight fill, long shardBytes = 5_000_000_000) =>
        family.Write(config, tokens, dtype switch { "F16" => "float16", "BF16" => "bfloat16", _ => "float32" }).Bind(json =>
        {
            var tensors = family.Tensors(config).Select(static t => (t.Name, t)).ToParams();
            var sizes = tensors.Values.SelectMany(static t => t.Pieces).GroupBy(static p => p.Ours)
                .ToDictionary(static g => g.Key, static g => g.Sum(static p => p.To.Count), StringComparer.Ordinal);
            var (last, held) = ("", System.Array.Empty<float>());
            return WeightWriter.Write(folder, tensors.Map(static t => t.Shape), dtype, (name, into) =>
            {
                foreach (var piece in tensors[name].Pieces)
                {
                    if (piece.Ours != last)
                    {
                        (last, held) = (piece.Ours, new float[checked((int)sizes[piece.Ours])]);
                        if (fill(last, held) is { IsFail: true } failed) return failed;
                    }
                    ElementCopy.Copy(held, piece.To, into, piece.From);
                }
                return Success<Fault, Unit>(unit);
            }, shardBytes).Bind(_ => Disk.Guard(Path.Combine(folder, "config.json"), "the file is not whole", () =>
            {
                Disk.Real.Replace(Path.Combine(folder, "config.json"), System.Text.Encoding.UTF8.GetBytes(json.Write()));
                return Success<Fault, Unit>(unit);
            }));
        });
}
