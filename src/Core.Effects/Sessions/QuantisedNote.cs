using Functional.Base;
using Functional.Files;
using Functional.Graphs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>
/// How a run's weights are kept where that is in 8 or 4 bits: the file <c>quantised.json</c> in its folder, with members <c>bits</c> and <c>group</c>. Its
/// checkpoint then has, in place of each packed matrix <c>NAME</c>, a tensor <c>NAME.panels</c> as <see cref="PanelPacking"/> says.
/// </summary>
static class QuantisedNote
{
    internal const string FileName = "quantised.json";

    /// <summary>What a run's folder says; nothing where its weights are float32.</summary>
    /// <param name="run">The run's folder.</param>
    public static Validation<Fault, Option<PanelPacking>> In(string run) => Path.Combine(run, FileName) is var path && File.Exists(path)
        ? TextFile.Read(path).Bind(text => Json.Parse(text, path)).Bind(json => Read(json, path)).Map(Some)
        : Success<Fault, Option<PanelPacking>>(None);

    static Validation<Fault, PanelPacking> Read(Json json, string path) => (Number(json, "bits"), Number(json, "group")) switch
    {
        ({ } bits and (4 or 8), PanelPacking.Group) => Success<Fault, PanelPacking>(new((int)bits)),
        var (bits, group) => Fault.Of<PanelPacking>(path, $"says {bits?.ToString() ?? "no"} bits in groups of {group?.ToString() ?? "no"} numbers",
            $"allowed: bits of 8 or 4, and a group of {PanelPacking.Group}, as functional quantise writes them"),
    };

    static long? Number(Json json, string name) => json.Given(name).Case is Json.Whole { Value: var value } ? value : null;

    /// <summary>Writes it into a run's folder.</summary>
    public static Validation<Fault, Unit> Write(string run, PanelPacking packing, Disk disk) => PublishedNote.Put(Path.Combine(run, FileName),
        new Json.Map(Params.Of<Json>(("bits", new Json.Whole(packing.Bits)), ("group", new Json.Whole(PanelPacking.Group)))).Write(), disk);
}
