using System.Text;
using Functional.Adapters;
using Functional.Base;
using Functional.Families;
using Functional.Files;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Weights;

/// <summary>
/// A folder with adapters as PEFT has them, <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> or <c>.bin</c>, which have been found to fit a base
/// model, tensor by tensor. A parameter of ours is read when it is asked for.
/// </summary>
public sealed class AdapterFolder : IDisposable
{
    const string ConfigName = "adapter_config.json";
    static readonly string[] files = ["adapter_model.safetensors", "adapter_model.bin"];

    readonly WeightFolder weights;
    readonly ILookup<string, (string Theirs, TensorPiece Piece)> pieces;

    AdapterFolder(PeftAdapter adapter, WeightFolder weights)
    {
        (Config, this.weights) = (adapter.Config, weights);
        pieces = adapter.Tensors.SelectMany(static t => t.Pieces.Select(piece => (t.Name, piece))).ToLookup(static p => p.piece.Ours, StringComparer.Ordinal);
    }

    /// <summary>The adapters.</summary>
    public LoraConfig Config { get; }

    /// <summary>Opens a folder for a base model and checks all of it: what is missing, left over, of another shape or made for another base is told at
    /// once.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="published">The base model, as it is published.</param>
    public static Validation<Fault, AdapterFolder> Open(string folder, PublishedModel published) =>
        Disk.Guard(Path.Combine(folder, ConfigName), "expected adapters of PEFT", () =>
    {
        var config = Path.Combine(folder, ConfigName);
        if (!Directory.Exists(folder)) return Fault.Of<AdapterFolder>(folder, File.Exists(folder) ? "is a file" : "does not exist",
            "expected a folder with adapters of PEFT");
        if (!File.Exists(config)) return Fault.Of<AdapterFolder>(config, "is missing", "expected a folder with adapters of PEFT");
        if (System.Array.Find(files, name => File.Exists(Path.Combine(folder, name))) is not { } file)
            return Fault.Of<AdapterFolder>(folder, "has no weights", $"expected one of {string.Join(", ", files)}");
        return TextFile.Read(config).Bind(text => Json.Parse(text, config)).Bind(json => WeightFolder.OpenFile(Path.Combine(folder, file)).Bind(weights =>
        {
            var opened = Peft.Read(json, config, published, weights.Tensors.Names).Bind(adapter =>
                Checked(Path.Combine(folder, file), config, adapter, weights));
            if (opened.IsFail) weights.Dispose();
            return opened;
        }));
    });

    static Validation<Fault, AdapterFolder> Checked(string path, string config, PeftAdapter adapter, WeightFolder weights)
    {
        var needed = adapter.Tensors.Select(static t => (t.Name, t.Shape)).ToParams();
        Vec<Fault> faults =
        [
            .. needed.Where(t => !weights.Tensors.Contains(t.Name)).Select(t =>
                new Fault($"{path}: {t.Name}", "is missing", $"expected {t.Value}, as {config} says of this base model")),
            .. from t in needed
               where weights.Tensors.Contains(t.Name)
               let there = weights.Tensors[t.Name]
               where there.Shape != t.Value || ElementType.Of(there.DType) is not { IsReal: true }
               select new Fault($"{path}: {t.Name}", $"is {there}",
                   $"expected {t.Value} of F32, F16, BF16 or F64: {Why(t.Name, there.Shape, t.Value, config)}"),
            .. weights.Tensors.Where(t => !needed.Contains(t.Name)).Select(t => new Fault($"{path}: {t.Name}", $"is {t.Value}, and left over",
                $"{config} names no such tensor of this base model")),
        ];
        return faults.Count == 0 ? Success<Fault, AdapterFolder>(new(adapter, weights)) : Validation<Fault, AdapterFolder>.Fail(faults.ToSeq().Strict());
    }

    // A has [rank, inputs] and B [outputs, rank]: what differs tells what is wrong.
    static string Why(string name, Vec<long> there, Vec<long> wanted, string config) => there.Count != wanted.Count ? "it is another tensor"
        : (name.Contains("_A", StringComparison.Ordinal) ? there[1] == wanted[1] : name.Contains("_B", StringComparison.Ordinal) && there[0] == wanted[0])
            ? $"{config} says another rank" : "the adapter was made for another base model";

    /// <summary>Whether it has a parameter of ours.</summary>
    public bool Holds(string name) => pieces.Contains(name);

    /// <summary>The names of the files of a folder of adapters: its configuration and its weights.</summary>
    internal static Vec<string> FilesIn(string folder) => [ConfigName, .. files.Where(name => File.Exists(Path.Combine(folder, name))).Take(1)];

    /// <summary>Reads a parameter of ours.</summary>
    /// <param name="name">Its name, as <see cref="Lora.Of(Model, LoraConfig, string)"/> has it of a set without a name.</param>
    /// <param name="into">Memory for all of its elements.</param>
    /// <exception cref="ArgumentException">The adapters have no such parameter, or the memory is too small.</exception>
    public Validation<Fault, Unit> Read(string name, Span<float> into)
    {
        if (!pieces.Contains(name)) throw new ArgumentException($"the adapters have no parameter '{name}'.");
        foreach (var (theirs, piece) in pieces[name])
            if (weights.Read(theirs, piece.From, into, piece.To) is { IsFail: true } failed) return failed;
        return FiniteWeights.Check(weights, pieces[name], into);
    }

    /// <inheritdoc/>
    public void Dispose() => weights.Dispose();

    /// <summary>Writes adapters as PEFT has them.</summary>
    /// <param name="folder">Where; it must exist and have none yet.</param>
    /// <param name="config">The adapters.</param>
    /// <param name="published">The base model, as it is published; a site that is no layer of its own there is a fault.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="fill">Gives a parameter of the model with adapters.</param>
    /// <param name="basePath">Where PEFT is to find the base; empty for nowhere.</param>
    /// <param name="set">The name of the set of adapters here.</param>
    public static Validation<Fault, Unit> Write(
        string folder, LoraConfig config, PublishedModel published, string dtype, FillWeight fill, string basePath = "", string set = "") =>
        Peft.Write(config, published, basePath, set).Bind(made => Disk.Guard(folder, "the files are not whole", () =>
        {
            if (files.Prepend(ConfigName).FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) is { } there)
                return Fault.Of<Unit>(Path.Combine(folder, there), "is there already", "expected a folder without adapters");
            var sizes = LoraPlan.Of(Transformer.Of(published.Config), config, set).Map(plan =>
                plan.Specs(Transformer.Of(published.Config).Specs)).IfFail(Params<Layers.ParamSpec>.Empty);
            var tensors = made.Adapter.Tensors.Select(static t => (t.Name, t)).ToParams();
            return WeightWriter.WriteFile(Path.Combine(folder, files[0]), tensors.Map(static t => t.Shape), dtype, (name, into) =>
            {
                foreach (var piece in tensors[name].Pieces)
                {
                    var held = new float[checked((int)sizes[piece.Ours].Type.Size)];
                    if (fill(piece.Ours, held) is { IsFail: true } failed) return failed;
                    ElementCopy.Copy(held, piece.To, into, piece.From);
                }
                return Success<Fault, Unit>(unit);
            }).Bind(_ =>
            {
                Disk.Real.Replace(Path.Combine(folder, ConfigName), Encoding.UTF8.GetBytes(made.Config.Write()));
                return Success<Fault, Unit>(unit);
            });
        }));
}
