using Functional.Adapters;
using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Formats;
using Functional.Graphs;
using Functional.Models;
using Functional.Weights;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Models as llama.cpp reads them.</summary>
static class GgufExport
{
    /// <summary>The types of weights, by their names.</summary>
    public static Params<GgufType> Types { get; } = Params.Of(("f32", GgufType.F32), ("f16", GgufType.F16), ("q8_0", GgufType.Q8_0), ("q4_0", GgufType.Q4_0));

    /// <summary>
    /// Writes a GGUF file with a run's model and tokenizer. Of a run in 8 or 4 bits the numbers that it keeps are written without rounding them again, where the
    /// type has as many bits.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="parameters">Its parameters, as it keeps them.</param>
    /// <param name="path">The file; there must be none.</param>
    /// <param name="type">f32, f16, q8_0 or q4_0; nothing for what the run keeps, or else f16.</param>
    /// <param name="named">The family's name; nothing for the one that it came from, or else the first that has words for it.</param>
    /// <param name="disk">The disk.</param>
    /// <returns>The architecture, and the type of its matrices.</returns>
    public static Validation<Fault, (string Architecture, string Type)> Write(RunFolder run, Params<IBuffer> parameters, string path, string? type, string? named, Disk disk)
    {
        var (config, marks) = (run.Config.Decoder, Export.MarksOf(run));
        var word = type ?? run.Panels switch { { Bits: 8 } => "q8_0", { Bits: 4 } => "q4_0", _ => "f16" };
        var kept = run.Panels is { } packing ? Kept.Of(Transformer.Of(config), packing) : null;
        return from known in Fault.Unless(Types.Contains(word), "type", $"is {word}", $"allowed: {string.Join(", ", Types.Names)}")
               from written in Fault.Unless(named is null || GgufModel.Families.Contains(named), "family", $"is {named}, which is not written as GGUF",
                   $"allowed: {string.Join(", ", GgufModel.Families)}")
               let own = kept is not null && Types[word] == (kept.Packing.Bits == 8 ? GgufType.Q8_0 : GgufType.Q4_0)
               from family in Export.FamilyOf(run, named)
               from parts in (GgufModel.Of(family, config, marks, Types[word], own ? kept!.Has : null), GgufTokenizer.Of(run.Tokenizer, marks)).Apply(static (model, words) => (model, words))
               from done in GgufWriter.Write(path, Metadata(run, parts.model, parts.words, Types[word]), parts.model.Parts, name => kept is null
                   ? (parameters[name].ToArray<float>(), []) : kept.Read(parameters, name, own), disk)
               select (parts.model.Architecture, word);
    }

    static Params<GgufValue> Metadata(RunFolder run, GgufModel model, Vec<(string Key, GgufValue Value)> words, GgufType type) => new[]
    {
        ("general.architecture", new GgufValue.Word(model.Architecture)),
        ("general.name", new GgufValue.Word(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run.Location))))),
        // What llama.cpp calls "mostly" of a type.
        ("general.file_type", new GgufValue.Whole(type switch { GgufType.F32 => 0u, GgufType.F16 => 1u, GgufType.Q4_0 => 2u, _ => 7u })),
        ("general.quantization_version", (GgufValue)new GgufValue.Whole(2)),
    }.Concat(model.Metadata).Concat(words)
        .Concat(run.Note.Bind(static n => n.ChatTemplate).ToSeq().Select(static text => ("tokenizer.chat_template", (GgufValue)new GgufValue.Word(text)))).ToParams();

    // A run's matrices in panels.
    sealed record Kept(Model Model, PanelPacking Packing, System.Collections.Generic.HashSet<string> Matrices)
    {
        public static Kept Of(Model model, PanelPacking packing) => new(model, packing, Panels.Matrices(model).ToHashSet(StringComparer.Ordinal));

        public bool Has(string name) => Matrices.Contains(name);

        public (float[], float[]) Read(Params<IBuffer> parameters, string name, bool scaled)
        {
            if (!Has(name)) return (parameters[name].ToArray<float>(), []);
            var (kind, words) = (Panels.Kind(Model, name, Packing), parameters[Panels.Words(name)].ToArray<int>());
            var (numbers, scales) = (new float[(long)kind.Outputs * kind.Inputs], new float[scaled ? (long)kind.Outputs * kind.Inputs : 0]);
            Panels.Unpack(words, kind, numbers, scales);
            return (numbers, scales);
        }
    }
}
