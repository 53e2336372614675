using Functional.Base;
using Functional.Data;
using Functional.Engines;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;

namespace Functional.Sessions;

/// <summary>How often the experts of a layer are chosen.</summary>
/// <param name="Layer">The layer's path, such as <c>blocks.0</c>.</param>
/// <param name="Shares">
/// Of each expert, its share of the choices times the experts: 1 where all are even; as many as there are experts where one has all.
/// </param>
public sealed record ExpertLoad(string Layer, Vec<double> Shares)
{
    const int MostWindows = 256, MostRows = 16;

    /// <summary>The load of every layer with experts on windows of a text: 256 of them spread over it, or all where there are fewer.</summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">A model with experts.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="text">The text.</param>
    /// <param name="windows">Its windows.</param>
    /// <param name="stop">Asks to stop.</param>
    public static Vec<ExpertLoad> Of(IEngine engine, Model model, Params<IBuffer> parameters, TokenStream text, Windows windows, CancellationToken stop)
    {
        var source = MeasuringWindows.Spread(text, windows, MostWindows);
        var shape = new BatchShape((int)Math.Min(MostRows, source.Rows!.Value), model.Context);
        var batch = new Batch(shape.Rows, shape.Feed);
        using var workspace = new Workspace(engine, shape.Feed.Rename(Names.Feed));
        workspace.Alias(parameters.Rename(Names.Param));
        var program = Programs.ExpertLoad(model, shape);
        var bound = workspace.Bind(program);
        var counts = program.Outputs.Map(static o => new double[o.Value.Shape[0]]);
        var place = default(Place);
        for (long done = 0; done < source.Rows; done += batch.Rows)
        {
            stop.ThrowIfCancellationRequested();
            source.Fill(place, 0, batch);
            foreach (var (name, _) in batch.Feed) workspace[Names.Feed(name)].Write(batch[name]);
            bound.Run();
            for (var i = 0; i < counts.Count; i++)
                foreach (var (expert, count) in bound[program.Outputs[i].Name].ToArray<float>().Index()) counts[i][expert] += count;
            place = source.After(place, batch.Rows);
        }
        return [.. program.Outputs.Select((o, i) => new ExpertLoad(o.Name[Names.Router("").Length..],
            [.. counts[i].Select(count => count * counts[i].Length / counts[i].Sum())]))];
    }
}
