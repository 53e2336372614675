using Functional.Base;
using Functional.Engines;
using Functional.Models;
using Functional.Storage;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>The weights that a stage begins with.</summary>
/// <param name="Run">The run that they are of, at its stage.</param>
/// <param name="Checkpoint">Its checkpoint.</param>
public sealed record StartWeights(RunFolder Run, Checkpoint Checkpoint)
{
    /// <summary>
    /// Fills those parameters that the run's model has, by their names. Others are left as they are: what a stage adds to a model, such as adapters and a
    /// head that judges, begins fresh.
    /// </summary>
    /// <param name="engine">Where the parameters are.</param>
    /// <param name="parameters">By the names that models have for them.</param>
    public Validation<Fault, Unit> Into(IEngine engine, Params<IBuffer> parameters)
    {
        var held = Transformer.Of(Run.Config.Decoder).Specs;
        var wanted = parameters.Filter((name, buffer) => held.Contains(name) && held[name].Type == buffer.Type);
        // What the checkpoint holds whole is read straight into place.
        return wanted.Count == held.Count ? Checkpoint.LoadModel(wanted) : Run.Load(engine, Checkpoint).Map(loaded =>
        {
            using (loaded)
                foreach (var (name, buffer) in wanted) buffer.Write(loaded.Buffers[name].ToArray<byte>());
            return unit;
        });
    }
}
