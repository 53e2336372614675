using Functional.Data;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Runs;

namespace Functional.Sessions;

/// <summary>
/// Brings the batches of a run's steps into a workspace, micro-batch by micro-batch, and the first of the next step before anybody asks: a device then
/// computes while it goes up.
/// </summary>
sealed class Feeder
{
    readonly Stage stage;
    readonly Batch batch;
    readonly (string Name, IBuffer Buffer)[] buffers;
    readonly IBuffer key;
    Place? ready;

    /// <summary>Adds the batch's buffers, and the key's, to a workspace.</summary>
    public Feeder(Workspace workspace, Stage stage)
    {
        (this.stage, batch) = (stage, new(stage.Rows, stage.Source.Feed(stage.Rows)));
        if (!batch.Feed.Equals(stage.Objective.Feed))
            throw new ArgumentException($"the source gives {string.Join(", ", batch.Feed)}, and the objective takes {string.Join(", ", stage.Objective.Feed)}.");
        buffers = [.. batch.Feed.Select(t => (t.Name, workspace.Add(Names.Feed(t.Name), t.Value)))];
        key = workspace.Add(Names.Key, new([2], DType.I32));
    }

    /// <summary>What the source has is other than it was: nothing is ready.</summary>
    public void Forget() => ready = null;

    /// <summary>Makes a micro-batch of the next step ready.</summary>
    /// <param name="state">Where the run stands.</param>
    /// <param name="part">Which micro-batch, from 0.</param>
    public void Feed(in RunState state, int part)
    {
        if (part > 0 || ready != state.Place) Write(state.Place, part);
        ready = null;
        var drawn = state.StepKey(part);
        key.Write<int>([(int)drawn.A, (int)drawn.B]);
    }

    /// <summary>Makes the first micro-batch of the step after the next ready, and says where the source then stands.</summary>
    public Place Ahead(in RunState state)
    {
        var next = stage.Source.After(state.Place, (long)stage.Rows * stage.Accumulate);
        Write(next, 0);
        ready = next;
        return next;
    }

    void Write(Place place, int part)
    {
        stage.Source.Fill(place, (long)part * stage.Rows, batch);
        foreach (var (name, buffer) in buffers) buffer.Write(batch[name]);
    }
}
