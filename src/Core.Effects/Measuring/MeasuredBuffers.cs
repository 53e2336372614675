using Functional.Adapters;
using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Measuring;

/// <summary>What stands in the buffers of a measurement.</summary>
static class MeasuredBuffers
{
    /// <summary>Adds a parameter as it begins.</summary>
    public static void Fill(this Workspace workspace, string name, ParamSpec spec)
    {
        var values = new float[spec.Type.Size];
        spec.Fill(Key.Seed(1), 0, values);
        workspace.Add(name, spec.Type).Write<float>(values);
    }

    /// <summary>Adds a matrix as it begins, kept in panels.</summary>
    public static void Fill(this Workspace workspace, string name, ParamSpec spec, PanelMatrix kind)
    {
        var (values, words) = (new float[spec.Type.Size], new int[kind.Packing.Words(kind.Outputs, kind.Inputs).Size]);
        spec.Fill(Key.Seed(1), 0, values);
        _ = Panels.Pack(values, kind, words);
        workspace.Add(name, kind.Packing.Words(kind.Outputs, kind.Inputs)).Write<int>(words);
    }

    /// <summary>Adds the parameters of a model as they begin.</summary>
    /// <param name="workspace">To what.</param>
    /// <param name="config">The model.</param>
    /// <param name="packing">How its matrices are kept; nothing for float32.</param>
    /// <returns>The model that they are for.</returns>
    public static Model Fill(this Workspace workspace, DecoderConfig config, PanelPacking? packing)
    {
        var whole = Transformer.Of(config);
        var model = packing is null ? whole : Panels.Of(whole, packing);
        foreach (var (name, spec) in whole.Specs)
            if (packing is null || model.Specs.Contains(name)) workspace.Fill(name, spec);
            else workspace.Fill(Panels.Words(name), spec, Panels.Kind(whole, name, packing));
        return model;
    }

    /// <summary>Adds random tokens.</summary>
    public static void Tokens(this Workspace workspace, string name, TensorType type, int vocabulary)
    {
        var tokens = new int[type.Size];
        var key = Key.Seed(1).FoldIn(name);
        for (var i = 0; i < tokens.Length; i++) tokens[i] = (int)key.Below(i, vocabulary);
        workspace.Add(name, type).Write<int>(tokens);
    }
}
