using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// Gives program outputs their memory: a result is computed right in its output's buffer, or over the input donated to it, where nothing
/// can read that input afterwards; else it is copied there.
/// </summary>
static class OutputPlacement
{
    public static void Run(Lowering lowering, Vec<Named> outputs, Vec<Donation> donations)
    {
        var donors = donations.ToDictionary(static d => d.Output, static d => d.Input);
        var inputs = lowering.Storages.Where(static s => s.Space == Space.Input).ToDictionary(static s => s.Name);
        var places = new List<Storage>();
        foreach (var (name, node) in outputs)
        {
            var view = lowering.ViewOf(node);
            places.Add(Claim(lowering, view) ?? lowering.Storages[lowering.CopyOf(view, node.Type).Buffer]);
            places[^1].Name = name;
            if (!donors.ContainsKey(name)) places[^1].Space = Space.Output;
        }
        // Afterwards, when everything that reads an input is known.
        foreach (var place in places)
            if (donors.TryGetValue(place.Name, out var donated)) Donate(lowering, place, inputs[donated]);
    }

    // A result that fills a temporary of its own, and is no other output yet.
    static Storage? Claim(Lowering lowering, View view) =>
        lowering.Storages[view.Buffer] is { Space: Space.Temporary, Name: "" } storage && view is { IsDense: true, Offset: 0 }
            && new TensorType(view.Shape, view.DType).Size == storage.Type.Size ? storage : null;

    static void Donate(Lowering lowering, Storage target, Storage donor)
    {
        if (target.Writers.All(w => IsInPlace(w, target, donor) && donor.Readers.All(r => r == w || !r.Reaches(w))))
        {
            foreach (var writer in target.Writers)
                foreach (var reader in donor.Readers)
                    if (reader != writer) writer.Follow(reader);
            target.SameAs = donor;
        }
        else
        {
            var copy = lowering.AddJob(Lowering.Copy(View.Dense(target.Id, target.Type), View.Dense(donor.Id, target.Type)));
            foreach (var reader in donor.Readers)
                if (reader != copy) copy.Follow(reader);
        }
    }

    /// <summary>
    /// Whether a job may write <paramref name="target"/> over <paramref name="donor"/>: it reads each element only before writing just that one.
    /// </summary>
    public static bool IsInPlace(Job job, Storage target, Storage donor)
    {
        var written = false;
        foreach (var step in job.Steps)
        {
            // An earlier step of the job may have written elsewhere than this one reads.
            if (written && step.Reads().Any(v => v.Buffer == donor.Id)) return false;
            written |= step.Writes().Any(v => v.Buffer == target.Id);
            Vec<View> aligned = step switch { PlanStep.Pointwise s => s.Inputs, PlanStep.MatMul s => s.Inputs, _ => [] };
            if (step.Reads().Count(v => v.Buffer == donor.Id) != aligned.Count(v => v.Buffer == donor.Id)) return false;
            foreach (var view in aligned)
                if (view.Buffer == donor.Id && !step.Writes().Contains(view with { Buffer = target.Id })) return false;
        }
        return true;
    }
}
